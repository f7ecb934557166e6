//! Policies, compiled together.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Enforcement, Severity};
use serde_json::Value;

use crate::admission_policy::{AdmissionPolicies, AdmissionPolicyDocuments};
use crate::constraint::{Constraint, GROUP};
use crate::gatekeeper::GatekeeperPolicies;
use crate::kyverno::KyvernoPolicies;
use crate::patch::PatchTemplate;
use crate::template::{Template, at};
use crate::vpol_set::CelPolicies;

/// A ConstraintTemplate, a Constraint, a ValidatingAdmissionPolicy or its binding, or a policy or exception of
/// Kyverno.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument {
    /// The object.
    pub value: Value,
    /// Where it comes from, for people.
    pub file: Option<String>,
}

/// An object that policies look at.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyObject {
    /// The object; an `AdmissionReview` stands for the object in it.
    pub value: Value,
    /// The file that holds it, when known.
    pub file: Option<String>,
    /// Where it is headed, when known.
    pub environment: Option<String>,
}

/// What a policy is, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyInfo {
    /// Kind and name of the constraint, for example `K8sContainerLimits/container-limits`.
    pub name: String,
    /// For people.
    pub title: String,
    /// Why it exists.
    pub why: Option<String>,
    /// What passes and what does not, in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// How to mend what it finds.
    pub fix: Option<String>,
    /// The address of its own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    /// The controls of standards that it serves, for example `CIS-K8s 5.2.1`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// How bad a violation is.
    pub severity: Severity,
    /// What follows from a violation.
    pub enforcement: Enforcement,
    /// The name of its ConstraintTemplate.
    pub template: String,
    /// The name of its constraint.
    pub constraint: String,
    /// Where the constraint comes from.
    pub file: Option<String>,
    /// What mends a violation, where that is mechanical.
    #[serde(skip)]
    pub(crate) patch: Option<PatchTemplate>,
}

impl PolicyInfo {
    /// Whether it offers a patch for every violation. Single violations may bring their own.
    pub fn offers_patch(&self) -> bool {
        self.patch.is_some()
    }
}

/// Policies, compiled once. Evaluations share it and do not change it.
#[derive(Default)]
pub struct PolicySet {
    infos: Vec<PolicyInfo>,
    pub(crate) gatekeeper: GatekeeperPolicies,
    pub(crate) kyverno: KyvernoPolicies,
    pub(crate) admission: AdmissionPolicies,
    pub(crate) cel: CelPolicies,
}

impl PolicySet {
    /// Compiles templates and the constraints that use them. A template that does not compile is reported, and
    /// whatever its constraints are about will not count as evaluated; everything else works. Documents of
    /// other kinds are passed over.
    pub fn compile(documents: Vec<PolicyDocument>) -> (Self, Vec<Diagnostic>) {
        let mut problems = Vec::new();
        let mut templates: BTreeMap<String, Template> = BTreeMap::new();
        let mut constraints = Vec::new();
        let mut rules = BTreeSet::new();
        let kinds: BTreeSet<String> = documents.iter().filter_map(defined_kind).collect();
        let mut kyverno = KyvernoPolicies::default();
        let mut admission = AdmissionPolicyDocuments::among(&documents);
        let mut cel = CelPolicies::default();
        for document in documents {
            let document = &document;
            let is_taken = admission.take(document)
                || cel.take(document, &mut problems)
                || kyverno.take(document, &mut problems);
            if is_taken {
                continue;
            }
            let text = |key: &str| document.value.get(key).and_then(Value::as_str).unwrap_or_default();
            if text("kind") == "ConstraintTemplate"
                && text("apiVersion").starts_with("templates.gatekeeper.sh/")
            {
                let Some(template) = Template::read(document, &mut problems) else { continue };
                if templates.contains_key(&template.kind) {
                    let message =
                        format!("a second ConstraintTemplate defines {}; it is passed over", template.kind);
                    problems.push(at(document, Diagnostic::error("policy-duplicate", message)));
                    continue;
                }
                templates.insert(template.kind.clone(), template);
            } else if text("apiVersion").starts_with(GROUP) {
                let Some(constraint) = Constraint::read(document, &mut problems) else { continue };
                if !rules.insert(constraint.rule()) {
                    let message =
                        format!("a second constraint is called {}; it is passed over", constraint.rule());
                    problems.push(at(document, Diagnostic::error("policy-duplicate", message)));
                    continue;
                }
                if !kinds.contains(&constraint.kind) {
                    let message = format!("no ConstraintTemplate defines the kind {}", constraint.kind);
                    problems.push(
                        at(document, Diagnostic::error("policy-constraint", message))
                            .with_hint("add the template, or remove the constraint"),
                    );
                }
                constraints.push(constraint);
            }
        }
        constraints.sort_by_key(Constraint::rule);
        kyverno.settle();
        cel.settle();
        let gatekeeper = GatekeeperPolicies::assemble(&templates, constraints);
        let admission = admission.compile(&mut problems);
        let infos = gatekeeper.infos().chain(kyverno.infos()).chain(admission.infos()).chain(cel.infos());
        (Self { infos: infos.cloned().collect(), gatekeeper, kyverno, admission, cel }, problems)
    }

    /// What the policies are, by name.
    pub fn policies(&self) -> &[PolicyInfo] {
        &self.infos
    }

    /// Whether there is no policy at all, so that "no findings" would mean nothing.
    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }
}

/// The kind that a ConstraintTemplate defines.
fn defined_kind(document: &PolicyDocument) -> Option<String> {
    let text = |pointer: &str| document.value.pointer(pointer).and_then(Value::as_str);
    (text("/kind") == Some("ConstraintTemplate"))
        .then(|| text("/spec/crd/spec/names/kind"))?
        .map(str::to_owned)
}
