//! An entity as Backstage's API hands it out: with what the server adds.
//!
//! The text is laid out as `{"metadata":{…,"uid":…,"etag":…},"apiVersion":…,"kind":…,"spec":…,"relations":…,
//! "status":…}`, so that other relations and their etag can be written into it without reading the rest.

use std::ops::Range;

use bytes::Bytes;
use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use fairway_domain::{Digest, Entity, Relation};
use serde_json::{Map, Value, json};

use crate::address::{plain, typed};
use crate::entity::CatalogEntity;
use crate::relation::SORTED_FIELDS;
use crate::stored::StoredEntity;

const REJECTED: &str = "https://backstage.io/annotation-rejected-for-security-reasons";
const ORIGIN: [&str; 6] = [
    "backstage.io/managed-by-location",
    "backstage.io/managed-by-origin-location",
    "backstage.io/view-url",
    "backstage.io/edit-url",
    "backstage.io/source-location",
    "backstage.io/orphan",
];
const ETAG_DIGITS: usize = 40;

/// What was added to an entity's `metadata`, so that it can be taken away again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Added {
    namespace: bool,
    annotations: bool,
    /// One for each of [`ORIGIN`].
    origin: [bool; ORIGIN.len()],
    /// The source has no etag of its own.
    pub(crate) etag: bool,
}

/// The text, and where things are in it.
pub(crate) struct Rendered {
    pub(crate) json: Bytes,
    /// The etag, without its quotes.
    pub(crate) etag: Range<usize>,
    /// The list of relations.
    pub(crate) relations_at: Range<usize>,
    pub(crate) added: Added,
}

/// The values of [`ORIGIN`] for an entity. What the source itself says wins.
fn origin_annotations(stored: &StoredEntity) -> [Option<String>; ORIGIN.len()] {
    let url = plain(&stored.location);
    let is_url = !url.starts_with('/');
    [
        Some(typed(&stored.location)),
        Some(typed(&stored.origin_location)),
        is_url.then(|| url.to_owned()),
        (is_url && !names_commit(url)).then(|| edit_url(url)),
        is_url.then(|| {
            let folder = url.rsplit_once('/').map_or(url, |(folder, _)| folder);
            format!("url:{folder}/")
        }),
        stored.orphan.then(|| "true".to_owned()),
    ]
}

/// Adds to `metadata` what is handed out besides, without `uid` and `etag`.
fn add_metadata(stored: &mut StoredEntity) -> Added {
    let origin = origin_annotations(stored);
    let metadata = &mut stored.entity.metadata;
    let mut added = Added { namespace: !metadata.contains_key("namespace"), ..Added::default() };
    if added.namespace {
        metadata.insert("namespace".to_owned(), DEFAULT_NAMESPACE.into());
    }
    added.annotations = !metadata.contains_key("annotations");
    let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(annotations) = annotations {
        for ((key, value), added) in ORIGIN.into_iter().zip(origin).zip(&mut added.origin) {
            if let Some(value) = value
                && !annotations.contains_key(key)
            {
                annotations.insert(key.to_owned(), Value::String(value));
                *added = true;
            }
        }
        if stored.orphan {
            annotations.insert("backstage.io/orphan".to_owned(), "true".into());
        }
        for key in ["backstage.io/view-url", "backstage.io/edit-url"] {
            let is_script = |text: &str| text.trim_start().to_ascii_lowercase().starts_with("javascript:");
            if annotations.get(key).and_then(Value::as_str).is_some_and(is_script) {
                annotations.insert(key.to_owned(), REJECTED.into());
            }
        }
    }
    added
}

/// Writes the whole entity, except for its relations and with zeros for an etag.
pub(crate) fn render(mut stored: StoredEntity) -> Rendered {
    let mut added = add_metadata(&mut stored);
    let own_etag = stored.entity.metadata.shift_remove("etag").filter(Value::is_string);
    stored.entity.metadata.shift_remove("uid");
    added.etag = own_etag.is_none();
    for field in SORTED_FIELDS {
        if let Some(Value::Array(items)) = stored.entity.spec.get_mut(*field) {
            items.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        }
    }
    let entity = &stored.entity;
    let mut text = Vec::with_capacity(1_536);
    text.extend_from_slice(b"{\"metadata\":");
    write(&mut text, &entity.metadata);
    text.pop();
    if text.last() != Some(&b'{') {
        text.push(b',');
    }
    text.extend_from_slice(b"\"uid\":");
    write(&mut text, &stored.uid);
    text.extend_from_slice(b",\"etag\":");
    let etag_begin = text.len() + 1;
    if let Some(own) = &own_etag {
        write(&mut text, own);
    } else {
        text.push(b'"');
        text.extend_from_slice(&[b'0'; ETAG_DIGITS]);
        text.push(b'"');
    }
    let etag = etag_begin..text.len() - 1;
    text.extend_from_slice(b"},\"apiVersion\":");
    write(&mut text, &entity.api_version);
    text.extend_from_slice(b",\"kind\":");
    write(&mut text, &entity.kind);
    if !entity.spec.is_empty() {
        text.extend_from_slice(b",\"spec\":");
        write(&mut text, &entity.spec);
    }
    text.extend_from_slice(b",\"relations\":");
    let relations_at = text.len()..text.len() + 2;
    text.extend_from_slice(b"[]");
    if !stored.errors.is_empty() {
        text.extend_from_slice(b",\"status\":");
        write(&mut text, &status(&stored));
    }
    text.push(b'}');
    Rendered { json: text.into_boxed_slice().into(), etag, relations_at, added }
}

/// Writes relations into an entity's text, and the etag that they give.
pub(crate) fn with_relations(entity: &CatalogEntity, relations: &[Relation]) -> Rendered {
    let before = entity.json();
    let at = entity.relations_at();
    let mut text = Vec::with_capacity(before.len() + 64);
    text.extend_from_slice(before.get(..at.start).unwrap_or_default());
    write(&mut text, relations);
    let relations_at = at.start..text.len();
    text.extend_from_slice(before.get(at.end..).unwrap_or_default());
    let etag = entity.etag_at();
    if entity.added().etag {
        if let Some(digits) = text.get_mut(etag.clone()) {
            digits.fill(b'0');
        }
        stamp(&mut text, &etag);
    }
    Rendered { json: text.into_boxed_slice().into(), etag, relations_at, added: entity.added() }
}

/// Appends a value as JSON. Writing plain data into memory does not fail.
fn write<T: serde::Serialize + ?Sized>(text: &mut Vec<u8>, value: &T) {
    if serde_json::to_writer(&mut *text, value).is_err() {
        text.extend_from_slice(b"null");
    }
}

/// Puts the digest of the text where zeros hold its place.
fn stamp(text: &mut [u8], etag: &Range<usize>) {
    let digest = Digest::of(text).hex();
    if let (Some(place), Some(digits)) = (text.get_mut(etag.clone()), digest.as_bytes().get(..ETAG_DIGITS)) {
        place.copy_from_slice(digits);
    }
}

fn status(stored: &StoredEntity) -> Value {
    let item = |error: &fairway_domain::Diagnostic| {
        let place = error.location.as_ref().map(|location| format!("{location}: ")).unwrap_or_default();
        let message = format!("{place}{}", error.message);
        json!({
            "type": "backstage.io/catalog-processing",
            "level": "error",
            "message": format!("InputError: {message}"),
            "error": {"name": "InputError", "message": message},
        })
    };
    json!({ "items": stored.errors.iter().map(item).collect::<Vec<_>>() })
}

/// The entity without what was added to it.
pub(crate) fn source_entity(found: &CatalogEntity) -> Entity {
    let whole = found.to_backstage_json();
    let Value::Object(mut whole) = whole else { return empty(found) };
    let added = found.added();
    let mut map = |key: &str| match whole.shift_remove(key) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let (mut metadata, spec) = (map("metadata"), map("spec"));
    metadata.shift_remove("uid");
    if added.etag {
        metadata.shift_remove("etag");
    }
    if added.namespace {
        metadata.shift_remove("namespace");
    }
    if added.annotations {
        metadata.shift_remove("annotations");
    } else if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        for (key, _) in ORIGIN.into_iter().zip(added.origin).filter(|(_, added)| *added) {
            annotations.shift_remove(key);
        }
    }
    Entity { metadata, spec, ..empty(found) }
}

fn empty(found: &CatalogEntity) -> Entity {
    Entity {
        api_version: found.api_version().to_owned(),
        kind: found.kind().to_owned(),
        metadata: Map::new(),
        spec: Map::new(),
    }
}

/// Copies what a dotted path leads to, with the objects around it.
pub(crate) fn pick(whole: &Value, path: &str, picked: &mut Map<String, Value>) {
    let mut ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
    // The shortest key that exists wins, as in Backstage.
    let found = ends.find_map(|end| {
        let key = path.get(..end)?;
        Some((key, path.get(end + 1..), whole.get(key)?))
    });
    match found {
        Some((key, None, value)) => {
            picked.insert(key.to_owned(), value.clone());
        }
        Some((key, Some(rest), value)) => {
            let existing = match picked.get_mut(key) {
                Some(Value::Object(inner)) => {
                    pick(value, rest, inner);
                    return;
                }
                existing => existing.is_some(),
            };
            let mut inner = Map::new();
            pick(value, rest, &mut inner);
            if !existing && !inner.is_empty() {
                picked.insert(key.to_owned(), Value::Object(inner));
            }
        }
        None => {}
    }
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
