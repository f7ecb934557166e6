//! The names of resources: rules name `deployments`, objects say `Deployment`.

/// Kinds whose resource does not follow from the rules of English.
const IRREGULAR: [(&str, &str); 3] = [
    ("Endpoints", "endpoints"),
    ("SecurityContextConstraints", "securitycontextconstraints"),
    ("PodMetrics", "pods"),
];

/// The resource of a kind, as API servers name it.
pub(crate) fn resource(kind: &str) -> String {
    if let Some((_, resource)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == kind) {
        return (*resource).to_owned();
    }
    let kind = kind.to_ascii_lowercase();
    if ["s", "x", "ch", "sh"].iter().any(|end| kind.ends_with(end)) {
        return format!("{kind}es");
    }
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{kind}s"),
    }
}

/// Kinds with subresources.
const WITH_SUBRESOURCES: [&str; 18] = [
    "Pod",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "ReplicationController",
    "Job",
    "CronJob",
    "Service",
    "ServiceAccount",
    "Node",
    "Namespace",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Ingress",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
];

/// The kind of a well-known resource that has subresources.
pub(crate) fn kind_of(name: &str) -> Option<&'static str> {
    WITH_SUBRESOURCES.into_iter().find(|kind| resource(kind) == name)
}

/// Whether a kind has a resource of this name. Subresources do not count as the resource.
pub(crate) fn is_resource(kind: &str, name: &str) -> bool {
    name == "*" || resource(kind) == name
}

#[cfg(test)]
mod tests {
    use super::resource;

    #[test]
    fn plurals() {
        for (kind, expected) in [
            ("Pod", "pods"),
            ("Ingress", "ingresses"),
            ("NetworkPolicy", "networkpolicies"),
            ("Gateway", "gateways"),
            ("Endpoints", "endpoints"),
            ("StorageClass", "storageclasses"),
        ] {
            assert_eq!(resource(kind), expected);
        }
    }
}
