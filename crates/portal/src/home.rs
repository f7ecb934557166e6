//! Home: what needs me, what I own, what ran, where to start.

use fairway_domain::Timestamp;

use maud::{Markup, html};

use crate::catalog_table::{health, name_cell};
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
    /// The titles of the person's teams.
    pub teams: Vec<String>,
    /// Versions that may move on, for those who may move them.
    pub promotions: Vec<Attention>,
    /// What the person (or one of their teams) owns.
    pub owned: Vec<EntityRow>,
    /// How many they own in all.
    pub owned_total: usize,
    /// Where all of it is listed.
    pub owned_url: String,
    /// What the person starred, the newest first.
    pub starred: Vec<EntityRow>,
    /// What was looked at last in this browser.
    pub recent: Vec<EntityRow>,
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
                    @if !view.attention.is_empty() { (attention(&view.attention, chrome)) }
                    @if !view.promotions.is_empty() {
                        (section("promotions", "May move on", Some(&html! { a href="/environments" { "Environments" } }), &lines(&view.promotions, chrome)))
                    }
                    (owned(view))
                }
                div {
                    @if !view.starred.is_empty() {
                        (section("starred", "Starred", Some(&html! { a href="/catalog?shelf=starred" { "All" } }), &short_list(&view.starred)))
                    }
                    @if !view.recent.is_empty() {
                        (section("recent", "Looked at last", Some(&html! { a href="/catalog?shelf=recent" { "All" } }), &short_list(&view.recent)))
                    }
                    (section("runs", "Recent runs", Some(&html! { a href="/runs" { "All runs" } }), &runs(view, chrome)))
                    (section("starts", "Start something", Some(&html! { a href="/create" { "All paths" } }), &starts(view)))
                }
            }
        },
    )
}

/// Entities by name alone.
fn short_list(rows: &[EntityRow]) -> Markup {
    html! { ul.rows { @for row in rows { li.short { (name_cell(row)) span.sub { (row.kind) } } } } }
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

/// More lines than these are folded away, so that what is owned stays in reach.
const LINES: usize = 8;

fn attention(items: &[Attention], chrome: &Chrome) -> Markup {
    let (first, rest) = items.split_at(items.len().min(LINES));
    let list = html! {
        div data-testid="attention" {
            (lines(first, chrome))
            @if !rest.is_empty() {
                details.more { summary { (grouped(rest.len())) " more" } (lines(rest.get(..200).unwrap_or(rest), chrome)) }
            }
        }
    };
    section("attention", "Needs you", None, &list)
}

fn lines(items: &[Attention], chrome: &Chrome) -> Markup {
    html! {
        ul.rows {
            @for item in items {
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
    }
}

fn owned(view: &HomeView) -> Markup {
    let title = if view.teams.is_empty() {
        "Yours".to_owned()
    } else {
        format!("Owned by {}", view.teams.join(", "))
    };
    let url = if view.owned_url.is_empty() { "/catalog" } else { &view.owned_url };
    let side = html! {
        @if view.owned_total > view.owned.len() { a href=(url) { "All " (grouped(view.owned_total)) } }
    };
    let content = if view.owned.is_empty() {
        // Without a golden path there is nothing to create from.
        let (first, second) =
            if view.starts.is_empty() { ("", "button primary") } else { ("button primary", "button") };
        let actions = html! {
            @if !first.is_empty() { a class=(first) href="/create" { (icon("plus")) "Create a service" } }
            a class=(second) href="/sources" { "Register what exists" }
        };
        empty(
            "component",
            if view.entities == 0 { "The catalog is empty" } else { "You own nothing yet" },
            &html! {
                @if !view.starts.is_empty() { "A golden path gives you a running service in a minute. " }
                "A repository that has a " code { "catalog-info.yaml" } " can be registered as it is; golden paths come the same way, as " code { "template.yaml" } "."
            },
            Some(&actions),
        )
    } else {
        entity_table(&view.owned, "What you own", true)
    };
    section("owned", &title, Some(&side), &content)
}

/// A short table of entities with their health.
pub fn entity_table(rows: &[EntityRow], label: &str, with_owner: bool) -> Markup {
    html! {
        table.table aria-label=(label) {
            thead { tr {
                th scope="col" { "Name" }
                th.fit.at-medium scope="col" { "Type" }
                @if with_owner { th.fit.at-wide scope="col" { "Owner" } }
                th.fit scope="col" { "Health" }
            } }
            tbody {
                @for row in rows {
                    tr data-row {
                        td.grow { div.name-line { (name_cell(row)) @if let Some(text) = &row.description { span.sub { (text) } } } }
                        td.fit.at-medium.sub { (row.entity_type.as_deref().unwrap_or(&row.kind)) }
                        @if with_owner { td.fit.at-wide { (owner_link(row.owner.as_ref())) } }
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
