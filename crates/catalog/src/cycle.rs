//! Circles of dependencies: things that need each other.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::EntityRef;

use crate::entity::CatalogEntity;
use crate::snapshot::Snapshot;

/// What Tarjan's algorithm knows of a node.
struct Visit {
    index: usize,
    low: usize,
    waiting: bool,
}

/// A node on the way, and what is still to be followed from it.
struct Step<'a> {
    node: &'a EntityRef,
    next: Vec<&'a EntityRef>,
}

impl Snapshot {
    /// The groups of entities of which each needs every other, through relations of these types: the largest strongly
    /// connected sets (Tarjan 1972). Each is sorted, and so are the groups; an entity that needs itself is a group of
    /// one. Relations to what does not exist lead nowhere.
    pub fn cycles(&self, relations: &[&str]) -> Vec<Vec<EntityRef>> {
        let mut search = Search::default();
        for found in self.iter() {
            search.from(self, found.reference(), relations);
        }
        search.cycles.sort();
        search.cycles
    }
}

#[derive(Default)]
struct Search<'a> {
    visits: BTreeMap<&'a EntityRef, Visit>,
    /// Those whose group is not known yet, in the order in which they were reached.
    open: Vec<&'a EntityRef>,
    cycles: Vec<Vec<EntityRef>>,
}

impl<'a> Search<'a> {
    /// Follows everything from one node. Kept on a list of its own, since a chain may be longer than a thread's stack.
    fn from(&mut self, snapshot: &'a Snapshot, start: &'a EntityRef, relations: &[&str]) {
        if self.visits.contains_key(start) {
            return;
        }
        let mut path = vec![self.enter(snapshot, start, relations)];
        while let Some(step) = path.last_mut() {
            if let Some(next) = step.next.pop() {
                let from = step.node;
                match self.visits.get(next) {
                    None => path.push(self.enter(snapshot, next, relations)),
                    Some(visit) if visit.waiting => self.lower(from, visit.index),
                    Some(_) => {}
                }
                continue;
            }
            let node = step.node;
            path.pop();
            let low = self.visits.get(node).map_or(0, |visit| visit.low);
            if let Some(parent) = path.last() {
                self.lower(parent.node, low);
            }
            if self.visits.get(node).is_some_and(|visit| visit.index == low) {
                self.close(snapshot, node, relations);
            }
        }
    }

    fn enter(&mut self, snapshot: &'a Snapshot, node: &'a EntityRef, relations: &[&str]) -> Step<'a> {
        let index = self.visits.len();
        self.visits.insert(node, Visit { index, low: index, waiting: true });
        self.open.push(node);
        Step { node, next: needed(snapshot, node, relations).collect() }
    }

    fn lower(&mut self, node: &'a EntityRef, index: usize) {
        if let Some(visit) = self.visits.get_mut(node) {
            visit.low = visit.low.min(index);
        }
    }

    /// Everything that was reached since `node` is of its group.
    fn close(&mut self, snapshot: &'a Snapshot, node: &'a EntityRef, relations: &[&str]) {
        let at = self.open.iter().rposition(|open| *open == node).unwrap_or(0);
        let group: BTreeSet<&EntityRef> = self.open.drain(at..).collect();
        for member in &group {
            if let Some(visit) = self.visits.get_mut(*member) {
                visit.waiting = false;
            }
        }
        if group.len() > 1 || needed(snapshot, node, relations).any(|needed| needed == node) {
            self.cycles.push(group.into_iter().cloned().collect());
        }
    }
}

fn needed<'a>(
    snapshot: &'a Snapshot,
    node: &EntityRef,
    relations: &[&str],
) -> impl Iterator<Item = &'a EntityRef> {
    let all = snapshot.relations_of(node).iter();
    let wanted = all.filter(move |relation| relations.contains(&relation.relation_type.as_str()));
    wanted.filter_map(|relation| snapshot.get(&relation.target).map(CatalogEntity::reference))
}
