//! Search results, as a page and for the palette.

use serde::Serialize;

use maud::html;

use crate::chrome::Chrome;
use crate::icon::{self, icon};
use crate::part::{empty, filter, headline};
use crate::shell::document;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchHit {
    /// Its title.
    pub title: String,
    /// The kind of thing, for example `Component`, `Action`, `Repository`, `Run`.
    pub kind: String,
    /// Where it is.
    pub url: String,
    /// One line to tell it from others.
    pub hint: String,
}

/// The page `/search`.
#[derive(Clone, Debug, Default)]
pub struct SearchView {
    /// What was asked.
    pub query: String,
    /// What was found, best first.
    pub hits: Vec<SearchHit>,
}

/// Renders the page.
pub fn search(chrome: &Chrome, view: &SearchView) -> String {
    let title = match (view.query.is_empty(), view.hits.len()) {
        (true, _) => "Find anything".to_owned(),
        (false, 0) => format!("Nothing found for “{}”", view.query),
        (false, _) => format!("Found for “{}”", view.query),
    };
    document(
        chrome,
        html! {
            (headline(&title, None, None))
            div.toolbar { (filter("/search", &view.query, "Find anything or run an action", "A service, team, repository, run, or an action", &[])) }
            @if view.hits.is_empty() {
                (empty("search", if view.query.is_empty() { "Type a few letters" } else { "Try fewer or other words" },
                    &html! { "Names, titles, descriptions, owners and tags are looked through." },
                    Some(&html! { a.button href="/catalog" { "Browse the catalog" } })))
            } @else {
                ul.rows {
                    @for hit in &view.hits {
                        li {
                            a.row-link.with-icon href=(hit.url) {
                                (icon(if hit.kind.eq_ignore_ascii_case("action") { "arrow" } else { icon::of_kind(&hit.kind) }))
                                span.row-main { (hit.title) }
                                span.row-side.muted { (hit.kind) }
                                span.row-sub { (hit.hint) }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The answer of `/search.json`.
pub fn search_json(hits: &[SearchHit]) -> String {
    serde_json::to_string(hits).unwrap_or_else(|_| "[]".to_owned())
}
