//! Suites of Gatekeeper, as its own tool reads them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_policy::{TestCounts, TestOutcome, gatekeeper_suite};
use serde_json::{Value, json};

fn file(path: &str) -> Result<Vec<Value>, String> {
    let template = |expression: &str| {
        json!({
            "apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "named"},
            "spec": {
                "crd": {"spec": {"names": {"kind": "Named"}}},
                "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": [{
                    "engine": "K8sNativeValidation",
                    "source": {"validations": [{"expression": expression, "messageExpression": "'not ' + variables.params.name"}]},
                }]}],
            },
        })
    };
    let pod = |name: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}});
    Ok(match path {
        "template.yaml" => vec![template("variables.anyObject.metadata.name == variables.params.name")],
        "broken.yaml" => vec![template("nobody.knows")],
        "constraint.yaml" => vec![json!({
            "apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Named", "metadata": {"name": "web"},
            "spec": {"parameters": {"name": "web"}},
        })],
        "web.yaml" => vec![pod("web")],
        "db.yaml" => vec![pod("db")],
        "two.yaml" => vec![pod("web"), pod("db")],
        _ => return Err("there is no such file".to_owned()),
    })
}

fn outcomes(suite: &Value) -> Vec<(String, TestOutcome)> {
    assert!(gatekeeper_suite::is_suite(suite));
    let cases = gatekeeper_suite::run("suite.yaml", suite, &file);
    cases.into_iter().map(|case| (case.case, case.outcome)).collect()
}

fn suite(tests: &Value) -> Value {
    json!({"apiVersion": "test.gatekeeper.sh/v1alpha1", "kind": "Suite", "tests": tests})
}

fn one(object: &str, assertions: &Value) -> TestOutcome {
    let tests = json!([{"name": "t", "template": "template.yaml", "constraint": "constraint.yaml",
        "cases": [{"name": "c", "object": object, "assertions": assertions}]}]);
    outcomes(&suite(&tests)).remove(0).1
}

#[test]
fn assertions_count_violations_and_look_at_messages() {
    for (object, assertion) in [
        ("web.yaml", json!([{"violations": "no"}])),
        ("web.yaml", json!([{"violations": false}, {"violations": 0}])),
        ("db.yaml", json!([{"violations": "yes"}])),
        ("db.yaml", json!([{}])),
        ("db.yaml", json!([{"violations": 1, "message": "^not w.b$"}])),
        ("db.yaml", json!([{"violations": "no", "message": "another"}])),
    ] {
        assert_eq!(one(object, &assertion), TestOutcome::Passed, "{object} {assertion}");
    }
    for (object, assertion, expected) in [
        ("web.yaml", json!([{"violations": "yes"}]), "expected some violations, found 0"),
        ("db.yaml", json!([{"violations": 2}]), "expected 2 violations, found 1: not web"),
        ("db.yaml", json!([{"violations": 1, "message": "x"}]), "whose message fits \"x\""),
        ("db.yaml", json!([{"violations": 1, "message": "("}]), "no regular expression"),
        ("db.yaml", json!([{"violations": "maybe"}]), "has to be yes, no or a number"),
        ("db.yaml", json!([]), "the case asserts nothing"),
        ("two.yaml", json!([{}]), "has to hold one object"),
        ("missing.yaml", json!([{}]), "there is no such file"),
    ] {
        match one(object, &assertion) {
            TestOutcome::Failed { reason } => assert!(reason.contains(expected), "{reason}"),
            other => panic!("{object} {assertion}: {other:?}"),
        }
    }
}

#[test]
fn tests_may_expect_wrong_policies_and_may_be_skipped() {
    let case = json!({"name": "c", "object": "web.yaml", "assertions": [{"violations": "no"}]});
    let mut off = case.clone();
    off["skip"] = json!(true);
    let tests = json!([
        {"name": "wrong", "template": "broken.yaml", "constraint": "constraint.yaml", "invalid": true},
        {"name": "right", "template": "template.yaml", "constraint": "constraint.yaml", "invalid": true},
        {"name": "broken", "template": "broken.yaml", "constraint": "constraint.yaml", "cases": [case]},
        {"name": "cases", "template": "template.yaml", "constraint": "constraint.yaml", "cases": [case, off]},
        {"name": "off", "skip": true, "template": "template.yaml", "constraint": "constraint.yaml", "cases": [case, case]},
        {"name": "none"},
    ]);
    let cases = gatekeeper_suite::run("suite.yaml", &suite(&tests), &file);
    assert_eq!(TestCounts::of(&cases), TestCounts { passed: 2, failed: 3, skipped: 3 });
    assert!(
        matches!(&cases[2].outcome, TestOutcome::Failed { reason } if reason.contains("undeclared reference"))
    );
    let mut all = suite(&tests);
    all["skip"] = json!(true);
    assert_eq!(TestCounts::of(&gatekeeper_suite::run("s", &all, &file)).skipped, 8);
}
