//! Asks policies of one object after the other.

use fairway_domain::finding::Enforcement;
use serde_json::{Map, Value};

use super::context::World;
use super::exception::Exception;
use super::pod_security::Exclusion;
use super::policy::Policy;
use super::request::Request;
use super::rule::Action;
use super::selection::Selected;
use super::source::Source;
use super::status::{RuleResult, Status};

/// Which rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Mutate,
    /// Mutation of the object itself, at admission.
    Amend,
    Verify,
    Validate,
    Generate,
}

impl Stage {
    fn is_of(self, action: &Action) -> bool {
        match action {
            Action::Mutate(mutation) => {
                self == Self::Mutate || (self == Self::Amend && mutation.is_of_the_object())
            }
            Action::Verify(_) => self == Self::Verify,
            Action::Validate(_) | Action::Broken(_) => self == Self::Validate,
            Action::Generate(_) => self == Self::Generate,
        }
    }
}

/// What surrounds a question.
#[derive(Clone, Copy)]
pub(crate) struct Surrounding<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) exceptions: &'a [Exception],
    pub(crate) now: Option<&'a str>,
}

/// A rule's answer with what follows from a failure.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) result: RuleResult,
    pub(crate) enforcement: Enforcement,
}

/// The answers of a policy's rules of a stage that are about the object. Values are given for each rule.
pub(crate) fn ask<'g>(
    policy: &Policy,
    stage: Stage,
    request: &Request<'_>,
    surrounding: Surrounding<'_>,
    given: impl Fn(&str) -> &'g Map<String, Value>,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    if !policy.covers(request) {
        return answers;
    }
    // Each mutation starts from what those before it left.
    let mut patched: Option<Value> = None;
    for with_action in policy.rules.iter().filter(|it| stage.is_of(&it.rule.action)) {
        let rule = &with_action.rule;
        let enforcement = policy.enforcement_of(with_action, request);
        let error = |reason: String| RuleResult::new(&rule.name, Status::Error, reason);
        let mut doubt = None;
        let result = match rule.selects(request) {
            Selected::No => continue,
            Selected::Unknown(reason) if matches!(stage, Stage::Mutate | Stage::Amend | Stage::Generate) => {
                Some(error(reason))
            }
            selected => {
                if let Selected::Unknown(reason) = selected {
                    doubt = Some(reason);
                }
                let mut world = World::new(request, surrounding.source, given(&rule.name), surrounding.now);
                world.object = patched.as_ref();
                match excepted(policy, &rule.name, request, &world, surrounding.exceptions) {
                    Ok(Excepted::Wholly(name)) => {
                        Some(RuleResult::new(&rule.name, Status::Skip, format!("excepted by {name}")))
                    }
                    Ok(Excepted::Partly(eased)) => {
                        world.eased = eased;
                        rule.ask(&world)
                    }
                    Err(reason) => Some(error(reason)),
                }
            }
        };
        let Some(mut result) = result else { continue };
        // Whether the rule is meant matters only where it is broken.
        if let Some(reason) = doubt.filter(|_| !matches!(result.status, Status::Pass | Status::Skip)) {
            result = error(reason);
        }
        if result.status == Status::Fail && !policy.is_scored {
            result.status = Status::Warn;
        }
        if let Some(object) = &result.patched {
            patched = Some(object.clone());
        }
        let has_applied = !matches!(result.status, Status::Skip | Status::Error);
        answers.push(Answer { result, enforcement });
        if policy.applies_one && has_applied {
            break;
        }
    }
    answers
}

/// What exceptions do to a rule.
enum Excepted {
    /// One of them lifts it: its name.
    Wholly(String),
    /// They let parts of a pod security standard pass, often none.
    Partly(Vec<Exclusion>),
}

/// What exceptions do to a rule for what is asked.
fn excepted<'a>(
    policy: &Policy,
    rule: &str,
    request: &Request<'_>,
    world: &'a World<'a>,
    exceptions: &'a [Exception],
) -> Result<Excepted, String> {
    let mut eased = Vec::new();
    for exception in exceptions.iter().filter(|it| it.names(policy, rule)) {
        if !exception.covers(request, world).map_err(|error| error.to_string())? {
            continue;
        }
        if exception.pod_security.is_empty() {
            return Ok(Excepted::Wholly(exception.name.clone()));
        }
        eased.extend(exception.pod_security.iter().cloned());
    }
    Ok(Excepted::Partly(eased))
}
