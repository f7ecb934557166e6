//! Many entities as boxes of what belongs together, in columns by distance, with lines bundled between boxes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir, layout};
use fairway_domain::EntityRef;

use crate::graph::{GraphNode, GraphView};

/// How high the frame of an entity is.
pub const NODE_HEIGHT: f64 = 26.0;
/// Characters of a title that fit; the middle of a longer one is left out, since names differ at their ends.
const LABEL: usize = 26;
const PITCH: f64 = 30.0;
const GAP: f64 = 6.0;
const PADDING: f64 = 8.0;
const HEAD: f64 = 22.0;
const MARGIN: f64 = 16.0;
/// Between boxes of one column, between the parts of a column that is broken, and between columns.
const APART: f64 = 14.0;
const BROKEN: f64 = 22.0;
const COLUMN: f64 = 84.0;
/// Where the boxes begin below the headings of the columns.
const TOP: f64 = 40.0;
/// Lines between so many boxes for each box are too many to be told apart in layers.
const DENSE: usize = 3;
/// How wide a picture is for its height.
const ASPECT: f64 = 1.7;

/// Entities that belong together.
#[derive(Clone, Debug)]
pub struct GroupBox {
    /// What they belong to, or what they are; empty for a single entity, which needs no frame.
    pub label: String,
    /// What they belong to, when it is an entity.
    pub whole: Option<EntityRef>,
    /// Left, top, width, height.
    pub frame: [f64; 4],
    /// The entities, as places in the list of nodes.
    pub members: Vec<usize>,
    column: i32,
    node_width: f64,
    grid: usize,
}

/// Relations between two boxes, as one line.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The path.
    pub path: String,
    /// How many relations it stands for.
    pub relations: usize,
}

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub struct Boxes {
    /// The boxes.
    pub groups: Vec<GroupBox>,
    /// Left, top and width of each node.
    pub nodes: Vec<(f64, f64, f64)>,
    /// The lines between boxes.
    pub bundles: Vec<Bundle>,
    /// The middle of each column and its heading.
    pub headings: Vec<(f64, String)>,
    /// Width and height of the whole.
    pub size: (f64, f64),
}

/// A title that fits into a node.
pub fn short(title: &str) -> String {
    let letters: Vec<char> = title.chars().collect();
    if letters.len() <= LABEL {
        return title.to_owned();
    }
    let start = LABEL * 3 / 5;
    let end = letters.len() - (LABEL - start - 1);
    let (first, last) = (letters.get(..start).unwrap_or_default(), letters.get(end..).unwrap_or_default());
    first.iter().chain(&['…']).chain(last).collect()
}

/// What entities of a kind without a whole stand under.
fn together(kind: &str) -> String {
    match kind.to_ascii_lowercase().as_str() {
        "group" => "Teams".to_owned(),
        "user" => "People".to_owned(),
        "api" => "APIs".to_owned(),
        _ => format!("{kind}s"),
    }
}

/// Places the nodes of a view.
pub fn arrange(view: &GraphView, nodes: &[&GraphNode]) -> Boxes {
    let mut boxes = boxes(nodes);
    let mut of_node = vec![0; nodes.len()];
    for (at, found) in boxes.iter().enumerate() {
        for member in &found.members {
            if let Some(slot) = of_node.get_mut(*member) {
                *slot = at;
            }
        }
    }
    let rooted = nodes.iter().any(|node| node.through.is_some());
    let weights = weights(view, nodes, &of_node, rooted);
    let headings = if rooted {
        in_columns(&mut boxes, &weights)
    } else if weights.len() > boxes.len() * DENSE {
        packed(&mut boxes);
        Vec::new()
    } else {
        in_layers(&mut boxes, &weights);
        Vec::new()
    };
    let mut places = vec![(0.0, 0.0, 0.0); nodes.len()];
    for found in &boxes {
        let [left, top, ..] = found.frame;
        let top = top + if found.label.is_empty() { 0.0 } else { HEAD };
        let padding = if found.label.is_empty() { 0.0 } else { PADDING };
        let rows = found.members.len().div_ceil(found.grid.max(1)).max(1);
        for (index, member) in found.members.iter().enumerate() {
            let (column, row) = ((index / rows) as f64, (index % rows) as f64);
            if let Some(place) = places.get_mut(*member) {
                let x = left + padding + column * (found.node_width + GAP);
                *place = (x, top + row * PITCH, found.node_width);
            }
        }
    }
    // Lines between boxes of one stack bend out to the right of it.
    let bend = if headings.is_empty() { MARGIN * 2.0 } else { 0.0 };
    let right = boxes.iter().map(|it| it.frame[0] + it.frame[2]).fold(0.0, f64::max);
    let bottom = boxes.iter().map(|it| it.frame[1] + it.frame[3]).fold(0.0, f64::max);
    let bundles = weights
        .into_iter()
        .filter_map(|(ends, relations)| {
            let path = between(boxes.get(ends.0)?, boxes.get(ends.1)?);
            Some(Bundle { path, relations })
        })
        .collect();
    Boxes { groups: boxes, nodes: places, bundles, headings, size: (right + bend + MARGIN, bottom + MARGIN) }
}

/// Entities by column and by what they belong to.
fn boxes(nodes: &[&GraphNode]) -> Vec<GroupBox> {
    let mut groups: BTreeMap<(i32, String), Vec<usize>> = BTreeMap::new();
    for (index, node) in nodes.iter().enumerate() {
        let key = node.whole.as_ref().map_or_else(|| together(&node.kind), ToString::to_string);
        groups.entry((node.column, key)).or_default().push(index);
    }
    groups
        .into_iter()
        .map(|((column, key), mut members)| {
            let name = |member: &usize| nodes.get(*member).map(|node| node.title.to_lowercase());
            members.sort_by_key(name);
            let grid = match members.len() {
                0..=6 => 1,
                7..=16 => 2,
                17..=39 => 3,
                _ => 4,
            };
            let whole =
                members.first().and_then(|member| nodes.get(*member)).and_then(|node| node.whole.clone());
            let label = match &whole {
                _ if members.len() == 1 => String::new(),
                Some(whole) => whole.name().to_owned(),
                None => key,
            };
            let widths = members.iter().filter_map(|member| nodes.get(*member)).map(|node| width(node));
            let node_width = widths.fold(0.0, f64::max);
            let framed = !label.is_empty();
            let rows = members.len().div_ceil(grid) as f64;
            let inner = grid as f64 * (node_width + GAP) - GAP;
            let wide =
                if framed { (inner + 2.0 * PADDING).max(letters(&short(&label)) + 34.0) } else { inner };
            let high = rows * PITCH - (PITCH - NODE_HEIGHT) + if framed { HEAD + PADDING } else { 0.0 };
            GroupBox { label, whole, frame: [0.0, 0.0, wide, high], members, column, node_width, grid }
        })
        .collect()
}

fn letters(text: &str) -> f64 {
    text.chars().count() as f64 * 6.9
}

fn width(node: &GraphNode) -> f64 {
    let parts = if node.parts > 0 { letters(&node.parts.to_string()) + 14.0 } else { 0.0 };
    letters(&short(&node.title)) + 38.0 + parts
}

/// How many relations there are between two boxes: those of the shortest ways from the roots, or all without roots.
fn weights(
    view: &GraphView,
    nodes: &[&GraphNode],
    of_node: &[usize],
    rooted: bool,
) -> BTreeMap<(usize, usize), usize> {
    let index: BTreeMap<&EntityRef, usize> =
        nodes.iter().enumerate().map(|(at, node)| (&node.reference, at)).collect();
    let in_box = |reference: &EntityRef| index.get(reference).and_then(|at| of_node.get(*at)).copied();
    let mut weights = BTreeMap::new();
    let mut add = |from: Option<usize>, to: Option<usize>| {
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            *weights.entry((from, to)).or_default() += 1;
        }
    };
    if rooted {
        for node in nodes {
            if let Some(through) = &node.through {
                add(in_box(through), in_box(&node.reference));
            }
        }
    } else {
        for edge in &view.edges {
            // One line for both ways.
            let (from, to) = (in_box(&edge.from), in_box(&edge.to));
            add(from.min(to), from.max(to));
        }
    }
    weights
}

/// A height that gives boxes of this area the shape of a screen.
fn target_height(boxes: &[GroupBox], spread: f64) -> f64 {
    let area: f64 = boxes.iter().map(|it| (it.frame[2] + BROKEN) * (it.frame[3] + APART)).sum();
    let tallest = boxes.iter().map(|it| it.frame[3]).fold(0.0, f64::max);
    (area * spread / ASPECT).sqrt().max(tallest).max(360.0)
}

/// Stacks boxes from the top, beginning a new stack where one is full; gives the x after the last one. Boxes of an
/// even stack are as wide as the widest.
fn stack(boxes: &mut [GroupBox], order: &[usize], left: f64, height: f64, is_even: bool) -> f64 {
    let gap = if is_even { 2.0 * BROKEN } else { BROKEN };
    let mut stacks: Vec<Vec<usize>> = vec![Vec::new()];
    let mut filled = 0.0;
    // Stacks of one height, rather than full ones and a rest.
    let total: f64 = order.iter().filter_map(|at| boxes.get(*at)).map(|it| it.frame[3] + APART).sum();
    let even = total / (total / height).ceil().max(1.0);
    for at in order {
        let Some(found) = boxes.get(*at) else { continue };
        let next = found.frame[3] + APART;
        if filled > 0.0 && filled + next / 2.0 > even {
            stacks.push(Vec::new());
            filled = 0.0;
        }
        filled += next;
        if let Some(stack) = stacks.last_mut() {
            stack.push(*at);
        }
    }
    let mut x = left;
    for stack in stacks {
        let members = || stack.iter().filter_map(|at| boxes.get(*at));
        let high: f64 = members().map(|it| it.frame[3] + APART).sum::<f64>() - APART;
        let wide = members().map(|it| it.frame[2]).fold(0.0, f64::max);
        let mut y = TOP + ((height - high) / 2.0).max(0.0);
        for at in &stack {
            if let Some(found) = boxes.get_mut(*at) {
                if is_even && !found.label.is_empty() {
                    found.frame[2] = wide;
                }
                found.frame[0] = x + (wide - found.frame[2]) / 2.0;
                found.frame[1] = y;
                y += found.frame[3] + APART;
            }
        }
        x += wide + gap;
    }
    x - gap
}

/// One column for each number of steps, the root in its own; boxes near those that they hang on.
fn in_columns(boxes: &mut [GroupBox], weights: &BTreeMap<(usize, usize), usize>) -> Vec<(f64, String)> {
    let height = target_height(boxes, 1.15);
    let mut columns: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (at, found) in boxes.iter().enumerate() {
        columns.entry(found.column).or_default().push(at);
    }
    let mut place: BTreeMap<usize, f64> = BTreeMap::new();
    let mut outwards: Vec<i32> = columns.keys().copied().collect();
    outwards.sort_by_key(|column| (column.abs(), *column));
    for column in outwards {
        let Some(order) = columns.get_mut(&column) else { continue };
        let middle = |at: usize| {
            let before = weights.iter().filter(|((_, to), _)| *to == at);
            let (sum, count) = before.fold((0.0, 0.0), |(sum, count), ((from, _), weight)| {
                (sum + place.get(from).unwrap_or(&0.0) * *weight as f64, count + *weight as f64)
            });
            if count > 0.0 { sum / count } else { 0.5 }
        };
        let mut keyed: Vec<(f64, usize)> = order.iter().map(|at| (middle(*at), *at)).collect();
        keyed.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        *order = keyed.into_iter().map(|(_, at)| at).collect();
        let count = order.len().max(1) as f64;
        for (index, at) in order.iter().enumerate() {
            place.insert(*at, (index as f64 + 0.5) / count);
        }
    }
    let mut headings = Vec::new();
    let mut x = MARGIN;
    for (column, order) in &columns {
        let end = stack(boxes, order, x, height, false);
        let count: usize = order.iter().filter_map(|at| boxes.get(*at)).map(|it| it.members.len()).sum();
        let steps = match column.abs() {
            0 => String::new(),
            1 => format!("1 step · {count}"),
            steps => format!("{steps} steps · {count}"),
        };
        if !steps.is_empty() {
            headings.push((f64::midpoint(x, end), steps));
        }
        x = end + COLUMN;
    }
    headings
}

/// All boxes in stacks of one height.
fn packed(boxes: &mut [GroupBox]) {
    let height = target_height(boxes, 1.0);
    let order: Vec<usize> = (0..boxes.len()).collect();
    stack(boxes, &order, MARGIN, height, true);
    for found in boxes {
        found.frame[1] -= TOP - MARGIN;
    }
}

/// Boxes in layers along the lines between them.
fn in_layers(boxes: &mut [GroupBox], weights: &BTreeMap<(usize, usize), usize>) {
    let options = GraphOptions { directed: true, multigraph: false, compound: false };
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(options);
    for (at, found) in boxes.iter().enumerate() {
        let [_, _, width, height] = found.frame;
        graph.set_node(at.to_string(), Some(NodeLabel { width, height, ..NodeLabel::default() }));
    }
    for (from, to) in weights.keys() {
        graph.set_edge(from.to_string(), to.to_string(), Some(EdgeLabel::default()), None);
    }
    let options = LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: 24.0,
        edgesep: 10.0,
        ranksep: 72.0,
        marginx: MARGIN,
        marginy: MARGIN,
        ..LayoutOptions::default()
    };
    layout(&mut graph, Some(options));
    for (at, found) in boxes.iter_mut().enumerate() {
        let placed = graph.node(&at.to_string());
        if let Some((x, y)) = placed.and_then(|placed| placed.x.zip(placed.y)) {
            found.frame[0] = x - found.frame[2] / 2.0;
            found.frame[1] = y - found.frame[3] / 2.0;
        }
    }
}

/// A curve from the side of one box to the nearest side of another.
fn between(from: &GroupBox, to: &GroupBox) -> String {
    let [left, top, width, height] = from.frame;
    let [to_left, to_top, to_width, to_height] = to.frame;
    let (start_y, end_y) = (top + height / 2.0, to_top + to_height / 2.0);
    let (start_x, end_x, reach) = if to_left >= left + width {
        let reach = ((to_left - left - width) / 2.0).clamp(20.0, 160.0);
        (left + width, to_left, [reach, -reach])
    } else if to_left + to_width <= left {
        let reach = ((left - to_left - to_width) / 2.0).clamp(20.0, 160.0);
        (left, to_left + to_width, [-reach, reach])
    } else {
        (left + width, to_left + to_width, [48.0, 48.0])
    };
    let mut path = String::new();
    let _ = write!(
        path,
        "M{:.0} {:.0}C{:.0} {:.0} {:.0} {:.0} {:.0} {:.0}",
        start_x,
        start_y,
        start_x + reach[0],
        start_y,
        end_x + reach[1],
        end_y,
        end_x,
        end_y
    );
    path
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_domain::EntityRef;

    use super::{NODE_HEIGHT, arrange, short};
    use crate::graph::{GraphNode, GraphView};

    /// Two hundred entities of thirty systems around one, some with very long names.
    fn crowd() -> GraphView {
        let reference = |number: usize| EntityRef::new("component", "default", &format!("service-{number}"));
        let nodes = (0..200)
            .map(|number| GraphNode {
                title: if number % 9 == 0 { "x".repeat(63) } else { format!("service-{number}") },
                whole: (number > 0)
                    .then(|| EntityRef::new("system", "default", &format!("s{}", number % 30))),
                column: i32::try_from(number.min(1) + usize::from(number > 60)).unwrap(),
                through: (number > 0).then(|| reference(if number > 60 { number % 60 + 1 } else { 0 })),
                ..GraphNode::new(reference(number), "Component")
            })
            .collect();
        GraphView { nodes, ..GraphView::default() }
    }

    #[test]
    fn nothing_lies_on_anything_else_and_the_picture_has_the_shape_of_a_screen() {
        let view = crowd();
        let nodes: Vec<_> = view.nodes.iter().collect();
        let laid = arrange(&view, &nodes);
        let frames: Vec<[f64; 4]> = laid.groups.iter().map(|it| it.frame).collect();
        let apart = |one: &[f64; 4], other: &[f64; 4]| {
            one[0] + one[2] <= other[0]
                || other[0] + other[2] <= one[0]
                || one[1] + one[3] <= other[1]
                || other[1] + other[3] <= one[1]
        };
        for (index, one) in frames.iter().enumerate() {
            assert!(frames[index + 1..].iter().all(|other| apart(one, other)), "{one:?}");
        }
        for found in &laid.groups {
            for member in &found.members {
                let (x, y, width) = laid.nodes[*member];
                let [left, top, wide, high] = found.frame;
                assert!(x >= left && y >= top && x + width <= left + wide + 0.1, "{found:?}");
                assert!(y + NODE_HEIGHT <= top + high + 0.1, "{found:?}");
            }
        }
        let (width, height) = laid.size;
        assert!((0.9..3.2).contains(&(width / height)), "{width} × {height}");
        assert_eq!(
            laid.headings.iter().map(|it| it.1.as_str()).collect::<Vec<_>>(),
            ["1 step · 60", "2 steps · 139"]
        );
    }

    #[test]
    fn long_titles_keep_their_ends() {
        assert_eq!(short("billing-reconciliation-worker-eu-1"), "billing-reconci…orker-eu-1");
        assert_eq!(short("orders"), "orders");
    }
}
