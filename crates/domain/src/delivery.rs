//! What runs where: versions of services in environments.

use serde::{Deserialize, Serialize};

use crate::repository::{CommitId, RepositoryRef};
use crate::{Digest, Timestamp};

/// Why a version came to an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryKind {
    /// A new version.
    Deploy,
    /// The version of the environment before it.
    Promotion,
    /// A return to an earlier version.
    Rollback,
}

/// One version of one service in one environment. Its manifests are committed; whether a cluster runs them is
/// the cluster's word, not this one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentIntent {
    /// The service's name.
    pub service: String,
    /// The environment's name.
    pub environment: String,
    /// The version, for example `0.1.0`.
    pub version: String,
    /// The image, with tag or digest, of each container.
    pub images: Vec<String>,
    /// The service's repository, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RepositoryRef>,
    /// The commit of the service that was rendered; a run that creates the repository knows it only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_commit: Option<CommitId>,
    /// The digest of the rendered manifests.
    pub manifests: Digest,
    /// Why.
    pub kind: DeliveryKind,
    /// The version that was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// A deployment as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// What was meant.
    #[serde(flatten)]
    pub intent: DeploymentIntent,
    /// When the manifests were committed.
    pub at: Timestamp,
    /// The run that did it.
    pub run: String,
    /// The commit in the environment's repository.
    pub commit: CommitId,
    /// Whether the run was undone since.
    #[serde(default)]
    pub undone: bool,
}
