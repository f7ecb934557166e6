//! Graph: how does everything hang together, what does this need, and what breaks with it?

use fairway_domain::EntityRef;
use maud::{Markup, html};

use crate::address;
use crate::chrome::Chrome;
use crate::graph::{GraphLinks, GraphView, as_list, drawing, words};
use crate::icon::{self, icon};
use crate::measure::count;
use crate::part::{empty, headline};
use crate::shell::document;

/// Which way the graph goes from its root, `?direction=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GraphDirection {
    /// Both ways.
    #[default]
    Both,
    /// `needs`: to what the root needs.
    Needs,
    /// `breaks`: to what breaks when the root does.
    Breaks,
}

impl GraphDirection {
    /// The direction of an address; anything unknown is both.
    pub fn parse(text: &str) -> Self {
        match text {
            "needs" => Self::Needs,
            "breaks" => Self::Breaks,
            _ => Self::Both,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Both => "",
            Self::Needs => "needs",
            Self::Breaks => "breaks",
        }
    }
}

/// What was asked for in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphQuery {
    /// `?root=`, possibly several.
    pub roots: Vec<EntityRef>,
    /// `?depth=`
    pub depth: usize,
    /// `?direction=`
    pub direction: GraphDirection,
    /// `?relation=`, possibly several; none for all.
    pub relations: Vec<String>,
    /// `?kind=`, possibly several; none for all.
    pub kinds: Vec<String>,
    /// `?systems=apart`: systems do not stand for their parts.
    pub apart: bool,
    /// `?open=`: systems that are taken apart all the same.
    pub open: Vec<EntityRef>,
    /// `?as=list`: in words instead of a drawing.
    pub as_list: bool,
}

impl GraphQuery {
    /// The address that asks for this.
    pub fn address(&self) -> String {
        let texts = |of: &[EntityRef]| of.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (roots, open) = (texts(&self.roots), texts(&self.open));
        let depth = self.depth.to_string();
        let mut pairs: Vec<(&str, &str)> = roots.iter().map(|root| ("root", root.as_str())).collect();
        pairs.push(("depth", if self.roots.is_empty() { "" } else { &depth }));
        pairs.push(("direction", self.direction.word()));
        pairs.extend(self.relations.iter().map(|relation| ("relation", relation.as_str())));
        pairs.extend(self.kinds.iter().map(|kind| ("kind", kind.as_str())));
        pairs.push(("systems", if self.apart { "apart" } else { "" }));
        pairs.extend(open.iter().map(|open| ("open", open.as_str())));
        pairs.push(("as", if self.as_list { "list" } else { "" }));
        address::query("/catalog/graph", &pairs)
    }

    /// The same around another entity.
    #[must_use]
    pub fn around(&self, root: &EntityRef) -> Self {
        Self { roots: vec![root.clone()], ..self.clone() }
    }

    /// The same with a system taken apart.
    #[must_use]
    pub fn opened(&self, system: &EntityRef) -> Self {
        let mut query = self.clone();
        query.open.push(system.clone());
        query
    }
}

/// The page `/catalog/graph`.
#[derive(Clone, Debug, Default)]
pub struct GraphPageView {
    /// What was asked for.
    pub query: GraphQuery,
    /// The drawing.
    pub graph: GraphView,
    /// Every relation there is.
    pub all_relations: Vec<String>,
    /// Every kind there is.
    pub all_kinds: Vec<String>,
    /// Entities offered in the root field.
    pub roots: Vec<EntityRef>,
}

/// Renders the page.
pub fn graph(chrome: &Chrome, view: &GraphPageView) -> String {
    let query = &view.query;
    let title = match (query.roots.as_slice(), query.direction) {
        ([], _) => "How everything hangs together".to_owned(),
        ([root], GraphDirection::Both) => format!("Around {}", root.name()),
        ([root], GraphDirection::Needs) => format!("What {} needs", root.name()),
        ([root], GraphDirection::Breaks) => format!("What breaks with {}", root.name()),
        (several, _) => format!("Around {} entities", several.len()),
    };
    let line = html! {
        (count(view.graph.nodes.len(), "entity", "entities")) " and "
        (count(view.graph.edges.len(), "relation", "relations"))
        @if !query.roots.is_empty() { ", up to " (count(query.depth, "step", "steps")) " away" }
        "."
        @if view.graph.omitted > 0 {
            " " (count(view.graph.omitted, "more is", "more are")) " left out; "
            @if query.roots.is_empty() { "choose where to begin to see them." } @else { "take fewer steps or kinds to see all." }
        }
    };
    let actions = html! {
        @if let [root] = query.roots.as_slice() {
            a.button href=(address::entity(root)) { (icon(icon::of_kind(root.kind()))) "Open its page" }
            a.button href="/catalog/graph" { (icon("graph")) "Everything" }
        }
        a.button href=(GraphQuery { as_list: !query.as_list, ..query.clone() }.address()) {
            @if query.as_list { (icon("graph")) "As a drawing" } @else { (icon("list")) "As a list" }
        }
        a.button href="/catalog" { (icon("catalog")) "Catalog" }
    };
    document(
        chrome,
        html! {
            (headline(&title, Some(&line), Some(&actions)))
            (controls(view))
            @if view.graph.nodes.is_empty() {
                (empty("graph", "Nothing to draw", &html! { "No entity of the chosen kinds has a relation that was asked for." },
                    Some(&html! { a.button href="/catalog/graph" { "Show everything" } })))
            } @else {
                @if query.as_list { (as_list(&view.graph)) } @else { (drawing(&view.graph, GraphLinks::Around(query))) }
            }
        },
    )
}

fn directions(query: &GraphQuery) -> Markup {
    let choice = |direction: GraphDirection, words: &str| {
        let url = GraphQuery { direction, ..query.clone() }.address();
        html! { a href=(url) aria-current=[(direction == query.direction).then_some("true")] { (words) } }
    };
    html! {
        nav.segments aria-label="Direction" {
            (choice(GraphDirection::Both, "Around"))
            (choice(GraphDirection::Needs, "What it needs"))
            (choice(GraphDirection::Breaks, "What breaks"))
        }
    }
}

fn controls(view: &GraphPageView) -> Markup {
    let query = &view.query;
    let root = query.roots.first().map(ToString::to_string).unwrap_or_default();
    html! {
        div.toolbar {
            @if !query.roots.is_empty() { (directions(query)) }
            form.inline action="/catalog/graph" method="get" {
                label for="root" { "Begin at" }
                input #root name="root" list="roots" value=(root) placeholder="everything" autocomplete="off" data-filter;
                datalist #roots { @for reference in view.roots.iter().take(500) { option value=(reference) {} } }
                input type="hidden" name="direction" value=(query.direction.word());
                @if !query.roots.is_empty() {
                    label for="depth" { "Steps" }
                    select #depth name="depth" {
                        @for depth in 1..=6_usize { option value=(depth) selected[depth == query.depth] { (depth) } }
                    }
                }
                (choices("Kinds", "kind", &view.all_kinds, &query.kinds, str::to_owned))
                (choices("Relations", "relation", &view.all_relations, &query.relations, words))
                select name="systems" aria-label="Systems" {
                    option value="" { "Systems as one" }
                    option value="apart" selected[query.apart] { "Systems taken apart" }
                }
                button.button type="submit" { "Draw" }
            }
        }
    }
}

/// A list to choose several from, folded away.
fn choices(
    title: &str,
    name: &str,
    all: &[String],
    chosen: &[String],
    words: impl Fn(&str) -> String,
) -> Markup {
    let is_chosen = |value: &String| chosen.iter().any(|it| it.eq_ignore_ascii_case(value));
    html! {
        details.menu-choice {
            summary.button { (title) @if !chosen.is_empty() { span.count { (chosen.len()) } } }
            div.menu-panel {
                fieldset {
                    legend.hidden { (title) }
                    @for value in all {
                        label.choice { input type="checkbox" name=(name) value=(value) checked[is_chosen(value)]; span { (words(value)) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use fairway_domain::EntityRef;

    use super::{GraphDirection, GraphQuery};

    #[test]
    fn another_middle_keeps_the_other_choices() {
        let query = GraphQuery {
            depth: 3,
            direction: GraphDirection::Breaks,
            kinds: vec!["component".into()],
            ..GraphQuery::default()
        };
        let system = EntityRef::new("system", "default", "shop");
        assert_eq!(
            query.around(&EntityRef::new("api", "default", "orders")).opened(&system).address(),
            "/catalog/graph?root=api%3Adefault%2Forders&depth=3&direction=breaks&kind=component&open=system%3Adefault%2Fshop"
        );
        assert_eq!(GraphQuery::default().address(), "/catalog/graph");
    }
}
