//! What manifests ask a cluster for: processor, memory and storage, in amounts that are held all month.

use fairway_workload::Quantity;
use serde_json::Value;

/// What one object holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Footprint {
    pub(crate) name: String,
    /// How many pods run at the least.
    pub(crate) replicas: i128,
    /// Cores that one pod requests.
    pub(crate) processor: Quantity,
    /// Bytes that one pod requests.
    pub(crate) memory: Quantity,
    /// Bytes of storage for one pod, for StatefulSets, or of the claim itself.
    pub(crate) storage: Quantity,
    /// What is not stated or cannot be read.
    pub(crate) unknown: Vec<String>,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The footprint of an object. `None` for kinds that hold nothing. `Err` for those whose size cannot be told
/// from the manifest.
pub(crate) fn footprint(object: &Value, all: &[Value]) -> Result<Option<Footprint>, String> {
    let name = text(object, "/metadata/name").to_owned();
    let mut found = Footprint {
        name,
        replicas: 1,
        processor: Quantity::default(),
        memory: Quantity::default(),
        storage: Quantity::default(),
        unknown: Vec::new(),
    };
    match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            found.replicas = replicas(object, all);
            let pod = object.pointer("/spec/template/spec").unwrap_or(&Value::Null);
            found.processor = pod_request(pod, "cpu", &mut found.unknown);
            found.memory = pod_request(pod, "memory", &mut found.unknown);
            let claims = object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
            for claim in claims.into_iter().flatten() {
                found.storage = found.storage.plus(claimed(claim, &mut found.unknown));
            }
        }
        "Pod" => {
            let pod = object.get("spec").unwrap_or(&Value::Null);
            found.processor = pod_request(pod, "cpu", &mut found.unknown);
            found.memory = pod_request(pod, "memory", &mut found.unknown);
        }
        "PersistentVolumeClaim" => found.storage = claimed(object, &mut found.unknown),
        "DaemonSet" => return Err(format!("DaemonSet {}: one pod for each node", found.name)),
        kind @ ("Job" | "CronJob") => return Err(format!("{kind} {}: runs for a time only", found.name)),
        _ => return Ok(None),
    }
    Ok(Some(found))
}

/// The least that an autoscaler keeps, else the number that is written, else one.
fn replicas(object: &Value, all: &[Value]) -> i128 {
    let number =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_u64).map(i128::from);
    let same = |pointer: &str, other: &Value, other_pointer: &str| {
        text(object, pointer) == text(other, other_pointer)
    };
    let autoscaler = all.iter().find(|other| {
        text(other, "/kind") == "HorizontalPodAutoscaler"
            && same("/metadata/namespace", other, "/metadata/namespace")
            && same("/kind", other, "/spec/scaleTargetRef/kind")
            && same("/metadata/name", other, "/spec/scaleTargetRef/name")
    });
    match autoscaler {
        Some(autoscaler) => number(autoscaler, "/spec/minReplicas").unwrap_or(1),
        None => number(object, "/spec/replicas").unwrap_or(1),
    }
}

fn claimed(claim: &Value, unknown: &mut Vec<String>) -> Quantity {
    let amount = claim.pointer("/spec/resources/requests/storage").and_then(amount);
    amount.unwrap_or_else(|| {
        unknown.push(format!("storage of {}", text(claim, "/metadata/name")));
        Quantity::default()
    })
}

fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// What the scheduler sets aside for a pod: containers and sidecars together, or an init container beside the
/// sidecars before it, whichever is more ("Resource sharing within containers" in Kubernetes' documentation of
/// init and sidecar containers).
fn pod_request(pod: &Value, resource: &str, unknown: &mut Vec<String>) -> Quantity {
    let containers = |key: &str| pod.get(key).and_then(Value::as_array).into_iter().flatten();
    let mut request = |container: &Value| {
        let resources = container.get("resources");
        let stated = |kind: &str| resources?.get(kind)?.get(resource).and_then(amount);
        // A container that limits and does not request is set aside its limit.
        stated("requests").or_else(|| stated("limits")).unwrap_or_else(|| {
            unknown.push(format!("{resource} of container {}", text(container, "/name")));
            Quantity::default()
        })
    };
    let (mut sidecars, mut starting) = (Quantity::default(), Quantity::default());
    for container in containers("initContainers") {
        let own = request(container);
        if text(container, "/restartPolicy") == "Always" {
            sidecars = sidecars.plus(own);
            starting = starting.max(sidecars);
        } else {
            starting = starting.max(sidecars.plus(own));
        }
    }
    let running = containers("containers").map(request).fold(sidecars, Quantity::plus);
    running.max(starting)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::footprint;

    fn container(cpu: &str) -> Value {
        json!({"name": "c", "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}})
    }

    #[test]
    fn the_most_that_a_pod_needs_at_once() {
        let mut sidecar = container("300m");
        sidecar["restartPolicy"] = json!("Always");
        let pod = |init: Vec<Value>| json!({"kind": "Pod", "spec": {"containers": [container("1"), container("500m")], "initContainers": init}});
        let processor = |init: Vec<Value>| footprint(&pod(init), &[]).unwrap().unwrap().processor.to_string();
        assert_eq!(processor(vec![]), "1.5");
        assert_eq!(processor(vec![container("1")]), "1.5");
        assert_eq!(processor(vec![container("2")]), "2");
        assert_eq!(processor(vec![sidecar.clone(), container("2")]), "2.3");
        assert_eq!(processor(vec![container("1"), sidecar]), "1.8");
    }

    #[test]
    fn what_is_not_stated_is_named() {
        let pod = json!({"kind": "Pod", "spec": {"containers": [{"name": "web", "resources": {"limits": {"cpu": "2"}}}]}});
        let found = footprint(&pod, &[]).unwrap().unwrap();
        assert_eq!(found.processor.to_string(), "2");
        assert_eq!(found.unknown, ["memory of container web"]);
        assert!(footprint(&json!({"kind": "CronJob", "metadata": {"name": "x"}}), &[]).is_err());
        assert_eq!(footprint(&json!({"kind": "Service"}), &[]), Ok(None));
    }
}
