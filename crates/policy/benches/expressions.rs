//! What policies in CEL cost: `cargo bench -p fairway-policy`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::LazyLock;

use divan::{Bencher, black_box};
use fairway_policy::cel::{Bindings, Rules, RulesSource};
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
use serde_json::{Value, json};

fn deployment(index: usize) -> Value {
    let container = |name: &str| {
        json!({
            "name": name, "image": format!("registry.example.com/shop/{name}:1.{index}"),
            "ports": [{"containerPort": 8080}], "env": [{"name": "MODE", "value": "live"}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}},
        })
    };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": format!("web-{index}"), "namespace": "shop", "labels": {"app": "web", "team": "a"}},
        "spec": {"replicas": 3, "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [container("web"), container("proxy")], "initContainers": [container("setup")]},
        }},
    })
}

fn expressions() -> Value {
    json!({
        "matchConstraints": {"resourceRules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}]},
        "variables": [
            {"name": "pod", "expression": "object.spec.template.spec"},
            {"name": "containers", "expression": "variables.pod.containers + variables.pod.?initContainers.orValue([])"},
        ],
        "validations": [
            {"expression": "variables.containers.all(c, c.image.startsWith('registry.example.com/') && !c.image.endsWith(':latest'))", "message": "registry"},
            {"expression": "variables.containers.all(c, has(c.resources.requests) && quantity(c.resources.limits.memory).isLessThan(quantity('1Gi')))", "message": "memory"},
            {"expression": "variables.containers.all(c, c.?securityContext.?capabilities.?drop.orValue([]).exists(d, d == 'ALL'))", "message": "capabilities"},
            {"expression": "object.metadata.name.matches('^[a-z][a-z0-9-]*$')", "message": "name"},
        ],
    })
}

/// Policies of Kubernetes, each with its binding.
fn policies(count: usize) -> PolicySet {
    let document = |value: Value| PolicyDocument { value, file: None };
    let documents = (0..count).flat_map(|index| {
        let name = format!("policy-{index}");
        let meta = json!({"name": name});
        [
            document(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": meta, "spec": expressions()})),
            document(json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": meta, "spec": {"policyName": name, "validationActions": ["Deny"]}})),
        ]
    });
    let (set, problems) = PolicySet::compile(documents.collect());
    assert!(problems.is_empty(), "{problems:?}");
    set
}

static FIFTY: LazyLock<PolicySet> = LazyLock::new(|| policies(50));
static TWENTY: LazyLock<PolicySet> = LazyLock::new(|| policies(20));

fn objects(count: usize) -> Vec<PolicyObject> {
    (0..count).map(|index| PolicyObject { value: deployment(index), file: None, environment: None }).collect()
}

fn compiled(spec: &Value) -> Rules {
    let source = RulesSource {
        place: "bench",
        variables: spec.get("variables"),
        validations: spec.get("validations"),
        ..RulesSource::default()
    };
    Rules::compile(&source).expect("the expressions compile")
}

#[divan::bench]
fn compile_four_validations(bencher: Bencher<'_, '_>) {
    let spec = expressions();
    bencher.bench(|| black_box(compiled(black_box(&spec))));
}

#[divan::bench]
fn evaluate_four_validations(bencher: Bencher<'_, '_>) {
    let (rules, object) = (compiled(&expressions()), deployment(1));
    bencher.bench(|| {
        let mut bindings = Bindings::default();
        bindings.set("object", &object);
        black_box(rules.evaluate(&bindings))
    });
}

#[divan::bench]
fn one_object_against_fifty_policies(bencher: Bencher<'_, '_>) {
    let objects = objects(1);
    bencher.bench(|| black_box(FIFTY.evaluate(black_box(&objects))));
}

#[divan::bench(sample_count = 5)]
fn thousand_objects_against_twenty_policies(bencher: Bencher<'_, '_>) {
    let objects = objects(1000);
    bencher.bench(|| black_box(TWENTY.evaluate(black_box(&objects))));
}

fn main() {
    divan::main();
}
