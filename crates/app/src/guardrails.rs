//! Guardrails: policies from the catalog, evaluated over plans, over files, and over everything delivered.

mod check;
mod compiled;
mod fleet;

use std::sync::{Arc, Mutex};

use fairway_domain::Digest;
use fairway_domain::finding::Finding;

pub use check::Checks;
pub(crate) use compiled::Compiled;
pub use fleet::Fleet;

/// What was computed last, and from what.
#[derive(Default)]
pub struct FindingsCache {
    compiled: Mutex<Option<(Digest, Arc<Compiled>)>>,
    fleet: Mutex<Option<(String, Arc<Fleet>)>>,
}

/// What denies first, then by severity, then in a stable order.
fn worst_first(findings: &mut [Finding]) {
    findings.sort_by(|one, two| {
        two.enforcement.cmp(&one.enforcement).then(two.severity.cmp(&one.severity)).then_with(|| one.cmp(two))
    });
}
