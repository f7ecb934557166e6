//! What something needs or breaks as a graph, by depth and kind.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::EntityRef;

use crate::dependency::{BREAKS, Dependent, NEEDS};
use crate::graph::{GraphEdge, GraphNode};
use crate::snapshot::Snapshot;

/// As many nodes as anybody reads.
const NODES: usize = 5_000;
/// The relation of an edge that stands for a way through things that are not shown.
const THROUGH_OTHERS: &str = "throughOthers";

/// Which way dependencies are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// To what it needs.
    #[default]
    Needs,
    /// To what breaks when it does.
    Breaks,
}

/// How far to go, and what to show.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Which way.
    pub direction: Direction,
    /// How many steps; all when absent.
    pub depth: Option<usize>,
    /// Only these kinds, in any case; all when empty. What is of other kinds is still gone through.
    pub kinds: Vec<String>,
}

/// Something on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// What it is; its distance is from 1.
    pub node: GraphNode,
    /// The nearest thing before it that is shown; the start when there is none.
    pub through: EntityRef,
}

/// What something needs, or breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachGraph {
    /// The nearest first, then by reference. The start is not among them.
    pub nodes: Vec<Reached>,
    /// The edges between the start and these nodes, in the direction in which they are drawn, sorted. One whose
    /// relation is `throughOthers` leads from what needs to what is needed through things that are not shown.
    pub edges: Vec<GraphEdge>,
    /// Whether nodes were left out because there are too many.
    pub truncated: bool,
}

impl Snapshot {
    /// What `start` needs or breaks.
    pub fn reach_graph(&self, start: &EntityRef, reach: &Reach) -> ReachGraph {
        let along = match reach.direction {
            Direction::Needs => NEEDS,
            Direction::Breaks => BREAKS,
        };
        let found = self.reach(start, along, reach.depth.unwrap_or(usize::MAX));
        let kinds: BTreeSet<String> = reach.kinds.iter().map(|kind| kind.to_lowercase()).collect();
        let mut shown: Vec<&Dependent> =
            found.iter().filter(|it| kinds.is_empty() || kinds.contains(it.reference.kind())).collect();
        let truncated = shown.len() > NODES;
        shown.truncate(NODES);
        let names: BTreeSet<&EntityRef> = shown.iter().map(|it| &it.reference).chain([start]).collect();
        let before: BTreeMap<&EntityRef, &EntityRef> =
            found.iter().map(|it| (&it.reference, &it.through)).collect();
        let mut edges = BTreeSet::new();
        for from in &names {
            for relation in self.relations_of(from) {
                if along.contains(&relation.relation_type.as_str()) && names.contains(&relation.target) {
                    let (name, forward) = self.kinds().drawn(&relation.relation_type);
                    let (from, to) =
                        if forward { (*from, &relation.target) } else { (&relation.target, *from) };
                    edges.insert(GraphEdge { from: from.clone(), to: to.clone(), relation: name.to_owned() });
                }
            }
        }
        let mut nodes = Vec::with_capacity(shown.len());
        for Dependent { reference, distance, through } in shown {
            let mut nearest = through;
            while !names.contains(nearest) {
                let Some(before) = before.get(nearest) else { break };
                nearest = *before;
            }
            if nearest != through {
                let (from, to) = match reach.direction {
                    Direction::Needs => (nearest, reference),
                    Direction::Breaks => (reference, nearest),
                };
                let relation = THROUGH_OTHERS.to_owned();
                edges.insert(GraphEdge { from: from.clone(), to: to.clone(), relation });
            }
            nodes.push(Reached {
                node: self.graph_node(reference.clone(), *distance),
                through: nearest.clone(),
            });
        }
        ReachGraph { nodes, edges: edges.into_iter().collect(), truncated }
    }

    /// What needs `reference` and is needed by it, itself included, sorted; empty when it is in no circle.
    pub fn cycle_of(&self, reference: &EntityRef) -> Vec<EntityRef> {
        let needed: BTreeSet<EntityRef> =
            self.dependencies(reference).into_iter().map(|it| it.reference).collect();
        let dependents = self.dependents(reference).into_iter().map(|it| it.reference);
        let mut circle: BTreeSet<EntityRef> = dependents.filter(|it| needed.contains(it)).collect();
        let needs_itself = |it: &fairway_domain::Relation| {
            it.target == *reference && NEEDS.contains(&it.relation_type.as_str())
        };
        if !circle.is_empty() || self.relations_of(reference).iter().any(needs_itself) {
            circle.insert(reference.clone());
        }
        circle.into_iter().collect()
    }

    /// Every group of things that need each other, each sorted, and so are the groups.
    pub fn dependency_cycles(&self) -> Vec<Vec<EntityRef>> {
        self.cycles(NEEDS)
    }
}
