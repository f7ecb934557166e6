//! How many pods there are, who counts them, and how many may be away at once.

use serde_json::{Value, json};

use crate::resource::{Provided, Writers};
use crate::scope::{Notes, Scope};

/// The share of the requested processor time that the autoscaler aims at, in percent.
const CPU_TARGET: u32 = 75;

/// The bounds of the number of pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// A volume lets only one pod run at a time.
    pub(crate) single_writer: bool,
}

impl Scale {
    /// The environment's bounds. In production there are at least two pods, and room to grow where the
    /// environment did not ask for two itself.
    pub(crate) fn new<'p>(
        scope: &Scope<'_>,
        provided: impl Iterator<Item = &'p Provided>,
        notes: &mut Notes,
    ) -> Self {
        let environment = scope.request.environment;
        let replicas = environment.spec.replicas;
        let (mut min, mut max) = (replicas.min, replicas.max.max(replicas.min));
        if environment.spec.production && min < 2 {
            (min, max) = (2, max.max(4));
        }
        let single_writer = provided.into_iter().any(|it| it.writers == Some(Writers::One));
        if single_writer && max > 1 {
            notes.warn(format!(
                "a volume that one node writes at a time allows one replica, so {} runs one in {} and pauses during updates; set params.accessMode to ReadWriteMany where the storage can do that",
                scope.name, environment.name
            ));
            (min, max) = (min.min(1), 1);
        }
        Self { min, max, single_writer }
    }

    /// Whether an autoscaler counts.
    pub(crate) const fn is_automatic(self) -> bool {
        self.max > self.min && self.min > 0
    }
}

/// The autoscaler, by processor use.
pub(crate) fn horizontal_pod_autoscaler(scope: &Scope<'_>, scale: Scale) -> Option<Value> {
    scale.is_automatic().then(|| {
        json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": scope.metadata(scope.name),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": scope.name},
                "minReplicas": scale.min,
                "maxReplicas": scale.max,
                "metrics": [{
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": CPU_TARGET},
                    },
                }],
            },
        })
    })
}

/// In production at most one pod may be away for maintenance. Counting the absent, not the present, lets a node
/// be drained even when there is a single pod.
pub(crate) fn pod_disruption_budget(scope: &Scope<'_>) -> Option<Value> {
    scope.request.environment.spec.production.then(|| {
        json!({
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": scope.metadata(scope.name),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": scope.selector()}},
        })
    })
}
