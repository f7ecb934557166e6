//! What people write into search fields: questions that are read, written again, completed and answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::LazyLock;

use fairway_catalog::human::{Completion, HumanContext, HumanQuery, Wanted, complete, parse};
use fairway_catalog::{KindRegistry, Selection, Snapshot, StoredEntity, validate};
use fairway_domain::{Diagnostic, EntityRef, Timestamp};
use fairway_yaml::{Document, Limits, read};
use proptest::prelude::*;
use serde_json::Value;

fn stored(value: Value) -> StoredEntity {
    let entity = validate(&Document::of_value("x", value), &KindRegistry::default()).unwrap();
    StoredEntity {
        uid: format!("uid-{}", entity.reference()),
        orphan: entity.name() == "old",
        errors: (entity.name() == "web").then(|| Diagnostic::error("x", "broken")).into_iter().collect(),
        entity,
        source: "3f0c2a".into(),
        location: "url:https://github.com/acme/shop/blob/main/deep/catalog-info.yaml".into(),
        origin_location: "url:https://github.com/acme/shop/blob/main/all.yaml".into(),
        file: "deep/catalog-info.yaml".into(),
        line: 1,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        revision: None,
    }
}

const COMPANY: &str = r"
{apiVersion: backstage.io/v1alpha1, kind: Domain, metadata: {name: commerce}, spec: {owner: sales}}
---
{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: shop, title: The Shop}, spec: {owner: team-a, domain: commerce}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: orders, title: Orders Service, description: Takes orders, tags: [java, tier-1], labels: {tier: one}},
 spec: {type: service, lifecycle: production, owner: team-a, system: shop, providesApis: [orders-api], dependsOn: [resource:orders-db]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: web, tags: [java]}, spec: {type: website, lifecycle: experimental, owner: group:team-b, system: shop, consumesApis: [orders-api]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: old}, spec: {type: service, lifecycle: deprecated, owner: user:ada}}
---
{apiVersion: backstage.io/v1alpha1, kind: API, metadata: {name: orders-api}, spec: {type: openapi, lifecycle: production, owner: team-a, system: shop, definition: x}}
---
{apiVersion: backstage.io/v1alpha1, kind: Resource, metadata: {name: orders-db}, spec: {type: database, owner: team-a}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: sales}, spec: {type: department, children: [team-b]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: team-a, title: Team A}, spec: {type: team, children: []}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: team-b}, spec: {type: team, children: [], members: [ada]}}
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

static CATALOG: LazyLock<Snapshot> = LazyLock::new(company);

fn ada() -> EntityRef {
    EntityRef::new("user", "default", "ada")
}

fn found(text: &str) -> Vec<String> {
    let (catalog, ada, failing) = (company(), ada(), ["3f0c2a".to_owned()]);
    let context = HumanContext { caller: Some(&ada), catalog: Some(&catalog), failing_sources: &failing };
    let predicate = parse(text, &context).unwrap_or_else(|error| panic!("{}", error.to_diagnostic()));
    let selection = Selection { predicate, limit: 100, ..Selection::default() };
    let mut names: Vec<String> =
        catalog.select(&selection).unwrap().items.iter().map(|it| it.name().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn questions_find_what_they_ask_for() {
    assert_eq!(found("kind:component owner:team-a lifecycle:PRODUCTION orders"), ["orders"]);
    assert_eq!(found("\"orders service\""), ["orders"]);
    assert_eq!(found("\"service orders\""), [""; 0]);
    assert_eq!(found("kind:component -tag:*"), ["old"]);
    assert_eq!(found("tag:tier*"), ["orders"]);
    assert_eq!(found("label.tier:one or name:~eb"), ["orders", "web"]);
    // Ada is in team-b, which is a part of sales.
    assert_eq!(found("owner:me"), ["commerce", "old", "web"]);
    assert_eq!(found("owner:ada"), ["commerce", "old", "web"]);
    assert_eq!(found("owner:=me"), ["old"]);
    assert_eq!(found("owner:team-b kind:component"), ["web"]);
    assert_eq!(found("owner:=team-b"), ["web"]);
    assert_eq!(found("kind:component owner:te*"), ["orders", "web"]);
    assert_eq!(found("dependsOn:orders-db"), ["orders"]);
    assert_eq!(found("dependencyOf:orders"), ["orders-db"]);
    assert_eq!(found("consumesApi:orders-api or providesApi:orders-api"), ["orders", "web"]);
    assert_eq!(found("kind:component,api -system:shop"), ["old"]);
    // What is in a system of the domain is in the domain.
    assert_eq!(found("domain:commerce"), ["orders", "orders-api", "shop", "web"]);
    assert_eq!(found("domain:=commerce"), ["shop"]);
    assert_eq!(found("is:broken"), ["web"]);
    assert_eq!(found("is:orphan"), ["old"]);
    assert_eq!(found("is:deprecated"), ["old"]);
    assert_eq!(found("is:stale kind:api"), ["orders-api"]);
    assert_eq!(found("source:3f0c2a kind:user"), ["ada"]);
    assert_eq!(found("source:~acme/shop kind:user"), ["ada"]);
    assert_eq!(found("kind:group -has:hasMember"), ["sales", "team-a"]);
    assert_eq!(found("").len(), 11);
}

/// Completes at the `|` in a text.
fn completions(text: &str) -> Vec<Completion> {
    let (catalog, ada) = (company(), ada());
    let context = HumanContext { caller: Some(&ada), catalog: Some(&catalog), ..HumanContext::default() };
    let (before, after) = text.split_once('|').unwrap();
    complete(&format!("{before}{after}"), before.chars().count(), &context)
}

fn offered(text: &str) -> Vec<String> {
    let offer = |it: Completion| match it.count {
        Some(count) => format!("{} {count}", it.insert),
        None => it.insert,
    };
    completions(text).into_iter().map(offer).collect()
}

#[test]
fn fields_values_and_entities_are_completed_with_their_counts() {
    assert_eq!(offered("kind:component li|"), ["lifecycle:", "link:"]);
    assert_eq!(
        offered("kind:|"),
        ["Component 3", "Group 3", "API 1", "Domain 1", "Resource 1", "System 1", "User 1"]
    );
    assert_eq!(offered("lifecycle:production kind:|"), ["API 1", "Component 1"]);
    assert_eq!(offered("kind:com|"), ["Component 3"]);
    assert_eq!(offered("kind:component lifecycle:e|"), ["experimental 1", "deprecated 1"]);
    assert_eq!(offered("kind:component owner:|"), ["me 2", "user:ada 2", "team-a 1", "team-b 1"]);
    assert_eq!(offered("owner:=t|"), ["=team-a 4", "=team-b 1"]);
    assert_eq!(offered("owner:team-a,team-b|"), ["team-b 2"]);
    assert_eq!(offered("dependsOn:ord|"), ["resource:orders-db 1"]);
    assert_eq!(offered("system:|"), ["shop 3"]);
    assert_eq!(offered("is:d|"), ["deprecated 1"]);
    assert_eq!(offered("kind:component has:ta|"), ["tag 2"]);
    assert_eq!(offered("label.|"), ["label.tier: 1"]);
    assert_eq!(offered("kind:component o|"), ["owner:", "offers:", "ownedBy:", "ownerOf:", "or "]);
    assert!(offered("prod|").contains(&"lifecycle:production 2".to_owned()));
    assert!(offered("|").starts_with(&["kind:".to_owned(), "type:".to_owned(), "owner:".to_owned()]));
    assert_eq!(offered("\"kind:|"), [""; 0]);
}

#[test]
fn a_completion_takes_the_place_of_the_word_at_the_cursor() {
    let apply = |text: &str| {
        let first = completions(text).into_iter().next().unwrap();
        let chars: Vec<char> = text.replace('|', "").chars().collect();
        let part = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
        format!("{}{}{}", part(0, first.from), first.insert, part(first.to, chars.len()))
    };
    assert_eq!(apply("-tag:ö -kind:co|mp orders"), "-tag:ö -kind:Component orders");
    assert_eq!(apply("kind:api,com|,group"), "kind:api,Component,group");
    assert_eq!(apply("title:\"orders s|\" java"), "title:\"Orders Service\" java");
    assert_eq!(apply("lif|"), "lifecycle:");
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let text = || prop_oneof!["\\PC{0,6}", "[a-c *,:()\"\\\\=~-]{0,4}", Just("me".to_owned())];
    prop_oneof![
        Just(Wanted::Anything),
        text().prop_map(Wanted::Value),
        text().prop_map(Wanted::Exactly),
        text().prop_map(Wanted::Prefix),
        text().prop_map(Wanted::Part),
    ]
}

fn query() -> impl Strategy<Value = HumanQuery> {
    let name = prop_oneof!["[a-z]{1,4}", "[a-z:*() \"\\\\.-]{1,4}", "\\PC{1,3}"];
    let text = prop_oneof!["\\PC{0,6}", Just("or".to_owned()), Just("NOT".to_owned()), "[-a:*\"() ]{0,4}"];
    let leaf = prop_oneof![
        text.prop_map(HumanQuery::Text),
        (name, prop::collection::vec(wanted(), 1..4))
            .prop_map(|(name, values)| HumanQuery::Field { name, values }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(HumanQuery::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(HumanQuery::any),
            inner.prop_map(|inner| HumanQuery::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_as_the_same(query in query()) {
        let text = query.to_string();
        let again = HumanQuery::read(&text);
        prop_assert_eq!(again.as_ref(), Ok(&query), "{}", text);
    }

    /// Whatever is typed is answered, or refused with a place in it; and completed at every place without a panic.
    #[test]
    fn anything_can_be_typed(
        text in prop_oneof![
            "\\PC{0,40}",
            "([a-z]{1,3}|kind|owner|is|has|dependsOn|or|not|and|[-:*,()\"\\\\=~. \t]){0,24}",
        ],
        cursor in 0..50_usize,
    ) {
        let catalog = &*CATALOG;
        let context = HumanContext { catalog: Some(catalog), ..HumanContext::default() };
        match parse(&text, &context) {
            Ok(predicate) => {
                let selection = Selection { predicate, limit: 5, ..Selection::default() };
                prop_assert!(catalog.select(&selection).is_ok());
            }
            Err(error) => {
                prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{}", error);
                prop_assert!(!error.message.is_empty() && !error.hint.is_empty());
            }
        }
        for completion in complete(&text, cursor, &context) {
            prop_assert!(completion.from <= completion.to && completion.to <= text.chars().count());
        }
    }
}
