//! An entity of the catalog: what Backstage's API hands out as bytes, and a few fields beside it.
//!
//! The bytes are the only copy of the entity. They are written once, when the entity or one of its relations
//! changes; whoever needs the tree parses it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fairway_domain::{Diagnostic, Entity, EntityRef, Relation, Timestamp};
use serde_json::{Map, Value};

use crate::entity_json::{self, Added, Rendered};
use crate::stored::StoredEntity;

/// An entity in the catalog. A clone is cheap.
#[derive(Clone)]
pub struct CatalogEntity {
    facts: Arc<Facts>,
    json: Bytes,
    /// Where the etag stands in `json`.
    etag: Range<usize>,
    /// What lies before the relations in `json`, and what follows them.
    relations_at: Range<usize>,
    /// Sorted by type, then target; distinct.
    relations: Arc<[Relation]>,
}

/// What does not change with the relations.
struct Facts {
    reference: EntityRef,
    api_version: Arc<str>,
    kind: Arc<str>,
    name: Box<str>,
    namespace: Arc<str>,
    title: Option<Box<str>>,
    description: Option<Box<str>>,
    entity_type: Option<Arc<str>>,
    lifecycle: Option<Arc<str>>,
    source: Arc<str>,
    location: Box<str>,
    origin_location: Arc<str>,
    file: Box<str>,
    line: usize,
    uid: Box<str>,
    first_seen: Timestamp,
    last_seen: Timestamp,
    revision: Option<Box<str>>,
    errors: Box<[Diagnostic]>,
    orphan: bool,
    added: Added,
    /// What is looked for beside name, title, kind and description: tags, type, owner, a profile's name and
    /// address, one per line.
    words: Box<str>,
}

impl fmt::Debug for CatalogEntity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CatalogEntity({})", self.facts.reference)
    }
}

impl PartialEq for CatalogEntity {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
            && self.facts.source == other.facts.source
            && self.facts.file == other.facts.file
            && self.facts.line == other.facts.line
    }
}

impl CatalogEntity {
    /// Writes the entity out, without relations; [`CatalogEntity::with_relations`] makes it whole.
    pub(crate) fn unstitched(stored: StoredEntity) -> Self {
        let entity = &stored.entity;
        let profile = entity.spec_pointer("/profile/displayName").and_then(Value::as_str);
        let mut facts = Facts {
            reference: entity.reference(),
            api_version: entity.api_version.as_str().into(),
            kind: entity.kind.as_str().into(),
            name: entity.name().into(),
            namespace: entity.namespace().into(),
            title: entity.metadata_text("title").or(profile).map(Into::into),
            description: entity.description().map(Into::into),
            entity_type: entity.spec_text("type").map(Into::into),
            lifecycle: entity.spec_text("lifecycle").map(Into::into),
            source: stored.source.as_str().into(),
            location: stored.location.as_str().into(),
            origin_location: stored.origin_location.as_str().into(),
            file: stored.file.as_str().into(),
            revision: stored.revision.as_deref().map(Into::into),
            line: stored.line,
            uid: stored.uid.as_str().into(),
            first_seen: stored.first_seen,
            last_seen: stored.last_seen,
            errors: stored.errors.as_slice().into(),
            orphan: stored.orphan,
            added: Added::default(),
            words: words(entity).into(),
        };
        let Rendered { json, etag, relations_at, added } = entity_json::render(stored);
        facts.added = added;
        Self { facts: Arc::new(facts), json, etag, relations_at, relations: Arc::new([]) }
    }

    /// The same entity with these relations, which are sorted and distinct.
    pub(crate) fn with_relations(&self, relations: Arc<[Relation]>) -> Self {
        let Rendered { json, etag, relations_at, .. } = entity_json::with_relations(self, &relations);
        Self { facts: Arc::clone(&self.facts), json, etag, relations_at, relations }
    }

    pub(crate) fn added(&self) -> Added {
        self.facts.added
    }

    /// Appends what words are looked for in, in lower case: name and title, each on a line of its own, then the
    /// rest. The last line is not ended.
    pub(crate) fn write_search_text(&self, text: &mut String) {
        let parts = [self.name(), self.title(), self.description().unwrap_or_default(), self.kind()];
        for part in parts {
            text.extend(part.to_lowercase().chars().map(|it| if it == '\n' { ' ' } else { it }));
            text.push('\n');
        }
        text.push_str(&self.facts.words);
    }

    pub(crate) fn etag_at(&self) -> Range<usize> {
        self.etag.clone()
    }

    pub(crate) fn relations_at(&self) -> Range<usize> {
        self.relations_at.clone()
    }

    /// Its reference.
    pub fn reference(&self) -> &EntityRef {
        &self.facts.reference
    }

    /// For example `backstage.io/v1alpha1`.
    pub fn api_version(&self) -> &str {
        &self.facts.api_version
    }

    /// The kind in its own case.
    pub fn kind(&self) -> &str {
        &self.facts.kind
    }

    /// The namespace in its own case.
    pub fn namespace(&self) -> &str {
        &self.facts.namespace
    }

    /// The name in its own case.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// What people call it: its title, a profile's display name, or its name.
    pub fn title(&self) -> &str {
        self.facts.title.as_deref().unwrap_or(&self.facts.name)
    }

    /// `metadata.description`.
    pub fn description(&self) -> Option<&str> {
        self.facts.description.as_deref()
    }

    /// `spec.type`.
    pub fn entity_type(&self) -> Option<&str> {
        self.facts.entity_type.as_deref()
    }

    /// `spec.lifecycle`.
    pub fn lifecycle(&self) -> Option<&str> {
        self.facts.lifecycle.as_deref()
    }

    /// The identifier of its source.
    pub fn source(&self) -> &str {
        &self.facts.source
    }

    /// Backstage's `type:target` of its file.
    pub fn location(&self) -> &str {
        &self.facts.location
    }

    /// Backstage's `type:target` of its source's root file.
    pub fn origin_location(&self) -> &str {
        &self.facts.origin_location
    }

    /// Its file inside the source.
    pub fn file(&self) -> &str {
        &self.facts.file
    }

    /// The line that it begins in, from 1.
    pub fn line(&self) -> usize {
        self.facts.line
    }

    /// Its identifier for as long as it lives.
    pub fn uid(&self) -> &str {
        &self.facts.uid
    }

    /// When it was first seen.
    pub fn first_seen(&self) -> Timestamp {
        self.facts.first_seen
    }

    /// When this version was seen.
    pub fn last_seen(&self) -> Timestamp {
        self.facts.last_seen
    }

    /// The commit or digest of its source that it was read from.
    pub fn revision(&self) -> Option<&str> {
        self.facts.revision.as_deref()
    }

    /// What is wrong with its source now; empty when this version is the current one.
    pub fn errors(&self) -> &[Diagnostic] {
        &self.facts.errors
    }

    /// Whether its source no longer has it, and it is kept all the same.
    pub fn is_orphan(&self) -> bool {
        self.facts.orphan
    }

    /// Its relations in both directions, sorted by type, then target; distinct.
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// The targets of one type of relation, sorted.
    pub fn targets(&self, relation_type: &str) -> impl Iterator<Item = &EntityRef> {
        self.relations.iter().filter(move |it| it.relation_type == relation_type).map(|it| &it.target)
    }

    /// Who owns it.
    pub fn owner(&self) -> Option<&EntityRef> {
        self.targets("ownedBy").next()
    }

    /// The system that it is part of.
    pub fn system(&self) -> Option<&EntityRef> {
        self.targets("partOf").find(|target| target.kind() == "system")
    }

    /// Changes with anything that [`CatalogEntity::json`] hands out: 40 hexadecimal digits, or what the source
    /// itself says.
    pub fn etag(&self) -> &str {
        self.json.get(self.etag.clone()).and_then(|found| std::str::from_utf8(found).ok()).unwrap_or_default()
    }

    /// Exactly what Backstage's API hands out, as compact JSON: with namespace, uid, etag, origin annotations,
    /// relations and the errors beside it. A clone of the bytes shares them.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The same as a tree.
    pub fn to_backstage_json(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }

    /// Only these fields of it, each a dotted path whose keys may hold dots themselves; what does not exist is
    /// left out. All of it when there are none.
    pub fn json_with(&self, fields: &[String]) -> Value {
        let whole = self.to_backstage_json();
        if fields.is_empty() {
            return whole;
        }
        let mut picked = Map::new();
        for field in fields {
            entity_json::pick(&whole, field, &mut picked);
        }
        Value::Object(picked)
    }

    /// The entity as its source has it, parsed anew at each call. Lists of references are sorted, as they are in
    /// what is handed out.
    pub fn entity(&self) -> Arc<Entity> {
        Arc::new(entity_json::source_entity(self))
    }

    /// Whether this is what would be handed out for `entity` from the same place, whatever its relations.
    pub(crate) fn holds(&self, entity: Entity) -> bool {
        let (metadata, spec) = (serde_json::Map::new(), serde_json::Map::new());
        let none = Entity { api_version: String::new(), kind: String::new(), metadata, spec };
        let other = Self::unstitched(StoredEntity { entity, errors: Vec::new(), ..self.stored_with(none) });
        let own_etag = |it: &Self| (!it.facts.added.etag).then(|| it.etag().to_owned());
        let parts = |it: &Self| {
            [0..it.etag.start, it.etag.end..it.relations_at.start, it.relations_at.end..it.json.len()]
                .map(|part| it.json.slice(part))
        };
        own_etag(self) == own_etag(&other) && parts(self) == parts(&other)
    }

    /// What the ledger holds of it.
    pub fn stored(&self) -> StoredEntity {
        self.stored_with(entity_json::source_entity(self))
    }

    fn stored_with(&self, entity: Entity) -> StoredEntity {
        let facts = &self.facts;
        StoredEntity {
            entity,
            source: facts.source.to_string(),
            location: facts.location.to_string(),
            origin_location: facts.origin_location.to_string(),
            file: facts.file.to_string(),
            line: facts.line,
            uid: facts.uid.to_string(),
            first_seen: facts.first_seen,
            last_seen: facts.last_seen,
            revision: facts.revision.as_deref().map(str::to_owned),
            errors: facts.errors.to_vec(),
            orphan: facts.orphan,
        }
    }

    /// An annotation, the ones that say where the entity comes from included.
    pub fn annotation(&self, key: &str) -> Option<String> {
        let whole = self.to_backstage_json();
        whole.get("metadata")?.get("annotations")?.get(key)?.as_str().map(str::to_owned)
    }
}

fn words(entity: &Entity) -> String {
    let profile = |field| entity.spec_pointer(field).and_then(Value::as_str);
    let spec = ["type", "owner"].into_iter().filter_map(|field| entity.spec_text(field));
    let person = ["/profile/displayName", "/profile/email"].into_iter().filter_map(profile);
    let words: Vec<&str> = entity.tags().chain(spec).chain(person).collect();
    words.join("\n").to_lowercase()
}
