//! Mutation: the object, or others, as a rule would leave them.

use std::borrow::Cow;

use serde_json::Value;

use super::condition::Conditions;
use super::context::Scope;
use super::entry::ContextEntry;
use super::jmespath::QueryError;
use super::overlay::{Refusal, prepare};
use super::selection::KindPattern;
use super::status::{RuleResult, Status};
use super::template::{Template, Text};
use super::validate::elements;
use super::{json_patch, strategic, wildcard};

/// How deep loops may nest.
const MAX_LOOPS: usize = 8;
/// The most bytes that an object may have after a mutation.
const MAX_OBJECT: usize = 8 << 20;

/// `mutate` of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Mutation {
    change: Change,
    targets: Vec<Target>,
}

#[derive(Clone, Debug)]
enum Change {
    Merge(Template),
    Patch(Text),
    ForEach(Vec<Loop>),
}

#[derive(Clone, Debug)]
struct Loop {
    list: Text,
    descends: bool,
    context: Vec<ContextEntry>,
    preconditions: Conditions,
    change: Change,
}

/// Which other objects are changed.
#[derive(Clone, Debug)]
struct Target {
    spec: Template,
    context: Vec<ContextEntry>,
    preconditions: Conditions,
}

impl Change {
    fn read(value: &Value, depth: usize) -> Result<Self, QueryError> {
        if depth > MAX_LOOPS {
            return Err(QueryError::Failed(format!("loops nest deeper than {MAX_LOOPS} levels")));
        }
        if let Some(patch) = value.get("patchStrategicMerge") {
            return Template::compile(patch).map(Self::Merge);
        }
        if let Some(patch) = value.get("patchesJson6902") {
            return Text::compile(patch.as_str().unwrap_or_default()).map(Self::Patch);
        }
        let Some(loops) = value.get("foreach").and_then(Value::as_array) else {
            let message = "mutate has none of patchStrategicMerge, patchesJson6902 and foreach";
            return Err(QueryError::Failed(message.to_owned()));
        };
        let each = |value: &Value| -> Result<Loop, QueryError> {
            Ok(Loop {
                list: Text::expression(value.get("list").and_then(Value::as_str).unwrap_or_default())?,
                descends: value.get("order").and_then(Value::as_str) == Some("Descending"),
                context: ContextEntry::list(value.get("context"))?,
                preconditions: Conditions::read(value.get("preconditions"))?,
                change: Self::read(value, depth + 1)?,
            })
        };
        loops.iter().map(each).collect::<Result<_, _>>().map(Self::ForEach)
    }

    /// Changes an object. What a condition keeps from counting changes nothing.
    fn apply<'s>(&'s self, object: &mut Value, scope: &'s Scope<'s>, depth: usize) -> Result<(), QueryError> {
        let budget = &scope.world().budget;
        match self {
            Self::Merge(template) => {
                let patch = template.resolve(scope)?.into_owned();
                match prepare(patch, object, budget) {
                    Ok(patch) => strategic::merge(object, patch),
                    Err(Refusal::Condition(_) | Refusal::Global(_)) => {}
                    Err(Refusal::Stopped(error)) => return Err(error),
                }
            }
            Self::Patch(text) => {
                let source = text.resolve(scope)?;
                let source = source.as_str().unwrap_or_default();
                let reading = fairway_yaml::read("patchesJson6902", source, &fairway_yaml::Limits::default());
                if let Some(problem) = reading.diagnostics.first() {
                    return Err(QueryError::Failed(format!("patchesJson6902: {}", problem.message)));
                }
                let patch = reading.documents.into_iter().next().map(|document| document.value);
                json_patch::apply(object, &patch.unwrap_or(Value::Array(Vec::new())))
                    .map_err(QueryError::Failed)?;
            }
            Self::ForEach(loops) => {
                for it in loops {
                    let mut items: Vec<(usize, Value)> =
                        elements(it.list.resolve(scope)?)?.into_iter().enumerate().collect();
                    if it.descends {
                        items.reverse();
                    }
                    for (index, item) in items.iter().filter(|(_, item)| !item.is_null()) {
                        let mut inner = Scope::within(scope);
                        inner.bind_element(item, *index, depth);
                        inner.declare(&it.context);
                        if it.preconditions.hold(&inner)? {
                            it.change.apply(object, &inner, depth + 1)?;
                        }
                    }
                }
            }
        }
        budget.take(100)
    }
}

impl Mutation {
    pub(crate) fn read(value: &Value) -> Result<Self, QueryError> {
        let targets = value.get("targets").and_then(Value::as_array).into_iter().flatten();
        let target = |value: &Value| -> Result<Target, QueryError> {
            let mut spec = value.clone();
            if let Value::Object(map) = &mut spec {
                map.shift_remove("context");
                map.shift_remove("preconditions");
            }
            Ok(Target {
                spec: Template::compile(&spec)?,
                context: ContextEntry::list(value.get("context"))?,
                preconditions: Conditions::read(value.get("preconditions"))?,
            })
        };
        Ok(Self { change: Change::read(value, 0)?, targets: targets.map(target).collect::<Result<_, _>>()? })
    }

    /// Whether it changes the object that is asked about, rather than others.
    pub(crate) fn is_of_the_object(&self) -> bool {
        self.targets.is_empty()
    }

    pub(crate) fn ask<'s>(&'s self, rule: &str, scope: &'s Scope<'s>) -> RuleResult {
        let result =
            if self.targets.is_empty() { self.change_own(scope) } else { self.change_targets(scope) };
        match result {
            Ok((None, targets)) if targets.is_empty() => {
                RuleResult::new(rule, Status::Skip, "nothing is changed")
            }
            Ok((patched, targets)) => {
                RuleResult { patched, targets, ..RuleResult::new(rule, Status::Pass, "changed") }
            }
            Err(error) => RuleResult::error(rule, "the mutation", &error),
        }
    }

    fn change_own<'s>(&'s self, scope: &'s Scope<'s>) -> Result<(Option<Value>, Vec<Value>), QueryError> {
        let request = scope.world().request;
        if request.is_deletion() {
            return Ok((None, Vec::new()));
        }
        let own = scope.world().object();
        Ok((changed(&self.change, own, scope)?, Vec::new()))
    }

    fn change_targets<'s>(&'s self, scope: &'s Scope<'s>) -> Result<(Option<Value>, Vec<Value>), QueryError> {
        let mut results = Vec::new();
        for target in &self.targets {
            let spec = target.spec.resolve(scope)?;
            for object in found(&spec, scope)? {
                let mut inner = Scope::within(scope);
                inner.bind("target", Cow::Owned(object.clone()));
                inner.declare(&target.context);
                if target.preconditions.hold(&inner)? {
                    results.extend(changed(&self.change, &object, &inner)?);
                }
            }
        }
        Ok((None, results))
    }
}

/// The object after a change, when it is another.
fn changed<'s>(
    change: &'s Change,
    object: &Value,
    scope: &'s Scope<'s>,
) -> Result<Option<Value>, QueryError> {
    let mut patched = object.clone();
    change.apply(&mut patched, scope, 0)?;
    if super::jmespath::same(&patched, object) {
        return Ok(None);
    }
    if patched.to_string().len() > MAX_OBJECT {
        return Err(QueryError::Exhausted);
    }
    Ok(Some(patched))
}

/// The objects that a target names.
fn found(spec: &Value, scope: &Scope<'_>) -> Result<Vec<Value>, QueryError> {
    let text = |key: &str| spec.get(key).and_then(Value::as_str).unwrap_or_default();
    let kind = KindPattern::read(text("kind")).kind().to_owned();
    let unknown = || {
        let (namespace, name) = (text("namespace"), text("name"));
        QueryError::Unavailable(format!(
            "{kind} {namespace}/{name}, which would be changed, is not known here"
        ))
    };
    let path = super::generate::path_of(text("apiVersion"), &kind, "", "");
    let answer = scope.world().source.api(&path).ok_or_else(unknown)?;
    let labels = spec.pointer("/selector/matchLabels").and_then(Value::as_object);
    let fits = |object: &&Value| {
        let own = |key: &str| {
            object.pointer(&format!("/metadata/{key}")).and_then(Value::as_str).unwrap_or_default()
        };
        (text("name").is_empty() || wildcard::fits(text("name"), own("name")))
            && (text("namespace").is_empty() || wildcard::fits(text("namespace"), own("namespace")))
            && labels.into_iter().flatten().all(|(key, value)| {
                object.pointer("/metadata/labels").and_then(|labels| labels.get(key)) == Some(value)
            })
    };
    let items = answer.get("items").and_then(Value::as_array);
    Ok(items.into_iter().flatten().filter(fits).cloned().collect())
}
