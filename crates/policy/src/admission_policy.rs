//! Kubernetes' own policies: ValidatingAdmissionPolicy and the bindings that put it to use.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::Diagnostic;
use fairway_domain::finding::Enforcement;
use serde_json::Value;

use crate::admission_match::{Constraints, Subject};
use crate::cel::{RuleVerdict, Rules, RulesSource};
use crate::evaluation::Harvest;
use crate::explanation::Explanation;
use crate::finding::{Words, not_evaluated, violation};
use crate::known::{Around, KnownObjects};
use crate::matching::{Matching, Namespaces, selects};
use crate::review::Review;
use crate::set::{PolicyDocument, PolicyInfo};
use crate::template::{at, text};

/// The group of these policies.
const GROUP: &str = "admissionregistration.k8s.io/";

/// Policies and bindings as documents come in.
#[derive(Default)]
pub(crate) struct AdmissionPolicyDocuments {
    policies: Vec<PolicyDocument>,
    bindings: Vec<PolicyDocument>,
    parameters: Vec<Value>,
    /// Version and kind of what policies take as parameters.
    parameter_kinds: BTreeSet<(String, String)>,
}

fn parameter_kind(policy: &Value) -> Option<(String, String)> {
    let part = |key: &str| text(policy, &format!("/spec/paramKind/{key}")).map(str::to_owned);
    part("apiVersion").zip(part("kind"))
}

impl AdmissionPolicyDocuments {
    /// Looks at all documents for what policies take as parameters, which may stand before them.
    pub(crate) fn among(documents: &[PolicyDocument]) -> Self {
        let parameter_kinds =
            documents.iter().filter_map(|document| parameter_kind(&document.value)).collect();
        Self { parameter_kinds, ..Self::default() }
    }

    /// Takes a document when it is one of these, and says whether it did.
    pub(crate) fn take(&mut self, document: &PolicyDocument) -> bool {
        let (Some(version), Some(kind)) =
            (text(&document.value, "/apiVersion"), text(&document.value, "/kind"))
        else {
            return false;
        };
        if self.parameter_kinds.contains(&(version.to_owned(), kind.to_owned())) {
            self.parameters.push(document.value.clone());
        }
        if !version.starts_with(GROUP) {
            return false;
        }
        match kind {
            "ValidatingAdmissionPolicy" => self.policies.push(document.clone()),
            "ValidatingAdmissionPolicyBinding" => self.bindings.push(document.clone()),
            _ => return false,
        }
        true
    }

    /// Compiles policies with their bindings.
    pub(crate) fn compile(self, problems: &mut Vec<Diagnostic>) -> AdmissionPolicies {
        let mut policies: BTreeMap<String, Policy> = BTreeMap::new();
        for document in &self.policies {
            let Some(policy) = Policy::read(document, problems) else { continue };
            if policies.contains_key(&policy.name) {
                let message = format!(
                    "a second ValidatingAdmissionPolicy is called {}; it is passed over",
                    policy.name
                );
                problems.push(at(document, Diagnostic::error("policy-duplicate", message)));
                continue;
            }
            policies.insert(policy.name.clone(), policy);
        }
        let mut bound = Vec::new();
        for document in &self.bindings {
            let name = text(&document.value, "/metadata/name").unwrap_or_default();
            let policy = text(&document.value, "/spec/policyName").unwrap_or_default();
            let Some(policy) = policies.get(policy) else {
                let message = format!(
                    "the binding \"{name}\" is of the ValidatingAdmissionPolicy \"{policy}\", which is not there"
                );
                problems.push(
                    at(document, Diagnostic::error("policy-binding", message))
                        .with_hint("add the policy, or remove the binding"),
                );
                continue;
            };
            bound.push(Bound::read(policy, document, problems));
        }
        for policy in policies.values() {
            if !bound.iter().any(|it: &Bound| it.policy.name == policy.name) {
                let message = format!(
                    "no ValidatingAdmissionPolicyBinding uses the policy \"{}\", so it has no effect",
                    policy.name
                );
                problems.push(
                    at(&policy.document, Diagnostic::warning("policy-binding", message))
                        .with_hint("add a binding with its name in spec.policyName"),
                );
            }
        }
        bound.sort_by_key(Bound::rule);
        bound.dedup_by_key(|it| it.rule());
        let infos = bound.iter().map(Bound::info).collect();
        AdmissionPolicies { bound, infos, parameters: self.parameters }
    }
}

/// Compiled policies, each with one of its bindings.
#[derive(Default)]
pub(crate) struct AdmissionPolicies {
    bound: Vec<Bound>,
    /// What the policies are, one for each.
    infos: Vec<PolicyInfo>,
    /// Objects that stand beside the policies and are of a kind that some policy takes parameters of.
    parameters: Vec<Value>,
}

#[derive(Clone)]
struct Policy {
    name: String,
    document: PolicyDocument,
    constraints: Constraints,
    rules: Result<Rules, String>,
    parameter_kind: Option<(String, String)>,
    ignores_failure: bool,
    explanation: Explanation,
}

impl Policy {
    fn read(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let value = &document.value;
        let Some(name) = text(value, "/metadata/name") else {
            let message = "a ValidatingAdmissionPolicy needs metadata.name";
            problems.push(at(document, Diagnostic::error("policy-admission", message)));
            return None;
        };
        let place = format!("{}#spec", document.file.as_deref().unwrap_or(name));
        let spec = |key: &str| value.pointer(&format!("/spec/{key}"));
        let source = RulesSource {
            place: &place,
            match_conditions: spec("matchConditions"),
            variables: spec("variables"),
            validations: spec("validations"),
            audit_annotations: spec("auditAnnotations"),
            ..RulesSource::default()
        };
        let rules = Rules::compile(&source).map_err(|found| {
            let reason = found.first().map(|problem| problem.message.clone()).unwrap_or_default();
            problems.extend(found);
            reason
        });
        Some(Self {
            name: name.to_owned(),
            constraints: Constraints::read(spec("matchConstraints")),
            rules,
            parameter_kind: parameter_kind(value),
            ignores_failure: text(value, "/spec/failurePolicy") == Some("Ignore"),
            explanation: Explanation::read(document, problems),
            document: document.clone(),
        })
    }

    fn is_parameter(&self, object: &Value) -> bool {
        self.parameter_kind.as_ref().is_some_and(|(version, kind)| {
            text(object, "/apiVersion") == Some(version.as_str())
                && text(object, "/kind") == Some(kind.as_str())
        })
    }
}

struct Bound {
    policy: Policy,
    name: String,
    file: Option<String>,
    constraints: Constraints,
    reference: Option<Value>,
    enforcement: Enforcement,
}

/// The parameters that a binding finds.
enum Parameters<'p> {
    /// The policy takes none.
    None,
    Found(Vec<&'p Value>),
    /// It takes some, and there are none, with the reason.
    Missing(String),
}

impl Bound {
    fn read(policy: &Policy, document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Self {
        let value = &document.value;
        let actions = value.pointer("/spec/validationActions").and_then(Value::as_array);
        let mut enforcement = None;
        for action in actions.into_iter().flatten().filter_map(Value::as_str) {
            let own = match action {
                "Deny" => Enforcement::Deny,
                "Warn" => Enforcement::Warn,
                "Audit" => Enforcement::Dryrun,
                other => {
                    let message =
                        format!("the validationAction \"{other}\" is unknown, and is taken as Deny");
                    problems.push(
                        at(document, Diagnostic::error("policy-binding", message))
                            .with_hint("use Deny, Warn or Audit"),
                    );
                    Enforcement::Deny
                }
            };
            enforcement = enforcement.max(Some(own));
        }
        Self {
            policy: policy.clone(),
            name: text(value, "/metadata/name").unwrap_or_default().to_owned(),
            file: document.file.clone(),
            constraints: Constraints::read(value.pointer("/spec/matchResources")),
            reference: value.pointer("/spec/paramRef").cloned(),
            enforcement: enforcement.unwrap_or(Enforcement::Deny),
        }
    }

    fn rule(&self) -> String {
        format!("ValidatingAdmissionPolicy/{}/{}", self.policy.name, self.name)
    }

    fn info(&self) -> PolicyInfo {
        let words = &self.policy.explanation;
        PolicyInfo {
            title: words.title.clone().unwrap_or_else(|| self.policy.name.clone()),
            enforcement: self.enforcement,
            template: self.policy.name.clone(),
            constraint: self.name.clone(),
            file: self.file.clone().or_else(|| self.policy.document.file.clone()),
            ..words.info(self.rule())
        }
    }

    fn matches(&self, subject: &Subject<'_>, known: &impl Namespaces) -> Matching {
        match self.policy.constraints.matches(subject, known, false) {
            Matching::No => Matching::No,
            first => match self.constraints.matches(subject, known, true) {
                Matching::Yes => first,
                other => other,
            },
        }
    }

    /// `paramRef`: by name or selector, in its namespace or in that of the object.
    fn parameters<'p>(
        &self,
        subject: &Subject<'_>,
        beside: &'p [Value],
        known: &'p KnownObjects<'p>,
    ) -> Parameters<'p> {
        let Some((version, kind)) = &self.policy.parameter_kind else { return Parameters::None };
        let Some(reference) = &self.reference else {
            return Parameters::Missing(format!(
                "the policy takes parameters, and the binding \"{}\" has no paramRef",
                self.name
            ));
        };
        let namespace = text(reference, "/namespace").unwrap_or(subject.namespace);
        let name = text(reference, "/name");
        let selector = reference.get("selector");
        let found: Vec<&Value> = beside
            .iter()
            .filter(|object| self.policy.is_parameter(object))
            .chain(known.of_kind(version, kind))
            // Parameters of the cluster have no namespace, wherever the object is.
            .filter(|object| text(object, "/metadata/namespace").is_none_or(|own| own == namespace))
            .filter(|object| match name {
                Some(name) => text(object, "/metadata/name") == Some(name),
                None => selector.is_some_and(|selector| {
                    selects(selector, object.pointer("/metadata/labels").and_then(Value::as_object))
                }),
            })
            .collect();
        if found.is_empty() {
            let wanted = name.map_or_else(|| "by selector".to_owned(), |name| format!("\"{name}\""));
            return Parameters::Missing(format!(
                "its parameters ({kind} of {version}, {wanted}) are not known here"
            ));
        }
        Parameters::Found(found)
    }
}

impl AdmissionPolicies {
    /// What the policies are.
    pub(crate) fn infos(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.infos.iter()
    }

    /// Whether there is no policy that is bound.
    pub(crate) fn is_empty(&self) -> bool {
        self.bound.is_empty()
    }

    /// What the policies find in an object.
    pub(crate) fn evaluate(&self, review: &Review<'_>, around: Around<'_>, harvest: &mut Harvest) {
        if self.bound.is_empty() {
            return;
        }
        let subject = Subject::of(review);
        let mut request = None;
        for (bound, info) in self.bound.iter().zip(&self.infos) {
            let words = Words { info, review, enforcement: bound.enforcement };
            // A policy that ignores failures lets the object in, and the failure is shown.
            let lenient = words.enforcement.min(Enforcement::Warn);
            let doubt = if bound.policy.ignores_failure { lenient } else { words.enforcement };
            let unsure = Words { enforcement: doubt, ..words };
            let rules = match (bound.matches(&subject, &around), &bound.policy.rules) {
                (Matching::No, _) => continue,
                (Matching::Unknown(reason), _) => Err(reason),
                (Matching::Yes, Err(reason)) => Err(format!("the policy does not compile: {reason}")),
                (Matching::Yes, Ok(rules)) => Ok(rules),
            };
            let given = rules.and_then(|rules| {
                Ok((
                    rules,
                    match bound.parameters(&subject, &self.parameters, around.known) {
                        Parameters::None => vec![None],
                        Parameters::Found(found) => found.into_iter().map(Some).collect(),
                        Parameters::Missing(reason) => return Err(reason),
                    },
                ))
            });
            let (rules, given) = match given {
                Ok(given) => given,
                Err(reason) => {
                    harvest.findings.push(not_evaluated(unsure, reason));
                    continue;
                }
            };
            let request = request.get_or_insert_with(|| review.admission_request());
            for parameters in given {
                let mut bindings = review.bindings(around.object(subject.namespace));
                bindings.set("request", request);
                if let Some(parameters) = parameters {
                    bindings.set("params", parameters);
                }
                let verdicts = rules.evaluate(&bindings);
                for verdict in verdicts.rules {
                    match verdict {
                        RuleVerdict::Passed | RuleVerdict::Skipped { .. } => {}
                        RuleVerdict::Failed { message } => harvest.findings.push(violation(words, &message)),
                        RuleVerdict::Error { reason } => harvest.findings.push(not_evaluated(unsure, reason)),
                    }
                }
                for (key, value) in verdicts.audit_annotations {
                    harvest.annotations.push((bound.policy.name.clone(), key, value));
                }
            }
        }
    }
}

/// Looks up namespaces themselves.
pub(crate) trait NamespaceObjects {
    fn object(&self, name: &str) -> Option<&Value>;
}
