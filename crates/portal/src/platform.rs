//! Platform: what this Fairway is, and how it is doing.

use fairway_domain::Timestamp;

use crate::chrome::Chrome;
use crate::row::Link;
use crate::source::SourceRow;

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
pub fn platform(chrome: &Chrome, _view: &PlatformView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
