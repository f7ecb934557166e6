//! How long a question, a change and a building of the whole catalog take: `cargo bench -p fairway-catalog`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use fairway_catalog::human::{HumanContext, complete, parse};
use fairway_catalog::{
    EntityChange, Field, FullText, MissingField, OrderField, Predicate, Selection, Snapshot, StoredEntity,
    filters,
};
use fairway_domain::{Entity, EntityRef, Timestamp};
use serde_json::json;

const WORDS: &[&str] = &[
    "order", "billing", "ledger", "search", "stream", "audio", "invoice", "fraud", "quota", "metric", "route",
];

fn entity(index: usize) -> StoredEntity {
    let word = |step: usize| WORDS.get((index * step + step) % WORDS.len()).copied().unwrap_or_default();
    let kind = ["Component", "API", "Resource", "User"].get(index % 4).copied().unwrap_or_default();
    let name = format!("{}-{}-{index}", word(1), word(3));
    let entity = json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": kind,
        "metadata": {
            "name": name, "title": name.to_uppercase(),
            "description": format!("{name} handles {} and {} for the {} flow", word(5), word(7), word(2)),
            "labels": {"tier": format!("t{}", index % 4)}, "tags": [word(4), word(6)],
            "annotations": {"github.com/project-slug": format!("acme/{name}"), "backstage.io/techdocs-ref": "dir:."},
        },
        "spec": {
            "type": if index.is_multiple_of(3) { "service" } else { "library" }, "lifecycle": "production",
            "owner": format!("team-{}", index % 250), "system": format!("system-{}", index % 400),
            "dependsOn": [format!("component:order-billing-{}", index / 2)],
        },
    });
    let entity: Entity = serde_json::from_value(entity).unwrap();
    StoredEntity {
        uid: format!("{:016x}", (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        entity,
        source: "bench".into(),
        location: "url:https://example.com/acme/all/blob/main/catalog-info.yaml".into(),
        origin_location: "url:https://example.com/acme/all/blob/main/catalog-info.yaml".into(),
        file: "catalog-info.yaml".into(),
        line: 1,
        first_seen: Timestamp::UNIX_EPOCH,
        last_seen: Timestamp::UNIX_EPOCH,
        revision: None,
        errors: Vec::new(),
        orphan: false,
    }
}

fn build(count: usize) -> Snapshot {
    let changes = (0..count).map(entity).map(EntityChange::put).collect();
    Snapshot::default().with(changes)
}

static SMALL: LazyLock<Snapshot> = LazyLock::new(|| build(10_000));
static LARGE: LazyLock<Snapshot> = LazyLock::new(|| build(100_000));

fn snapshot(count: usize) -> &'static Snapshot {
    if count == 10_000 { &SMALL } else { &LARGE }
}

const SIZES: [usize; 2] = [10_000, 100_000];

fn asked() -> Selection {
    let predicate = filters(&["kind=component,spec.type=service".to_owned()]).unwrap();
    Selection {
        predicate,
        limit: 20,
        count_total: true,
        missing: MissingField::Excluded,
        ..Selection::default()
    }
}

#[divan::bench(args = SIZES)]
fn filter(bencher: Bencher<'_, '_>, count: usize) {
    let (snapshot, asked) = (snapshot(count), asked());
    bencher.bench(|| snapshot.select(black_box(&asked)).unwrap().total);
}

#[divan::bench(args = SIZES)]
fn ordered_full_text(bencher: Bencher<'_, '_>, count: usize) {
    let name = Field::new("metadata.name");
    let fields = vec![name.clone(), Field::new("metadata.title")];
    let asked = Selection {
        order: vec![OrderField { field: name, descending: false }],
        full_text: Some(FullText { term: "fraud-o".into(), fields }),
        ..asked()
    };
    let snapshot = snapshot(count);
    bencher.bench(|| snapshot.select(black_box(&asked)).unwrap().total);
}

#[divan::bench(args = SIZES)]
fn facets(bencher: Bencher<'_, '_>, count: usize) {
    let predicate = Predicate::equals("kind", "component");
    let fields = ["spec.type", "spec.lifecycle", "metadata.tags"].map(str::to_owned);
    let snapshot = snapshot(count);
    bencher.bench(|| snapshot.facets(black_box(&fields), &predicate).len());
}

#[divan::bench(args = SIZES)]
fn words(bencher: Bencher<'_, '_>, count: usize) {
    let asked = Selection { predicate: Predicate::Text("fraud quota".into()), ..asked() };
    let snapshot = snapshot(count);
    bencher.bench(|| snapshot.select(black_box(&asked)).unwrap().total);
}

#[divan::bench(args = SIZES)]
fn a_query_in_words(bencher: Bencher<'_, '_>, count: usize) {
    let snapshot = snapshot(count);
    let context = HumanContext { catalog: Some(snapshot), ..HumanContext::default() };
    bencher.bench(|| {
        let text = "kind:component owner:team-7 -lifecycle:deprecated system:system-1 quota";
        let predicate = parse(black_box(text), &context).unwrap();
        snapshot.select(&Selection { predicate, ..asked() }).unwrap().total
    });
}

#[divan::bench(args = SIZES)]
fn completions(bencher: Bencher<'_, '_>, count: usize) {
    let snapshot = snapshot(count);
    let context = HumanContext { catalog: Some(snapshot), ..HumanContext::default() };
    let texts = [
        "kind:component ow",
        "kind:component owner:team-1",
        "type:service name:order",
        "dependsOn:order",
        "fraud pro",
    ];
    bencher.bench(|| {
        let all = texts.iter().map(|text| complete(black_box(text), text.len(), &context).len());
        all.sum::<usize>()
    });
}

#[divan::bench(args = SIZES)]
fn one_change(bencher: Bencher<'_, '_>, count: usize) {
    let snapshot = snapshot(count);
    bencher.bench(|| snapshot.with(vec![EntityChange::put(entity(black_box(7)))]).len());
}

#[divan::bench(args = SIZES)]
fn dependents(bencher: Bencher<'_, '_>, count: usize) {
    let snapshot = snapshot(count);
    let start = EntityRef::new("component", "default", "order-billing-0");
    bencher.bench(|| snapshot.dependents(black_box(&start)).len());
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn building(bencher: Bencher<'_, '_>, count: usize) {
    let texts: Vec<String> = (0..count).map(|index| serde_json::to_string(&entity(index)).unwrap()).collect();
    bencher.bench(|| {
        let changes = texts.iter().map(|text| EntityChange::read(text).unwrap()).collect();
        Snapshot::default().with(changes).len()
    });
}

fn main() {
    divan::main();
}
