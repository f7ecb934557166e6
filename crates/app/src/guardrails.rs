//! Guardrails: policies from the catalog, evaluated over plans, over files, and over everything delivered.

mod admission;
mod audit;
mod check;
mod chosen;
mod compiled;
mod delivered;
mod findings;
mod fleet;
mod impact;
mod mend;
mod object;
mod past;
mod policies;
mod policy_file;
mod policy_text;
mod rendered;
mod repository;
mod verdicts;
mod waive;
mod waiver_impact;
mod watch;
mod what_if;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use fairway_domain::finding::Finding;

use crate::supply::chain::DescribedChains;

pub(crate) use admission::AdmissionDesk;
pub use admission::AdmissionQuestion;
pub use audit::{AuditDay, PolicyCounts, Standing, TrendDay};
pub use check::Checks;
pub use chosen::{ChosenObject, DeliveredObject, ObjectVerdict};
pub(crate) use compiled::Compiled;
use compiled::LastCompiled;
pub use findings::{FindingFilter, FoundFinding, service_of};
pub use fleet::Fleet;
pub use impact::{
    ChangedFinding, FindingChange, GroupImpact, Impact, ImpactCounts, OfferedFix, ServiceImpact,
};
pub use mend::MendRequest;
pub use past::{PastBlock, PastImpact, PastKind};
pub(crate) use policies::info_of;
pub use policies::{Exemption, PolicyDetail, PolicyLanguage, PolicySource, WaiverRules};
pub use policy_file::{OpenedPolicy, PolicyEdit, PolicyHome};
pub use policy_text::PolicyFile;
pub use rendered::{RenderedDocuments, rendered_documents, rendered_findings};
pub(crate) use repository::{Judgement, Manifests, Unread, select};
pub(crate) use waive::Waivers;
pub use waiver_impact::{WaiverFate, WaiverImpact};
pub use what_if::{ChangedPolicy, PolicyChange, WhatIf, WhatIfReport};

/// What was read and computed last, and from what.
#[derive(Default)]
pub struct FindingsCache {
    compiled: Mutex<Option<LastCompiled>>,
    store: object::ObjectStore,
    readings: tokio::sync::Mutex<delivered::Readings>,
    /// Apart from the readings, so that a plan need not wait for repositories that are read.
    pub(crate) described_chains: tokio::sync::Mutex<DescribedChains>,
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
    /// The waivers that let findings pass then.
    waivers: Vec<String>,
    fleet: Arc<Fleet>,
}

/// What blocks first, then by what would follow and how bad it is, then in a stable order; what is waived comes last.
pub fn worst_first(findings: &mut [Finding]) {
    findings.sort_by(|one, two| {
        one.waiver
            .is_some()
            .cmp(&two.waiver.is_some())
            .then(two.enforcement.cmp(&one.enforcement))
            .then(two.severity.cmp(&one.severity))
            .then_with(|| one.cmp(two))
    });
}
