//! Guardrails: policies from the catalog, evaluated over plans, over files, and over everything delivered.

mod check;
mod compiled;
mod delivered;
mod fleet;
mod impact;
mod object;
mod past;
mod policy_text;
mod verdicts;
mod what_if;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use fairway_domain::Digest;
use fairway_domain::finding::Finding;

pub use check::Checks;
pub(crate) use compiled::Compiled;
pub use fleet::Fleet;
pub use impact::{
    ChangedFinding, FindingChange, GroupImpact, Impact, ImpactCounts, OfferedFix, ServiceImpact,
};
pub use past::{PastBlock, PastImpact, PastKind};
pub use policy_text::PolicyFile;
pub use what_if::{ChangedPolicy, PolicyChange, WhatIf, WhatIfReport};

/// What was read and computed last, and from what.
#[derive(Default)]
pub struct FindingsCache {
    compiled: Mutex<Option<(Digest, Arc<Compiled>)>>,
    store: object::ObjectStore,
    readings: tokio::sync::Mutex<delivered::Readings>,
    verdicts: verdicts::VerdictCache,
    fleet: Mutex<Option<Audited>>,
    /// Who evaluates the fleet uses all cores, so one does it at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
    past: tokio::sync::Mutex<Arc<past::Past>>,
    /// What is evaluated for whom, while somebody edits.
    sessions: Mutex<BTreeMap<String, Weak<verdicts::Stop>>>,
}

/// What the fleet's findings were computed from, and the findings.
struct Audited {
    policies: Arc<Compiled>,
    delivered: Arc<delivered::Delivered>,
    fleet: Arc<Fleet>,
}

/// What denies first, then by severity, then in a stable order.
fn worst_first(findings: &mut [Finding]) {
    findings.sort_by(|one, two| {
        two.enforcement.cmp(&one.enforcement).then(two.severity.cmp(&one.severity)).then_with(|| one.cmp(two))
    });
}
