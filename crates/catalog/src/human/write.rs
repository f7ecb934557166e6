//! Writes a question as a person would.

use std::fmt;

use super::{HumanQuery, Wanted};

impl fmt::Display for HumanQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The empty question stands alone; inside of another one, an empty text fits everything.
            Self::All(all) if all.is_empty() => Ok(()),
            Self::Any(any) if any.is_empty() => formatter.write_str("-\"\""),
            Self::All(all) => each(formatter, all, " ", |it| matches!(it, Self::Any(_) | Self::All(_))),
            Self::Any(any) => each(formatter, any, " or ", |it| matches!(it, Self::Any(_))),
            Self::Not(not) => {
                formatter.write_str("-")?;
                inner(formatter, not, matches!(**not, Self::All(_) | Self::Any(_)))
            }
            Self::Text(text) => formatter.write_str(&text_term(text)),
            Self::Field { name, values } => {
                formatter.write_str(&field_name(name))?;
                let mut sign = ":";
                for value in values {
                    write!(formatter, "{sign}{value}")?;
                    sign = ",";
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => formatter.write_str("*"),
            Self::Value(text) => formatter.write_str(&value(text)),
            Self::Exactly(text) => write!(formatter, "={}", value(text)),
            Self::Prefix(text) => write!(formatter, "{}*", value(text)),
            Self::Part(text) => write!(formatter, "~{}", value(text)),
        }
    }
}

fn each(
    formatter: &mut fmt::Formatter<'_>,
    parts: &[HumanQuery],
    between: &str,
    in_brackets: impl Fn(&HumanQuery) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            formatter.write_str(between)?;
        }
        inner(formatter, part, in_brackets(part))?;
    }
    Ok(())
}

fn inner(formatter: &mut fmt::Formatter<'_>, part: &HumanQuery, in_brackets: bool) -> fmt::Result {
    match part {
        HumanQuery::All(all) if all.is_empty() => formatter.write_str("\"\""),
        HumanQuery::Any(any) if any.is_empty() => formatter.write_str("-\"\""),
        part if in_brackets => write!(formatter, "({part})"),
        part => write!(formatter, "{part}"),
    }
}

fn in_quotes(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

fn is_plain(character: char) -> bool {
    !character.is_whitespace() && !matches!(character, '(' | ')' | '"' | '\\' | '*')
}

/// A text so that it is read as words.
fn text_term(text: &str) -> String {
    let is_keyword = ["or", "and", "not"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let plain = |it: char| is_plain(it) && it != ':';
    if text.is_empty() || is_keyword || text.starts_with('-') || !text.chars().all(plain) {
        return in_quotes(text);
    }
    text.to_owned()
}

/// A value so that it is read as itself.
pub(super) fn value(text: &str) -> String {
    let plain = |it: char| is_plain(it) && it != ',';
    if text.is_empty() || text.starts_with(['=', '~']) || !text.chars().all(plain) {
        return in_quotes(text);
    }
    text.to_owned()
}

/// The name of a field so that it is read as itself.
pub(super) fn field_name(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    for (index, character) in name.chars().enumerate() {
        let dash = index == 0 && character == '-';
        if dash || character == ':' || !is_plain(character) && character != '*' {
            written.push('\\');
        }
        written.push(character);
    }
    written
}
