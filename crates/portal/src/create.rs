//! Create: the gallery of golden paths.

use crate::chrome::Chrome;
use crate::row::TemplateRow;

/// The page `/create`.
#[derive(Clone, Debug, Default)]
pub struct CreateView {
    /// The golden paths.
    pub templates: Vec<TemplateRow>,
    /// What was typed in the filter, `?q=`.
    pub q: String,
    /// The chosen type, `?type=`.
    pub template_type: String,
    /// Why this person may not create.
    pub blocked: Option<String>,
}

/// Renders the page.
pub fn create(chrome: &Chrome, _view: &CreateView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
