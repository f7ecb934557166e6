//! The rows of the catalog: a table whose rows can be chosen, and what can be done with those.

use fairway_domain::Timestamp;
use maud::{Markup, html};

use crate::address;
use crate::catalog::{CatalogView, ColumnView};
use crate::catalog_query::CatalogQuery;
use crate::chrome::Tone;
use crate::icon::icon;
use crate::measure::{ago, count, grouped, relative};
use crate::part::{chip, empty, entity_link, state};
use crate::row::{Cell, EntityRow};

/// The most tags in a row.
const TAGS: usize = 4;

/// How many there are, the table, and the way to other pages.
pub fn results(now: Timestamp, view: &CatalogView) -> Markup {
    html! {
        div.toolbar.tally-line {
            span.muted role="status" {
                @if view.query.is_narrowed() { (grouped(view.matching)) " of " (grouped(view.total)) }
                @else { (count(view.matching, "entity", "entities")) }
            }
            @if view.hidden > 0 {
                a href="/catalog?kind=any" title="Policies, locations, environments and classes" { (grouped(view.hidden)) " more of the platform's own" }
            }
            @if view.query.is_narrowed() { a.button.quiet.small href="/catalog" { (icon("close")) "Clear" } }
        }
        @if view.rows.is_empty() { (nothing(view)) } @else {
            form.bulk action="/catalog/bulk" method="post" {
                input type="hidden" name="question" value=(view.query.question());
                (table(now, view))
                (bulk(view))
            }
            (pages(view))
        }
    }
}

fn nothing(view: &CatalogView) -> Markup {
    let (title, text) = match view.query.shelf.as_str() {
        _ if view.error.is_some() => {
            ("The question cannot be read", html! { "What is wrong with it stands below the field." })
        }
        "starred" => (
            "No stars yet",
            html! { "Star what you come back to: with the button on its page, or with " kbd { "s" } " in a list." },
        ),
        "recent" => (
            "Nothing looked at yet",
            html! { "The last entities whose pages you opened in this browser come here." },
        ),
        "mine" => ("You own nothing yet", html! { "What you or your teams own comes here." }),
        _ => (
            "Nothing matches",
            html! { "No entity has all of this. Let go of a filter, or search everything instead." },
        ),
    };
    let actions = html! {
        a.button href="/catalog" { "Clear filters" }
        @if !view.query.q.is_empty() {
            a.button href=(address::query("/search", &[("q", &view.query.q)])) { "Search everything" }
        }
    };
    empty("search", title, &text, Some(&actions))
}

fn heading(query: &CatalogQuery, by: Option<&str>, text: &str) -> (Option<&'static str>, Markup) {
    let Some(by) = by else { return (None, html! { (text) }) };
    let direction = match query.sort.as_str() {
        sort if sort == by => Some("ascending"),
        sort if sort.strip_prefix('-') == Some(by) => Some("descending"),
        _ => None,
    };
    let link = html! {
        a href=(query.sorted(by).address()) {
            (text)
            @match direction { Some("ascending") => (icon("up")), Some(_) => (icon("down")), None => {} }
        }
    };
    (direction, link)
}

fn table(now: Timestamp, view: &CatalogView) -> Markup {
    let shown: Vec<&ColumnView> = view.columns.iter().filter(|column| column.shown).collect();
    let name = heading(&view.query, Some("name"), "Name");
    html! {
        table.table aria-label="Entities" data-testid="catalog" {
            thead { tr {
                th.fit.pick scope="col" { input type="checkbox" data-all aria-label="All rows of this page" hidden; }
                th.grow scope="col" aria-sort=[name.0] { (name.1) }
                @for (index, column) in shown.iter().enumerate() {
                    @let head = heading(&view.query, column.sort.as_deref(), &column.title);
                    th.fit.(breaks(index)) scope="col" aria-sort=[head.0] { (head.1) }
                }
                th.fit scope="col" { "Health" }
            } }
            tbody {
                @for row in &view.rows {
                    tr data-row data-ref=(row.reference) {
                        td.fit.pick { input type="checkbox" name="ref" value=(row.reference) aria-label={ "Choose " (row.title) }; }
                        td.grow { div.name-line {
                            (name_cell(row))
                            @if row.starred { span.starred title="Starred" { (icon("star")) span.hidden { "Starred" } } }
                            @if let Some(text) = &row.description { span.sub { (text) } }
                        } }
                        @for (index, value) in row.cells.iter().enumerate() { td.fit.(breaks(index)) { (cell(now, value)) } }
                        td.fit { (health_at(row, Some(now))) }
                    }
                }
            }
        }
    }
}

/// From which width on a column is shown.
const fn breaks(index: usize) -> &'static str {
    if index == 0 { "at-medium" } else { "at-wide" }
}

fn cell(now: Timestamp, value: &Cell) -> Markup {
    html! {
        @match value {
            Cell::Nothing => span.muted { "–" },
            Cell::Text(text) => span.capped.sub title=(text) { (text) },
            Cell::Entity(reference) => (entity_link(reference, reference.name())),
            Cell::Texts(texts) => {
                span.chips.one-line {
                    @for text in texts.iter().take(TAGS) { (chip(text)) }
                    @if texts.len() > TAGS { span.muted title=(texts.join(", ")) { "+" (texts.len() - TAGS) } }
                }
            },
            Cell::At(at) => span.sub { (ago(now, *at)) },
        }
    }
}

/// What can be done with the chosen rows; shown as long as there are some.
fn bulk(view: &CatalogView) -> Markup {
    let action = |what: &str, words: &str, drawing: &str| {
        html! { button.button.small type="submit" name="do" value=(what) { @if !drawing.is_empty() { (icon(drawing)) } (words) } }
    };
    html! {
        div.bulk-bar role="group" aria-label="With the chosen rows" {
            strong data-chosen { "Chosen" }
            @if view.matching > view.rows.len() {
                label.choice { input type="checkbox" name="all" value="true"; span { "all " (grouped(view.matching)) " that match" } }
            }
            (action("star", "Star", "star")) (action("unstar", "Unstar", ""))
            (action("refresh", "Refresh sources", "refresh")) (action("graph", "Graph", "graph")) (action("compare", "Compare", "diff"))
            span.bulk-export { span.muted { "Export" } (action("yaml", "YAML", "")) (action("json", "JSON", "")) (action("csv", "CSV", "")) }
        }
    }
}

fn pages(view: &CatalogView) -> Markup {
    let page = view.query.page.max(1);
    let last = view.matching.div_ceil(view.per_page.max(1)).max(1);
    let at = |page: usize| CatalogQuery { page, ..view.query.clone() }.address();
    html! {
        @if last > 1 {
            nav.pager aria-label="Pages" {
                span.muted { "Page " (grouped(page)) " of " (grouped(last)) }
                @if page > 1 { a.button href=(at(page - 1)) rel="prev" { (icon("back")) "Previous" } }
                @if page < last { a.button href=(at(page + 1)) rel="next" { "Next" (icon("arrow")) } }
            }
        }
    }
}

/// An entity's name as the link of its row.
pub fn name_cell(row: &EntityRow) -> Markup {
    html! {
        a.entity.name href=(address::entity(&row.reference)) title=(row.reference) {
            (icon(row.icon)) span { (row.title) }
        }
    }
}

/// Whether anything is wrong with an entity, in icon and word.
pub fn health(row: &EntityRow) -> Markup {
    health_at(row, None)
}

fn health_at(row: &EntityRow, now: Option<Timestamp>) -> Markup {
    let here = address::entity(&row.reference);
    html! {
        @if row.errors > 0 {
            a href={ (here) "?tab=errors" } { (state(Tone::Bad, &count(row.errors, "error", "errors"))) }
        } @else if let (Some(seen), Some(now)) = (row.stale, now) {
            span title="Its source cannot be read; this is how it was then" { (state(Tone::Warning, &format!("As of {}", relative(now, seen)))) }
        } @else if row.findings > 0 {
            a href=(here) { (state(Tone::Warning, &count(row.findings, "finding", "findings"))) }
        } @else {
            (state(Tone::Good, "Good"))
        }
    }
}
