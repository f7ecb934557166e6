//! Search results, as a page and for the palette.

use maud::{Markup, html};
use serde::Serialize;

use crate::address;
use crate::catalog::{Facet, FacetOption};
use crate::chrome::Chrome;
use crate::icon::{self, icon};
use crate::measure::{count, grouped};
use crate::part::{empty, filter, headline};
use crate::shell::document;

/// Values of a facet that are shown.
const MOST_OPTIONS: usize = 8;

/// A piece of a text that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its letters.
    pub text: String,
    /// Whether the words found it.
    pub marked: bool,
}

/// One thing that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SearchHit {
    /// Its title.
    pub title: String,
    /// The kind of thing, for example `Component`, `Action`, `Repository`, `Run`.
    pub kind: String,
    /// Where it is.
    pub url: String,
    /// One line to tell it from others.
    pub hint: String,
    /// The title with what the words found in it; empty where nothing is marked.
    #[serde(skip)]
    pub title_pieces: Vec<Piece>,
    /// The same of the hint.
    #[serde(skip)]
    pub hint_pieces: Vec<Piece>,
}

/// The page `/search`.
#[derive(Clone, Debug, Default)]
pub struct SearchView {
    /// What was asked.
    pub query: String,
    /// What was found, best first.
    pub hits: Vec<SearchHit>,
    /// How many entities and parts of them there are in all, shown or not.
    pub total: usize,
    /// What entities can be narrowed down by.
    pub facets: Vec<Facet>,
    /// What comes nearest, when nothing was found.
    pub near: Vec<SearchHit>,
}

impl SearchView {
    /// The values that are chosen, as names and values of the address.
    fn chosen(&self) -> Vec<(&str, &str)> {
        let mut chosen = Vec::new();
        for facet in &self.facets {
            let options = facet.options.iter().filter(|option| option.selected);
            chosen.extend(options.map(|option| (facet.name.as_str(), option.value.as_str())));
        }
        chosen
    }

    /// The address with one value chosen or let go.
    fn toggled(&self, facet: &Facet, option: &FacetOption) -> String {
        let mut pairs = vec![("q", self.query.as_str())];
        let this = (facet.name.as_str(), option.value.as_str());
        pairs.extend(self.chosen().into_iter().filter(|pair| *pair != this));
        if !option.selected {
            pairs.push(this);
        }
        address::query("/search", &pairs)
    }
}

/// Renders the page.
pub fn search(chrome: &Chrome, view: &SearchView) -> String {
    let title = match (view.query.is_empty(), view.hits.is_empty()) {
        (true, _) => "Find anything".to_owned(),
        (false, true) => format!("Nothing found for “{}”", view.query),
        (false, false) => format!("Found for “{}”", view.query),
    };
    let chosen = view.chosen();
    document(
        chrome,
        html! {
            (headline(&title, None, None))
            div.toolbar {
                (filter("/search", &view.query, "Find anything or run an action", "A service, team, repository, run, or an action", &chosen))
                @if !view.query.is_empty() { span.muted role="status" { (count(view.total, "result", "results")) } }
                @if !chosen.is_empty() {
                    a.button.quiet href=(address::query("/search", &[("q", &view.query)])) { (icon("close")) "Clear" }
                }
            }
            @if view.hits.is_empty() {
                (nothing(view))
            } @else if view.facets.iter().any(is_a_choice) {
                div.faceted { (facets(view)) (rows(&view.hits)) }
            } @else {
                (rows(&view.hits))
            }
        },
    )
}

fn nothing(view: &SearchView) -> Markup {
    html! {
        @if !view.near.is_empty() {
            p { "Did you mean one of these?" }
            (rows(&view.near))
        } @else {
            (empty("search", if view.query.is_empty() { "Type a few letters" } else { "Try fewer or other words" },
                &html! { "Names, titles, descriptions, owners and tags are looked through." },
                Some(&html! { a.button href="/catalog" { "Browse the catalog" } })))
        }
    }
}

fn rows(hits: &[SearchHit]) -> Markup {
    html! {
        ul.rows {
            @for hit in hits {
                li {
                    a.row-link.with-icon href=(hit.url) {
                        (icon(if hit.kind.eq_ignore_ascii_case("action") { "arrow" } else { icon::of_kind(&hit.kind) }))
                        span.row-main { (marked(&hit.title_pieces, &hit.title)) }
                        span.row-side.muted { (hit.kind) }
                        span.row-sub { (marked(&hit.hint_pieces, &hit.hint)) }
                    }
                }
            }
        }
    }
}

fn marked(pieces: &[Piece], plain: &str) -> Markup {
    html! {
        @if pieces.is_empty() { (plain) }
        @for piece in pieces { @if piece.marked { mark { (piece.text) } } @else { (piece.text) } }
    }
}

/// One value that everything has is nothing to choose.
fn is_a_choice(facet: &Facet) -> bool {
    facet.options.len() > 1 || facet.options.iter().any(|option| option.selected)
}

fn facets(view: &SearchView) -> Markup {
    html! {
        nav.facets aria-label="Narrow what was found" {
            details {
                summary.button.facets-open { (icon("list")) "Narrow what was found" }
                @for facet in view.facets.iter().filter(|facet| is_a_choice(facet)) {
                    div.facet {
                        h2 { (facet.label) }
                        ul {
                            @for (place, option) in facet.options.iter().enumerate() {
                                @if place < MOST_OPTIONS || option.selected {
                                    li {
                                        a href=(view.toggled(facet, option)) aria-current=[option.selected.then_some("true")] title=(option.label) {
                                            span { (option.label) }
                                            @if option.selected { (icon("close")) } @else { span.of { (grouped(option.count)) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The answer of `/search.json`.
pub fn search_json(hits: &[SearchHit]) -> String {
    serde_json::to_string(hits).unwrap_or_else(|_| "[]".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::{Piece, SearchView, marked};
    use crate::catalog::{Facet, FacetOption};

    #[test]
    fn marks_are_drawn_around_escaped_text() {
        let piece = |text: &str, marked| Piece { text: text.to_owned(), marked };
        let drawn = marked(&[piece("a <b> ", false), piece("<i>", true)], "").into_string();
        assert_eq!(drawn, "a &lt;b&gt; <mark>&lt;i&gt;</mark>");
        assert_eq!(marked(&[], "a & b").into_string(), "a &amp; b");
    }

    #[test]
    fn a_value_is_chosen_beside_others_and_let_go() {
        let option = |value: &str, selected| FacetOption {
            value: value.to_owned(),
            label: value.to_owned(),
            count: 1,
            selected,
        };
        let options = vec![option("API", true), option("Component", false)];
        let facet = Facet { name: "kind".to_owned(), label: "Kind".to_owned(), options };
        let view = SearchView { query: "a&b".to_owned(), facets: vec![facet], ..SearchView::default() };
        let facet = &view.facets[0];
        assert_eq!(view.toggled(facet, &facet.options[0]), "/search?q=a%26b");
        assert_eq!(view.toggled(facet, &facet.options[1]), "/search?q=a%26b&kind=API&kind=Component");
    }
}
