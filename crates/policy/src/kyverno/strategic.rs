//! Strategic merge: a patch in the form of the object, in which lists of named things are merged by name.

use serde_json::{Map, Value};

/// By which field the items of a list are told apart, for the lists of Kubernetes' own kinds. Lists that are
/// not here are replaced as a whole.
fn merge_keys(field: &str, is_in_service: bool) -> Option<&'static [&'static str]> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims"
        | "claims" => &["name"],
        "ports" if is_in_service => &["port", "protocol"],
        "ports" => &["containerPort", "protocol"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "hostAliases" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        "ownerReferences" => &["uid"],
        "conditions" | "readinessGates" => &["type"],
        _ => return None,
    })
}

/// Merges a patch into an object. Null removes; `$patch: replace` and `$patch: delete` do what they say. New
/// items stand before those that are there.
pub(crate) fn merge(object: &mut Value, patch: Value) {
    let is_service = object.get("kind").and_then(Value::as_str) == Some("Service");
    merge_value(object, patch, "", is_service);
}

fn merge_value(target: &mut Value, patch: Value, field: &str, is_service: bool) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => merge_map(target, patch, is_service),
        (Value::Array(target), Value::Array(patch)) => {
            let keys =
                merge_keys(field, is_service).filter(|_| target.iter().chain(&patch).all(Value::is_object));
            match keys {
                Some(keys) => merge_list(target, patch, keys, is_service),
                None if field == "finalizers" => {
                    let new: Vec<Value> = patch.into_iter().filter(|item| !target.contains(item)).collect();
                    target.splice(0..0, new);
                }
                None => *target = patch.into_iter().filter_map(|item| cleaned(item, is_service)).collect(),
            }
        }
        (target, patch) => {
            if let Some(patch) = cleaned(patch, is_service) {
                *target = patch;
            }
        }
    }
}

/// A patch that nothing is there for: without nulls and directives.
fn cleaned(patch: Value, is_service: bool) -> Option<Value> {
    match patch {
        Value::Null => None,
        Value::Object(map) => {
            if map.get("$patch").and_then(Value::as_str) == Some("delete") {
                return None;
            }
            let mut new = Map::new();
            merge_map(&mut new, map, is_service);
            Some(Value::Object(new))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(|item| cleaned(item, is_service)).collect()),
        other => Some(other),
    }
}

fn merge_map(target: &mut Map<String, Value>, mut patch: Map<String, Value>, is_service: bool) {
    match patch.shift_remove("$patch").as_ref().and_then(Value::as_str) {
        Some("replace") => target.clear(),
        Some("delete") => {
            target.clear();
            return;
        }
        _ => {}
    }
    for (key, value) in patch {
        if key.starts_with('$') {
            continue;
        }
        match target.get_mut(&key) {
            _ if value.is_null() => {
                target.shift_remove(&key);
            }
            Some(existing) => merge_value(existing, value, &key, is_service),
            None => {
                if let Some(value) = cleaned(value, is_service) {
                    target.insert(key, value);
                }
            }
        }
    }
}

fn merge_list(target: &mut Vec<Value>, patch: Vec<Value>, keys: &[&str], is_service: bool) {
    let mut new: Vec<Value> = Vec::new();
    for item in patch {
        let is_same = |other: &Value| {
            keys.iter().enumerate().all(|(place, key)| match (item.get(*key), other.get(*key)) {
                (Some(own), Some(other)) => own == other,
                // A further key that one of them leaves out has its default.
                _ => place > 0,
            })
        };
        if let Some(place) = target.iter().position(is_same) {
            if item.get("$patch").and_then(Value::as_str) == Some("delete") {
                target.remove(place);
            } else if let Some(found) = target.get_mut(place) {
                merge_value(found, item, "", is_service);
            }
        } else if let Some(found) = new.iter_mut().find(|other| is_same(other)) {
            merge_value(found, item, "", is_service);
        } else {
            new.extend(cleaned(item, is_service));
        }
    }
    target.splice(0..0, new);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::merge;

    fn merged(mut object: Value, patch: Value) -> Value {
        merge(&mut object, patch);
        object
    }

    #[test]
    fn lists_merge_by_their_keys_and_others_are_replaced() {
        let object = json!({"spec": {"containers": [{"name": "a", "image": "x"}], "args": ["1", "2"]}});
        let patch =
            json!({"spec": {"containers": [{"name": "b"}, {"name": "a", "tty": true}], "args": ["3"]}});
        assert_eq!(
            merged(object, patch),
            json!({"spec": {"containers": [{"name": "b"}, {"name": "a", "image": "x", "tty": true}], "args": ["3"]}})
        );
    }

    #[test]
    fn null_and_directives_remove() {
        let object = json!({"a": 1, "b": {"c": 1, "d": 2}, "volumes": [{"name": "x"}, {"name": "y"}]});
        let patch = json!({
            "a": null, "b": {"$patch": "replace", "e": 3},
            "volumes": [{"name": "x", "$patch": "delete"}],
        });
        assert_eq!(merged(object, patch), json!({"b": {"e": 3}, "volumes": [{"name": "y"}]}));
    }
}
