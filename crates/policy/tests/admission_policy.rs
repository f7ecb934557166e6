//! Kubernetes' ValidatingAdmissionPolicies, and Kyverno's policies in CEL, beside each other in one set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_domain::finding::{Enforcement, Finding, Outcome};
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
use serde_json::{Value, json};

fn rules(resources: &[&str]) -> Value {
    json!({"resourceRules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": resources}]})
}

fn policy(spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec.as_object_mut().unwrap().entry("matchConstraints").or_insert(rules(&["deployments"]));
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "replicas", "annotations": {"fairway.dev/title": "Few replicas", "fairway.dev/severity": "high"}},
        "spec": spec})
}

fn binding(spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["policyName"] = json!("replicas");
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "all"}, "spec": spec})
}

fn deployment(name: &str, namespace: &str, replicas: i64) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "web", "image": "a:latest"}]}}}})
}

fn find(policies: &[Value], objects: &[Value]) -> Vec<Finding> {
    let documents =
        policies.iter().map(|value| PolicyDocument { value: value.clone(), file: None }).collect();
    let (set, problems) = PolicySet::compile(documents);
    assert_eq!(problems, []);
    let objects: Vec<PolicyObject> = objects
        .iter()
        .map(|value| PolicyObject { value: value.clone(), file: None, environment: None })
        .collect();
    set.evaluate(&objects)
}

#[test]
fn a_binding_puts_a_policy_to_use() {
    let few = policy(&json!({
        "matchConditions": [{"name": "not-exempt", "expression": "object.metadata.name != 'exempt'"}],
        "variables": [{"name": "replicas", "expression": "object.spec.replicas"}],
        "validations": [{"expression": "variables.replicas <= 5", "messageExpression": "'no more than 5, not ' + string(variables.replicas)"}],
    }));
    let found = find(
        &[few.clone(), binding(&json!({"validationActions": ["Warn", "Audit"]}))],
        &[deployment("big", "shop", 6), deployment("small", "shop", 5), deployment("exempt", "shop", 9)],
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "no more than 5, not 6");
    assert_eq!(found[0].rule, "ValidatingAdmissionPolicy/replicas/all");
    assert_eq!((found[0].policy.as_str(), found[0].enforcement), ("Few replicas", Enforcement::Warn));

    let (set, problems) =
        PolicySet::compile(vec![PolicyDocument { value: few.clone(), file: Some("p.yaml".into()) }]);
    assert!(problems[0].message.contains("no ValidatingAdmissionPolicyBinding uses the policy \"replicas\""));
    assert!(set.is_empty());
    let narrow = binding(
        &json!({"matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}}),
    );
    assert_eq!(find(&[few, narrow], &[deployment("big", "shop", 6)]), []);
}

#[test]
fn parameters_come_from_the_objects_and_from_beside_the_policies() {
    let limited = policy(&json!({
        "paramKind": {"apiVersion": "rules.example.com/v1", "kind": "Limit"},
        "validations": [{"expression": "object.spec.replicas <= params.max", "message": "too many"}],
    }));
    let limit = |namespace: Option<&str>, max: i64| {
        let mut value = json!({"apiVersion": "rules.example.com/v1", "kind": "Limit", "metadata": {"name": "limit", "labels": {"a": "b"}}, "max": max});
        if let Some(namespace) = namespace {
            value["metadata"]["namespace"] = json!(namespace);
        }
        value
    };
    let by_name = binding(&json!({"paramRef": {"name": "limit", "parameterNotFoundAction": "Deny"}}));
    let by_label = binding(&json!({"paramRef": {"selector": {"matchLabels": {"a": "b"}}}}));
    for bound in [&by_name, &by_label] {
        let objects = [deployment("d", "shop", 4)];
        assert_eq!(find(&[limited.clone(), bound.clone(), limit(None, 3)], &objects).len(), 1);
        assert_eq!(find(&[limited.clone(), bound.clone(), limit(Some("shop"), 4)], &objects), []);
        let elsewhere = find(&[limited.clone(), bound.clone(), limit(Some("other"), 4)], &objects);
        assert!(elsewhere[0].message.contains("parameters (Limit of rules.example.com/v1"), "{elsewhere:?}");
        assert!(matches!(elsewhere[0].outcome, Outcome::NotEvaluated { .. }));
    }
    let among_objects = find(&[limited, by_name], &[deployment("d", "shop", 4), limit(None, 3)]);
    assert_eq!(among_objects.len(), 1);
    assert_eq!(among_objects[0].message, "too many");
}

#[test]
fn what_cannot_be_evaluated_never_passes() {
    let wants = |expression: &str, failure: &str| {
        policy(&json!({"failurePolicy": failure, "validations": [{"expression": expression}]}))
    };
    let bound = binding(&json!({"validationActions": ["Deny"]}));
    for expression in [
        "object.spec.missing == 1",
        "request.userInfo.username == 'joe'",
        "namespaceObject.metadata.labels.team == 'a'",
        "authorizer.group('').resource('pods').namespace('a').check('create').allowed()",
        "object.spec.replicas",
    ] {
        let found = find(&[wants(expression, "Fail"), bound.clone()], &[deployment("d", "shop", 1)]);
        assert!(matches!(found[0].outcome, Outcome::NotEvaluated { .. }), "{expression}: {found:?}");
        assert!(found[0].blocks());
        let found = find(&[wants(expression, "Ignore"), bound.clone()], &[deployment("d", "shop", 1)]);
        assert_eq!(found[0].enforcement, Enforcement::Warn);
    }
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}});
    let known = wants("namespaceObject.metadata.labels.team == 'a'", "Fail");
    assert_eq!(find(&[known, bound.clone()], &[deployment("d", "shop", 1), namespace]), []);

    let broken = PolicyDocument { value: wants("nobody.knows", "Fail"), file: Some("p.yaml".into()) };
    let (set, problems) = PolicySet::compile(vec![broken, PolicyDocument { value: bound, file: None }]);
    assert_eq!(
        problems[0].location.as_ref().unwrap().to_string(),
        "p.yaml#spec.validations[0].expression:1:1"
    );
    let object = PolicyObject { value: deployment("d", "shop", 1), file: None, environment: None };
    assert!(set.evaluate(&[object])[0].message.contains("does not compile"));
}

fn validating(spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec.as_object_mut().unwrap().entry("matchConstraints").or_insert(rules(&["pods"]));
    json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy",
        "metadata": {"name": "latest", "annotations": {"policies.kyverno.io/title": "No latest", "policies.kyverno.io/severity": "high"}},
        "spec": spec})
}

#[test]
fn a_policy_of_kyverno_about_pods_speaks_for_their_controllers() {
    let spec = json!({
        "validationActions": ["Deny"],
        "validations": [{"expression": "object.spec.containers.all(c, !c.image.endsWith(':latest'))", "message": "latest"}],
    });
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c", "namespace": "shop"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "b:latest"}]}}}}}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"containers": [{"name": "c", "image": "b:1"}]}});
    let objects = [deployment("d", "shop", 1), cron, pod];
    let found = find(&[validating(&spec)], &objects);
    let kinds: Vec<&str> = found.iter().map(|finding| finding.object.kind.as_str()).collect();
    assert_eq!(kinds, ["Deployment", "CronJob"]);
    assert_eq!(found[0].rule, "ValidatingPolicy/latest");
    let with = |autogen: Value| {
        let mut spec = spec.clone();
        spec["autogen"] = json!({"podControllers": {"controllers": autogen}});
        find(&[validating(&spec)], &objects).len()
    };
    assert_eq!((with(json!([])), with(json!(["cronjobs"]))), (0, 1));

    let exception = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "PolicyException", "metadata": {"name": "shop"},
        "spec": {"policyRefs": [{"name": "latest", "kind": "ValidatingPolicy"}],
            "matchConditions": [{"name": "d", "expression": "object.metadata.name == 'd'"}]}});
    assert_eq!(find(&[validating(&spec), exception], &objects).len(), 1);

    let mut allowing = spec.clone();
    allowing["validations"][0]["expression"] = json!(
        "object.spec.containers.all(c, !c.image.endsWith(':latest') || c.image in exceptions.allowedImages)"
    );
    assert_eq!(find(&[validating(&allowing)], &objects).len(), 2);
    let exception = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "PolicyException", "metadata": {"name": "image"},
        "spec": {"policyRefs": [{"name": "latest", "kind": "ValidatingPolicy"}], "images": ["b:latest"]}});
    assert_eq!(find(&[validating(&allowing), exception], &objects).len(), 1);
}
