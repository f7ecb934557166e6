//! How others reach the workload: the Service, and the ServiceMonitor where the score asks for one.

use serde_json::{Value, json};

use crate::rule;
use crate::scope::{Notes, Scope};

/// The annotation with the name of the port that serves metrics.
pub(crate) const METRICS_PORT: &str = "metrics-port";
const METRICS_PATH: &str = "metrics-path";

/// The Service, when the score publishes ports.
pub(crate) fn service(scope: &Scope<'_>) -> Option<Value> {
    let ports: Vec<Value> = scope
        .request
        .score
        .ports
        .iter()
        .map(|(name, port)| {
            json!({
                "name": name, "port": port.port, "protocol": port.protocol.as_str(), "targetPort": port.target_port,
            })
        })
        .collect();
    (!ports.is_empty()).then(|| {
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": scope.metadata(scope.name),
            "spec": {"type": "ClusterIP", "selector": scope.selector(), "ports": ports},
        })
    })
}

/// The monitor of Prometheus' operator, when the annotation `fairway.dev/metrics-port` names a service port.
pub(crate) fn service_monitor(scope: &Scope<'_>, notes: &mut Notes) -> Option<Value> {
    let port = scope.setting(METRICS_PORT)?;
    let mut fail = |setting: &str, message: String| {
        let pointer = format!("/metadata/annotations/fairway.dev~1{setting}");
        notes.fail(scope.request.score.diagnostic(&pointer, "score-metrics", message));
    };
    if !scope.request.score.ports.contains_key(port) {
        let names: Vec<&str> = scope.request.score.ports.keys().map(String::as_str).collect();
        fail(METRICS_PORT, format!("the service has no port \"{port}\"; it has: {}", names.join(", ")));
        return None;
    }
    let path = scope.setting(METRICS_PATH).unwrap_or("/metrics");
    if !rule::is_route_path(path) {
        fail(METRICS_PATH, format!("\"{path}\" is not a path"));
        return None;
    }
    Some(json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": scope.metadata(scope.name),
        "spec": {
            "selector": {"matchLabels": scope.selector()},
            "endpoints": [{"port": port, "path": path, "interval": "30s"}],
        },
    }))
}
