//! Manifests to measure and compare with: many kinds, sound and broken in many ways, the same each time.

use serde_json::{Map, Value, json};

/// What may be wrong with a workload; each is wrong in about every sixth that is not sound.
const FAULTS: u64 = 24;
/// Namespaces that the manifests are spread over.
const NAMESPACES: [&str; 6] = ["payments", "checkout", "search", "shop", "platform", "default"];

/// A sequence of numbers that looks random and is the same each time (SplitMix64, by Steele, Lea and Flood).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The faults of one manifest, as bits.
#[derive(Clone, Copy)]
struct Faults(u64);

impl Faults {
    fn of(numbers: &mut Numbers, is_sound: bool) -> Self {
        if is_sound {
            return Self(0);
        }
        let mut bits = 0;
        for fault in 0..FAULTS {
            if numbers.below(6) == 0 {
                bits |= 1 << fault;
            }
        }
        Self(bits)
    }

    fn has(self, fault: u64) -> bool {
        self.0 >> fault & 1 == 1
    }
}

/// Manifests; every third is sound.
pub fn manifests(count: usize) -> impl Iterator<Item = Value> {
    (0..count).map(|index| {
        let mut numbers = Numbers(index as u64);
        let faults = Faults::of(&mut numbers, index % 3 == 0);
        manifest(index, &mut numbers, faults)
    })
}

fn manifest(index: usize, numbers: &mut Numbers, faults: Faults) -> Value {
    let name = format!("app-{index:05}");
    match index % 20 {
        0..=7 => workload("apps/v1", "Deployment", &name, numbers, faults),
        8 | 9 => workload("apps/v1", "StatefulSet", &name, numbers, faults),
        10 => workload("apps/v1", "DaemonSet", &name, numbers, faults),
        11 => workload("batch/v1", "Job", &name, numbers, faults),
        12 => workload("batch/v1", "CronJob", &name, numbers, faults),
        13 | 14 => workload("v1", "Pod", &name, numbers, faults),
        15 => service(&name, numbers, faults),
        16 => ingress(&name, numbers, faults),
        17 => config(&name, numbers, faults),
        18 => network_policy(&name, numbers, faults),
        _ => other(index, &name, numbers, faults),
    }
}

fn metadata(name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let namespace = NAMESPACES.get(numbers.below(6) as usize).copied().unwrap_or("default");
    let mut labels = Map::new();
    for (fault, key, value) in [
        (0, "app.kubernetes.io/name", name),
        (1, "app.kubernetes.io/managed-by", "fairway"),
        (2, "fairway.dev/owner", "payments"),
        (2, "app.kubernetes.io/part-of", "shop"),
        (3, "fairway.dev/environment", "prod"),
        (4, "fairway.dev/cost-centre", "4711"),
    ] {
        if !faults.has(fault) {
            labels.insert(key.to_owned(), value.into());
        }
    }
    let mut metadata = json!({"name": name, "labels": labels});
    if let (false, Value::Object(members)) = (faults.has(5), &mut metadata) {
        members.insert("namespace".to_owned(), namespace.into());
    }
    metadata
}

fn container(name: &str, position: u64, numbers: &mut Numbers, faults: Faults) -> Value {
    let registry = if faults.has(6) { "docker.io/library" } else { "registry.acme.example" };
    let image = match (faults.has(7), faults.has(8)) {
        (true, _) => format!("{registry}/{name}:latest"),
        (false, true) => format!("{registry}/{name}"),
        (false, false) => format!("{registry}/{name}@sha256:{:064x}", numbers.next()),
    };
    let mut container = json!({
        "name": format!("c{position}"), "image": image,
        "ports": [{"name": "http", "containerPort": 8080 + position}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "PORT", "value": "8080"}],
    });
    let Value::Object(members) = &mut container else { return container };
    if faults.has(9) {
        members.insert(
            "env".to_owned(),
            json!([{"name": "DATABASE_PASSWORD", "value": "correct-horse-battery"}]),
        );
    }
    let mut resources =
        json!({"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}});
    if let Value::Object(members) = &mut resources {
        if faults.has(10) {
            members.shift_remove("limits");
        }
        if faults.has(11) {
            members.shift_remove("requests");
        }
    }
    members.insert("resources".to_owned(), resources);
    if !faults.has(12) {
        let probe = json!({"httpGet": {"path": "/healthz", "port": "http"}});
        members.insert("livenessProbe".to_owned(), probe.clone());
        members.insert("readinessProbe".to_owned(), probe);
    }
    if !faults.has(13) {
        members.insert(
            "securityContext".to_owned(),
            json!({
                "privileged": faults.has(14),
                "allowPrivilegeEscalation": faults.has(15),
                "readOnlyRootFilesystem": !faults.has(16),
                "runAsNonRoot": !faults.has(17),
                "capabilities": if faults.has(18) { json!({"add": ["NET_ADMIN"]}) } else { json!({"drop": ["ALL"]}) },
                "seccompProfile": {"type": "RuntimeDefault"},
            }),
        );
    }
    container
}

fn pod(name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let count = 1 + numbers.below(3);
    let containers: Vec<Value> =
        (0..count).map(|position| container(name, position, numbers, faults)).collect();
    let mut pod = json!({
        "containers": containers,
        "serviceAccountName": name,
        "automountServiceAccountToken": false,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 10_001, "seccompProfile": {"type": "RuntimeDefault"}},
    });
    let Value::Object(members) = &mut pod else { return pod };
    if faults.has(17) {
        members.shift_remove("securityContext");
    }
    if faults.has(19) {
        members.insert("hostNetwork".to_owned(), true.into());
        members.insert("hostPID".to_owned(), true.into());
    }
    if faults.has(20) {
        members.insert(
            "volumes".to_owned(),
            json!([{"name": "host", "hostPath": {"path": "/var/run/docker.sock"}}]),
        );
    }
    if faults.has(21) {
        let mut first = container(name, 9, numbers, faults);
        if let Value::Object(members) = &mut first {
            members.insert("name".to_owned(), "prepare".into());
        }
        members.insert("initContainers".to_owned(), json!([first]));
    }
    pod
}

fn workload(version: &str, kind: &str, name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let metadata = metadata(name, numbers, faults);
    let labels = metadata.get("labels").cloned().unwrap_or_default();
    let pod = pod(name, numbers, faults);
    let template = json!({"metadata": {"labels": labels}, "spec": pod});
    let selector = json!({"matchLabels": {"app.kubernetes.io/name": name}});
    let replicas = if faults.has(22) { 1 } else { 2 + numbers.below(3) };
    let spec = match kind {
        "Pod" => pod,
        "Job" => json!({"backoffLimit": 3, "template": template}),
        "CronJob" => json!({"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": template}}}),
        "DaemonSet" => json!({"selector": selector, "template": template}),
        "StatefulSet" => json!({
            "serviceName": name, "replicas": replicas, "selector": selector, "template": template,
        }),
        _ => json!({"replicas": replicas, "selector": selector, "template": template}),
    };
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

fn service(name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let kind = if faults.has(6) { "LoadBalancer" } else { "ClusterIP" };
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata(name, numbers, faults),
        "spec": {
            "type": kind, "selector": {"app.kubernetes.io/name": name},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    })
}

fn ingress(name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let host = if faults.has(7) { "*.acme.example".to_owned() } else { format!("{name}.acme.example") };
    let backend = json!({"service": {"name": name, "port": {"name": "http"}}});
    let mut spec = json!({
        "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
    });
    if let (false, Value::Object(members)) = (faults.has(8), &mut spec) {
        members.insert("tls".to_owned(), json!([{"hosts": [host], "secretName": format!("{name}-tls")}]));
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": metadata(name, numbers, faults), "spec": spec,
    })
}

fn config(name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let mut data = json!({"application.yaml": "server:\n  port: 8080\n", "feature.new-cart": "true"});
    if let (true, Value::Object(members)) = (faults.has(9), &mut data) {
        members.insert("password".to_owned(), "correct-horse-battery".into());
    }
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name, numbers, faults), "data": data})
}

fn network_policy(name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let from = if faults.has(10) { json!([{}]) } else { json!([{"from": [{"podSelector": {}}]}]) };
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata(name, numbers, faults),
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": from},
    })
}

fn other(index: usize, name: &str, numbers: &mut Numbers, faults: Faults) -> Value {
    let metadata = metadata(name, numbers, faults);
    match index / 20 % 4 {
        0 => json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata,
            "spec": {"minAvailable": u8::from(!faults.has(11)), "selector": {"matchLabels": {"app.kubernetes.io/name": name}}},
        }),
        1 => json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata,
            "spec": {
                "minReplicas": if faults.has(22) { 1 } else { 2 }, "maxReplicas": 10,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            },
        }),
        2 => json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata,
            "rules": [{"apiGroups": [""], "resources": [if faults.has(12) { "*" } else { "configmaps" }], "verbs": ["get"]}],
        }),
        _ => json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata,
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use std::collections::BTreeSet;

    use super::manifests;

    #[test]
    fn they_are_the_same_each_time_and_of_many_kinds() {
        let made: Vec<String> = manifests(500).map(|it| it.to_string()).collect();
        assert_eq!(made, manifests(500).map(|it| it.to_string()).collect::<Vec<String>>());
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), 500);
        let kinds: BTreeSet<String> = manifests(500).map(|it| it["kind"].to_string()).collect();
        assert_eq!(kinds.len(), 14);
    }
}
