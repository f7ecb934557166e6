//! Run: where is it, what did it do?

use fairway_domain::plan::Plan;
use fairway_domain::run::Run;

use crate::chrome::Chrome;
use crate::row::RunRow;
use crate::safe::SafeHtml;

/// The page `/runs`.
#[derive(Clone, Debug, Default)]
pub struct RunsView {
    /// This page's runs, newest first.
    pub runs: Vec<RunRow>,
    /// The chosen status, `?status=`; empty for all.
    pub status: String,
    /// The address of the older ones.
    pub older: Option<String>,
    /// The address of the newer ones.
    pub newer: Option<String>,
}

/// The page `/runs/{id}`.
#[derive(Clone, Debug)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// Its plan; `None` when it was erased.
    pub plan: Option<Plan>,
    /// The texts it ends with, rendered, with their titles.
    pub texts: Vec<(String, SafeHtml)>,
    /// Why it cannot be undone by this person now; `None` offers undo.
    pub undo_blocked: Option<String>,
}

/// What undo would do about one effect.
#[derive(Clone, Debug)]
pub struct UndoItem {
    /// What the effect did.
    pub summary: String,
    /// What undoing it does, when it can be undone.
    pub undone: Option<String>,
    /// Why it stays, when it cannot.
    pub kept: Option<String>,
}

/// The page `/runs/{id}/undo`.
#[derive(Clone, Debug)]
pub struct UndoView {
    /// The run's identifier.
    pub id: String,
    /// The run's title.
    pub title: String,
    /// What happens, in the order it happens.
    pub items: Vec<UndoItem>,
    /// Why it cannot be undone by this person now.
    pub blocked: Option<String>,
}

/// Renders the page.
pub fn run(chrome: &Chrome, _view: &RunView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn runs(chrome: &Chrome, _view: &RunsView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn undo(chrome: &Chrome, _view: &UndoView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// The part of the page that changes while the run is under way; the data of the `run` event.
pub fn run_fragment(_view: &RunView, _now: fairway_domain::Timestamp) -> String {
    String::new()
}
