//! Kyverno's policies beside others in one set: their findings have the same form and go the same way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_domain::finding::{Enforcement, Finding, Outcome, Severity};
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
use serde_json::{Value, json};

fn document(value: Value) -> PolicyDocument {
    PolicyDocument { value, file: Some("policy.yaml".into()) }
}

fn policy(spec: &Value, rules: &Value) -> PolicyDocument {
    let mut spec = spec.clone();
    spec["rules"] = rules.clone();
    document(json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
        "metadata": {"name": "p", "annotations": {
            "policies.kyverno.io/title": "A title", "policies.kyverno.io/severity": "high",
            "policies.kyverno.io/description": "Because",
        }},
        "spec": spec,
    }))
}

fn about(kind: &str, name: &str, more: &Value) -> Value {
    let mut rule = json!({"name": name, "match": {"any": [{"resources": {"kinds": [kind]}}]}});
    for (key, value) in more.as_object().unwrap() {
        rule[key] = value.clone();
    }
    rule
}

fn object(value: Value) -> PolicyObject {
    PolicyObject { value, file: Some("object.yaml".into()), environment: None }
}

fn pod(image: &str) -> PolicyObject {
    object(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "main", "image": image}]},
    }))
}

fn findings(policies: Vec<PolicyDocument>, objects: &[PolicyObject]) -> Vec<Finding> {
    let (set, problems) = PolicySet::compile(policies);
    assert_eq!(problems, []);
    set.evaluate(objects)
}

fn no_latest() -> Value {
    let pattern = json!({"spec": {"containers": [{"image": "!*:latest"}]}});
    json!([about("Pod", "tag", &json!({"validate": {"message": "no latest", "pattern": pattern}}))])
}

#[test]
fn a_finding_says_what_where_and_why() {
    let found = findings(
        vec![policy(&json!({"validationFailureAction": "Enforce"}), &no_latest())],
        &[pod("nginx:latest"), pod("nginx:1")],
    );
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.rule.as_str(), finding.policy.as_str()), ("ClusterPolicy/p/tag", "A title"));
    assert_eq!((finding.enforcement, finding.severity), (Enforcement::Deny, Severity::High));
    assert_eq!(finding.path.as_deref(), Some("spec.containers[0].image"));
    assert_eq!((finding.message.as_str(), finding.why.as_deref()), ("no latest", Some("Because")));
}

#[test]
fn what_makes_pods_is_held_to_the_rules_about_pods() {
    let template = json!({"spec": {"containers": [{"name": "main", "image": "nginx:latest"}]}});
    let job = json!({"spec": {"template": template}});
    let objects = [
        object(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": template}}),
        ),
        object(
            json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}, "spec": {"jobTemplate": job}}),
        ),
    ];
    let found = findings(vec![policy(&json!({}), &no_latest())], &objects);
    let mut rules: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    assert_eq!(rules, ["ClusterPolicy/p/autogen-cronjob-tag", "ClusterPolicy/p/autogen-tag"]);
    assert!(found.iter().all(|finding| finding.enforcement == Enforcement::Warn));
}

#[test]
fn an_exception_lifts_a_rule_for_what_it_names() {
    let exception = document(json!({
        "apiVersion": "kyverno.io/v2", "kind": "PolicyException", "metadata": {"name": "e"},
        "spec": {
            "exceptions": [{"policyName": "p", "ruleNames": ["tag", "autogen-*"]}],
            "match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["shop"]}}]},
        },
    }));
    let mut other = pod("nginx:latest");
    other.value["metadata"]["namespace"] = json!("other");
    let found = findings(vec![policy(&json!({}), &no_latest()), exception], &[pod("nginx:latest"), other]);
    let places: Vec<&str> = found.iter().map(|finding| finding.object.namespace.as_str()).collect();
    assert_eq!(places, ["other"]);
}

#[test]
fn an_exception_can_ease_a_standard_in_part() {
    let rules =
        json!([about("Pod", "standard", &json!({"validate": {"podSecurity": {"level": "baseline"}}}))]);
    let exception = document(json!({
        "apiVersion": "kyverno.io/v2", "kind": "PolicyException", "metadata": {"name": "e"},
        "spec": {
            "exceptions": [{"policyName": "p", "ruleNames": ["standard"]}],
            "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "podSecurity": [{"controlName": "Host Namespaces"}],
        },
    }));
    let mut bad = pod("a:1");
    bad.value["spec"]["hostPID"] = json!(true);
    bad.value["spec"]["volumes"] = json!([{"name": "v", "hostPath": {"path": "/"}}]);
    let found = findings(vec![policy(&json!({}), &rules), exception], &[bad]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path.as_deref(), Some("spec.volumes[0].hostPath"));
    assert!(!found[0].message.contains("hostPID"), "{}", found[0].message);
}

#[test]
fn data_from_outside_is_what_is_among_the_objects_and_never_guessed() {
    let context = json!([
        {"name": "allowed", "configMap": {"name": "images", "namespace": "shop"}},
        {"name": "pods", "apiCall": {"urlPath": "/api/v1/namespaces/{{request.namespace}}/pods", "jmesPath": "items | length(@)"}},
    ]);
    let deny = json!({"conditions": {"any": [
        {"key": "{{ request.object.spec.containers[0].image }}", "operator": "AnyNotIn", "value": "{{ parse_json(allowed.data.list) }}"},
        {"key": "{{ pods }}", "operator": "GreaterThan", "value": 1},
    ]}});
    let rule = about(
        "Pod",
        "listed",
        &json!({"context": context, "validate": {"message": "{{ pods }} pods", "deny": deny}}),
    );
    let policies = || vec![policy(&json!({}), &json!([rule]))];
    let found = findings(policies(), &[pod("a:1")]);
    let [unknown] = found.as_slice() else { panic!("{found:?}") };
    assert!(
        matches!(&unknown.outcome, Outcome::NotEvaluated { reason } if reason.contains("ConfigMap shop/images"))
    );
    let map = object(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "images", "namespace": "shop"},
        "data": {"list": "[\"a:1\"]"},
    }));
    assert_eq!(findings(policies(), &[pod("a:1"), map.clone()]), []);
    let found = findings(policies(), &[pod("b:1"), map]);
    assert_eq!(found[0].message, "1 pods");
}

#[test]
fn what_cannot_be_evaluated_is_said_and_blocks_where_the_policy_enforces() {
    let rules = json!([
        about(
            "Pod",
            "clock",
            &json!({"validate": {"deny": {"conditions": {"all": [
                {"key": "{{ time_now_utc() }}", "operator": "Equals", "value": "x"},
            ]}}}})
        ),
        about(
            "Pod",
            "signed",
            &json!({"verifyImages": [{"imageReferences": ["*"], "verifyDigest": false, "attestors": [{}]}]})
        ),
        about(
            "Pod",
            "labels",
            &json!({
                "match": {"any": [{"resources": {"kinds": ["Pod"], "namespaceSelector": {"matchLabels": {"a": "b"}}}}]},
                "validate": {"pattern": {"metadata": {"name": "x"}}},
            })
        ),
    ]);
    let found = findings(vec![policy(&json!({"validationFailureAction": "Enforce"}), &rules)], &[pod("a:1")]);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|it| matches!(it.outcome, Outcome::NotEvaluated { .. }) && it.blocks()));
}

#[test]
fn a_rule_that_cannot_be_read_is_reported_and_never_passes() {
    let deny = |key: &str| json!({"validate": {"deny": {"conditions": {"all": [{"key": key, "operator": "Equals", "value": 1}]}}}});
    let rules = json!([
        about("Pod", "open", &deny("{{ request.object.( }}")),
        about("Pod", "unknown", &deny("{{ no_such(@) }}"))
    ]);
    let (set, problems) = PolicySet::compile(vec![policy(&json!({}), &rules)]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].message.contains("there is no function \"no_such\""), "{}", problems[1]);
    let found = set.evaluate(&[pod("a")]);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|it| matches!(it.outcome, Outcome::NotEvaluated { .. })));
}

#[test]
fn an_admission_request_is_taken_at_its_word() {
    let rules = json!([about(
        "Pod",
        "keep",
        &json!({
            "match": {"any": [{"resources": {"kinds": ["Pod"], "operations": ["DELETE"]}}]},
            "exclude": {"any": [{"subjects": [{"kind": "User", "name": "admin"}]}]},
            "validate": {"message": "{{ request.userInfo.username }} must not delete {{ request.object.metadata.name }}", "deny": {}},
        })
    )]);
    let review = |user: &str| {
        object(json!({"kind": "AdmissionReview", "request": {
            "operation": "DELETE", "name": "web", "namespace": "shop", "userInfo": {"username": user},
            "oldObject": pod("a:1").value, "object": null,
        }}))
    };
    let found = findings(vec![policy(&json!({}), &rules)], &[review("ada"), review("admin"), pod("a:1")]);
    let messages: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages, ["ada must not delete web"]);
}
