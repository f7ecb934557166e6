//! Entities that may have been meant by a reference that leads to nothing.

use std::collections::BTreeSet;

use fairway_domain::{EntityRef, near_names};

use crate::snapshot::Snapshot;

/// Names that are compared with the one that was asked for.
const COMPARED: usize = 50_000;
/// As many as a person looks through.
const MOST: usize = 5;

impl Snapshot {
    /// The entities whose names are nearest to that of a reference: the nearest name first, then the kind and the
    /// namespace that were asked for. Empty when no name is near.
    pub fn near(&self, reference: &EntityRef) -> Vec<EntityRef> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for (segment, _) in self.parts() {
            let Some(index) = segment.field("metadata.name") else { continue };
            // Nobody mistypes both ends of a name.
            let (first, last) = (reference.name().chars().next(), reference.name().chars().next_back());
            let begins_or_ends =
                |name: &&str| name.chars().next() == first || name.chars().next_back() == last;
            names.extend(index.terms().map(|term| index.lower(term)).filter(begins_or_ends));
        }
        let near = near_names(reference.name(), names.into_iter().take(COMPARED));
        let mut found: Vec<(usize, bool, bool, EntityRef)> = Vec::new();
        for (segment, present) in self.parts() {
            let Some(index) = segment.field("metadata.name") else { continue };
            for (place, name) in near.iter().enumerate() {
                let mut holding = crate::bits::Bits::none(segment.len());
                index.equal(name, &mut holding);
                holding.keep(present);
                let entities = holding.iter().filter_map(|document| segment.entity(document));
                found.extend(entities.map(|it| {
                    let it = it.reference();
                    let (other_kind, other_namespace) =
                        (it.kind() != reference.kind(), it.namespace() != reference.namespace());
                    (place, other_kind, other_namespace, it.clone())
                }));
            }
        }
        found.sort();
        found.into_iter().take(MOST).map(|(.., reference)| reference).collect()
    }
}
