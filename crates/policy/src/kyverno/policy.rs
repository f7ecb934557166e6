//! ClusterPolicies and Policies, compiled.

use fairway_domain::Diagnostic;
use fairway_domain::finding::Enforcement;
use serde_json::Value;

use super::autogen;
use super::request::Request;
use super::rule::{Action, Rule};
use super::selection::Selection;
use crate::explanation::Explanation;
use crate::set::PolicyDocument;
use crate::template::{at, text};

/// The most rules of one policy, those that are written again among them.
const MAX_RULES: usize = 1_000;

/// A policy, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) name: String,
    /// Of a Policy; empty for a ClusterPolicy.
    pub(crate) namespace: String,
    pub(crate) explanation: Explanation,
    /// What failures lead to, and whether they count at all.
    pub(crate) enforcement: Enforcement,
    pub(crate) is_scored: bool,
    /// Whether it is asked at admission.
    pub(crate) is_for_admission: bool,
    /// Whether what cannot be evaluated lets the object in.
    pub(crate) ignores_failure: bool,
    /// Only the first rule that applies counts.
    pub(crate) applies_one: bool,
    overrides: Vec<Override>,
    pub(crate) file: Option<String>,
    pub(crate) rules: Vec<RuleWithAction>,
}

/// Another enforcement for some namespaces.
#[derive(Clone, Debug)]
struct Override {
    enforcement: Enforcement,
    selection: Selection,
}

/// A rule with its own enforcement, where it has one.
#[derive(Clone, Debug)]
pub(crate) struct RuleWithAction {
    pub(crate) rule: Rule,
    enforcement: Option<Enforcement>,
    overrides: Vec<Override>,
}

fn enforcement(word: &str) -> Option<Enforcement> {
    match word {
        "Enforce" | "enforce" => Some(Enforcement::Deny),
        "Audit" | "audit" => Some(Enforcement::Warn),
        _ => None,
    }
}

/// What a rule says of its own failures; of several images the strictest counts.
fn rule_enforcement(rule: &Value) -> Option<Enforcement> {
    let entries = rule.get("verifyImages").and_then(Value::as_array).into_iter().flatten();
    let said = entries.chain(rule.get("validate")).filter_map(|it| it.get("failureAction")?.as_str());
    said.filter_map(enforcement).max()
}

/// Overrides by namespaces; they have the form of a filter.
fn overrides(list: Option<&Value>) -> Vec<Override> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| {
            let resources = serde_json::json!({
                "namespaces": item.get("namespaces"), "namespaceSelector": item.get("namespaceSelector"),
            });
            Some(Override {
                enforcement: enforcement(item.get("action")?.as_str()?)?,
                selection: Selection::read(&serde_json::json!({"resources": resources})),
            })
        })
        .collect()
}

fn overridden(overrides: &[Override], request: &Request<'_>) -> Option<Enforcement> {
    let selected = |it: &&Override| it.selection.matches(request) == super::selection::Selected::Yes;
    overrides.iter().find(selected).map(|it| it.enforcement)
}

impl Policy {
    /// Whether a document is one of Kyverno's policies in its own language.
    pub(crate) fn is_one(document: &Value) -> bool {
        let kind = text(document, "/kind").unwrap_or_default();
        text(document, "/apiVersion").is_some_and(|version| version.starts_with("kyverno.io/"))
            && matches!(kind, "ClusterPolicy" | "Policy")
    }

    pub(crate) fn read(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let value = &document.value;
        let Some(name) = text(value, "/metadata/name") else {
            let message = "a policy needs metadata.name";
            problems.push(at(document, Diagnostic::error("policy-kyverno", message)));
            return None;
        };
        let named = |key: &str| text(value, &format!("/metadata/annotations/policies.kyverno.io~1{key}"));
        let mut written = autogen::rules(value);
        if written.is_empty() || written.len() > MAX_RULES {
            let message = format!("the policy \"{name}\" must have between 1 and {MAX_RULES} rules");
            problems.push(at(document, Diagnostic::error("policy-kyverno", message)));
            written.truncate(MAX_RULES);
        }
        let rules: Vec<RuleWithAction> = written
            .iter()
            .map(|rule| RuleWithAction {
                rule: Rule::read(rule),
                enforcement: rule_enforcement(rule),
                overrides: overrides(rule.pointer("/validate/failureActionOverrides")),
            })
            .collect();
        for RuleWithAction { rule, .. } in &rules {
            if let Action::Broken(error) = &rule.action {
                // The rules that were written again are broken in the same way.
                if !rule.name.starts_with("autogen-") {
                    let message = format!("the rule \"{}\" of \"{name}\" cannot be read: {error}", rule.name);
                    problems.push(at(document, Diagnostic::error("policy-kyverno", message)));
                }
            }
        }
        let by_spec = value.pointer("/spec/validationFailureAction").and_then(Value::as_str);
        Some(Self {
            name: name.to_owned(),
            namespace: match text(value, "/kind") {
                Some("Policy") => text(value, "/metadata/namespace").unwrap_or("default").to_owned(),
                _ => String::new(),
            },
            explanation: Explanation::read(document, problems),
            enforcement: by_spec.and_then(enforcement).unwrap_or(Enforcement::Warn),
            is_for_admission: value.pointer("/spec/admission").and_then(Value::as_bool).unwrap_or(true),
            ignores_failure: ["/spec/webhookConfiguration/failurePolicy", "/spec/failurePolicy"]
                .iter()
                .find_map(|pointer| text(value, pointer))
                == Some("Ignore"),
            applies_one: text(value, "/spec/applyRules") == Some("One"),
            is_scored: named("scored") != Some("false"),
            overrides: overrides(value.pointer("/spec/validationFailureActionOverrides")),
            file: document.file.clone(),
            rules,
        })
    }

    /// What a failure of a rule leads to: the rule's own word counts before the policy's, and what is said of
    /// the namespace before both.
    pub(crate) fn enforcement_of(&self, rule: &RuleWithAction, request: &Request<'_>) -> Enforcement {
        overridden(&rule.overrides, request)
            .or(rule.enforcement)
            .or_else(|| overridden(&self.overrides, request))
            .unwrap_or(self.enforcement)
    }

    /// The strictest that a failure may lead to, overrides left aside.
    pub(crate) fn strictest(&self) -> Enforcement {
        let own = self.rules.iter().map(|it| it.enforcement.unwrap_or(self.enforcement));
        own.max().unwrap_or(self.enforcement)
    }

    /// Whether the policy speaks of a namespace at all.
    pub(crate) fn covers(&self, request: &Request<'_>) -> bool {
        self.namespace.is_empty() || self.namespace == request.namespace
    }

    /// `ClusterPolicy` or `Policy`.
    pub(crate) fn kind(&self) -> &'static str {
        if self.namespace.is_empty() { "ClusterPolicy" } else { "Policy" }
    }

    /// Kind and name.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.kind(), self.full_name())
    }

    /// Whether it has rules that find something, rather than change or make objects.
    pub(crate) fn can_find(&self) -> bool {
        self.rules.iter().any(|it| !matches!(it.rule.action, Action::Mutate(_) | Action::Generate(_)))
    }

    /// The policy's name with its namespace, as exceptions and tests name it.
    pub(crate) fn full_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}
