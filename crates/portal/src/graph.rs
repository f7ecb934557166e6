//! Entities and their relations as a layered drawing.

use fairway_domain::EntityRef;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, layout};
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::icon::{self, icon};
use crate::measure::count;
use crate::part::{empty, entity_link, headline};
use crate::shell::document;

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

const NODE_HEIGHT: f64 = 34.0;
const MAX_LABEL: usize = 28;

/// Renders the page.
pub fn graph(chrome: &Chrome, view: &GraphPageView) -> String {
    let root = view.graph.root.as_ref();
    let title = root
        .map_or_else(|| "How everything hangs together".to_owned(), |root| format!("Around {}", root.name()));
    let line = html! {
        (count(view.graph.nodes.len(), "entity", "entities")) " and "
        (count(view.graph.edges.len(), "relation", "relations"))
        @if root.is_some() { ", up to " (count(view.depth, "step", "steps")) " away" }
        "."
        @if view.graph.omitted > 0 { " " (count(view.graph.omitted, "more is", "more are")) " left out; choose a root to see them." }
    };
    let actions = html! {
        @if let Some(root) = root { a.button href=(address::entity(root)) { (icon(icon::of_kind(root.kind()))) "Open its page" } }
        a.button href="/catalog" { (icon("list")) "Catalog" }
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), Some(&actions)))
            (controls(view))
            @if view.graph.nodes.is_empty() {
                (empty("graph", "Nothing to draw", &html! { "No entity has a relation of the chosen kind." },
                    Some(&html! { a.button href="/catalog/graph" { "Show everything" } })))
            } @else {
                (drawing(&view.graph, false))
                details.section { summary { "The same as a list" } (as_list(&view.graph)) }
            }
        },
    )
}

fn controls(view: &GraphPageView) -> Markup {
    let root = view.graph.root.as_ref().map(ToString::to_string).unwrap_or_default();
    html! {
        form.toolbar.inline action="/catalog/graph" method="get" {
            label for="root" { "Around" }
            input #root name="root" list="roots" value=(root) placeholder="everything" autocomplete="off" data-filter;
            datalist #roots { @for reference in view.roots.iter().take(500) { option value=(reference) {} } }
            label for="depth" { "Steps" }
            select #depth name="depth" {
                @for depth in 1..=5_usize { option value=(depth) selected[depth == view.depth] { (depth) } }
            }
            label for="relation" { "Relation" }
            select #relation name="relation" {
                option value="" { "all" }
                @for relation in &view.all_relations {
                    option value=(relation) selected[view.relations.contains(relation)] { (words(relation)) }
                }
            }
            button.button type="submit" { "Draw" }
        }
    }
}

/// A relation's name as words: `dependsOn` is `depends on`.
pub fn words(relation: &str) -> String {
    match relation {
        "apiConsumedBy" => return "API consumed by".to_owned(),
        "apiProvidedBy" => return "API provided by".to_owned(),
        "consumesApi" => return "consumes API".to_owned(),
        "providesApi" => return "provides API".to_owned(),
        _ => {}
    }
    let mut text = String::new();
    for character in relation.chars() {
        if character.is_uppercase() {
            text.push(' ');
        }
        text.extend(character.to_lowercase());
    }
    text
}

struct Laid<'a> {
    node: &'a GraphNode,
    x: f64,
    y: f64,
    width: f64,
}

fn label(title: &str) -> String {
    if title.chars().count() <= MAX_LABEL {
        return title.to_owned();
    }
    title.chars().take(MAX_LABEL - 1).chain(['…']).collect()
}

/// Relations of the same pair are one line with several words.
type Pairs<'a> = BTreeMap<(&'a EntityRef, &'a EntityRef), BTreeSet<&'a str>>;

fn pairs<'a>(view: &'a GraphView, drawn: &BTreeSet<&EntityRef>) -> Pairs<'a> {
    let mut pairs: Pairs<'a> = BTreeMap::new();
    for edge in &view.edges {
        if drawn.contains(&edge.from) && drawn.contains(&edge.to) {
            pairs.entry((&edge.from, &edge.to)).or_default().insert(&edge.relation);
        }
    }
    pairs
}

/// The entities and relations as a layered drawing; `fitted` scales it to the width of its place.
pub fn drawing(view: &GraphView, fitted: bool) -> Markup {
    let nodes: Vec<&GraphNode> = view.nodes.iter().take(MAX_NODES).collect();
    let drawn: BTreeSet<&EntityRef> = nodes.iter().map(|node| &node.reference).collect();
    let pairs = pairs(view, &drawn);
    let mut graph: Graph<NodeLabel, EdgeLabel> =
        Graph::with_options(GraphOptions { directed: true, multigraph: false, compound: false });
    for node in &nodes {
        let width = 46.0 + label(&node.title).chars().count() as f64 * 7.4;
        let placed = NodeLabel { width, height: NODE_HEIGHT, ..NodeLabel::default() };
        graph.set_node(node.reference.to_string(), Some(placed));
    }
    let labelled = pairs.len() <= 24;
    for ((from, to), relations) in &pairs {
        let text = relations.iter().map(|relation| words(relation)).collect::<Vec<_>>().join(", ");
        let width = if labelled { text.len() as f64 * 5.6 } else { 0.0 };
        let line = EdgeLabel { width, height: if labelled { 14.0 } else { 0.0 }, ..EdgeLabel::default() };
        graph.set_edge(from.to_string(), to.to_string(), Some(line), None);
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: 14.0,
        edgesep: 8.0,
        ranksep: if labelled { 36.0 } else { 72.0 },
        marginx: 16.0,
        marginy: 16.0,
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    let laid: Vec<Laid<'_>> = nodes
        .iter()
        .filter_map(|node| {
            let placed = graph.node(&node.reference.to_string())?;
            Some(Laid { node, x: placed.x?, y: placed.y?, width: placed.width })
        })
        .collect();
    let width = laid.iter().map(|node| node.x + node.width / 2.0).fold(0.0, f64::max) + 16.0;
    let height = laid.iter().map(|node| node.y + NODE_HEIGHT / 2.0).fold(0.0, f64::max) + 16.0;
    let used: BTreeSet<&str> = pairs.values().flatten().copied().collect();
    html! {
        div.graph.fitted[fitted] tabindex="0" role="region" aria-label="Graph of relations" {
            svg.drawing width=(round(width)) height=(round(height))
                viewBox={ "0 0 " (round(width)) " " (round(height)) } role="group" aria-label="Entities and their relations" {
                @for ((from, to), relations) in &pairs {
                    (edge(&graph, from, to, relations, labelled))
                }
                @for node in &laid { (drawn_node(node, view.root.as_ref())) }
            }
        }
        @if !used.is_empty() && !labelled { (legend(&used)) }
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn edge(
    graph: &Graph<NodeLabel, EdgeLabel>,
    from: &EntityRef,
    to: &EntityRef,
    relations: &BTreeSet<&str>,
    labelled: bool,
) -> Markup {
    let (start, end) = (from.to_string(), to.to_string());
    let placed = graph.edge(&start, &end, None).zip(graph.node(&start).zip(graph.node(&end)));
    let Some((line, (source, target))) = placed else { return html! {} };
    let Some(points) = route(source, target, line) else { return html! {} };
    let text = relations.iter().map(|relation| words(relation)).collect::<Vec<_>>().join(", ");
    let class = relations.iter().next().copied().unwrap_or_default();
    html! {
           g.edge.(class) {
               title { (from.name()) " " (text) " " (to.name()) }
               path d=(curve(&points)) {}
               @if let Some(tip) = arrow(&points) { path.tip d=(tip) {} }
               @if labelled && let Some((x, y)) = points.get(points.len() / 2) {
    text x=(round(*x)) y=(round(y + 3.5)) text-anchor="middle" { (text) }
               }
           }
       }
}

/// A path through the points that leaves and arrives level.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    let Some((first, rest)) = points.split_first() else { return path };
    let _ = write!(path, "M{} {}", round(first.0), round(first.1));
    let mut from = *first;
    for &to in rest {
        let middle = round(f64::midpoint(from.0, to.0));
        let _ = write!(
            path,
            "C{middle} {} {middle} {} {} {}",
            round(from.1),
            round(to.1),
            round(to.0),
            round(to.1)
        );
        from = to;
    }
    path
}

/// The two strokes of an arrow that points along the x axis to the last point.
fn arrow(points: &[(f64, f64)]) -> Option<String> {
    let [.., before, tip] = points else { return None };
    let back = if tip.0 >= before.0 { -5.5 } else { 5.5 };
    let x = round(tip.0 + back);
    Some(format!("M{x} {}L{} {}L{x} {}", round(tip.1 - 3.5), round(tip.0), round(tip.1), round(tip.1 + 3.5)))
}

/// From the side of one node to the side of the other, by way of the bends that the layout chose.
fn route(from: &NodeLabel, to: &NodeLabel, line: &EdgeLabel) -> Option<Vec<(f64, f64)>> {
    let (start, end) = ((from.x?, from.y?), (to.x?, to.y?));
    let side = if start.0 <= end.0 { 0.5 } else { -0.5 };
    let bends = line.points.len().saturating_sub(2);
    let mut points = vec![(start.0 + from.width * side, start.1)];
    points.extend(line.points.iter().skip(1).take(bends).map(|point| (point.x, point.y)));
    points.push((end.0 - to.width * side, end.1));
    Some(points)
}

fn drawn_node(laid: &Laid<'_>, root: Option<&EntityRef>) -> Markup {
    let node = laid.node;
    let (left, top) = (laid.x - laid.width / 2.0, laid.y - NODE_HEIGHT / 2.0);
    let is_root = root == Some(&node.reference);
    html! {
        a.node.root[is_root].absent[node.missing] href=(address::entity(&node.reference)) {
            title { (node.reference) @if node.missing { " (does not exist)" } }
            rect x=(round(left)) y=(round(top)) width=(round(laid.width)) height=(NODE_HEIGHT) rx="6" {}
            svg.icon x=(round(left + 10.0)) y=(round(top + 9.0)) width="16" height="16" {
                use href={ "#i-" (icon::of_kind(&node.kind)) } {}
            }
            text x=(round(left + 32.0)) y=(round(top + 21.5)) { (label(&node.title)) }
        }
    }
}

fn legend(used: &BTreeSet<&str>) -> Markup {
    html! {
        p.legend {
            @for relation in used {
                span.edge.(*relation) { svg aria-hidden="true" { path d="M0 4H24" {} } (words(relation)) }
            }
        }
    }
}

fn as_list(view: &GraphView) -> Markup {
    html! {
        ul.relations {
            @for edge in &view.edges {
                li {
                    (entity_link(&edge.from, edge.from.name())) " " span.muted { (words(&edge.relation)) } " "
                    (entity_link(&edge.to, edge.to.name()))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::EntityRef;

    use super::{GraphEdge, GraphNode, GraphView, drawing, words};

    fn chain(length: usize) -> GraphView {
        let reference = |number: usize| EntityRef::new("component", "default", &format!("service-{number}"));
        let nodes = (0..length)
            .map(|number| GraphNode {
                reference: reference(number),
                kind: "Component".into(),
                title: format!("<service> {number}"),
                missing: false,
            })
            .collect();
        let edges = (1..length)
            .map(|number| GraphEdge {
                from: reference(number / 3),
                to: reference(number),
                relation: "dependsOn".into(),
            })
            .collect();
        GraphView { root: None, nodes, edges, omitted: 0 }
    }

    #[test]
    fn every_node_is_a_link_and_titles_are_escaped() {
        let html = drawing(&chain(12), false).into_string();
        assert_eq!(html.matches("<a class=\"node").count(), 12);
        assert!(!html.contains("<service>"));
    }

    #[test]
    fn more_nodes_than_can_be_drawn_are_left_out() {
        let html = drawing(&chain(super::MAX_NODES + 50), false).into_string();
        assert_eq!(html.matches("<a class=\"node").count(), super::MAX_NODES);
    }

    #[test]
    fn relations_read_as_words() {
        assert_eq!(words("dependsOn"), "depends on");
        assert_eq!(words("apiConsumedBy"), "API consumed by");
    }
}
