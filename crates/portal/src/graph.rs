//! Entities and their relations as a layered drawing.

use fairway_domain::EntityRef;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, layout};
use maud::{Markup, html};

use crate::explorer::GraphQuery;
use crate::icon;
use crate::measure::count;
use crate::part::entity_link;
use crate::{address, graph_boxes};

/// An entity in a drawing.
#[derive(Clone, Debug)]
pub struct GraphNode {
    /// Which.
    pub reference: EntityRef,
    /// The kind in its original case.
    pub kind: String,
    /// The title, or the name.
    pub title: String,
    /// The icon of its kind.
    pub icon: &'static str,
    /// Whether somebody points to it and it does not exist.
    pub missing: bool,
    /// What it is part of: entities of one whole are drawn together.
    pub whole: Option<EntityRef>,
    /// How many steps it is away from the root: to the left of it when less than 0.
    pub column: i32,
    /// The entity before it on the way from the root.
    pub through: Option<EntityRef>,
    /// How many parts it stands for.
    pub parts: usize,
}

impl GraphNode {
    /// An entity by its reference alone.
    pub fn new(reference: EntityRef, kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            title: reference.name().to_owned(),
            icon: icon::of_kind(kind),
            missing: false,
            whole: None,
            column: 0,
            through: None,
            parts: 0,
            reference,
        }
    }
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

/// The most nodes that are drawn.
pub const MAX_NODES: usize = 200;

/// More nodes or relations than these are drawn in boxes of what belongs together.
const SPARSE: (usize, usize) = (40, 90);

/// Where the nodes of a drawing lead.
#[derive(Clone, Copy, Debug)]
pub enum GraphLinks<'a> {
    /// To the pages of the entities; the drawing is scaled to the width of its place.
    Pages,
    /// To the graph around each, with the other choices as they are.
    Around(&'a GraphQuery),
}

impl GraphLinks<'_> {
    fn to(self, reference: &EntityRef) -> String {
        match self {
            Self::Pages => address::entity(reference),
            Self::Around(query) => query.around(reference).address(),
        }
    }

    /// Where a system that stands for its parts is taken apart.
    fn open(self, node: &GraphNode) -> Option<String> {
        match self {
            Self::Around(query) if node.parts > 0 => Some(query.opened(&node.reference).address()),
            _ => None,
        }
    }
}

const NODE_HEIGHT: f64 = 34.0;
const MAX_LABEL: usize = 28;

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
    at: usize,
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

/// The entities and relations as a layered drawing.
pub fn drawing(view: &GraphView, links: GraphLinks<'_>) -> Markup {
    let nodes: Vec<&GraphNode> = view.nodes.iter().take(MAX_NODES).collect();
    let is_sparse = nodes.len() <= SPARSE.0 && view.edges.len() <= SPARSE.1;
    if is_sparse { sparse(view, &nodes, links) } else { crowded(view, &nodes, links) }
}

fn frame(size: (f64, f64), links: GraphLinks<'_>, edges: &str, content: &Markup) -> Markup {
    let fitted = matches!(links, GraphLinks::Pages);
    html! {
        div.graph.fitted[fitted] tabindex="0" role="region" aria-label="Graph of relations" {
            svg.drawing width=(round(size.0)) height=(round(size.1)) viewBox={ "0 0 " (round(size.0)) " " (round(size.1)) }
                role="group" aria-label="Entities and their relations" data-edges=(edges) { (content) }
        }
    }
}

/// Every relation between drawn nodes as `from,to,relation;`, for whoever points at a node.
fn edge_list(view: &GraphView, nodes: &[&GraphNode]) -> String {
    let places: BTreeMap<&EntityRef, usize> =
        nodes.iter().enumerate().map(|(at, node)| (&node.reference, at)).collect();
    let mut list = String::new();
    for edge in &view.edges {
        if let Some((from, to)) = places.get(&edge.from).zip(places.get(&edge.to)) {
            let _ = write!(list, "{from},{to},{};", edge.relation);
        }
    }
    list
}

/// Many entities: boxes of what belongs together; single relations appear when a node is pointed at.
fn crowded(view: &GraphView, nodes: &[&GraphNode], links: GraphLinks<'_>) -> Markup {
    let laid = graph_boxes::arrange(view, nodes);
    let used: BTreeSet<&str> = view.edges.iter().map(|edge| edge.relation.as_str()).collect();
    let content = html! {
        @for bundle in &laid.bundles {
            path.bundle d=(bundle.path) stroke-width=(round((1.0 + (bundle.relations as f64).ln() / 2.0).min(4.0))) {}
        }
        @for (x, text) in &laid.headings { text.heading x=(round(*x)) y="22" text-anchor="middle" { (text) } }
        @for found in laid.groups.iter().filter(|found| !found.label.is_empty()) {
            @let [x, y, width, height] = found.frame;
            rect.box x=(round(x)) y=(round(y)) width=(round(width)) height=(round(height)) rx="7" {}
            @let label = html! { text.box-label x=(round(x + 9.0)) y=(round(y + 15.0)) { (graph_boxes::short(&found.label)) } };
            @match &found.whole {
                Some(whole) => a.whole href=(links.to(whole)) { title { (whole) } (label) },
                None => (label),
            }
            @if found.members.len() > 1 { text.box-count x=(round(x + width - 9.0)) y=(round(y + 15.0)) text-anchor="end" { (found.members.len()) } }
        }
        g.exact {}
        @for (at, (node, (x, y, width))) in nodes.iter().zip(&laid.nodes).enumerate() {
            (box_node(at, node, (*x, *y, *width), view.root.as_ref(), links))
        }
    };
    html! {
        (frame(laid.size, links, &edge_list(view, nodes), &content))
        (legend(&used, true))
    }
}

fn box_node(
    at: usize,
    node: &GraphNode,
    (left, top, width): (f64, f64, f64),
    root: Option<&EntityRef>,
    links: GraphLinks<'_>,
) -> Markup {
    let high = graph_boxes::NODE_HEIGHT;
    html! {
        a.node.small.root[root == Some(&node.reference)].absent[node.missing] href=(links.to(&node.reference)) data-n=(at) {
            title { (node.reference) @if node.missing { " (does not exist)" } }
            rect x=(round(left)) y=(round(top)) width=(round(width)) height=(high) {}
            use href={ "#i-" (node.icon) } x=(round(left + 7.0)) y=(round(top + 6.0)) width="14" height="14" {}
            text x=(round(left + 26.0)) y=(round(top + 17.5)) { (graph_boxes::short(&node.title)) }
        }
        @if let Some(url) = links.open(node) {
            a.parts href=(url) {
                title { "Take " (node.title) " apart: " (count(node.parts, "part", "parts")) }
                text x=(round(left + width - 8.0)) y=(round(top + 17.5)) text-anchor="end" { (node.parts) }
            }
        }
    }
}

/// A few entities: each relation is a line.
fn sparse(view: &GraphView, nodes: &[&GraphNode], links: GraphLinks<'_>) -> Markup {
    let drawn: BTreeSet<&EntityRef> = nodes.iter().map(|node| &node.reference).collect();
    let pairs = pairs(view, &drawn);
    let mut graph: Graph<NodeLabel, EdgeLabel> =
        Graph::with_options(GraphOptions { directed: true, multigraph: false, compound: false });
    for node in nodes {
        let parts = if node.parts > 0 { 30.0 } else { 0.0 };
        let width = 46.0 + label(&node.title).chars().count() as f64 * 7.4 + parts;
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
        .enumerate()
        .filter_map(|(at, node)| {
            let placed = graph.node(&node.reference.to_string())?;
            Some(Laid { at, node, x: placed.x?, y: placed.y?, width: placed.width })
        })
        .collect();
    let width = laid.iter().map(|node| node.x + node.width / 2.0).fold(0.0, f64::max) + 16.0;
    let height = laid.iter().map(|node| node.y + NODE_HEIGHT / 2.0).fold(0.0, f64::max) + 16.0;
    let used: BTreeSet<&str> = pairs.values().flatten().copied().collect();
    let places: BTreeMap<&EntityRef, usize> =
        nodes.iter().enumerate().map(|(at, node)| (&node.reference, at)).collect();
    let content = html! {
        @for ((from, to), relations) in &pairs {
            @let ends = [from, to].map(|end| places.get(*end).copied().unwrap_or_default());
            (edge(&graph, (from, to), ends, relations, labelled))
        }
        @for node in &laid { (drawn_node(node, view.root.as_ref(), links)) }
    };
    html! {
        (frame((width, height), links, "", &content))
        @if !used.is_empty() && !labelled { (legend(&used, false)) }
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn edge(
    graph: &Graph<NodeLabel, EdgeLabel>,
    (from, to): (&EntityRef, &EntityRef),
    ends: [usize; 2],
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
           g.edge.(class) data-a=(ends[0]) data-b=(ends[1]) {
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

fn drawn_node(laid: &Laid<'_>, root: Option<&EntityRef>, links: GraphLinks<'_>) -> Markup {
    let node = laid.node;
    let (left, top) = (laid.x - laid.width / 2.0, laid.y - NODE_HEIGHT / 2.0);
    let is_root = root == Some(&node.reference);
    html! {
        a.node.root[is_root].absent[node.missing] href=(links.to(&node.reference)) data-n=(laid.at) {
            title { (node.reference) @if node.missing { " (does not exist)" } }
            rect x=(round(left)) y=(round(top)) width=(round(laid.width)) height=(NODE_HEIGHT) rx="6" {}
            svg.icon x=(round(left + 10.0)) y=(round(top + 9.0)) width="16" height="16" {
                use href={ "#i-" (node.icon) } {}
            }
            text x=(round(left + 32.0)) y=(round(top + 21.5)) { (label(&node.title)) }
        }
        @if let Some(url) = links.open(node) {
            a.parts href=(url) {
                title { "Take " (node.title) " apart: " (count(node.parts, "part", "parts")) }
                text x=(round(left + laid.width - 10.0)) y=(round(top + 21.5)) text-anchor="end" { (node.parts) }
            }
        }
    }
}

fn legend(used: &BTreeSet<&str>, bundled: bool) -> Markup {
    html! {
        p.legend {
            @for relation in used {
                span.edge.(*relation) { svg aria-hidden="true" { path d="M0 4H24" {} } (words(relation)) }
            }
            @if bundled { span { "Lines between boxes bundle relations; point at an entity to see its own." } }
        }
    }
}

/// The relations as a list, for those who do not look at drawings.
pub fn as_list(view: &GraphView) -> Markup {
    let mut listed: BTreeMap<&EntityRef, BTreeMap<&str, Vec<&EntityRef>>> = BTreeMap::new();
    for edge in &view.edges {
        listed.entry(&edge.from).or_default().entry(&edge.relation).or_default().push(&edge.to);
    }
    html! {
        ul.plain-list {
            @for (from, relations) in listed {
                li {
                    (entity_link(from, from.name()))
                    @for (relation, targets) in relations {
                        " " span.muted { (words(relation)) } " "
                        @for (index, target) in targets.iter().enumerate() {
                            @if index > 0 { ", " }
                            (target.name())
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::EntityRef;

    use super::{GraphEdge, GraphLinks, GraphNode, GraphView, drawing, words};

    fn chain(length: usize) -> GraphView {
        let reference = |number: usize| EntityRef::new("component", "default", &format!("service-{number}"));
        let nodes = (0..length)
            .map(|number| GraphNode {
                title: format!("<service> {number}"),
                ..GraphNode::new(reference(number), "Component")
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
        let html = drawing(&chain(12), GraphLinks::Pages).into_string();
        assert_eq!(html.matches("<a class=\"node").count(), 12);
        assert!(!html.contains("<service>"));
    }

    #[test]
    fn more_nodes_than_can_be_drawn_are_left_out() {
        let html = drawing(&chain(super::MAX_NODES + 50), GraphLinks::Pages).into_string();
        assert_eq!(html.matches("<a class=\"node").count(), super::MAX_NODES);
        assert!(!html.contains("<service>"));
    }

    #[test]
    fn relations_read_as_words() {
        assert_eq!(words("dependsOn"), "depends on");
        assert_eq!(words("apiConsumedBy"), "API consumed by");
    }
}
