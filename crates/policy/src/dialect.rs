//! Rego as OPA reads it, written so that the interpreter reads it the same way. Errors are mapped back to what
//! was written. Three things differ:
//!
//! * Functions are found through imports by OPA, and by their whole path only by the interpreter.
//! * A line that begins with `(` begins a new expression in OPA, and continues a call in the interpreter.
//! * OPA evaluates the references among the arguments of a negated call before it (`rewriteDynamics` in its
//!   compiler), so that `not f(x.missing)` does not hold; in the interpreter it does.

use std::collections::BTreeMap;

use crate::token::{Kind, Token, tokens};

/// A source for the interpreter.
pub(crate) struct Adapted {
    pub(crate) text: String,
    /// For each line: the columns at which something was inserted, and how many characters.
    insertions: BTreeMap<usize, Vec<(usize, usize)>>,
}

impl Adapted {
    /// The column in the source that was written, for one in the adapted text.
    pub(crate) fn written_column(&self, line: usize, column: usize) -> usize {
        let mut shift = 0;
        for (at, length) in self.insertions.get(&line).into_iter().flatten() {
            if column >= at + shift + length {
                shift += length;
            } else if column >= at + shift {
                return *at;
            }
        }
        column - shift
    }
}

/// The names that imports of data give, with their whole paths.
fn imports(source: &str) -> BTreeMap<&str, &str> {
    let mut found = BTreeMap::new();
    for line in source.lines() {
        let code = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = code.trim().trim_end_matches(';').split_whitespace().collect();
        let (path, alias) = match words.as_slice() {
            ["import", path] => (*path, path.rsplit('.').next().unwrap_or(path)),
            ["import", path, "as", alias] => (*path, *alias),
            _ => continue,
        };
        let plain =
            |text: &str, dots: bool| text.chars().all(|c| crate::token::is_word(c) || (dots && c == '.'));
        if path.starts_with("data.") && plain(path, true) && plain(alias, false) {
            found.insert(alias, path);
        }
    }
    found
}

/// Adapts a source.
pub(crate) fn adapt(source: &str) -> Adapted {
    let imports = imports(source);
    let tokens = tokens(source);
    let mut adapted = Adapted { text: String::with_capacity(source.len()), insertions: BTreeMap::new() };
    let mut brackets = Vec::new();
    let mut previous: Option<Token<'_>> = None;
    let mut new_line = false;
    for (index, token) in tokens.iter().enumerate() {
        if !token.counts() {
            new_line |= token.kind == Kind::Newline;
            adapted.text.push_str(token.text);
            continue;
        }
        let rest = tokens.get(index..).unwrap_or_default();
        let inserted =
            if token.text == "(" && new_line && brackets.last() == Some(&'{') && ends_expression(previous) {
                "; ".to_owned()
            } else if token.text == "not" && begins_expression(previous, new_line) {
                needed_references(rest)
            } else {
                String::new()
            };
        adapted.insert(token, &inserted);
        let is_name = token.kind == Kind::Word && previous.is_none_or(|before| before.text != ".");
        match imports.get(token.text).filter(|_| is_name && is_call(rest)) {
            Some(path) => {
                // The last part of the path takes the place of the name, whatever it is called here.
                let added = path.chars().count().saturating_sub(token.text.chars().count());
                adapted.insertions.entry(token.line).or_default().push((token.column, added));
                adapted.text.push_str(path);
            }
            None => adapted.text.push_str(token.text),
        }
        match token.sign() {
            Some(open @ ('(' | '[' | '{')) => brackets.push(open),
            Some(')' | ']' | '}') => drop(brackets.pop()),
            _ => {}
        }
        (previous, new_line) = (Some(*token), false);
    }
    adapted
}

impl Adapted {
    fn insert(&mut self, before: &Token<'_>, text: &str) {
        if !text.is_empty() {
            self.insertions.entry(before.line).or_default().push((before.column, text.chars().count()));
            self.text.push_str(text);
        }
    }
}

fn ends_expression(token: Option<Token<'_>>) -> bool {
    const KEYWORDS: &[&str] =
        &["not", "if", "in", "with", "as", "some", "every", "else", "contains", "default"];
    token.is_some_and(|token| match token.kind {
        Kind::Word => !KEYWORDS.contains(&token.text),
        Kind::Text => true,
        _ => matches!(token.text, ")" | "]" | "}"),
    })
}

fn begins_expression(previous: Option<Token<'_>>, new_line: bool) -> bool {
    previous.is_some_and(|token| {
        matches!(token.text, "{" | ";" | "|") || (new_line && ends_expression(Some(token)))
    })
}

/// Whether the name at the beginning is called: `name(` or `name.member(` and so on.
fn is_call(tokens: &[Token<'_>]) -> bool {
    call_arguments(tokens).is_some()
}

/// The tokens after the opening bracket of a call whose name stands at the beginning.
fn call_arguments<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<&'t [Token<'a>]> {
    let mut position = 0;
    loop {
        tokens.get(position).filter(|token| token.kind == Kind::Word)?;
        match tokens.get(position + 1)?.text {
            "(" => return tokens.get(position + 2..),
            "." => position += 2,
            _ => return None,
        }
    }
}

/// For `not f(a.b, c)`: `_ = a.b; `. Nothing where the call has a `with`, which would have to come along.
fn needed_references(tokens: &[Token<'_>]) -> String {
    let start = tokens.iter().skip(1).position(Token::counts).map_or(tokens.len(), |skipped| skipped + 1);
    let Some(arguments) = tokens.get(start..).and_then(call_arguments) else { return String::new() };
    let mut depth = 1_usize;
    let mut found = String::new();
    let mut argument: Vec<Token<'_>> = Vec::new();
    for (index, token) in arguments.iter().enumerate() {
        match token.sign() {
            Some('(' | '[' | '{') => depth += 1,
            Some(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && token.text == ",") {
            if is_reference(&argument) {
                let text: String = argument.iter().map(|token| token.text).collect();
                found.extend(["_ = ", &text, "; "]);
            }
            argument.clear();
        } else if token.counts() {
            argument.push(*token);
        }
        if depth == 0 {
            let after = arguments.get(index + 1..).unwrap_or_default();
            let next = after.iter().find(|token| !matches!(token.kind, Kind::Space | Kind::Comment));
            // An operator after the call makes it a part of something larger.
            let alone =
                next.is_none_or(|next| next.kind == Kind::Newline || matches!(next.text, "}" | ";" | "]"));
            return if alone { found } else { String::new() };
        }
    }
    String::new()
}

/// Whether tokens are `name.member["key"][index]` with at least one step and nothing to iterate over.
fn is_reference(tokens: &[Token<'_>]) -> bool {
    tokens.len() > 1
        && tokens.first().is_some_and(|first| {
            first.kind == Kind::Word && !first.text.starts_with(|character: char| character.is_ascii_digit())
        })
        && tokens.iter().all(|token| match token.kind {
            Kind::Word => token.text != "_",
            Kind::Text => true,
            _ => matches!(token.text, "." | "[" | "]"),
        })
        && tokens.windows(2).all(|pair| pair.iter().any(|token| token.kind == Kind::Sign))
}

#[cfg(test)]
mod tests {
    use super::adapt;

    fn line(source: &str, number: usize) -> String {
        adapt(source).text.lines().nth(number).unwrap_or_default().to_owned()
    }

    #[test]
    fn only_calls_through_imports_change() {
        let source = "package a\nimport data.lib.words\nimport data.lib.x.f as g # why\nallow { words.no(1); g(2); words.list[_]; \"g(1)\" == x.g(1) } # g(3)\n";
        assert_eq!(
            line(source, 3),
            "allow { data.lib.words.no(1); data.lib.x.f(2); words.list[_]; \"g(1)\" == x.g(1) } # g(3)"
        );
        assert_eq!(line(source, 2), "import data.lib.x.f as g # why");
        let adapted = adapt(source);
        // "allow { words.no(1); g(2)": "no" stands in column 15, and in column 24 when it is written out.
        assert_eq!(adapted.written_column(4, 24), 15);
        assert_eq!(adapted.written_column(4, 9), 9);
        assert_eq!(adapted.written_column(3, 5), 5);
    }

    #[test]
    fn a_bracket_on_a_new_line_is_a_new_expression() {
        let source = "package a\nx { a := b\n  (a - 1) > 2\n  f(\n  (a))\n  y := 1 +\n  (2) }";
        assert_eq!(line(source, 2), "  ; (a - 1) > 2");
        assert_eq!(line(source, 4), "  (a))");
        assert_eq!(line(source, 6), "  (2) }");
    }

    #[test]
    fn references_of_negated_calls_are_needed() {
        let source = "package a\nx {\n  not f(a, b.c, d[\"e\"])\n  not g(h[_])\n  not k(l.m) == 1\n  not input.x == 2\n  not o(p.q) with input as 1\n}";
        assert_eq!(line(source, 2), "  _ = b.c; _ = d[\"e\"]; not f(a, b.c, d[\"e\"])");
        for (number, original) in source.lines().enumerate().skip(3) {
            assert_eq!(line(source, number), original);
        }
    }
}
