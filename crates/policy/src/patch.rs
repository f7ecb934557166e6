//! What would mend a finding, where that is mechanical: a template beside the policy, filled in for the object.

use fairway_domain::finding::PatchOperation;
use serde_json::{Map, Value};

use crate::place::steps_of;

/// The most operations of one patch.
const MAX_OPERATIONS: usize = 20;
/// Lists whose items are containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// A JSON patch whose pointers may begin with `{path}` (where the finding is), `{container}` (the container that is
/// in) or `{pod}` (the specification of the pod).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatchTemplate(Vec<PatchOperation>);

/// A JSON pointer in parts.
type Steps = Vec<String>;

impl PatchTemplate {
    /// Reads the operations as YAML or JSON.
    pub(crate) fn read(words: &str) -> Result<Self, String> {
        let reading = fairway_yaml::read("fairway.dev/patch", words, &fairway_yaml::Limits::default());
        if let Some(problem) = reading.diagnostics.first() {
            return Err(problem.message.clone());
        }
        let document = reading.documents.into_iter().next().ok_or("it is empty")?;
        Self::of(&document.value)
    }

    /// Takes operations that are a value already.
    pub(crate) fn of(value: &Value) -> Result<Self, String> {
        let items = value.as_array().ok_or("it is no list of operations")?;
        if items.is_empty() || items.len() > MAX_OPERATIONS {
            return Err(format!("it has {} operations, and 1 to {MAX_OPERATIONS} are allowed", items.len()));
        }
        let operations = items.iter().map(operation).collect::<Result<_, _>>()?;
        Ok(Self(operations))
    }

    /// The patch for one object: it can be applied as it stands, whatever is missing in between. Empty when the
    /// place is not known, or nothing would change.
    pub(crate) fn fill(&self, object: &Value, path: Option<&str>) -> Vec<PatchOperation> {
        let place = path.map(|path| steps_of(object, path));
        let mut changed = object.clone();
        let mut made = Vec::new();
        for operation in &self.0 {
            let Some(steps) = resolved(operation.path(), place.as_deref()) else { return Vec::new() };
            let next = match operation.value() {
                Some(value) => added(&changed, &steps, value),
                None => removed(&changed, &steps),
            };
            match next {
                Ok(None) => {}
                Ok(Some(next)) if apply(&mut changed, &next).is_some() => made.push(next),
                _ => return Vec::new(),
            }
        }
        made
    }
}

/// The place cannot hold what a patch wants to put there.
struct Impossible;

fn operation(item: &Value) -> Result<PatchOperation, String> {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let path = text("path").ok_or("an operation has no path")?.to_owned();
    let begins =
        |word: &str| path == word || path.strip_prefix(word).is_some_and(|rest| rest.starts_with('/'));
    if !path.starts_with('/') && !["{path}", "{container}", "{pod}"].into_iter().any(begins) {
        return Err(format!("\"{path}\" is no JSON pointer"));
    }
    let value = || item.get("value").cloned().ok_or_else(|| format!("the operation at {path} has no value"));
    match text("op").unwrap_or_default() {
        "add" => Ok(PatchOperation::Add { value: value()?, path }),
        "replace" => Ok(PatchOperation::Replace { value: value()?, path }),
        "remove" => Ok(PatchOperation::Remove { path }),
        other => Err(format!("there is no operation \"{other}\"")),
    }
}

/// The steps of a pointer whose beginning may be a word for a place.
fn resolved(pointer: &str, place: Option<&[String]>) -> Option<Steps> {
    let (mut steps, rest) = if let Some(rest) = pointer.strip_prefix("{path}") {
        (place?.to_vec(), rest)
    } else if let Some(rest) = pointer.strip_prefix("{container}") {
        let place = place?;
        let list = place.iter().position(|step| CONTAINERS.contains(&step.as_str()))?;
        (place.get(..list + 2)?.to_vec(), rest)
    } else if let Some(rest) = pointer.strip_prefix("{pod}") {
        let place = place?;
        let end = place.iter().rposition(|step| step == "spec")?;
        (place.get(..=end)?.to_vec(), rest)
    } else {
        (Vec::new(), pointer)
    };
    steps.extend(rest.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")));
    Some(steps)
}

fn pointer(steps: &[String]) -> String {
    steps.iter().flat_map(|step| ["/".to_owned(), step.replace('~', "~0").replace('/', "~1")]).collect()
}

fn child<'v>(value: &'v Value, step: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        Value::Object(map) => map.get(step),
        _ => None,
    }
}

/// The operation that puts a value at a place, with whatever is missing above it; none when it is there already.
fn added(object: &Value, steps: &[String], value: &Value) -> Result<Option<PatchOperation>, Impossible> {
    let mut at = object;
    for (depth, step) in steps.iter().enumerate() {
        let is_last = depth + 1 == steps.len();
        let path = || pointer(steps.get(..=depth).unwrap_or_default());
        match child(at, step) {
            Some(found) if is_last && found == value => return Ok(None),
            Some(_) if is_last => {
                return Ok(Some(PatchOperation::Replace { path: path(), value: value.clone() }));
            }
            Some(found) if !found.is_null() => at = found,
            found => {
                let is_place = match at {
                    Value::Object(_) => true,
                    Value::Array(_) => step == "-",
                    _ => false,
                };
                if !is_place {
                    return Err(Impossible);
                }
                let below = steps.get(depth + 1..).unwrap_or_default();
                let value = below.iter().rev().fold(value.clone(), |inner, step| match step.as_str() {
                    "-" | "0" => Value::Array(vec![inner]),
                    key => Value::Object(Map::from_iter([(key.to_owned(), inner)])),
                });
                return Ok(Some(match found {
                    Some(_) => PatchOperation::Replace { path: path(), value },
                    None => PatchOperation::Add { path: path(), value },
                }));
            }
        }
    }
    Err(Impossible)
}

fn removed(object: &Value, steps: &[String]) -> Result<Option<PatchOperation>, Impossible> {
    let found = steps.iter().try_fold(object, |at, step| child(at, step));
    if steps.is_empty() {
        return Err(Impossible);
    }
    Ok(found.map(|_| PatchOperation::Remove { path: pointer(steps) }))
}

/// Applies one operation, as RFC 6902 has it; `None` when it cannot be.
fn apply(object: &mut Value, operation: &PatchOperation) -> Option<()> {
    let steps: Steps =
        operation.path().split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let (last, parents) = steps.split_last()?;
    let parent = object.pointer_mut(&pointer(parents))?;
    match (parent, operation) {
        (Value::Object(map), PatchOperation::Remove { .. }) => map.shift_remove(last).map(|_| ()),
        (Value::Object(map), PatchOperation::Replace { value, .. }) => {
            map.get_mut(last).map(|place| *place = value.clone())
        }
        (Value::Object(map), PatchOperation::Add { value, .. }) => {
            map.insert(last.clone(), value.clone());
            Some(())
        }
        (Value::Array(items), PatchOperation::Add { value, .. }) if last == "-" => {
            items.push(value.clone());
            Some(())
        }
        (Value::Array(items), operation) => {
            let index: usize = last.parse().ok()?;
            match operation {
                PatchOperation::Remove { .. } if index < items.len() => drop(items.remove(index)),
                PatchOperation::Replace { value, .. } => *items.get_mut(index)? = value.clone(),
                PatchOperation::Add { value, .. } if index <= items.len() => {
                    items.insert(index, value.clone());
                }
                _ => return None,
            }
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::{PatchTemplate, apply};

    #[test]
    fn a_filled_in_patch_applies_as_it_stands() {
        let object = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "a"}, {"name": "b", "securityContext": {"privileged": true}},
        ]}}}});
        let after = |words: &str, path: Option<&str>| {
            let patch = PatchTemplate::read(words).unwrap().fill(&object, path);
            let mut object = object.clone();
            for operation in &patch {
                apply(&mut object, operation).unwrap();
            }
            (patch.len(), object.pointer("/spec/template/spec").unwrap().clone())
        };
        let words = "[{op: add, path: '{container}/securityContext/privileged', value: false}, \
                     {op: add, path: '{container}/securityContext/capabilities/drop/-', value: ALL}, \
                     {op: remove, path: '{container}/nothing'}]";
        let context = json!({"privileged": false, "capabilities": {"drop": ["ALL"]}});
        for (index, path) in [
            (0, "spec.template.spec.containers[0]"),
            (1, "spec.template.spec.containers[1].securityContext.privileged"),
        ] {
            let (count, pod) = after(words, Some(path));
            assert_eq!(count, 2);
            assert_eq!(
                pod.pointer(&format!("/containers/{index}/securityContext")),
                Some(&context),
                "{path}"
            );
        }
        let (_, pod) = after(
            "[{op: replace, path: '{pod}/hostNetwork', value: false}]",
            Some("spec.template.spec.containers[0]"),
        );
        assert_eq!(pod.get("hostNetwork"), Some(&json!(false)));
        // A place that is not known, and one that cannot be: no patch.
        assert_eq!(after(words, None).0, 0);
        assert_eq!(
            after("[{op: add, path: '{path}/x', value: 1}]", Some("spec.template.spec.containers[0].name")).0,
            0
        );
        for wrong in [
            "[]",
            "{}",
            "[{op: add, path: '{path}/x'}]",
            "[{op: add, path: x, value: 1}]",
            "[{op: test, path: /x}]",
        ] {
            assert!(PatchTemplate::read(wrong).is_err(), "{wrong}");
        }
    }
}
