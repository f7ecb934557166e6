//! Pages about many entities: a crowded graph, a team, a few side by side.

use fairway_portal::*;
use serde_json::json;

use super::knowledge::{entity_view, row};
use super::{chrome, reference};

/// As many entities as are drawn, of systems of different sizes, with long names among them.
fn crowded() -> GraphView {
    let name = |index: usize| match index % 11 {
        0 => format!("component:default/a-service-whose-name-is-exactly-as-long-as-names-may-be-{index:03}"),
        _ => format!("component:default/service-{index}"),
    };
    let node = |index: usize| GraphNode {
        whole: Some(reference(&format!("system:default/system-{}", index * index % 23))),
        ..GraphNode::new(reference(&name(index)), "Component")
    };
    let edge = |index: usize| GraphEdge {
        from: reference(&name(index)),
        to: reference(&name(index / 2)),
        relation: ["dependsOn", "consumesApi"][index % 2].into(),
    };
    GraphView {
        root: None,
        nodes: (0..200).map(node).collect(),
        edges: (1..200).map(edge).collect(),
        omitted: 41,
    }
}

/// A team with people, a team below it, and something to look at; or with nothing.
fn team_view(empty: bool) -> EntityView {
    let mut view = entity_view(EntityTab::Overview, false);
    view.entity = serde_json::from_value(json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Group",
        "metadata": {"name": "checkout", "title": "Checkout", "description": "From basket to paid order"},
        "spec": {"type": "team", "children": []}
    }))
    .unwrap();
    (view.icon, view.deployments, view.findings, view.readme) =
        (icon::of_kind("group"), vec![], vec![], None);
    (view.repository, view.clone_url, view.graph) = (None, None, GraphView::default());
    let person = |name: &str, about: Option<&str>, direct: bool| team::MemberRow {
        reference: reference(&format!("user:default/{name}")),
        title: name.into(),
        about: about.map(Into::into),
        direct,
        missing: name == "gone",
    };
    view.team = Some(if empty {
        team::TeamView::default()
    } else {
        team::TeamView {
            is_person: false,
            members: vec![
                person("Ada Lovelace", Some("Keeps the ledger"), true),
                person("gone", None, true),
                person("Grace Hopper", Some("grace.hopper@acme.example"), false),
            ],
            groups: vec![team::GroupRow {
                reference: reference("group:default/payments"),
                title: "Payments".into(),
                members: 4,
                owned: 7,
            }],
            owned: ((0..9).map(row).collect(), 14),
            through: ((3..6).map(row).collect(), 3),
            concerns: vec![
                team::TeamConcern {
                    tone: Tone::Bad,
                    words: "1 broken document".into(),
                    url: "/drafts".into(),
                },
                team::TeamConcern {
                    tone: Tone::Warning,
                    words: "3 findings about the catalog".into(),
                    url: "/catalog/findings?owner=group:default/checkout".into(),
                },
            ],
        }
    });
    view
}

/// Three entities side by side.
fn compare_view() -> ComparePageView {
    let line = |field: &str, values: &[Option<&str>]| CompareLine {
        field: field.into(),
        values: values.iter().map(|it| it.map(str::to_owned)).collect(),
        differs: values.windows(2).any(|pair| pair[0] != pair[1]),
    };
    ComparePageView {
        entities: (0..3).map(row).collect(),
        lines: vec![
            line("metadata.name", &[Some("orders-api"), Some("storefront"), Some("basket")]),
            line("spec.lifecycle", &[Some("production"), Some("production"), None]),
            line("spec.owner", &[Some("checkout"), Some("checkout"), Some("checkout")]),
        ],
    }
}

pub fn pages() -> Vec<(&'static str, String)> {
    let shell = |title: &str| chrome(title, Section::Catalog, &[("Catalog", "/catalog"), (title, "")]);
    let crowded = GraphPageView { graph: crowded(), ..GraphPageView::default() };
    let listed =
        GraphPageView { query: GraphQuery { as_list: true, ..GraphQuery::default() }, ..crowded.clone() };
    vec![
        ("graph-crowded", graph(&shell("Graph"), &crowded)),
        ("graph-list", graph(&shell("Graph"), &listed)),
        ("team", entity(&shell("Checkout"), &team_view(false))),
        ("team-empty", entity(&shell("Checkout"), &team_view(true))),
        ("compare", compare(&shell("Compare"), &compare_view())),
        ("compare-empty", compare(&shell("Compare"), &ComparePageView::default())),
    ]
}
