//! The resources of a workload, each after those that its parameters refer to.

use std::collections::BTreeMap;

use fairway_domain::Diagnostic;
use serde_json::{Map, Value, json};

use crate::builtin;
use crate::outputs::Outputs;
use crate::placeholder::{Piece, resources_of};
use crate::resource::{Provided, Refused, provide_by_class};
use crate::scope::{Notes, Scope};
use crate::score::{Resource, Score};

/// How deep the parameters of a resource may be nested.
const MAX_DEPTH: usize = 32;

/// A resource of the score whose parameters are expanded.
pub(crate) struct ResolvedResource<'a> {
    pub(crate) name: &'a str,
    pub(crate) resource: &'a Resource,
    pub(crate) params: Map<String, Value>,
}

impl ResolvedResource<'_> {
    /// A parameter as text; numbers count as their text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.params.get(key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An error at this resource, or at a parameter of it.
    pub(crate) fn error(&self, scope: &Scope<'_>, key: Option<&str>, message: &str) -> Diagnostic {
        let below = key.map(|key| format!("/params/{key}")).unwrap_or_default();
        let pointer = format!("/resources/{}{below}", self.name);
        scope.request.score.diagnostic(
            &pointer,
            "score-resource",
            format!("resource {}: {message}", self.name),
        )
    }
}

/// What the resources of a workload came to.
pub(crate) struct Resolution<'a> {
    pub(crate) outputs: Outputs<'a>,
    pub(crate) provided: BTreeMap<String, Provided>,
}

/// Provides every resource in dependency order.
pub(crate) fn resolve<'a>(scope: &Scope<'a>, notes: &mut Notes) -> Resolution<'a> {
    let source = scope.request.score;
    let mut resolution = Resolution {
        outputs: Outputs { metadata: &source.metadata, resources: BTreeMap::new() },
        provided: BTreeMap::new(),
    };
    for name in ordered(scope, notes) {
        let Some(resource) = source.resources.get(&name) else { continue };
        if needs_of(resource).iter().any(|need| is_missing(source, &resolution, need)) {
            // What it refers to failed, and that has been said.
            continue;
        }
        let mut failed = Vec::new();
        let params = expand_value(
            &Value::Object(resource.params.clone()),
            &resolution.outputs,
            &format!("/resources/{name}/params"),
            0,
            &mut failed,
        );
        let unresolved = !failed.is_empty();
        for (pointer, message) in failed {
            notes.fail(source.diagnostic(&pointer, "score-placeholder", message));
        }
        let params = params.as_object().cloned().unwrap_or_default();
        let resolved = ResolvedResource { name: &name, resource, params };
        if unresolved {
            continue;
        }
        if let Ok(provided) = provide(scope, &resolved, notes) {
            resolution.outputs.resources.insert(name.clone(), provided.outputs.clone());
            resolution.provided.insert(name.clone(), provided);
        }
    }
    resolution
}

fn provide(
    scope: &Scope<'_>,
    resolved: &ResolvedResource<'_>,
    notes: &mut Notes,
) -> Result<Provided, Refused> {
    if let Some(provided) = provide_by_class(scope, resolved, notes) {
        return provided;
    }
    if let Some(provided) = builtin::provide(scope, resolved, notes) {
        return provided;
    }
    let message = format!(
        "resource {}: nothing provides the type \"{}\" of class \"{}\" in {}",
        resolved.name,
        resolved.resource.resource_type,
        resolved.resource.class,
        scope.request.environment.name
    );
    let pointer = format!("/resources/{}/type", resolved.name);
    let problem = scope.request.score.diagnostic(&pointer, "score-resource", message);
    notes.fail(problem.with_hint(format!("on offer are: {}", offered(scope).join(", "))));
    Err(Refused)
}

/// The types that the environment has, with the class where it is not the default.
fn offered(scope: &Scope<'_>) -> Vec<String> {
    let mut types: Vec<String> = builtin::TYPES.iter().map(|name| (*name).to_owned()).collect();
    for class in crate::resource::classes_of(scope) {
        types.push(if class.spec.class == "default" {
            class.spec.resource_type.clone()
        } else {
            format!("{} (class {})", class.spec.resource_type, class.spec.class)
        });
    }
    types.sort_unstable();
    types.dedup();
    types
}

/// The names so that each comes after those that its parameters name. A circle is a problem.
fn ordered(scope: &Scope<'_>, notes: &mut Notes) -> Vec<String> {
    let resources = &scope.request.score.resources;
    let mut waiting: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for (name, resource) in resources {
        let mut needs = needs_of(resource);
        needs.retain(|need| resources.contains_key(need));
        waiting.insert(name, needs);
    }
    let mut order: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        let ready: Vec<&String> = waiting
            .iter()
            .filter(|(_, needs)| needs.iter().all(|need| order.contains(need)))
            .map(|(name, _)| *name)
            .collect();
        if ready.is_empty() {
            let names: Vec<&str> = waiting.keys().map(|name| name.as_str()).collect();
            let first = names.first().copied().unwrap_or_default();
            notes.fail(scope.request.score.diagnostic(
                &format!("/resources/{first}/params"),
                "score-resource",
                format!("these resources need each other in a circle: {}", names.join(", ")),
            ));
            break;
        }
        for name in ready {
            waiting.remove(name);
            order.push(name.clone());
        }
    }
    order
}

fn is_missing(score: &Score, resolution: &Resolution<'_>, need: &str) -> bool {
    score.resources.contains_key(need) && !resolution.provided.contains_key(need)
}

/// The resources that the parameters of a resource name.
fn needs_of(resource: &Resource) -> Vec<String> {
    let mut needs = Vec::new();
    collect_needs(&Value::Object(resource.params.clone()), 0, &mut needs);
    needs
}

fn collect_needs(value: &Value, depth: usize, needs: &mut Vec<String>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::String(text) => needs.extend(resources_of(text)),
        Value::Array(items) => items.iter().for_each(|item| collect_needs(item, depth + 1, needs)),
        Value::Object(map) => map.values().for_each(|item| collect_needs(item, depth + 1, needs)),
        _ => {}
    }
}

fn expand_value(
    value: &Value,
    outputs: &Outputs<'_>,
    pointer: &str,
    depth: usize,
    failed: &mut Vec<(String, String)>,
) -> Value {
    if depth > MAX_DEPTH {
        failed.push((pointer.to_owned(), format!("parameters nest deeper than {MAX_DEPTH} levels")));
        return Value::Null;
    }
    match value {
        Value::String(text) => match outputs.pieces(text) {
            Ok(pieces) => match pieces.as_slice() {
                [] => json!(""),
                [Piece::Text(text)] => json!(text),
                [Piece::Secret(secret)] => json!({"secret": secret.secret, "key": secret.key}),
                _ => {
                    let message =
                        "a parameter cannot mix text and a secret; pass the secret alone".to_owned();
                    failed.push((pointer.to_owned(), message));
                    Value::Null
                }
            },
            Err(message) => {
                failed.push((pointer.to_owned(), message));
                Value::Null
            }
        },
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                expand_value(item, outputs, &format!("{pointer}/{index}"), depth + 1, failed)
            })
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| {
                let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                (key.clone(), expand_value(item, outputs, &below, depth + 1, failed))
            })
            .collect(),
        other => other.clone(),
    }
}
