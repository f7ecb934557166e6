//! An entity as Backstage's API hands it out: with what the server adds.

use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use fairway_domain::{Digest, Relation, canonical};
use serde_json::{Map, Value, json};

use crate::address::{plain, typed};
use crate::relation::SORTED_FIELDS;
use crate::stored::StoredEntity;

const REJECTED: &str = "https://backstage.io/annotation-rejected-for-security-reasons";

/// The annotations that say where an entity comes from. What the source itself says wins.
pub(crate) fn origin_annotations(stored: &StoredEntity) -> Vec<(&'static str, String)> {
    let mut annotations = vec![
        ("backstage.io/managed-by-location", typed(&stored.location)),
        ("backstage.io/managed-by-origin-location", typed(&stored.origin_location)),
    ];
    let url = plain(&stored.location);
    if !url.starts_with('/') {
        annotations.push(("backstage.io/view-url", url.to_owned()));
        if !names_commit(url) {
            annotations.push(("backstage.io/edit-url", edit_url(url)));
        }
        let folder = url.rsplit_once('/').map_or(url, |(folder, _)| folder);
        annotations.push(("backstage.io/source-location", format!("url:{folder}/")));
    }
    annotations
}

/// `metadata` as it is handed out, without `uid` and `etag`.
pub(crate) fn metadata(stored: &StoredEntity) -> Map<String, Value> {
    let mut metadata = stored.entity.metadata.clone();
    metadata.entry("namespace").or_insert_with(|| DEFAULT_NAMESPACE.into());
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Value::Object(annotations) = annotations {
        for (key, value) in origin_annotations(stored) {
            annotations.entry(key).or_insert(Value::String(value));
        }
        for key in ["backstage.io/view-url", "backstage.io/edit-url"] {
            let is_script = |text: &str| text.trim_start().to_ascii_lowercase().starts_with("javascript:");
            if annotations.get(key).and_then(Value::as_str).is_some_and(is_script) {
                annotations.insert(key.to_owned(), REJECTED.into());
            }
        }
    }
    metadata
}

/// The whole entity, without `uid` and `etag`.
fn body(stored: &StoredEntity, relations: &[Relation]) -> Map<String, Value> {
    let entity = &stored.entity;
    let mut out = Map::new();
    out.insert("metadata".to_owned(), Value::Object(metadata(stored)));
    out.insert("apiVersion".to_owned(), entity.api_version.clone().into());
    out.insert("kind".to_owned(), entity.kind.clone().into());
    if !entity.spec.is_empty() {
        let mut spec = entity.spec.clone();
        for field in SORTED_FIELDS {
            if let Some(Value::Array(items)) = spec.get_mut(*field) {
                items.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            }
        }
        out.insert("spec".to_owned(), Value::Object(spec));
    }
    let relations: Vec<Value> = relations
        .iter()
        .map(|relation| json!({"type": relation.relation_type, "targetRef": relation.target.to_string()}))
        .collect();
    out.insert("relations".to_owned(), Value::Array(relations));
    if !stored.errors.is_empty() {
        let items: Vec<Value> = stored
            .errors
            .iter()
            .map(|error| {
                let place =
                    error.location.as_ref().map(|location| format!("{location}: ")).unwrap_or_default();
                let message = format!("{place}{}", error.message);
                json!({
                    "type": "backstage.io/catalog-processing",
                    "level": "error",
                    "message": format!("InputError: {message}"),
                    "error": {"name": "InputError", "message": message},
                })
            })
            .collect();
        out.insert("status".to_owned(), json!({ "items": items }));
    }
    out
}

/// Forty hexadecimal digits over everything that is handed out except `uid` and `etag`; a source's own etag wins.
pub(crate) fn etag(stored: &StoredEntity, relations: &[Relation]) -> String {
    if let Some(own) = stored.entity.metadata_text("etag") {
        return own.to_owned();
    }
    let text = canonical::text(&Value::Object(body(stored, relations)));
    Digest::of(text.as_bytes()).hex().chars().take(40).collect()
}

/// The whole entity as Backstage's API hands it out.
pub(crate) fn whole(stored: &StoredEntity, relations: &[Relation], etag: &str) -> Value {
    let mut body = body(stored, relations);
    if let Some(Value::Object(metadata)) = body.get_mut("metadata") {
        metadata.insert("uid".to_owned(), stored.uid.clone().into());
        metadata.insert("etag".to_owned(), etag.into());
    }
    Value::Object(body)
}

/// Whether an address is fixed to a commit, whose files cannot be edited.
fn names_commit(url: &str) -> bool {
    url.split('/').any(|part| part.len() >= 40 && part.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The address of a forge's editor; the file's own address where the forge is not known.
fn edit_url(url: &str) -> String {
    let host = url.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    if host == "github.com" || host.starts_with("gitlab.") || host.starts_with("github.") {
        return url.replacen("/blob/", "/edit/", 1);
    }
    url.to_owned()
}
