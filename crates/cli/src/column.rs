//! Columns of lists: fields of entities by the names that queries call them.

use fairway_catalog::human::{facet_field, field_advice};
use fairway_domain::EntityRef;
use serde_json::Value;

use crate::failure::CliError;

/// Where the address of the source stands.
const ORIGIN: &str = "metadata.annotations.backstage.io/managed-by-origin-location";

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Reference,
    Title,
    Path(String),
    Relation(String),
}

impl Column {
    /// What is shown when nothing else is asked for.
    pub fn usual() -> Vec<Self> {
        let path = |name: &str| Self { name: name.to_owned(), what: What::Path(format!("spec.{name}")) };
        vec![
            Self { name: "entity".to_owned(), what: What::Reference },
            path("type"),
            path("owner"),
            path("lifecycle"),
            Self { name: "title".to_owned(), what: What::Title },
        ]
    }

    /// Columns by their names.
    pub fn all(names: &[String]) -> Result<Vec<Self>, CliError> {
        names.iter().map(|name| Self::named(name.trim())).collect()
    }

    fn named(name: &str) -> Result<Self, CliError> {
        let lower = name.to_lowercase();
        let what = match lower.as_str() {
            "ref" | "entity" => What::Reference,
            "title" => What::Title,
            "owner" | "system" | "domain" => What::Path(format!("spec.{lower}")),
            "source" => What::Path(ORIGIN.to_owned()),
            _ => {
                let Some(field) = facet_field(name) else {
                    let message = format!("there is no field \"{name}\" to show");
                    return Err(CliError::usage(message, Some(&field_advice(name))));
                };
                match field.as_str().strip_prefix("relations.") {
                    Some(relation) => What::Relation(relation.to_owned()),
                    None => What::Path(field.as_str().to_owned()),
                }
            }
        };
        Ok(Self { name: name.to_owned(), what })
    }

    /// Its name as it was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What an entity has there; several values are separated by commas.
    pub fn text(&self, entity: &Value) -> String {
        match &self.what {
            What::Reference => reference(entity).to_string(),
            What::Title => match find(entity, "metadata.title").and_then(Value::as_str) {
                Some(title) => title.to_owned(),
                None => find(entity, "metadata.name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            },
            What::Path(path) => find(entity, path).map(plain).unwrap_or_default(),
            What::Relation(name) => {
                let all = entity.get("relations").and_then(Value::as_array).into_iter().flatten();
                let text =
                    |edge: &Value, field: &str| edge.get(field).and_then(Value::as_str).map(str::to_owned);
                let wanted =
                    all.filter(|it| text(it, "type").is_some_and(|it| it.eq_ignore_ascii_case(name)));
                wanted.filter_map(|it| text(it, "targetRef")).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// The reference of an entity that the server gave.
pub fn reference(entity: &Value) -> EntityRef {
    let text = |pointer: &str| entity.pointer(pointer).and_then(Value::as_str);
    EntityRef::new(
        text("/kind").unwrap_or_default(),
        text("/metadata/namespace").unwrap_or("default"),
        text("/metadata/name").unwrap_or_default(),
    )
}

/// What stands at a path, whatever the case of its parts. Keys may have dots in them.
fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let Value::Object(map) = value else { return None };
    map.iter().find_map(|(key, inner)| {
        let key = key.to_lowercase();
        let rest = path.to_lowercase().strip_prefix(&key)?.to_owned();
        match rest.strip_prefix('.') {
            _ if rest.is_empty() => Some(inner),
            Some(rest) => find(inner, rest),
            None => None,
        }
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::Column;

    #[test]
    fn a_column_is_called_as_in_a_query() {
        let entity = json!({
            "kind": "Component",
            "metadata": {"name": "orders", "tags": ["a", "b"], "annotations": {"example.com/region": "eu"}},
            "spec": {"type": "service", "Deep": {"n": 3}},
            "relations": [{"type": "dependsOn", "targetRef": "resource:default/db"}],
        });
        let names =
            ["ref", "title", "tag", "annotation.example.com/region", "spec.deep.n", "DEPENDSON", "system"];
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let texts: Vec<String> = Column::all(&names).unwrap().iter().map(|it| it.text(&entity)).collect();
        assert_eq!(
            texts,
            ["component:default/orders", "orders", "a, b", "eu", "3", "resource:default/db", ""]
        );
        let error = Column::all(&["onwer".to_owned()]).unwrap_err().text();
        assert!(error.contains("no field \"onwer\"") && error.contains("did you mean owner?"), "{error}");
    }
}
