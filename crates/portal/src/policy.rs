//! Policies: what is asked for, why, what came of it, and who may be let off.

use fairway_domain::finding::{Enforcement, Severity};
use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::guardrail::{FindingRow, parts, rows};
use crate::icon::icon;
use crate::measure::{count, grouped};
use crate::part::{chip, empty, entity_link, facts, headline, section};
use crate::safe::SafeHtml;
use crate::shell::document;
use crate::waiver::{WaiverRow, table as waiver_table};
use crate::{address, code, finding};

/// How many findings there were on a day.
#[derive(Clone, Debug, Default)]
pub struct TrendPoint {
    /// The day.
    pub day: String,
    /// Open, waived and not evaluated; `None` before anything was counted.
    pub counts: Option<(usize, usize, usize)>,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct PolicyRow {
    /// Its own name, as findings have it.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The language it is written in.
    pub language: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// What follows from them.
    pub enforcement: Enforcement,
    /// Open, waived and not evaluated.
    pub counts: (usize, usize, usize),
    /// The last days, the oldest first.
    pub trend: Vec<TrendPoint>,
}

/// The page `/guardrails/policies`.
#[derive(Clone, Debug, Default)]
pub struct PoliciesView {
    /// The policies.
    pub policies: Vec<PolicyRow>,
    /// How many cannot be read.
    pub broken: usize,
}

/// The part of the page that is open, `?tab=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyTab {
    /// `docs`
    #[default]
    Docs,
    /// `source`
    Source,
    /// `findings`
    Findings,
    /// `trend`
    Trend,
    /// `waivers`
    Waivers,
}

impl PolicyTab {
    /// Every tab with its name in the address and its word.
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Docs, "", "About"),
        (Self::Source, "source", "Source"),
        (Self::Findings, "findings", "Findings"),
        (Self::Trend, "trend", "Trend"),
        (Self::Waivers, "waivers", "Waivers"),
    ];

    /// The tab of an address; anything unknown is the first.
    pub fn parse(text: &str) -> Self {
        Self::ALL.iter().find(|(_, name, _)| *name == text).map_or(Self::Docs, |(tab, _, _)| *tab)
    }
}

/// What an engine leaves out by its own means.
#[derive(Clone, Debug)]
pub struct ExemptionRow {
    /// By what.
    pub by: String,
    /// What is left out.
    pub what: String,
    /// The entity that says so.
    pub entity: EntityRef,
}

/// A file of a policy.
#[derive(Clone, Debug)]
pub struct PolicySourceRow {
    /// The entity in the catalog.
    pub entity: EntityRef,
    /// Its kind.
    pub kind: String,
    /// The file.
    pub file: String,
    /// The object as YAML, highlighted.
    pub html: SafeHtml,
}

/// The page `/guardrails/policies/…`.
#[derive(Clone, Debug)]
pub struct PolicyView {
    /// The policy.
    pub policy: PolicyRow,
    /// The open tab.
    pub tab: PolicyTab,
    /// Why it exists.
    pub why: Option<String>,
    /// How to mend what it finds.
    pub fix: Option<String>,
    /// What passes and what does not, as HTML.
    pub example: Option<SafeHtml>,
    /// The address of its own page elsewhere.
    pub docs: Option<String>,
    /// The controls of standards that it serves.
    pub controls: Vec<String>,
    /// The file that it is in.
    pub file: Option<String>,
    /// Who approves waivers; empty for the platform's administrators.
    pub approvers: Vec<EntityRef>,
    /// How many days a waiver may last.
    pub maximum_days: i64,
    /// What its own engine leaves out.
    pub exemptions: Vec<ExemptionRow>,
    /// What it is written in, when that tab is open.
    pub sources: Vec<PolicySourceRow>,
    /// Its findings, as far as they are shown, when that tab is open.
    pub findings: Vec<FindingRow>,
    /// Its waivers.
    pub waivers: Vec<WaiverRow>,
}

/// The address of a policy's page.
pub fn policy_address(name: &str) -> String {
    format!("/guardrails/policies/{}", address::encode_path(name))
}

/// Renders the list.
pub fn policies(chrome: &Chrome, view: &PoliciesView) -> String {
    let title = match view.policies.len() {
        0 => "No policies".to_owned(),
        many => count(many, "policy", "policies"),
    };
    let open = view.policies.iter().filter(|policy| policy.counts.0 > 0).count();
    let line = html! {
        @match open {
            0 => "Everything that is delivered follows every one of them, or is waived.",
            _ => { (count(open, "has", "have")) " open findings." }
        }
        @if view.broken > 0 { " " a href="/guardrails" { (count(view.broken, "cannot be read", "cannot be read")) } "." }
    };
    document(
        chrome,
        html! {
            (headline(&title, (!view.policies.is_empty()).then_some(&line), Some(&html! { a.button href="/policies/new" { "New policy" } })))
            (parts("/guardrails/policies"))
            @if view.policies.is_empty() {
                (empty("shield", "No policies yet", &html! { "Register a source with policies of Gatekeeper or Kyverno; every plan is checked against them." },
                    Some(&html! { a.button.primary href="/sources" { "Register a source" } })))
            } @else { (list(&view.policies)) }
        },
    )
}

fn list(policies: &[PolicyRow]) -> Markup {
    html! {
        table.table aria-label="Policies" {
            thead { tr {
                th.grow scope="col" { "Policy" }
                th.fit.at-medium scope="col" { "Severity" }
                th.fit.at-medium scope="col" { "A violation" }
                th.fit.at-wide scope="col" { "Language" }
                th.fit.at-wide scope="col" { "30 days" }
                th.fit.number scope="col" { "Open" }
                th.fit.number scope="col" { "Waived" }
                th.fit.number.at-medium scope="col" { "Not evaluated" }
            } }
            tbody {
                @for policy in policies {
                    tr.calm[policy.counts.0 == 0] data-row {
                        td.grow.said {
                            a.name href=(policy_address(&policy.name)) { (policy.title) }
                            span.sub { (policy.name) }
                        }
                        td.fit.at-medium { (finding::severity(policy.severity)) }
                        td.fit.at-medium { (finding::enforcement(policy.enforcement)) }
                        td.fit.at-wide.sub { (policy.language) }
                        td.fit.at-wide { (sparkline(&policy.trend)) }
                        (number("", policy.counts.0, "warn"))
                        (number("", policy.counts.1, "info"))
                        (number("at-medium", policy.counts.2, "warn"))
                    }
                }
            }
        }
    }
}

fn number(at: &str, value: usize, class: &str) -> Markup {
    html! {
        td.fit.number.(at) {
            @if value == 0 { span.muted { "0" } } @else { span.count.(class) { (grouped(value)) } }
        }
    }
}

/// A page of one policy.
pub fn policy(chrome: &Chrome, view: &PolicyView) -> String {
    let policy = &view.policy;
    let (open, waived, unknown) = policy.counts;
    let line = html! {
        span.meta {
            (finding::enforcement(policy.enforcement)) (finding::severity(policy.severity))
            span.muted { (policy.language) }
            span { (grouped(open)) " open" }
            span { (grouped(waived)) " waived" }
            @if unknown > 0 { span.tone.warn { (grouped(unknown)) " not evaluated" } }
            span.mono.muted { (policy.name) }
        }
    };
    let here = policy_address(&policy.name);
    let counted = |tab: PolicyTab| match tab {
        PolicyTab::Findings => open + waived + unknown,
        PolicyTab::Waivers => view.waivers.iter().filter(|waiver| waiver.is_open).count(),
        _ => 0,
    };
    document(
        chrome,
        html! {
            (headline(&policy.title, Some(&line), Some(&html! { a.button href=(address::query("/policies/edit", &[("policy", &policy.name)])) { "Edit, and see whom it would hit" } })))
            nav.tabs aria-label="Parts of this page" {
                @for (tab, name, word) in PolicyTab::ALL {
                    a href=(address::query(&here, &[("tab", name)])) aria-current=[(tab == view.tab).then_some("page")] {
                        (word) @if counted(tab) > 0 { " " span.count { (grouped(counted(tab))) } }
                    }
                }
            }
            @match view.tab {
                PolicyTab::Docs => (about(view)),
                PolicyTab::Source => (sources(view)),
                PolicyTab::Findings => (findings(chrome.now, view)),
                PolicyTab::Trend => (trend(&policy.trend)),
                PolicyTab::Waivers => (waivers(chrome.now, view)),
            }
        },
    )
}

fn about(view: &PolicyView) -> Markup {
    let mut pairs: Vec<(&str, Markup)> = Vec::new();
    if let Some(file) = &view.file {
        pairs.push(("File", html! { span.mono { (file) } }));
    }
    if !view.controls.is_empty() {
        pairs.push(("Controls", html! { span.chips { @for control in &view.controls { (chip(control)) } } }));
    }
    let approvers = html! {
        @if view.approvers.is_empty() { "The platform's administrators" }
        @for approver in &view.approvers { (entity_link(approver, approver.name())) " " }
    };
    pairs.push((
        "Waivers",
        html! { "At most " (count(usize::try_from(view.maximum_days).unwrap_or(0), "day", "days")) },
    ));
    pairs.push(("Approve", approvers));
    if let Some(docs) = view.docs.as_deref().and_then(address::followable) {
        pairs.push(("More", html! { a href=(docs) { "About this policy" } }));
    }
    html! {
        div.split {
            div.prose {
                @if view.why.is_none() && view.fix.is_none() && view.example.is_none() {
                    p.muted { "It says neither why it exists nor how to mend what it finds. The annotations " code { "fairway.dev/why" } " and " code { "fairway.dev/fix" } " do." }
                }
                @if let Some(why) = &view.why { h2 { "Why" } p { (why) } }
                @if let Some(fix) = &view.fix { h2 { "Fix" } p { (fix) } }
                @if let Some(example) = &view.example { h2 { "Example" } (example) }
            }
            div { section.panel aria-label="About" { (facts(&pairs)) } }
        }
    }
}

fn sources(view: &PolicyView) -> Markup {
    if view.sources.is_empty() {
        return empty(
            "file",
            "No source",
            &html! { "The catalog does not hold the files of this policy." },
            None,
        );
    }
    html! {
        @for (index, source) in view.sources.iter().enumerate() {
            (section(&format!("source-{index}"), &source.kind, Some(&html! { (entity_link(&source.entity, &source.file)) }),
                &code::block("", Some(&source.html), false, &[])))
        }
    }
}

fn findings(now: Timestamp, view: &PolicyView) -> Markup {
    let (open, waived, unknown) = view.policy.counts;
    let total = open + waived + unknown;
    if view.findings.is_empty() {
        return empty("shield", "No findings", &html! { "Everything that is delivered follows it." }, None);
    }
    html! {
        (rows(now, &view.findings, true))
        @if total > view.findings.len() {
            p.more { a href=(crate::guardrail::narrowed("policy", &view.policy.name)) { "All " (grouped(total)) " findings" } }
        }
    }
}

fn waivers(now: Timestamp, view: &PolicyView) -> Markup {
    html! {
        @if view.waivers.is_empty() {
            (empty("clock", "No waivers", &html! { "Whoever owns a service asks for one from a finding." }, None))
        } @else { (waiver_table(now, &view.waivers)) }
        @if !view.exemptions.is_empty() {
            (section("exemptions", "Left out by its engine", None, &html! {
                ul.rows { @for exemption in &view.exemptions {
                    li.short { span { strong { (exemption.by) } " " span.muted { (exemption.what) } } (entity_link(&exemption.entity, exemption.entity.name())) }
                } }
            }))
        }
    }
}

/// Open and waived findings of a day; none before anything was counted.
fn open(point: &TrendPoint) -> Option<usize> {
    point.counts.map(|(open, _, unknown)| open + unknown)
}

/// Around what is drawn.
const MARGIN: f64 = 3.0;

/// Where a value is drawn.
fn height(value: usize, height: f64, most: usize) -> f64 {
    height - MARGIN - value as f64 / most.max(1) as f64 * (height - 2.0 * MARGIN)
}

/// A dot on the newest value, at the right end.
fn newest(value: Option<usize>, size: (f64, f64), most: usize, class: &str) -> Markup {
    html! {
        @if let Some(value) = value {
            circle.(class) cx=(format!("{:.1}", size.0 - MARGIN)) cy=(format!("{:.1}", height(value, size.1, most))) r="2" {}
        }
    }
}

/// The line through the values of the days: `M x y L x y…`, with a gap where nothing was counted.
fn path(
    trend: &[TrendPoint],
    value: impl Fn(&TrendPoint) -> Option<usize>,
    size: (f64, f64),
    most: usize,
) -> String {
    use std::fmt::Write as _;
    let steps = trend.len().saturating_sub(1).max(1) as f64;
    let mut path = String::new();
    let mut pen_is_down = false;
    for (index, point) in trend.iter().enumerate() {
        let Some(value) = value(point) else {
            pen_is_down = false;
            continue;
        };
        let x = index as f64 / steps * (size.0 - 2.0 * MARGIN) + MARGIN;
        let y = height(value, size.1, most);
        let _ = write!(path, "{}{x:.1} {y:.1}", if pen_is_down { "L" } else { "M" });
        pen_is_down = true;
    }
    path
}

/// The open findings of the last days as a line in a row.
fn sparkline(trend: &[TrendPoint]) -> Markup {
    let values: Vec<usize> = trend.iter().filter_map(open).collect();
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return html! { span.muted { "–" } };
    };
    let most = values.iter().copied().max().unwrap_or(0);
    let label = format!("From {first} to {last} open in {} days", values.len());
    html! {
        svg.sparkline.calm[*last == 0] viewBox="0 0 96 24" width="96" height="24" role="img" aria-label=(label) {
            title { (label) }
            path d=(path(trend, open, (96.0, 24.0), most)) {}
            (newest(Some(*last), (96.0, 24.0), most, "open"))
        }
    }
}

fn trend(trend: &[TrendPoint]) -> Markup {
    // What was not counted yet is not drawn.
    let trend: Vec<TrendPoint> = trend.iter().skip_while(|point| point.counts.is_none()).cloned().collect();
    let trend = trend.as_slice();
    let waived = |point: &TrendPoint| point.counts.map(|(_, waived, _)| waived);
    let most = trend.iter().filter_map(|point| open(point).max(waived(point))).max();
    let (Some(most), Some(first), Some(last)) = (most, trend.first(), trend.last()) else {
        return empty(
            "clock",
            "Nothing counted yet",
            &html! { "The fleet is counted whenever policies, waivers or what is delivered change." },
            None,
        );
    };
    let size = (720.0, 160.0);
    let words = |point: &TrendPoint| match point.counts {
        Some((open, waived, unknown)) => [grouped(open), grouped(waived), grouped(unknown)],
        None => ["–".to_owned(), "–".to_owned(), "–".to_owned()],
    };
    html! {
        figure.trend {
            svg viewBox="0 0 720 160" role="img" aria-label={ "Findings from " (first.day) " to " (last.day) ", at most " (most) } {
                path.axis d="M0 158.5H720" {}
                path.waived d=(path(trend, waived, size, most)) {}
                path.open d=(path(trend, open, size, most)) {}
                (newest(waived(last), size, most, "waived")) (newest(open(last), size, most, "open"))
            }
            figcaption.legend {
                span { (first.day) } span { (last.day) } span { "at most " (grouped(most)) }
                span.tone.warn { (icon("warning")) " open or not evaluated" } span.tone.info { (icon("clock")) " waived" }
            }
        }
        details.more {
            summary { "As a table" }
            table.table aria-label="Findings by day" {
                thead { tr { th.grow scope="col" { "Day" } th.fit.number scope="col" { "Open" } th.fit.number scope="col" { "Waived" } th.fit.number scope="col" { "Not evaluated" } } }
                tbody { @for point in trend.iter().rev() {
                    @let [open, waived, unknown] = words(point);
                    tr { td.grow { (point.day) } td.fit.number { (open) } td.fit.number { (waived) } td.fit.number { (unknown) } }
                } }
            }
        }
    }
}
