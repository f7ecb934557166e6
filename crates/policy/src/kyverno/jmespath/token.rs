//! The tokens of JMESPath.

use serde_json::Value;

use super::QueryError;

/// The longest expression that is read, in bytes.
pub(crate) const MAX_SOURCE: usize = 16_384;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A bare or quoted identifier; a quoted one cannot be a function's name or a keyword.
    Identifier {
        name: String,
        quoted: bool,
    },
    Number(i64),
    Literal(Value),
    /// `$name`; `$` alone is the root.
    Variable(String),
    /// Everything else, as it is written.
    Sign(&'static str),
    End,
}

/// Longest first.
const SIGNS: [&str; 35] = [
    "[?", "[]", "||", "&&", "==", "!=", "<=", ">=", "//", "[", "]", "{", "}", "(", ")", ".", ",", ":", "|",
    "&", "!", "<", ">", "*", "@", "+", "-", "/", "%", "=", "×", "÷", "−", "?", ";",
];

fn failed(source: &str, at: usize, what: &str) -> QueryError {
    QueryError::Syntax { expression: source.to_owned(), column: at + 1, message: what.to_owned() }
}

/// Each token with the column that it begins at, from 0.
pub(crate) fn tokens(source: &str) -> Result<Vec<(usize, Token)>, QueryError> {
    if source.len() > MAX_SOURCE {
        let message = format!("the expression is longer than {MAX_SOURCE} bytes");
        return Err(QueryError::Syntax { expression: source.chars().take(60).collect(), column: 1, message });
    }
    let mut found = Vec::new();
    let mut rest = source;
    loop {
        rest = rest.trim_start();
        let at = source.len() - rest.len();
        let Some(first) = rest.chars().next() else { break };
        let (token, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let end = word_end(rest);
                let name = rest.get(..end).unwrap_or_default().to_owned();
                (Token::Identifier { name, quoted: false }, end)
            }
            '0'..='9' => number(source, rest, at, 0)?,
            '-' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
                && !matches!(
                    found.last(),
                    Some((_, Token::Identifier { .. } | Token::Literal(_) | Token::Sign("]" | ")" | "@")))
                ) =>
            {
                number(source, rest, at, 1)?
            }
            '"' => {
                let text =
                    delimited(rest, '"').ok_or_else(|| failed(source, at, "the quote is not closed"))?;
                let name = serde_json::from_str(&format!("\"{}\"", text.replace('\n', "\\n")))
                    .map_err(|error| failed(source, at, &error.to_string()))?;
                (Token::Identifier { name, quoted: true }, text.len() + 2)
            }
            '\'' => {
                let text =
                    delimited(rest, '\'').ok_or_else(|| failed(source, at, "the quote is not closed"))?;
                (Token::Literal(Value::from(text.replace("\\'", "'").replace("\\\\", "\\"))), text.len() + 2)
            }
            '`' => {
                let text =
                    delimited(rest, '`').ok_or_else(|| failed(source, at, "the backtick is not closed"))?;
                let json = text.replace("\\`", "`");
                // What is no JSON is a text, as in the first version of the language.
                let value = serde_json::from_str(&json).unwrap_or_else(|_| Value::from(json.trim()));
                (Token::Literal(value), text.len() + 2)
            }
            '$' => {
                let end = word_end(rest.get(1..).unwrap_or_default());
                (Token::Variable(rest.get(1..=end).unwrap_or_default().to_owned()), end + 1)
            }
            _ => {
                let sign = SIGNS
                    .iter()
                    .find(|sign| rest.starts_with(**sign))
                    .ok_or_else(|| failed(source, at, &format!("{first:?} is not part of the language")))?;
                (Token::Sign(sign), sign.len())
            }
        };
        found.push((at, token));
        rest = rest.get(length..).unwrap_or_default();
    }
    found.push((source.len(), Token::End));
    Ok(found)
}

fn word_end(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn number(source: &str, rest: &str, at: usize, sign: usize) -> Result<(Token, usize), QueryError> {
    let digits = rest.get(sign..).unwrap_or_default();
    let end = sign + digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let value = rest.get(..end).unwrap_or_default().parse();
    Ok((Token::Number(value.map_err(|_| failed(source, at, "the number is too large"))?), end))
}

/// What stands between a delimiter and the next one that has no backslash.
fn delimited(text: &str, delimiter: char) -> Option<&str> {
    let inside = text.get(1..)?;
    let mut escaped = false;
    for (at, character) in inside.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            found if found == delimiter => return inside.get(..at),
            _ => {}
        }
    }
    None
}
