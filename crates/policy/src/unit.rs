//! Units: policies that have to be compiled together, and nothing else with them. A change of one unit says nothing
//! about the others, so only its own verdicts are asked for again.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::{Digest, canonical};
use serde_json::Value;

use crate::constraint::GROUP as CONSTRAINTS;
use crate::kyverno::wildcard;
use crate::set::PolicyDocument;
use crate::template::text;
use crate::unit_reach::{kinds_of, others_of};
use crate::vpol::GROUP as CEL_POLICIES;

/// Policies that depend on one another: a template with its constraints, a policy with its bindings, parameters or
/// exceptions.
#[derive(Clone, Debug)]
pub struct PolicyUnit {
    /// What holds it together, for example `template/K8sRequiredLabels`. Unique among the units of one division.
    pub key: String,
    /// The documents, in the order they came in.
    pub documents: Vec<PolicyDocument>,
    /// Of what the documents say, wherever they come from.
    pub digest: Digest,
    /// Words for kinds and resources that it can be about, in lower case; `None` for any.
    kinds: Option<BTreeSet<String>>,
    others: OtherObjects,
}

/// Which other objects a verdict about an object can depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherObjects {
    /// None: equal objects have equal verdicts.
    None,
    /// The namespace that the object is in.
    Namespaces,
    /// Objects of these kinds and resources, in lower case.
    Kinds(BTreeSet<String>),
    /// Any.
    Any,
}

impl OtherObjects {
    /// Whether an object of this kind is among them.
    pub fn include(&self, kind: &str) -> bool {
        match self {
            Self::None => false,
            Self::Namespaces => kind == "Namespace",
            Self::Kinds(kinds) => kind == "Namespace" || named(kinds, kind),
            Self::Any => true,
        }
    }
}

fn named(words: &BTreeSet<String>, kind: &str) -> bool {
    words.contains(&kind.to_ascii_lowercase()) || words.contains(&crate::resource_name::resource(kind))
}

impl PolicyUnit {
    /// Divides policies into units, in the order of their keys. All units together find what all policies together
    /// find. Documents that are no policies are left out.
    pub fn divide(documents: &[PolicyDocument]) -> Vec<Self> {
        let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (position, document) in documents.iter().enumerate() {
            if let Some(key) = key_of(&document.value) {
                members.entry(key).or_default().push(position);
            }
        }
        for (position, document) in documents.iter().enumerate() {
            let joined: Vec<String> = members
                .iter()
                .filter(|(_, inside)| !inside.contains(&position))
                .filter(|(_, inside)| {
                    inside
                        .iter()
                        .filter_map(|it| documents.get(*it))
                        .any(|it| belongs(&document.value, &it.value))
                })
                .map(|(key, _)| key.clone())
                .collect();
            if joined.is_empty() && is_exception(&document.value) {
                members
                    .entry(format!("exception/{}", full_name(&document.value)))
                    .or_default()
                    .push(position);
            }
            for key in joined {
                members.entry(key).or_default().push(position);
            }
        }
        members
            .into_iter()
            .map(|(key, mut positions)| {
                positions.sort_unstable();
                positions.dedup();
                Self::new(key, positions.into_iter().filter_map(|it| documents.get(it)).cloned().collect())
            })
            .collect()
    }

    fn new(key: String, documents: Vec<PolicyDocument>) -> Self {
        let values: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
        let digest = canonical::digest(&values).unwrap_or_else(|| Digest::of(b""));
        let (kinds, others) = (kinds_of(&values), others_of(&values));
        Self { key, documents, digest, kinds, others }
    }

    /// Whether it can be about objects of a kind; it may still not be.
    pub fn may_concern(&self, kind: &str) -> bool {
        // A review stands for the object in it.
        kind == "AdmissionReview" || self.kinds.as_ref().is_none_or(|words| named(words, kind))
    }

    /// What its verdict about an object can depend on, besides the object.
    pub const fn other_objects(&self) -> &OtherObjects {
        &self.others
    }
}

fn full_name(value: &Value) -> String {
    let name = text(value, "/metadata/name").unwrap_or_default();
    match text(value, "/metadata/namespace") {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

fn is_exception(value: &Value) -> bool {
    text(value, "/kind") == Some("PolicyException")
        && text(value, "/apiVersion")
            .is_some_and(|version| version.starts_with("kyverno.io/") || version.starts_with(CEL_POLICIES))
}

/// The unit that a document is in by itself.
fn key_of(value: &Value) -> Option<String> {
    let (version, kind) = (text(value, "/apiVersion")?, text(value, "/kind")?);
    if is_exception(value) {
        return None;
    }
    if kind == "ConstraintTemplate" && version.starts_with("templates.gatekeeper.sh/") {
        return Some(match text(value, "/spec/crd/spec/names/kind") {
            Some(defined) => format!("template/{defined}"),
            None => format!("template-without-kind/{}", full_name(value)),
        });
    }
    if version.starts_with(CONSTRAINTS) {
        return Some(format!("template/{kind}"));
    }
    if version.starts_with("admissionregistration.k8s.io/") {
        return match kind {
            "ValidatingAdmissionPolicy" => Some(format!("admission/{}", text(value, "/metadata/name")?)),
            "ValidatingAdmissionPolicyBinding" => {
                Some(format!("admission/{}", text(value, "/spec/policyName").unwrap_or_default()))
            }
            _ => None,
        };
    }
    if version.starts_with("kyverno.io/") {
        // A ClusterPolicy has no namespace, whatever is written there.
        let name = match kind {
            "Policy" => {
                let namespace = text(value, "/metadata/namespace").unwrap_or("default");
                format!("{namespace}/{}", text(value, "/metadata/name").unwrap_or_default())
            }
            _ => text(value, "/metadata/name").unwrap_or_default().to_owned(),
        };
        return Some(format!("kyverno/{name}"));
    }
    version.starts_with(CEL_POLICIES).then(|| format!("cel/{kind}/{}", full_name(value)))
}

/// Whether a document has to stand beside a policy: parameters of its kind, exceptions from it.
fn belongs(value: &Value, policy: &Value) -> bool {
    let parameter = |key: &str| text(policy, &format!("/spec/paramKind/{key}"));
    if let (Some(version), Some(kind)) = (parameter("apiVersion"), parameter("kind")) {
        return text(value, "/apiVersion") == Some(version) && text(value, "/kind") == Some(kind);
    }
    if !is_exception(value) {
        return false;
    }
    let of = text(policy, "/apiVersion").unwrap_or_default();
    let list = |pointer: &str| value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    if text(value, "/apiVersion").is_some_and(|version| version.starts_with(CEL_POLICIES)) {
        let name = text(policy, "/metadata/name");
        return of.starts_with(CEL_POLICIES)
            && list("/spec/policyRefs").any(|reference| text(reference, "/name") == name);
    }
    let Some(name) = key_of(policy).and_then(|key| key.strip_prefix("kyverno/").map(str::to_owned)) else {
        return false;
    };
    list("/spec/exceptions")
        .filter_map(|item| text(item, "/policyName"))
        .any(|wanted| wildcard::fits(wanted, &name))
}
