//! Run: where is it, what did it do?

use fairway_domain::Timestamp;
use fairway_domain::plan::{Effect, Plan};
use fairway_domain::run::{EffectOutcome, EffectStatus, Run, RunEffect, RunStatus};
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::{absolute, ago, clock, count, duration};
use crate::part::{blocked, empty, headline, pager, run_status, section};
use crate::row::RunRow;
use crate::safe::SafeHtml;
use crate::shell::{Document, document, document_with};

/// The page `/runs`.
#[derive(Clone, Debug, Default)]
pub struct RunsView {
    /// This page's runs, newest first.
    pub runs: Vec<RunRow>,
    /// The chosen status, `?status=`; empty for all.
    pub status: String,
    /// The address of the older ones.
    pub older: Option<String>,
    /// The address of the newer ones.
    pub newer: Option<String>,
}

/// The page `/runs/{id}`.
#[derive(Clone, Debug)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// Its plan; `None` when it was erased.
    pub plan: Option<Plan>,
    /// The texts it ends with, rendered, with their titles.
    pub texts: Vec<(String, SafeHtml)>,
    /// Why it cannot be undone by this person now; `None` offers undo.
    pub undo_blocked: Option<String>,
}

/// What undo would do about one effect.
#[derive(Clone, Debug)]
pub struct UndoItem {
    /// What the effect did.
    pub summary: String,
    /// What undoing it does, when it can be undone.
    pub undone: Option<String>,
    /// Why it stays, when it cannot.
    pub kept: Option<String>,
}

/// The page `/runs/{id}/undo`.
#[derive(Clone, Debug)]
pub struct UndoView {
    /// The run's identifier.
    pub id: String,
    /// The run's title.
    pub title: String,
    /// What happens, in the order it happens.
    pub items: Vec<UndoItem>,
    /// Why it cannot be undone by this person now.
    pub blocked: Option<String>,
}

/// Renders the page.
pub fn runs(chrome: &Chrome, view: &RunsView) -> String {
    let line = html! { "Plans that were applied: new services, promotions, rollbacks. Each can be opened, and most can be undone." };
    let tab = |status: &str, word: &str| {
        html! { a href=(address::query("/runs", &[("status", status)])) aria-current=[(view.status == status).then_some("true")] { (word) } }
    };
    document(
        chrome,
        html! {
            (headline("Runs", Some(&line), None))
            div.toolbar {
                nav.segments aria-label="Status" {
                    (tab("", "All")) (tab("running", "Running")) (tab("completed", "Completed")) (tab("failed", "Failed")) (tab("undone", "Undone"))
                }
            }
            @if view.runs.is_empty() {
                (empty("run", "No runs here", &html! { "A run begins when a plan is applied." },
                    Some(&html! { a.button.primary href="/create" { (icon("plus")) "Create" } a.button href="/environments" { "Promote" } })))
            } @else {
                (run_table(&view.runs, chrome.now))
                (pager(view.newer.as_deref(), view.older.as_deref()))
            }
        },
    )
}

fn run_table(runs: &[RunRow], now: Timestamp) -> Markup {
    html! {
        table.table aria-label="Runs" {
            thead { tr {
                th.grow scope="col" { "Run" }
                th.fit scope="col" { "Status" }
                th.fit.at-medium.number scope="col" { "Effects" }
                th.fit.at-wide scope="col" { "Who" }
                th.fit.at-wide.number scope="col" { "Took" }
                th.fit.at-medium scope="col" { "When" }
            } }
            tbody {
                @for run in runs {
                    tr data-row {
                        td.grow { a.name href=(address::run(&run.id)) { (run.title) } }
                        td.fit { (run_status(run.status)) }
                        td.fit.at-medium.number { (run.done) " of " (run.total) }
                        td.fit.at-wide.sub { (run.actor) }
                        td.fit.at-wide.number { @match run.ended_at { Some(end) => (duration(run.started_at, end)), None => "–" } }
                        td.fit.at-medium.sub { (ago(now, run.started_at)) }
                    }
                }
            }
        }
    }
}

/// Renders the page.
pub fn run(chrome: &Chrome, view: &RunView) -> String {
    let settled = view.run.status.is_settled();
    let options = Document { refresh: (!settled).then_some(2), live: !settled, bare: false };
    let events = (!settled).then(|| format!("{}/events", address::run(&view.run.id)));
    document_with(
        chrome,
        options,
        html! {
            div #voice.hidden role="status" aria-live="polite" {}
            div data-live=[events] data-testid="run" { (fragment(view, chrome.now)) }
        },
    )
}

/// The part of the page that changes while the run is under way; the data of the `run` event.
pub fn run_fragment(view: &RunView, now: Timestamp) -> String {
    fragment(view, now).into_string()
}

fn fragment(view: &RunView, now: Timestamp) -> Markup {
    let run = &view.run;
    let line = html! {
        (run_status(run.status)) " · " (run.actor) " through " (run.origin) ", " (ago(now, run.started_at))
        @if let Some(end) = run.ended_at { ", took " (duration(run.started_at, end)) }
        @if let Some(reason) = &run.reason { " · “" (reason) "”" }
        @if run.resumed > 0 { ", taken up again " (count(run.resumed as usize, "time", "times")) }
    };
    let actions = html! {
        @if view.run.status.is_settled() && run.status != RunStatus::Undone {
            @if view.undo_blocked.is_none() {
                a.button.danger #undo href={ (address::run(&run.id)) "/undo" } { (icon("undo")) "Undo" }
            }
        }
        a.button href={ "/plans/" (run.plan) } { (icon("list")) "Plan" }
    };
    html! {
        (headline(&run.title, Some(&line), Some(&actions)))
        span data-say=(said(view)) data-settled[run.status.is_settled()] {}
        div.split {
            div {
                (section("steps", "Steps", Some(&html! { (progress(view)) }), &steps(view)))
                (section("log", "Log", None, &log(view)))
            }
            div.first-when-narrow {
                (results(view))
                @if let Some(reason) = &view.undo_blocked && run.status.is_settled() && run.status != RunStatus::Undone {
                    section.panel aria-label="Undo" { h3 { "Undo" } (blocked(reason)) }
                }
            }
        }
    }
}

fn done(view: &RunView) -> usize {
    view.run.effects.iter().filter(|effect| matches!(effect.status, EffectStatus::Done { .. })).count()
}

fn progress(view: &RunView) -> Markup {
    let count_of = |wanted: fn(&EffectStatus) -> bool| {
        view.run.effects.iter().filter(|effect| wanted(&effect.status)).count()
    };
    let kept = count_of(|status| matches!(status, EffectStatus::Kept { .. }));
    html! {
        @if view.run.status == RunStatus::Undone {
            (count_of(|status| matches!(status, EffectStatus::Undone { .. }))) " of " (view.run.effects.len()) " undone"
            @if kept > 0 { ", " (kept) " kept" }
        } @else { (done(view)) " of " (view.run.effects.len()) " done" }
    }
}

/// One sentence for screen readers.
fn said(view: &RunView) -> String {
    let total = view.run.effects.len();
    match view.run.status {
        RunStatus::Running => format!("{} of {total} steps done", done(view)),
        RunStatus::Completed => format!("Completed: all {total} steps done"),
        RunStatus::Failed => format!("Failed after {} of {total} steps", done(view)),
        RunStatus::Undoing => "Undoing".to_owned(),
        RunStatus::Undone => "Undone".to_owned(),
    }
}

fn steps(view: &RunView) -> Markup {
    html! {
        ol.channel {
            @for (index, effect) in view.run.effects.iter().enumerate() {
                @let planned = view.plan.as_ref().and_then(|plan| plan.effects.get(index));
                (step(effect, planned))
            }
        }
        @if view.run.effects.is_empty() { p.muted { "This plan had no effects." } }
    }
}

fn step(effect: &RunEffect, planned: Option<&Effect>) -> Markup {
    let (class, drawing, word) = match &effect.status {
        EffectStatus::Pending => ("quiet", "clock", "Waiting"),
        EffectStatus::Began => ("info", "spin", "Under way"),
        EffectStatus::Done { .. } => ("good", "done", "Done"),
        EffectStatus::Failed { .. } => ("bad", "failed", "Failed"),
        EffectStatus::Undone { .. } => ("quiet", "undo", "Undone"),
        EffectStatus::Kept { .. } => ("warn", "skip", "Kept"),
    };
    html! {
        li {
            span.buoy.(class) { (icon(drawing)) }
            div.what {
                strong { @match planned { Some(planned) => (planned.summary()), None => "An effect whose plan is gone" } }
                div.sub { (word) @if let EffectStatus::Done { outcome } = &effect.status { (outcome_text(outcome, planned)) } }
                @match &effect.status {
                    EffectStatus::Failed { message } => p.message.bad { (message) },
                    EffectStatus::Kept { reason } => p.message.warn { (reason) },
                    _ => {}
                }
            }
            // From its beginning to its undoing is no duration that says anything.
            @if let (Some(began), Some(ended), false) = (effect.began_at, effect.ended_at, matches!(effect.status, EffectStatus::Undone { .. } | EffectStatus::Kept { .. })) { span.time { (duration(began, ended)) } }
        }
    }
}

fn outcome_text(outcome: &EffectOutcome, planned: Option<&Effect>) -> Markup {
    html! {
        @if outcome.existed { " · it was there before" }
        @if let Some(commit) = &outcome.commit {
            " · commit "
            @match planned {
                Some(Effect::Commit { repository, .. }) => a.mono href=(address::commit(repository, commit.as_str())) { (commit.short()) },
                _ => span.mono { (commit.short()) },
            }
        }
    }
}

/// The service that the plan brought to an environment.
fn delivered(view: &RunView) -> Option<&str> {
    view.plan.as_ref()?.effects.iter().find_map(|effect| match effect {
        Effect::RecordDeployment { deployment } => Some(deployment.service.as_str()),
        _ => None,
    })
}

fn results(view: &RunView) -> Markup {
    let run = &view.run;
    if run.status == RunStatus::Undone
        || (run.links.is_empty() && view.texts.is_empty() && delivered(view).is_none())
    {
        return html! {};
    }
    let is_ready = run.status == RunStatus::Completed;
    // What was made is looked at first; its parts come after it.
    let leading = run.links.iter().position(|link| link.entity_ref.is_some()).unwrap_or(0);
    html! {
        section.panel aria-label="Result" {
            h2 { @if is_ready { "It is ready" } @else { "What it gives" } }
            @if !is_ready { p.muted { "These lead somewhere once the run has completed." } }
            @if is_ready {
                ul.stack {
                    @for (index, link) in run.links.iter().enumerate() {
                        @let url = link.entity_ref.as_ref().map(address::entity).or_else(|| link.url.as_deref().and_then(address::followable).map(ToOwned::to_owned));
                        li { @match url { Some(url) => a.button.wide-button.primary[index == leading] href=(url) { (link.title) (icon("arrow")) }, None => (link.title) } }
                    }
                    @if let Some(service) = delivered(view) {
                        li { a.button.wide-button href={ "/environments/services/" (address::encode(service)) } { "Where it runs" (icon("arrow")) } }
                    }
                }
                @for (title, text) in &view.texts { h3 { (title) } div.prose { (text) } }
            }
        }
    }
}

fn log(view: &RunView) -> Markup {
    if view.run.log.is_empty() {
        return html! { p.muted { "Nothing said yet." } };
    }
    html! {
        div.panel.log tabindex="0" role="region" aria-label="Log lines" {
            ol {
                @for line in view.run.log.iter().rev().take(1_000).rev() {
                    li { time datetime=(line.at) title=(absolute(line.at)) { (clock(line.at)) } span { @if let Some(step) = &line.step { span.muted { (step) ": " } } (line.message) } }
                }
            }
        }
    }
}

/// Renders the page.
pub fn undo(chrome: &Chrome, view: &UndoView) -> String {
    let undone = view.items.iter().filter(|item| item.undone.is_some()).count();
    let kept = view.items.len() - undone;
    let line = html! {
        (count(undone, "effect is", "effects are")) " undone, last first"
        @if kept > 0 { "; " (count(kept, "stays", "stay")) ", for the reason beside it" }
        ". What this run did not make is not touched."
    };
    document(
        chrome,
        html! {
            (headline(&format!("Undo “{}”?", view.title), Some(&line), None))
            ol.channel {
                @for item in &view.items {
                    li {
                        @if item.undone.is_some() { span.buoy { (icon("undo")) } } @else { span.buoy.warn { (icon("skip")) } }
                        div.what {
                            strong { (item.summary) }
                            @if let Some(undone) = &item.undone { div.sub { (undone) } }
                            @if let Some(kept) = &item.kept { p.message.warn { "Stays: " (kept) } }
                        }
                    }
                }
            }
            form.form action={ (address::run(&view.id)) "/undo" } method="post" {
                @if let Some(reason) = &view.blocked { (blocked(reason)) }
                @else {
                    div.field { label for="reason" { "Reason" span.optional { "optional" } } input #reason name="reason" type="text" maxlength="500" autocomplete="off"; }
                }
                div.form-actions {
                    button.button.danger #confirm-undo type="submit" disabled[view.blocked.is_some() || undone == 0] { (icon("undo")) "Undo " (count(undone, "effect", "effects")) }
                    a.button.quiet href=(address::run(&view.id)) { "Keep everything" }
                }
            }
        },
    )
}
