//! Who belongs to which groups, and what they own.

use std::collections::{BTreeSet, VecDeque};

use fairway_domain::EntityRef;

use crate::entity::CatalogEntity;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// The groups that somebody belongs to, also through parent groups: the nearest first, then by reference. It
    /// works for people who are not in the catalog themselves but named by groups.
    pub fn groups_of(&self, user: &EntityRef) -> Vec<EntityRef> {
        let mut seen = BTreeSet::from([user.clone()]);
        let mut waiting = VecDeque::from([user.clone()]);
        let mut groups = Vec::new();
        while let Some(member) = waiting.pop_front() {
            for relation in self.relations_of(&member) {
                let upwards = matches!(relation.relation_type.as_str(), "memberOf" | "childOf");
                if upwards && seen.insert(relation.target.clone()) {
                    groups.push(relation.target.clone());
                    waiting.push_back(relation.target.clone());
                }
            }
        }
        groups
    }

    /// What any of these owns, sorted by reference.
    pub fn owned_by(&self, owners: &[EntityRef]) -> Vec<&CatalogEntity> {
        let owned: BTreeSet<&EntityRef> = owners
            .iter()
            .flat_map(|owner| self.relations_of(owner))
            .filter(|relation| relation.relation_type == "ownerOf")
            .map(|relation| &relation.target)
            .collect();
        owned.into_iter().filter_map(|reference| self.get(reference)).collect()
    }

    /// The people in a group and in the groups below it, sorted.
    pub fn members_of(&self, group: &EntityRef) -> Vec<EntityRef> {
        let mut seen = BTreeSet::from([group.clone()]);
        let mut waiting = VecDeque::from([group.clone()]);
        let mut members = BTreeSet::new();
        while let Some(group) = waiting.pop_front() {
            for relation in self.relations_of(&group) {
                match relation.relation_type.as_str() {
                    "hasMember" => {
                        members.insert(relation.target.clone());
                    }
                    "parentOf" if seen.insert(relation.target.clone()) => {
                        waiting.push_back(relation.target.clone());
                    }
                    _ => {}
                }
            }
        }
        members.into_iter().collect()
    }
}
