//! What a policy found.

use serde::{Deserialize, Serialize};

/// How bad a finding is, by the policy's own word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to mend.
    Low,
    /// Should be mended.
    #[default]
    Medium,
    /// Must be mended soon.
    High,
    /// Must be mended now.
    Critical,
}

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// Recorded only.
    Dryrun,
    /// Shown.
    Warn,
    /// Blocks.
    Deny,
}

/// What the evaluation came to. What could not be evaluated is said so and never counts as passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Outcome {
    /// The object violates the policy.
    Violation,
    /// The policy could not be evaluated on the object.
    NotEvaluated {
        /// Why.
        reason: String,
    },
}

/// Which object a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// For example `apps/v1`.
    pub api_version: String,
    /// For example `Deployment`.
    pub kind: String,
    /// Empty for objects without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The file that holds it, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where it is headed, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// One thing that a policy says about one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The policy's title for people.
    pub policy: String,
    /// The policy's own name, for example `K8sContainerLimits/container-limits`.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// What follows.
    pub enforcement: Enforcement,
    /// What the evaluation came to.
    pub outcome: Outcome,
    /// Which object.
    pub object: ObjectRef,
    /// The path inside the object, for example `spec.template.spec.containers[0].resources`, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is wrong, as the policy says it.
    pub message: String,
    /// Why the policy exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// Whether it stops an apply: a violation of a denying policy, or a denying policy that could not be
    /// evaluated (the place is an enforcing one, so doubt blocks).
    pub fn blocks(&self) -> bool {
        self.enforcement == Enforcement::Deny
    }
}
