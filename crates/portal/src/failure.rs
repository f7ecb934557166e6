//! Pages for what did not work: what happened, and what to do next.

use fairway_domain::Diagnostic;
use maud::html;

use crate::chrome::Chrome;
use crate::icon::icon;
use crate::part::section;
use crate::row::Link;
use crate::shell::document;
use crate::{address, code};

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
pub fn failure(chrome: &Chrome, view: &FailureView) -> String {
    let drawing = match view.status {
        401 | 403 => "lock",
        404 => "search",
        _ => "warning",
    };
    document(
        chrome,
        html! {
            div.narrow.failure {
                p.eyebrow { (icon(drawing)) " " (view.status) }
                h1 { (view.title) }
                p.lead { (view.message) }
                // The links below say the same as a hint would.
                @if let (Some(hint), true) = (&view.hint, view.nearest.is_empty()) { p.diagnostic-hint { (icon("arrow")) (hint) } }
                @if !view.diagnostics.is_empty() {
                    div.panel { @for diagnostic in &view.diagnostics { (code::diagnostic(diagnostic, None)) } }
                }
                @if !view.nearest.is_empty() {
                    (section("nearest", "Did you mean", None, &html! {
                        ul.rows { @for link in &view.nearest { li { a.row-link href=(link.url) { span.row-main { (link.title) } span.row-sub.mono { (link.url) } } } } }
                    }))
                }
                div.actions {
                    @if view.status == 401 || (view.status == 403 && chrome.caller.guest) {
                        a.button.primary href=(address::query("/sign-in", &[("return_to", &chrome.address)])) { "Sign in" }
                    }
                    a.button href="/" { (icon("home")) "Home" }
                    a.button href="/catalog" { (icon("catalog")) "Catalog" }
                }
                @if let Some(id) = &view.request_id { p.muted { "When you ask the platform team, quote " span.mono { (id) } "." } }
            }
        },
    )
}
