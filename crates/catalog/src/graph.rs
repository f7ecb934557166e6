//! Neighbourhoods of entities as graphs.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::EntityRef;

use crate::snapshot::Snapshot;

/// As many nodes make a picture; more make none.
const NODES: usize = 1_000;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphNode {
    /// Which entity.
    pub reference: EntityRef,
    /// Its kind in its own case; in lower case when it does not exist.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Whether it is only referred to.
    pub missing: bool,
    /// How many steps it is away from the nearest root.
    pub distance: usize,
}

/// An edge in the direction in which it is drawn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GraphEdge {
    /// Where it begins.
    pub from: EntityRef,
    /// Where it ends.
    pub to: EntityRef,
    /// The forward name, for example `dependsOn`, never `dependencyOf`.
    pub relation: String,
}

/// A neighbourhood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes, the nearest first, then by reference.
    pub nodes: Vec<GraphNode>,
    /// The edges between these nodes, sorted; one for both directions of a relation.
    pub edges: Vec<GraphEdge>,
    /// Whether nodes were left out because there are too many.
    pub truncated: bool,
}

impl Snapshot {
    /// What lies within `depth` steps of the roots, along these relations in either direction; along all of them
    /// when the list is empty. A relation may be named by either of its names.
    pub fn graph(&self, roots: &[EntityRef], depth: usize, relations: &[&str]) -> Graph {
        let wanted: BTreeSet<&str> = relations.iter().map(|name| self.kinds().drawn(name).0).collect();
        let follows = |name: &str| wanted.is_empty() || wanted.contains(name);
        let mut distances: BTreeMap<EntityRef, usize> = roots.iter().map(|root| (root.clone(), 0)).collect();
        let mut frontier: Vec<EntityRef> = distances.keys().cloned().collect();
        let mut truncated = false;
        for distance in 1..=depth {
            let mut next = BTreeSet::new();
            for reference in &frontier {
                for relation in self.relations_of(reference) {
                    if !follows(self.kinds().drawn(&relation.relation_type).0)
                        || distances.contains_key(&relation.target)
                    {
                        continue;
                    }
                    if distances.len() >= NODES {
                        truncated = true;
                        break;
                    }
                    distances.insert(relation.target.clone(), distance);
                    next.insert(relation.target.clone());
                }
            }
            frontier = next.into_iter().collect();
        }
        let mut edges = BTreeSet::new();
        for reference in distances.keys() {
            for relation in self.relations_of(reference) {
                let (name, forward) = self.kinds().drawn(&relation.relation_type);
                if follows(name) && distances.contains_key(&relation.target) {
                    let (from, to) =
                        if forward { (reference, &relation.target) } else { (&relation.target, reference) };
                    edges.insert(GraphEdge { from: from.clone(), to: to.clone(), relation: name.to_owned() });
                }
            }
        }
        let mut nodes: Vec<GraphNode> =
            distances.into_iter().map(|(reference, distance)| self.graph_node(reference, distance)).collect();
        nodes.sort_by(|one, other| (one.distance, &one.reference).cmp(&(other.distance, &other.reference)));
        Graph { nodes, edges: edges.into_iter().collect(), truncated }
    }

    /// The node of a reference, whether it exists or is only referred to.
    pub(crate) fn graph_node(&self, reference: EntityRef, distance: usize) -> GraphNode {
        match self.get(&reference) {
            Some(found) => GraphNode {
                kind: found.kind().to_owned(),
                title: found.title().to_owned(),
                missing: false,
                reference,
                distance,
            },
            None => GraphNode {
                kind: reference.kind().to_owned(),
                title: reference.name().to_owned(),
                missing: true,
                reference,
                distance,
            },
        }
    }
}
