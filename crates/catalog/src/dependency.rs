//! What breaks when something does, and what something needs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fairway_domain::EntityRef;

use crate::snapshot::Snapshot;

/// The relations along which something needs something else.
pub(crate) const NEEDS: &[&str] = &["dependsOn", "consumesApi", "apiProvidedBy"];
/// The same the other way round: along which an outage spreads.
pub(crate) const BREAKS: &[&str] = &["dependencyOf", "apiConsumedBy", "providesApi"];

/// Something that depends on something else, directly or through others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Which entity.
    pub reference: EntityRef,
    /// How many steps away it is, from 1.
    pub distance: usize,
    /// The entity one step nearer, through which it depends.
    pub through: EntityRef,
}

impl Snapshot {
    /// Everything that an outage of `reference` reaches: what depends on it, the APIs that it provides and what
    /// consumes them, and so on. The nearest first, then by reference.
    pub fn dependents(&self, reference: &EntityRef) -> Vec<Dependent> {
        self.reach(reference, BREAKS, usize::MAX)
    }

    /// Everything that `reference` needs: what it depends on, the APIs that it consumes and what provides them, and
    /// so on. The nearest first, then by reference.
    pub fn dependencies(&self, reference: &EntityRef) -> Vec<Dependent> {
        self.reach(reference, NEEDS, usize::MAX)
    }

    /// What belongs to `whole`, directly or through its parts.
    pub(crate) fn parts_of(&self, whole: &EntityRef) -> BTreeSet<EntityRef> {
        self.reach(whole, &["hasPart"], usize::MAX).into_iter().map(|part| part.reference).collect()
    }

    /// What lies within `depth` steps along these relations.
    pub(crate) fn reach(&self, start: &EntityRef, along: &[&str], depth: usize) -> Vec<Dependent> {
        let mut found: BTreeMap<EntityRef, Dependent> = BTreeMap::new();
        let mut waiting = VecDeque::from([(start.clone(), 0)]);
        while let Some((reference, distance)) = waiting.pop_front() {
            if distance >= depth {
                continue;
            }
            for relation in self.relations_of(&reference) {
                let target = &relation.target;
                if !along.contains(&relation.relation_type.as_str())
                    || target == start
                    || found.contains_key(target)
                {
                    continue;
                }
                let step = Dependent {
                    reference: target.clone(),
                    distance: distance + 1,
                    through: reference.clone(),
                };
                found.insert(target.clone(), step);
                waiting.push_back((target.clone(), distance + 1));
            }
        }
        let mut all: Vec<Dependent> = found.into_values().collect();
        all.sort_by(|one, other| (one.distance, &one.reference).cmp(&(other.distance, &other.reference)));
        all
    }
}
