//! Who may talk to the workload, and to whom it may talk. Everything that is not written here is denied.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::exposure::METRICS_PORT;
use crate::resource::Provided;
use crate::scope::{Notes, Scope};

/// The annotation that opens the way out: `internet` for every address outside of private networks.
const EGRESS: &str = "egress";
/// The annotation of an object in which a score left the secure defaults, with the name of how.
const DEVIATION: &str = "fairway.dev/deviation";

/// Networks that "the internet" does not mean: private ones, and the link-local one where clouds serve
/// credentials.
const PRIVATE_V4: &[&str] =
    &["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];
const PRIVATE_V6: &[&str] = &["fc00::/7", "fe80::/10"];

/// In: the service's ports from the same namespace, and routed or measured ports from every namespace of the
/// cluster, because controllers live in their own. Out: the same namespace, and name resolution.
pub(crate) fn network_policy<'p>(
    scope: &Scope<'_>,
    provided: impl Iterator<Item = &'p Provided>,
    notes: &mut Notes,
) -> Value {
    let workload = scope.request.score;
    let ports: BTreeSet<(u16, &str)> =
        workload.ports.values().map(|port| (port.target_port, port.protocol.as_str())).collect();
    let open: BTreeSet<(u16, &str)> = provided
        .filter_map(|it| it.routed_port)
        .chain(
            scope
                .setting(METRICS_PORT)
                .and_then(|name| workload.ports.get(name))
                .map(|port| port.target_port),
        )
        .map(|port| (port, "TCP"))
        .collect();
    let mut ingress = Vec::new();
    if !ports.is_empty() {
        ingress.push(json!({"from": [{"podSelector": {}}], "ports": rendered(&ports)}));
    }
    if !open.is_empty() {
        ingress.push(json!({"from": [{"namespaceSelector": {}}], "ports": rendered(&open)}));
    }
    let mut egress = vec![
        json!({"to": [{"podSelector": {}}]}),
        json!({
            "to": [{
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }],
            "ports": rendered(&[(53, "TCP"), (53, "UDP")].into()),
        }),
    ];
    let mut metadata = scope.metadata(scope.name);
    match scope.setting(EGRESS) {
        None => {}
        Some("internet") => {
            egress.push(json!({
                "to": [
                    {"ipBlock": {"cidr": "0.0.0.0/0", "except": PRIVATE_V4}},
                    {"ipBlock": {"cidr": "::/0", "except": PRIVATE_V6}},
                ],
            }));
            // Policies ask who allowed it.
            if let Value::Object(fields) = &mut metadata {
                fields.insert("annotations".to_owned(), json!({DEVIATION: "egress-internet"}));
            }
        }
        Some(other) => {
            let pointer = "/metadata/annotations/fairway.dev~1egress";
            let message =
                format!("\"{other}\" is unknown; the annotation fairway.dev/egress can be: internet");
            notes.fail(workload.diagnostic(pointer, "score-egress", message));
        }
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": {
            "podSelector": {"matchLabels": scope.selector()},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    })
}

fn rendered(ports: &BTreeSet<(u16, &str)>) -> Vec<Value> {
    ports.iter().map(|(port, protocol)| json!({"port": port, "protocol": protocol})).collect()
}
