//! Reads rendered inputs. Their shape was judged by the action's schema before.

use serde_json::{Map, Value, json};

/// A text; an empty one counts as absent.
pub(super) fn text<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A text that the schema requires.
pub(super) fn required_text<'a>(input: &'a Value, key: &str) -> &'a str {
    input.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A switch, off by default.
pub(super) fn flag(input: &Value, key: &str) -> bool {
    input.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The texts of a list.
pub(super) fn texts(input: &Value, key: &str) -> Vec<String> {
    let items = input.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An output without anything in it.
pub(super) fn nothing() -> Value {
    Value::Object(Map::new())
}

/// The schema of an output without anything in it.
pub(super) fn no_output() -> Value {
    json!({"type": "object", "properties": {}})
}
