//! Every rule for fields of the envelope and of the built-in kinds, as a table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_catalog::validate;
use fairway_yaml::{Document, Limits, read};
use serde_json::{Value, json};

fn component() -> Value {
    json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
        "metadata": {"name": "orders"},
        "spec": {"type": "service", "lifecycle": "production", "owner": "team-a"},
    })
}

/// Puts `value` at a pointer, making the objects on the way; `undefined` takes it out.
fn with(mut entity: Value, pointer: &str, value: &Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let mut place = &mut entity;
    for part in parent.split('/').skip(1) {
        place = match place {
            Value::Array(items) => &mut items[part.parse::<usize>().unwrap()],
            other => {
                other.as_object_mut().unwrap().entry(part.replace("~1", "/")).or_insert_with(|| json!({}))
            }
        };
    }
    let map = place.as_object_mut().unwrap();
    let key = key.replace("~1", "/");
    if value == &json!("undefined") {
        map.shift_remove(&key);
    } else {
        map.insert(key, value.clone());
    }
    entity
}

fn complaints(entity: Value) -> Vec<String> {
    match validate(&Document::of_value("x.yaml", entity)) {
        Ok(_) => Vec::new(),
        Err(diagnostics) => diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect(),
    }
}

fn assert_rows(base: &Value, rows: &[(&str, Value, &str)]) {
    for (pointer, value, expected) in rows {
        let found = complaints(with(base.clone(), pointer, value));
        if expected.is_empty() {
            assert!(found.is_empty(), "{pointer} = {value}: {found:?}");
        } else {
            assert!(found.iter().any(|message| message.contains(expected)), "{pointer} = {value}: {found:?}");
        }
    }
}

#[test]
fn envelope() {
    let long = "a".repeat(64);
    let fits = "a".repeat(63);
    let subdomain = [fits.as_str(); 4].join(".");
    let undefined = || json!("undefined");
    let name = "expected a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total but found";
    let prefix = "expected a valid prefix and/or suffix but found";
    let rows = [
        (
            "/apiVersion",
            undefined(),
            "<root> must have required property 'apiVersion' - missingProperty: apiVersion",
        ),
        ("/apiVersion", json!(1), "/apiVersion must be string - type: string"),
        ("/apiVersion", json!(""), "/apiVersion must NOT have fewer than 1 characters - limit: 1"),
        (
            "/apiVersion",
            json!("a/b/c"),
            "\"apiVersion\" is not valid; expected a valid prefix and/or suffix but found \"a/b/c\"",
        ),
        ("/apiVersion", json!("Backstage.io/v1"), prefix),
        ("/apiVersion", json!("backstage.io/v1-alpha"), prefix),
        ("/apiVersion", json!(format!("{subdomain}/v1")), prefix),
        ("/apiVersion", json!(format!("a/{long}")), prefix),
        ("/kind", undefined(), "<root> must have required property 'kind' - missingProperty: kind"),
        (
            "/kind",
            json!("1Component"),
            "\"kind\" is not valid; expected a string that is a sequence of [a-zA-Z][a-z0-9A-Z]",
        ),
        ("/kind", json!("Compo-nent"), "\"kind\" is not valid"),
        ("/kind", json!(long), "\"kind\" is not valid"),
        (
            "/kind",
            json!("Unknown"),
            "No processor recognized the entity unknown:orders as valid, possibly caused by a foreign kind or apiVersion",
        ),
        ("/kind", json!("component"), "No processor recognized the entity component:orders as valid"),
        ("/apiVersion", json!("backstage.io/v2"), "possibly caused by a foreign kind or apiVersion"),
        ("/apiVersion", json!("backstage.io/v1beta1"), ""),
        (
            "/metadata",
            undefined(),
            "<root> must have required property 'metadata' - missingProperty: metadata",
        ),
        ("/metadata", json!([]), "/metadata must be object - type: object"),
        ("/spec", undefined(), "<root> must have required property 'spec' - missingProperty: spec"),
        ("/spec", json!(null), "/spec must be object - type: object"),
        ("/spec", json!("x"), "/spec must be object - type: object"),
        ("/relations", json!([]), "Unknown field relations"),
        ("/status", json!({}), "Unknown field status"),
        (
            "/metadata/name",
            undefined(),
            "/metadata must have required property 'name' - missingProperty: name",
        ),
        ("/metadata/name", json!(7), "/metadata/name must be string - type: string"),
        ("/metadata/name", json!("a b"), name),
        ("/metadata/name", json!("-a"), name),
        ("/metadata/name", json!("a."), name),
        ("/metadata/name", json!("a/b"), name),
        ("/metadata/name", json!(long), name),
        ("/metadata/name", json!(fits), ""),
        ("/metadata/name", json!("A-1_b.c--d"), ""),
        ("/metadata/namespace", json!(null), "/metadata/namespace must be string"),
        (
            "/metadata/namespace",
            json!("Shop"),
            "\"metadata.namespace\" is not valid; expected a string that is sequences of [a-z0-9] separated by [-], at most 63",
        ),
        ("/metadata/namespace", json!("-a"), "\"metadata.namespace\" is not valid"),
        ("/metadata/namespace", json!(long), "\"metadata.namespace\" is not valid"),
        ("/metadata/namespace", json!("a--b-1"), ""),
        ("/metadata/title", json!(""), "/metadata/title must NOT have fewer than 1 characters"),
        ("/metadata/title", json!(1), "/metadata/title must be string"),
        ("/metadata/description", json!(1), "/metadata/description must be string"),
        ("/metadata/description", json!(""), ""),
        ("/metadata/uid", json!(""), "/metadata/uid must NOT have fewer than 1 characters"),
        ("/metadata/etag", json!(1), "/metadata/etag must be string"),
        ("/metadata/anything", json!({"else": [1]}), ""),
        ("/metadata/labels", json!([]), "/metadata/labels must be object"),
        (
            "/metadata/labels/a b",
            json!("x"),
            "\"labels.a b\" is not valid; expected a valid prefix and/or suffix",
        ),
        ("/metadata/labels/A.com~1x", json!("x"), prefix),
        ("/metadata/labels/a~1b~1c", json!("x"), prefix),
        ("/metadata/labels/a.com~1x", json!("v 1"), name),
        ("/metadata/labels/a.com~1x", json!(long), name),
        ("/metadata/labels/a.com~1x", json!(1), name),
        ("/metadata/labels/a.com~1x", json!(""), ""),
        ("/metadata/labels/x_y", json!("v1.0"), ""),
        (
            "/metadata/annotations/a b",
            json!("x"),
            "\"annotations.a b\" is not valid; expected a valid prefix and/or suffix",
        ),
        (
            "/metadata/annotations/a.com~1b",
            json!(1),
            "\"annotations.a.com/b\" is not valid; expected a string but found \"1\"",
        ),
        ("/metadata/annotations/a.com~1b", json!("anything: at all\n"), ""),
        ("/metadata/annotations/a.com~1b", json!(""), ""),
        ("/metadata/tags", json!("java"), "/metadata/tags must be array"),
        ("/metadata/tags", json!([1]), "/metadata/tags/0 must be string"),
        ("/metadata/tags", json!(["ok", ""]), "/metadata/tags/1 must NOT have fewer than 1 characters"),
        (
            "/metadata/tags",
            json!(["Java"]),
            "\"tags.0\" is not valid; expected a string that is sequences of [a-z0-9:+#] separated by [-]",
        ),
        ("/metadata/tags", json!(["a--b"]), "\"tags.0\" is not valid"),
        ("/metadata/tags", json!(["a b"]), "\"tags.0\" is not valid"),
        ("/metadata/tags", json!([long]), "\"tags.0\" is not valid"),
        ("/metadata/tags", json!(["c++", "c#", "tier:1-x"]), ""),
        ("/metadata/links", json!({}), "/metadata/links must be array"),
        ("/metadata/links", json!(["x"]), "/metadata/links/0 must be object"),
        (
            "/metadata/links",
            json!([{"title": "x"}]),
            "/metadata/links/0 must have required property 'url' - missingProperty: url",
        ),
        (
            "/metadata/links",
            json!([{"url": "no url"}]),
            "\"links.0.url\" is not valid; expected a string that is a valid url but found \"no url\"",
        ),
        (
            "/metadata/links",
            json!([{"url": "https://a", "title": ""}]),
            "/metadata/links/0/title must NOT have fewer than 1 characters",
        ),
        ("/metadata/links", json!([{"url": "https://a", "icon": " "}]), "\"links.0.icon\" is not valid"),
        ("/metadata/links", json!([{"url": "mailto:a@b", "title": "x", "icon": "y", "type": "z"}]), ""),
        ("/metadata/Name", json!("x"), "Entity has duplicate keys that vary only in casing, 'name', 'Name'"),
    ];
    assert_rows(&component(), &rows);
}

/// A minimal entity of each kind, its required texts, optional texts, and lists of texts.
#[test]
fn kinds() {
    struct Row {
        kind: &'static str,
        spec: Value,
        texts: &'static [&'static str],
        lists: &'static [&'static str],
    }
    let base = json!({"type": "t", "lifecycle": "l", "owner": "o"});
    let rows = [
        Row {
            kind: "Component",
            spec: base.clone(),
            texts: &["system", "subcomponentOf"],
            lists: &["providesApis", "consumesApis"],
        },
        Row {
            kind: "API",
            spec: with(base.clone(), "/definition", &json!("d")),
            texts: &["system"],
            lists: &[],
        },
        Row { kind: "Resource", spec: json!({"type": "t", "owner": "o"}), texts: &["system"], lists: &[] },
        Row { kind: "System", spec: json!({"owner": "o"}), texts: &["domain", "type"], lists: &[] },
        Row { kind: "Domain", spec: json!({"owner": "o"}), texts: &["subdomainOf", "type"], lists: &[] },
        Row {
            kind: "Group",
            spec: json!({"type": "team", "children": []}),
            texts: &["parent"],
            lists: &["members"],
        },
        Row { kind: "User", spec: json!({"memberOf": []}), texts: &[], lists: &[] },
        Row { kind: "Location", spec: json!({}), texts: &["type", "target"], lists: &["targets"] },
        Row { kind: "AiResource", spec: base, texts: &["system"], lists: &[] },
    ];
    for row in rows {
        let entity = json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": row.kind, "metadata": {"name": "x"}, "spec": row.spec,
        });
        assert_eq!(complaints(entity.clone()), Vec::<String>::new(), "{}", row.kind);
        assert!(complaints(with(entity.clone(), "/spec/extra", &json!(1))).is_empty());
        let mut cases = Vec::new();
        for (field, value) in row.spec.as_object().unwrap() {
            let at = format!("/spec/{field}");
            cases.push((
                at.clone(),
                json!("undefined"),
                format!("/spec must have required property '{field}'"),
            ));
            if value.is_array() {
                cases.push((at.clone(), json!("x"), format!("/spec/{field} must be array - type: array")));
                cases.push((at, json!([1]), format!("/spec/{field}/0 must be string")));
            } else {
                cases.push((
                    at.clone(),
                    json!(""),
                    format!("/spec/{field} must NOT have fewer than 1 characters"),
                ));
                cases.push((at, json!(1), format!("/spec/{field} must be string - type: string")));
            }
        }
        for field in row.texts {
            let at = format!("/spec/{field}");
            cases.push((at.clone(), json!("fine"), String::new()));
            cases.push((
                at.clone(),
                json!(""),
                format!("/spec/{field} must NOT have fewer than 1 characters"),
            ));
            cases.push((at, json!(null), format!("/spec/{field} must be string - type: string")));
        }
        for field in row.lists {
            let at = format!("/spec/{field}");
            cases.push((at.clone(), json!(["fine"]), String::new()));
            cases.push((at.clone(), json!("x"), format!("/spec/{field} must be array - type: array")));
            cases.push((at, json!([""]), format!("/spec/{field}/0 must NOT have fewer than 1 characters")));
        }
        for (pointer, value, expected) in cases {
            assert_rows(&entity, &[(&pointer, value, &expected)]);
        }
    }
}

#[test]
fn what_only_some_kinds_have() {
    let kindless = "had missing or empty kind (e.g. did not start with \"component:\" or similar)";
    assert_rows(
        &component(),
        &[
            ("/spec/owner", json!("a:b:c"), "was not on the form [<kind>:][<namespace>/]<name>"),
            ("/spec/system", json!("/x"), "was not on the form"),
            ("/spec/dependsOn", json!(["orders-db"]), kindless),
            ("/spec/dependencyOf", json!(["resource:ok", "x/y"]), kindless),
            ("/spec/dependsOn", json!("resource:x"), "/spec/dependsOn must be array"),
            ("/spec/dependsOn", json!(["resource:x", "component:shop/y"]), ""),
        ],
    );
    let of = |kind: &str, spec: Value| with(with(component(), "/kind", &json!(kind)), "/spec", &spec);
    assert_rows(
        &of("API", json!({"type": "openapi", "lifecycle": "l", "owner": "o", "definition": "d"})),
        &[
            ("/spec/definition", json!({"openapi": "3"}), "/spec/definition must be string"),
            (
                "/spec",
                json!({"type": "mcp-server", "lifecycle": "l", "owner": "o", "remotes": [{"url": "x"}]}),
                "",
            ),
            (
                "/spec",
                json!({"type": "mcp-server", "lifecycle": "l", "owner": "o"}),
                "required property 'definition'",
            ),
            (
                "/spec",
                json!({"type": "mcp-server", "lifecycle": "l", "owner": "o", "remotes": 1}),
                "/spec/remotes must be array",
            ),
        ],
    );
    assert_rows(
        &of("Resource", json!({"type": "t", "owner": "o"})),
        &[("/spec/dependsOn", json!(["x"]), kindless), ("/spec/dependencyOf", json!(["component:x"]), "")],
    );
    for (kind, spec) in
        [("Group", json!({"type": "team", "children": []})), ("User", json!({"memberOf": ["a"]}))]
    {
        assert_rows(
            &of(kind, spec),
            &[
                ("/spec/profile", json!("x"), "/spec/profile must be object"),
                (
                    "/spec/profile",
                    json!({"email": ""}),
                    "/spec/profile/email must NOT have fewer than 1 characters",
                ),
                ("/spec/profile", json!({"displayName": 1}), "/spec/profile/displayName must be string"),
                ("/spec/profile", json!({"picture": null}), "/spec/profile/picture must be string"),
                ("/spec/profile", json!({"displayName": "A", "email": "a@b", "picture": "https://c"}), ""),
            ],
        );
    }
    assert_rows(
        &of("Location", json!({"target": "x"})),
        &[
            (
                "/spec/presence",
                json!("maybe"),
                "/spec/presence must be equal to one of the allowed values - allowedValues: required,optional",
            ),
            ("/spec/presence", json!("optional"), ""),
        ],
    );
    let template = with(
        of("Template", json!({"type": "service", "steps": [{"action": "debug:log"}]})),
        "/apiVersion",
        &json!("scaffolder.backstage.io/v1beta3"),
    );
    assert_rows(
        &template,
        &[
            ("/spec/type", json!("undefined"), "required property 'type'"),
            ("/spec/steps", json!("undefined"), "required property 'steps'"),
            ("/spec/steps", json!({}), "/spec/steps must be array"),
            ("/spec/steps", json!([{"id": "x"}]), "/spec/steps/0 must have required property 'action'"),
            ("/spec/steps", json!([{"action": "x", "input": []}]), "/spec/steps/0/input must be object"),
            ("/spec/steps", json!([{"action": "x", "if": 1}]), "/spec/steps/0/if must be string,boolean"),
            ("/spec/parameters", json!("x"), "/spec/parameters must be object,array"),
            ("/spec/parameters", json!([1]), "/spec/parameters/0 must be object"),
            ("/spec/parameters", json!([{"title": "x"}]), ""),
            ("/spec/output", json!([]), "/spec/output must be object"),
            ("/spec/owner", json!(1), "/spec/owner must be string"),
            ("/spec/lifecycle", json!(""), "/spec/lifecycle must NOT have fewer"),
            ("/spec/presentation", json!(1), "/spec/presentation must be object"),
            ("/apiVersion", json!("backstage.io/v1alpha1"), "foreign kind or apiVersion"),
        ],
    );
}

#[test]
fn kinds_of_fairway_and_policies() {
    let environment = json!({
        "apiVersion": "fairway.dev/v1", "kind": "Environment", "metadata": {"name": "staging"},
        "spec": {
            "owner": "platform", "order": 10, "delivery": {"repository": "platform/environments", "path": "staging"},
            "namespace": "${{ workload.owner }}-staging", "domain": "staging.acme.example", "registry": "registry.acme.example",
        },
    });
    assert_rows(
        &environment,
        &[
            ("/spec/owner", json!("group:default/platform"), ""),
            ("/spec/order", json!("undefined"), "/spec must have required property 'order'"),
            ("/spec/order", json!(1.5), "/spec/order must be integer"),
            ("/spec/production", json!("yes"), "/spec/production must be boolean"),
            ("/spec/delivery/path", json!("undefined"), "/spec/delivery must have required property 'path'"),
            ("/spec/delivery/path", json!("../x"), "/spec: the path \"../x\" leaves its folder"),
            ("/spec/replicas", json!({"min": 1}), "/spec/replicas must have required property 'max'"),
            ("/spec/prices", json!({"currency": "EUR"}), "/spec: missing field"),
        ],
    );
    let class = json!({
        "apiVersion": "fairway.dev/v1", "kind": "ResourceClass", "metadata": {"name": "pg"},
        "spec": {"owner": "platform", "type": "postgres", "provider": "cloudnative-pg", "sizes": {"small": {"cpu": "1", "monthly": 24.0}}},
    });
    assert_rows(
        &class,
        &[
            ("/spec/class", json!("large"), ""),
            ("/spec/provider", json!("undefined"), "/spec must have required property 'provider'"),
            ("/spec/manifests", json!([1]), "/spec/manifests/0 must be object"),
            ("/spec/environments", json!("x"), "/spec/environments must be array"),
        ],
    );
    for (version, kind) in [
        ("templates.gatekeeper.sh/v1", "ConstraintTemplate"),
        ("constraints.gatekeeper.sh/v1beta1", "K8sRequiredLimits"),
    ] {
        let policy = json!({
            "apiVersion": version, "kind": kind, "status": {},
            "metadata": {"name": "k8srequired.limits.every-container-of-every-workload-must-have-a-memory-limit"},
            "spec": {"Match": 1, "match": 2},
        });
        assert_rows(
            &policy,
            &[("/metadata/name", json!("fine.name"), ""), ("/metadata/name", json!("a b"), "is not valid")],
        );
        assert!(complaints(policy).is_empty());
    }
}

#[test]
fn complaints_show_the_place_and_the_next_step() {
    let text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: orders\nspec:\n  type: service\n  owner: team a\n  dependsOn:\n    - orders-db\n";
    let reading = read("catalog-info.yaml", text, &Limits::default());
    let shown: Vec<String> =
        validate(&reading.documents[0]).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "error: /spec must have required property 'lifecycle' - missingProperty: lifecycle\n  --> catalog-info.yaml:5:1\n  |\n5 | spec:\n  | ^\n  = add \"lifecycle:\" here",
            "error: Entity reference \"orders-db\" had missing or empty kind (e.g. did not start with \"component:\" or similar)\n  --> catalog-info.yaml:9:7\n  |\n9 |     - orders-db\n  |       ^\n  = write the kind, for example component:my-service",
        ]
    );
    assert!(validate(&Document::of_value("x", json!([1]))).is_err());
}
