//! Holds what policies say against what a test expects.

use serde_json::Value;

use super::Response;
use super::read::{Expectation, Suite, normal};
use crate::kyverno::jmespath::same;
use crate::kyverno::status::{RuleResult, Status};

/// What came of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Passed,
    /// No rule speaks of the object, where the expectation is that none objects.
    Excluded,
    /// Not as expected, and how.
    Failed(String),
    /// A policy could not be evaluated, and why.
    NotEvaluated(String),
    /// The policy is in a language that this reader does not evaluate: its kind.
    OtherLanguage(String),
    /// A file that the test names could not be read, and the object is in none of the others.
    MissingInput(String),
}

/// One object of one expected result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The policy.
    pub policy: String,
    /// Its rule.
    pub rule: String,
    /// The kind of the object.
    pub kind: String,
    /// The object.
    pub resource: String,
    /// The expected status, as it is written.
    pub expected: String,
    /// What came of it.
    pub outcome: Outcome,
}

impl Row {
    /// Whether it counts as passed.
    pub fn has_passed(&self) -> bool {
        matches!(self.outcome, Outcome::Passed | Outcome::Excluded)
    }
}

/// The rows of a test, in its order.
pub(crate) fn rows(suite: &Suite, responses: &[Response<'_>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for expectation in &suite.expectations {
        for resource in &expectation.resources {
            rows.push(Row {
                policy: expectation.policy.clone(),
                rule: expectation.rule.clone(),
                kind: expectation.kind.clone(),
                resource: resource.clone(),
                expected: expectation.result.clone(),
                outcome: outcome(suite, expectation, resource, responses),
            });
        }
    }
    rows
}

fn meta<'v>(object: &'v Value, key: &str) -> &'v str {
    object.get("metadata").and_then(|it| it.get(key)).and_then(Value::as_str).unwrap_or_default()
}

fn is_named(object: &Value, expectation: &Expectation, resource: &str) -> bool {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let wanted = expectation.kind.rsplit('/').next().unwrap_or_default();
    let (name, namespace) = (meta(object, "name"), meta(object, "namespace"));
    kind == wanted
        && (name == resource || resource.split_once('/') == Some((namespace, name)))
        && (expectation.namespace.is_empty() || expectation.namespace == namespace)
}

fn outcome(suite: &Suite, expectation: &Expectation, resource: &str, responses: &[Response<'_>]) -> Outcome {
    let Some(expected) = Status::parse(&expectation.result) else {
        return Outcome::Failed(format!("\"{}\" is no result", expectation.result));
    };
    if let Some((kind, _)) = suite.others.iter().find(|(_, name)| *name == expectation.policy) {
        return Outcome::OtherLanguage(kind.clone());
    }
    let is_read = suite.expressions.has(&expectation.policy)
        || suite.policies.iter().any(|policy| policy.full_name() == expectation.policy);
    if !is_read {
        return Outcome::Failed(format!("there is no policy \"{}\"", expectation.policy));
    }
    if !suite.objects.iter().any(|object| is_named(object, expectation, resource)) {
        return match suite.missing.first() {
            Some(missing) => Outcome::MissingInput(missing.clone()),
            None => Outcome::Failed("there is no such object".to_owned()),
        };
    }
    let mut has_spoken = false;
    for response in responses {
        if response.policy != expectation.policy || !is_named(response.object, expectation, resource) {
            continue;
        }
        for result in response.results.iter().filter(|result| is_rule(&result.rule, &expectation.rule)) {
            has_spoken = true;
            if let Some(failed) = differs(expectation, expected, response, result) {
                return failed;
            }
        }
    }
    match (has_spoken, expected) {
        (true, _) => Outcome::Passed,
        (false, Status::Pass | Status::Skip) => Outcome::Excluded,
        (false, _) => Outcome::Failed("no rule speaks of the object".to_owned()),
    }
}

/// Whether a rule is the one that is meant, as it is written or as it was written again.
fn is_rule(name: &str, wanted: &str) -> bool {
    let again = |prefix: &str| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest == wanted || (name.len() >= 63 && wanted.starts_with(rest)))
    };
    wanted.is_empty() || name == wanted || again("autogen-") || again("autogen-cronjob-")
}

fn differs(
    expectation: &Expectation,
    expected: Status,
    response: &Response<'_>,
    result: &RuleResult,
) -> Option<Outcome> {
    // A failure that is expected of a mutation is that it does not lead to the given object.
    if expected == Status::Fail
        && result.patched.is_some()
        && let Some(wanted) = &expectation.patched
    {
        let is_unlike = unlike(wanted, &response.patched).is_some();
        return (!is_unlike).then(|| Outcome::Failed("the patched object is the given one".to_owned()));
    }
    if result.status != expected {
        let (wanted, found) = (expected.as_str(), result.status.as_str());
        let reason = format!("expected {wanted}, found {found}: {}", result.message);
        return Some(match result.status {
            Status::Error => Outcome::NotEvaluated(reason),
            _ => Outcome::Failed(reason),
        });
    }
    if let Some(wanted) = &expectation.patched {
        // A mutation of other objects is held against those.
        let found: Vec<&Value> =
            if result.targets.is_empty() { vec![&response.patched] } else { result.targets.iter().collect() };
        for found in found {
            if let Some(reason) = unlike(wanted, found) {
                return Some(Outcome::Failed(format!("the patched object: {reason}")));
            }
        }
    }
    if let Some(wanted) = &expectation.generated {
        for wanted in wanted {
            let found = result.generated.iter().find(|found| is_same_object(found, wanted));
            let Some(found) = found else {
                let name = meta(wanted, "name");
                return Some(Outcome::Failed(format!("\"{name}\" is not generated")));
            };
            if let Some(reason) = difference(&without_labels(wanted), &without_labels(found), "") {
                return Some(Outcome::Failed(format!("the generated object: {reason}")));
            }
        }
    }
    None
}

fn is_same_object(left: &Value, right: &Value) -> bool {
    left.get("kind") == right.get("kind") && meta(left, "name") == meta(right, "name")
}

fn unlike(wanted: &[Value], found: &Value) -> Option<String> {
    let found = normal(found.clone());
    let same_object =
        |it: &&Value| is_same_object(it, &found) && meta(it, "namespace") == meta(&found, "namespace");
    let wanted = match wanted {
        [only] => only,
        several => match several.iter().find(same_object) {
            Some(wanted) => wanted,
            None => return Some(format!("\"{}\" is not among what is expected", meta(&found, "name"))),
        },
    };
    difference(wanted, &found, "")
}

/// Labels that Kyverno adds to what it generates do not count, nor does the namespace that is meant anyway.
fn without_labels(object: &Value) -> Value {
    let mut object = normal(object.clone());
    if let Some(labels) = object.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.retain(|key, _| {
            !key.starts_with("generate.kyverno.io/") && !key.starts_with("app.kubernetes.io/managed-by")
        });
        if labels.is_empty()
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.shift_remove("labels");
        }
    }
    object
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

/// Where two objects differ first. What is empty is as good as missing.
fn difference(wanted: &Value, found: &Value, path: &str) -> Option<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            for (key, value) in wanted.iter().filter(|(_, value)| !is_empty(value)) {
                let Some(own) = found.get(key) else {
                    return Some(format!("{path}.{key} is missing"));
                };
                if let Some(reason) = difference(value, own, &format!("{path}.{key}")) {
                    return Some(reason);
                }
            }
            found
                .iter()
                .find(|(key, own)| !is_empty(own) && wanted.get(*key).is_none_or(is_empty))
                .map(|(key, _)| format!("{path}.{key} is too much"))
        }
        (Value::Array(wanted), Value::Array(found)) => {
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                if let Some(reason) = difference(wanted, found, &format!("{path}[{index}]")) {
                    return Some(reason);
                }
            }
            (wanted.len() != found.len())
                .then(|| format!("{path} has {} items, not {}", found.len(), wanted.len()))
        }
        _ => (!same(wanted, found)).then(|| format!("{path} is {found}, not {wanted}")),
    }
}
