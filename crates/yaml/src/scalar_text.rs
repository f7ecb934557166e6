//! How a text is spelled so that every reader takes back the same text.

use std::fmt::Write as _;

use crate::core_schema::is_ambiguous;

/// Whether `text` may stand without quotes, as value or key, in block context.
pub(crate) fn is_plain(text: &str) -> bool {
    !is_ambiguous(text)
        && !text.starts_with(|first: char| "-?:,[]{}#&*!|>'\"%@`=".contains(first) || first.is_whitespace())
        && !text.ends_with(|last: char| last == ':' || last.is_whitespace())
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text.chars().all(|character| is_printable(character) && !is_break(character) && character != '\t')
}

/// Whether `text` may stand as a literal block, whose lines are kept as they are.
pub(crate) fn is_literal(text: &str) -> bool {
    let mut lines = text.split('\n');
    text.contains('\n')
        && lines.next().is_some_and(|first| !first.is_empty() && !first.starts_with(' '))
        && text.split('\n').all(|line| {
            !line.starts_with('\t')
                && (line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
                && line.chars().all(|character| is_printable(character) && !is_break(character))
        })
}

/// The text in double quotes.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_printable(character) && !is_break(character) => out.push(character),
            _ => {
                let code = u32::from(character);
                let _ = match code {
                    0..=0xFF => write!(out, "\\x{code:02X}"),
                    0x100..=0xFFFF => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
            }
        }
    }
    out.push('"');
}

/// The printable characters of YAML (specification §5.1), without the byte-order mark.
fn is_printable(character: char) -> bool {
    matches!(character,
        '\t' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
        && character != '\u{FEFF}'
}

/// What some reader takes for a line break.
fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
