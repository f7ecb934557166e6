//! What a policy found.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Digest, Timestamp};

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
    /// The service that it says it belongs to, by its label `app.kubernetes.io/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// An exception that somebody allowed for a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waived {
    /// The waiver's identifier.
    pub id: String,
    /// When it ends.
    pub until: Timestamp,
    /// Why it was asked for.
    pub reason: String,
}

/// One operation of a JSON patch (RFC 6902) that mends an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum PatchOperation {
    /// Puts a value at a place; what is there is replaced, in a list it moves on.
    Add {
        /// A JSON pointer; `-` at its end is the end of a list.
        path: String,
        /// What is put there.
        value: Value,
    },
    /// Puts a value in the place of another.
    Replace {
        /// A JSON pointer to what is there.
        path: String,
        /// What is put there.
        value: Value,
    },
    /// Takes a value away.
    Remove {
        /// A JSON pointer to what is there.
        path: String,
    },
}

impl PatchOperation {
    /// The place that it changes, as JSON pointer.
    pub fn path(&self) -> &str {
        match self {
            Self::Add { path, .. } | Self::Replace { path, .. } | Self::Remove { path } => path,
        }
    }

    /// What is put there; `None` when it is taken away.
    pub fn value(&self) -> Option<&Value> {
        match self {
            Self::Add { value, .. } | Self::Replace { value, .. } => Some(value),
            Self::Remove { .. } => None,
        }
    }
}

impl Ord for PatchOperation {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |it: &Self| {
            (it.path().to_owned(), it.value().map(Value::to_string), matches!(it, Self::Add { .. }))
        };
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for PatchOperation {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
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
    /// The waiver that lets it pass, when there is one: the finding stays visible, and does not block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waived>,
    /// The address of the policy's own page, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// The line in `object.file` that the finding is about, from 1, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What would mend it, where that is mechanical: a JSON patch (RFC 6902) on the object. Empty when a person has
    /// to decide.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patch: Vec<PatchOperation>,
}

impl Finding {
    /// Whether it stops an apply: a violation of a denying policy, or a denying policy that could not be
    /// evaluated (the place is an enforcing one, so doubt blocks), unless a waiver lets it pass.
    pub fn blocks(&self) -> bool {
        self.enforcement == Enforcement::Deny && self.waiver.is_none()
    }

    /// Names the finding for as long as it stands: sixteen hexadecimal digits over the policy, the object with its
    /// environment, the path and the message. A file that moves, or a waiver, does not change it.
    pub fn id(&self) -> String {
        let object = &self.object;
        let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
        let parts = [
            self.rule.as_str(),
            group,
            &object.kind,
            &object.namespace,
            &object.name,
            object.environment.as_deref().unwrap_or_default(),
            self.path.as_deref().unwrap_or_default(),
            &self.message,
        ];
        // No part can hold what stands between them.
        Digest::of(parts.join("\0").as_bytes()).hex().chars().take(16).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Finding;
    use serde_json::json;

    #[test]
    fn a_waived_finding_does_not_block_and_one_without_a_waiver_is_written_as_before() {
        let written = json!({"policy": "Limits", "rule": "r", "severity": "high", "enforcement": "deny",
            "outcome": {"type": "violation"}, "object": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
            "message": "no limits"});
        let mut finding: Finding = serde_json::from_value(written.clone()).unwrap();
        assert!(finding.blocks());
        assert_eq!(serde_json::to_value(&finding).unwrap(), written);
        let waived =
            json!({"id": "w1", "until": "2030-01-01T00:00:00Z", "reason": "the vendor mends it in May"});
        let id = finding.id();
        finding.waiver = Some(serde_json::from_value(waived).unwrap());
        assert!(!finding.blocks());
        assert_eq!(finding.id(), id, "a waiver does not make it another finding");
        finding.object.environment = Some("production".to_owned());
        assert_ne!(finding.id(), id, "elsewhere it is another one");
    }
}
