//! Kyverno's policies in CEL: ValidatingPolicy and MutatingPolicy, and their exceptions.

use fairway_domain::Diagnostic;
use fairway_domain::finding::Enforcement;
use serde_json::Value;

use crate::admission_match::{Constraints, Subject};
use crate::cel::{Bindings, Rules, RulesSource, Supplied, Verdicts};
use crate::explanation::Explanation;
use crate::matching::{Matching, Namespaces};
use crate::review::Review;
use crate::set::{PolicyDocument, PolicyInfo};
use crate::template::{at, text};
use crate::vpol_autogen::{CONTROLLERS, is_about_pods, rewritten, wanted};
use crate::vpol_exception::{Excepted, Exceptions, NONE};
use crate::vpol_mutate::Mutations;

/// The group of these policies.
pub(crate) const GROUP: &str = "policies.kyverno.io/";

/// What a policy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Validate,
    Mutate,
}

/// A policy for pods, or the same for what makes pods.
#[derive(Clone, Debug)]
struct Variant {
    constraints: Constraints,
    compiled: Result<(Rules, Mutations), String>,
}

/// A policy, compiled.
#[derive(Clone, Debug)]
pub(crate) struct CelPolicy {
    pub(crate) name: String,
    kind: String,
    pub(crate) purpose: Purpose,
    /// The namespace that a namespaced policy is for.
    namespace: Option<String>,
    variants: Vec<Variant>,
    /// Whether it looks at any JSON, which has no kind.
    any_json: bool,
    pub(crate) enforcement: Enforcement,
    pub(crate) ignores_failure: bool,
    /// Whether it is asked at admission.
    pub(crate) is_for_admission: bool,
    explanation: Explanation,
    file: Option<String>,
}

/// What surrounds an object.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'s> {
    /// The namespace that the object is in, when known.
    pub(crate) namespace: Option<&'s Value>,
    /// The request as expressions see it.
    pub(crate) request: &'s Value,
    pub(crate) supplied: Supplied<'s>,
    pub(crate) exceptions: &'s Exceptions,
}

/// What a policy says of one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// One for each validation.
    Verdicts(Verdicts),
    /// The object after the mutations.
    Mutated(Value),
    Error(String),
    /// A condition that is false, or an exception that holds, by name.
    Skipped(String),
}

impl CelPolicy {
    /// Whether a document is such a policy.
    pub(crate) fn purpose(value: &Value) -> Option<Purpose> {
        if !text(value, "/apiVersion")?.starts_with(GROUP) {
            return None;
        }
        match text(value, "/kind")? {
            "ValidatingPolicy" | "NamespacedValidatingPolicy" => Some(Purpose::Validate),
            "MutatingPolicy" | "NamespacedMutatingPolicy" => Some(Purpose::Mutate),
            _ => None,
        }
    }

    /// Reads and compiles a policy. What is wrong is reported; the policy then says so of each object.
    pub(crate) fn read(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let value = &document.value;
        let purpose = Self::purpose(value)?;
        let kind = text(value, "/kind").unwrap_or_default();
        let Some(name) = text(value, "/metadata/name") else {
            let message = format!("a {kind} needs metadata.name");
            problems.push(at(document, Diagnostic::error("policy-kyverno", message)));
            return None;
        };
        let place = format!("{}#spec", document.file.as_deref().unwrap_or(name));
        let nothing = Value::Null;
        let spec = value.get("spec").unwrap_or(&nothing);
        let own = Constraints::read(spec.get("matchConstraints"));
        let (compiled, found) = compile(spec, &place, &[]);
        problems.extend(found);
        let mut variants = vec![Variant { constraints: own.clone(), compiled }];
        if is_about_pods(spec) && (purpose == Purpose::Validate || spec.get("autogen").is_some()) {
            for controllers in &CONTROLLERS {
                let resources = wanted(spec, controllers);
                if resources.is_empty() {
                    continue;
                }
                let spec = rewritten(spec, controllers.template);
                // What is wrong here is wrong above, and was reported there.
                let (compiled, _) = compile(&spec, &place, controllers.template);
                variants.push(Variant { constraints: own.about(controllers.group, &resources), compiled });
            }
        }
        Some(Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            purpose,
            namespace: kind
                .starts_with("Namespaced")
                .then(|| text(value, "/metadata/namespace").unwrap_or("default").to_owned()),
            variants,
            any_json: text(spec, "/evaluation/mode") == Some("JSON"),
            enforcement: enforcement(spec, document, problems),
            ignores_failure: text(spec, "/failurePolicy") == Some("Ignore"),
            is_for_admission: spec
                .pointer("/evaluation/admission/enabled")
                .and_then(Value::as_bool)
                .unwrap_or(true),
            explanation: Explanation::read(document, problems),
            file: document.file.clone(),
        })
    }

    /// The name that findings carry.
    pub(crate) fn label(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{}/{namespace}/{}", self.kind, self.name),
            None => format!("{}/{}", self.kind, self.name),
        }
    }

    /// What the policy is, for people.
    pub(crate) fn info(&self) -> PolicyInfo {
        PolicyInfo {
            title: self.explanation.title.clone().unwrap_or_else(|| self.name.clone()),
            enforcement: self.enforcement,
            template: self.kind.clone(),
            constraint: self.name.clone(),
            file: self.file.clone(),
            ..self.explanation.info(self.label())
        }
    }

    /// Which variant is about the object, if one is.
    fn variant(&self, subject: &Subject<'_>, known: &impl Namespaces) -> Result<Option<&Variant>, String> {
        if self.namespace.as_ref().is_some_and(|namespace| namespace != subject.namespace) {
            return Ok(None);
        }
        if self.any_json {
            return Ok(self.variants.first().filter(|_| subject.kind.is_empty()));
        }
        for variant in &self.variants {
            match variant.constraints.matches(subject, known, false) {
                Matching::Yes => return Ok(Some(variant)),
                Matching::No => {}
                Matching::Unknown(reason) => return Err(reason),
            }
        }
        Ok(None)
    }

    /// What the policy says of an object; `None` when it is not about it.
    pub(crate) fn answer<'s>(
        &self,
        review: &Review<'_>,
        subject: &Subject<'_>,
        known: &impl Namespaces,
        around: impl FnOnce() -> Surroundings<'s>,
    ) -> Option<Answer> {
        let variant = match self.variant(subject, known) {
            Ok(Some(variant)) => variant,
            Ok(None) => return None,
            Err(reason) => return Some(Answer::Error(reason)),
        };
        let (rules, mutations) = match &variant.compiled {
            Ok(compiled) => compiled,
            Err(reason) => return Some(Answer::Error(format!("the policy does not compile: {reason}"))),
        };
        let around = around();
        let granted;
        let mut bindings: Bindings<'_> = review.bindings(around.namespace);
        bindings.set("request", around.request);
        bindings.supply(around.supplied);
        match around.exceptions.except(&self.kind, &self.name, &bindings) {
            Ok(Excepted::No) => bindings.set("exceptions", &NONE),
            Ok(Excepted::Granted(values)) => {
                granted = values;
                bindings.set("exceptions", &granted);
            }
            Ok(Excepted::Skipped(name)) => return Some(Answer::Skipped(format!("the exception {name}"))),
            Err(reason) => return Some(Answer::Error(reason)),
        }
        Some(match self.purpose {
            Purpose::Validate => Answer::Verdicts(rules.evaluate(&bindings)),
            Purpose::Mutate => match rules.unmet(&bindings) {
                Ok(Some(condition)) => Answer::Skipped(condition),
                Err(reason) => Answer::Error(reason),
                Ok(None) => match mutations.apply(rules, review.object, &bindings) {
                    Ok(object) => Answer::Mutated(object),
                    Err(reason) => Answer::Error(reason),
                },
            },
        })
    }
}

/// Compiles the expressions; what is wrong is returned beside the reason that counts.
fn compile(
    spec: &Value,
    place: &str,
    template: &'static [&'static str],
) -> (Result<(Rules, Mutations), String>, Vec<Diagnostic>) {
    let source = RulesSource {
        place,
        match_conditions: spec.get("matchConditions"),
        variables: spec.get("variables"),
        validations: spec.get("validations"),
        audit_annotations: spec.get("auditAnnotations"),
        kyverno: true,
        ..RulesSource::default()
    };
    let compiled = Rules::compile(&source).and_then(|rules| {
        let mutations = Mutations::compile(&rules, spec, place, template)?;
        Ok((rules, mutations))
    });
    match compiled {
        Ok(compiled) => (Ok(compiled), Vec::new()),
        Err(problems) => {
            let reason = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
            (Err(reason), problems)
        }
    }
}

/// `validationActions`; the strictest counts, and Deny where there is none.
fn enforcement(spec: &Value, document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Enforcement {
    let actions = spec.get("validationActions").and_then(Value::as_array);
    let mut strictest = None;
    for action in actions.into_iter().flatten().filter_map(Value::as_str) {
        let own = match action {
            "Deny" => Enforcement::Deny,
            // As Kyverno's other policies: what is audited is shown.
            "Warn" | "Audit" => Enforcement::Warn,
            other => {
                let message = format!("the validationAction \"{other}\" is unknown, and is taken as Deny");
                problems.push(
                    at(document, Diagnostic::error("policy-kyverno", message))
                        .with_hint("use Deny, Warn or Audit"),
                );
                Enforcement::Deny
            }
        };
        strictest = strictest.max(Some(own));
    }
    strictest.unwrap_or(Enforcement::Deny)
}
