//! Fields of an entity by the dotted paths of Backstage's filters.

use serde_json::Value;

use crate::entity_json::origin_annotations;
use crate::snapshot::CatalogEntity;

/// Values longer than this exist, and equal nothing.
const VALUE: usize = 200;

/// Calls `visit` with each value at a dotted path, compared without regard to case. Lists are looked into, and a
/// list's text also makes a path of its own with the value `true` (`metadata.tags.java`). `None` stands for a
/// value that exists and cannot be compared. `relations.<type>` gives target references.
pub(crate) fn visit(found: &CatalogEntity, path: &str, visit: &mut dyn FnMut(Option<&str>)) {
    let path = path.to_lowercase();
    let entity = &found.stored.entity;
    let (first, rest) = path.split_once('.').unwrap_or((&path, ""));
    match (first, rest) {
        ("kind", "") => visit(Some(&entity.kind)),
        ("apiversion", "") => visit(Some(&entity.api_version)),
        ("metadata", "name") => visit(Some(entity.name())),
        ("metadata", "namespace") => visit(Some(entity.namespace())),
        ("metadata", "uid") => visit(Some(&found.stored.uid)),
        ("metadata", rest) => {
            for (key, value) in &entity.metadata {
                step(key, value, rest, visit);
            }
            if let Some(annotation) = rest.strip_prefix("annotations.") {
                for (key, value) in origin_annotations(&found.stored) {
                    if key == annotation && entity.annotation(key).is_none() {
                        visit(Some(&value));
                    }
                }
            }
        }
        ("spec", rest) => {
            for (key, value) in &entity.spec {
                step(key, value, rest, visit);
            }
        }
        ("relations", relation) => {
            for edge in &found.relations {
                if edge.relation_type.to_lowercase() == relation {
                    visit(Some(&edge.target.to_string()));
                }
            }
        }
        _ => {}
    }
}

/// The first comparable value at a path.
pub(crate) fn first(found: &CatalogEntity, path: &str) -> Option<String> {
    let mut first = None;
    visit(found, path, &mut |value| {
        if first.is_none() {
            first = value.map(str::to_owned);
        }
    });
    first
}

/// Goes on from a key when the path does; keys may hold dots themselves.
fn step(key: &str, value: &Value, path: &str, visit: &mut dyn FnMut(Option<&str>)) {
    let key = key.to_lowercase();
    if let Some(rest) = path.strip_prefix(key.as_str()) {
        if rest.is_empty() {
            walk(value, "", visit);
        } else if let Some(rest) = rest.strip_prefix('.') {
            walk(value, rest, visit);
        }
    }
}

fn walk(value: &Value, path: &str, visit: &mut dyn FnMut(Option<&str>)) {
    match value {
        Value::Array(items) => {
            for item in items {
                if !path.is_empty() && item.as_str().is_some_and(|text| text.to_lowercase() == path) {
                    visit(Some("true"));
                }
                walk(item, path, visit);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                if !path.is_empty() {
                    step(key, item, path, visit);
                }
            }
        }
        _ if !path.is_empty() => {}
        Value::String(text) if text.chars().count() > VALUE => visit(None),
        Value::String(text) => visit(Some(text)),
        Value::Null => visit(None),
        other => visit(Some(&other.to_string())),
    }
}
