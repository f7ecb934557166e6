//! An entity of the catalog: what Backstage's API hands out, and where it comes from.
//!
//! One text holds everything that the source says, and is the only copy of it. It is written once; relations and etag,
//! which change with other entities, are kept beside it and written in when the entity is handed out. Whoever needs the
//! tree parses it.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use fairway_domain::{Diagnostic, Entity, EntityRef, Relation, Timestamp};
use serde_json::{Map, Value};

use crate::entity_json::{self, Added, ETAG_DIGITS, Part, Rendered};
use crate::stored::StoredEntity;

/// An entity in the catalog. A clone is cheap.
#[derive(Clone)]
pub struct CatalogEntity {
    facts: Arc<Facts>,
    /// Sorted by type, then target; distinct.
    relations: Arc<[Relation]>,
    /// Where the source has none of its own; made when it is asked for.
    etag: OnceLock<[u8; ETAG_DIGITS]>,
}

/// What does not change with the relations.
struct Facts {
    reference: EntityRef,
    rendered: Rendered,
    place: Arc<Place>,
    line: u32,
    orphan: bool,
    first_seen: Timestamp,
    last_seen: Timestamp,
    errors: Box<[Diagnostic]>,
}

/// Where entities come from; shared by those of one file.
#[derive(PartialEq, Eq)]
struct Place {
    source: Box<str>,
    location: Box<str>,
    origin_location: Box<str>,
    file: Box<str>,
    revision: Option<Box<str>>,
}

thread_local! {
    /// The place that was last read from: entities come file by file.
    static LAST_PLACE: RefCell<Option<Arc<Place>>> = const { RefCell::new(None) };
}

impl Place {
    fn of(stored: &StoredEntity) -> Arc<Self> {
        let is_same = |place: &Self| {
            *place.file == *stored.file
                && *place.location == *stored.location
                && *place.origin_location == *stored.origin_location
                && *place.source == *stored.source
                && place.revision.as_deref() == stored.revision.as_deref()
        };
        LAST_PLACE.with_borrow_mut(|last| {
            if let Some(place) = last.as_ref().filter(|place| is_same(place)) {
                return Arc::clone(place);
            }
            let place = Arc::new(Self {
                source: stored.source.as_str().into(),
                location: stored.location.as_str().into(),
                origin_location: stored.origin_location.as_str().into(),
                file: stored.file.as_str().into(),
                revision: stored.revision.as_deref().map(Into::into),
            });
            *last = Some(Arc::clone(&place));
            place
        })
    }
}

impl fmt::Debug for CatalogEntity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CatalogEntity({})", self.facts.reference)
    }
}

impl PartialEq for CatalogEntity {
    fn eq(&self, other: &Self) -> bool {
        self.base() == other.base()
            && self.relations == other.relations
            && self.facts.place.source == other.facts.place.source
            && self.facts.place.file == other.facts.place.file
            && self.facts.line == other.facts.line
    }
}

impl CatalogEntity {
    /// Writes the entity out, without relations; [`CatalogEntity::with_relations`] makes it whole.
    pub(crate) fn unstitched(stored: StoredEntity) -> Self {
        let facts = Facts {
            reference: stored.entity.reference(),
            place: Place::of(&stored),
            line: u32::try_from(stored.line).unwrap_or(u32::MAX),
            orphan: stored.orphan,
            first_seen: stored.first_seen,
            last_seen: stored.last_seen,
            errors: stored.errors.as_slice().into(),
            rendered: entity_json::render(stored),
        };
        Self { facts: Arc::new(facts), relations: Arc::new([]), etag: OnceLock::new() }
    }

    /// The same entity with these relations, which are sorted and distinct.
    pub(crate) fn with_relations(&self, relations: Arc<[Relation]>) -> Self {
        Self { facts: Arc::clone(&self.facts), relations, etag: OnceLock::new() }
    }

    pub(crate) fn added(&self) -> Added {
        self.facts.rendered.added
    }

    /// Everything as JSON, but for the relations and an etag of our own.
    pub(crate) fn base(&self) -> &str {
        &self.facts.rendered.text
    }

    fn part(&self, part: Part) -> Option<&str> {
        self.facts.rendered.spans.get(self.base(), part)
    }

    /// Appends what words are looked for in, in lower case: name, title, description and kind, each on a line of its
    /// own. The last line is not ended.
    pub(crate) fn write_search_text(&self, text: &mut String) {
        let parts = [self.name(), self.title(), self.description().unwrap_or_default(), self.kind()];
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            text.extend(part.to_lowercase().chars().map(|it| if it == '\n' { ' ' } else { it }));
        }
    }

    /// Where the etag stands in [`CatalogEntity::base`].
    pub(crate) fn etag_at(&self) -> Range<usize> {
        let at = &self.facts.rendered.etag;
        at.start as usize..at.end as usize
    }

    /// Where the relations belong in [`CatalogEntity::base`].
    pub(crate) fn relations_at(&self) -> usize {
        self.facts.rendered.relations as usize
    }

    /// Its reference.
    pub fn reference(&self) -> &EntityRef {
        &self.facts.reference
    }

    /// For example `backstage.io/v1alpha1`.
    pub fn api_version(&self) -> &str {
        self.part(Part::ApiVersion).unwrap_or_default()
    }

    /// The kind in its own case.
    pub fn kind(&self) -> &str {
        self.part(Part::Kind).unwrap_or_default()
    }

    /// The namespace in its own case.
    pub fn namespace(&self) -> &str {
        self.part(Part::Namespace).unwrap_or_default()
    }

    /// The name in its own case.
    pub fn name(&self) -> &str {
        self.part(Part::Name).unwrap_or_default()
    }

    /// What people call it: its title, a profile's display name, or its name.
    pub fn title(&self) -> &str {
        self.part(Part::Title).unwrap_or_else(|| self.name())
    }

    /// `metadata.description`.
    pub fn description(&self) -> Option<&str> {
        self.part(Part::Description)
    }

    /// `spec.type`.
    pub fn entity_type(&self) -> Option<&str> {
        self.part(Part::Type)
    }

    /// `spec.lifecycle`.
    pub fn lifecycle(&self) -> Option<&str> {
        self.part(Part::Lifecycle)
    }

    /// The identifier of its source.
    pub fn source(&self) -> &str {
        &self.facts.place.source
    }

    /// Backstage's `type:target` of its file.
    pub fn location(&self) -> &str {
        &self.facts.place.location
    }

    /// Backstage's `type:target` of its source's root file.
    pub fn origin_location(&self) -> &str {
        &self.facts.place.origin_location
    }

    /// Its file inside the source.
    pub fn file(&self) -> &str {
        &self.facts.place.file
    }

    /// The line that it begins in, from 1.
    pub fn line(&self) -> usize {
        self.facts.line as usize
    }

    /// Its identifier for as long as it lives.
    pub fn uid(&self) -> &str {
        self.part(Part::Uid).unwrap_or_default()
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
        self.facts.place.revision.as_deref()
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
        let rendered = &self.facts.rendered;
        let found = if rendered.added.etag {
            let make = || entity_json::etag(&rendered.text, rendered.relations, &self.relations);
            std::str::from_utf8(self.etag.get_or_init(make)).ok()
        } else {
            self.base().get(self.etag_at())
        };
        found.unwrap_or_default()
    }

    /// Exactly what Backstage's API hands out, as compact JSON: with namespace, uid, etag, origin annotations,
    /// relations and the errors beside it. Put together at each call.
    pub fn json(&self) -> Bytes {
        let mut text = Vec::new();
        self.write_json(&mut text);
        text.into()
    }

    /// Appends what [`CatalogEntity::json`] gives.
    pub fn write_json(&self, text: &mut Vec<u8>) {
        entity_json::write_whole(text, self);
    }

    /// The same as a tree.
    pub fn to_backstage_json(&self) -> Value {
        serde_json::from_slice(&self.json()).unwrap_or_default()
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
        self.base() == other.base()
    }

    /// What the ledger holds of it.
    pub fn stored(&self) -> StoredEntity {
        self.stored_with(entity_json::source_entity(self))
    }

    fn stored_with(&self, entity: Entity) -> StoredEntity {
        let facts = &self.facts;
        StoredEntity {
            entity,
            source: self.source().to_owned(),
            location: self.location().to_owned(),
            origin_location: self.origin_location().to_owned(),
            file: self.file().to_owned(),
            line: self.line(),
            uid: self.uid().to_owned(),
            first_seen: facts.first_seen,
            last_seen: facts.last_seen,
            revision: self.revision().map(str::to_owned),
            errors: facts.errors.to_vec(),
            orphan: facts.orphan,
        }
    }

    /// An annotation, the ones that say where the entity comes from included.
    pub fn annotation(&self, key: &str) -> Option<String> {
        let whole: Value = serde_json::from_str(self.base()).ok()?;
        whole.get("metadata")?.get("annotations")?.get(key)?.as_str().map(str::to_owned)
    }
}
