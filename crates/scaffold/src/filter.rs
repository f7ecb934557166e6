//! Which entities a picker offers.

use fairway_domain::Entity;
use serde_json::{Map, Value};

/// What one field of an entity must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterCondition {
    /// One of these, upper or lower case.
    OneOf(Vec<String>),
    /// There at all.
    Exists,
}

/// All conditions must hold. A picker's list of filters offers what any of them lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityFilter {
    /// A field, for example `kind` or `spec.type`, and what it must be.
    pub conditions: Vec<(String, FilterCondition)>,
}

impl EntityFilter {
    /// A filter for kinds alone.
    pub fn kinds<'a>(kinds: impl IntoIterator<Item = &'a str>) -> Self {
        let kinds = kinds.into_iter().map(str::to_owned).collect();
        Self { conditions: vec![("kind".to_owned(), FilterCondition::OneOf(kinds))] }
    }

    /// Reads a `catalogFilter`: an object, or a list of them.
    pub fn read(value: &Value) -> Vec<Self> {
        let filters: Vec<&Value> = match value {
            Value::Array(filters) => filters.iter().collect(),
            filter => vec![filter],
        };
        filters
            .into_iter()
            .filter_map(Value::as_object)
            .map(|fields| Self {
                conditions: fields
                    .iter()
                    .filter_map(|(field, wanted)| Some((field.clone(), read_condition(wanted)?)))
                    .collect(),
            })
            .filter(|filter| !filter.conditions.is_empty())
            .collect()
    }

    /// The kinds that it asks for; empty when any will do.
    pub fn wanted_kinds(&self) -> &[String] {
        self.conditions
            .iter()
            .find_map(|(field, condition)| match condition {
                FilterCondition::OneOf(kinds) if field == "kind" => Some(kinds.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Whether the entity's own fields pass. Relations are not an entity's own: conditions on `relations.…`
    /// are for the catalog to judge, and pass here.
    pub fn matches(&self, entity: &Entity) -> bool {
        self.conditions.iter().all(|(field, condition)| {
            if field.starts_with("relations.") {
                return true;
            }
            let found = find(entity, field);
            match condition {
                FilterCondition::Exists => !found.is_empty(),
                FilterCondition::OneOf(wanted) => {
                    found.iter().any(|value| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(value)))
                }
            }
        })
    }
}

fn read_condition(value: &Value) -> Option<FilterCondition> {
    match value {
        Value::Array(items) => {
            Some(FilterCondition::OneOf(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
        }
        Value::Object(fields) if fields.contains_key("exists") => Some(FilterCondition::Exists),
        Value::String(text) => Some(FilterCondition::OneOf(vec![text.clone()])),
        Value::Bool(_) | Value::Number(_) => Some(FilterCondition::OneOf(vec![value.to_string()])),
        _ => None,
    }
}

fn find(entity: &Entity, field: &str) -> Vec<String> {
    let (part, rest) = field.split_once('.').unwrap_or((field, ""));
    let root = match part {
        "kind" => return vec![entity.kind.clone()],
        "apiVersion" => return vec![entity.api_version.clone()],
        "metadata" if rest == "namespace" => return vec![entity.namespace().to_owned()],
        "metadata" => &entity.metadata,
        "spec" => &entity.spec,
        _ => return Vec::new(),
    };
    match walk(root, rest) {
        Some(Value::Array(items)) => items.iter().map(text).collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(value) => vec![text(value)],
    }
}

/// A value by its dotted path. Annotation keys hold dots themselves, so a key that is the whole rest goes first.
fn walk<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(found) = fields.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (key, rest) = path.split_at(dot);
        walk(fields.get(key)?.as_object()?, rest.trim_start_matches('.'))
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::Entity;
    use serde_json::json;

    use super::EntityFilter;

    #[test]
    fn filters_speak_the_catalogs_language() {
        let entity: Entity = serde_json::from_value(json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Group",
            "metadata": {"name": "a", "tags": ["x", "y"], "annotations": {"acme.example/tier": "1"}},
            "spec": {"type": "team"}
        }))
        .unwrap();
        let passes = |filter| EntityFilter::read(&filter).iter().any(|filter| filter.matches(&entity));
        assert!(passes(json!({"kind": ["Group", "User"], "spec.type": "Team"})));
        assert!(passes(json!([{"kind": "User"}, {"metadata.tags": "y"}])));
        assert!(passes(json!({"metadata.annotations.acme.example/tier": {"exists": true}})));
        assert!(!passes(json!({"kind": "Group", "spec.type": "department"})));
    }
}
