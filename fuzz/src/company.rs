//! A small catalog that questions are put to.

use std::sync::LazyLock;

use fairway_catalog::{KindRegistry, Snapshot, StoredEntity, validate};
use fairway_domain::Timestamp;
use fairway_yaml::{Document, Limits, read};

const COMPANY: &str = r"
{apiVersion: backstage.io/v1alpha1, kind: System, metadata: {name: shop, title: The Shop}, spec: {owner: team-a}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: orders, title: Orders Größe, tags: [java, tier-1], labels: {tier: one}},
 spec: {type: service, lifecycle: production, owner: team-a, system: shop, dependsOn: [resource:orders-db]}}
---
{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {name: web}, spec: {type: website, lifecycle: deprecated, owner: user:ada}}
---
{apiVersion: backstage.io/v1alpha1, kind: Resource, metadata: {name: orders-db}, spec: {type: database, owner: team-a}}
---
{apiVersion: backstage.io/v1alpha1, kind: Group, metadata: {name: team-a}, spec: {type: team, children: [], members: [ada]}}
---
{apiVersion: backstage.io/v1alpha1, kind: User, metadata: {name: ada}, spec: {memberOf: [team-a]}}
";

/// The catalog.
pub fn company() -> &'static Snapshot {
    static CATALOG: LazyLock<Snapshot> = LazyLock::new(|| {
        let reading = read("company", COMPANY, &Limits::default());
        Snapshot::build(reading.documents.iter().map(stored).collect(), Vec::new())
    });
    &CATALOG
}

fn stored(document: &Document) -> StoredEntity {
    let entity = validate(document, &KindRegistry::default()).expect("the company is valid");
    StoredEntity {
        uid: entity.reference().to_string(),
        entity,
        source: "s".into(),
        location: "url:https://example.com/a/b.yaml".into(),
        origin_location: "url:https://example.com/a/b.yaml".into(),
        file: "b.yaml".into(),
        line: 1,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        revision: None,
        errors: Vec::new(),
        orphan: false,
    }
}
