//! From entities to nodes: every reference makes a relation on both sides.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use fairway_domain::{EntityRef, Relation};
use foldhash::fast::RandomState;

use crate::entity::CatalogEntity;
use crate::kind::{KIND, KindRegistry};
use crate::node::{Node, OTHER, OWN, Origin};
use crate::parallel;
use crate::relation::emitted;
use crate::rename::former_names;
use crate::stored::StoredEntity;

/// From how many nodes on the work is shared.
const MANY: usize = 512;

/// What becomes of an entity. Making one is most of the work of a change, and can be done on any thread.
#[derive(Clone, Debug)]
pub struct EntityChange {
    reference: EntityRef,
    /// What it is now; `None` when it is gone.
    entity: Option<CatalogEntity>,
    /// The relations that it makes, and whose they are.
    relations: Vec<(EntityRef, Relation)>,
    former: Vec<EntityRef>,
}

impl EntityChange {
    /// It is this now.
    pub fn put(stored: StoredEntity) -> Self {
        let relations = emitted(&KindRegistry::default(), &stored.entity).collect();
        let former = former_names(&stored.entity);
        let entity = CatalogEntity::unstitched(stored);
        Self { reference: entity.reference().clone(), entity: Some(entity), relations, former }
    }

    /// It is what the ledger holds as text.
    ///
    /// # Errors
    ///
    /// When the text is not a [`StoredEntity`].
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self::put)
    }

    pub(crate) fn reference(&self) -> &EntityRef {
        &self.reference
    }

    pub(crate) fn entity(&self) -> Option<&CatalogEntity> {
        self.entity.as_ref()
    }

    /// Whether it is about what describes a kind.
    pub(crate) fn is_kind(&self) -> bool {
        self.reference.kind().eq_ignore_ascii_case(KIND)
    }

    /// What it was called before.
    pub(crate) fn former(&self) -> &[EntityRef] {
        &self.former
    }

    /// Looks for the relations of an entity whose kind is described by another one, and leads them to what has another
    /// name now.
    pub(crate) fn judge_by(&mut self, kinds: &KindRegistry, renamed: &BTreeMap<EntityRef, EntityRef>) {
        if let Some(entity) = &self.entity
            && kinds.get(entity.kind()).is_some_and(|kind| kind.entity.is_some())
        {
            self.relations = emitted(kinds, &entity.entity()).collect();
        }
        if renamed.is_empty() {
            return;
        }
        for (from, relation) in &mut self.relations {
            if let Some(now) = renamed.get(from) {
                *from = now.clone();
            }
            if let Some(now) = renamed.get(&relation.target) {
                relation.target = now.clone();
            }
        }
    }

    /// It is gone.
    pub fn remove(reference: EntityRef) -> Self {
        Self { reference, entity: None, relations: Vec::new(), former: Vec::new() }
    }
}

/// A node that is being changed.
#[derive(Default)]
struct Change {
    before: Option<Node>,
    /// Whether its entity changes.
    changed: bool,
    /// What the entity changes to; `None` when it goes.
    entity: Option<CatalogEntity>,
    /// Whose statements about this node are void.
    withdrawn: HashSet<EntityRef>,
    added: Vec<(Relation, Origin)>,
}

/// The nodes that changes touch, by number. Every reference is written out once: whoever refers to it shares the text.
struct Touched<F> {
    numbers: HashMap<EntityRef, u32, RandomState>,
    nodes: Vec<(EntityRef, Change)>,
    find: F,
}

impl<F: Fn(&EntityRef) -> Option<Node>> Touched<F> {
    fn number(&mut self, reference: &EntityRef) -> u32 {
        if let Some(number) = self.numbers.get(reference) {
            return *number;
        }
        let before = (self.find)(reference);
        let name = before.as_ref().map_or_else(|| reference.clone(), |node| node.reference.clone());
        let number = self.nodes.len() as u32;
        self.numbers.insert(name.clone(), number);
        self.nodes.push((name, Change { before, ..Change::default() }));
        number
    }

    fn change(&mut self, number: u32) -> Option<&mut Change> {
        self.nodes.get_mut(number as usize).map(|(_, change)| change)
    }

    fn name(&self, number: u32) -> Option<EntityRef> {
        self.nodes.get(number as usize).map(|(name, _)| name.clone())
    }
}

/// The nodes that differ after the changes; those without entity and relations are nodes no more. Of several changes
/// of one entity the last one counts.
pub(crate) fn stitch(changes: Vec<EntityChange>, find: impl Fn(&EntityRef) -> Option<Node>) -> Vec<Node> {
    let mut touched = Touched {
        numbers: HashMap::with_capacity_and_hasher(changes.len(), RandomState::default()),
        nodes: Vec::with_capacity(changes.len()),
        find,
    };
    let mut last: Vec<Option<EntityChange>> = Vec::with_capacity(changes.len());
    for change in changes {
        let number = touched.number(&change.reference) as usize;
        if number >= last.len() {
            last.resize_with(number + 1, || None);
        }
        if let Some(slot) = last.get_mut(number) {
            *slot = Some(change);
        }
    }
    for (number, change) in last.into_iter().enumerate() {
        let Some(change) = change else { continue };
        announce(&mut touched, number as u32, change);
    }
    let mut nodes = touched.nodes;
    nodes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    parallel::map(nodes, MANY, |(reference, change)| change.finish(reference)).into_iter().flatten().collect()
}

/// Tells every node that a change of one entity concerns.
fn announce<F>(touched: &mut Touched<F>, number: u32, change: EntityChange)
where
    F: Fn(&EntityRef) -> Option<Node>,
{
    let EntityChange { reference, entity, relations, .. } = change;
    let mut before = Vec::new();
    if let Some(node) = touched.change(number) {
        node.changed = true;
        node.entity = entity;
        let own = node.before.iter().flat_map(Node::edges).filter(|(_, origin)| origin & OWN != 0);
        before.extend(own.map(|(relation, _)| relation.target.clone()));
    }
    for target in before {
        let target = touched.number(&target);
        if let Some(other) = touched.change(target) {
            other.withdrawn.insert(reference.clone());
        }
    }
    // Relations come in pairs, there and back, so the other end of one is mostly that of the one before.
    let mut other: Option<(EntityRef, u32)> = None;
    let mut find = |touched: &mut Touched<F>, wanted: &EntityRef| {
        if *wanted == reference {
            return number;
        }
        match &other {
            Some((known, found)) if known == wanted => *found,
            _ => {
                let found = touched.number(wanted);
                other = Some((wanted.clone(), found));
                found
            }
        }
    };
    for (from, mut relation) in relations {
        let (from, target) = (find(touched, &from), find(touched, &relation.target));
        let origin = if from == number { OWN } else { OTHER };
        if let Some(name) = touched.name(target) {
            relation.target = name;
        }
        if let Some(node) = touched.change(from) {
            node.added.push((relation, origin));
        }
    }
}

impl Change {
    /// The node as it is now; `None` when it is as it was.
    fn finish(self, reference: EntityRef) -> Option<Node> {
        let Self { before, changed, entity, withdrawn, added } = self;
        let void = |relation: &Relation| {
            let own = if changed { OWN } else { 0 };
            let other = if withdrawn.contains(&relation.target) { OTHER } else { 0 };
            own | other
        };
        let kept = before.iter().flat_map(Node::edges);
        let kept = kept.map(|(relation, origin)| (relation.clone(), origin & !void(relation)));
        let mut edges: Vec<(Relation, Origin)> =
            kept.filter(|(_, origin)| *origin != 0).chain(added).collect();
        edges.sort_unstable();
        edges.dedup_by(|(later, later_origin), (relation, origin)| {
            let same = later == relation;
            if same {
                *origin |= *later_origin;
            }
            same
        });
        let same =
            |before: &Node| before.edges().eq(edges.iter().map(|(relation, origin)| (relation, *origin)));
        if !changed && before.as_ref().is_some_and(same) {
            return None;
        }
        let (relations, origins): (Vec<Relation>, Vec<Origin>) = edges.into_iter().unzip();
        let relations: Arc<[Relation]> = relations.into();
        let entity = if changed { entity } else { before.and_then(|node| node.entity) };
        let stitched = |entity: CatalogEntity| {
            let same = !changed && entity.relations() == &*relations;
            if same { entity } else { entity.with_relations(Arc::clone(&relations)) }
        };
        let entity = entity.map(stitched);
        Some(Node { reference, entity, relations, origins: origins.into() })
    }
}
