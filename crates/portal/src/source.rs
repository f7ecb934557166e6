//! Sources of the catalog, and the files that are broken.

use fairway_domain::{Diagnostic, EntityRef, Timestamp};

use crate::chrome::Chrome;

/// A source.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Its identifier.
    pub id: String,
    /// `file`, `git`, `url`, `forge`.
    pub kind: String,
    /// Its address or folder.
    pub target: String,
    /// When it was last read without an error.
    pub synced_at: Option<Timestamp>,
    /// How many entities it gave.
    pub entities: usize,
    /// How many of its files are broken.
    pub errors: usize,
    /// Why the last sync failed as a whole.
    pub failure: Option<String>,
    /// Whether it may be refreshed and removed by this person.
    pub may_manage: bool,
}

/// The page `/sources`.
#[derive(Clone, Debug, Default)]
pub struct SourcesView {
    /// The sources.
    pub sources: Vec<SourceRow>,
    /// Why this person may not register one.
    pub blocked: Option<String>,
    /// What was typed last, when it was refused.
    pub target: String,
    /// Why it was refused.
    pub error: Option<String>,
}

/// A broken file, or a broken document in a file.
#[derive(Clone, Debug)]
pub struct DraftRow {
    /// The source's address.
    pub source: String,
    /// The file.
    pub file: String,
    /// The file's page, at the line where possible.
    pub url: Option<String>,
    /// The entity it is (or was) about, when known.
    pub entity: Option<EntityRef>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether the last good version is still shown.
    pub last_good: bool,
}

/// The page `/drafts`.
#[derive(Clone, Debug, Default)]
pub struct DraftsView {
    /// The broken files.
    pub drafts: Vec<DraftRow>,
    /// How many files were read in all.
    pub files: usize,
}

/// Renders the page.
pub fn sources(chrome: &Chrome, _view: &SourcesView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn drafts(chrome: &Chrome, _view: &DraftsView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
