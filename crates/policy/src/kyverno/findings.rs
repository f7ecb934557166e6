//! What Kyverno's policies find, in the one form that all policies share.

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Enforcement, Finding, Outcome};
use serde_json::{Map, Value};

use super::engine::{Answer, Stage, Surrounding, ask};
use super::exception::Exception;
use super::policy::Policy;
use super::request::{Kind, NOTHING, Operation, Request, User};
use super::role::add_bound;
use super::source::Objects;
use super::status::Status;
use crate::evaluation::Harvest;
use crate::finding::Words;
use crate::known::Around;
use crate::locate::locate;
use crate::resource_name::kind_of;
use crate::review::Review;
use crate::set::{PolicyDocument, PolicyInfo};
use crate::template::at;

/// Kyverno's policies and exceptions, compiled together.
#[derive(Default)]
pub(crate) struct KyvernoPolicies {
    policies: Vec<Policy>,
    exceptions: Vec<Exception>,
    /// What the policies are, one for each.
    infos: Vec<PolicyInfo>,
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

    /// Puts the policies in their order, once all are there.
    pub(crate) fn settle(&mut self) {
        self.policies.sort_by_key(Policy::label);
        self.infos = self.policies.iter().map(info).collect();
    }

    /// What the policies are. Those that only change or make objects find nothing.
    pub(crate) fn infos(&self) -> impl Iterator<Item = &PolicyInfo> {
        let both = self.policies.iter().zip(&self.infos);
        both.filter(|(policy, _)| policy.can_find()).map(|(_, info)| info)
    }

    /// Whether there is no policy.
    pub(crate) fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// What the policies find in an object.
    pub(crate) fn evaluate(
        &self,
        review: &Review<'_>,
        around: Around<'_>,
        cluster: &Objects<'_>,
        at_admission: bool,
        harvest: &mut Harvest,
    ) {
        if self.policies.is_empty() {
            return;
        }
        let surrounding = Surrounding { source: cluster, exceptions: &self.exceptions, now: None };
        let nothing = Map::new();
        let user = user(review, around);
        let request = request(review, &user, around, &nothing);
        for (policy, info) in self.policies.iter().zip(&self.infos) {
            if at_admission && !policy.is_for_admission {
                continue;
            }
            for stage in [Stage::Verify, Stage::Validate] {
                let answers = ask(policy, stage, &request, surrounding, |_| &nothing);
                let found = answers.into_iter().filter_map(|answer| finding(answer, policy, info, review));
                harvest.findings.extend(found);
            }
        }
    }

    /// The object as the policies leave it at admission; nothing when none of them changes it. What could not be
    /// evaluated is found.
    pub(crate) fn mutate(
        &self,
        review: &Review<'_>,
        around: Around<'_>,
        cluster: &Objects<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<Value> {
        let surrounding = Surrounding { source: cluster, exceptions: &self.exceptions, now: None };
        let nothing = Map::new();
        let user = user(review, around);
        let mut patched: Option<Value> = None;
        for (policy, info) in self.policies.iter().zip(&self.infos).filter(|(it, _)| it.is_for_admission) {
            let mut request = request(review, &user, around, &nothing);
            if let Some(object) = &patched {
                request.object = object;
            }
            let answers = ask(policy, Stage::Amend, &request, surrounding, |_| &nothing);
            let mut next = None;
            for mut answer in answers {
                next = answer.result.patched.take().or(next);
                // A mutation is no matter of enforcement: what keeps it from being made is as bad as a denial.
                answer.enforcement = Enforcement::Deny;
                findings.extend(finding(answer, policy, info, review));
            }
            patched = next.or(patched);
        }
        patched
    }
}

fn info(policy: &Policy) -> PolicyInfo {
    PolicyInfo {
        title: policy.explanation.title.clone().unwrap_or_else(|| policy.name.clone()),
        enforcement: policy.strictest(),
        template: policy.kind().to_owned(),
        constraint: policy.full_name(),
        file: policy.file.clone(),
        ..policy.explanation.info(policy.label())
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn user(review: &Review<'_>, around: Around<'_>) -> User {
    let groups = review.value.pointer("/userInfo/groups").and_then(Value::as_array);
    let mut user = User {
        name: text(&review.value, "/userInfo/username").to_owned(),
        groups: groups.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        ..User::default()
    };
    if !user.is_unknown() {
        add_bound(&mut user, around.known);
    }
    user
}

fn request<'r>(
    review: &'r Review<'_>,
    user: &'r User,
    around: Around<'r>,
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
    // A rule names the kind that a subresource is of, whatever the subresource itself looks like.
    if let (false, Some(parent)) =
        (kind.subresource.is_empty(), kind_of(text(&review.value, "/resource/resource")))
    {
        kind.name = parent;
        kind.group = text(&review.value, "/resource/group");
        kind.version = text(&review.value, "/resource/version");
    }
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
        namespace_labels: around.known_labels(namespace),
        given: nothing,
    }
}

/// A failure or what could not be evaluated; nothing else is found.
fn finding(answer: Answer, policy: &Policy, info: &PolicyInfo, review: &Review<'_>) -> Option<Finding> {
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
    let enforcement = match result.status {
        Status::Warn => Enforcement::Dryrun,
        // A policy that ignores failures lets the object in, and the failure is shown.
        Status::Error if policy.ignores_failure => enforcement.min(Enforcement::Warn),
        _ => enforcement,
    };
    let path = result.path.or_else(|| locate(review.object, None, &message));
    let words = Words { info, review, enforcement };
    let found = match outcome {
        Outcome::Violation => words.violation(&message, path, None),
        Outcome::NotEvaluated { .. } => words.finding(outcome, path, &message),
    };
    Some(Finding { rule: format!("{}/{}", info.name, result.rule), ..found })
}
