//! Home: what needs me, what I own, what ran, where to start.

use fairway_domain::Timestamp;

use maud::{Markup, html};

use crate::catalog::{health, name_cell};
use crate::chrome::{Chrome, Tone};
use crate::icon::icon;
use crate::measure::{ago, grouped};
use crate::part::{empty, headline, owner_link, run_list, section, tone};
use crate::row::{EntityRow, RunRow, TemplateRow};
use crate::shell::document;

/// Something that waits for the person.
#[derive(Clone, Debug)]
pub struct Attention {
    /// How bad.
    pub tone: Tone,
    /// One word for what it is: `file`, `run`, `finding`, `message`.
    pub what: String,
    /// One sentence.
    pub title: String,
    /// More, for example `catalog-info.yaml:12:3`.
    pub detail: Option<String>,
    /// Where it is dealt with.
    pub url: String,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct HomeView {
    /// What waits for the person, worst first.
    pub attention: Vec<Attention>,
    /// What the person (or one of their teams) owns; for a guest everything recent.
    pub owned: Vec<EntityRow>,
    /// How many they own in all.
    pub owned_total: usize,
    /// Where all of it is listed.
    pub owned_url: String,
    /// The newest runs.
    pub runs: Vec<RunRow>,
    /// Golden paths, recommended first.
    pub starts: Vec<TemplateRow>,
    /// How many entities the catalog has in all.
    pub entities: usize,
}

/// Renders the page.
pub fn home(chrome: &Chrome, view: &HomeView) -> String {
    let waiting = view.attention.len();
    let title = match waiting {
        0 => "Nothing needs you".to_owned(),
        1 => "1 thing needs you".to_owned(),
        _ => format!("{waiting} things need you"),
    };
    let actions = html! {
        a.button href="/catalog" { (icon("catalog")) "Catalog" }
        a.button.primary href="/create" { (icon("plus")) "Create" }
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&lead(view)), Some(&actions)))
            div.split {
                div {
                    @if !view.attention.is_empty() { (attention(view, chrome)) }
                    (owned(view, chrome))
                }
                div {
                    (section("runs", "Recent runs", Some(&html! { a href="/runs" { "All runs" } }), &runs(view, chrome)))
                    (section("starts", "Start something", Some(&html! { a href="/create" { "All paths" } }), &starts(view)))
                }
            }
        },
    )
}

fn lead(view: &HomeView) -> Markup {
    html! {
        @if view.attention.is_empty() {
            "No broken files, failed runs or findings on what you own."
        } @else {
            "Worst first. Each line leads to the place where it is dealt with."
        }
    }
}

fn attention(view: &HomeView, chrome: &Chrome) -> Markup {
    let list = html! {
        ul.rows data-testid="attention" {
            @for item in &view.attention {
                @let (class, drawing) = tone(item.tone);
                li {
                    a.row-link.with-icon.(class) href=(item.url) {
                        (icon(drawing))
                        span.row-main { (item.title) }
                        @if let Some(at) = item.at { span.row-side.muted { (ago(chrome.now, at)) } }
                        span.row-sub { (item.what) @if let Some(detail) = &item.detail { " · " (detail) } }
                    }
                }
            }
        }
    };
    section("attention", "Needs you", None, &list)
}

fn owned(view: &HomeView, chrome: &Chrome) -> Markup {
    let title = if chrome.caller.guest { "In the catalog" } else { "Yours" };
    let url = if view.owned_url.is_empty() { "/catalog" } else { &view.owned_url };
    let side = html! {
        @if view.owned_total > view.owned.len() { a href=(url) { "All " (grouped(view.owned_total)) } }
    };
    let content = if view.owned.is_empty() {
        let actions = html! {
            a.button.primary href="/create" { (icon("plus")) "Create a service" }
            a.button href="/sources" { "Register what exists" }
        };
        empty(
            "component",
            if view.entities == 0 { "The catalog is empty" } else { "You own nothing yet" },
            &html! { "A golden path gives you a running service in a minute. A repository that has a " code { "catalog-info.yaml" } " can be registered as it is." },
            Some(&actions),
        )
    } else {
        entity_table(&view.owned, "What you own")
    };
    section("owned", title, Some(&side), &content)
}

/// A short table of entities with their health.
fn entity_table(rows: &[EntityRow], label: &str) -> Markup {
    html! {
        table.table aria-label=(label) {
            thead { tr {
                th scope="col" { "Name" }
                th.fit.at-medium scope="col" { "Type" }
                th.fit.at-wide scope="col" { "Owner" }
                th.fit scope="col" { "Health" }
            } }
            tbody {
                @for row in rows {
                    tr data-row {
                        td.grow { div.name-line { (name_cell(row)) @if let Some(text) = &row.description { span.sub { (text) } } } }
                        td.fit.at-medium.sub { (row.entity_type.as_deref().unwrap_or(&row.kind)) }
                        td.fit.at-wide { (owner_link(row.owner.as_ref())) }
                        td.fit { (health(row)) }
                    }
                }
            }
        }
    }
}

fn runs(view: &HomeView, chrome: &Chrome) -> Markup {
    if view.runs.is_empty() {
        return empty(
            "run",
            "No runs yet",
            &html! { "A run is a plan being applied: a new service, a promotion, a rollback." },
            None,
        );
    }
    run_list(&view.runs, chrome.now)
}

fn starts(view: &HomeView) -> Markup {
    if view.starts.is_empty() {
        return empty(
            "template",
            "No golden paths",
            &html! { "Register a source with " code { "template.yaml" } " files on " a href="/sources" { "Sources" } "." },
            None,
        );
    }
    html! {
        ul.rows {
            @for template in &view.starts {
                li {
                    a.row-link.with-icon.gold[template.recommended] href=(crate::create::template_address(&template.reference)) {
                        (icon(if template.recommended { "star" } else { "template" }))
                        span.row-main { (template.title) }
                        @if template.recommended { span.row-side { span.chip.tone { "Recommended" } } }
                        span.row-sub { (template.description.as_deref().unwrap_or(&template.template_type)) }
                    }
                }
            }
        }
    }
}
