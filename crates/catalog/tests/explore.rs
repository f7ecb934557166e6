//! The graph that people walk through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_catalog::{Exploration, ExploreDirection, Explored, Snapshot, StoredEntity, validate};
use fairway_domain::{EntityRef, Timestamp};
use fairway_yaml::{Document, Limits, read};

const COMPANY: &str = r"
{apiVersion: backstage.io/v1alpha1, kind: Domain, metadata: {name: commerce}, spec: {owner: sales}}
---
{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: shop}, spec: {owner: sales, domain: commerce}}
---
{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: money}, spec: {owner: sales, domain: commerce}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: web}, spec: {type: website, lifecycle: production, owner: sales, system: shop, consumesApis: [orders-api]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: orders}, spec: {type: service, lifecycle: production, owner: sales, system: shop, providesApis: [orders-api], dependsOn: [component:ledger]}}
---
{apiVersion: backstage.io/v1alpha1, kind: API, metadata: {name: orders-api}, spec: {type: openapi, lifecycle: production, owner: sales, system: shop, definition: x}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: ledger}, spec: {type: service, lifecycle: production, owner: sales, system: money, dependsOn: [resource:books]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Resource, metadata: {name: books}, spec: {type: database, owner: sales, system: money}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: tool}, spec: {type: library, lifecycle: production, owner: sales}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: sales}, spec: {type: team, children: []}}
";

fn company() -> Snapshot {
    let stored = |document: Document| {
        let entity = validate(&document, &fairway_catalog::KindRegistry::default()).unwrap();
        StoredEntity {
            uid: format!("uid-{}", entity.name()),
            entity,
            source: "s".into(),
            location: "url:https://acme.example/x.yaml".into(),
            origin_location: "url:https://acme.example/x.yaml".into(),
            file: "x.yaml".into(),
            line: 1,
            first_seen: Timestamp::UNIX_EPOCH,
            last_seen: Timestamp::UNIX_EPOCH,
            revision: None,
            errors: Vec::new(),
            orphan: false,
        }
    };
    let reading = read("c.yaml", COMPANY, &Limits::default());
    Snapshot::build(reading.documents.into_iter().map(stored).collect(), Vec::new())
}

fn reference(text: &str) -> EntityRef {
    EntityRef::parse(text, None, "default").unwrap()
}

fn around(root: &str, direction: ExploreDirection, depth: usize) -> Exploration {
    Exploration { roots: vec![reference(root)], direction, depth, limit: 200, ..Exploration::default() }
}

/// Each node as its distance, its name, and what it was reached through.
fn told(explored: &Explored) -> Vec<String> {
    explored
        .nodes
        .iter()
        .map(|node| {
            let through = node.through.as_ref().map(|it| format!(" < {}", it.name())).unwrap_or_default();
            let parts = if node.parts > 0 { format!(" ({} parts)", node.parts) } else { String::new() };
            format!("{} {}{parts}{through}", node.distance, node.reference.name())
        })
        .collect()
}

#[test]
fn what_breaks_and_what_is_needed_go_opposite_ways() {
    let snapshot = company();
    let breaks = snapshot.explore(&around("resource:books", ExploreDirection::Breaks, 6));
    assert_eq!(
        told(&breaks),
        ["0 books", "1 ledger < books", "2 orders < ledger", "3 orders-api < orders", "4 web < orders-api"]
    );
    let needs = snapshot.explore(&around("component:web", ExploreDirection::Needs, 6));
    assert_eq!(
        told(&needs),
        ["0 web", "1 orders-api < web", "2 orders < orders-api", "3 ledger < orders", "4 books < ledger"]
    );
}

#[test]
fn a_walk_goes_up_to_owners_and_wholes_and_not_down_again() {
    let explored = company().explore(&around("component:orders", ExploreDirection::Both, 2));
    let names: Vec<&str> = explored.nodes.iter().map(|node| node.reference.name()).collect();
    // The ledger is depended on; the tool only has the same owner.
    assert!(
        names.contains(&"sales") && names.contains(&"commerce") && names.contains(&"ledger"),
        "{names:?}"
    );
    assert!(!names.contains(&"tool"), "{names:?}");
    let owned = Exploration {
        relations: vec!["ownedBy".into()],
        ..around("component:orders", ExploreDirection::Both, 2)
    };
    let names = told(&company().explore(&owned));
    assert!(
        names.contains(&"2 tool < sales".to_owned()),
        "asked for, ownership is followed both ways: {names:?}"
    );
}

#[test]
fn a_system_stands_for_its_parts_until_it_is_opened() {
    let snapshot = company();
    let mut asked = Exploration { collapsed: true, ..around("component:orders", ExploreDirection::Needs, 3) };
    assert_eq!(told(&snapshot.explore(&asked)), ["0 orders", "1 money (2 parts) < orders"]);
    asked.open.insert(reference("system:money"));
    assert_eq!(told(&snapshot.explore(&asked)), ["0 orders", "1 ledger < orders", "2 books < ledger"]);
}

#[test]
fn kinds_that_are_left_out_are_walked_through() {
    let asked = Exploration {
        kinds: vec!["component".into()],
        ..around("component:web", ExploreDirection::Needs, 6)
    };
    assert_eq!(told(&company().explore(&asked)), ["0 web", "2 orders < web", "3 ledger < orders"]);
}

#[test]
fn from_far_away_systems_are_seen_and_what_is_part_of_none() {
    let snapshot = company();
    let mut asked = Exploration { collapsed: true, limit: 200, ..Exploration::default() };
    let explored = snapshot.explore(&asked);
    assert_eq!(told(&explored), ["0 tool", "0 money (2 parts)", "0 shop (3 parts)"]);
    let edges: Vec<String> = explored
        .edges
        .iter()
        .map(|it| format!("{} {} {}", it.from.name(), it.relation, it.to.name()))
        .collect();
    assert_eq!(edges, ["shop dependsOn money"]);
    asked.limit = 2;
    assert_eq!(snapshot.explore(&asked).omitted, 1);
}
