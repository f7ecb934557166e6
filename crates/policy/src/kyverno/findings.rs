//! What Kyverno's policies find, in the one form that all policies share.

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Enforcement, Finding, Outcome};
use serde_json::{Map, Value};

use super::engine::{Answer, Stage, Surrounding, ask};
use super::exception::Exception;
use super::policy::Policy;
use super::request::{Kind, NOTHING, Operation, Request, User};
use super::source::Objects;
use super::status::Status;
use crate::finding::Words;
use crate::locate::locate;
use crate::matching::Namespaces;
use crate::review::Review;
use crate::set::{PolicyDocument, PolicyInfo};
use crate::template::at;

/// Kyverno's policies and exceptions, compiled together.
#[derive(Default)]
pub(crate) struct KyvernoPolicies {
    policies: Vec<Policy>,
    exceptions: Vec<Exception>,
}

impl KyvernoPolicies {
    /// Takes a document when it is one of Kyverno's, and says whether it did.
    pub(crate) fn take(&mut self, document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> bool {
        if Exception::is_one(&document.value) {
            match Exception::read(&document.value) {
                Ok(exception) => self.exceptions.push(exception),
                Err(error) => {
                    let message = format!("the exception cannot be read, and excepts nothing: {error}");
                    problems.push(at(document, Diagnostic::error("policy-kyverno", message)));
                }
            }
            return true;
        }
        if !Policy::is_one(&document.value) {
            return false;
        }
        let Some(policy) = Policy::read(document, problems) else { return true };
        if self.policies.iter().any(|known| known.full_name() == policy.full_name()) {
            let message = format!("a second policy is called {}; it is passed over", policy.full_name());
            problems.push(at(document, Diagnostic::error("policy-duplicate", message)));
        } else {
            self.policies.push(policy);
        }
        true
    }

    /// What the policies are. Those that only change or make objects find nothing.
    pub(crate) fn infos(&mut self) -> Vec<PolicyInfo> {
        self.policies.sort_by_key(Policy::label);
        self.policies.iter().filter(|policy| policy.can_find()).map(info).collect()
    }

    /// What the policies find in each object.
    pub(crate) fn evaluate(&self, reviews: &[Review<'_>], namespaces: &impl Namespaces) -> Vec<Finding> {
        if self.policies.is_empty() {
            return Vec::new();
        }
        let source = Objects::new(reviews.iter().map(|review| review.object).collect());
        let surrounding = Surrounding { source: &source, exceptions: &self.exceptions, now: None };
        let nothing = Map::new();
        let infos: Vec<PolicyInfo> = self.policies.iter().map(info).collect();
        let mut findings = Vec::new();
        for review in reviews {
            let user = user(review);
            let request = request(review, &user, namespaces, &nothing);
            for (policy, info) in self.policies.iter().zip(&infos) {
                for stage in [Stage::Verify, Stage::Validate] {
                    let answers = ask(policy, stage, &request, surrounding, |_| &nothing);
                    findings.extend(answers.into_iter().filter_map(|answer| finding(answer, info, review)));
                }
            }
        }
        findings
    }
}

fn info(policy: &Policy) -> PolicyInfo {
    PolicyInfo {
        title: policy.explanation.title.clone().unwrap_or_else(|| policy.name.clone()),
        enforcement: policy.enforcement,
        template: policy.kind().to_owned(),
        constraint: policy.full_name(),
        file: policy.file.clone(),
        ..policy.explanation.info(policy.label())
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn user(review: &Review<'_>) -> User {
    let groups = review.value.pointer("/userInfo/groups").and_then(Value::as_array);
    User {
        name: text(&review.value, "/userInfo/username").to_owned(),
        groups: groups.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        ..User::default()
    }
}

fn request<'r>(
    review: &'r Review<'_>,
    user: &'r User,
    namespaces: &'r impl Namespaces,
    nothing: &'r Map<String, Value>,
) -> Request<'r> {
    let operation = Operation::parse(text(&review.value, "/operation")).unwrap_or_default();
    let namespace = match text(&review.value, "/namespace") {
        "" => review.reference.namespace.as_str(),
        namespace => namespace,
    };
    let (object, old_object) = match operation {
        Operation::Delete => (&NOTHING, review.object),
        _ => (review.object, review.value.get("oldObject").unwrap_or(&NOTHING)),
    };
    let mut kind = Kind::of(review.object);
    kind.subresource = text(&review.value, "/subResource");
    Request {
        object,
        old_object,
        operation,
        kind,
        name: match review.reference.name.as_str() {
            "" => text(review.object, "/metadata/generateName"),
            name => name,
        },
        namespace,
        user,
        dry_run: review.value.get("dryRun").and_then(Value::as_bool).unwrap_or_default(),
        namespace_labels: namespaces.labels(namespace),
        given: nothing,
    }
}

/// A failure or what could not be evaluated; nothing else is found.
fn finding(answer: Answer, info: &PolicyInfo, review: &Review<'_>) -> Option<Finding> {
    let Answer { result, enforcement } = answer;
    let (outcome, message) = match result.status {
        Status::Pass | Status::Skip => return None,
        Status::Fail | Status::Warn => (Outcome::Violation, result.message),
        Status::Error => {
            let message = format!("could not be evaluated: {}", result.message);
            (Outcome::NotEvaluated { reason: result.message }, message)
        }
    };
    // What is not scored is shown, and never blocks.
    let enforcement = if result.status == Status::Warn { Enforcement::Dryrun } else { enforcement };
    let path = result.path.or_else(|| locate(review.object, None, &message));
    let words = Words { info, review, enforcement };
    let found = match outcome {
        Outcome::Violation => words.violation(&message, path, None),
        Outcome::NotEvaluated { .. } => words.finding(outcome, path, &message),
    };
    Some(Finding { rule: format!("{}/{}", info.name, result.rule), ..found })
}
