//! From entities to nodes: every reference makes a relation on both sides.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fairway_domain::{EntityRef, Relation, RelationType};
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
    withdrawn: Vec<EntityRef>,
}

/// A relation that is said anew, between nodes by number.
struct Edge {
    from: u32,
    target: u32,
    relation_type: RelationType,
    origin: Origin,
}

/// The nodes that changes touch, by number. Every reference is written out once: whoever refers to it shares the text.
struct Touched<F> {
    numbers: HashMap<EntityRef, u32, RandomState>,
    names: Vec<EntityRef>,
    changes: Vec<Change>,
    edges: Vec<Edge>,
    find: F,
}

impl<F: Fn(&EntityRef) -> Option<Node>> Touched<F> {
    fn number(&mut self, reference: &EntityRef) -> u32 {
        if let Some(number) = self.numbers.get(reference) {
            return *number;
        }
        let before = (self.find)(reference);
        let name = before.as_ref().map_or_else(|| reference.clone(), |node| node.reference.clone());
        let number = self.names.len() as u32;
        self.numbers.insert(name.clone(), number);
        self.names.push(name);
        self.changes.push(Change { before, ..Change::default() });
        number
    }

    fn change(&mut self, number: u32) -> Option<&mut Change> {
        self.changes.get_mut(number as usize)
    }

    /// Tells every node that a change of one entity concerns.
    fn announce(&mut self, number: u32, change: EntityChange) {
        let EntityChange { reference, entity, relations, .. } = change;
        let mut before = Vec::new();
        if let Some(node) = self.change(number) {
            node.changed = true;
            node.entity = entity;
            let own = node.before.iter().flat_map(Node::edges).filter(|(_, origin)| origin & OWN != 0);
            before.extend(own.map(|(relation, _)| relation.target.clone()));
        }
        for target in before {
            let target = self.number(&target);
            if let Some(other) = self.change(target) {
                other.withdrawn.push(reference.clone());
            }
        }
        // Relations come in pairs, there and back, so the other end of one is mostly that of the one before.
        let mut other: Option<(EntityRef, u32)> = None;
        let mut find = |touched: &mut Self, wanted: EntityRef| {
            if wanted == reference {
                return number;
            }
            match &other {
                Some((known, found)) if *known == wanted => *found,
                _ => {
                    let found = touched.number(&wanted);
                    other = Some((wanted, found));
                    found
                }
            }
        };
        for (from, Relation { relation_type, target }) in relations {
            let (from, target) = (find(self, from), find(self, target));
            let origin = if from == number { OWN } else { OTHER };
            self.edges.push(Edge { from, target, relation_type, origin });
        }
    }
}

/// The nodes that differ after the changes; those without entity and relations are nodes no more. Of several changes
/// of one entity the last one counts.
pub(crate) fn stitch(changes: Vec<EntityChange>, find: impl Fn(&EntityRef) -> Option<Node>) -> Vec<Node> {
    let mut touched = Touched {
        numbers: HashMap::with_capacity_and_hasher(changes.len(), RandomState::default()),
        names: Vec::with_capacity(changes.len()),
        changes: Vec::with_capacity(changes.len()),
        edges: Vec::new(),
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
        if let Some(change) = change {
            touched.announce(number as u32, change);
        }
    }
    let Touched { names, changes, edges, .. } = touched;
    let added = Added::new(&edges, names.len());
    let numbered: Vec<(usize, Change)> = changes.into_iter().enumerate().collect();
    let finish = |(number, change): (usize, Change)| {
        let relation = |edge: &Edge| {
            let target = names.get(edge.target as usize)?.clone();
            Some((Relation { relation_type: edge.relation_type.clone(), target }, edge.origin))
        };
        change.finish(names.get(number)?.clone(), added.of(number).filter_map(relation))
    };
    parallel::map(numbered, MANY, finish).into_iter().flatten().collect()
}

/// Relations that are said anew, by the node that has them.
struct Added<'a> {
    edges: &'a [Edge],
    /// Positions among the edges, those of one node together.
    order: Vec<u32>,
    /// Where each node's end in `order`.
    ends: Vec<u32>,
}

impl<'a> Added<'a> {
    fn new(edges: &'a [Edge], nodes: usize) -> Self {
        let mut places = vec![0_u32; nodes];
        for edge in edges {
            if let Some(count) = places.get_mut(edge.from as usize) {
                *count += 1;
            }
        }
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        let mut order = vec![0_u32; edges.len()];
        for (position, edge) in edges.iter().enumerate() {
            let Some(place) = places.get_mut(edge.from as usize) else { continue };
            if let Some(slot) = order.get_mut(*place as usize) {
                *slot = position as u32;
            }
            *place += 1;
        }
        Self { edges, order, ends: places }
    }

    fn of(&self, node: usize) -> impl Iterator<Item = &'a Edge> {
        let end =
            |node: Option<usize>| node.and_then(|node| self.ends.get(node)).map_or(0, |end| *end as usize);
        let positions = self.order.get(end(node.checked_sub(1))..end(Some(node))).unwrap_or_default();
        positions.iter().filter_map(|position| self.edges.get(*position as usize))
    }
}

impl Change {
    /// The node as it is now; `None` when it is as it was.
    fn finish(self, reference: EntityRef, added: impl Iterator<Item = (Relation, Origin)>) -> Option<Node> {
        let Self { before, changed, entity, mut withdrawn } = self;
        withdrawn.sort_unstable();
        let void = |relation: &Relation| {
            let own = if changed { OWN } else { 0 };
            let other = if withdrawn.binary_search(&relation.target).is_ok() { OTHER } else { 0 };
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
