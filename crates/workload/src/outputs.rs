//! What placeholders may refer to.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::placeholder::{Piece, expand};

/// The metadata of a workload and the outputs of its resources.
pub(crate) struct Outputs<'a> {
    pub(crate) metadata: &'a Map<String, Value>,
    pub(crate) resources: BTreeMap<String, Value>,
}

impl Outputs<'_> {
    /// The value of a reference, or why it has none.
    pub(crate) fn lookup(&self, parts: &[String]) -> Result<Value, String> {
        let (root, path) = parts.split_first().ok_or("the reference is empty")?;
        match (root.as_str(), path.split_first()) {
            ("metadata", Some((key, path))) => {
                let value = self.metadata.get(key);
                let value =
                    value.ok_or_else(|| format!("metadata has no \"{key}\"; {}", keys(self.metadata)))?;
                descend(value, key, path)
            }
            ("resources", Some((name, path))) => {
                let outputs = self.resources.get(name).ok_or_else(|| {
                    let names: Vec<&str> = self.resources.keys().map(String::as_str).collect();
                    format!("the score has no resource \"{name}\"; it has: {}", names.join(", "))
                })?;
                if path.is_empty() {
                    // The resource itself, as a volume's source names it.
                    return Ok(Value::String(name.clone()));
                }
                descend(outputs, name, path)
            }
            ("metadata" | "resources", None) => Err(format!("say which part of {root} is meant")),
            _ => Err(format!("\"{root}\" is unknown; references begin with metadata or resources")),
        }
    }

    /// The text with its placeholders expanded, in pieces where secrets are.
    pub(crate) fn pieces(&self, text: &str) -> Result<Vec<Piece>, String> {
        expand(text, |parts| self.lookup(parts))
    }

    /// The text with its placeholders expanded, where no secret may be.
    pub(crate) fn plain(&self, text: &str) -> Result<String, String> {
        match self.pieces(text)?.as_slice() {
            [] => Ok(String::new()),
            [Piece::Text(text)] => Ok(text.clone()),
            _ => Err("a secret cannot be used here".to_owned()),
        }
    }
}

fn descend(value: &Value, name: &str, path: &[String]) -> Result<Value, String> {
    let mut current = value;
    let mut place = name.to_owned();
    for key in path {
        let next = match current {
            Value::Object(map) => {
                map.get(key).ok_or_else(|| format!("{place} has no \"{key}\"; {}", keys(map)))
            }
            Value::Array(items) => key
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index))
                .ok_or_else(|| format!("{place} is a list without item \"{key}\"")),
            _ => Err(format!("{place} has nothing below it")),
        };
        current = next?;
        place = format!("{place}.{key}");
    }
    Ok(current.clone())
}

fn keys(map: &Map<String, Value>) -> String {
    let names: Vec<&str> = map.keys().map(String::as_str).collect();
    if names.is_empty() { "it has no outputs".to_owned() } else { format!("it has: {}", names.join(", ")) }
}
