//! Entities and their relations as a layered drawing.

use fairway_domain::EntityRef;

use crate::chrome::Chrome;

/// An entity in a drawing.
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// Which.
    pub reference: EntityRef,
    /// The kind in its original case.
    pub kind: String,
    /// The title, or the name.
    pub title: String,
    /// Whether somebody points to it and it does not exist.
    pub missing: bool,
}

/// A relation in a drawing. Give each pair once, in its forward direction (`ownedBy`, `partOf`,
/// `dependsOn`, `consumesApi`, `providesApi`).
#[derive(Clone, Debug)]
pub struct GraphEdge {
    /// From.
    pub from: EntityRef,
    /// To.
    pub to: EntityRef,
    /// For example `dependsOn`.
    pub relation: String,
}

/// A drawing.
#[derive(Clone, Debug, Default)]
pub struct GraphView {
    /// The one in the middle of it.
    pub root: Option<EntityRef>,
    /// The entities, at most [`MAX_NODES`]; those beyond are left out of the drawing.
    pub nodes: Vec<GraphNode>,
    /// The relations.
    pub edges: Vec<GraphEdge>,
    /// How many entities were left out by whoever made the view.
    pub omitted: usize,
}

/// The most nodes that are drawn; the layout takes about 0.4 s for 400.
pub const MAX_NODES: usize = 200;

/// The page `/catalog/graph`.
#[derive(Clone, Debug, Default)]
pub struct GraphPageView {
    /// The drawing.
    pub graph: GraphView,
    /// `?depth=`
    pub depth: usize,
    /// The relations that are shown, `?relation=`; empty for all.
    pub relations: Vec<String>,
    /// Every relation there is.
    pub all_relations: Vec<String>,
    /// Entities offered in the root field.
    pub roots: Vec<EntityRef>,
}

/// Renders the page.
pub fn graph(chrome: &Chrome, _view: &GraphPageView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
