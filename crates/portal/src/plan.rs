//! Plan: what exactly will happen?

use std::collections::BTreeMap;

use fairway_domain::finding::Finding;
use fairway_domain::plan::{Effect, Plan};
use fairway_domain::{Digest, Timestamp};
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::{ago, count, size};
use crate::part::{blocked, headline, section};
use crate::safe::SafeHtml;
use crate::shell::document;
use crate::{address, code, finding, plan_files, plan_story};

/// The content of one file of a plan.
#[derive(Clone, Debug)]
pub enum PlanContent {
    /// Text, with highlighting where the language is known.
    Text {
        /// As it is.
        text: String,
        /// Highlighted, line by line.
        html: Option<SafeHtml>,
    },
    /// Not text.
    Binary,
    /// More than a page should hold.
    TooLarge,
}

/// The page `/plans/{digest}`.
#[derive(Clone, Debug)]
pub struct PlanView {
    /// The plan.
    pub plan: Plan,
    /// Its digest: what is approved.
    pub digest: Digest,
    /// Contents by digest, after and before. A content that is not here is linked to
    /// `/plans/{digest}/files/{content}?path=`.
    pub contents: BTreeMap<Digest, PlanContent>,
    /// Why it cannot be applied by this person now (findings that block, a missing permission, a branch that
    /// moved).
    pub blocked: Option<String>,
    /// The run that applied it, when there is one.
    pub run: Option<String>,
    /// When it was made.
    pub made_at: Option<Timestamp>,
    /// Who made it.
    pub made_by: Option<String>,
    /// Where the answers can be changed.
    pub edit_url: Option<String>,
}

/// The page `/plans/{digest}/files/{content}`.
#[derive(Clone, Debug)]
pub struct PlanFileView {
    /// The plan's digest.
    pub plan: Digest,
    /// The plan's title.
    pub title: String,
    /// The file.
    pub path: String,
    /// What is in it.
    pub content: PlanContent,
    /// Its size in bytes.
    pub size: u64,
}

/// Renders the page.
pub fn plan(chrome: &Chrome, view: &PlanView) -> String {
    let line = html! {
        "Nothing has happened yet."
        @if let Some(by) = &view.made_by { " Made by " (by) }
        @if let Some(at) = view.made_at { " " (ago(chrome.now, at)) }
    };
    let applied = html! { "This plan has been applied." };
    let actions = html! { @if let Some(url) = &view.edit_url { a.button href=(url) { (icon("edit")) "Change the answers" } } };
    let lead = if view.run.is_some() { &applied } else { &line };
    document(
        chrome,
        html! {
            (headline(&view.plan.title, Some(lead), Some(&actions)))
            div.split {
                div {
                    p.story data-testid="plan-story" { (plan_story::story(&view.plan)) }
                    @if !view.plan.warnings.is_empty() { (warnings(&view.plan.warnings)) }
                    (findings(view))
                    (section("effects", if view.run.is_some() { "What was planned, in this order" } else { "What will happen, in this order" }, None, &effects(view)))
                    (environments(view))
                    (cost(view))
                    (plan_files::files(view))
                    (answers(view))
                }
                div.first-when-narrow { div.sticky { (approval(chrome, view)) } }
            }
        },
    )
}

fn warnings(warnings: &[String]) -> Markup {
    html! {
        div.notice.warn {
            (icon("warning"))
            div { @for warning in warnings { p { (warning) } } }
        }
    }
}

fn findings(view: &PlanView) -> Markup {
    if view.plan.findings.is_empty() {
        return html! {};
    }
    let mut sorted: Vec<&Finding> = view.plan.findings.iter().collect();
    sorted.sort_by(|one, other| {
        other.enforcement.cmp(&one.enforcement).then(other.severity.cmp(&one.severity))
    });
    let digest = view.digest.to_string();
    // What is not blocked needs no waiver before it is delivered.
    let waive = |found: &Finding| found.blocks().then(|| finding::waive_address(found, Some(&digest)));
    let list = html! { @for found in sorted { (finding::finding(found, waive(found).as_deref())) } };
    section("findings", "What the guardrails say", None, &list)
}

fn effects(view: &PlanView) -> Markup {
    html! {
        ol.channel {
            @for effect in &view.plan.effects {
                li {
                    span.buoy { (icon(plan_story::effect_icon(effect))) }
                    div.what { strong { (effect.summary()) } @if let Some(more) = plan_story::effect_detail(effect) { div.sub { (more) } } }
                }
            }
        }
        @if view.plan.effects.is_empty() { p.muted { "Nothing: this plan changes nothing." } }
    }
}

fn environments(view: &PlanView) -> Markup {
    if view.plan.environments.is_empty() {
        return html! {};
    }
    let table = html! {
        table.table {
            thead { tr {
                th.fit scope="col" { "Environment" }
                th.fit scope="col" { "Version" }
                th.fit.at-medium scope="col" { "Namespace" }
                th scope="col" { "Resources" }
                th.number.fit.at-medium scope="col" { "Manifests" }
            } }
            tbody {
                @for environment in &view.plan.environments {
                    tr {
                        td.fit { a.name href={ "/environments/" (address::encode(&environment.environment)) } { (environment.environment) } }
                        td.fit.mono { (environment.version) }
                        td.fit.at-medium.mono { (environment.namespace) }
                        td {
                            @for (index, resource) in environment.resources.iter().enumerate() {
                                @if index > 0 { ", " }
                                (resource.resource_type) " " (resource.name)
                                span.sub { " " (resource.provider) @if let Some(size) = &resource.size { ", " (size) } }
                            }
                            @if environment.resources.is_empty() { span.sub { "none besides the workload" } }
                        }
                        td.number.fit.at-medium { (environment.files.len()) }
                    }
                }
            }
        }
    };
    section("environments", "Environments", None, &table)
}

fn cost(view: &PlanView) -> Markup {
    let Some(cost) = &view.plan.cost else { return html! {} };
    let side = html! { strong { (cost.monthly) " " (cost.currency) } " per month" };
    let table = html! {
        table.table {
            thead { tr {
                th.grow scope="col" { "What" } th.fit.at-medium scope="col" { "Environment" } th.at-wide scope="col" { "How it is computed" }
                th.number.fit scope="col" { (cost.currency) " per month" }
            } }
            tbody {
                @for line in &cost.lines {
                    tr {
                        td.grow title=(line.item) { (line.item) } td.fit.at-medium { (line.environment) }
                        td.at-wide.sub title=(line.basis) { (line.basis) } td.number.fit { (line.monthly) }
                    }
                }
            }
        }
        @if !cost.unpriced.is_empty() { p.lead { "No price is known for " (cost.unpriced.join(", ")) "." } }
    };
    section("cost", "Cost", Some(&side), &table)
}

fn answers(view: &PlanView) -> Markup {
    let text = serde_json::to_string_pretty(&view.plan.inputs).unwrap_or_default();
    html! {
        details.section {
            summary { "Answers, digest and data" }
            p.digest { (view.digest) }
            (code::block(&text, None, false, &[]))
        }
    }
}

fn approval(chrome: &Chrome, view: &PlanView) -> Markup {
    let plan = &view.plan;
    let blocking = plan.blocking().count();
    let (class, drawing) = if blocking > 0 {
        ("bad", "failed")
    } else if plan.findings.is_empty() {
        ("good", "done")
    } else {
        ("warn", "warning")
    };
    let files: usize = plan
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::Commit { files, .. } => files.len(),
            _ => 0,
        })
        .sum();
    html! {
        aside.panel.apply aria-label="Apply" {
            div.tally {
                (icon("run")) span { (count(plan.effects.len(), "effect", "effects")) }
                (icon("file")) span { (count(files, "file", "files")) }
                span.tone.(class) { (icon(drawing)) }
                span {
                    @if plan.policies_evaluated == 0 { "No policies were asked" }
                    @else if plan.findings.is_empty() { (count(plan.policies_evaluated as usize, "policy", "policies")) ", no findings" }
                    @else { (count(plan.findings.len(), "finding", "findings")) @if blocking > 0 { ", " (blocking) " blocking" } }
                }
                @if let Some(cost) = &plan.cost { (icon("money")) span { (cost.monthly) " " (cost.currency) " per month" } }
                @if let Some(owner) = &plan.owner { (icon("group")) span { "For " a href=(address::entity(owner)) { (owner.name()) } } }
            }
            @if let Some(run) = &view.run {
                a.button.primary.wide-button href=(address::run(run)) { (icon("run")) "Open its run" }
            } @else {
                form action={ "/plans/" (view.digest) "/apply" } method="post" {
                    @if view.blocked.is_none() && !chrome.caller.guest {
                        div.field {
                            label for="reason" { "Reason" span.optional { "optional" } }
                            input #reason name="reason" type="text" maxlength="500" autocomplete="off" placeholder="For the audit log";
                        }
                    }
                    button.button.primary.wide-button #apply type="submit" disabled[view.blocked.is_some()]
                        aria-describedby=[view.blocked.as_ref().map(|_| "why-not")] { (icon("check")) "Apply this plan" }
                    @if let Some(reason) = &view.blocked { div #why-not { (blocked(reason)) } }
                }
                p.digest title=(view.digest) { "Plan " (view.digest.short()) ". If anything it was made from changes, apply refuses." }
            }
        }
    }
}

/// Renders the page.
pub fn plan_file(chrome: &Chrome, view: &PlanFileView) -> String {
    let line = html! { "In the plan “" (view.title) "”, " (size(view.size)) };
    let actions = html! { a.button href={ "/plans/" (view.plan) } { (icon("back")) "The plan" } };
    document(
        chrome,
        html! {
            (headline(&view.path, Some(&line), Some(&actions)))
            @match &view.content {
                PlanContent::Text { text, html } => (code::block(text, html.as_ref(), true, &[])),
                PlanContent::Binary => p.muted { "Not text." },
                PlanContent::TooLarge => p.muted { "Too large to show." },
            }
        },
    )
}
