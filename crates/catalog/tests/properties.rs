//! What holds for all inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_catalog::{KindRegistry, Model, SourceInfo, ingest, validate_entity};
use fairway_domain::EntityRef;
use fairway_domain::tree::{Tree, TreeFile};
use proptest::prelude::*;
use serde_json::{Value, json};

/// JSON that looks a little like entities.
fn values() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "Component",
        "API",
        "Kind",
        "backstage.io/v1alpha1",
        "fairway.dev/v1",
        "a b",
        "",
        "team-a",
        "component:x",
        "a:b:c",
        "./x.yaml",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "name",
        "namespace",
        "tags",
        "links",
        "owner",
        "dependsOn",
        "type",
        "schema",
        "relations",
        "labels",
        "annotations",
        "apiVersions",
        "$text",
        "$openapi",
        "$ref",
        "properties",
        "items",
    ]);
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|entries| entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_reference_reads_back_as_itself(text in "([a-zA-Z]{1,5}:)?([a-z0-9/:. -]{1,6}/)?[A-Za-z0-9./: -]{1,8}") {
        if let Ok(reference) = EntityRef::parse(&text, Some("Component"), "default") {
            prop_assert_eq!(reference.to_string().parse::<EntityRef>().unwrap(), reference.clone());
            prop_assert_eq!(reference.to_string(), reference.to_string().to_lowercase());
        }
    }

    #[test]
    fn any_value_is_an_entity_or_told_why_not(metadata in values(), spec in values(), kind in "(Component|API|Kind|Group|Template|Location|X)") {
        let version = if kind == "Kind" { "fairway.dev/v1" } else { "backstage.io/v1alpha1" };
        let value = json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec});
        let first = validate_entity(value.clone(), &KindRegistry::default());
        prop_assert!(first.len() <= 50);
        prop_assert!(first.iter().all(|found| found.is_error() && found.message.len() < 2_000));
        prop_assert_eq!(first, validate_entity(value, &KindRegistry::default()));
    }

    #[test]
    fn any_file_is_read_to_its_end(value in values(), noise in ".{0,40}") {
        let text = format!("{}\n---\n{noise}\n", fairway_yaml::write(&value));
        let tree: Tree = [("catalog-info.yaml".parse().unwrap(), TreeFile::regular(text.into_bytes()))].into_iter().collect();
        let origin = SourceInfo { id: "s".into(), location: "url:https://x/catalog-info.yaml".into(), base: "url:https://x/".into() };
        let ingestion = ingest(&tree, &"catalog-info.yaml".parse().unwrap(), &origin, &Model::default());
        prop_assert!(ingestion.diagnostics().all(|found| found.location.is_some()));
    }
}
