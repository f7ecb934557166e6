//! What a synchronisation does to what was known.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::tree::TreePath;
use fairway_domain::{Diagnostic, EntityRef};
use serde::{Deserialize, Serialize};

use crate::address::plain;
use crate::entity::CatalogEntity;
use crate::ingest::{IngestedEntity, Ingestion};
use crate::parallel;

/// Fewer removals never look like a mistake, whatever their share.
const FEW: usize = 5;

/// From where on removals look like a mistake that a person should confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovalLimit {
    /// More than this share of what is known, in per cent; at least five, so that small sources may change.
    pub percent: u8,
    /// More than this many, whatever their share.
    pub count: usize,
}

impl Default for RemovalLimit {
    fn default() -> Self {
        Self { percent: 20, count: 50 }
    }
}

impl RemovalLimit {
    /// Whether removing `gone` of `known` entities looks like a mistake.
    pub const fn is_crossed(self, gone: usize, known: usize) -> bool {
        gone > self.count || (gone >= FEW && gone * 100 > known * self.percent as usize)
    }
}

/// The difference between what a source gave so far and what it gives now.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Entities that were not known.
    pub added: Vec<IngestedEntity>,
    /// Entities that differ, moved to another file, or are whole again.
    pub changed: Vec<IngestedEntity>,
    /// Entities that are gone.
    pub removed: Vec<EntityRef>,
    /// Entities that were gone before, and that were kept as orphans.
    pub orphans: Vec<EntityRef>,
    /// Entities whose document is broken or cannot be reached. Their last good version stays.
    pub broken: Vec<BrokenEntity>,
    /// Whether the removals look like a mistake that a person should confirm: more than 20 % and at least 5,
    /// or more than 50.
    pub suspicious: bool,
}

impl Change {
    /// Whether nothing has to be written down.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.changed.is_empty()
            && self.removed.is_empty()
            && self.broken.iter().all(|broken| broken.known)
    }
}

/// A known entity that cannot be read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenEntity {
    /// Which.
    pub reference: EntityRef,
    /// Why.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the same is kept beside the entity already.
    pub known: bool,
}

/// Compares what one source gave so far with what it gives now. An entity is removed only when its file was
/// read, is whole as far as that entity goes, and does not have it any more; a broken document, a file that
/// cannot be read and a Location that cannot be followed keep what came from there.
pub fn diff(before: &[CatalogEntity], after: &Ingestion) -> Change {
    let known: BTreeMap<&EntityRef, &CatalogEntity> =
        before.iter().map(|found| (found.reference(), found)).collect();
    let mut change = Change::default();
    let mut present = BTreeSet::new();
    let compared: Vec<_> =
        after.entities.iter().map(|ingested| (ingested, known.get(&ingested.reference))).collect();
    let compared = parallel::map(compared, 512, |(ingested, found)| {
        (ingested, found.map(|found| differs(found, ingested)))
    });
    for (ingested, differs) in compared {
        match differs {
            None => change.added.push(ingested.clone()),
            Some(true) => change.changed.push(ingested.clone()),
            Some(false) => {}
        }
        present.insert(ingested.reference.clone());
    }
    let reasons = Reasons::of(after, &present);
    for (reference, found) in known {
        if present.contains(reference) {
            continue;
        }
        let reference = reference.clone();
        match reasons.to_keep(&reference, found.file()) {
            Some(diagnostics) => {
                let known = found.errors() == diagnostics;
                change.broken.push(BrokenEntity { reference, diagnostics, known });
            }
            None if found.is_orphan() => change.orphans.push(reference),
            None => change.removed.push(reference),
        }
    }
    let gone = change.removed.len();
    change.suspicious = RemovalLimit::default().is_crossed(gone, before.len());
    change
}

fn differs(found: &CatalogEntity, ingested: &IngestedEntity) -> bool {
    plain(found.location()) != plain(&ingested.location)
        || found.file() != ingested.file.as_str()
        || !found.errors().is_empty()
        || found.is_orphan()
        || !found.holds(ingested.entity())
}

/// Why an entity that is not there may still exist.
struct Reasons<'a> {
    after: &'a Ingestion,
    by_reference: BTreeMap<&'a EntityRef, &'a [Diagnostic]>,
    /// Broken documents that do not say which entity they are, by file.
    nameless: BTreeMap<&'a TreePath, &'a [Diagnostic]>,
    /// The first broken document that could be a Location.
    lost_way: Option<&'a [Diagnostic]>,
    /// The first Location with a target that does not exist.
    missing_target: Option<&'a [Diagnostic]>,
}

impl<'a> Reasons<'a> {
    fn of(after: &'a Ingestion, present: &BTreeSet<EntityRef>) -> Self {
        let mut reasons = Self {
            after,
            by_reference: BTreeMap::new(),
            nameless: BTreeMap::new(),
            lost_way: None,
            missing_target: None,
        };
        for draft in &after.drafts {
            let diagnostics = draft.diagnostics.as_slice();
            match &draft.reference {
                Some(reference) if reference.kind() == "location" && present.contains(reference) => {
                    reasons.missing_target.get_or_insert(diagnostics);
                }
                Some(reference) => {
                    reasons.by_reference.entry(reference).or_insert(diagnostics);
                    if reference.kind() == "location" {
                        reasons.lost_way.get_or_insert(diagnostics);
                    }
                }
                None => {
                    reasons.nameless.entry(&draft.file).or_insert(diagnostics);
                    reasons.lost_way.get_or_insert(diagnostics);
                }
            }
        }
        reasons
    }

    /// The diagnostics for which an entity of `file` is kept; `None` when there is no reason to.
    fn to_keep(&self, reference: &EntityRef, file: &str) -> Option<Vec<Diagnostic>> {
        if let Some(found) = self.by_reference.get(reference) {
            return Some(found.to_vec());
        }
        let path: TreePath = file.parse().ok()?;
        if self.after.read.contains(&path) {
            return self.nameless.get(&path).map(|found| found.to_vec());
        }
        let missing = self.after.unreadable.contains(&path)
            || self.after.unmatched.iter().any(|pattern| glob_match::glob_match(pattern, file));
        let found =
            self.nameless.get(&path).copied().or(self.missing_target.filter(|_| missing)).or(self.lost_way);
        found.map(<[Diagnostic]>::to_vec)
    }
}
