//! ConstraintTemplates that are written in CEL (the engine `K8sNativeValidation`).

use fairway_domain::Diagnostic;
use serde_json::{Map, Value, json};

use crate::cel::{Bindings, RuleVerdict, Rules, RulesSource};
use crate::rego::Verdict;
use crate::review::Review;

/// The name of the engine in templates.
pub(crate) const ENGINE: &str = "K8sNativeValidation";

/// What Gatekeeper defines for every template.
const GIVEN: [(&str, &str); 2] = [
    ("params", "!has(params.spec) ? null : !has(params.spec.parameters) ? null : params.spec.parameters"),
    (
        "anyObject",
        "has(request.operation) && request.operation == \"DELETE\" && object == null ? oldObject : object",
    ),
];

/// A template's rules.
#[derive(Clone, Debug)]
pub(crate) struct CelTemplate {
    rules: Rules,
}

impl CelTemplate {
    /// Compiles the source of the engine; the first thing that is wrong is returned.
    pub(crate) fn compile(source: &Value, place: &str) -> Result<Self, Box<Diagnostic>> {
        let source = RulesSource {
            place,
            match_conditions: source.get("matchConditions"),
            given: &GIVEN,
            variables: source.get("variables"),
            validations: source.get("validations"),
            ..RulesSource::default()
        };
        let failed = |message: String| Box::new(Diagnostic::error("policy-template", message));
        let rules = Rules::compile(&source).map_err(|mut problems| {
            if problems.is_empty() {
                failed(format!("{place} is wrong"))
            } else {
                Box::new(problems.remove(0))
            }
        })?;
        Ok(Self { rules })
    }

    /// Evaluates the rules: the violations, and each thing that could not be evaluated.
    pub(crate) fn evaluate(
        &self,
        review: &Review<'_>,
        namespace: Option<&Value>,
        constraint: &Value,
    ) -> Vec<Verdict> {
        let mut bindings = review.bindings(namespace);
        bindings.set("params", constraint);
        let mut violations = Vec::new();
        let mut verdicts = Vec::new();
        for verdict in self.rules.evaluate(&bindings).rules {
            match verdict {
                RuleVerdict::Passed | RuleVerdict::Skipped { .. } => {}
                RuleVerdict::Failed { message } => violations.push(json!({ "msg": message })),
                RuleVerdict::Error { reason } => verdicts.push(Verdict::Failed(reason)),
            }
        }
        verdicts.push(Verdict::Violations(violations));
        verdicts
    }
}

/// A constraint as expressions see it: parameters that are absent are empty.
pub(crate) fn constraint_document(document: &Value, parameters: &Value) -> Value {
    let mut document = document.clone();
    if let Some(members) = document.as_object_mut() {
        let spec = members.entry("spec").or_insert_with(|| Value::Object(Map::new()));
        if let Some(spec) = spec.as_object_mut() {
            spec.insert("parameters".to_owned(), parameters.clone());
        }
    }
    document
}

impl<'a> Review<'a> {
    /// What expressions see of the review. `namespace` is the namespace that the object is in, when known.
    pub(crate) fn bindings<'d>(&'d self, namespace: Option<&'d Value>) -> Bindings<'d>
    where
        'a: 'd,
    {
        let mut bindings = Bindings::default();
        bindings.set("request", &self.value);
        for (name, pointer) in [("object", "/object"), ("oldObject", "/oldObject")] {
            if let Some(value) = self.value.pointer(pointer) {
                bindings.set(name, value);
            }
        }
        let inside = &self.reference.namespace;
        match namespace {
            Some(namespace) => bindings.set("namespaceObject", namespace),
            None if inside.is_empty() || self.reference.kind == "Namespace" => {}
            None => bindings
                .set_unknown("namespaceObject", format!("the namespace {inside} is not among the objects")),
        }
        bindings
    }
}
