//! What a change of policies does to waivers: those that would let nothing pass any more.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::finding::Finding;
use fairway_domain::waiver::Waiver;
use fairway_domain::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};

use super::Waivers;
use super::delivered::Delivered;
use super::fleet::placed;
use super::impact::Pair;
use super::verdicts::Verdicts;

/// What would become of a waiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaiverFate {
    /// What it lets pass now would be found in a way that it does not cover.
    Lapses,
    /// What it lets pass now would not be found.
    Unneeded,
}

/// A waiver that would let nothing pass any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaiverImpact {
    /// Its identifier.
    pub id: String,
    /// The policy that it is an exception from, for people.
    pub title: String,
    /// What it is about, when the catalog has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entity: Option<EntityRef>,
    /// When it ends by itself.
    pub until: Timestamp,
    /// How many findings it lets pass now.
    pub findings: usize,
    /// What would become of it.
    pub fate: WaiverFate,
}

/// What a waiver lets pass under some policies, and whom it is about.
#[derive(Default)]
struct Covered<'w> {
    waivers: BTreeMap<&'w str, (&'w Waiver, usize, BTreeSet<Place>)>,
    /// Where something is found that no waiver covers.
    open: BTreeSet<Place>,
}

/// An object in one of its places, for one unit of policies.
type Place = (usize, u32, String);

impl<'w> Covered<'w> {
    fn add(&mut self, waivers: &'w Waivers, delivered: &Delivered, unit: usize, verdicts: &Verdicts) {
        for (number, findings) in &verdicts.findings {
            for placement in delivered.places_of(*number) {
                for finding in findings {
                    let finding: Finding = placed(finding, placement);
                    let place = (unit, *number, format!("{}/{}", placement.environment, placement.file));
                    match waivers.of_finding(&finding) {
                        Some(waiver) => {
                            let known =
                                self.waivers.entry(&waiver.id).or_insert((waiver, 0, BTreeSet::new()));
                            known.1 += 1;
                            known.2.insert(place);
                        }
                        None => {
                            self.open.insert(place);
                        }
                    }
                }
            }
        }
    }
}

/// The waivers that let findings of the changed policies pass now, and would let none pass any more.
pub(crate) fn waiver_impact(
    waivers: &Waivers,
    delivered: &Delivered,
    pairs: &[Pair<'_>],
) -> Vec<WaiverImpact> {
    if waivers.is_empty() {
        return Vec::new();
    }
    let (mut before, mut after) = (Covered::default(), Covered::default());
    for (unit, (old, new)) in pairs.iter().enumerate() {
        if let Some(old) = old {
            before.add(waivers, delivered, unit, old);
        }
        if let Some(new) = new {
            after.add(waivers, delivered, unit, new);
        }
    }
    before
        .waivers
        .into_iter()
        .filter(|(id, _)| !after.waivers.contains_key(id))
        .map(|(id, (waiver, findings, places))| WaiverImpact {
            id: id.to_owned(),
            title: waiver.title.clone(),
            entity: waiver.entity.clone(),
            until: waiver.until,
            findings,
            fate: if places.is_disjoint(&after.open) { WaiverFate::Unneeded } else { WaiverFate::Lapses },
        })
        .collect()
}
