//! Pages for what did not work: what happened, and what to do next.

use fairway_domain::Diagnostic;

use crate::chrome::Chrome;
use crate::row::Link;

/// The page.
#[derive(Clone, Debug, Default)]
pub struct FailureView {
    /// The HTTP status.
    pub status: u16,
    /// What happened, as a short sentence.
    pub title: String,
    /// What happened in full.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Where the person may have wanted to go.
    pub nearest: Vec<Link>,
    /// Places in files.
    pub diagnostics: Vec<Diagnostic>,
    /// What to quote when asking the platform team.
    pub request_id: Option<String>,
}

/// Renders the page.
pub fn failure(chrome: &Chrome, _view: &FailureView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
