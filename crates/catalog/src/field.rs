//! The fields of an entity by the dotted paths of Backstage's filters, read from its text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::entity::CatalogEntity;

/// Longer paths are no fields.
const PATH: usize = 200;
/// Longer values exist, and equal nothing.
const VALUE: usize = 200;
/// Deeper values are passed over.
const DEPTH: usize = 64;

/// One field of an entity.
pub(crate) struct Found<'a> {
    /// In lower case.
    pub(crate) path: &'a str,
    /// `None` stands for a value that exists and equals nothing.
    pub(crate) value: Option<&'a str>,
    /// A text in a list also makes a path of its own with the value `true` (`metadata.tags.java`).
    pub(crate) listed: bool,
}

/// Calls `visit` with each field of an entity as it is handed out. A list's items have its path. `relations.<type>`
/// gives target references. The same field may come twice.
pub(crate) fn visit(found: &CatalogEntity, visit: &mut dyn FnMut(Found<'_>)) {
    let mut path = String::with_capacity(PATH);
    read(found.base(), &mut path, visit);
    for relation in found.relations() {
        path.clear();
        path.push_str("relations.");
        push_lower(&mut path, &relation.relation_type);
        emit(&path, Some(relation.target.as_str()), false, visit);
    }
}

/// Whether a path is too long to be one of a field.
pub(crate) fn is_no_path(path: &str) -> bool {
    is_longer(path, PATH)
}

/// Reads the text of an entity, its relations, status and etag aside.
fn read(json: &str, path: &mut String, visit: &mut dyn FnMut(Found<'_>)) {
    let mut reader = serde_json::Deserializer::from_str(json);
    // The text is our own; nothing in it can be wrong.
    let _ = Walk { path, visit, depth: 0, in_list: false }.deserialize(&mut reader);
}

fn emit(path: &str, value: Option<&str>, listed: bool, visit: &mut dyn FnMut(Found<'_>)) {
    if !is_no_path(path) {
        visit(Found { path, value: value.filter(|value| !is_longer(value, VALUE)), listed });
    }
}

/// One value of the text, whose path is known.
struct Walk<'a> {
    path: &'a mut String,
    visit: &'a mut dyn FnMut(Found<'_>),
    depth: usize,
    in_list: bool,
}

impl Walk<'_> {
    fn inner(&mut self, in_list: bool) -> Walk<'_> {
        Walk { path: self.path, visit: self.visit, depth: self.depth + 1, in_list }
    }

    fn is_passed_over(&self) -> bool {
        match self.depth {
            1 => matches!(self.path.as_str(), "relations" | "status" | "attachments"),
            2 => self.path == "metadata.etag",
            depth => depth > DEPTH,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        if self.is_passed_over() {
            return reader.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let before = self.path.len();
        while map.next_key_seed(Key(self.path))?.is_some() {
            map.next_value_seed(self.inner(false))?;
            self.path.truncate(before);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self.inner(true))?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        emit(self.path, Some(text), self.in_list, self.visit);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        emit(self.path, Some(if value { "true" } else { "false" }), false, self.visit);
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        emit(self.path, Some(&value.to_string()), false, self.visit);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        emit(self.path, Some(&value.to_string()), false, self.visit);
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        emit(self.path, Some(&primitive_text(&Value::from(value))), false, self.visit);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        emit(self.path, None, false, self.visit);
        Ok(())
    }
}

/// Appends a key to the path.
struct Key<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        push_lower(self.0, key);
        Ok(())
    }
}

/// Whether a text is longer than Backstage's limit, which counts UTF-16.
fn is_longer(text: &str, limit: usize) -> bool {
    text.len() > limit && text.encode_utf16().count() > limit
}

fn push_lower(path: &mut String, text: &str) {
    if text.is_ascii() {
        path.extend(text.chars().map(|character| character.to_ascii_lowercase()));
    } else {
        path.push_str(&text.to_lowercase());
    }
}

/// A number or truth value as JavaScript writes it.
pub(crate) fn primitive_text(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Found, read};

    #[test]
    fn fields_are_those_of_backstages_search_table() {
        let entity = json!({
            "apiVersion": "v1", "kind": "Component",
            "metadata": {"name": "A", "etag": "e", "tags": ["Java"], "annotations": {"a.b/C": "X"}, "description": "y".repeat(201)},
            "spec": {"n": [1.0, true, null, -2], "deep": {"list": [{"k": "v"}]}, "empty": [], ("k".repeat(200)): "too long"},
            "relations": [{"type": "ownedBy", "targetRef": "group:default/g"}],
            "status": {"items": []},
        });
        let mut found = Vec::new();
        read(&entity.to_string(), &mut String::new(), &mut |Found { path, value, listed }| {
            let listed = if listed { " in a list" } else { "" };
            found.push(format!("{path}={}{listed}", value.unwrap_or("∅")));
        });
        assert_eq!(
            found,
            [
                "apiversion=v1",
                "kind=Component",
                "metadata.name=A",
                "metadata.tags=Java in a list",
                "metadata.annotations.a.b/c=X",
                "metadata.description=∅",
                "spec.n=1",
                "spec.n=true",
                "spec.n=∅",
                "spec.n=-2",
                "spec.deep.list.k=v",
            ]
        );
    }
}
