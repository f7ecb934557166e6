//! The catalog at one moment: every entity with its relations, immutable and shared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use fairway_domain::{EntityRef, Relation};
use serde_json::Value;

use crate::entity_json;
use crate::relation::{drawn, emitted};
use crate::stored::{StoredDraft, StoredEntity};

/// An entity in the catalog.
#[derive(Clone, Debug)]
pub struct CatalogEntity {
    /// What the ledger holds.
    pub stored: StoredEntity,
    /// Its reference.
    pub reference: EntityRef,
    /// Its relations in both directions, sorted by type, then target; distinct.
    pub relations: Vec<Relation>,
    pub(crate) text: SearchText,
    etag: OnceLock<String>,
}

/// What words are looked for in, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct SearchText {
    pub(crate) name: String,
    pub(crate) title: String,
    /// Name, title, description, tags, type, kind and owner, one per line.
    pub(crate) everything: String,
}

impl CatalogEntity {
    fn new(stored: StoredEntity, reference: EntityRef, relations: Vec<Relation>) -> Self {
        let entity = &stored.entity;
        let mut parts =
            vec![entity.name(), entity.title(), entity.description().unwrap_or_default(), &entity.kind];
        parts.extend(entity.tags());
        parts.extend(["type", "owner"].into_iter().filter_map(|field| entity.spec_text(field)));
        parts.extend(
            ["/profile/displayName", "/profile/email"]
                .iter()
                .filter_map(|at| entity.spec_pointer(at)?.as_str()),
        );
        let everything = parts.join("\n").to_lowercase();
        let text = SearchText {
            name: entity.name().to_lowercase(),
            title: display_title(&stored).to_lowercase(),
            everything,
        };
        Self { stored, reference, relations, text, etag: OnceLock::new() }
    }

    /// What people call it: its title, a profile's display name, or its name.
    pub fn title(&self) -> &str {
        display_title(&self.stored)
    }

    /// The targets of one type of relation, sorted.
    pub fn targets(&self, relation_type: &str) -> impl Iterator<Item = &EntityRef> {
        self.relations.iter().filter(move |it| it.relation_type == relation_type).map(|it| &it.target)
    }

    /// Who owns it.
    pub fn owner(&self) -> Option<&EntityRef> {
        self.targets("ownedBy").next()
    }

    /// An annotation, the ones that say where the entity comes from included.
    pub fn annotation(&self, key: &str) -> Option<String> {
        self.stored.entity.annotation(key).map(str::to_owned).or_else(|| {
            let mut added = entity_json::origin_annotations(&self.stored).into_iter();
            added.find_map(|(name, value)| (name == key).then_some(value))
        })
    }

    /// Changes with anything that [`CatalogEntity::to_backstage_json`] hands out. 40 hexadecimal digits.
    pub fn etag(&self) -> &str {
        self.etag.get_or_init(|| entity_json::etag(&self.stored, &self.relations))
    }

    /// The entity as Backstage's API hands it out: with namespace, uid, etag, origin annotations, relations and
    /// the errors beside it.
    pub fn to_backstage_json(&self) -> Value {
        entity_json::whole(&self.stored, &self.relations, self.etag())
    }
}

fn display_title(stored: &StoredEntity) -> &str {
    let entity = &stored.entity;
    let profile = || entity.spec_pointer("/profile/displayName").and_then(Value::as_str);
    entity.metadata_text("title").or_else(profile).unwrap_or_else(|| entity.name())
}

/// A relation to an entity that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DanglingRelation {
    /// Whose relation it is.
    pub from: EntityRef,
    /// Its type and its target.
    pub relation: Relation,
}

/// The catalog at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Sorted by reference.
    entities: Vec<CatalogEntity>,
    drafts: Vec<StoredDraft>,
    /// Relations of what does not exist, made by those that refer to it.
    absent: BTreeMap<EntityRef, Vec<Relation>>,
}

impl Snapshot {
    /// Stitches entities together: every reference makes a relation on both sides. Of several entities with one
    /// reference, the one seen first counts.
    pub fn build(mut entities: Vec<StoredEntity>, mut drafts: Vec<StoredDraft>) -> Self {
        entities.sort_by(|one, other| (one.first_seen, &one.source).cmp(&(other.first_seen, &other.source)));
        let mut stored = BTreeMap::new();
        for entity in entities {
            stored.entry(entity.entity.reference()).or_insert(entity);
        }
        let mut relations: BTreeMap<EntityRef, BTreeSet<Relation>> = BTreeMap::new();
        for (from, relation) in stored.values().flat_map(|stored| emitted(&stored.entity)) {
            relations.entry(from).or_default().insert(relation);
        }
        let entities = stored
            .into_iter()
            .map(|(reference, stored)| {
                let own = relations.remove(&reference).unwrap_or_default().into_iter().collect();
                CatalogEntity::new(stored, reference, own)
            })
            .collect();
        let absent = relations
            .into_iter()
            .map(|(reference, edges)| (reference, edges.into_iter().collect()))
            .collect();
        drafts.sort_by(|one, other| {
            (&one.source, &one.file, one.line).cmp(&(&other.source, &other.file, other.line))
        });
        Self { entities, drafts, absent }
    }

    /// An entity by its reference.
    pub fn get(&self, reference: &EntityRef) -> Option<&CatalogEntity> {
        let index = self.entities.binary_search_by(|found| found.reference.cmp(reference)).ok()?;
        self.entities.get(index)
    }

    /// Every entity, sorted by reference.
    pub fn iter(&self) -> impl Iterator<Item = &CatalogEntity> {
        self.entities.iter()
    }

    /// The entities of one kind, sorted by reference.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &CatalogEntity> {
        let kind = kind.to_lowercase();
        let start = self.entities.partition_point(|found| found.reference.kind() < kind.as_str());
        self.entities.iter().skip(start).take_while(move |found| found.reference.kind() == kind)
    }

    /// How many entities there are.
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether there is no entity.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// What is wrong in the sources, sorted by source, file and line.
    pub fn drafts(&self) -> &[StoredDraft] {
        &self.drafts
    }

    /// What is wrong with documents that are meant to be this entity.
    pub fn drafts_for(&self, reference: &EntityRef) -> Vec<&StoredDraft> {
        self.drafts.iter().filter(|draft| draft.reference.as_ref() == Some(reference)).collect()
    }

    /// The relations of a reference, whether it exists or is only referred to.
    pub fn relations_of(&self, reference: &EntityRef) -> &[Relation] {
        match self.get(reference) {
            Some(found) => &found.relations,
            None => self.absent.get(reference).map_or(&[], Vec::as_slice),
        }
    }

    /// The relations whose target does not exist, sorted.
    pub fn dangling(&self) -> Vec<DanglingRelation> {
        let mut found: Vec<DanglingRelation> = self
            .absent
            .iter()
            .flat_map(|(missing, edges)| edges.iter().map(move |edge| (missing, edge)))
            .flat_map(|(missing, edge)| {
                let from = edge.target.clone();
                let back = self.relations_of(&from).iter().filter(move |relation| {
                    let (name, forward) = drawn(&relation.relation_type);
                    let (edge_name, edge_forward) = drawn(&edge.relation_type);
                    relation.target == *missing && name == edge_name && forward != edge_forward
                });
                back.map(|relation| DanglingRelation { from: from.clone(), relation: relation.clone() })
                    .collect::<Vec<_>>()
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }
}
