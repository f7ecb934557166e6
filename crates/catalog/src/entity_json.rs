//! An entity as Backstage's API hands it out: with what the server adds.
//!
//! The text is laid out as `{"metadata":{…,"uid":…,"etag":…},"apiVersion":…,"kind":…,"spec":…,"relations":…,
//! "status":…}`. What is kept is this text without its relations, and the etag apart: relations change far more often
//! than what the source says, and are written in when the entity is handed out.

use std::ops::Range;

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
/// How long an etag of our own is.
pub(crate) const ETAG_DIGITS: usize = 40;

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
    /// Without relations, and with zeros for an etag of our own.
    pub(crate) text: Box<str>,
    /// The etag, without its quotes.
    pub(crate) etag: Range<u32>,
    /// Between the brackets of the list of relations.
    pub(crate) relations: u32,
    pub(crate) spans: Spans,
    pub(crate) added: Added,
}

/// A text that [`Spans`] find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    ApiVersion,
    Kind,
    Namespace,
    Name,
    Title,
    Description,
    Type,
    Lifecycle,
    Uid,
}

/// Where texts that are often asked for stand in the whole; those that are written differently there are beside it.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    inside: [(u32, u32); Part::Uid as usize + 1],
    beside: Box<[(Part, Box<str>)]>,
}

impl Spans {
    pub(crate) fn get<'a>(&'a self, whole: &'a str, part: Part) -> Option<&'a str> {
        match self.inside.get(part as usize) {
            Some((start, end)) if start != end => whole.get(*start as usize..*end as usize),
            _ => self.beside.iter().find(|(found, _)| *found == part).map(|(_, text)| &**text),
        }
    }

    /// Remembers a text whose JSON is the last that was written.
    fn wrote(&mut self, whole: &[u8], part: Part, text: &str) {
        let end = whole.len().saturating_sub(1);
        let start = end.saturating_sub(text.len());
        match self.inside.get_mut(part as usize) {
            Some(slot) if !text.is_empty() && whole.get(start..end) == Some(text.as_bytes()) => {
                *slot = (start as u32, end as u32);
            }
            _ => self.beside(part, text),
        }
    }

    /// Remembers a text that stands nowhere.
    fn beside(&mut self, part: Part, text: &str) {
        let mut beside = std::mem::take(&mut self.beside).into_vec();
        beside.push((part, text.into()));
        self.beside = beside.into();
    }
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
    let mut spans = Spans::default();
    let mut text = Vec::with_capacity(1_536);
    text.extend_from_slice(b"{\"metadata\":{");
    write_fields(&mut text, &entity.metadata, &mut spans, |key| match key {
        "namespace" => Some(Part::Namespace),
        "name" => Some(Part::Name),
        "title" => Some(Part::Title),
        "description" => Some(Part::Description),
        _ => None,
    });
    if !entity.metadata.is_empty() {
        text.push(b',');
    }
    text.extend_from_slice(b"\"uid\":");
    write(&mut text, &stored.uid);
    spans.wrote(&text, Part::Uid, &stored.uid);
    text.extend_from_slice(b",\"etag\":");
    let etag_begin = text.len() + 1;
    if let Some(own) = &own_etag {
        write(&mut text, own);
    } else {
        text.push(b'"');
        text.extend_from_slice(&[b'0'; ETAG_DIGITS]);
        text.push(b'"');
    }
    let etag = etag_begin as u32..text.len() as u32 - 1;
    text.extend_from_slice(b"},\"apiVersion\":");
    write(&mut text, &entity.api_version);
    spans.wrote(&text, Part::ApiVersion, &entity.api_version);
    text.extend_from_slice(b",\"kind\":");
    write(&mut text, &entity.kind);
    spans.wrote(&text, Part::Kind, &entity.kind);
    if !entity.spec.is_empty() {
        text.extend_from_slice(b",\"spec\":{");
        write_fields(&mut text, &entity.spec, &mut spans, |key| match key {
            "type" => Some(Part::Type),
            "lifecycle" => Some(Part::Lifecycle),
            _ => None,
        });
        text.push(b'}');
    }
    if entity.metadata_text("title").is_none() && entity.title() != entity.name() {
        spans.beside(Part::Title, entity.title());
    }
    text.extend_from_slice(b",\"relations\":[");
    let relations = text.len() as u32;
    text.push(b']');
    if !stored.errors.is_empty() {
        text.extend_from_slice(b",\"status\":");
        write(&mut text, &status(&stored));
    }
    text.push(b'}');
    // What was written is all JSON, so nothing is lost here.
    let text = String::from_utf8(text).unwrap_or_default().into_boxed_str();
    Rendered { text, etag, relations, spans, added }
}

/// Appends the fields of an object, without its braces, and remembers where some of them stand.
fn write_fields(
    text: &mut Vec<u8>,
    fields: &Map<String, Value>,
    spans: &mut Spans,
    part: impl Fn(&str) -> Option<Part>,
) {
    for (index, (key, value)) in fields.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        write(text, key);
        text.push(b':');
        write(text, value);
        if let (Some(part), Value::String(value)) = (part(key), value) {
            spans.wrote(text, part, value);
        }
    }
}

/// Appends the items of the list of relations.
fn write_relations(text: &mut Vec<u8>, relations: &[Relation]) {
    for (index, relation) in relations.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(b"{\"type\":");
        write(text, relation.relation_type.as_str());
        text.extend_from_slice(b",\"targetRef\":");
        write(text, relation.target.as_str());
        text.push(b'}');
    }
}

/// Appends the whole entity with its relations and its etag.
pub(crate) fn write_whole(text: &mut Vec<u8>, entity: &CatalogEntity) {
    let (base, etag, relations) = (entity.base().as_bytes(), entity.etag_at(), entity.relations_at());
    text.reserve(base.len() + entity.relations().len() * 64);
    text.extend_from_slice(base.get(..etag.start).unwrap_or_default());
    text.extend_from_slice(entity.etag().as_bytes());
    text.extend_from_slice(base.get(etag.end..relations).unwrap_or_default());
    write_relations(text, entity.relations());
    text.extend_from_slice(base.get(relations..).unwrap_or_default());
}

/// The etag that an entity gets with these relations: it changes with anything that is handed out.
pub(crate) fn etag(base: &str, at: u32, relations: &[Relation]) -> [u8; ETAG_DIGITS] {
    let (base, at) = (base.as_bytes(), at as usize);
    let mut text = Vec::with_capacity(base.len() + relations.len() * 64);
    text.extend_from_slice(base.get(..at).unwrap_or_default());
    write_relations(&mut text, relations);
    text.extend_from_slice(base.get(at..).unwrap_or_default());
    let digest = Digest::of(&text).hex();
    let digits = digest.as_bytes().first_chunk().copied();
    digits.unwrap_or([b'0'; ETAG_DIGITS])
}

/// Appends a value as JSON. Writing plain data into memory does not fail.
fn write<T: serde::Serialize + ?Sized>(text: &mut Vec<u8>, value: &T) {
    if serde_json::to_writer(&mut *text, value).is_err() {
        text.extend_from_slice(b"null");
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
    let Ok(Value::Object(mut whole)) = serde_json::from_str(found.base()) else { return empty(found) };
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
