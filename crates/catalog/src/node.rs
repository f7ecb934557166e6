//! Whatever can be referred to: an entity with its relations, or a reference to nothing with those made by others.

use std::sync::Arc;

use fairway_domain::{EntityRef, Relation};

use crate::entity::CatalogEntity;

/// Who says that there is a relation: a set of [`OWN`] and [`OTHER`].
pub(crate) type Origin = u8;
/// The entity itself.
pub(crate) const OWN: Origin = 1;
/// The relation's target.
pub(crate) const OTHER: Origin = 2;

/// A reference, what it stands for, and its relations.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) reference: EntityRef,
    /// `None` when it is only referred to.
    pub(crate) entity: Option<CatalogEntity>,
    /// Sorted by type, then target; distinct.
    pub(crate) relations: Arc<[Relation]>,
    /// For each relation, who says so.
    pub(crate) origins: Arc<[Origin]>,
}

impl Node {
    /// The relations with their origins.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (&Relation, Origin)> {
        self.relations.iter().zip(self.origins.iter().copied())
    }
}
