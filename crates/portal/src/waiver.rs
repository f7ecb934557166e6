//! Waivers: who was let off what, until when, and what waits for a decision.

use fairway_domain::finding::Finding;
use fairway_domain::waiver::{Waiver, WaiverStanding};
use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::{Chrome, Tone};
use crate::guardrail::parts;
use crate::icon::icon;
use crate::measure::{absolute, ago, count};
use crate::part::{blocked, empty, entity_link, headline, section, state};
use crate::policy::policy_address;
use crate::shell::document;
use crate::{address, finding};

/// A waiver as this person sees it.
#[derive(Clone, Debug)]
pub struct WaiverRow {
    /// The waiver.
    pub waiver: Waiver,
    /// The name of its policy, as its page has it.
    pub policy: String,
    /// How it stands.
    pub standing: WaiverStanding,
    /// Whether it waits or lets findings pass.
    pub is_open: bool,
    /// Who approves; empty for the platform's administrators.
    pub approvers: Vec<EntityRef>,
    /// Whether this person may decide on it now.
    pub may_decide: bool,
    /// Whether this person may take it back now.
    pub may_revoke: bool,
}

/// The page `/guardrails/waivers`.
#[derive(Clone, Debug, Default)]
pub struct WaiversView {
    /// The waivers that match: what waits first, then what ends first.
    pub waivers: Vec<WaiverRow>,
    /// What the address narrows them to, for people.
    pub about: Option<String>,
}

/// The page `/guardrails/waivers/new`.
#[derive(Clone, Debug)]
pub struct WaiverFormView {
    /// What was found.
    pub finding: Finding,
    /// The service that it is about.
    pub service: String,
    /// The digest of the plan that shows it, when it is one of a plan.
    pub plan: Option<String>,
    /// How many days a waiver may last.
    pub maximum_days: i64,
    /// Who approves; empty for the platform's administrators.
    pub approvers: Vec<EntityRef>,
    /// `path`, `object` or `service`, as chosen last.
    pub breadth: String,
    /// Whether every environment was chosen last.
    pub everywhere: bool,
    /// What was typed last.
    pub reason: String,
    /// What was typed last.
    pub days: String,
    /// Why it was refused.
    pub error: Option<String>,
}

/// Waivers that are over and shown.
const PAST: usize = 50;

fn tone(standing: WaiverStanding) -> (Tone, &'static str) {
    match standing {
        WaiverStanding::Requested => (Tone::Warning, "Waits"),
        WaiverStanding::Active => (Tone::Good, "Active"),
        WaiverStanding::Expiring => (Tone::Warning, "Ends soon"),
        WaiverStanding::Expired => (Tone::Info, "Ended"),
        WaiverStanding::Rejected => (Tone::Bad, "Rejected"),
        WaiverStanding::Revoked => (Tone::Info, "Taken back"),
    }
}

/// What a waiver lets pass, in a few words.
fn scope(waiver: &Waiver) -> String {
    let scope = &waiver.scope;
    let mut words = match (&scope.kind, &scope.name, &scope.service) {
        (Some(kind), Some(name), _) => format!("{kind} {name}"),
        (_, _, Some(service)) => format!("Everything of {service}"),
        _ => scope.policy.clone(),
    };
    if let Some(path) = &scope.path {
        words = format!("{words}, {path}");
    }
    match scope.environments.as_slice() {
        [] => format!("{words}, everywhere"),
        names => format!("{words}, in {}", names.join(", ")),
    }
}

fn day(moment: Timestamp) -> Markup {
    html! { time datetime=(moment) title=(absolute(moment)) { (moment.strftime("%-d %b %Y")) } }
}

/// Renders the list.
pub fn waivers(chrome: &Chrome, view: &WaiversView) -> String {
    let of = |fits: &dyn Fn(&WaiverRow) -> bool| -> Vec<WaiverRow> {
        view.waivers.iter().filter(|row| fits(row)).cloned().collect()
    };
    let mine = of(&|row| row.may_decide);
    let waiting = of(&|row| row.standing == WaiverStanding::Requested && !row.may_decide);
    let active = of(&|row| row.is_open && row.standing != WaiverStanding::Requested);
    let mut past = of(&|row| !row.is_open);
    past.sort_by_key(|row| std::cmp::Reverse(row.waiver.until));
    past.truncate(PAST);
    let expiring = active.iter().filter(|row| row.standing == WaiverStanding::Expiring).count();
    let title = match mine.len() {
        0 => "Waivers".to_owned(),
        many => count(many, "waiver waits for you", "waivers wait for you"),
    };
    let line = html! {
        (count(active.len(), "waiver lets", "waivers let")) " findings pass"
        @if expiring > 0 { ", " (count(expiring, "ends soon", "end soon")) }
        "."
        @if let Some(about) = &view.about { " Only about " span.mono { (about) } ". " a href="/guardrails/waivers" { "Show all" } }
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), None))
            (parts("/guardrails/waivers"))
            @if view.waivers.is_empty() {
                (empty("clock", "No waivers", &html! { "A waiver lets a finding pass until a day. Whoever owns the service asks for one from the finding." },
                    Some(&html! { a.button href="/guardrails" { "Findings" } })))
            }
            @if !mine.is_empty() {
                (section("mine", "Waiting for you", None, &html! { @for row in &mine { (decision(chrome.now, row)) } }))
            }
            @if !waiting.is_empty() { (section("waiting", "Waiting for others", None, &table(chrome.now, &waiting))) }
            @if !active.is_empty() { (section("active", "In force", None, &table(chrome.now, &active))) }
            @if !past.is_empty() {
                (section("past", "Over", None, &html! { details.more { summary { (count(past.len(), "waiver", "waivers")) } (table(chrome.now, &past)) } }))
            }
        },
    )
}

/// One that this person decides on.
fn decision(now: Timestamp, row: &WaiverRow) -> Markup {
    let waiver = &row.waiver;
    let action = |word: &str| format!("/guardrails/waivers/{}/{word}", address::encode(&waiver.id));
    html! {
        section.panel id=(waiver.id) data-testid="waiver" {
            div.section-head {
                h3 { a href=(policy_address(&row.policy)) { (waiver.title) } }
                div.section-side { (waiver.requested_by.name()) " asked " (ago(now, waiver.requested_at)) }
            }
            p { strong { (scope(waiver)) } ", until " (day(waiver.until)) "." }
            @if !waiver.message.is_empty() { p.muted { (waiver.message) } }
            p { (waiver.reason) }
            form.inline.actions action=(action("approve")) method="post" {
                input name="reason" aria-label="Your reason" placeholder="Your reason (to reject, say what to do instead)";
                button.button.primary type="submit" { (icon("check")) "Approve" }
                button.button.danger type="submit" formaction=(action("reject")) { (icon("close")) "Reject" }
            }
        }
    }
}

/// Waivers as a table.
pub fn table(now: Timestamp, waivers: &[WaiverRow]) -> Markup {
    html! {
        table.table aria-label="Waivers" {
            thead { tr {
                th.grow scope="col" { "For" }
                th.fit.at-wide scope="col" { "Asked by" }
                th.fit.at-medium scope="col" { "Until" }
                th.fit scope="col" { "State" }
                th.fit scope="col" { span.hidden { "Actions" } }
            } }
            tbody {
                @for row in waivers {
                    @let waiver = &row.waiver;
                    @let (tone, word) = tone(row.standing);
                    tr data-row id=[(!row.may_decide).then_some(&waiver.id)] {
                        td.grow.said {
                            a.name href=(policy_address(&row.policy)) { (waiver.title) }
                            span.sub { (scope(waiver)) }
                        }
                        td.fit.at-wide.sub { (waiver.requested_by.name()) " " (ago(now, waiver.requested_at)) }
                        td.fit.at-medium.sub { (day(waiver.until)) }
                        td.fit { (state(tone, word)) }
                        td.fit {
                            @if row.may_revoke {
                                form action={ "/guardrails/waivers/" (address::encode(&waiver.id)) "/revoke" } method="post" {
                                    button.button.small type="submit" aria-label={ "Take back the waiver of " (waiver.title) } { "Take back" }
                                }
                            }
                        }
                    }
                    tr.explained { td colspan="5" { p.muted { (waiver.reason) (said(row)) } } }
                }
            }
        }
    }
}

/// Who decides, or what was decided.
fn said(row: &WaiverRow) -> Markup {
    let waiver = &row.waiver;
    html! {
        @if row.standing == WaiverStanding::Requested {
            " · decided by "
            @if row.approvers.is_empty() { "the platform's administrators" }
            @for (index, approver) in row.approvers.iter().enumerate() { @if index > 0 { ", " } (approver.name()) }
        }
        @for (word, decision) in [("decided", &waiver.decided), ("taken back", &waiver.revoked)] {
            @if let Some(decision) = decision {
                " · " (word) " by " (decision.by.name())
                @if let Some(reason) = &decision.reason { ": " (reason) }
            }
        }
    }
}

/// Renders the form.
pub fn waiver_form(chrome: &Chrome, view: &WaiverFormView) -> String {
    let found = &view.finding;
    let line = html! { "It lets the finding pass until a day, for everybody to see. The service's owners are told before it ends." };
    document(
        chrome,
        html! {
            (headline("Ask for a waiver", Some(&line), None))
            (finding::finding(found, None))
            form.form.waiver-form action="/guardrails/waivers/new" method="post" {
                input type="hidden" name="finding" value=(found.id());
                @if let Some(plan) = &view.plan { input type="hidden" name="plan" value=(plan); }
                @if let Some(error) = &view.error { p.tone.bad role="alert" { (icon("failed")) " " (error) } }
                (breadths(view))
                @if let Some(environment) = &found.object.environment {
                    fieldset.field {
                        legend { "Where" }
                        div.choices {
                            label.choice { input type="radio" name="everywhere" value="" checked[!view.everywhere]; "In " (environment) }
                            label.choice { input type="radio" name="everywhere" value="yes" checked[view.everywhere]; "In every environment" }
                        }
                    }
                }
                div.field {
                    label for="days" { "Days" }
                    input #days name="days" type="number" min="1" max=(view.maximum_days) required value=(view.days) aria-describedby="days-help";
                    p.help #days-help { "At most " (view.maximum_days) ". It can be asked for again before it ends." }
                }
                div.field {
                    label for="reason" { "Why it cannot be mended now" }
                    textarea #reason name="reason" required minlength="10" maxlength="1000" aria-describedby="reason-help" { (view.reason) }
                    p.help #reason-help { "What is in the way, and what will end it. Shown beside the finding." }
                }
                div.form-actions {
                    button.button.primary type="submit" { "Ask" }
                    span.muted {
                        "Decided by "
                        @if view.approvers.is_empty() { "the platform's administrators" }
                        @for approver in &view.approvers { (entity_link(approver, approver.name())) " " }
                    }
                }
            }
        },
    )
}

fn breadths(view: &WaiverFormView) -> Markup {
    let object = &view.finding.object;
    let choice = |value: &str, words: Markup| {
        html! { label.choice { input type="radio" name="breadth" value=(value) checked[view.breadth == value]; span { (words) } } }
    };
    html! {
        fieldset.field {
            legend { "What it lets pass" }
            div.choices {
                @if let Some(path) = &view.finding.path { (choice("path", html! { "Only " code { (path) } " of " (object.kind) " " (object.name) })) }
                (choice("object", html! { (object.kind) " " (object.name) }))
                @if object.service.is_some() { (choice("service", html! { "Everything of " (view.service) })) }
            }
            @if object.service.is_none() { (blocked("The object does not say which service it belongs to, so the whole service cannot be chosen.")) }
        }
    }
}
