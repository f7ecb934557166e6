//! Rules of a policy, compiled.

use serde_json::Value;

use super::condition::Conditions;
use super::context::{Scope, World};
use super::entry::ContextEntry;
use super::generate::Generation;
use super::jmespath::QueryError;
use super::mutate::Mutation;
use super::request::Request;
use super::selection::{Selected, Selection};
use super::status::{RuleResult, Status};
use super::validate::Validation;
use super::verify::ImageVerification;

/// A rule, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    matching: Selection,
    exclude: Option<Selection>,
    context: Vec<ContextEntry>,
    preconditions: Conditions,
    pub(crate) action: Action,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Validate(Box<Validation>),
    Mutate(Box<Mutation>),
    Generate(Box<Generation>),
    Verify(ImageVerification),
    /// It cannot be read.
    Broken(QueryError),
}

impl Rule {
    /// Reads a rule. What cannot be read makes it broken, and it will never pass.
    pub(crate) fn read(rule: &Value) -> Self {
        let name = rule.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let selection = |key: &str| rule.get(key).filter(|it| it.is_object()).map(Selection::read);
        let matching = selection("match").unwrap_or_else(|| Selection::read(&Value::Null));
        let exclude = selection("exclude");
        match Self::read_action(rule) {
            Ok((context, preconditions, action)) => {
                Self { name, matching, exclude, context, preconditions, action }
            }
            Err(error) => Self {
                name,
                matching,
                exclude,
                context: Vec::new(),
                preconditions: Conditions::default(),
                action: Action::Broken(error),
            },
        }
    }

    fn read_action(rule: &Value) -> Result<(Vec<ContextEntry>, Conditions, Action), QueryError> {
        let action = if let Some(validate) = rule.get("validate") {
            Action::Validate(Box::new(Validation::read(validate, rule.get("celPreconditions"))?))
        } else if let Some(mutate) = rule.get("mutate") {
            Action::Mutate(Box::new(Mutation::read(mutate)?))
        } else if let Some(generate) = rule.get("generate") {
            Action::Generate(Box::new(Generation::read(generate)?))
        } else if let Some(verify) = rule.get("verifyImages") {
            Action::Verify(ImageVerification::read(verify)?)
        } else {
            let message = "the rule has none of validate, mutate, generate and verifyImages";
            return Err(QueryError::Failed(message.to_owned()));
        };
        Ok((ContextEntry::list(rule.get("context"))?, Conditions::read(rule.get("preconditions"))?, action))
    }

    /// Whether the rule is about what is asked.
    pub(crate) fn selects(&self, request: &Request<'_>) -> Selected {
        match self.matching.matches(request) {
            Selected::Yes => {}
            other => return other,
        }
        match self.exclude.as_ref().map_or(Selected::No, |exclude| exclude.excludes(request)) {
            Selected::Yes => Selected::No,
            Selected::No => Selected::Yes,
            Selected::Unknown(reason) => Selected::Unknown(reason),
        }
    }

    /// What the rule says. Nothing where it does not speak, as a pattern on a deletion.
    pub(crate) fn ask<'a>(&'a self, world: &'a World<'a>) -> Option<RuleResult> {
        let mut scope = Scope::outermost(world);
        scope.declare(&self.context);
        let scope = &scope;
        match self.preconditions.hold(scope) {
            Ok(true) => {}
            Ok(false) => {
                return Some(RuleResult::new(&self.name, Status::Skip, "the preconditions do not hold"));
            }
            Err(error) => return Some(RuleResult::error(&self.name, "the preconditions", &error)),
        }
        match &self.action {
            Action::Validate(validation) => validation.ask(&self.name, scope),
            Action::Mutate(mutation) => Some(mutation.ask(&self.name, scope)),
            Action::Generate(generation) => Some(generation.ask(&self.name, scope)),
            Action::Verify(verification) => verification.ask(&self.name, scope),
            Action::Broken(error) => Some(RuleResult::error(&self.name, "the rule", error)),
        }
    }
}
