//! The one place where waivers are held against findings. Whoever shows findings or acts on them asks it, so that a
//! waiver means the same everywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::Timestamp;
use fairway_domain::finding::Finding;
use fairway_domain::waiver::Waiver;

use crate::App;
use crate::projection::View;

/// The waivers that let findings pass at a moment.
pub(crate) struct Waivers {
    by_policy: BTreeMap<String, Vec<Arc<Waiver>>>,
}

impl Waivers {
    /// Those that hold at a moment.
    pub(crate) fn of(view: &View, now: Timestamp) -> Self {
        let mut by_policy: BTreeMap<String, Vec<Arc<Waiver>>> = BTreeMap::new();
        for waiver in view.waivers.values().filter(|waiver| waiver.is_active(now)) {
            by_policy.entry(waiver.scope.policy.clone()).or_default().push(Arc::clone(waiver));
        }
        Self { by_policy }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_policy.is_empty()
    }

    /// Their identifiers; what findings say is the same as long as these are.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.by_policy.values().flatten().map(|waiver| waiver.id.clone()).collect()
    }

    /// The waiver that lets a finding pass; of several, the one that lasts longest.
    pub(crate) fn of_finding(&self, finding: &Finding) -> Option<&Waiver> {
        // A rule's name and those of what it may be a rule of: `A/b/c`, `A/b`, `A`.
        let names = std::iter::successors(Some(finding.rule.as_str()), |name| {
            name.rsplit_once('/').map(|(before, _)| before)
        });
        let about = names.filter_map(|name| self.by_policy.get(name)).flatten();
        let fitting = about.filter(|waiver| waiver.scope.covers(finding));
        fitting.max_by_key(|waiver| (waiver.until, &waiver.id)).map(AsRef::as_ref)
    }

    /// Notes on each finding the waiver that lets it pass.
    pub(crate) fn note_on(&self, findings: &mut [Finding]) {
        if self.is_empty() {
            return;
        }
        for finding in findings {
            finding.waiver = self.of_finding(finding).map(Waiver::note);
        }
    }
}

impl App {
    /// Notes on each finding the waiver that lets it pass now.
    pub(crate) fn waive(&self, view: &View, findings: &mut [Finding]) {
        Waivers::of(view, self.now()).note_on(findings);
    }
}
