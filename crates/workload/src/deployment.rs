//! The Deployment with its pods, and the ServiceAccount that they run as.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::autoscaling::Scale;
use crate::container::{container, probe};
use crate::mount::PodVolumes;
use crate::outputs::Outputs;
use crate::scope::{Notes, Scope};
use crate::score::{Container, Readiness};

/// The user of minimal images' "nonroot", so that an image that names no number starts too.
const USER: u32 = 65532;

/// Annotations with these prefixes speak to renderers, not to the cluster.
const RENDERER_PREFIXES: &[&str] = &["fairway.dev/", "k8s.score.dev/", "compose.score.dev/"];

/// The account of the workload. It gets no token: whoever needs the cluster's interface asks for it.
pub(crate) fn service_account(scope: &Scope<'_>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": scope.metadata(scope.name),
        "automountServiceAccountToken": false,
    })
}

/// The Deployment. Files of its containers end up in `pod`.
pub(crate) fn deployment(
    scope: &Scope<'_>,
    outputs: &Outputs<'_>,
    scale: Scale,
    pod: &mut PodVolumes,
    notes: &mut Notes,
) -> Value {
    let workload = scope.request.score;
    let first = first_containers(scope, notes);
    let (mut main, mut initial) = (BTreeMap::new(), Vec::new());
    for (name, source) in &workload.containers {
        let mut object = container(scope, name, source, outputs, pod, notes);
        if let Some(position) = first.order.iter().position(|it| it == name) {
            finish_first(&mut object, source, first.modes.get(name).copied());
            initial.push((position, Value::Object(object)));
        } else {
            finish_main(&mut object, source);
            main.insert(name.clone(), object);
        }
    }
    if let Some(container) = main.values_mut().next() {
        let ports = container_ports(scope);
        if !ports.is_empty() {
            container.insert("ports".into(), ports.into());
            if !workload.containers.values().any(|container| container.readiness.is_some()) {
                notes.warn(
                    "no container has a readinessProbe: traffic reaches new pods before they can answer, and a broken version counts as rolled out",
                );
            }
        }
    }
    initial.sort_by_key(|(position, _)| *position);

    let mut spec = Map::new();
    spec.insert("serviceAccountName".into(), scope.name.into());
    spec.insert("automountServiceAccountToken".into(), false.into());
    spec.insert("enableServiceLinks".into(), false.into());
    spec.insert("securityContext".into(), pod_security(scope));
    spec.insert("topologySpreadConstraints".into(), spread(scope));
    if !initial.is_empty() {
        spec.insert("initContainers".into(), initial.into_iter().map(|(_, object)| object).collect());
    }
    spec.insert("containers".into(), main.into_values().map(Value::Object).collect());
    spec.insert("volumes".into(), pod.volumes.values().cloned().collect());

    let mut metadata = Map::new();
    metadata.insert("labels".into(), scope.labels().into());
    let annotations: Map<String, Value> = workload
        .annotations
        .iter()
        .filter(|(key, _)| !RENDERER_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    if !annotations.is_empty() {
        metadata.insert("annotations".into(), annotations.into());
    }
    let mut deployment = Map::new();
    if !scale.is_automatic() {
        // Where an autoscaler counts, a number here would undo its work with every sync.
        deployment.insert("replicas".into(), scale.min.into());
    }
    deployment.insert("revisionHistoryLimit".into(), 3.into());
    deployment.insert("strategy".into(), strategy(scale));
    deployment.insert("selector".into(), json!({"matchLabels": scope.selector()}));
    deployment.insert("template".into(), json!({"metadata": metadata, "spec": spec}));
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": scope.metadata(scope.name),
        "spec": deployment,
    })
}

fn strategy(scale: Scale) -> Value {
    if scale.single_writer {
        return json!({"type": "Recreate"});
    }
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
}

fn pod_security(scope: &Scope<'_>) -> Value {
    let mut security = json!({
        "runAsNonRoot": true,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    let low = scope.request.score.ports.values().any(|port| port.target_port < 1024);
    if let (Value::Object(security), true) = (&mut security, low) {
        // A safe sysctl of the pod's own network: binding port 80 without a privilege.
        security
            .insert("sysctls".into(), json!([{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]));
    }
    security
}

/// Pods spread over zones and nodes as well as they can.
fn spread(scope: &Scope<'_>) -> Value {
    ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        .into_iter()
        .map(|key| {
            json!({
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": scope.selector()},
            })
        })
        .collect()
}

/// The ports that the service leads to. A score does not say which container listens; in a pod it is the same.
fn container_ports(scope: &Scope<'_>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    scope
        .request
        .score
        .ports
        .iter()
        .filter(|(_, port)| seen.insert((port.target_port, port.protocol.as_str())))
        .map(|(name, port)| {
            let mut object = json!({"containerPort": port.target_port, "protocol": port.protocol.as_str()});
            let named =
                name.len() <= 15 && !name.contains("--") && name.contains(|c: char| c.is_ascii_alphabetic());
            if let (Value::Object(object), true) = (&mut object, named) {
                object.insert("name".into(), name.clone().into());
            }
            object
        })
        .collect()
}

fn finish_main(object: &mut Map<String, Value>, source: &Container) {
    for (key, written) in [("livenessProbe", &source.liveness), ("readinessProbe", &source.readiness)] {
        if let Some(written) = written {
            object.insert(key.into(), probe(written));
        }
    }
}

/// A container that others wait for: one that has to end is an init container, one that has to run is an init
/// container that is kept running (a sidecar), held back by a startup probe where it has to be healthy.
fn finish_first(object: &mut Map<String, Value>, source: &Container, mode: Option<Readiness>) {
    if mode == Some(Readiness::Complete) {
        return;
    }
    object.insert("restartPolicy".into(), "Always".into());
    finish_main(object, source);
    if let (Some(Readiness::Healthy), Some(written)) = (mode, &source.readiness) {
        let mut startup = probe(written);
        if let Value::Object(startup) = &mut startup {
            startup.insert("failureThreshold".into(), 60.into());
            startup.insert("periodSeconds".into(), 2.into());
        }
        object.insert("startupProbe".into(), startup);
    }
}

struct First {
    /// The containers that come first, in order.
    order: Vec<String>,
    /// What each of them has to reach: the most that any other container asks.
    modes: BTreeMap<String, Readiness>,
}

/// The containers that others name under `before`, so that each comes after those that it names itself.
fn first_containers(scope: &Scope<'_>, notes: &mut Notes) -> First {
    let containers = &scope.request.score.containers;
    let mut modes: BTreeMap<String, Readiness> = BTreeMap::new();
    for (name, container) in containers {
        for (other, ready) in &container.before {
            if containers.contains_key(other) {
                let mode = modes.entry(other.clone()).or_insert(*ready);
                *mode = (*mode).max(*ready);
            } else {
                let pointer = format!("/containers/{name}/before/{other}");
                let message = format!("container {name}: there is no container \"{other}\" to wait for");
                notes.fail(scope.request.score.diagnostic(&pointer, "score-container", message));
            }
        }
    }
    let mut order: Vec<String> = Vec::new();
    loop {
        let ready = modes.keys().find(|name| {
            !order.contains(name)
                && containers.get(*name).is_some_and(|container| {
                    container.before.keys().all(|need| order.contains(need) || !containers.contains_key(need))
                })
        });
        match ready {
            Some(name) => order.push(name.clone()),
            None => break,
        }
    }
    if order.len() < modes.len() {
        let names: Vec<&str> =
            modes.keys().filter(|name| !order.contains(name)).map(String::as_str).collect();
        let message = format!("these containers wait for each other in a circle: {}", names.join(", "));
        notes.fail(scope.request.score.diagnostic("/containers", "score-container", message));
    }
    First { order, modes }
}
