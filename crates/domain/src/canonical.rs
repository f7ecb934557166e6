//! JSON with one spelling: keys sorted, no white space. What is hashed is written this way.

use serde::Serialize;
use serde_json::Value;

use crate::Digest;

/// Sorts the keys of every object in `value`, recursively.
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            keys.into_iter().filter_map(|key| map.get(key).map(|item| (key.clone(), sorted(item)))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// The canonical text of a value.
pub fn text(value: &Value) -> String {
    sorted(value).to_string()
}

/// The digest of a value's canonical text; `None` when it cannot be expressed in JSON (a map whose keys are
/// no strings).
pub fn digest<T: Serialize>(value: &T) -> Option<Digest> {
    serde_json::to_value(value).ok().map(|value| Digest::of(text(&value).as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let one = json!({"b": 1, "a": {"d": [1, {"z": 0, "y": 1}], "c": null}});
        let two = json!({"a": {"c": null, "d": [1, {"y": 1, "z": 0}]}, "b": 1});
        assert_eq!(super::text(&one), super::text(&two));
        assert_eq!(super::digest(&one), super::digest(&two));
    }
}
