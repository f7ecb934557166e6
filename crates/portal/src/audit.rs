//! Audit: who did what, when, from where and why; and whether the record is whole.

use fairway_domain::Digest;
use fairway_domain::fact::Record;

use crate::chrome::Chrome;
use crate::safe::SafeHtml;

/// What verifying came to.
#[derive(Clone, Debug)]
pub enum Verification {
    /// Every record is as it was written.
    Intact {
        /// How many.
        records: i64,
        /// The hash of the last one.
        head: Option<Digest>,
    },
    /// A record was changed, dropped, put in or moved.
    Broken {
        /// The first one.
        sequence: i64,
        /// What is wrong with it.
        message: String,
    },
}

/// The page `/audit`.
#[derive(Clone, Debug, Default)]
pub struct AuditView {
    /// This page's records, newest first.
    pub records: Vec<Record>,
    /// `?actor=`
    pub actor: String,
    /// `?kind=`
    pub kind: String,
    /// `?subject=`
    pub subject: String,
    /// The kinds there are.
    pub kinds: Vec<String>,
    /// How many records there are in all.
    pub total: i64,
    /// The address of the older ones.
    pub older: Option<String>,
    /// The address of the newer ones.
    pub newer: Option<String>,
    /// What verifying came to, when it was just done.
    pub verification: Option<Verification>,
}

/// The page `/audit/{sequence}`.
#[derive(Clone, Debug)]
pub struct RecordView {
    /// The record.
    pub record: Record,
    /// Its body as JSON, highlighted.
    pub body: Option<SafeHtml>,
    /// Where its subject is shown.
    pub subject_url: Option<String>,
    /// Whether there is a later one.
    pub has_next: bool,
}

/// Renders the page.
pub fn audit(chrome: &Chrome, _view: &AuditView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn record(chrome: &Chrome, _view: &RecordView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
