//! Validation: what an object must look like, or must not be.

use std::borrow::Cow;

use serde_json::Value;

use super::cel_rule::CelRule;
use super::condition::Conditions;
use super::context::Scope;
use super::entry::ContextEntry;
use super::jmespath::QueryError;
use super::pattern::{Mismatch, Pattern};
use super::pod_security::PodSecurity;
use super::status::{RuleResult, Status};
use super::template::{Template, Text};

/// The most items that one loop looks at.
const MAX_ITEMS: usize = 10_000;
/// How deep loops may nest.
const MAX_LOOPS: usize = 8;

/// `validate` of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Validation {
    message: Option<Text>,
    written_message: String,
    check: Check,
}

#[derive(Clone, Debug)]
enum Check {
    Deny(Conditions),
    Pattern(PatternSource),
    AnyPattern(Vec<PatternSource>),
    ForEach(Vec<Loop>),
    PodSecurity(PodSecurity),
    Cel(Box<CelRule>),
    /// It is of a kind that is not evaluated here, with the reason.
    Unavailable(String),
}

/// A pattern that is read once, or one with variables.
#[derive(Clone, Debug)]
enum PatternSource {
    Read(Pattern),
    Template(Template),
}

#[derive(Clone, Debug)]
struct Loop {
    list: Text,
    element_scope: Option<bool>,
    context: Vec<ContextEntry>,
    preconditions: Conditions,
    check: Check,
}

/// The verdict before it is told.
pub(crate) enum Verdict {
    Pass(String),
    Skip(String),
    Fail {
        path: Option<String>,
        reason: String,
    },
    Error(QueryError),
    /// The rule does not speak.
    Silent,
}

impl PatternSource {
    fn read(value: &Value) -> Result<Self, QueryError> {
        let template = Template::compile(value)?;
        match template.fixed() {
            Some(fixed) => Pattern::compile(fixed).map(Self::Read),
            None => Ok(Self::Template(template)),
        }
    }

    fn check<'s>(&'s self, object: &Value, scope: &'s Scope<'s>) -> Result<(), Mismatch> {
        let budget = &scope.world().budget;
        match self {
            Self::Read(pattern) => pattern.check(object, budget),
            Self::Template(template) => {
                let resolved = template.resolve(scope).map_err(Mismatch::Stopped)?;
                Pattern::compile(&resolved).map_err(Mismatch::Stopped)?.check(object, budget)
            }
        }
    }
}

impl Check {
    fn read(value: &Value, cel_preconditions: Option<&Value>, depth: usize) -> Result<Self, QueryError> {
        if depth > MAX_LOOPS {
            return Err(QueryError::Failed(format!("loops nest deeper than {MAX_LOOPS} levels")));
        }
        if let Some(deny) = value.get("deny") {
            return Conditions::read(deny.get("conditions")).map(Self::Deny);
        }
        if let Some(pattern) = value.get("pattern") {
            return PatternSource::read(pattern).map(Self::Pattern);
        }
        if let Some(patterns) = value.get("anyPattern").and_then(Value::as_array) {
            return patterns.iter().map(PatternSource::read).collect::<Result<_, _>>().map(Self::AnyPattern);
        }
        if let Some(loops) = value.get("foreach").and_then(Value::as_array) {
            let loops = loops.iter().map(|it| Loop::read(it, depth + 1)).collect::<Result<_, _>>();
            return loops.map(Self::ForEach);
        }
        if let Some(standard) = value.get("podSecurity") {
            return PodSecurity::read(standard).map(Self::PodSecurity);
        }
        if let Some(cel) = value.get("cel") {
            return CelRule::read(cel, cel_preconditions).map(Box::new).map(Self::Cel);
        }
        let unavailable = |what: &str| Ok(Self::Unavailable(what.to_owned()));
        if value.get("manifests").is_some() {
            return unavailable("signatures of manifests are not verified here");
        }
        if value.get("assert").is_some() {
            return unavailable("assertion trees are not evaluated here");
        }
        Err(QueryError::Failed(
            "validate has none of pattern, anyPattern, deny, foreach, podSecurity and cel".to_owned(),
        ))
    }
}

impl Loop {
    fn read(value: &Value, depth: usize) -> Result<Self, QueryError> {
        let list = value.get("list").and_then(Value::as_str).unwrap_or_default();
        Ok(Self {
            list: Text::expression(list)?,
            element_scope: value.get("elementScope").and_then(Value::as_bool),
            context: ContextEntry::list(value.get("context"))?,
            preconditions: Conditions::read(value.get("preconditions"))?,
            check: Check::read(value, None, depth)?,
        })
    }
}

impl Validation {
    pub(crate) fn read(value: &Value, cel_preconditions: Option<&Value>) -> Result<Self, QueryError> {
        let message = value.get("message").and_then(Value::as_str);
        Ok(Self {
            // A message that cannot be read is shown as it is written.
            message: message.and_then(|message| Text::compile(message).ok()),
            written_message: message.unwrap_or_default().to_owned(),
            check: Check::read(value, cel_preconditions, 0)?,
        })
    }

    pub(crate) fn ask<'s>(&'s self, rule: &str, scope: &'s Scope<'s>) -> Option<RuleResult> {
        let result = match self.check.ask(scope, None, 0) {
            Verdict::Silent => return None,
            Verdict::Pass(message) => RuleResult::new(rule, Status::Pass, message),
            Verdict::Skip(reason) => RuleResult::new(rule, Status::Skip, reason),
            Verdict::Error(error) => RuleResult::error(rule, "the rule", &error),
            Verdict::Fail { path, reason } => {
                let mut result = RuleResult::new(rule, Status::Fail, self.message(scope, &reason));
                result.path = path.as_deref().and_then(dotted);
                result
            }
        };
        Some(result)
    }

    /// The policy's own words, else the reason.
    fn message<'s>(&'s self, scope: &'s Scope<'s>, reason: &str) -> String {
        let resolved = self.message.as_ref().and_then(|message| message.resolve(scope).ok());
        let message = match resolved.as_deref() {
            Some(Value::String(message)) => message.clone(),
            Some(other) => other.to_string(),
            None => self.written_message.clone(),
        };
        let message = message.trim();
        if message.is_empty() { reason.to_owned() } else { message.to_owned() }
    }
}

/// `/spec/containers/0/image/` as `spec.containers[0].image`.
fn dotted(path: &str) -> Option<String> {
    let mut dotted = String::new();
    for step in path.split('/').filter(|step| !step.is_empty()) {
        if step.bytes().all(|byte| byte.is_ascii_digit()) {
            dotted.push('[');
            dotted.push_str(step);
            dotted.push(']');
        } else {
            if !dotted.is_empty() {
                dotted.push('.');
            }
            dotted.push_str(step);
        }
    }
    (!dotted.is_empty()).then_some(dotted)
}

impl Check {
    fn ask<'s>(&'s self, scope: &'s Scope<'s>, element: Option<&'s Value>, depth: usize) -> Verdict {
        let request = scope.world().request;
        // A pattern speaks of what is there afterwards.
        let object = match element {
            Some(element) => element,
            None if request.is_deletion() => &Value::Null,
            None => scope.world().object(),
        };
        let is_silent = element.is_none() && request.is_deletion();
        match self {
            Self::Deny(conditions) => match conditions.hold(scope) {
                Ok(true) => {
                    Verdict::Fail { path: None, reason: "the conditions of the denial hold".to_owned() }
                }
                Ok(false) => Verdict::Pass("the conditions of the denial do not hold".to_owned()),
                Err(error) => Verdict::Error(error),
            },
            Self::Pattern(_) | Self::AnyPattern(_) if is_silent => Verdict::Silent,
            Self::Pattern(pattern) => match pattern.check(object, scope) {
                Ok(()) => Verdict::Pass("the object fits the pattern".to_owned()),
                Err(Mismatch::Skip(reason)) => Verdict::Skip(reason),
                Err(Mismatch::Fail { path, reason }) => {
                    Verdict::Fail { reason: format!("at {path}: {reason}"), path: Some(path) }
                }
                Err(Mismatch::Stopped(error)) => Verdict::Error(error),
            },
            Self::AnyPattern(patterns) => any_pattern(patterns, object, scope),
            Self::ForEach(loops) => for_each(loops, scope, depth),
            Self::PodSecurity(standard) => {
                if request.is_deletion() {
                    return Verdict::Silent;
                }
                match standard.violations(object, &scope.world().eased) {
                    Ok(violations) if violations.is_empty() => {
                        Verdict::Pass("the pod keeps the standard".to_owned())
                    }
                    Ok(violations) => {
                        let path = violations.first().and_then(|it| it.path.clone());
                        let reasons: Vec<String> = violations.into_iter().map(|it| it.reason).collect();
                        Verdict::Fail { path, reason: reasons.join("; ") }
                    }
                    Err(reason) => Verdict::Error(QueryError::Failed(reason)),
                }
            }
            Self::Cel(rule) => rule.ask(scope.world()),
            Self::Unavailable(reason) => Verdict::Error(QueryError::Unavailable(reason.clone())),
        }
    }
}

fn any_pattern<'s>(patterns: &'s [PatternSource], object: &Value, scope: &'s Scope<'s>) -> Verdict {
    let (mut skipped, mut failed, mut first) = (Vec::new(), Vec::new(), None);
    for pattern in patterns {
        match pattern.check(object, scope) {
            Ok(()) => return Verdict::Pass("the object fits one of the patterns".to_owned()),
            Err(Mismatch::Skip(reason)) => skipped.push(reason),
            Err(Mismatch::Fail { path, reason }) => {
                failed.push(format!("at {path}: {reason}"));
                first.get_or_insert(path);
            }
            Err(Mismatch::Stopped(error)) => return Verdict::Error(error),
        }
    }
    if failed.is_empty() {
        return Verdict::Skip(skipped.join("; "));
    }
    let path = first.filter(|_| failed.len() == 1);
    Verdict::Fail { path, reason: format!("none of the patterns fits: {}", failed.join("; ")) }
}

/// The items of a loop: those of a list, or the one value.
pub(crate) fn elements(list: Cow<'_, Value>) -> Result<Vec<Value>, QueryError> {
    let items = match list.into_owned() {
        Value::Array(items) => items,
        other => vec![other],
    };
    if items.len() > MAX_ITEMS { Err(QueryError::Exhausted) } else { Ok(items) }
}

fn for_each<'s>(loops: &'s [Loop], scope: &'s Scope<'s>, depth: usize) -> Verdict {
    let mut applied = false;
    for it in loops {
        let list = match it.list.resolve(scope).and_then(elements) {
            Ok(list) => list,
            // A list that is missing has no items.
            Err(QueryError::NotFound(_)) => continue,
            Err(error) => return Verdict::Error(error),
        };
        let mut broken = None;
        for (index, element) in list.iter().enumerate().filter(|(_, element)| !element.is_null()) {
            match it.ask_element(scope, element, index, depth) {
                Verdict::Pass(_) => applied = true,
                Verdict::Skip(_) | Verdict::Silent => {}
                // An item that breaks the rule counts more than one of which it could not be told.
                Verdict::Error(error) => broken = broken.or(Some(error)),
                fail @ Verdict::Fail { .. } => return fail,
            }
        }
        if let Some(error) = broken {
            return Verdict::Error(error);
        }
    }
    if applied {
        Verdict::Pass("every item keeps the rule".to_owned())
    } else {
        Verdict::Skip("no item is what the rule speaks of".to_owned())
    }
}

impl Loop {
    fn ask_element<'s>(
        &'s self,
        around: &'s Scope<'s>,
        element: &'s Value,
        index: usize,
        depth: usize,
    ) -> Verdict {
        let mut scope = Scope::within(around);
        scope.bind_element(element, index, depth);
        scope.declare(&self.context);
        let is_object = element.is_object();
        if self.element_scope == Some(true) && !is_object {
            let message = "elementScope is for items that are objects".to_owned();
            return Verdict::Error(QueryError::Failed(message));
        }
        match self.preconditions.hold(&scope) {
            Ok(true) => {}
            Ok(false) => return Verdict::Skip("the preconditions do not hold".to_owned()),
            Err(error) => return Verdict::Error(error),
        }
        let scoped = self.element_scope.unwrap_or(is_object).then_some(element);
        self.check.ask(&scope, scoped, depth + 1)
    }
}
