//! How a text is written in YAML: plain where any reader takes it back as a text, else quoted.

use super::number::parse_int;

/// The styles of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// Lines as they are, behind a bar.
    Literal,
}

/// The style for a text, which in a key cannot have several lines.
pub fn style(text: &str, is_key: bool) -> Style {
    let shape = Shape::of(text);
    if text.contains('\n') {
        let as_lines = !shape.trailing_space && !shape.space_before_break && !shape.special;
        return if as_lines && !is_key { Style::Literal } else { Style::DoubleQuoted };
    }
    if means_something_else(text) {
        return Style::DoubleQuoted;
    }
    if shape.special || shape.space_before_break {
        return Style::DoubleQuoted;
    }
    let plain = !shape.leading_space && !shape.trailing_space && !shape.indicator && !text.is_empty();
    if plain { Style::Plain } else { Style::SingleQuoted }
}

/// What begins a structure where it is the first character.
const FIRST_INDICATORS: &str = "#,[]{}&*!|>'\"%@`";

struct Shape {
    /// A character begins a comment, a key or some other structure.
    indicator: bool,
    /// A character cannot be written as it is.
    special: bool,
    leading_space: bool,
    trailing_space: bool,
    space_before_break: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self {
            indicator: text.starts_with("---") || text.starts_with("..."),
            leading_space: text.starts_with(' '),
            trailing_space: text.ends_with(' '),
            space_before_break: text.contains(" \n"),
            special: false,
        };
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let ends_word = characters.peek().is_none_or(|c| matches!(c, ' ' | '\t' | '\n' | '\r'));
            shape.indicator |= match (before, character) {
                (None, c) if FIRST_INDICATORS.contains(c) => true,
                (None, '?' | '-') | (_, ':') => ends_word,
                (Some(' ' | '\t' | '\n'), '#') => true,
                _ => false,
            };
            shape.special |= !is_printable(character);
            before = Some(character);
        }
        shape
    }
}

fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether the text, written plainly, would be read as something other than a text.
fn means_something_else(text: &str) -> bool {
    const WORDS: [&str; 14] =
        ["", "~", "null", "y", "yes", "on", "true", "n", "no", "off", "false", ".inf", ".nan", "<<"];
    let lower = text.to_ascii_lowercase();
    // `yEs` is a text: a word counts in small letters, in capitals, or with one capital.
    let one_capital = text.chars().next().is_some_and(char::is_uppercase)
        && text.chars().skip(1).all(|c| !c.is_uppercase());
    let regular = text == lower || text == text.to_ascii_uppercase() || one_capital;
    if regular && WORDS.contains(&lower.as_str()) {
        return true;
    }
    if lower.trim_start_matches(['+', '-']) == ".inf" {
        return true;
    }
    is_number(text) || is_sexagesimal(text) || is_timestamp(text)
}

fn is_number(text: &str) -> bool {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return false;
    }
    let digits = text.replace('_', "");
    if parse_int(&digits, 0).is_some() || is_float(&digits) {
        return true;
    }
    let unsigned = digits.trim_start_matches(['+', '-']);
    unsigned.strip_prefix("0b").is_some_and(|bits| u64::from_str_radix(bits, 2).is_ok())
}

fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_fits = all_digits(whole)
        && all_digits(fraction)
        && (!whole.is_empty() || (mantissa.starts_with('.') && !fraction.is_empty()));
    mantissa_fits && exponent.is_none_or(|digits| !digits.is_empty() && all_digits(digits))
}

/// `12:30:45`, which YAML 1.1 reads as a number to the base of 60.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or_default();
    let starts = first.starts_with(|c: char| c.is_ascii_digit())
        && first.chars().all(|c| c.is_ascii_digit() || c == '_');
    let rest: Vec<&str> = parts.collect();
    starts
        && !rest.is_empty()
        && rest.iter().enumerate().all(|(index, part)| {
            let part =
                if index + 1 == rest.len() { part.split('.').next().unwrap_or_default() } else { part };
            part.len() <= 2 && part.parse::<u8>().is_ok_and(|number| number < 60)
        })
}

/// A date, alone or with a time.
fn is_timestamp(text: &str) -> bool {
    const LAYOUTS: [&str; 4] =
        ["2006-1-2T15:4:5Z07:00", "2006-1-2t15:4:5Z07:00", "2006-1-2 15:4:5", "2006-1-2"];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits == 4 && text.len() < 40 && LAYOUTS.iter().any(|layout| super::layout::parse(layout, text).is_ok())
}

/// A character within double quotes.
pub fn escape(character: char) -> String {
    match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\0' => "\\0".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\u{1b}' => "\\e".to_owned(),
        '\u{85}' => "\\N".to_owned(),
        '\u{feff}' => "\\uFEFF".to_owned(),
        '\u{2028}' => "\\L".to_owned(),
        '\u{2029}' => "\\P".to_owned(),
        c if is_printable(c) => c.to_string(),
        c if u32::from(c) <= 0xff => format!("\\x{:02X}", u32::from(c)),
        c if u32::from(c) <= 0xffff => format!("\\u{:04X}", u32::from(c)),
        c => format!("\\U{:08X}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, style};

    #[test]
    fn a_text_is_quoted_where_it_would_not_stay_one() {
        for (text, expected) in [
            ("plain text", Style::Plain),
            ("", Style::DoubleQuoted),
            ("yes", Style::DoubleQuoted),
            ("1.0", Style::DoubleQuoted),
            ("1.0.0", Style::Plain),
            ("0x1f", Style::DoubleQuoted),
            ("12:30", Style::DoubleQuoted),
            ("2024-01-02", Style::DoubleQuoted),
            ("a: b", Style::SingleQuoted),
            ("a:b", Style::Plain),
            ("http://x/#y", Style::Plain),
            ("a #b", Style::SingleQuoted),
            ("- a", Style::SingleQuoted),
            ("-a", Style::Plain),
            ("@x", Style::SingleQuoted),
            (" a", Style::SingleQuoted),
            ("a\tb", Style::DoubleQuoted),
            ("a\nb", Style::Literal),
            ("a \nb", Style::DoubleQuoted),
            ("{{ x }}", Style::SingleQuoted),
        ] {
            assert_eq!(style(text, false), expected, "{text:?}");
        }
    }
}
