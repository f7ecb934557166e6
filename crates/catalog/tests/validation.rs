//! Entities and the rules that they are held against.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fmt::Write as _;

use fairway_catalog::{KindRegistry, validate, validate_entity};
use fairway_domain::Entity;
use fairway_yaml::{Document, Limits, read};
use serde_json::{Value, json};

/// The entity with `value` at a pointer, or without what is there; objects on the way are made.
fn with(mut entity: Value, pointer: &str, value: Option<&Value>) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let plain = |part: &str| part.replace("~1", "/");
    let mut place = &mut entity;
    for part in parent.split('/').skip(1) {
        place = match place {
            Value::Array(items) => &mut items[part.parse::<usize>().unwrap()],
            other => other.as_object_mut().unwrap().entry(plain(part)).or_insert_with(|| json!({})),
        };
    }
    let map = place.as_object_mut().unwrap();
    match value {
        Some(value) => map.insert(plain(key), value.clone()),
        None => map.shift_remove(&plain(key)),
    };
    entity
}

fn complaints(entity: Value, kinds: &KindRegistry) -> Vec<String> {
    validate_entity(entity, kinds).into_iter().map(|diagnostic| diagnostic.message).collect()
}

#[test]
fn every_field_rule_of_the_table_holds() {
    let reading = read("field_rules.yaml", include_str!("field_rules.yaml"), &Limits::default());
    assert_eq!(reading.diagnostics, []);
    let table = &reading.documents[0].value;
    let kinds = KindRegistry::default();
    for (name, entity) in table["entities"].as_object().unwrap() {
        assert_eq!(complaints(entity.clone(), &kinds), Vec::<String>::new(), "{name}");
    }
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() > 240);
    for case in cases {
        let entity = &table["entities"][case["of"].as_str().unwrap()];
        assert!(entity.is_object(), "{case}");
        let found = complaints(with(entity.clone(), case["at"].as_str().unwrap(), case.get("value")), &kinds);
        match case.get("error").and_then(Value::as_str) {
            None => assert!(found.is_empty(), "{case}: {found:?}"),
            Some(expected) => {
                assert!(found.iter().any(|message| message.contains(expected)), "{case}: {found:?}");
            }
        }
    }
}

fn entity(value: Value) -> Entity {
    validate(&Document::of_value("x", value), &KindRegistry::default()).unwrap()
}

fn library() -> Entity {
    entity(json!({
        "apiVersion": "fairway.dev/v1", "kind": "Kind", "metadata": {"name": "library", "title": "Library"},
        "spec": {
            "owner": "platform", "kind": "Library", "apiVersions": ["acme.example/v1"],
            "schema": {
                "required": ["language", "owner"], "additionalProperties": false,
                "properties": {
                    "language": {"enum": ["rust", "go"]}, "owner": {"type": "string"},
                    "users": {"type": "array", "items": {"required": ["ref"]}},
                },
            },
            "relations": [
                {"field": "owner", "defaultKind": "Group", "forward": "ownedBy", "reverse": "ownerOf"},
                {"field": "users.ref", "forward": "usedBy", "reverse": "uses"},
            ],
            "presentation": {"icon": "file", "plural": "Libraries", "columns": [{"title": "Language", "field": "spec.language"}]},
        },
    }))
}

#[test]
fn a_kind_is_data() {
    let kinds = KindRegistry::with([&library()]);
    let instance = |spec: Value| json!({"apiVersion": "acme.example/v1", "kind": "Library", "metadata": {"name": "log"}, "spec": spec});
    let good = json!({"language": "rust", "owner": "team-a", "users": [{"ref": "component:shop"}]});
    assert!(complaints(instance(good.clone()), &kinds).is_empty());
    assert!(complaints(instance(good.clone()), &KindRegistry::default())[0].contains("foreign kind"));
    assert_eq!(
        complaints(
            instance(json!({"language": "perl", "owner": "team-a", "size": 1, "users": [{"ref": "shop"}]})),
            &kinds
        ),
        [
            "/spec/language must be equal to one of the allowed values - allowedValues: rust,go",
            "/spec must NOT have additional properties - additionalProperty: size",
            "Entity reference \"shop\" had missing or empty kind (e.g. did not start with \"component:\" or similar)",
        ]
    );
    let definition = kinds.get("library").unwrap();
    assert_eq!((definition.title.as_str(), definition.plural().as_str()), ("Library", "Libraries"));
    assert_eq!(definition.entity.as_ref().unwrap().to_string(), "kind:default/library");
    assert_eq!(kinds.drawn("uses"), ("usedBy", false));
    assert_eq!(kinds.differences(&KindRegistry::default()).into_iter().collect::<Vec<_>>(), ["library"]);
    assert!(kinds.differences(&KindRegistry::with([&library()])).is_empty());
}

#[test]
fn a_kind_belongs_to_the_first_that_describes_it() {
    let kinds = KindRegistry::with([&library()]);
    let mut other = library();
    assert!(complaints(other.to_value(), &kinds).is_empty(), "it may be described anew where it stands");
    other.metadata.insert("name".to_owned(), json!("books"));
    assert_eq!(
        complaints(other.to_value(), &kinds),
        ["the kind Library is described by kind:default/library"]
    );
    other.spec.insert("kind".to_owned(), json!("Book"));
    other.spec.insert(
        "relations".to_owned(),
        json!([{"field": "readers", "defaultKind": "User", "forward": "usedBy", "reverse": "reads"}]),
    );
    assert_eq!(complaints(other.to_value(), &kinds), ["the way back of usedBy is uses, not reads"]);
}

#[test]
fn the_built_in_kinds_are_described_like_any_other() {
    let names: Vec<String> = KindRegistry::default().iter().map(|kind| kind.kind.clone()).collect();
    let expected = [
        "Component",
        "API",
        "Resource",
        "System",
        "Domain",
        "User",
        "Group",
        "Location",
        "AiResource",
        "Template",
        "Environment",
        "ResourceClass",
        "Kind",
    ];
    assert_eq!(names, expected);
    for kind in KindRegistry::default().iter().filter(|kind| kind.kind != "Kind") {
        let described = json!({
            "apiVersion": "fairway.dev/v1", "kind": "Kind", "metadata": {"name": "x"},
            "spec": {
                "kind": format!("X{}", kind.kind), "apiVersions": kind.api_versions, "schema": kind.schema,
                "relations": kind.relations, "presentation": kind.presentation,
            },
        });
        assert_eq!(complaints(described, &KindRegistry::default()), Vec::<String>::new(), "{}", kind.kind);
    }
    for (reverse, drawn) in [
        ("hasMember", "memberOf"),
        ("parentOf", "childOf"),
        ("dependencyOf", "dependsOn"),
        ("hasPart", "partOf"),
    ] {
        assert_eq!(KindRegistry::default().drawn(reverse), (drawn, false));
        assert_eq!(KindRegistry::default().opposite(drawn), Some(reverse));
    }
}

#[test]
fn lists_of_references_are_sorted_as_backstage_stores_them() {
    let component = entity(json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": "x", "tags": ["b", "a"]},
        "spec": {"type": "t", "lifecycle": "l", "owner": "o", "dependsOn": ["resource:b", "component:z", "Resource:a"]},
    }));
    assert_eq!(component.spec["dependsOn"], json!(["Resource:a", "component:z", "resource:b"]));
    assert_eq!(component.metadata["tags"], json!(["b", "a"]));
}

#[test]
fn thousands_of_mistakes_take_no_longer_than_a_few() {
    let mut text =
        String::from("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: x\n  tags:\n");
    for index in 0..100_000 {
        writeln!(text, "    - 'A {index}'").unwrap();
    }
    for index in 0..50_000 {
        writeln!(text, "  k{index}: 1\n  K{index}: 1").unwrap();
    }
    let reading = read("c.yaml", &text, &Limits::default());
    let found = validate(&reading.documents[0], &KindRegistry::default()).unwrap_err();
    assert_eq!(found.len(), 50);
}

#[test]
fn complaints_show_the_place_and_the_next_step() {
    let text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: orders\nspec:\n  type: service\n  owner: team a\n  dependsOn:\n    - orders-db\n";
    let reading = read("catalog-info.yaml", text, &Limits::default());
    let shown: Vec<String> = validate(&reading.documents[0], &KindRegistry::default())
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            "error: /spec must have required property 'lifecycle' - missingProperty: lifecycle\n  --> catalog-info.yaml:5:1\n  |\n5 | spec:\n  | ^\n  = add \"lifecycle:\" here",
            "error: Entity reference \"orders-db\" had missing or empty kind (e.g. did not start with \"component:\" or similar)\n  --> catalog-info.yaml:9:7\n  |\n9 |     - orders-db\n  |       ^\n  = write the kind, for example component:my-service",
        ]
    );
    assert!(validate(&Document::of_value("x", json!([1])), &KindRegistry::default()).is_err());
}
