//! Parts that pages are made of: headers, chips, empty states, lists of runs, links to entities.

use fairway_domain::run::RunStatus;
use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::address;
use crate::chrome::Tone;
use crate::icon::{self, icon};
use crate::measure::ago;
use crate::row::RunRow;

/// The class and icon of a tone.
pub const fn tone(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Info => ("info", "info"),
        Tone::Good => ("good", "done"),
        Tone::Warning => ("warn", "warning"),
        Tone::Bad => ("bad", "failed"),
    }
}

/// A state in icon and word.
pub fn state(of: Tone, word: &str) -> Markup {
    let (class, drawing) = tone(of);
    html! { span.state.(class) { (icon(drawing)) (word) } }
}

/// A short word in a frame.
pub fn chip(word: &str) -> Markup {
    html! { span.chip { (word) } }
}

/// The headline of a page: what it is or, better, its answer; one line more; and what can be done.
pub fn headline(title: &str, line: Option<&Markup>, actions: Option<&Markup>) -> Markup {
    html! {
        div.headline {
            div.headline-text {
                h1 { (title) }
                @if let Some(line) = line { p.lead { (line) } }
            }
            @if let Some(actions) = actions { div.actions { (actions) } }
        }
    }
}

/// Nothing here, why, and the next step.
pub fn empty(drawing: &str, title: &str, text: &Markup, actions: Option<&Markup>) -> Markup {
    html! {
        div.empty {
            (icon(drawing))
            h2 { (title) }
            p { (text) }
            @if let Some(actions) = actions { div.actions { (actions) } }
        }
    }
}

/// A reason why something cannot be done, beside the control that cannot be used.
pub fn blocked(reason: &str) -> Markup {
    html! { p.blocked { (icon("lock")) span { (reason) } } }
}

/// A link to an entity with its kind's icon.
pub fn entity_link(reference: &EntityRef, title: &str) -> Markup {
    html! {
        a.entity href=(address::entity(reference)) title=(reference) {
            (icon(icon::of_kind(reference.kind()))) span { (title) }
        }
    }
}

/// Whose something is.
pub fn owner_link(owner: Option<&EntityRef>) -> Markup {
    html! {
        @match owner {
            Some(owner) => (entity_link(owner, owner.name())),
            None => span.muted { "no owner" },
        }
    }
}

/// A time ago, or a dash.
pub fn ago_or_dash(now: Timestamp, at: Option<Timestamp>) -> Markup {
    html! { @match at { Some(at) => (ago(now, at)), None => span.muted { "never" } } }
}

/// The class, icon and word of a run's status.
const fn run_tone(status: RunStatus) -> (&'static str, &'static str, &'static str) {
    match status {
        RunStatus::Running => ("info", "spin", "Running"),
        RunStatus::Completed => ("good", "done", "Completed"),
        RunStatus::Failed => ("bad", "failed", "Failed"),
        RunStatus::Undoing => ("info", "spin", "Undoing"),
        RunStatus::Undone => ("quiet", "undo", "Undone"),
    }
}

/// A run's status in icon and word.
pub fn run_status(status: RunStatus) -> Markup {
    let (class, drawing, word) = run_tone(status);
    html! { span.state.(class) { (icon(drawing)) (word) } }
}

/// Runs as a compact list.
pub fn run_list(runs: &[RunRow], now: Timestamp) -> Markup {
    html! {
        ul.rows {
            @for run in runs {
                @let (class, drawing, word) = run_tone(run.status);
                li {
                    a.row-link.with-icon.(class) href=(address::run(&run.id)) title=(run.title) {
                        (icon(drawing))
                        span.row-main { (run.title) }
                        span.row-sub { (word) " · " (run.actor) " · " (ago(now, run.started_at)) }
                    }
                }
            }
        }
    }
}

/// Links to older and newer pages of a list.
pub fn pager(newer: Option<&str>, older: Option<&str>) -> Markup {
    html! {
        @if newer.is_some() || older.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(newer) = newer { a.button href=(newer) rel="prev" { (icon("back")) "Newer" } }
                @if let Some(older) = older { a.button href=(older) rel="next" { "Older" (icon("arrow")) } }
            }
        }
    }
}

/// A text to paste, with a button that copies it where scripts run.
pub fn copyable(label: &str, text: &str) -> Markup {
    html! {
        div.copyable {
            input.mono type="text" readonly aria-label=(label) value=(text);
            button.button.icon-only type="button" data-copy=(text) aria-label={ "Copy: " (label) } hidden {
                (icon("copy"))
            }
        }
    }
}

/// A section with a heading, and something at the heading's end.
pub fn section(id: &str, title: &str, side: Option<&Markup>, content: &Markup) -> Markup {
    html! {
        section.section aria-labelledby={ (id) "-heading" } {
            div.section-head {
                h2 id={ (id) "-heading" } { (title) }
                @if let Some(side) = side { div.section-side { (side) } }
            }
            (content)
        }
    }
}

/// Label and value pairs.
pub fn facts(pairs: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (label, value) in pairs { div { dt { (label) } dd { (value) } } } } }
}

/// A field to filter the list by, sent with the address.
pub fn filter(action: &str, q: &str, label: &str, placeholder: &str, kept: &[(&str, &str)]) -> Markup {
    html! {
        form.filter action=(action) method="get" role="search" aria-label=(label) {
            @for (name, value) in kept { @if !value.is_empty() { input type="hidden" name=(name) value=(value); } }
            (icon("search"))
            input #q type="search" name="q" value=(q) placeholder=(placeholder) aria-label=(label)
                autocomplete="off" data-filter;
        }
    }
}
