//! Plan: what exactly will happen?

use std::collections::BTreeMap;

use fairway_domain::plan::Plan;
use fairway_domain::{Digest, Timestamp};

use crate::chrome::Chrome;
use crate::safe::SafeHtml;

/// The content of one file of a plan.
#[derive(Clone, Debug)]
pub enum PlanContent {
    /// Text, with highlighting where the language is known.
    Text {
        /// As it is.
        text: String,
        /// Highlighted, line by line.
        html: Option<SafeHtml>,
    },
    /// Not text.
    Binary,
}

/// The page `/plans/{digest}`.
#[derive(Clone, Debug)]
pub struct PlanView {
    /// The plan.
    pub plan: Plan,
    /// Its digest: what is approved.
    pub digest: Digest,
    /// Contents by digest, after and before. A content that is not here is linked to
    /// `/plans/{digest}/files/{content}?path=`.
    pub contents: BTreeMap<Digest, PlanContent>,
    /// Why it cannot be applied by this person now (findings that block, a missing permission, a branch that
    /// moved).
    pub blocked: Option<String>,
    /// The run that applied it, when there is one.
    pub run: Option<String>,
    /// When it was made.
    pub made_at: Option<Timestamp>,
    /// Who made it.
    pub made_by: Option<String>,
    /// Where the answers can be changed.
    pub edit_url: Option<String>,
}

/// The page `/plans/{digest}/files/{content}`.
#[derive(Clone, Debug)]
pub struct PlanFileView {
    /// The plan's digest.
    pub plan: Digest,
    /// The plan's title.
    pub title: String,
    /// The file.
    pub path: String,
    /// What is in it.
    pub content: PlanContent,
    /// Its size in bytes.
    pub size: u64,
}

/// Renders the page.
pub fn plan(chrome: &Chrome, _view: &PlanView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn plan_file(chrome: &Chrome, _view: &PlanFileView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
