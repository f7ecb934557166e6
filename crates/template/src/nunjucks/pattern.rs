//! JavaScript regular expressions on an engine whose time is linear in the text.

use std::fmt;
use std::fmt::Write as _;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};

use crate::error::{Fault, Outcome};

/// A compiled regular expression.
#[derive(Debug)]
pub struct Pattern {
    pub source: Rc<str>,
    pub flags: Rc<str>,
    pub regex: Regex,
}

const SIZE_LIMIT: usize = 1 << 20;
const SPACE: &str =
    r"\t\n\x0B\x0C\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

impl Pattern {
    /// Compiles a pattern; look-around and back references are refused.
    pub fn new(source: Rc<str>, flags: Rc<str>) -> Outcome<Self> {
        let translated = translate(&source);
        let regex = RegexBuilder::new(&translated)
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .nest_limit(50)
            .build();
        match regex {
            Ok(regex) => Ok(Self { source, flags, regex }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(Fault::budget(format!("the regular expression /{source}/ is too large")))
            }
            Err(_) => Err(Fault::value(format!("the regular expression /{source}/ cannot be used")).hint(
                "Look-ahead, look-behind and back references are not available; they can take endless time.",
            )),
        }
    }

    /// Whether all matches are meant.
    pub fn is_global(&self) -> bool {
        self.flags.contains('g')
    }

    /// `text.replace(pattern, replacement)` with `$1`, `$&`, `$$`, `` $` ``, `$'` and `$<name>`.
    pub fn replace(&self, text: &str, replacement: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut last = 0;
        for captures in self.regex.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            result.push_str(text.get(last..whole.start()).unwrap_or_default());
            expand(&captures, text, replacement, &mut result);
            last = whole.end();
            if !self.is_global() {
                break;
            }
        }
        result.push_str(text.get(last..).unwrap_or_default());
        result
    }
}

/// Writes the replacement of `text[start..end]`, which was found as plain text.
pub fn expand_literal(text: &str, start: usize, end: usize, replacement: &str, result: &mut String) {
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let (part, used) = match after.as_bytes().first() {
            Some(b'$') => ("$", 1),
            Some(b'&') => (text.get(start..end).unwrap_or_default(), 1),
            Some(b'`') => (text.get(..start).unwrap_or_default(), 1),
            Some(b'\'') => (text.get(end..).unwrap_or_default(), 1),
            _ => ("$", 0),
        };
        result.push_str(part);
        rest = after.get(used..).unwrap_or_default();
    }
    result.push_str(rest);
}

fn expand(captures: &regex::Captures<'_>, text: &str, replacement: &str, result: &mut String) {
    let Some(whole) = captures.get(0) else { return };
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        let after = from.get(1..).unwrap_or_default();
        let group = |digits: usize| {
            let digits = after.get(..digits)?.parse::<usize>().ok()?;
            (1..captures.len()).contains(&digits).then_some(digits)
        };
        let (text, used) = match after.as_bytes().first() {
            Some(b'$') => ("$", 1),
            Some(b'&') => (whole.as_str(), 1),
            Some(b'`') => (text.get(..whole.start()).unwrap_or_default(), 1),
            Some(b'\'') => (text.get(whole.end()..).unwrap_or_default(), 1),
            Some(b'<') if captures.len() > 1 && after.contains('>') => {
                let name = after.get(1..).and_then(|name| name.split('>').next()).unwrap_or_default();
                (captures.name(name).map_or("", |m| m.as_str()), name.len() + 2)
            }
            _ => match group(2).map(|index| (index, 2)).or_else(|| group(1).map(|index| (index, 1))) {
                Some((index, used)) => (captures.get(index).map_or("", |m| m.as_str()), used),
                None => ("$", 0),
            },
        };
        result.push_str(text);
        rest = after.get(used..).unwrap_or_default();
    }
    result.push_str(rest);
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}/{}", self.source, self.flags)
    }
}

/// The same pattern in the syntax of the crate `regex`.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let characters: Vec<char> = source.chars().collect();
    let at = |index: usize| characters.get(index).copied();
    let mut in_class = false;
    let mut index = 0;
    while let Some(character) = at(index) {
        index += 1;
        match character {
            '\\' => {
                let Some(escaped) = at(index) else {
                    out.push_str(r"\\");
                    break;
                };
                index += 1;
                escape(escaped, in_class, &mut out, &characters, &mut index);
            }
            '[' if !in_class => {
                in_class = true;
                match (at(index), at(index + 1)) {
                    (Some(']'), _) => {
                        out.push_str(r"[^\s\S]");
                        index += 1;
                        in_class = false;
                    }
                    (Some('^'), Some(']')) => {
                        out.push_str(r"[\s\S]");
                        index += 2;
                        in_class = false;
                    }
                    (Some('^'), _) => {
                        out.push_str("[^");
                        index += 1;
                    }
                    _ => out.push('['),
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_class => {
                out.push('\\');
                out.push(character);
            }
            '.' if !in_class => out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
            '{' if !in_class && !is_quantifier(characters.get(index..).unwrap_or_default()) => {
                out.push_str(r"\{");
            }
            ' ' | '#' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

fn is_quantifier(rest: &[char]) -> bool {
    let mut commas = 0;
    let mut digits = 0;
    for character in rest {
        match character {
            '0'..='9' => digits += 1,
            ',' if digits > 0 => commas += 1,
            '}' => return digits > 0 && commas < 2,
            _ => return false,
        }
    }
    false
}

fn escape(escaped: char, in_class: bool, out: &mut String, characters: &[char], index: &mut usize) {
    let hex = |count: usize, from: usize| -> Option<u32> {
        let digits: String = characters.get(from..from + count)?.iter().collect();
        u32::from_str_radix(&digits, 16).ok()
    };
    match escaped {
        'd' => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' if in_class => out.push_str(SPACE),
        's' => {
            let _ = write!(out, "[{SPACE}]");
        }
        'S' => {
            let _ = write!(out, "[^{SPACE}]");
        }
        'b' if in_class => out.push_str(r"\x08"),
        'b' => out.push_str(r"(?-u:\b)"),
        'B' => out.push_str(r"(?-u:\B)"),
        'n' | 'r' | 't' | 'f' | 'v' => {
            out.push('\\');
            out.push(escaped);
        }
        '0' => out.push_str(r"\x00"),
        'x' | 'u' => {
            let count = if escaped == 'x' { 2 } else { 4 };
            match hex(count, *index).filter(|code| char::from_u32(*code).is_some()) {
                Some(code) => {
                    let _ = write!(out, r"\x{{{code:x}}}");
                    *index += count;
                }
                None => out.push(escaped),
            }
        }
        // A back reference, which the engine refuses.
        '1'..='9' | 'k' if !in_class => {
            out.push('\\');
            out.push(escaped);
        }
        other if other.is_ascii_alphanumeric() || other == '<' || other == '>' || !other.is_ascii() => {
            out.push(other);
        }
        other => {
            out.push('\\');
            out.push(other);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Pattern;

    fn replace(source: &str, flags: &str, text: &str, replacement: &str) -> String {
        Pattern::new(source.into(), flags.into()).unwrap().replace(text, replacement)
    }

    #[test]
    fn javascript_patterns_mean_the_same() {
        assert_eq!(replace(r"[^\w-]", "g", "a b/c-d_e", "-"), "a-b-c-d_e");
        assert_eq!(replace(r"(\d+)-(\d+)", "", "10-20 30-40", "$2-$1 $$ [$&]"), "20-10 $ [10-20] 30-40");
        assert_eq!(replace(r"a{x}", "", "a{x}", "ok"), "ok");
        assert_eq!(replace(r"[[a]", "g", "[a]", ""), "]");
        assert_eq!(replace(r"^x$", "gm", "x\nx", "y"), "y\ny");
        assert_eq!(replace(r"\/", "g", "a/b", "."), "a.b");
    }

    #[test]
    fn endless_patterns_are_refused() {
        assert!(Pattern::new(r"(a)\1".into(), "".into()).is_err());
        assert!(Pattern::new(r"(?=a)".into(), "".into()).is_err());
        assert!(Pattern::new("(((((a{1000}){1000}){1000})".into(), "".into()).is_err());
    }
}
