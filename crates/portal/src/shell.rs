//! The document around every page.

use maud::{DOCTYPE, Markup, html};

use crate::chrome::Chrome;

/// A complete HTML document.
pub fn document(chrome: &Chrome, content: Markup) -> String {
    html! { (DOCTYPE) html lang="en" { head { title { (chrome.title) } } body { main { (content) } } } }
        .into_string()
}
