//! Kyverno's policies in CEL together, and what they find.

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Enforcement, Finding};
use serde_json::Value;

use crate::admission_match::Subject;
use crate::admission_policy::NamespaceObjects;
use crate::cel::{RuleVerdict, Supplied};
use crate::finding::{Words, not_evaluated, violation};
use crate::matching::Namespaces;
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
            problems.push(at(document, Diagnostic::warning("policy-kyverno", message)));
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

    /// What the policies are. Those that change objects find nothing.
    pub(crate) fn infos(&mut self) -> Vec<PolicyInfo> {
        self.policies.sort_by_key(CelPolicy::label);
        self.validating().map(CelPolicy::info).collect()
    }

    fn validating(&self) -> impl Iterator<Item = &CelPolicy> {
        self.policies.iter().filter(|policy| policy.purpose == Purpose::Validate)
    }

    /// What the policies find in each object.
    pub(crate) fn evaluate(
        &self,
        reviews: &[Review<'_>],
        namespaces: &(impl Namespaces + NamespaceObjects),
    ) -> Vec<Finding> {
        let policies: Vec<(&CelPolicy, PolicyInfo)> =
            self.validating().map(|policy| (policy, policy.info())).collect();
        let mut findings = Vec::new();
        if policies.is_empty() {
            return findings;
        }
        for review in reviews {
            let subject = Subject::of(review);
            let request: std::cell::OnceCell<Value> = std::cell::OnceCell::new();
            for (policy, info) in &policies {
                let answer = policy.answer(review, &subject, namespaces, || Surroundings {
                    namespace: namespaces.object(subject.namespace),
                    request: request.get_or_init(|| review.admission_request()),
                    supplied: Supplied::default(),
                    exceptions: &self.exceptions,
                });
                let words = Words { info, review, enforcement: policy.enforcement };
                // A policy that ignores failures lets the object in, and the failure is shown.
                let lenient = words.enforcement.min(Enforcement::Warn);
                let doubt = if policy.ignores_failure { lenient } else { words.enforcement };
                let unsure = Words { enforcement: doubt, ..words };
                match answer {
                    None | Some(Answer::Skipped(_) | Answer::Mutated(_)) => {}
                    Some(Answer::Error(reason)) => findings.push(not_evaluated(unsure, reason)),
                    Some(Answer::Verdicts(verdicts)) => {
                        for verdict in verdicts {
                            match verdict {
                                RuleVerdict::Passed | RuleVerdict::Skipped { .. } => {}
                                RuleVerdict::Failed { message } => findings.push(violation(words, &message)),
                                RuleVerdict::Error { reason } => findings.push(not_evaluated(unsure, reason)),
                            }
                        }
                    }
                }
            }
        }
        findings
    }
}
