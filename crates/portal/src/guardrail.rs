//! Guardrails: what is wrong, and how do I fix it?

use fairway_domain::finding::{Enforcement, Finding, Severity};
use fairway_domain::{Diagnostic, EntityRef};

use crate::chrome::Chrome;

/// A finding with the service it belongs to.
#[derive(Clone, Debug)]
pub struct FindingRow {
    /// The finding.
    pub finding: Finding,
    /// The service's name.
    pub service: String,
    /// Its component.
    pub entity: Option<EntityRef>,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// Its own name, as in [`Finding::rule`].
    pub name: String,
    /// Its title.
    pub title: String,
    /// Why it exists.
    pub why: Option<String>,
    /// How to mend what it finds.
    pub fix: Option<String>,
    /// How bad its findings are.
    pub severity: Severity,
    /// What follows from them.
    pub enforcement: Enforcement,
    /// The file it is in.
    pub file: Option<String>,
    /// How many findings it has now.
    pub findings: usize,
}

/// The page `/guardrails`.
#[derive(Clone, Debug, Default)]
pub struct GuardrailsView {
    /// The findings that match, worst first.
    pub findings: Vec<FindingRow>,
    /// How many findings there are in all.
    pub total: usize,
    /// The policies.
    pub policies: Vec<PolicyRow>,
    /// How many objects were looked at.
    pub objects: usize,
    /// How many services they belong to.
    pub services: usize,
    /// `?policy=`
    pub policy: String,
    /// `?service=`
    pub service: String,
    /// `?severity=`
    pub severity: String,
    /// Services with findings, for the filter.
    pub service_names: Vec<String>,
    /// Policies that could not be read.
    pub broken: Vec<Diagnostic>,
}

/// Renders the page.
pub fn guardrails(chrome: &Chrome, _view: &GuardrailsView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
