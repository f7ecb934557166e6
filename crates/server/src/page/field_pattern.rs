//! Patterns of JSON schemas as browsers take them.
//!
//! A schema's pattern may match anywhere and is read leniently; the attribute `pattern` has to match the whole
//! value and is compiled with the flag `v`, in which most punctuation inside a class has to be escaped.
//! <https://html.spec.whatwg.org/multipage/input.html#the-pattern-attribute>,
//! <https://tc39.es/ecma262/#prod-ClassSetSyntaxCharacter>

use std::iter::Peekable;
use std::str::Chars;

const SYNTAX: &str = "^$\\.*+?()[]{}|/";
const LETTERS: &str = "dDwWsSbBfnrtvxukpPc0123456789";

/// The pattern for the browser; `None` when it cannot be said there, so that only the server checks.
pub(super) fn browser_pattern(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '\\' => outside_escape(rest.next()?, &mut out)?,
            '[' => class(&mut rest, &mut out)?,
            '{' => {
                let count: String = rest.clone().take_while(|c| *c != '}').collect();
                let counts = count.split(',').all(|part| part.chars().all(|c| c.is_ascii_digit()));
                if counts && count.starts_with(|c: char| c.is_ascii_digit()) && rest.clone().any(|c| c == '}')
                {
                    rest.nth(count.chars().count());
                    out.extend(["{", &count, "}"]);
                } else {
                    out.push_str("\\{");
                }
            }
            ']' | '}' => out.extend(['\\', next]),
            '(' => {
                out.push('(');
                // Flags in the middle of a pattern are known to other languages only.
                if rest.peek() == Some(&'?') && !rest.clone().nth(1).is_some_and(|c| ":=!<".contains(c)) {
                    return None;
                }
            }
            _ => out.push(next),
        }
    }
    let whole = out.starts_with('^') && out.ends_with('$') && !out.ends_with("\\$") && !out.contains('|');
    Some(if whole { out } else { format!(".*(?:{out}).*") })
}

fn outside_escape(next: char, out: &mut String) -> Option<()> {
    if SYNTAX.contains(next) || LETTERS.contains(next) {
        out.extend(['\\', next]);
    } else if next.is_ascii_alphanumeric() {
        return None;
    } else {
        out.push(next);
    }
    Some(())
}

/// What stands in brackets, up to the closing one.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    // Whether a dash here would begin a range: it does after a single character that does not end one.
    let mut may_begin = false;
    let mut in_range = false;
    loop {
        let next = rest.next()?;
        match next {
            ']' => {
                out.push(']');
                return Some(());
            }
            '-' if may_begin && rest.peek() != Some(&']') => {
                out.push('-');
                (may_begin, in_range) = (false, true);
                continue;
            }
            '\\' => {
                let escaped = rest.next()?;
                if LETTERS.contains(escaped) {
                    out.extend(['\\', escaped]);
                    (may_begin, in_range) = (false, false);
                    continue;
                }
                if escaped.is_ascii_alphanumeric() {
                    return None;
                }
                literal(escaped, out);
            }
            _ => literal(next, out),
        }
        may_begin = !in_range;
        in_range = false;
    }
}

fn literal(character: char, out: &mut String) {
    if character.is_ascii_punctuation() && !"_\"'".contains(character) {
        out.push('\\');
    }
    out.push(character);
}

#[cfg(test)]
mod tests {
    use super::browser_pattern;

    #[test]
    fn patterns_mean_the_same_in_a_browser() {
        let cases = [
            ("^[a-z][a-z0-9-]{1,40}[a-z0-9]$", Some("^[a-z][a-z0-9\\-]{1,40}[a-z0-9]$")),
            ("^[-_.a-z]+$", Some("^[\\-_\\.a-z]+$")),
            ("^[\\w-.]+$", Some("^[\\w\\-\\.]+$")),
            ("^[a-z\\-\\_]*$", Some("^[a-z\\-_]*$")),
            ("^https?:\\/\\/[^/]+$", Some("^https?:\\/\\/[^\\/]+$")),
            ("^a\\-b$", Some("^a-b$")),
            ("^x{2}{$", Some("^x{2}\\{$")),
            ("abc", Some(".*(?:abc).*")),
            ("^a|b$", Some(".*(?:^a|b$).*")),
            ("(?i)abc", None),
            ("^[a-z$", None),
            ("\\Aabc\\z", None),
        ];
        for (schema, browser) in cases {
            assert_eq!(browser_pattern(schema).as_deref(), browser, "{schema}");
        }
    }
}
