//! Search results, as a page and for the palette.

use serde::Serialize;

use crate::chrome::Chrome;

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
pub fn search(chrome: &Chrome, _view: &SearchView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// The answer of `/search.json`.
pub fn search_json(hits: &[SearchHit]) -> String {
    serde_json::to_string(hits).unwrap_or_else(|_| "[]".to_owned())
}
