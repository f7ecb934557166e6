//! Home: what needs me, what I own, what ran, where to start.

use fairway_domain::Timestamp;

use crate::chrome::{Chrome, Tone};
use crate::row::{EntityRow, RunRow, TemplateRow};

/// Something that waits for the person.
#[derive(Clone, Debug)]
pub struct Attention {
    /// How bad.
    pub tone: Tone,
    /// One word for what it is: `file`, `run`, `finding`, `message`.
    pub what: String,
    /// One sentence.
    pub title: String,
    /// More, for example `catalog-info.yaml:12:3`.
    pub detail: Option<String>,
    /// Where it is dealt with.
    pub url: String,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// The page.
#[derive(Clone, Debug, Default)]
pub struct HomeView {
    /// What waits for the person, worst first.
    pub attention: Vec<Attention>,
    /// What the person (or one of their teams) owns; for a guest everything recent.
    pub owned: Vec<EntityRow>,
    /// How many they own in all.
    pub owned_total: usize,
    /// Where all of it is listed.
    pub owned_url: String,
    /// The newest runs.
    pub runs: Vec<RunRow>,
    /// Golden paths, recommended first.
    pub starts: Vec<TemplateRow>,
    /// How many entities the catalog has in all.
    pub entities: usize,
}

/// Renders the page.
pub fn home(chrome: &Chrome, _view: &HomeView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
