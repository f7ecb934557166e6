//! Platform: what this Fairway is, and how it is doing.

use fairway_domain::Timestamp;
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::{ago, grouped, size};
use crate::part::{facts, headline, section};
use crate::row::Link;
use crate::shell::document;
use crate::source::{SourceRow, source_table};

/// The page `/platform`.
#[derive(Clone, Debug)]
pub struct PlatformView {
    /// The version.
    pub version: String,
    /// When the process started.
    pub started_at: Timestamp,
    /// Its resident memory in bytes, when known.
    pub memory: Option<u64>,
    /// For example `SQLite (embedded)`.
    pub storage: String,
    /// The data folder, for those who may know it.
    pub data: Option<String>,
    /// How many records the journal has.
    pub records: i64,
    /// How many entities the catalog has.
    pub entities: usize,
    /// How many repositories the forge has.
    pub repositories: usize,
    /// How many policies are in force.
    pub policies: usize,
    /// The sources.
    pub sources: Vec<SourceRow>,
    /// The API reference, metrics and the like.
    pub links: Vec<Link>,
    /// Further facts, as label and value.
    pub facts: Vec<(String, String)>,
}

/// Renders the page.
pub fn platform(chrome: &Chrome, view: &PlatformView) -> String {
    let line = html! { "Fairway " (view.version) ", up since " (ago(chrome.now, view.started_at)) "." };
    let stat = |label: &str, value: String| html! { div { dt { (label) } dd { (value) } } };
    let mut pairs: Vec<(&str, Markup)> = vec![("Storage", html! { (view.storage) })];
    if let Some(data) = &view.data {
        pairs.push(("Data", html! { span.mono { (data) } }));
    }
    for (label, value) in &view.facts {
        pairs.push((label, html! { (value) }));
    }
    document(
        chrome,
        html! {
            (headline("Platform", Some(&line), None))
            dl.stats {
                (stat("Entities", grouped(view.entities)))
                (stat("Repositories", grouped(view.repositories)))
                (stat("Policies", grouped(view.policies)))
                (stat("Records", grouped(usize::try_from(view.records).unwrap_or_default())))
                @if let Some(memory) = view.memory { (stat("Memory", size(memory))) }
            }
            (section("sources", "Sources", Some(&html! { a href="/sources" { "Register and refresh" } }), &source_table(&view.sources, chrome.now)))
            div.cards.section.platform-cards {
                section.panel aria-label="Facts" { (facts(&pairs)) }
                section.panel aria-label="Links" {
                    ul.relations {
                        @for link in &view.links {
                            @if let Some(url) = address::followable(&link.url) { li { a href=(url) { (icon(link.icon.as_deref().unwrap_or("link"))) " " (link.title) } } }
                        }
                        li { a href="/tokens" { (icon("key")) " Tokens" } }
                        li { a href="/audit" { (icon("audit")) " Audit" } }
                    }
                }
            }
        },
    )
}
