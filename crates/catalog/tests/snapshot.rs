//! What the catalog answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use fairway_catalog::{Direction, Order, Query, Reach, Snapshot, StoredEntity, validate};
use fairway_domain::{Diagnostic, EntityRef, Timestamp};
use fairway_yaml::{Document, Limits, read};
use proptest::prelude::*;
use serde_json::{Value, json};

fn stored(value: Value) -> StoredEntity {
    let entity =
        validate(&Document::of_value("x", value), &fairway_catalog::KindRegistry::default()).unwrap();
    StoredEntity {
        uid: format!("uid-{}", entity.name()),
        entity,
        source: "s".into(),
        location: "url:https://github.com/acme/shop/blob/main/deep/catalog-info.yaml".into(),
        origin_location: "url:https://github.com/acme/shop/blob/main/all.yaml".into(),
        file: "deep/catalog-info.yaml".into(),
        line: 1,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        revision: None,
        errors: Vec::new(),
        orphan: false,
    }
}

const COMPANY: &str = r"
{apiVersion: backstage.io/v1alpha1, kind: Domain, metadata: {name: commerce}, spec: {owner: sales}}
---
{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: shop, title: The Shop}, spec: {owner: team-a, domain: commerce}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: orders, title: Orders Service, description: Takes orders, tags: [java, tier-1], annotations: {example.com/region: eu}},
 spec: {type: service, lifecycle: production, owner: team-a, system: shop, providesApis: [orders-api], dependsOn: [resource:orders-db, component:payments]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: payments, tags: [go]}, spec: {type: service, lifecycle: production, owner: team-b, system: shop, dependsOn: [component:gone]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: web, tags: [java]}, spec: {type: website, lifecycle: experimental, owner: group:team-b, system: shop, consumesApis: [orders-api]}}
---
{apiVersion: backstage.io/v1alpha1, kind: API, metadata: {name: orders-api}, spec: {type: openapi, lifecycle: production, owner: team-a, system: shop, definition: x}}
---
{apiVersion: backstage.io/v1alpha1, kind: Resource, metadata: {name: orders-db}, spec: {type: database, owner: team-a, system: shop}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: sales}, spec: {type: department, children: [team-a]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: team-a}, spec: {type: team, children: [], members: [grace]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: team-b}, spec: {type: team, parent: sales, children: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: User, metadata: {name: ada}, spec: {profile: {displayName: Ada Lovelace}, memberOf: [team-b]}}
";

fn company() -> Snapshot {
    let reading = read("c.yaml", COMPANY, &Limits::default());
    assert_eq!(reading.diagnostics, []);
    Snapshot::build(
        reading.documents.into_iter().map(|document| stored(document.value)).collect(),
        Vec::new(),
    )
}

fn reference(text: &str) -> EntityRef {
    EntityRef::parse(text, None, "default").unwrap()
}

fn listed(snapshot: &Snapshot, query: &Query) -> Vec<String> {
    snapshot.query(query).items.iter().map(|found| found.name().to_owned()).collect()
}

#[test]
fn relations_run_both_ways() {
    let snapshot = company();
    let relations = |name: &str| -> Vec<String> {
        let found = snapshot.get(&reference(name)).unwrap();
        found.relations().iter().map(|it| format!("{} {}", it.relation_type, it.target)).collect()
    };
    assert_eq!(
        relations("component:orders"),
        [
            "dependsOn component:default/payments",
            "dependsOn resource:default/orders-db",
            "ownedBy group:default/team-a",
            "partOf system:default/shop",
            "providesApi api:default/orders-api",
        ]
    );
    assert_eq!(
        relations("api:orders-api"),
        [
            "apiConsumedBy component:default/web",
            "apiProvidedBy component:default/orders",
            "ownedBy group:default/team-a",
            "partOf system:default/shop",
        ]
    );
    assert_eq!(
        relations("group:sales"),
        ["ownerOf domain:default/commerce", "parentOf group:default/team-a", "parentOf group:default/team-b"]
    );
    assert!(relations("group:team-a").contains(&"childOf group:default/sales".to_owned()));
    assert!(relations("group:team-a").contains(&"hasMember user:default/grace".to_owned()));
    let dangling: Vec<String> = snapshot
        .dangling()
        .iter()
        .map(|it| format!("{} {} {}", it.from, it.relation.relation_type, it.relation.target))
        .collect();
    assert_eq!(
        dangling,
        [
            "component:default/payments dependsOn component:default/gone",
            "group:default/team-a hasMember user:default/grace"
        ]
    );
}

#[test]
fn people_own_through_groups() {
    let snapshot = company();
    let groups = |name: &str| {
        snapshot.groups_of(&reference(name)).iter().map(|it| it.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(groups("user:ada"), ["team-b", "sales"]);
    assert_eq!(groups("user:grace"), ["team-a", "sales"]);
    assert!(groups("user:nobody").is_empty());
    let owned: Vec<&str> =
        snapshot.owned_by(&[reference("group:team-b")]).iter().map(|it| it.name()).collect();
    assert_eq!(owned, ["payments", "web"]);
    let query = Query { owners: vec![reference("user:ada")], ..Query::default() };
    assert_eq!(listed(&snapshot, &query), ["payments", "web", "commerce"]);
    let members: Vec<String> =
        snapshot.members_of(&reference("group:sales")).iter().map(ToString::to_string).collect();
    assert_eq!(members, ["user:default/ada", "user:default/grace"]);
}

#[test]
fn queries_narrow_order_and_page() {
    let snapshot = company();
    let query = |change: fn(&mut Query)| {
        let mut query = Query::default();
        change(&mut query);
        listed(&snapshot, &query)
    };
    assert_eq!(query(|it| it.kinds = vec!["component".into()]), ["orders", "payments", "web"]);
    assert_eq!(query(|it| it.types = vec!["Website".into(), "database".into()]), ["web", "orders-db"]);
    assert_eq!(query(|it| it.tags = vec!["java".into()]), ["orders", "web"]);
    assert_eq!(query(|it| it.text = Some("TAKES order".into())), ["orders"]);
    assert_eq!(query(|it| it.text = Some("lovelace".into())), ["ada"]);
    assert_eq!(query(|it| it.lifecycles = vec!["experimental".into()]), ["web"]);
    assert_eq!(query(|it| it.system = Some("system:default/shop".parse().unwrap())).len(), 5);
    assert!(query(|it| it.namespace = Some("other".into())).is_empty());
    let filter = |path: &str, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        listed(&snapshot, &Query { filter: vec![(path.to_owned(), values)], ..Query::default() })
    };
    assert_eq!(filter("spec.TYPE", &["WEBSITE"]), ["web"]);
    assert_eq!(filter("metadata.tags.tier-1", &["true"]), ["orders"]);
    assert_eq!(filter("metadata.tags", &["go", "tier-1"]), ["orders", "payments"]);
    assert_eq!(filter("metadata.annotations.example.com/region", &[]), ["orders"]);
    assert_eq!(filter("relations.ownedBy", &["group:default/team-b"]), ["payments", "web"]);
    assert_eq!(filter("spec.profile.displayname", &["ada lovelace"]), ["ada"]);
    assert_eq!(filter("metadata.annotations.backstage.io/view-url", &[]).len(), 11);
    assert!(filter("spec.nothing", &[]).is_empty());

    let ordered = |field: &str, descending| {
        let order = Some(Order { field: field.to_owned(), descending });
        listed(&snapshot, &Query { order, kinds: vec!["Component".into()], ..Query::default() })
    };
    assert_eq!(ordered("name", true), ["web", "payments", "orders"]);
    assert_eq!(ordered("owner", false), ["orders", "payments", "web"]);
    assert_eq!(ordered("metadata.description", true), ["orders", "payments", "web"]);
    let page = Query { kinds: vec!["Component".into()], offset: 1, limit: 1, ..Query::default() };
    let page = snapshot.query(&page);
    assert_eq!((page.items.len(), page.total, page.items[0].name()), (1, 3, "payments"));
}

#[test]
fn facets_leave_the_other_choices_in_sight() {
    let snapshot = company();
    let query = Query { kinds: vec!["Component".into()], types: vec!["service".into()], ..Query::default() };
    let facets =
        snapshot.query_facets(&query, &["kind", "spec.type", "owner", "lifecycle", "tags", "system"]);
    let facet = |name: &str| -> Vec<(&str, usize)> {
        facets[name].iter().map(|(it, count)| (it.as_str(), *count)).collect()
    };
    assert_eq!(facet("kind"), [("Component", 2)]);
    assert_eq!(facet("spec.type"), [("service", 2), ("website", 1)]);
    assert_eq!(facet("owner"), [("group:default/team-a", 1), ("group:default/team-b", 1)]);
    assert_eq!(facet("tags"), [("go", 1), ("java", 1), ("tier-1", 1)]);
    assert_eq!(facet("system"), [("system:default/shop", 2)]);
}

#[test]
fn graphs_draw_each_relation_once() {
    let snapshot = company();
    let graph = snapshot.graph(&[reference("component:payments")], 1, &[]);
    let nodes: Vec<(String, bool)> =
        graph.nodes.iter().map(|it| (it.reference.to_string(), it.missing)).collect();
    assert_eq!(nodes[0], ("component:default/payments".to_owned(), false));
    assert!(nodes.contains(&("component:default/gone".to_owned(), true)));
    let edges: Vec<String> =
        graph.edges.iter().map(|it| format!("{} {} {}", it.from.name(), it.relation, it.to.name())).collect();
    assert_eq!(
        edges,
        [
            "orders dependsOn payments",
            "orders partOf shop",
            "payments dependsOn gone",
            "payments ownedBy team-b",
            "payments partOf shop"
        ]
    );
    let graph = snapshot.graph(&[reference("component:orders")], 2, &["dependencyOf"]);
    assert_eq!((graph.nodes.len(), graph.edges.len()), (4, 3));
    let broken: Vec<String> = snapshot
        .dependents(&reference("component:gone"))
        .iter()
        .map(|it| format!("{} {}", it.distance, it.reference.name()))
        .collect();
    assert_eq!(broken, ["1 payments", "2 orders", "3 orders-api", "4 web"]);
    let needed: Vec<String> = snapshot
        .dependencies(&reference("component:web"))
        .iter()
        .map(|it| it.reference.name().to_owned())
        .collect();
    assert_eq!(needed, ["orders-api", "orders", "payments", "orders-db", "gone"]);
}

#[test]
fn a_reach_ends_at_its_depth_and_goes_through_what_it_does_not_show() {
    let snapshot = company();
    let drawn = |name: &str, reach: &Reach| {
        let graph = snapshot.reach_graph(&reference(name), reach);
        let nodes = graph
            .nodes
            .iter()
            .map(|it| format!("{} {} by {}", it.node.distance, it.node.reference.name(), it.through.name()));
        let edges =
            graph.edges.iter().map(|it| format!("{} {} {}", it.from.name(), it.relation, it.to.name()));
        (nodes.collect::<Vec<_>>(), edges.collect::<Vec<_>>())
    };
    let near = Reach { depth: Some(1), ..Reach::default() };
    assert_eq!(
        drawn("component:orders", &near),
        (
            vec!["1 payments by orders".into(), "1 orders-db by orders".into()],
            vec!["orders dependsOn payments".into(), "orders dependsOn orders-db".into()]
        )
    );
    let components = Reach { kinds: vec!["Component".into()], ..Reach::default() };
    let (nodes, edges) = drawn("component:web", &components);
    assert_eq!(nodes, ["2 orders by web", "3 payments by orders", "4 gone by payments"]);
    assert_eq!(edges, ["orders dependsOn payments", "payments dependsOn gone", "web throughOthers orders"]);
    let breaks = Reach { direction: Direction::Breaks, kinds: vec!["component".into()], ..Reach::default() };
    let (nodes, edges) = drawn("resource:orders-db", &breaks);
    assert_eq!(nodes, ["1 orders by orders-db", "3 web by orders"]);
    assert_eq!(edges, ["orders dependsOn orders-db", "web throughOthers orders"]);
}

#[test]
fn near_names_are_found_whatever_their_kind() {
    let snapshot = company();
    let near =
        |text: &str| snapshot.near(&reference(text)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(near("component:ordrs"), ["component:default/orders"]);
    assert_eq!(near("component:orders-bd")[0], "resource:default/orders-db");
    assert_eq!(near("component:team-c"), ["group:default/team-a", "group:default/team-b"]);
    assert_eq!(near("component:warehouse"), [""; 0]);
    assert_eq!(near(&format!("component:{}", "x".repeat(10_000))), [""; 0]);
}

#[test]
fn entities_are_handed_out_as_backstage_does() {
    let mut entity = stored(json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": "Orders", "annotations": {"backstage.io/view-url": "javascript:alert(1)"}},
        "spec": {"type": "service", "lifecycle": "x", "owner": "Team-A", "consumesApis": ["b", "a"]},
    }));
    let etag = |entity: &StoredEntity| {
        let snapshot = Snapshot::build(vec![entity.clone()], Vec::new());
        snapshot.iter().next().unwrap().etag().to_owned()
    };
    let before = etag(&entity);
    entity.errors = vec![Diagnostic::error("entity-schema", "no good")];
    let snapshot = Snapshot::build(vec![entity], Vec::new());
    let json = snapshot.get(&reference("component:orders")).unwrap().to_backstage_json();
    let own = json["metadata"]["etag"].as_str().unwrap();
    assert_eq!(own.len(), 40);
    assert_ne!(own, before);
    assert_eq!(
        json,
        json!({
            "metadata": {
                "name": "Orders", "namespace": "default", "uid": "uid-Orders", "etag": own,
                "annotations": {
                    "backstage.io/view-url": "https://backstage.io/annotation-rejected-for-security-reasons",
                    "backstage.io/managed-by-location": "url:https://github.com/acme/shop/blob/main/deep/catalog-info.yaml",
                    "backstage.io/managed-by-origin-location": "url:https://github.com/acme/shop/blob/main/all.yaml",
                    "backstage.io/edit-url": "https://github.com/acme/shop/edit/main/deep/catalog-info.yaml",
                    "backstage.io/source-location": "url:https://github.com/acme/shop/blob/main/deep/",
                },
            },
            "apiVersion": "backstage.io/v1alpha1",
            "kind": "Component",
            "spec": {"type": "service", "lifecycle": "x", "owner": "Team-A", "consumesApis": ["a", "b"]},
            "relations": [
                {"type": "consumesApi", "targetRef": "api:default/a"},
                {"type": "consumesApi", "targetRef": "api:default/b"},
                {"type": "ownedBy", "targetRef": "group:default/team-a"},
            ],
            "status": {"items": [{
                "type": "backstage.io/catalog-processing", "level": "error", "message": "InputError: no good",
                "error": {"name": "InputError", "message": "no good"},
            }]},
        })
    );
}

fn dependencies() -> impl Strategy<Value = Vec<Vec<usize>>> {
    (2..12_usize)
        .prop_flat_map(|count| prop::collection::vec(prop::collection::vec(0..count + 2, 0..4), count))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Answers about dependencies equal a closure computed by brute force, cycles and missing targets included.
    #[test]
    fn dependents_and_cycles_follow_from_the_transitive_closure(edges in dependencies()) {
        let name = |index: usize| format!("c{index:02}");
        let entities = edges.iter().enumerate().map(|(index, targets)| {
            let targets: Vec<String> = targets.iter().map(|target| format!("component:{}", name(*target))).collect();
            stored(json!({
                "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": name(index)},
                "spec": {"type": "t", "lifecycle": "l", "owner": "o", "dependsOn": targets},
            }))
        });
        let snapshot = Snapshot::build(entities.collect(), Vec::new());
        let mut closure: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (from, targets) in edges.iter().enumerate() {
            closure.entry(from).or_default().extend(targets);
        }
        for _ in 0..edges.len() + 2 {
            let before = closure.clone();
            for reached in closure.values_mut() {
                let more: Vec<usize> = reached.iter().filter_map(|it| before.get(it)).flatten().copied().collect();
                reached.extend(more);
            }
        }
        for index in 0..edges.len() + 2 {
            let own = reference(&format!("component:{}", name(index)));
            let mut found: Vec<String> = snapshot.dependents(&own).iter().map(|it| it.reference.name().to_owned()).collect();
            found.sort();
            let expected: Vec<String> =
                closure.iter().filter(|(from, reached)| **from != index && reached.contains(&index)).map(|(from, _)| name(*from)).collect();
            prop_assert_eq!(found, expected);
        }
        let existing = |index: &usize| *index < edges.len();
        let together = |one: usize, other: usize| closure[&one].contains(&other) && closure[&other].contains(&one);
        let expected: BTreeSet<Vec<String>> = (0..edges.len())
            .filter(|one| together(*one, *one))
            .map(|one| closure[&one].iter().copied().filter(existing).filter(|it| together(one, *it)).map(name).collect())
            .collect();
        let cycles = snapshot.cycles(&["dependsOn"]);
        for found in snapshot.iter() {
            let of_one = snapshot.cycle_of(found.reference());
            let expected = cycles.iter().find(|it| it.contains(found.reference())).cloned().unwrap_or_default();
            prop_assert_eq!(of_one, expected);
        }
        let found: BTreeSet<Vec<String>> =
            cycles.iter().map(|group| group.iter().map(|it| it.name().to_owned()).collect()).collect();
        prop_assert_eq!(found.len(), cycles.len());
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_source_has_its_own_entities_and_no_others() {
    let document = |name: &str, source: &str| {
        let spec = json!({"type": "service", "lifecycle": "production", "owner": "team-a"});
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": name}, "spec": spec,
        });
        StoredEntity { source: source.into(), ..stored(entity) }
    };
    let documents =
        vec![document("a", "one"), document("b", "One"), document("c", "two"), document("d", "one")];
    let snapshot = Snapshot::build(documents, Vec::new());
    let names = |source: &str| {
        let mut names: Vec<String> =
            snapshot.of_source(source).map(|found| found.name().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("one"), ["a", "d"]);
    assert_eq!(names("One"), ["b"]);
    assert_eq!(names("none"), Vec::<String>::new());
}

#[test]
fn policies_are_told_from_the_entities_beside_them() {
    let object = |api_version: &str, kind: &str, name: &str| {
        stored(json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": {}}))
    };
    let service = json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "orders"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
    });
    let snapshot = Snapshot::build(
        vec![
            stored(service),
            object("policies.kyverno.io/v1", "ValidatingPolicy", "probes"),
            object("templates.gatekeeper.sh/v1", "ConstraintTemplate", "k8slabels"),
            object("constraints.gatekeeper.sh/v1beta1", "K8sLabels", "labels"),
        ],
        Vec::new(),
    );
    let names: Vec<&str> = snapshot.policies().iter().map(|found| found.name()).collect();
    assert_eq!(names, ["k8slabels", "labels", "probes"]);
}
