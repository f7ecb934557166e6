//! Generation, as a preview: the objects that a rule would make.

use serde_json::{Map, Value, json};

use super::condition::Conditions;
use super::context::Scope;
use super::entry::ContextEntry;
use super::jmespath::QueryError;
use super::source::Source;
use super::status::{RuleResult, Status};
use super::template::{Template, Text};
use super::validate::elements;

/// The most objects that one rule makes.
const MAX_OBJECTS: usize = 1_000;

/// `generate` of a rule.
#[derive(Clone, Debug)]
pub(crate) struct Generation {
    target: Target,
    loops: Vec<Loop>,
}

/// What is made, all of it with variables.
#[derive(Clone, Debug)]
struct Target {
    spec: Template,
}

#[derive(Clone, Debug)]
struct Loop {
    list: Text,
    context: Vec<ContextEntry>,
    preconditions: Conditions,
    target: Target,
}

impl Target {
    fn read(value: &Value) -> Result<Self, QueryError> {
        let mut spec = Map::new();
        for key in ["apiVersion", "kind", "name", "namespace", "data", "clone", "cloneList"] {
            if let Some(value) = value.get(key) {
                spec.insert(key.to_owned(), value.clone());
            }
        }
        Template::compile(&Value::Object(spec)).map(|spec| Self { spec })
    }

    fn make<'s>(&'s self, scope: &'s Scope<'s>) -> Result<Vec<Value>, QueryError> {
        let spec = self.spec.resolve(scope)?;
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let source = scope.world().source;
        let (name, namespace) = (text(&spec, "name"), text(&spec, "namespace"));
        if let Some(list) = spec.get("cloneList").filter(|list| list.is_object()) {
            return clones(list, &namespace, source);
        }
        let (version, kind) = (text(&spec, "apiVersion"), text(&spec, "kind"));
        let mut object = match spec.get("clone").filter(|clone| clone.is_object()) {
            Some(clone) => {
                let (from_namespace, from_name) = (text(clone, "namespace"), text(clone, "name"));
                fetched(source, &version, &kind, &from_namespace, &from_name)?
            }
            None => spec.get("data").cloned().unwrap_or_else(|| json!({})),
        };
        place(&mut object, &version, &kind, &name, &namespace)?;
        Ok(vec![object])
    }
}

pub(crate) fn path_of(version: &str, kind: &str, namespace: &str, name: &str) -> String {
    let root = if version.contains('/') { "apis" } else { "api" };
    let plural = crate::resource_name::resource(kind);
    let namespace = if namespace.is_empty() { String::new() } else { format!("namespaces/{namespace}/") };
    let name = if name.is_empty() { String::new() } else { format!("/{name}") };
    format!("/{root}/{version}/{namespace}{plural}{name}")
}

fn fetched(
    source: &dyn Source,
    version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<Value, QueryError> {
    source.api(&path_of(version, kind, namespace, name)).map(|found| (*found).clone()).ok_or_else(|| {
        QueryError::Unavailable(format!(
            "{kind} {namespace}/{name}, which would be cloned, is not known here"
        ))
    })
}

fn clones(list: &Value, namespace: &str, source: &dyn Source) -> Result<Vec<Value>, QueryError> {
    let from = list.get("namespace").and_then(Value::as_str).unwrap_or_default();
    let kinds = list.get("kinds").and_then(Value::as_array);
    let mut made = Vec::new();
    for kind in kinds.into_iter().flatten().filter_map(Value::as_str) {
        let (version, kind) = kind.rsplit_once('/').unwrap_or(("v1", kind));
        let answer = source.api(&path_of(version, kind, from, "")).ok_or_else(|| {
            QueryError::Unavailable(format!("the objects of kind {kind} in {from} are not known here"))
        })?;
        let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        for mut item in items {
            let labels = item.pointer("/metadata/labels").cloned().unwrap_or_default();
            let wanted = list.pointer("/selector/matchLabels").and_then(Value::as_object);
            if !wanted.into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value)) {
                continue;
            }
            let name = item.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
            place(&mut item, version, kind, &name, namespace)?;
            made.push(item);
            if made.len() > MAX_OBJECTS {
                return Err(QueryError::Exhausted);
            }
        }
    }
    Ok(made)
}

/// Gives an object its kind and its name, and takes away what belonged to the one that it was cloned from.
fn place(
    object: &mut Value,
    version: &str,
    kind: &str,
    name: &str,
    namespace: &str,
) -> Result<(), QueryError> {
    let Some(map) = object.as_object_mut() else {
        return Err(QueryError::Failed("what is generated is no object".to_owned()));
    };
    if !version.is_empty() {
        map.insert("apiVersion".to_owned(), version.into());
    }
    map.insert("kind".to_owned(), kind.into());
    let metadata = map.entry("metadata").or_insert_with(|| json!({}));
    let Some(metadata) = metadata.as_object_mut() else {
        return Err(QueryError::Failed("metadata of what is generated is no object".to_owned()));
    };
    for key in ["uid", "resourceVersion", "creationTimestamp", "managedFields", "ownerReferences", "selfLink"]
    {
        metadata.shift_remove(key);
    }
    metadata.insert("name".to_owned(), name.into());
    if namespace.is_empty() {
        metadata.shift_remove("namespace");
    } else {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    Ok(())
}

impl Generation {
    pub(crate) fn read(value: &Value) -> Result<Self, QueryError> {
        let loops = value.get("foreach").and_then(Value::as_array);
        let each = |it: &Value| -> Result<Loop, QueryError> {
            Ok(Loop {
                list: Text::expression(it.get("list").and_then(Value::as_str).unwrap_or_default())?,
                context: ContextEntry::list(it.get("context"))?,
                preconditions: Conditions::read(it.get("preconditions"))?,
                target: Target::read(it)?,
            })
        };
        let loops = loops.into_iter().flatten().map(each).collect::<Result<_, _>>()?;
        Ok(Self { target: Target::read(value)?, loops })
    }

    pub(crate) fn ask<'s>(&'s self, rule: &str, scope: &'s Scope<'s>) -> RuleResult {
        match self.make(scope) {
            Ok(made) if made.is_empty() => RuleResult::new(rule, Status::Skip, "nothing is generated"),
            Ok(made) => {
                let mut result = RuleResult::new(rule, Status::Pass, "generated");
                result.generated = made;
                result
            }
            Err(error) => RuleResult::error(rule, "the generation", &error),
        }
    }

    fn make<'s>(&'s self, scope: &'s Scope<'s>) -> Result<Vec<Value>, QueryError> {
        if self.loops.is_empty() {
            return self.target.make(scope);
        }
        let mut made = Vec::new();
        for it in &self.loops {
            let items = it.list.resolve(scope).and_then(elements)?;
            for (index, item) in items.iter().enumerate() {
                let mut inner = Scope::within(scope);
                inner.bind_element(item, index, 0);
                inner.declare(&it.context);
                if it.preconditions.hold(&inner)? {
                    made.extend(it.target.make(&inner)?);
                }
                if made.len() > MAX_OBJECTS {
                    return Err(QueryError::Exhausted);
                }
            }
        }
        Ok(made)
    }
}
