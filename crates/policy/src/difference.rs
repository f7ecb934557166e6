//! The JSON patch (RFC 6902) that leads from one object to another.

use serde_json::{Map, Value, json};

/// The steps that make `after` of `before`; none when they are the same.
pub(crate) fn difference(before: &Value, after: &Value) -> Vec<Value> {
    let mut steps = Vec::new();
    compare(before, after, "", &mut steps);
    steps
}

fn below(path: &str, step: &str) -> String {
    format!("{path}/{}", step.replace('~', "~0").replace('/', "~1"))
}

fn compare(before: &Value, after: &Value, path: &str, steps: &mut Vec<Value>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(before), Value::Object(after)) => compare_members(before, after, path, steps),
        (Value::Array(before), Value::Array(after)) => compare_items(before, after, path, steps),
        _ => steps.push(json!({"op": "replace", "path": path, "value": after})),
    }
}

fn compare_members(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    path: &str,
    steps: &mut Vec<Value>,
) {
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        steps.push(json!({"op": "remove", "path": below(path, key)}));
    }
    for (key, value) in after {
        match before.get(key) {
            Some(own) => compare(own, value, &below(path, key), steps),
            None => steps.push(json!({"op": "add", "path": below(path, key), "value": value})),
        }
    }
}

/// Items are compared place by place; what is too much goes from the end, so that the places of others stay.
fn compare_items(before: &[Value], after: &[Value], path: &str, steps: &mut Vec<Value>) {
    for (index, (own, value)) in before.iter().zip(after).enumerate() {
        compare(own, value, &format!("{path}/{index}"), steps);
    }
    for index in (after.len()..before.len()).rev() {
        steps.push(json!({"op": "remove", "path": format!("{path}/{index}")}));
    }
    for value in after.iter().skip(before.len()) {
        steps.push(json!({"op": "add", "path": format!("{path}/-"), "value": value}));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::difference;
    use crate::kyverno::json_patch::apply;

    #[test]
    fn the_steps_lead_to_the_other_object() {
        let before = json!({"a": {"x/y": 1, "gone": true}, "l": [1, {"n": 1}, 3], "same": [1]});
        for after in [
            json!({"a": {"x/y": 2, "a~b": null}, "l": [1, {"n": 2, "m": [1]}], "same": [1]}),
            json!({"a": 1, "l": [1, 2, 3, 4, 5], "new": {"deep": {"er": []}}}),
            json!({"l": []}),
        ] {
            let steps = difference(&before, &after);
            let mut patched = before.clone();
            apply(&mut patched, &Value::Array(steps.clone())).unwrap();
            assert_eq!(patched, after, "{steps:?}");
        }
        assert!(difference(&before, &before).is_empty());
    }
}
