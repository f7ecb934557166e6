//! Guardrails: what is wrong, and how do I fix it?

use fairway_domain::finding::{Finding, Severity};
use fairway_domain::{Diagnostic, EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::{ago, count, grouped};
use crate::part::{empty, entity_link, headline, pager};
use crate::shell::document;
use crate::{address, code, finding};

/// The pages of this part of the portal, with their words.
const PARTS: [(&str, &str); 3] =
    [("/guardrails", "Findings"), ("/guardrails/policies", "Policies"), ("/guardrails/waivers", "Waivers")];

/// A finding with the service it belongs to.
#[derive(Clone, Debug)]
pub struct FindingRow {
    /// The finding.
    pub finding: Finding,
    /// The service's name.
    pub service: String,
    /// Its component.
    pub entity: Option<EntityRef>,
    /// Since when it stands, when the fleet's audit has seen it.
    pub since: Option<Timestamp>,
}

/// Findings that belong together.
#[derive(Clone, Debug)]
pub struct FindingGroup {
    /// What they have in common.
    pub title: String,
    /// Its page.
    pub entity: Option<EntityRef>,
    /// The question that shows them alone.
    pub url: String,
    /// How many there are, on this page or not.
    pub total: usize,
    /// Those of this page.
    pub findings: Vec<FindingRow>,
}

/// A filter: its name in the address, the words for no choice, what is chosen, and what can be.
#[derive(Clone, Debug, Default)]
pub struct FindingChoice {
    /// For example `policy`.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// For example `Every policy`.
    pub every: &'static str,
    /// What is chosen; empty for every one.
    pub chosen: String,
    /// Values with their words.
    pub options: Vec<(String, String)>,
}

/// The page `/guardrails`.
#[derive(Clone, Debug, Default)]
pub struct GuardrailsView {
    /// The findings that match, in groups.
    pub groups: Vec<FindingGroup>,
    /// How many match.
    pub matching: usize,
    /// How many of them block the next apply.
    pub blocking: usize,
    /// How many of them a waiver lets pass.
    pub waived: usize,
    /// How many findings there are in all.
    pub total: usize,
    /// How many policies are asked.
    pub policies: usize,
    /// How many objects were looked at.
    pub objects: usize,
    /// How many services they belong to.
    pub services: usize,
    /// The filters.
    pub choices: Vec<FindingChoice>,
    /// The page before and the one after, when there are more than fit.
    pub pages: (Option<String>, Option<String>),
    /// Policies that could not be read.
    pub broken: Vec<Diagnostic>,
}

/// The way between the pages of this part of the portal.
pub fn parts(active: &str) -> Markup {
    html! {
        nav.tabs aria-label="Guardrails" {
            @for (url, word) in PARTS { a href=(url) aria-current=[(url == active).then_some("page")] { (word) } }
        }
    }
}

/// Renders the page.
pub fn guardrails(chrome: &Chrome, view: &GuardrailsView) -> String {
    let title = if view.policies == 0 {
        "Guardrails".to_owned()
    } else if view.total == 0 {
        "No findings".to_owned()
    } else {
        count(view.total, "finding", "findings")
    };
    let line = html! {
        @if view.policies == 0 {
            "No policy is in force, so nothing was checked."
        } @else {
            (count(view.policies, "policy", "policies")) " on " (count(view.objects, "manifest", "manifests")) " of "
            (count(view.services, "service", "services")) "."
            @if view.blocking > 0 { " " (count(view.blocking, "finding blocks", "findings block")) " the next apply." }
            @if view.waived > 0 { " " (count(view.waived, "is waived", "are waived")) "." }
        }
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), None))
            (parts("/guardrails"))
            @if !view.broken.is_empty() { (unreadable(view)) }
            @if view.total > 0 { (filters(view)) }
            (found(chrome.now, view))
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
    let is_narrowed = view.choices.iter().any(|choice| choice.name != "by" && !choice.chosen.is_empty());
    html! {
        form.toolbar.inline action="/guardrails" method="get" {
            @for choice in &view.choices {
                select #(choice.name) name=(choice.name) aria-label=(choice.label) {
                    option value="" { (choice.every) }
                    @for (value, word) in &choice.options { option value=(value) selected[*value == choice.chosen] { (word) } }
                }
            }
            button.button type="submit" { "Filter" }
            @if is_narrowed { a.button.quiet href="/guardrails" { (icon("close")) "Clear" } }
        }
    }
}

fn found(now: Timestamp, view: &GuardrailsView) -> Markup {
    if view.policies == 0 {
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
    if view.groups.is_empty() {
        return empty(
            "search",
            "No finding matches",
            &html! { "Let go of a filter to see more." },
            Some(&html! { a.button href="/guardrails" { "Show all" } }),
        );
    }
    html! {
        @if view.matching < view.total { p.muted role="status" { (grouped(view.matching)) " of " (grouped(view.total)) } }
        @for group in &view.groups {
            section.section {
                div.section-head {
                    h2 {
                        @match &group.entity {
                            Some(entity) => (entity_link(entity, &group.title)),
                            None => (group.title),
                        }
                    }
                    span.section-side { a href=(group.url) { (count(group.total, "finding", "findings")) } }
                }
                (rows(now, &group.findings, group.entity.as_ref().is_none_or(|it| it.kind() != "component")))
            }
        }
        (pager(view.pages.0.as_deref(), view.pages.1.as_deref()))
    }
}

/// Findings as a list whose rows open, each with its service where that is not said above.
pub fn rows(now: Timestamp, findings: &[FindingRow], with_service: bool) -> Markup {
    html! {
        ul.rows.findings { @for row in findings { li { (one(now, row, with_service)) } } }
    }
}

fn one(now: Timestamp, row: &FindingRow, with_service: bool) -> Markup {
    let found = &row.finding;
    let place = found.object.environment.as_deref();
    html! {
        details {
            summary.policy {
                span.finding-what { strong { (found.policy) } " " span.muted { (found.message) } }
                span.policy-side {
                    span.muted {
                        @if with_service { (row.service) " · " }
                        (found.object.kind) @if let Some(place) = place { " · " (place) }
                    }
                    @if let Some(since) = row.since { span.muted { (ago(now, since)) } }
                    (finding::follows(found)) (finding::severity(found.severity))
                }
            }
            (finding::body(found, Some(&finding::waive_address(found, None)), Some(row.service.as_str())))
        }
    }
}

/// The address of the findings of a policy, a service and so on.
pub fn narrowed(name: &str, value: &str) -> String {
    address::query("/guardrails", &[(name, value)])
}

/// The word for a severity, as the address has it.
pub const fn severity_name(severity: Severity) -> &'static str {
    finding::severity_word(severity).1
}
