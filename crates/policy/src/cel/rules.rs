//! A policy's expressions together: conditions, variables, validations and audit annotations.

use fairway_domain::Diagnostic;
use serde_json::Value as Json;

use super::bindings::{Bindings, KUBERNETES_ROOTS, ROOTS};
use super::evaluate::Evaluator;
use super::fault::FaultKind;
use super::parse::Scope;
use super::program::Program;
use super::value::Value;

/// The most expressions of one kind.
const MAX_EXPRESSIONS: usize = 500;
/// The longest message that an expression may make, in characters; Kubernetes has the same limit.
const MAX_MESSAGE: usize = 5 * 1024;

/// The expressions of a policy as they stand in its document.
#[derive(Clone, Copy, Debug, Default)]
pub struct RulesSource<'s> {
    /// How people know the document, and the path inside, for example `policy.yaml#spec`.
    pub place: &'s str,
    /// `[{name, expression}]`: all have to hold for the validations to count.
    pub match_conditions: Option<&'s Json>,
    /// Variables that a host defines before the policy's own, as name and expression.
    pub given: &'s [(&'s str, &'s str)],
    /// `[{name, expression}]`: each sees those before it.
    pub variables: Option<&'s Json>,
    /// `[{expression, message, messageExpression, reason}]`.
    pub validations: Option<&'s Json>,
    /// `[{key, valueExpression}]`.
    pub audit_annotations: Option<&'s Json>,
    /// Whether the names that Kyverno adds (`images`, `exceptions`) exist.
    pub kyverno: bool,
}

#[derive(Clone, Debug)]
struct Validation {
    program: Program,
    message: Option<String>,
    message_expression: Option<Program>,
}

/// The expressions of a policy, compiled.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    conditions: Vec<Program>,
    variables: Vec<Program>,
    validations: Vec<Validation>,
    annotations: Vec<Program>,
    kyverno: bool,
}

/// What one validation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleVerdict {
    /// The expression is true.
    Passed,
    /// The expression is false.
    Failed {
        /// What is wrong, by the policy's own words where it has some.
        message: String,
    },
    /// The expression has no value.
    Error {
        /// Why.
        reason: String,
    },
    /// The policy is not about the object.
    Skipped {
        /// The match condition that is false.
        condition: String,
    },
}

/// What a policy's validations came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// One for each validation, in the policy's order.
    pub rules: Vec<RuleVerdict>,
    /// Key and value of each annotation that has a value.
    pub audit_annotations: Vec<(String, String)>,
}

/// The entries of a list in a document, with their places.
fn entries<'s>(list: Option<&'s Json>, place: &str, name: &str) -> Vec<(&'s Json, String)> {
    let items = list.and_then(Json::as_array).into_iter().flatten();
    items.enumerate().map(|(index, item)| (item, format!("{place}.{name}[{index}]"))).collect()
}

fn text<'s>(value: &'s Json, key: &str) -> &'s str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

impl Rules {
    /// Compiles a policy's expressions. Every expression that is wrong is reported.
    pub fn compile(source: &RulesSource<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut rules = Self { kyverno: source.kyverno, ..Self::default() };
        let mut problems = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let place = source.place;
        for (list, name) in [
            (source.match_conditions, "matchConditions"),
            (source.variables, "variables"),
            (source.validations, "validations"),
            (source.audit_annotations, "auditAnnotations"),
        ] {
            if list.and_then(Json::as_array).is_some_and(|list| list.len() > MAX_EXPRESSIONS) {
                let message = format!("{place}.{name} has more than {MAX_EXPRESSIONS} entries");
                return Err(vec![Diagnostic::error("policy-cel", message)]);
            }
        }
        let mut add =
            |name: &str, expression: &str, place: &str, names: &mut Vec<String>, into: &mut Vec<Program>| {
                match Program::compile(name, expression, place, rules_scope(source.kyverno, names)) {
                    Ok(program) => into.push(program),
                    Err(problem) => problems.push(*problem),
                }
            };
        for (name, expression) in source.given {
            add(name, expression, place, &mut names, &mut rules.variables);
            names.push((*name).to_owned());
        }
        for (variable, place) in entries(source.variables, place, "variables") {
            let (name, place) = (text(variable, "name"), format!("{place}.expression"));
            add(name, text(variable, "expression"), &place, &mut names, &mut rules.variables);
            names.push(name.to_owned());
        }
        for (condition, place) in entries(source.match_conditions, place, "matchConditions") {
            let (name, place) = (text(condition, "name"), format!("{place}.expression"));
            add(name, text(condition, "expression"), &place, &mut names, &mut rules.conditions);
        }
        for (annotation, place) in entries(source.audit_annotations, place, "auditAnnotations") {
            let (key, place) = (text(annotation, "key"), format!("{place}.valueExpression"));
            add(key, text(annotation, "valueExpression"), &place, &mut names, &mut rules.annotations);
        }
        for (validation, place) in entries(source.validations, place, "validations") {
            let mut programs = Vec::new();
            let at = format!("{place}.expression");
            add("", text(validation, "expression"), &at, &mut names, &mut programs);
            let message_expression = text(validation, "messageExpression");
            if !message_expression.trim().is_empty() {
                let at = format!("{place}.messageExpression");
                add("", message_expression, &at, &mut names, &mut programs);
            }
            let mut programs = programs.into_iter();
            let Some(program) = programs.next() else { continue };
            let message = text(validation, "message").trim();
            rules.validations.push(Validation {
                program,
                message: (!message.is_empty()).then(|| message.to_owned()),
                message_expression: programs.next(),
            });
        }
        if problems.is_empty() { Ok(rules) } else { Err(problems) }
    }

    /// Compiles one more expression that sees the variables.
    pub(crate) fn expression(&self, source: &str, place: &str) -> Result<Program, Box<Diagnostic>> {
        let names: Vec<String> = self.variables.iter().map(|variable| variable.name.clone()).collect();
        Program::compile("", source, place, rules_scope(self.kyverno, &names))
    }

    /// The number of validations.
    pub fn len(&self) -> usize {
        self.validations.len()
    }

    /// Whether there is no validation.
    pub fn is_empty(&self) -> bool {
        self.validations.is_empty()
    }

    /// The value of an expression that `expression` compiled, or why it has none.
    pub(crate) fn value(&self, program: &Program, bindings: &Bindings<'_>) -> Result<Json, String> {
        let mut evaluator = self.evaluator(bindings);
        evaluator.run(program).map(|value| value.to_json()).map_err(|fault| program.explain(&fault))
    }

    /// Whether the match conditions hold: the first that is false, or why that cannot be told.
    pub(crate) fn unmet(&self, bindings: &Bindings<'_>) -> Result<Option<String>, String> {
        self.condition(&mut self.evaluator(bindings)).map(|condition| condition.map(str::to_owned))
    }

    /// An evaluation of these variables.
    fn evaluator<'d>(&'d self, bindings: &'d Bindings<'d>) -> Evaluator<'d> {
        Evaluator::new(bindings, &self.variables)
    }

    /// Whether the match conditions hold: `Ok(None)` when all do, else the first that is false, or why that
    /// cannot be told.
    fn condition<'d>(&'d self, evaluator: &mut Evaluator<'d>) -> Result<Option<&'d str>, String> {
        let mut unknown = None;
        for condition in &self.conditions {
            match evaluator.run(condition) {
                Ok(Value::Bool(true)) => {}
                Ok(Value::Bool(false)) => return Ok(Some(&condition.name)),
                Ok(other) => {
                    let message = format!(
                        "the match condition {} is {} and neither true nor false",
                        condition.name,
                        other.type_name()
                    );
                    unknown.get_or_insert(message);
                }
                Err(fault) => {
                    let message =
                        format!("the match condition {}: {}", condition.name, condition.explain(&fault));
                    unknown.get_or_insert(message);
                }
            }
        }
        unknown.map_or(Ok(None), Err)
    }

    /// Evaluates conditions, validations and audit annotations.
    pub fn evaluate(&self, bindings: &Bindings<'_>) -> Verdicts {
        let mut evaluator = self.evaluator(bindings);
        let all = |verdict: RuleVerdict| Verdicts {
            rules: vec![verdict; self.validations.len()],
            audit_annotations: Vec::new(),
        };
        match self.condition(&mut evaluator) {
            Ok(None) => {}
            Ok(Some(condition)) => return all(RuleVerdict::Skipped { condition: condition.to_owned() }),
            Err(reason) => return all(RuleVerdict::Error { reason }),
        }
        let rules = self.validations.iter().map(|validation| validation.judge(&mut evaluator)).collect();
        let mut audit_annotations = Vec::new();
        for annotation in &self.annotations {
            if let Ok(Value::String(text)) = evaluator.run(annotation) {
                audit_annotations.push((annotation.name.clone(), text.chars().take(MAX_MESSAGE).collect()));
            }
        }
        Verdicts { rules, audit_annotations }
    }
}

fn rules_scope(kyverno: bool, variables: &[String]) -> Scope<'_> {
    let count = if kyverno { ROOTS.len() } else { KUBERNETES_ROOTS };
    Scope { roots: ROOTS.get(..count).unwrap_or(&ROOTS), variables }
}

impl Validation {
    fn judge<'d>(&'d self, evaluator: &mut Evaluator<'d>) -> RuleVerdict {
        match evaluator.run(&self.program) {
            Ok(Value::Bool(true)) => RuleVerdict::Passed,
            Ok(Value::Bool(false)) => RuleVerdict::Failed { message: self.message(evaluator) },
            Ok(other) => RuleVerdict::Error {
                reason: format!("the expression is {} and neither true nor false", other.type_name()),
            },
            Err(fault) => {
                let reason = self.program.explain(&fault);
                let reason = match fault.kind {
                    FaultKind::Error => format!("expression resulted in error: {reason}"),
                    FaultKind::NotKnown | FaultKind::Budget => reason,
                };
                RuleVerdict::Error { reason }
            }
        }
    }

    /// The message that an expression makes, unless that has none of one line; else the written one.
    fn message<'d>(&'d self, evaluator: &mut Evaluator<'d>) -> String {
        let made = self.message_expression.as_ref().and_then(|program| match evaluator.run(program) {
            Ok(Value::String(text)) => {
                let text = text.trim();
                let fits = !text.is_empty() && !text.contains('\n') && text.chars().count() <= MAX_MESSAGE;
                fits.then(|| text.to_owned())
            }
            _ => None,
        });
        made.or_else(|| self.message.clone())
            .unwrap_or_else(|| format!("failed expression: {}", self.program.source.trim()))
    }
}
