//! The catalog at one moment: every entity with its relations, immutable and shared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use fairway_domain::{Entity, EntityRef, Relation};

use crate::bits::Bits;
use crate::edit::FORMERLY;
use crate::entity::CatalogEntity;
use crate::evaluate::Condition;
use crate::kind::{KIND, KindRegistry, POLICY_GROUPS, is_policy};
use crate::node::Node;
use crate::parallel;
use crate::predicate::{Field, Predicate};
use crate::query::SOURCE;
use crate::rename::{former_names, redirects};
use crate::segment::{SEGMENT, Segment};
use crate::selecting::Matches;
use crate::stitch::{EntityChange, stitch};
use crate::stored::{StoredDraft, StoredEntity};

/// So many segments of about one size become one.
const FAN: usize = 8;

/// A relation to an entity that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DanglingRelation {
    /// Whose relation it is.
    pub from: EntityRef,
    /// Its type and its target.
    pub relation: Relation,
}

/// The kinds that these entities describe, beside the built-in ones; what was seen first counts.
fn registry<'a>(entities: impl Iterator<Item = &'a CatalogEntity>) -> KindRegistry {
    let mut kinds: Vec<&CatalogEntity> = entities.collect();
    kinds.sort_by_key(|found| (found.first_seen(), found.reference().clone()));
    let kinds: Vec<Arc<Entity>> = kinds.into_iter().map(CatalogEntity::entity).collect();
    KindRegistry::with(kinds.iter().map(|kind| &**kind))
}

/// The catalog at one moment. A clone shares everything; a changed one shares what did not change.
#[derive(Clone, Default)]
pub struct Snapshot {
    parts: Vec<Part>,
    drafts: Arc<[Arc<StoredDraft>]>,
    kinds: KindRegistry,
    /// What entities were called before, and what they are called now.
    renamed: Arc<BTreeMap<EntityRef, EntityRef>>,
}

/// A segment, and what of it still holds.
#[derive(Clone)]
struct Part {
    segment: Arc<Segment>,
    /// The nodes that no later segment replaces.
    live: Bits,
    /// Those of them that are entities.
    present: Bits,
}

impl Part {
    fn new(nodes: Vec<Node>) -> Self {
        let segment = Segment::new(nodes);
        Self {
            live: Bits::all(segment.len()),
            present: segment.entities().clone(),
            segment: Arc::new(segment),
        }
    }

    fn node(&self, reference: &EntityRef) -> Option<(u16, &Node)> {
        let document = self.segment.find(reference).filter(|document| self.live.contains(*document))?;
        Some((document, self.segment.node(document)?))
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.live.iter().filter_map(|document| self.segment.node(document))
    }

    /// About how large it is: parts of one level are merged when there are many.
    fn level(&self) -> u32 {
        self.live.count().checked_ilog(FAN).unwrap_or(0)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Snapshot({} entities in {} segments)", self.len(), self.parts.len())
    }
}

impl Snapshot {
    /// Stitches entities together: every reference makes a relation on both sides. Of several entities with one
    /// reference, the one seen first counts.
    pub fn build(mut entities: Vec<StoredEntity>, drafts: Vec<StoredDraft>) -> Self {
        // The last change of an entity counts.
        entities.sort_by(|one, other| (other.first_seen, &other.source).cmp(&(one.first_seen, &one.source)));
        let changes = parallel::map(entities, 512, EntityChange::put);
        Self::default().with(changes).with_drafts(drafts.into_iter().map(Arc::new).collect())
    }

    /// The catalog after some changes. It costs what they change, and shares the rest.
    #[must_use]
    pub fn with(&self, mut changes: Vec<EntityChange>) -> Self {
        let kinds = self.kinds_after(&mut changes);
        let renamed = self.renamed_after(&mut changes);
        for change in &mut changes {
            change.judge_by(&kinds, &renamed);
        }
        let mut nodes = stitch(changes, |reference| self.node(reference).cloned());
        let mut parts = self.parts.clone();
        for node in &nodes {
            for part in &mut parts {
                if let Some((document, _)) = part.node(&node.reference) {
                    part.live.remove(document);
                    part.present.remove(document);
                    break;
                }
            }
        }
        nodes.retain(|node| node.entity.is_some() || !node.relations.is_empty());
        // What is mostly gone is written anew with what came.
        parts.retain(|part| {
            let live = part.live.count();
            let keep = live * 2 >= part.segment.len();
            if !keep {
                nodes.extend(part.nodes().cloned());
            }
            keep
        });
        parts.extend(segments(nodes));
        merge(&mut parts);
        Self { parts, drafts: Arc::clone(&self.drafts), kinds, renamed }
    }

    /// The kinds that hold after some changes. What is of a kind that becomes another is added to the changes, since
    /// other relations may come of it.
    fn kinds_after(&self, changes: &mut Vec<EntityChange>) -> KindRegistry {
        let mut kinds = self.kinds.clone();
        if changes.iter().any(EntityChange::is_kind) {
            let mut described: BTreeMap<&EntityRef, &CatalogEntity> =
                self.of_kind(KIND).map(|found| (found.reference(), found)).collect();
            for change in changes.iter() {
                match change.entity() {
                    Some(entity) if entity.kind() == KIND => described.insert(change.reference(), entity),
                    _ => described.remove(change.reference()),
                };
            }
            kinds = registry(described.into_values());
            let differences = kinds.differences(&self.kinds);
            let known: BTreeSet<EntityRef> =
                changes.iter().map(|change| change.reference().clone()).collect();
            let affected = differences.iter().flat_map(|kind| self.of_kind(kind));
            let affected = affected.filter(|found| !known.contains(found.reference()));
            changes.extend(affected.map(|found| EntityChange::put(found.stored())));
        }
        kinds
    }

    /// Where former references lead after some changes. What refers to one that leads elsewhere now is added to the
    /// changes.
    fn renamed_after(&self, changes: &mut Vec<EntityChange>) -> Arc<BTreeMap<EntityRef, EntityRef>> {
        let condition =
            Condition::new(self, &Predicate::Exists(Field::new(&format!("metadata.annotations.{FORMERLY}"))));
        let matches = self.matches(&condition);
        let plain = changes.iter().all(|change| change.former().is_empty());
        if plain && matches.is_empty() && self.renamed.is_empty() {
            return Arc::clone(&self.renamed);
        }
        let mut after: BTreeMap<&EntityRef, &EntityChange> = BTreeMap::new();
        let mut former: BTreeMap<EntityRef, Vec<EntityRef>> = matches
            .iter()
            .flat_map(|it| it.found.iter().filter_map(|document| it.segment.entity(document)))
            .map(|found| (found.reference().clone(), former_names(&found.entity())))
            .collect();
        for change in changes.iter() {
            after.insert(change.reference(), change);
            former.insert(change.reference().clone(), change.former().to_vec());
        }
        let exists = |reference: &EntityRef| {
            after.get(reference).map_or_else(|| self.get(reference).is_some(), |it| it.entity().is_some())
        };
        let renamed = redirects(&former, exists);
        let keys: BTreeSet<&EntityRef> = renamed.keys().chain(self.renamed.keys()).collect();
        let moved = keys.into_iter().filter(|key| renamed.get(*key) != self.renamed.get(*key));
        let mut affected: BTreeMap<&EntityRef, &CatalogEntity> = BTreeMap::new();
        for key in moved {
            let around = self.relations_of(self.renamed.get(key).unwrap_or(key));
            let others = around.iter().filter(|relation| !after.contains_key(&relation.target));
            let others = others.filter_map(|relation| self.get(&relation.target));
            affected.extend(others.map(|found| (found.reference(), found)));
        }
        let affected: Vec<EntityChange> =
            affected.into_values().map(|found| EntityChange::put(found.stored())).collect();
        changes.extend(affected);
        Arc::new(renamed)
    }

    /// The kinds that entities are judged by: the built-in ones, and those that entities describe.
    pub fn kinds(&self) -> &KindRegistry {
        &self.kinds
    }

    /// The kinds without those that a source describes.
    pub fn kinds_besides(&self, source: &str) -> KindRegistry {
        registry(self.of_kind(KIND).filter(|found| found.source() != source))
    }

    /// The same catalog with other drafts.
    #[must_use]
    pub fn with_drafts(&self, mut drafts: Vec<Arc<StoredDraft>>) -> Self {
        drafts.sort_by(|one, other| {
            (&one.source, &one.file, one.line).cmp(&(&other.source, &other.file, other.line))
        });
        Self { drafts: drafts.into(), ..self.clone() }
    }

    /// The segments, and what of each are entities of the catalog.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Segment, &Bits)> {
        self.parts.iter().map(|part| (&*part.segment, &part.present))
    }

    fn node(&self, reference: &EntityRef) -> Option<&Node> {
        self.parts.iter().find_map(|part| part.node(reference)).map(|(_, node)| node)
    }

    /// Every former reference with what it is called now, sorted.
    pub fn renames(&self) -> impl Iterator<Item = (&EntityRef, &EntityRef)> {
        self.renamed.iter()
    }

    /// What an entity is called now that had this reference before, when nothing else has it.
    pub fn renamed(&self, reference: &EntityRef) -> Option<&EntityRef> {
        self.renamed.get(reference)
    }

    /// An entity by its reference.
    pub fn get(&self, reference: &EntityRef) -> Option<&CatalogEntity> {
        self.node(reference)?.entity.as_ref()
    }

    /// An entity by its identifier.
    pub fn by_uid(&self, uid: &str) -> Option<&CatalogEntity> {
        let wanted = uid.to_lowercase();
        self.parts().find_map(|(segment, present)| {
            let mut found = Bits::none(segment.len());
            segment.field("metadata.uid")?.equal(&wanted, &mut found);
            found.keep(present);
            found.iter().filter_map(|document| segment.entity(document)).find(|entity| entity.uid() == uid)
        })
    }

    /// Every entity, sorted by reference.
    pub fn iter(&self) -> impl Iterator<Item = &CatalogEntity> {
        let parts =
            self.parts.iter().map(|part| (&*part.segment, 0, part.segment.len() as u16, &part.present));
        merged(parts.collect())
    }

    /// The entities of one kind, sorted by reference.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &CatalogEntity> {
        let kind = kind.to_lowercase();
        let parts = self.parts.iter().map(|part| {
            let segment = &*part.segment;
            let start = segment.partition_point(|reference| reference.kind() < kind.as_str());
            let end = segment.partition_point(|reference| reference.kind() <= kind.as_str());
            (segment, start, end, &part.present)
        });
        merged(parts.collect())
    }

    /// The entities that a source gives, in no particular order. It costs what they are, not what the catalog is.
    pub fn of_source<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a CatalogEntity> {
        let found = self.that(&Predicate::In(Field::new(SOURCE), vec![source.to_owned()]));
        // Values are found whatever their case.
        found.filter(move |entity| entity.source() == source)
    }

    /// The policies that live beside the entities, sorted by reference. It costs what they are, not what the catalog is.
    pub fn policies(&self) -> Vec<&CatalogEntity> {
        let version = Field::new("apiVersion");
        let of_group = |group: &&str| Predicate::Prefix(version.clone(), format!("{group}/"));
        let found = self.that(&Predicate::Any(POLICY_GROUPS.iter().map(of_group).collect()));
        // Values are found whatever their case.
        let mut found: Vec<&CatalogEntity> = found.filter(|it| is_policy(it.api_version())).collect();
        found.sort_unstable_by(|one, other| one.reference().cmp(other.reference()));
        found
    }

    /// The entities for which a predicate holds, in no particular order.
    fn that<'a>(&'a self, predicate: &Predicate) -> impl Iterator<Item = &'a CatalogEntity> + use<'a> {
        let condition = Condition::new(self, predicate);
        self.matches(&condition).into_iter().flat_map(|Matches { segment, found }| {
            let documents: Vec<u16> = found.iter().collect();
            documents.into_iter().filter_map(|document| segment.entity(document))
        })
    }

    /// How many entities there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.present.count()).sum()
    }

    /// Whether there is no entity.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.present.is_empty())
    }

    /// How many entities there are of each kind, by the kind in its own case.
    pub fn count_by_kind(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for (segment, present) in self.parts() {
            let Some(index) = segment.field("kind") else { continue };
            for term in index.terms() {
                let count = index.count(term, present);
                if count > 0 {
                    *kinds.entry(index.own(term).to_owned()).or_default() += count;
                }
            }
        }
        kinds
    }

    /// What is wrong in the sources, sorted by source, file and line.
    pub fn drafts(&self) -> &[Arc<StoredDraft>] {
        &self.drafts
    }

    /// What is wrong with documents that are meant to be this entity.
    pub fn drafts_for(&self, reference: &EntityRef) -> Vec<&StoredDraft> {
        let mine = |draft: &&StoredDraft| draft.reference.as_ref() == Some(reference);
        self.drafts.iter().map(|draft| &**draft).filter(mine).collect()
    }

    /// The relations of a reference, whether it exists or is only referred to.
    pub fn relations_of(&self, reference: &EntityRef) -> &[Relation] {
        self.node(reference).map_or(&[], |node| &node.relations)
    }

    /// The relations whose target does not exist, sorted.
    pub fn dangling(&self) -> Vec<DanglingRelation> {
        let absent = self.parts.iter().flat_map(Part::nodes).filter(|node| node.entity.is_none());
        let mut found: Vec<DanglingRelation> = absent
            .flat_map(|node| node.relations.iter().map(move |edge| (&node.reference, edge)))
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

fn segments(mut nodes: Vec<Node>) -> Vec<Part> {
    // The ledger gives entities nearly in order, and this sort is quick then.
    nodes.sort_by(|one, other| one.reference.cmp(&other.reference));
    let mut chunks = Vec::new();
    while !nodes.is_empty() {
        let rest = nodes.split_off(nodes.len().min(SEGMENT));
        chunks.push(std::mem::replace(&mut nodes, rest));
    }
    parallel::map(chunks, 2, Part::new)
}

/// Merges the parts of a level where there are many of them, so that there are never more than a few dozen.
fn merge(parts: &mut Vec<Part>) {
    for level in 0..=SEGMENT.ilog(FAN) {
        let small = |part: &Part| part.level() == level && part.live.count() * 2 <= SEGMENT;
        if parts.iter().filter(|part| small(part)).count() < FAN.min(SEGMENT / FAN.pow(level)) {
            continue;
        }
        let mut nodes: Vec<Node> = Vec::new();
        parts.retain(|part| {
            let merged = small(part);
            if merged {
                nodes.extend(part.nodes().cloned());
            }
            !merged
        });
        parts.extend(segments(nodes));
    }
}

/// The entities of several segments, from one document to another, sorted by reference.
fn merged<'a>(mut parts: Vec<(&'a Segment, u16, u16, &'a Bits)>) -> impl Iterator<Item = &'a CatalogEntity> {
    std::iter::from_fn(move || {
        let mut best: Option<(usize, &CatalogEntity)> = None;
        for (index, (segment, next, end, present)) in parts.iter_mut().enumerate() {
            while *next < *end && !present.contains(*next) {
                *next += 1;
            }
            if *next >= *end {
                continue;
            }
            let Some(entity) = segment.entity(*next) else { continue };
            if best.is_none_or(|(_, best)| entity.reference() < best.reference()) {
                best = Some((index, entity));
            }
        }
        let (index, entity) = best?;
        parts.get_mut(index)?.1 += 1;
        Some(entity)
    })
}
