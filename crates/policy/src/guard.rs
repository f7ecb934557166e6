//! Refuses sources that would exhaust the stack or the clock while they are read: nested or chained too deeply,
//! or functions that call themselves. The interpreter walks expressions by recursion, reads whatever stands in
//! `[` or `{` once as a comprehension and once as a list, and finds recursive rules, but not recursive functions.
//! No policy that people can read comes near these bounds.

use std::collections::{BTreeMap, BTreeSet};

use crate::token::{Kind, Token, tokens};

/// How deep brackets may nest.
const MAX_DEPTH: usize = 64;
/// How many operators, dots and indexes one expression may chain.
const MAX_CHAIN: usize = 400;

/// How often tokens may be read in all: each level of lists, sets, objects and comprehensions doubles it.
const MAX_READINGS: u64 = 1_000_000;

/// Where a source is refused, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
}

impl Refusal {
    fn new(token: &Token<'_>, message: String) -> Self {
        Self { line: token.line, column: token.column, message }
    }
}

fn chains(sign: Option<char>) -> bool {
    sign.is_some_and(|sign| "+-*/%|&.[".contains(sign))
}

/// Checks the depth of a source.
pub(crate) fn check_depth(source: &str) -> Result<(), Refusal> {
    // One counter for each open bracket, and one for the outside.
    let mut counters = vec![0_usize];
    let (mut previous, mut new_line) = (None, false);
    let mut literals: Vec<bool> = Vec::new();
    let mut after_value = false;
    let mut readings = 0_u64;
    for token in tokens(source) {
        if !token.counts() {
            new_line |= token.kind == Kind::Newline;
            continue;
        }
        let sign = token.sign();
        if let Some(counter) = counters.last_mut() {
            let ends = new_line && !chains(sign) && !chains(previous);
            if ends || sign.is_some_and(|sign| ",;:=<>!".contains(sign)) {
                *counter = 0;
            }
            *counter += usize::from(chains(sign));
            if *counter > MAX_CHAIN {
                let message = format!("an expression chains more than {MAX_CHAIN} operators and references");
                return Err(Refusal::new(&token, message));
            }
        }
        let depth = literals.iter().filter(|literal| **literal).count();
        readings = readings.saturating_add(1 << depth.min(MAX_DEPTH - 1));
        if readings > MAX_READINGS {
            let message = "lists, sets and objects nest too deeply for what is in them";
            return Err(Refusal::new(&token, message.to_owned()));
        }
        match sign {
            Some(open @ ('(' | '[' | '{')) => {
                counters.push(0);
                // An index, a call, and the body of a rule are read once.
                literals.push(match open {
                    '[' => !after_value,
                    '{' => !literals.is_empty(),
                    _ => false,
                });
            }
            Some(')' | ']' | '}') if counters.len() > 1 => {
                counters.pop();
                literals.pop();
            }
            _ => {}
        }
        after_value = matches!(token.kind, Kind::Word | Kind::Text) || matches!(sign, Some(')' | ']' | '}'));
        if counters.len() > MAX_DEPTH {
            return Err(Refusal::new(&token, format!("brackets nest deeper than {MAX_DEPTH} levels")));
        }
        (previous, new_line) = (sign, false);
    }
    Ok(())
}

/// A function and what it calls, by whole paths.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    functions: BTreeMap<String, BTreeSet<String>>,
}

impl Calls {
    /// Adds the functions of a module whose calls through imports are written out.
    pub(crate) fn add(&mut self, source: &str) {
        let tokens: Vec<Token<'_>> = tokens(source).into_iter().filter(Token::counts).collect();
        let package =
            path_at(&tokens, 1).filter(|_| tokens.first().is_some_and(|first| first.text == "package"));
        let Some((package, _)) = package else { return };
        let mut depth = 0_usize;
        let mut current: Option<String> = None;
        for (index, token) in tokens.iter().enumerate() {
            match token.sign() {
                Some('(' | '[' | '{') => depth += 1,
                Some(')' | ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            let after_dot = index > 0 && tokens.get(index - 1).is_some_and(|before| before.text == ".");
            if token.kind != Kind::Word || after_dot {
                continue;
            }
            // A rule begins at the beginning of a line; what belongs to it is indented or in brackets.
            let begins =
                depth == 0 && token.column == 1 && !matches!(token.text, "else" | "default" | "import");
            let Some((path, end)) = path_at(&tokens, index) else { continue };
            let is_call = tokens.get(end).is_some_and(|next| next.text == "(");
            let path = if path.starts_with("data.") { path } else { format!("data.{package}.{path}") };
            if begins {
                current = Some(path);
            } else if let (true, Some(current)) = (is_call, &current) {
                self.functions.entry(current.clone()).or_default().insert(path);
            }
        }
    }

    /// The functions that call themselves, directly or through others.
    pub(crate) fn circle(mut self) -> Vec<String> {
        loop {
            let before = self.functions.len();
            let callers: BTreeSet<String> = self.functions.keys().cloned().collect();
            let called: BTreeSet<String> = self.functions.values().flatten().cloned().collect();
            // Whoever calls none of the rest, or is called by none of it, is not part of a circle.
            self.functions.retain(|name, calls| {
                called.contains(name) && calls.iter().any(|call| callers.contains(call))
            });
            if self.functions.len() == before {
                return self.functions.into_keys().collect();
            }
        }
    }
}

/// The dotted path that begins at a position, and the position after it.
fn path_at(tokens: &[Token<'_>], start: usize) -> Option<(String, usize)> {
    let mut path = tokens.get(start).filter(|token| token.kind == Kind::Word)?.text.to_owned();
    let mut end = start + 1;
    while let (Some(dot), Some(word)) = (tokens.get(end), tokens.get(end + 1)) {
        if dot.text != "." || word.kind != Kind::Word {
            break;
        }
        path.push('.');
        path.push_str(word.text);
        end += 2;
    }
    Some((path, end))
}

#[cfg(test)]
mod tests {
    use super::{Calls, check_depth};

    #[test]
    fn ordinary_policies_pass() {
        let body = "x := input.review.object.spec.containers[_].image\n".repeat(2000);
        let source = format!("package a\nviolation[{{\"msg\": m}}] {{\n{body}\nm := \"((((\" # [[[[\n}}\n");
        assert_eq!(check_depth(&source), Ok(()));
    }

    #[test]
    fn depth_is_refused_wherever_it_hides() {
        for source in [
            "(".repeat(100),
            "[\n".repeat(100),
            "1+".repeat(1000),
            "1\n+ ".repeat(1000),
            format!("x := a{}", ".b".repeat(1000)),
            format!("x := a{}", "[0]".repeat(1000)),
            format!("x := {}1", "f(1) + ".repeat(1000)),
            format!("x := {}1", "-".repeat(1000)),
            format!("x := {}1{}", "[".repeat(25), "]".repeat(25)),
            format!("f(x) {{ x := {}[{}1]{} }}", "[".repeat(9), "1, ".repeat(2000), "]".repeat(9)),
        ] {
            assert!(check_depth(&source).is_err(), "{}", source.chars().take(20).collect::<String>());
        }
    }

    #[test]
    fn circles_of_calls_are_found_across_modules() {
        let circle = |sources: &[&str]| {
            let mut calls = Calls::default();
            for source in sources {
                calls.add(source);
            }
            calls.circle()
        };
        let straight = "package a\nf(x) { g(x) }\ng(x) { count(x) > 0 } else { x.f(1) }\nh { f(1); g(1) }\n";
        assert_eq!(circle(&[straight]), Vec::<String>::new());
        assert_eq!(circle(&["package a\nf(x) = y {\n  y := f(x)\n}\n"]), ["data.a.f"]);
        assert_eq!(circle(&["package a\nf(x) = y {\n  y := f(x)\n}\nviolation { f(1) }\n"]), ["data.a.f"]);
        assert_eq!(
            circle(&["package a\nf(x) { data.b.g(x) }\n", "package b\ng(x) { data.a.f(x) }\n"]),
            ["data.a.f", "data.b.g"]
        );
    }
}
