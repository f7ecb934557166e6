//! Translates JavaScript's syntax of regular expressions into that of the crate `regex`.

use std::fmt::Write as _;

use crate::nunjucks::pattern::half;

const SPACE: &str =
    r"\t\n\x0B\x0C\r \u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// The same pattern in the syntax of the crate `regex`.
pub fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let units = |c: char| -> Vec<char> {
        if c.len_utf16() == 1 {
            vec![c]
        } else {
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| half(*unit)).collect()
        }
    };
    let characters: Vec<char> = source.chars().flat_map(units).collect();
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
            match hex(count, *index) {
                Some(code) => {
                    let code = char::from_u32(code).unwrap_or_else(|| half(code as u16));
                    let _ = write!(out, r"\x{{{:x}}}", u32::from(code));
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
