//! Score's placeholders: `${metadata.name}`, `${resources.db.host}`, and `$$` for one `$`.

use serde_json::Value;

/// A key of a Kubernetes Secret. Its value is known to the cluster only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretKey {
    pub(crate) secret: String,
    pub(crate) key: String,
}

impl SecretKey {
    /// An output of exactly `{secret, key}` refers to a secret.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let map = value.as_object().filter(|map| map.len() == 2)?;
        let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self { secret: text("secret")?, key: text("key")? })
    }
}

/// A part of an expanded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Secret(SecretKey),
}

/// A part of a text before it is expanded.
#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Literal(&'a str),
    Reference(&'a str),
}

/// Splits by the pattern `\$((?:\$?{([^}]*)})|\$)` of the Score tools: `${x}` is a reference, `$${x}` stands
/// for the text `${x}`, `$$` for `$`, and any other `$` for itself.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, tail) = rest.split_at(at);
        found.push(Token::Literal(before));
        let after = tail.strip_prefix('$').unwrap_or_default();
        let escaped = after.strip_prefix('$');
        let braced = |text: &str| text.strip_prefix('{').and_then(|inner| inner.find('}'));
        if let Some(end) = braced(after) {
            found.push(Token::Reference(after.get(1..=end).unwrap_or_default()));
            rest = after.get(end + 2..).unwrap_or_default();
        } else if let Some(escaped) = escaped {
            let length = braced(escaped).map_or(0, |end| end + 2);
            found.push(Token::Literal("$"));
            found.push(Token::Literal(escaped.get(..length).unwrap_or_default()));
            rest = escaped.get(length..).unwrap_or_default();
        } else {
            found.push(Token::Literal("$"));
            rest = after;
        }
    }
    found.push(Token::Literal(rest));
    found
}

/// Splits a reference at its dots; `\.` is a dot inside a part.
pub(crate) fn split(reference: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = reference.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'.') => {
                characters.next();
                push(&mut parts, '.');
            }
            '.' => parts.push(String::new()),
            other => push(&mut parts, other),
        }
    }
    parts
}

fn push(parts: &mut [String], character: char) {
    if let Some(last) = parts.last_mut() {
        last.push(character);
    }
}

/// The resources that the placeholders of a text name.
pub(crate) fn resources_of(text: &str) -> Vec<String> {
    tokens(text)
        .iter()
        .filter_map(|token| match token {
            Token::Reference(reference) => {
                let mut parts = split(reference).into_iter();
                (parts.next()? == "resources").then(|| parts.next())?
            }
            Token::Literal(_) => None,
        })
        .collect()
}

/// Expands a text. Values that are no text become JSON; neighbouring texts become one piece.
pub(crate) fn expand(
    text: &str,
    lookup: impl Fn(&[String]) -> Result<Value, String>,
) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Literal(literal) => append(&mut pieces, literal),
            Token::Reference(reference) => {
                let value =
                    lookup(&split(reference)).map_err(|reason| format!("${{{reference}}}: {reason}"))?;
                if let Some(secret) = SecretKey::of(&value) {
                    pieces.push(Piece::Secret(secret));
                } else if holds_secret(&value) {
                    return Err(format!("${{{reference}}}: the value holds secrets; name one of its fields"));
                } else if let Value::String(text) = value {
                    append(&mut pieces, &text);
                } else {
                    append(&mut pieces, &value.to_string());
                }
            }
        }
    }
    Ok(pieces)
}

fn append(pieces: &mut Vec<Piece>, more: &str) {
    if more.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(more),
        _ => pieces.push(Piece::Text(more.to_owned())),
    }
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Object(map) => SecretKey::of(value).is_some() || map.values().any(holds_secret),
        Value::Array(items) => items.iter().any(holds_secret),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::{Piece, SecretKey, expand, resources_of, split};

    fn lookup(parts: &[String]) -> Result<Value, String> {
        match parts.join("|").as_str() {
            "metadata|name" => Ok(json!("orders")),
            "metadata|annotations|a.b" => Ok(json!("dotted")),
            "resources|db|port" => Ok(json!(5432)),
            "resources|db|password" => Ok(json!({"secret": "s", "key": "k"})),
            "resources|db" => Ok(json!({"password": {"secret": "s", "key": "k"}, "x": 1})),
            _ => Err("unknown".into()),
        }
    }

    fn text(source: &str) -> String {
        match expand(source, lookup).unwrap().as_slice() {
            [] => String::new(),
            [Piece::Text(text)] => text.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn escapes_and_references() {
        for (source, expected) in [
            ("", ""),
            ("abc", "abc"),
            ("$abc", "$abc"),
            ("abc $$ abc", "abc $ abc"),
            ("$${metadata.name}", "${metadata.name}"),
            ("$$$${x}", "$${x}"),
            ("$", "$"),
            ("a${", "a${"),
            ("${metadata.name}-${resources.db.port}", "orders-5432"),
            ("${metadata.annotations.a\\.b}", "dotted"),
            ("$${a}${metadata.name}$$", "${a}orders$"),
            ("$$_$${fizzbuzz}", "$_${fizzbuzz}"),
        ] {
            assert_eq!(text(source), expected, "{source}");
        }
        assert_eq!(expand("${foo.bar}", lookup), Err("${foo.bar}: unknown".into()));
    }

    #[test]
    fn secrets_stay_apart_from_text() {
        let secret = || Piece::Secret(SecretKey { secret: "s".into(), key: "k".into() });
        assert_eq!(expand("${resources.db.password}", lookup).unwrap(), [secret()]);
        assert_eq!(
            expand("a:${resources.db.password}${resources.db.password}@b", lookup).unwrap(),
            [Piece::Text("a:".into()), secret(), secret(), Piece::Text("@b".into())]
        );
        assert!(expand("${resources.db}", lookup).unwrap_err().contains("holds secrets"));
    }

    #[test]
    fn finds_the_resources_that_a_text_needs() {
        assert_eq!(resources_of("${resources.a.x} $${resources.b.x} ${resources.c}"), ["a", "c"]);
        assert_eq!(split("a\\.b.c"), ["a.b", "c"]);
    }
}
