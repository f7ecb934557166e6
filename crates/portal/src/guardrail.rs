//! Guardrails: what is wrong, and how do I fix it?

use std::collections::BTreeMap;

use fairway_domain::finding::{Enforcement, Finding, Severity};
use fairway_domain::{Diagnostic, EntityRef};
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::count;
use crate::part::{empty, entity_link, headline, section};
use crate::shell::document;
use crate::{address, code, finding};

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
pub fn guardrails(chrome: &Chrome, view: &GuardrailsView) -> String {
    let blocking = view.findings.iter().filter(|row| row.finding.blocks()).count();
    let title = if view.policies.is_empty() {
        "Guardrails".to_owned()
    } else if view.total == 0 {
        "No findings".to_owned()
    } else {
        count(view.total, "finding", "findings")
    };
    let line = html! {
        @if view.policies.is_empty() {
            "No policy is in force, so nothing was checked."
        } @else {
            (count(view.policies.len(), "policy", "policies")) " on " (count(view.objects, "manifest", "manifests")) " of "
            (count(view.services, "service", "services")) "."
            @if blocking > 0 { " " (count(blocking, "finding blocks", "findings block")) " the next apply." }
        }
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), None))
            @if !view.broken.is_empty() { (unreadable(view)) }
            @if view.total > 0 { (filters(view)) }
            (found(view))
            @if !view.policies.is_empty() { (section("policies", "Policies", None, &policies(view))) }
        },
    )
}

fn unreadable(view: &GuardrailsView) -> Markup {
    html! {
        div.banner role="alert" {
            p { (count(view.broken.len(), "policy cannot be read, so it checks nothing", "policies cannot be read, so they check nothing")) "." }
            @for diagnostic in &view.broken { (code::diagnostic(diagnostic, None)) }
        }
    }
}

fn filters(view: &GuardrailsView) -> Markup {
    html! {
        form.toolbar.inline action="/guardrails" method="get" {
            select #policy name="policy" aria-label="Policy" {
                option value="" { "Every policy" }
                @for policy in &view.policies { option value=(policy.name) selected[policy.name == view.policy] { (policy.title) } }
            }
            select #service name="service" aria-label="Service" {
                option value="" { "Every service" }
                @for service in &view.service_names { option value=(service) selected[*service == view.service] { (service) } }
            }
            select #severity name="severity" aria-label="Severity" {
                option value="" { "Every severity" }
                @for severity in ["critical", "high", "medium", "low"] { option value=(severity) selected[severity == view.severity] { (severity) } }
            }
            button.button type="submit" { "Filter" }
            @if !view.policy.is_empty() || !view.service.is_empty() || !view.severity.is_empty() {
                a.button.quiet href="/guardrails" { (icon("close")) "Clear" }
            }
        }
    }
}

fn found(view: &GuardrailsView) -> Markup {
    if view.policies.is_empty() {
        return empty(
            "shield",
            "No policies yet",
            &html! { "Register a source with policies of Gatekeeper or Kyverno; every plan is checked against them." },
            Some(&html! { a.button.primary href="/sources" { "Register a source" } }),
        );
    }
    if view.total == 0 {
        return empty(
            "shield",
            "Everything that is rendered follows every policy",
            &html! { "A plan that would change that says so before it is applied." },
            None,
        );
    }
    if view.findings.is_empty() {
        return empty(
            "search",
            "No finding matches",
            &html! { "Let go of a filter to see more." },
            Some(&html! { a.button href="/guardrails" { "Show all" } }),
        );
    }
    let mut by_service: BTreeMap<&str, Vec<&FindingRow>> = BTreeMap::new();
    for row in &view.findings {
        by_service.entry(&row.service).or_default().push(row);
    }
    html! {
        @for (service, rows) in &by_service {
            section.section {
                div.section-head {
                    h2 {
                        @match rows.first().and_then(|row| row.entity.as_ref()) {
                            Some(entity) => (entity_link(entity, service)),
                            None => (service),
                        }
                    }
                    span.section-side { (count(rows.len(), "finding", "findings")) }
                }
                @for row in rows { (finding::finding(&row.finding)) }
            }
        }
    }
}

fn policies(view: &GuardrailsView) -> Markup {
    html! {
        ul.rows {
            @for policy in &view.policies {
                li {
                    details {
                        summary.policy {
                            strong { (policy.title) }
                            span.policy-side.calm[policy.findings == 0] {
                                (finding::enforcement(policy.enforcement)) (finding::severity(policy.severity))
                                span.count.warn[policy.findings > 0] { @if policy.findings == 0 { "kept" } @else { (count(policy.findings, "finding", "findings")) } }
                            }
                        }
                        div.prose {
                            @if let Some(why) = &policy.why { p { strong { "Why: " } (why) } }
                            @if let Some(fix) = &policy.fix { p { strong { "Fix: " } (fix) } }
                            @if policy.findings > 0 { p { a href=(address::query("/guardrails", &[("policy", &policy.name)])) { "Show its findings" } } }
                            p.muted.mono { (policy.name) @if let Some(file) = &policy.file { " · " (file) } }
                        }
                    }
                }
            }
        }
    }
}
