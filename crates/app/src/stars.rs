//! What somebody marked to come back to.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, EntityRef, Permission, Timestamp};
use serde::{Deserialize, Serialize};

use crate::effects::to_value;
use crate::projection::View;
use crate::{App, AppError};

/// More stars than these mark nothing.
pub const MOST_STARS: usize = 500;

/// A mark that a person put on an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Star {
    /// Whose.
    pub person: EntityRef,
    /// On what.
    pub entity: EntityRef,
    /// Since when.
    pub at: Timestamp,
}

fn subject(person: &EntityRef, entity: &EntityRef) -> String {
    format!("{person} {entity}")
}

/// How many people starred each entity, by reference.
pub(crate) fn starred(view: &View) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<&EntityRef, u32> = BTreeMap::new();
    for star in view.stars.values() {
        *counts.entry(view.catalog.renamed(&star.entity).unwrap_or(&star.entity)).or_default() += 1;
    }
    counts.into_iter().map(|(entity, count)| (entity.to_string(), count)).collect()
}

impl App {
    /// What the caller starred, the newest first. A star stays on an entity that is called otherwise now, and waits for
    /// one that is gone.
    pub fn stars(&self, caller: &Caller) -> Result<Vec<EntityRef>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let person = caller.actor.user();
        let mut own: Vec<_> = view.stars.values().filter(|star| star.person == person).collect();
        own.sort_by(|one, other| (other.at, &one.entity).cmp(&(one.at, &other.entity)));
        let mut seen = BTreeSet::new();
        Ok(own
            .into_iter()
            .map(|star| view.catalog.renamed(&star.entity).unwrap_or(&star.entity).clone())
            .filter(|entity| view.catalog.get(entity).is_some() && seen.insert(entity.clone()))
            .collect())
    }

    /// Puts the caller's stars on entities, or takes them away. What is as asked already is left alone.
    ///
    /// # Errors
    ///
    /// When one of them does not exist, or there would be more than [`MOST_STARS`].
    pub async fn star(&self, caller: &Caller, entities: &[EntityRef], starred: bool) -> Result<(), AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let person = caller.actor.user();
        let own: Vec<&EntityRef> =
            view.stars.values().filter(|star| star.person == person).map(|star| &star.entity).collect();
        let wanted: BTreeSet<&EntityRef> = entities.iter().collect();
        let mut facts = Vec::new();
        if starred {
            let new: Vec<&EntityRef> = wanted.into_iter().filter(|entity| !own.contains(entity)).collect();
            if own.len() + new.len() > MOST_STARS {
                return Err(AppError::Invalid {
                    message: format!("these would be more than {MOST_STARS} stars"),
                    hint: Some("save a view instead, or take stars away".to_owned()),
                });
            }
            for entity in new {
                if view.catalog.get(entity).is_none() {
                    let (what, name) = ("entity", entity.to_string());
                    return Err(AppError::NotFound { what, name, near: Vec::new() });
                }
                let star = Star { person: person.clone(), entity: entity.clone(), at: self.now() };
                facts.push(NewFact::by(caller, kind::STAR, subject(&person, entity), Some(to_value(&star)?)));
            }
        } else {
            // A star may still be on the entity's former name.
            let gone = own.into_iter().filter(|entity| {
                wanted.contains(entity)
                    || view.catalog.renamed(entity).is_some_and(|now| wanted.contains(now))
            });
            facts.extend(gone.map(|entity| NewFact::by(caller, kind::STAR, subject(&person, entity), None)));
        }
        self.append(facts).await
    }
}
