//! Where an entity comes from: the Locations that led to it, up to the one that is registered.

use std::collections::{BTreeSet, VecDeque};

use fairway_catalog::CatalogEntity;
use fairway_domain::{Caller, EntityRef, Permission};

use crate::{App, AppError};

/// An entity on the way.
#[derive(Clone, Debug)]
pub struct Ancestor {
    /// The entity.
    pub entity: CatalogEntity,
    /// The Locations that lead to it, nearest first.
    pub parents: Vec<EntityRef>,
}

impl App {
    /// An entity and the Locations that led to it, itself first.
    pub fn ancestry(&self, caller: &Caller, reference: &EntityRef) -> Result<Vec<Ancestor>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        if view.catalog.get(reference).is_none() {
            return Err(AppError::no_entity(reference));
        }
        let mut waiting = VecDeque::from([reference.clone()]);
        let mut seen = BTreeSet::from([reference.clone()]);
        let mut ancestors = Vec::new();
        while let Some(next) = waiting.pop_front() {
            let Some(entity) = view.catalog.get(&next) else { continue };
            let parents = view.catalog.parents(entity);
            for parent in &parents {
                if seen.insert(parent.clone()) {
                    waiting.push_back(parent.clone());
                }
            }
            ancestors.push(Ancestor { entity: entity.clone(), parents });
        }
        Ok(ancestors)
    }
}
