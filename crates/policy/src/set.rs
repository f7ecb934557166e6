//! Policies, compiled together, and their findings over objects.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Enforcement, Finding, Severity};
use serde_json::{Map, Value};

use crate::admission_policy::{AdmissionPolicies, AdmissionPolicyDocuments, NamespaceObjects};
use crate::cel_template::CelTemplate;
use crate::constraint::{Constraint, GROUP};
use crate::finding::{Words, not_evaluated};
use crate::inventory::inventory;
use crate::kyverno::KyvernoPolicies;
use crate::locate::locate;
use crate::matching::{Matching, Namespaces, matches};
use crate::patch::PatchTemplate;
use crate::rego::{Program, Verdict};
use crate::review::Review;
use crate::template::{Code, Template, at};
use crate::vpol_set::CelPolicies;

/// The most findings of one policy about one object.
const MAX_FINDINGS: usize = 100;

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

struct Policy {
    constraint: Constraint,
    /// Its template, or why it has none that works.
    template: Result<Engine, String>,
}

/// Where the program of a template stands.
#[derive(Clone)]
enum Engine {
    /// A position among the programs in Rego.
    Rego(usize),
    Cel(Box<CelTemplate>),
}

/// Policies, compiled once. Evaluations share it and do not change it.
#[derive(Default)]
pub struct PolicySet {
    programs: Vec<Program>,
    policies: Vec<Policy>,
    infos: Vec<PolicyInfo>,
    kyverno: KyvernoPolicies,
    admission: AdmissionPolicies,
    cel: CelPolicies,
}

/// The namespaces among the objects, by name.
struct KnownNamespaces<'a>(BTreeMap<&'a str, &'a Value>);

impl NamespaceObjects for KnownNamespaces<'_> {
    fn object(&self, name: &str) -> Option<&Value> {
        self.0.get(name).copied()
    }
}

impl Namespaces for KnownNamespaces<'_> {
    fn labels(&self, namespace: &str) -> Option<&Map<String, Value>> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        let object = self.0.get(namespace)?;
        Some(object.pointer("/metadata/labels").and_then(Value::as_object).unwrap_or(&NONE))
    }
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
        let mut set = Self::assemble(&templates, constraints);
        set.infos.extend(kyverno.infos());
        set.kyverno = kyverno;
        set.admission = admission.compile(&mut problems);
        set.infos.extend(set.admission.infos());
        set.infos.extend(cel.infos());
        set.cel = cel;
        (set, problems)
    }

    fn assemble(templates: &BTreeMap<String, Template>, constraints: Vec<Constraint>) -> Self {
        let mut set = Self::default();
        let mut engines: BTreeMap<&str, Engine> = BTreeMap::new();
        for (kind, template) in templates {
            let engine = match &template.code {
                Ok(Code::Rego(program)) => {
                    set.programs.push((**program).clone());
                    Engine::Rego(set.programs.len() - 1)
                }
                Ok(Code::Cel(template)) => Engine::Cel(template.clone()),
                Err(_) => continue,
            };
            engines.insert(kind, engine);
        }
        for constraint in constraints {
            let template = templates.get(&constraint.kind);
            let own = constraint.explanation.clone();
            let words =
                template.map_or_else(|| own.clone(), |template| own.clone().or(&template.explanation));
            set.infos.push(PolicyInfo {
                title: words.title.clone().unwrap_or_else(|| constraint.kind.clone()),
                enforcement: constraint.enforcement,
                template: template
                    .map_or_else(|| constraint.kind.to_lowercase(), |template| template.name.clone()),
                constraint: constraint.name.clone(),
                file: constraint.file.clone(),
                ..words.info(constraint.rule())
            });
            let template = match template.map(|template| &template.code) {
                None => Err(format!("no ConstraintTemplate defines the kind {}", constraint.kind)),
                Some(Err(reason)) => Err(format!("its template does not compile: {reason}")),
                Some(Ok(_)) => engines
                    .get(constraint.kind.as_str())
                    .cloned()
                    .ok_or_else(|| format!("no ConstraintTemplate defines the kind {}", constraint.kind)),
            };
            set.policies.push(Policy { constraint, template });
        }
        set
    }

    /// What the policies are, by name.
    pub fn policies(&self) -> &[PolicyInfo] {
        &self.infos
    }

    /// Whether there is no policy at all, so that "no findings" would mean nothing.
    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// Evaluates every policy on every object that it is about. All objects together are the inventory that
    /// policies may look at. The strictest findings come first.
    pub fn evaluate(&self, objects: &[PolicyObject]) -> Vec<Finding> {
        let reviews: Vec<Review<'_>> = objects.iter().map(Review::new).collect();
        let inputs: Vec<regorus::Value> =
            reviews.iter().map(|review| regorus::Value::from(review.value.clone())).collect();
        let namespaces = namespaces_of(&reviews);
        let mut inventory_value = None;
        let mut programs: BTreeMap<usize, Program> = BTreeMap::new();
        let mut findings = BTreeSet::new();
        for (policy, info) in self.policies.iter().zip(&self.infos) {
            let parameters = regorus::Value::from(policy.constraint.parameters.clone());
            // After one evaluation that did not end, the others of this policy are not even begun.
            let mut gave_up = false;
            for (review, input) in reviews.iter().zip(&inputs) {
                let unknown = match matches(&policy.constraint.criteria, review, &namespaces) {
                    Matching::No => continue,
                    Matching::Yes => None,
                    Matching::Unknown(reason) => Some(reason),
                };
                let verdict = match (&policy.template, unknown) {
                    (_, Some(reason)) => Verdict::Failed(reason),
                    (Err(reason), None) => Verdict::Failed(reason.clone()),
                    (Ok(_), None) if gave_up => Verdict::TimedOut,
                    (Ok(Engine::Cel(template)), None) => {
                        let namespace = namespaces.0.get(review.reference.namespace.as_str()).copied();
                        for verdict in template.evaluate(review, namespace, &policy.constraint.document) {
                            findings.extend(findings_of(verdict, info, review));
                        }
                        continue;
                    }
                    (Ok(Engine::Rego(position)), None) => {
                        match self.program(*position, &mut programs, || {
                            inventory_value
                                .get_or_insert_with(|| {
                                    regorus::Value::from(inventory(
                                        reviews.iter().map(|review| review.object),
                                    ))
                                })
                                .clone()
                        }) {
                            Ok(program) => program.evaluate(request(input, &parameters)),
                            Err(reason) => Verdict::Failed(reason),
                        }
                    }
                };
                gave_up |= matches!(verdict, Verdict::TimedOut);
                findings.extend(findings_of(verdict, info, review));
            }
        }
        findings.extend(self.kyverno.evaluate(&reviews, &namespaces));
        findings.extend(self.admission.evaluate(&reviews, &namespaces));
        findings.extend(self.cel.evaluate(&reviews, &namespaces));
        let mut findings: Vec<Finding> = findings.into_iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse((finding.enforcement, finding.severity)));
        findings
    }

    /// The working copy of a program, with the inventory where it reads it.
    fn program<'p>(
        &self,
        position: usize,
        programs: &'p mut BTreeMap<usize, Program>,
        inventory: impl FnOnce() -> regorus::Value,
    ) -> Result<&'p mut Program, String> {
        match programs.entry(position) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let mut program = self.programs.get(position).ok_or("the program is missing")?.clone();
                if program.needs_inventory {
                    program.set_inventory(inventory())?;
                }
                Ok(entry.insert(program))
            }
        }
    }
}

/// The kind that a ConstraintTemplate defines.
fn defined_kind(document: &PolicyDocument) -> Option<String> {
    let text = |pointer: &str| document.value.pointer(pointer).and_then(Value::as_str);
    (text("/kind") == Some("ConstraintTemplate"))
        .then(|| text("/spec/crd/spec/names/kind"))?
        .map(str::to_owned)
}

fn namespaces_of<'a>(reviews: &[Review<'a>]) -> KnownNamespaces<'a> {
    KnownNamespaces(
        reviews
            .iter()
            .filter(|review| review.reference.kind == "Namespace" && review.group.is_empty())
            .filter_map(|review| Some((review.object.pointer("/metadata/name")?.as_str()?, review.object)))
            .collect(),
    )
}

/// `input`: the review and the parameters.
fn request(review: &regorus::Value, parameters: &regorus::Value) -> regorus::Value {
    let members = [("review", review), ("parameters", parameters)];
    let map: BTreeMap<regorus::Value, regorus::Value> =
        members.into_iter().map(|(key, value)| (regorus::Value::from(key), value.clone())).collect();
    regorus::Value::from(map)
}

fn findings_of(verdict: Verdict, info: &PolicyInfo, review: &Review<'_>) -> Vec<Finding> {
    let words = Words { info, review, enforcement: info.enforcement };
    let not_evaluated = |reason: String| vec![not_evaluated(words, reason)];
    match verdict {
        Verdict::Failed(reason) => not_evaluated(reason),
        Verdict::TimedOut => not_evaluated("the policy did not come to an end within its time".to_owned()),
        Verdict::Violations(violations) => violations
            .iter()
            .take(MAX_FINDINGS)
            .map(|violation| {
                let message = match violation.get("msg") {
                    Some(Value::String(message)) => message.clone(),
                    Some(other) => other.to_string(),
                    None => violation.to_string(),
                };
                let details = violation.get("details");
                let path = locate(review.object, details, &message);
                let own = details.and_then(|details| details.get("patch"));
                let own = own.and_then(|patch| PatchTemplate::of(patch).ok());
                words.violation(&message, path, own.as_ref())
            })
            .collect(),
    }
}
