//! Kyverno's policies in CEL together, and what they find.

use std::cell::OnceCell;

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Enforcement, Finding};
use serde_json::Value;

use crate::admission_match::Subject;
use crate::admission_policy::NamespaceObjects as _;
use crate::cel::{RuleVerdict, Supplied};
use crate::evaluation::Harvest;
use crate::finding::{Words, not_evaluated, violation};
use crate::known::Around;
use crate::review::Review;
use crate::set::{PolicyDocument, PolicyInfo};
use crate::template::{at, text};
use crate::vpol::{Answer, CelPolicy, GROUP, Purpose, Surroundings};
use crate::vpol_exception::Exceptions;

/// Policies and exceptions, compiled together.
#[derive(Default)]
pub(crate) struct CelPolicies {
    policies: Vec<CelPolicy>,
    exceptions: Exceptions,
    /// What the policies are, one for each.
    infos: Vec<PolicyInfo>,
}

impl CelPolicies {
    /// Takes a document when it is one of these, and says whether it did.
    pub(crate) fn take(&mut self, document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> bool {
        let value = &document.value;
        if !text(value, "/apiVersion").is_some_and(|version| version.starts_with(GROUP)) {
            return false;
        }
        if self.exceptions.take(document, problems) {
            return true;
        }
        if CelPolicy::purpose(value).is_none() {
            let (kind, name) = (text(value, "/kind").unwrap_or_default(), text(value, "/metadata/name"));
            let message = format!("the {kind} \"{}\" is not evaluated here", name.unwrap_or_default());
            let mut problem = Diagnostic::warning("policy-kyverno", message);
            if kind.ends_with("ImageValidatingPolicy") {
                problem =
                    problem.with_hint("a ClusterPolicy with verifyImages is, by the evidence that was sent");
            }
            problems.push(at(document, problem));
            return true;
        }
        let Some(policy) = CelPolicy::read(document, problems) else { return true };
        if self.policies.iter().any(|known| known.label() == policy.label()) {
            let message = format!("a second policy is called {}; it is passed over", policy.label());
            problems.push(at(document, Diagnostic::error("policy-duplicate", message)));
        } else {
            self.policies.push(policy);
        }
        true
    }

    /// Puts the policies in their order, once all are there.
    pub(crate) fn settle(&mut self) {
        self.policies.sort_by_key(CelPolicy::label);
        self.infos = self.policies.iter().map(CelPolicy::info).collect();
    }

    /// What the policies are. Those that change objects find nothing.
    pub(crate) fn infos(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.of(Purpose::Validate).map(|(_, info)| info)
    }

    fn of(&self, purpose: Purpose) -> impl Iterator<Item = (&CelPolicy, &PolicyInfo)> {
        self.policies.iter().zip(&self.infos).filter(move |(policy, _)| policy.purpose == purpose)
    }

    /// What the policies find in an object.
    pub(crate) fn evaluate(
        &self,
        review: &Review<'_>,
        around: Around<'_>,
        at_admission: bool,
        harvest: &mut Harvest,
    ) {
        if self.policies.is_empty() {
            return;
        }
        let subject = Subject::of(review);
        let request: OnceCell<Value> = OnceCell::new();
        for (policy, info) in self.of(Purpose::Validate) {
            if at_admission && !policy.is_for_admission {
                continue;
            }
            let answer = policy.answer(review, &subject, &around, || Surroundings {
                namespace: around.object(subject.namespace),
                request: request.get_or_init(|| review.admission_request()),
                supplied: Supplied::default(),
                exceptions: &self.exceptions,
            });
            let words = Words { info, review, enforcement: policy.enforcement };
            // A policy that ignores failures lets the object in, and the failure is shown.
            let lenient = words.enforcement.min(Enforcement::Warn);
            let doubt = if policy.ignores_failure { lenient } else { words.enforcement };
            let unsure = Words { enforcement: doubt, ..words };
            let findings = &mut harvest.findings;
            match answer {
                None | Some(Answer::Skipped(_) | Answer::Mutated(_)) => {}
                Some(Answer::Error(reason)) => findings.push(not_evaluated(unsure, reason)),
                Some(Answer::Verdicts(verdicts)) => {
                    for verdict in verdicts.rules {
                        match verdict {
                            RuleVerdict::Passed | RuleVerdict::Skipped { .. } => {}
                            RuleVerdict::Failed { message } => findings.push(violation(words, &message)),
                            RuleVerdict::Error { reason } => findings.push(not_evaluated(unsure, reason)),
                        }
                    }
                    for (key, value) in verdicts.audit_annotations {
                        harvest.annotations.push((policy.name.clone(), key, value));
                    }
                }
            }
        }
    }

    /// The object as the policies leave it; nothing when none of them changes it. What could not be evaluated is
    /// found.
    pub(crate) fn mutate(
        &self,
        request: &Value,
        around: Around<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<Value> {
        let mut patched: Option<Value> = None;
        for (policy, info) in self.of(Purpose::Mutate).filter(|(policy, _)| policy.is_for_admission) {
            let mut current = None;
            if let Some(object) = &patched {
                let mut request = request.clone();
                if let Some(members) = request.as_object_mut() {
                    members.insert("object".to_owned(), object.clone());
                }
                current = Some(request);
            }
            let review = Review::of_request(current.as_ref().unwrap_or(request));
            let subject = Subject::of(&review);
            let asked: OnceCell<Value> = OnceCell::new();
            let answer = policy.answer(&review, &subject, &around, || Surroundings {
                namespace: around.object(subject.namespace),
                request: asked.get_or_init(|| review.admission_request()),
                supplied: Supplied::default(),
                exceptions: &self.exceptions,
            });
            let enforcement = if policy.ignores_failure { Enforcement::Warn } else { Enforcement::Deny };
            match answer {
                Some(Answer::Mutated(object)) if object != *review.object => patched = Some(object),
                Some(Answer::Error(reason)) => {
                    findings.push(not_evaluated(Words { info, review: &review, enforcement }, reason));
                }
                _ => {}
            }
        }
        patched
    }
}
