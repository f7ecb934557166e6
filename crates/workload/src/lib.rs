//! Renders Score workloads and resource classes into manifests for an environment.
