//! The catalog at one moment: every entity with its relations, immutable and shared.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::{EntityRef, Relation};

use crate::entity::CatalogEntity;
use crate::kind::{KIND, KindRegistry};
use crate::relation::emitted;
use crate::stored::{StoredDraft, StoredEntity};

/// A relation to an entity that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DanglingRelation {
    /// Whose relation it is.
    pub from: EntityRef,
    /// Its type and its target.
    pub relation: Relation,
}

/// The kinds that these entities describe, beside the built-in ones; what was seen first counts.
fn registry<'a>(entities: impl Iterator<Item = &'a StoredEntity>) -> KindRegistry {
    let mut kinds: Vec<&StoredEntity> = entities.filter(|stored| stored.entity.kind == KIND).collect();
    kinds.sort_by_key(|stored| (stored.first_seen, stored.entity.reference()));
    KindRegistry::with(kinds.into_iter().map(|stored| &stored.entity))
}

/// The catalog at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Sorted by reference.
    entities: Vec<CatalogEntity>,
    drafts: Vec<StoredDraft>,
    kinds: KindRegistry,
    /// Relations of what does not exist, made by those that refer to it.
    absent: BTreeMap<EntityRef, Vec<Relation>>,
    /// What entities were called before, and what they are called now.
    renamed: BTreeMap<EntityRef, EntityRef>,
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
        let kinds = registry(stored.values());
        let renamed = crate::rename::redirects(&stored);
        let mut relations: BTreeMap<EntityRef, BTreeSet<Relation>> = BTreeMap::new();
        for (from, mut relation) in stored.values().flat_map(|stored| emitted(&kinds, &stored.entity)) {
            let from = renamed.get(&from).cloned().unwrap_or(from);
            if let Some(now) = renamed.get(&relation.target) {
                relation.target = now.clone();
            }
            relations.entry(from).or_default().insert(relation);
        }
        let entities = stored
            .into_iter()
            .map(|(reference, stored)| {
                let own = relations.remove(&reference).unwrap_or_default().into_iter().collect();
                CatalogEntity::new(stored, own)
            })
            .collect();
        let absent = relations
            .into_iter()
            .map(|(reference, edges)| (reference, edges.into_iter().collect()))
            .collect();
        drafts.sort_by(|one, other| {
            (&one.source, &one.file, one.line).cmp(&(&other.source, &other.file, other.line))
        });
        Self { entities, drafts, kinds, absent, renamed }
    }

    /// The kinds that entities are judged by: the built-in ones, and those that entities describe.
    pub fn kinds(&self) -> &KindRegistry {
        &self.kinds
    }

    /// The kinds without those that a source describes.
    pub fn kinds_besides(&self, source: &str) -> KindRegistry {
        let others = self.of_kind(KIND).filter(|found| found.source() != source);
        let others: Vec<StoredEntity> = others.map(CatalogEntity::stored).collect();
        registry(others.iter())
    }

    /// What an entity is called now that had this reference before, when nothing else has it.
    pub fn renamed(&self, reference: &EntityRef) -> Option<&EntityRef> {
        self.renamed.get(reference)
    }

    /// An entity by its reference.
    pub fn get(&self, reference: &EntityRef) -> Option<&CatalogEntity> {
        let index = self.entities.binary_search_by(|found| found.reference().cmp(reference)).ok()?;
        self.entities.get(index)
    }

    /// An entity by its identifier.
    pub fn by_uid(&self, uid: &str) -> Option<&CatalogEntity> {
        self.iter().find(|found| found.uid() == uid)
    }

    /// Every entity, sorted by reference.
    pub fn iter(&self) -> impl Iterator<Item = &CatalogEntity> {
        self.entities.iter()
    }

    /// The entities of one kind, sorted by reference.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &CatalogEntity> {
        let kind = kind.to_lowercase();
        let start = self.entities.partition_point(|found| found.reference().kind() < kind.as_str());
        self.entities.iter().skip(start).take_while(move |found| found.reference().kind() == kind)
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
            Some(found) => found.relations(),
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
                    let (name, forward) = self.kinds.drawn(&relation.relation_type);
                    let (edge_name, edge_forward) = self.kinds.drawn(&edge.relation_type);
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
