//! Anchors in strategic merge patches: conditions decide which part of a patch counts, and are taken out.

use serde_json::{Map, Value};

use super::anchor::{self, Anchor};
use super::jmespath::{Budget, QueryError};
use super::pattern::{Mismatch, Pattern};

/// Why a patch does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not for this element.
    Condition(String),
    /// Not at all.
    Global(String),
    /// It could not be told.
    Stopped(QueryError),
}

/// The patch as it counts for an object, without anchors.
pub(crate) fn prepare(mut patch: Value, object: &Value, budget: &Budget) -> Result<Value, Refusal> {
    walk(&mut patch, Some(object), budget)?;
    if let Value::Object(map) = &mut patch {
        let keys: Vec<String> = map.keys().cloned().collect();
        for key in keys {
            let is_condition = is_condition(&key);
            if map.get_mut(&key).is_some_and(|value| strip(value, is_condition)) {
                map.shift_remove(&key);
            }
        }
    }
    Ok(patch)
}

fn is_condition(key: &str) -> bool {
    matches!(anchor::split(key).0, Some(Anchor::Condition | Anchor::Global))
}

fn is_anchored(key: &str) -> bool {
    is_condition(key) || anchor::split(key).0 == Some(Anchor::AddIfNotPresent)
}

fn has_anchor(value: &Value, wanted: fn(&str) -> bool) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| wanted(key) || has_anchor(value, wanted)),
        Value::Array(items) => items.iter().any(|item| has_anchor(item, wanted)),
        _ => false,
    }
}

fn walk(patch: &mut Value, object: Option<&Value>, budget: &Budget) -> Result<(), Refusal> {
    budget.take(1).map_err(Refusal::Stopped)?;
    match patch {
        Value::Object(map) => {
            add_if_missing(map, object);
            conditions(map, object, Anchor::Global, budget)
                .map_err(|refusal| promote(refusal, Refusal::Global))?;
            conditions(map, object, Anchor::Condition, budget)
                .map_err(|refusal| promote(refusal, Refusal::Condition))?;
            for (key, value) in map.iter_mut().filter(|(key, _)| !is_anchored(key)) {
                walk(value, object.and_then(|object| object.get(key)), budget)?;
            }
            Ok(())
        }
        Value::Array(items) if items.first().is_some_and(Value::is_object) => list(items, object, budget),
        _ => Ok(()),
    }
}

fn promote(refusal: Refusal, into: fn(String) -> Refusal) -> Refusal {
    match refusal {
        Refusal::Condition(reason) | Refusal::Global(reason) => into(reason),
        stopped @ Refusal::Stopped(_) => stopped,
    }
}

/// `+(key)`: taken out where the key is there, else a plain key. Says how many there were.
fn add_if_missing(map: &mut Map<String, Value>, object: Option<&Value>) -> usize {
    if !map.keys().any(|key| anchor::split(key).0 == Some(Anchor::AddIfNotPresent)) {
        return 0;
    }
    let mut count = 0;
    for (key, value) in std::mem::take(map) {
        match anchor::split(&key) {
            (Some(Anchor::AddIfNotPresent), name) => {
                count += 1;
                if object.and_then(|object| object.get(name)).is_none() {
                    map.insert(name.to_owned(), value);
                }
            }
            _ => {
                map.insert(key, value);
            }
        }
    }
    count
}

fn conditions(
    map: &mut Map<String, Value>,
    object: Option<&Value>,
    wanted: Anchor,
    budget: &Budget,
) -> Result<(), Refusal> {
    for (key, value) in map.iter_mut() {
        let (found, name) = anchor::split(key);
        if found != Some(wanted) {
            continue;
        }
        let Some(own) = object.and_then(|object| object.get(name)) else {
            return Err(Refusal::Condition(format!("{name} is missing")));
        };
        if let Value::Object(inner) = value
            && add_if_missing(inner, Some(own)) > 0
        {
            continue;
        }
        let pattern = Pattern::compile(value).map_err(Refusal::Stopped)?;
        match pattern.check(own, budget) {
            Ok(()) => {}
            Err(Mismatch::Skip(reason) | Mismatch::Fail { reason, .. }) => {
                return Err(Refusal::Condition(reason));
            }
            Err(Mismatch::Stopped(error)) => return Err(Refusal::Stopped(error)),
        }
    }
    Ok(())
}

/// An item with conditions is written once for each item of the object that they hold for.
fn list(items: &mut Vec<Value>, object: Option<&Value>, budget: &Budget) -> Result<(), Refusal> {
    let own = object.and_then(Value::as_array);
    let mut added = Vec::new();
    for item in items.iter() {
        if !has_anchor(item, is_anchored) {
            continue;
        }
        let is_global = has_anchor(item, |key| anchor::split(key).0 == Some(Anchor::Global));
        let (mut has_passed, mut refused) = (false, None);
        for element in own.into_iter().flatten() {
            let mut copy = item.clone();
            match walk(&mut copy, Some(element), budget) {
                Ok(()) if is_global => has_passed = true,
                Ok(()) => {
                    let name = element.get("name").filter(|name| !name.is_null());
                    if let (Some(name), false) = (name, strip(&mut copy, true)) {
                        if let Value::Object(map) = &mut copy {
                            map.insert("name".to_owned(), name.clone());
                        }
                        added.push(copy);
                    }
                }
                Err(Refusal::Condition(_)) => {}
                Err(refusal @ Refusal::Global(_)) => refused = Some(refusal),
                Err(stopped) => return Err(stopped),
            }
        }
        if own.is_none() {
            match walk(&mut item.clone(), None, budget) {
                Ok(()) => has_passed |= is_global,
                Err(Refusal::Condition(_)) => {}
                Err(other) => return Err(other),
            }
        }
        if let (false, Some(refusal)) = (has_passed, refused) {
            return Err(refusal);
        }
    }
    items.extend(added);
    Ok(())
}

/// Takes anchors out, and says whether nothing is left.
fn strip(value: &mut Value, removes_plain: bool) -> bool {
    match value {
        Value::Object(map) => {
            if map.is_empty() {
                return false;
            }
            let mut kept = Map::new();
            for (key, mut value) in std::mem::take(map) {
                if is_condition(&key) {
                    if !strip(&mut value, true) {
                        kept.insert(anchor::split(&key).1.to_owned(), value);
                    }
                } else if !strip(&mut value, false) {
                    kept.insert(key, value);
                }
            }
            *map = kept;
            map.is_empty()
        }
        Value::Array(items) => {
            if items.is_empty() {
                return false;
            }
            items.retain_mut(|item| !has_anchor(item, is_anchored) && !strip(item, false));
            items.is_empty()
        }
        _ => removes_plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Budget, Refusal, prepare};

    #[test]
    fn conditions_choose_and_vanish() {
        let object = json!({"spec": {"containers": [
            {"name": "a", "image": "x:latest"}, {"name": "b", "image": "y:1"},
        ]}});
        let patch = json!({"spec": {"containers": [{"(image)": "*:latest", "imagePullPolicy": "Always"}]}});
        assert_eq!(
            prepare(patch, &object, &Budget::new()),
            Ok(json!({"spec": {"containers": [{"imagePullPolicy": "Always", "name": "a"}]}}))
        );
        let global = json!({"spec": {"containers": [{"<(image)": "z*"}], "x": 1}});
        assert!(matches!(prepare(global, &object, &Budget::new()), Err(Refusal::Global(_))));
    }

    #[test]
    fn what_is_there_is_not_added() {
        let object = json!({"metadata": {"labels": {"a": "1"}}});
        let patch = json!({"metadata": {"labels": {"+(a)": "2", "+(b)": "3"}}});
        assert_eq!(prepare(patch, &object, &Budget::new()), Ok(json!({"metadata": {"labels": {"b": "3"}}})));
    }
}
