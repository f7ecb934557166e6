//! How fast Kyverno's policies are asked: `cargo bench -p fairway-policy --bench kyverno`.

#![allow(clippy::unwrap_used, missing_docs)]

use divan::Bencher;
use divan::counter::ItemsCount;
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// A rule of each form about pods, and so about what makes pods.
fn rules() -> Vec<Value> {
    let containers = "{{ request.object.spec.containers[].image }}";
    vec![
        json!({"pattern": {"spec": {"containers": [{"image": "!*:latest"}]}}}),
        json!({"pattern": {"spec": {"=(hostPID)": false, "containers": [{"=(securityContext)": {"=(privileged)": false}}]}}}),
        json!({"anyPattern": [
            {"spec": {"securityContext": {"runAsNonRoot": true}}},
            {"spec": {"containers": [{"securityContext": {"runAsNonRoot": true}}]}},
        ]}),
        json!({"deny": {"conditions": {"any": [{"key": containers, "operator": "AnyNotIn", "value": ["registry.acme.example/*"]}]}}}),
        json!({"foreach": [{"list": "request.object.spec.containers", "deny": {"conditions": {"all": [
            {"key": "{{ element.resources.limits.memory || '0' }}", "operator": "GreaterThan", "value": "1Gi"},
        ]}}}]}),
        json!({"podSecurity": {"level": "restricted", "version": "latest"}}),
    ]
}

fn policies(count: usize) -> PolicySet {
    let rules = rules();
    let documents = (0..count)
        .map(|index| {
            let value = json!({
                "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": format!("p{index}")},
                "spec": {"rules": [{
                    "name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
                    "exclude": {"any": [{"resources": {"namespaces": ["kube-*"]}}]},
                    "validate": rules.get(index % rules.len()),
                }]},
            });
            PolicyDocument { value, file: None }
        })
        .collect();
    PolicySet::compile(documents).0
}

fn deployments(count: usize) -> Vec<PolicyObject> {
    (0..count)
        .map(|index| {
            let value = json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": format!("d{index}"), "namespace": "shop", "labels": {"app": "x"}},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "template": {
                    "metadata": {"labels": {"app": "x"}},
                    "spec": {
                        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                        "containers": [{
                            "name": "main", "image": "registry.acme.example/x:1",
                            "resources": {"limits": {"memory": "512Mi"}},
                            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                        }],
                    },
                }},
            });
            PolicyObject { value, file: None, environment: None }
        })
        .collect()
}

/// Objects in a second, under each number of policies.
#[divan::bench(args = [1, 20, 50])]
fn evaluate(bencher: Bencher<'_, '_>, count: usize) {
    let (set, objects) = (policies(count), deployments(200));
    assert!(set.evaluate(&objects).is_empty());
    bencher.counter(ItemsCount::new(objects.len())).bench(|| set.evaluate(&objects));
}

/// The time until twenty policies can be asked.
#[divan::bench]
fn compile() -> PolicySet {
    policies(20)
}
