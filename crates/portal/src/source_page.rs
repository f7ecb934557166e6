//! One source: how it fares, when it is read, what it gives, what changed in it; and what would go with it.

use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::address;
use crate::chrome::{Chrome, Tone};
use crate::icon::icon;
use crate::measure::{ago, count, grouped, relative};
use crate::part::{ago_or_dash, blocked, empty, entity_link, facts, headline, section, state};
use crate::shell::document;
use crate::source::{SourceRow, source_state, source_table};

/// Entities that are listed before only their number is told.
const LISTED: usize = 300;

/// The page `/sources/{id}`.
#[derive(Clone, Debug)]
pub struct SourceView {
    /// The source.
    pub row: SourceRow,
    /// Who registered it, and when.
    pub registered: (String, Timestamp),
    /// When it was last looked at, new or not.
    pub checked_at: Option<Timestamp>,
    /// When it is looked at next by nobody's order.
    pub next_at: Option<Timestamp>,
    /// Seconds between two looks; `None` when events make it read.
    pub interval_seconds: Option<u64>,
    /// Whether an interval can be set.
    pub has_interval: bool,
    /// The commit or digest that was read last.
    pub revision: Option<String>,
    /// The name of the credential that it is read with.
    pub credential: Option<String>,
    /// What is left of the forge's budget.
    pub budget: Option<BudgetView>,
    /// The sources that it discovered, those with trouble first.
    pub children: Vec<SourceRow>,
    /// The source that discovered it.
    pub parent: Option<(String, String)>,
    /// The entities that it gives.
    pub entities: Vec<EntityRef>,
    /// Entities that another source gives as well.
    pub conflicts: Vec<ConflictRow>,
    /// What changed in it, the newest first.
    pub history: Vec<SourceMoment>,
    /// Why this person may not change it.
    pub blocked: Option<String>,
}

/// An entity that two sources give.
#[derive(Clone, Debug)]
pub struct ConflictRow {
    /// Which.
    pub reference: EntityRef,
    /// The file of the one that is not shown, with its line.
    pub place: String,
    /// Whether the entity of this source is the one that is shown.
    pub wins: bool,
    /// The other source: its identifier and its address.
    pub other: Option<(String, String)>,
}

/// A forge's budget of requests.
#[derive(Clone, Debug)]
pub struct BudgetView {
    /// The forge.
    pub host: String,
    /// How many requests are left, of how many.
    pub left: Option<(u64, u64)>,
    /// When there are as many again.
    pub resets_at: Option<Timestamp>,
    /// Until when the forge asked to be left alone.
    pub blocked_until: Option<Timestamp>,
    /// Requests sent since the start.
    pub sent: u64,
    /// Those that were answered with "unchanged".
    pub unchanged: u64,
}

/// A moment of a source's past.
#[derive(Clone, Debug)]
pub struct SourceMoment {
    /// The record in the journal.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What came of it.
    pub text: String,
    /// Whether that is good.
    pub tone: Tone,
}

/// The page `/sources/{id}/remove`.
#[derive(Clone, Debug)]
pub struct SourceRemovalView {
    /// The source.
    pub row: SourceRow,
    /// How many discovered sources would go with it.
    pub children: usize,
    /// The entities that would go.
    pub entities: Vec<EntityRef>,
    /// Why this person may not do it.
    pub blocked: Option<String>,
}

/// Renders the page.
pub fn source(chrome: &Chrome, view: &SourceView) -> String {
    let row = &view.row;
    let base = format!("/sources/{}", address::encode(&row.id));
    let line = html! { (row.kind) " · " (source_state(row)) " · " (count(view.entities.len(), "entity", "entities")) };
    let actions = html! {
        @if view.blocked.is_none() {
            form action={ (base) "/refresh" } method="post" {
                input type="hidden" name="return_to" value=(base);
                button.button.primary type="submit" { (icon("refresh")) "Refresh now" }
            }
            form action={ (base) "/configure" } method="post" {
                input type="hidden" name="paused" value=(if row.paused { "false" } else { "true" });
                button.button type="submit" { (if row.paused { "Resume" } else { "Pause" }) }
            }
            a.button href={ (base) "/remove" } { "Remove…" }
        }
    };
    document(
        chrome,
        html! {
            (headline(&row.target, Some(&line), Some(&actions)))
            @if let Some(reason) = &view.blocked { (blocked(reason)) }
            @if let Some(failure) = &row.failure { (trouble(view, failure, &base, chrome.now)) }
            (facts(&about(view, chrome.now)))
            @if view.has_interval && view.blocked.is_none() { (interval(view, &base)) }
            @if let Some(budget) = &view.budget { (section("budget", "Budget of requests", None, &budget_facts(budget, chrome.now))) }
            @if !view.children.is_empty() {
                (section("repositories", "Discovered", Some(&html! { (count(view.children.len(), "repository", "repositories")) }), &source_table(&view.children, chrome.now)))
            }
            @if !view.conflicts.is_empty() {
                (section("conflicts", "Given twice", Some(&html! { (count(view.conflicts.len(), "entity", "entities")) }), &conflicts(&view.conflicts)))
            }
            (section("entities", "Entities", None, &entities(&view.entities)))
            (section("history", "What changed", None, &history(&view.history, chrome.now)))
        },
    )
}

fn trouble(view: &SourceView, failure: &str, base: &str, now: Timestamp) -> Markup {
    html! {
        section.panel aria-label="What is wrong" {
            p { (state(Tone::Bad, "Failing")) " " (failure) }
            p.muted {
                "What it gave stays"
                @if let Some(at) = view.row.synced_at { ", as it was " (relative(now, at)) }
                "."
            }
            @if view.row.proposes && view.blocked.is_none() {
                form action={ (base) "/refresh" } method="post" {
                    input type="hidden" name="accept" value="true";
                    input type="hidden" name="return_to" value="/sources";
                    button.button type="submit" { "Accept what would be removed" }
                }
            }
        }
    }
}

fn about(view: &SourceView, now: Timestamp) -> Vec<(&'static str, Markup)> {
    let mut pairs = vec![
        ("Last read well", ago_or_dash(now, view.row.synced_at)),
        ("Last looked at", ago_or_dash(now, view.checked_at)),
        (
            "Next look",
            match (view.next_at, view.row.paused) {
                (_, true) => html! { "never while it is paused" },
                (Some(next), _) => html! { (ago(now, next)) },
                (None, _) => html! { "when something happens to it" },
            },
        ),
    ];
    if let Some(seconds) = view.interval_seconds {
        pairs.push(("Interval", html! { "about every " (spelled(seconds)) }));
    }
    if let Some(revision) = &view.revision {
        let short: String = revision.trim_start_matches("sha256:").chars().take(40).collect();
        pairs.push(("Revision", html! { span.mono { (short) } }));
    }
    if let Some(credential) = &view.credential {
        pairs.push(("Credential", html! { (credential) }));
    }
    if let Some((id, target)) = &view.parent {
        pairs.push(("Discovered by", html! { a href={ "/sources/" (address::encode(id)) } { (target) } }));
    }
    let (by, at) = &view.registered;
    pairs.push(("Registered", html! { "by " (by) ", " (ago(now, *at)) }));
    pairs
}

fn spelled(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", (seconds + 30) / 60),
        _ => format!("{} h", (seconds + 1_800) / 3_600),
    }
}

fn interval(view: &SourceView, base: &str) -> Markup {
    let minutes = view.interval_seconds.map_or(0, |seconds| seconds / 60);
    html! {
        form.toolbar action={ (base) "/configure" } method="post" {
            div.field {
                label for="minutes" { "Look every … minutes" }
                div.inline {
                    input #minutes name="minutes" type="number" min="0" max="10080" value=(minutes) aria-describedby="minutes-help";
                    button.button type="submit" { "Set" }
                }
                p.help #minutes-help { "0 for the usual interval. Events make it read at once, whatever this says." }
            }
        }
    }
}

fn budget_facts(budget: &BudgetView, now: Timestamp) -> Markup {
    let mut pairs = vec![("Forge", html! { (budget.host) })];
    if let Some((left, limit)) = budget.left {
        pairs.push(("Left", html! { (grouped(left as usize)) " of " (grouped(limit as usize)) }));
    }
    if let Some(at) = budget.resets_at {
        pairs.push(("As many again", ago(now, at)));
    }
    if let Some(at) = budget.blocked_until {
        pairs.push((
            "Left alone until",
            html! { (state(Tone::Warning, "It asked for patience")) " " (ago(now, at)) },
        ));
    }
    pairs.push((
        "Since the start",
        html! { (grouped(budget.sent as usize)) " sent, " (grouped(budget.unchanged as usize)) " of them unchanged" },
    ));
    facts(&pairs)
}

/// What two sources give: which of the two is shown, and what to do.
fn conflicts(rows: &[ConflictRow]) -> Markup {
    html! {
        table.table aria-label="Entities that two sources give" {
            thead { tr { th.grow scope="col" { "Entity" } th.fit scope="col" { "Shown" } th.fit.at-medium scope="col" { "Other source" } th.fit.at-wide scope="col" { "Passed over" } } }
            tbody {
                @for row in rows.iter().take(LISTED) {
                    tr data-row {
                        td.grow { (entity_link(&row.reference, row.reference.name())) }
                        td.fit {
                            @if row.wins { (state(Tone::Good, "This one")) } @else { (state(Tone::Warning, "The other one")) }
                        }
                        td.fit.at-medium {
                            @match &row.other {
                                Some((id, target)) => a href={ "/sources/" (address::encode(id)) } { span.capped title=(target) { (target) } },
                                None => span.muted { "–" },
                            }
                        }
                        td.fit.at-wide.sub { span.mono.capped title=(row.place) { (row.place) } }
                    }
                }
            }
        }
        p.muted { "The source that had it first is shown. Remove it from one of the two, or give it another name there." }
    }
}

fn entities(entities: &[EntityRef]) -> Markup {
    html! {
        @if entities.is_empty() {
            (empty("catalog", "No entities yet", &html! { "Nothing in the catalog comes from this source." }, None))
        } @else {
            ul.relations {
                @for reference in entities.iter().take(LISTED) { li { (entity_link(reference, reference.name())) } }
            }
            @if entities.len() > LISTED { p.muted { "and " (grouped(entities.len() - LISTED)) " more" } }
        }
    }
}

fn history(moments: &[SourceMoment], now: Timestamp) -> Markup {
    html! {
        table.table aria-label="What changed" {
            thead { tr { th.fit scope="col" { "When" } th.grow scope="col" { "What" } th.fit scope="col" { "By" } } }
            tbody {
                @for moment in moments {
                    tr {
                        td.fit { a href={ "/audit/" (moment.sequence) } { (ago(now, moment.at)) } }
                        td.grow { (state(moment.tone, &moment.text)) }
                        td.fit.sub { (moment.by) }
                    }
                }
            }
        }
    }
}

/// Renders the page.
pub fn source_removal(chrome: &Chrome, view: &SourceRemovalView) -> String {
    let base = format!("/sources/{}", address::encode(&view.row.id));
    let title = format!("Remove {}", view.row.target);
    let line = html! {
        (count(view.entities.len(), "entity goes", "entities go"))
        @if view.children > 0 { ", with " (count(view.children, "discovered repository", "discovered repositories")) }
        ". The history keeps them; registering the source again brings back what is still there."
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), None))
            @if let Some(reason) = &view.blocked { (blocked(reason)) }
            form action={ (base) "/remove" } method="post" {
                div.actions {
                    button.button.primary type="submit" disabled[view.blocked.is_some()] { "Remove the source" }
                    a.button href=(base) { "Keep it" }
                }
            }
            (section("entities", "What goes", None, &entities(&view.entities)))
        },
    )
}
