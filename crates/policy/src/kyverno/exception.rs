//! PolicyExceptions: objects that rules of policies do not apply to.

use serde_json::Value;

use super::condition::Conditions;
use super::context::{Scope, World};
use super::jmespath::QueryError;
use super::pod_security::Exclusion;
use super::policy::Policy;
use super::request::Request;
use super::selection::{Selected, Selection};
use super::wildcard;

/// An exception, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Exception {
    pub(crate) name: String,
    /// Policies with their rules, each possibly with wildcards.
    policies: Vec<(String, Vec<String>)>,
    matching: Selection,
    conditions: Conditions,
    /// What it eases of a pod security standard, rather than lifting the rule.
    pub(crate) pod_security: Vec<Exclusion>,
}

impl Exception {
    /// Whether a document is an exception from policies in Kyverno's own language.
    pub(crate) fn is_one(document: &Value) -> bool {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        text("kind") == "PolicyException" && text("apiVersion").starts_with("kyverno.io/")
    }

    pub(crate) fn read(document: &Value) -> Result<Self, QueryError> {
        let spec = document.get("spec").unwrap_or(&Value::Null);
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |value: &Value, key: &str| -> Vec<Value> {
            value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let policies = list(spec, "exceptions")
            .iter()
            .map(|item| {
                let rules = list(item, "ruleNames");
                let rules = rules.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                (text(item, "policyName"), rules)
            })
            .collect();
        Ok(Self {
            name: text(document.get("metadata").unwrap_or(&Value::Null), "name"),
            policies,
            matching: Selection::read(spec.get("match").unwrap_or(&Value::Null)),
            conditions: Conditions::read(spec.get("conditions"))?,
            pod_security: list(spec, "podSecurity").iter().map(Exclusion::read).collect(),
        })
    }

    /// Whether it is about a rule of a policy.
    pub(crate) fn names(&self, policy: &Policy, rule: &str) -> bool {
        self.policies.iter().any(|(wanted, rules)| {
            wildcard::fits(wanted, &policy.full_name())
                && rules.iter().any(|wanted| wildcard::fits(wanted, rule))
        })
    }

    /// Whether it is about what is asked.
    pub(crate) fn covers<'a>(
        &'a self,
        request: &Request<'_>,
        world: &'a World<'a>,
    ) -> Result<bool, QueryError> {
        match self.matching.matches(request) {
            Selected::No => Ok(false),
            Selected::Unknown(reason) => Err(QueryError::Unavailable(reason)),
            Selected::Yes => self.conditions.hold(&Scope::outermost(world)),
        }
    }
}
