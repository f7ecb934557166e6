//! JSON patches (RFC 6902) with Kyverno's leniency: indexes from the end, removal of what is not there, and
//! addition below what is not there.

use serde_json::{Map, Value};

/// The most operations of one patch.
const MAX_OPERATIONS: usize = 1_000;

/// Applies a list of operations; the error says which one failed and why.
pub(crate) fn apply(object: &mut Value, patch: &Value) -> Result<(), String> {
    let Value::Array(operations) = patch else {
        return Err("a JSON patch is a list of operations".to_owned());
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(format!("a JSON patch has at most {MAX_OPERATIONS} operations"));
    }
    for operation in operations {
        let text = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
        let target = steps(text("path"));
        let result = match text("op") {
            "add" => add(object, &target, operation.get("value").cloned().unwrap_or_default()),
            "replace" => replace(object, &target, operation.get("value").cloned().unwrap_or_default()),
            "remove" => {
                remove(object, &target);
                Ok(())
            }
            "copy" | "move" => {
                let from = steps(text("from"));
                let value = get(object, &from).cloned().ok_or_else(|| "\"from\" is not there".to_owned());
                value.and_then(|value| {
                    if text("op") == "move" {
                        remove(object, &from);
                    }
                    add(object, &target, value)
                })
            }
            "test" => match (get(object, &target), operation.get("value")) {
                (Some(found), Some(wanted)) if super::jmespath::same(found, wanted) => Ok(()),
                _ => Err("the value is another".to_owned()),
            },
            other => Err(format!("there is no operation \"{other}\"")),
        };
        result.map_err(|reason| format!("{} {}: {reason}", text("op"), text("path")))?;
    }
    Ok(())
}

fn steps(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

fn position(step: &str, length: usize) -> Option<usize> {
    match step.strip_prefix('-') {
        Some("") => None,
        Some(back) => length.checked_sub(back.parse().ok()?),
        None => step.parse().ok(),
    }
}

/// Where something is put in; from the end, `-1` is after the last item.
fn insertion(step: &str, length: usize) -> Option<usize> {
    let extended = if step.starts_with('-') { length + 1 } else { length };
    position(step, extended).filter(|place| *place <= length)
}

fn get<'v>(object: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(object, |at, step| match at {
        Value::Array(items) => items.get(position(step, items.len())?),
        other => other.get(step),
    })
}

fn get_mut<'v>(object: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |at, step| match at {
        Value::Array(items) => {
            let place = position(step, items.len())?;
            items.get_mut(place)
        }
        other => other.get_mut(step),
    })
}

fn add(object: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((last, parents)) = path.split_last() else {
        *object = value;
        return Ok(());
    };
    let mut at = object;
    for (index, step) in parents.iter().enumerate() {
        let next = path.get(index + 1).map_or("", String::as_str);
        let is_list =
            next == "-" || next == "-1" || (!next.is_empty() && next.bytes().all(|it| it.is_ascii_digit()));
        let empty = || if is_list { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        at = match at {
            Value::Object(map) => {
                let place = map.entry(step.clone()).or_insert(Value::Null);
                if place.is_null() {
                    *place = empty();
                }
                place
            }
            Value::Array(items) => {
                let length = items.len();
                if step == "-" || insertion(step, length) == Some(length) && (length == 0 || step != "-1") {
                    items.push(empty());
                    items.last_mut().ok_or("the list is empty")?
                } else {
                    position(step, length)
                        .and_then(|place| items.get_mut(place))
                        .ok_or("there is no such item")?
                }
            }
            _ => return Err(format!("\"{step}\" is below a plain value")),
        };
    }
    match at {
        Value::Object(map) => {
            map.insert(last.clone(), value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let place = insertion(last, items.len());
            items.insert(place.ok_or("there is no such place in the list")?, value);
        }
        _ => return Err("it is below a plain value".to_owned()),
    }
    Ok(())
}

fn replace(object: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    match get_mut(object, path) {
        Some(place) => {
            *place = value;
            Ok(())
        }
        None => Err("it is not there".to_owned()),
    }
}

fn remove(object: &mut Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    match get_mut(object, parents) {
        Some(Value::Object(map)) => {
            map.shift_remove(last);
        }
        Some(Value::Array(items)) => {
            if let Some(place) = position(last, items.len()).filter(|place| *place < items.len()) {
                items.remove(place);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::apply;

    #[test]
    fn each_operation() {
        let mut object = json!({"a": {"l": [1, 2]}, "b": 1});
        let patch = json!([
            {"op": "add", "path": "/a/l/-", "value": 3},
            {"op": "add", "path": "/n/labels/x~1y", "value": "z"},
            {"op": "remove", "path": "/b"},
            {"op": "remove", "path": "/not/there"},
            {"op": "replace", "path": "/a/l/-1", "value": 4},
            {"op": "add", "path": "/p/-1/q/-1", "value": 5},
            {"op": "copy", "from": "/a/l/0", "path": "/first"},
            {"op": "test", "path": "/first", "value": 1},
        ]);
        apply(&mut object, &patch).unwrap();
        assert_eq!(
            object,
            json!({"a": {"l": [1, 2, 4]}, "n": {"labels": {"x/y": "z"}}, "p": [{"q": [5]}], "first": 1})
        );
        let wrong = apply(&mut object, &json!([{"op": "replace", "path": "/x", "value": 1}])).unwrap_err();
        assert_eq!(wrong, "replace /x: it is not there");
    }
}
