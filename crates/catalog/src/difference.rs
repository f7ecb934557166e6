//! What differs between two versions of an entity, field by field and as text.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

/// Lines around a change in the text of a difference.
const CONTEXT: usize = 3;

/// One field that differs. A scalar in a list is a field of its own, and its place in the list is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// Where, as a JSON pointer.
    pub path: String,
    /// What was there; absent when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The fields that differ, in the order of the later version, what is gone behind what is there.
pub fn field_changes(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut changes);
    changes
}

/// The difference of two texts in the unified format, without file names; empty when there is none.
pub fn text_changes(before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after).unified_diff().context_radius(CONTEXT).to_string()
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in new {
                compare(child(&path, key), old.get(key), Some(value), changes);
            }
            for (key, value) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
                compare(child(&path, key), Some(value), None, changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => lists(&path, old, new, changes),
        // What comes or goes as a whole is told leaf by leaf, so that every field can be found.
        (None, Some(Value::Object(new))) if !new.is_empty() => {
            for (key, value) in new {
                compare(child(&path, key), None, Some(value), changes);
            }
        }
        (Some(Value::Object(old)), None) if !old.is_empty() => {
            for (key, value) in old {
                compare(child(&path, key), Some(value), None, changes);
            }
        }
        _ => changes.push(FieldChange { path, before: before.cloned(), after: after.cloned() }),
    }
}

fn lists(path: &str, old: &[Value], new: &[Value], changes: &mut Vec<FieldChange>) {
    if !old.iter().chain(new).all(is_scalar) {
        for index in 0..old.len().max(new.len()) {
            compare(child(path, &index.to_string()), old.get(index), new.get(index), changes);
        }
        return;
    }
    let texts = |list: &[Value]| list.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
    let (were, are) = (texts(old), texts(new));
    let start = changes.len();
    for (index, value) in new.iter().enumerate().filter(|(_, value)| !were.contains(&value.to_string())) {
        let path = child(path, &index.to_string());
        changes.push(FieldChange { path, before: None, after: Some(value.clone()) });
    }
    for (index, value) in old.iter().enumerate().filter(|(_, value)| !are.contains(&value.to_string())) {
        let path = child(path, &index.to_string());
        changes.push(FieldChange { path, before: Some(value.clone()), after: None });
    }
    if changes.len() == start {
        // The same values in another order or number.
        let (before, after) = (Value::from(old.to_vec()), Value::from(new.to_vec()));
        changes.push(FieldChange { path: path.to_owned(), before: Some(before), after: Some(after) });
    }
}

pub(crate) fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

/// The pointer of a child.
pub(crate) fn child(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::{field_changes, text_changes};

    fn rows(before: &Value, after: &Value) -> Vec<String> {
        let show = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), ToString::to_string);
        field_changes(before, after)
            .iter()
            .map(|it| format!("{} {} {}", it.path, show(&it.before), show(&it.after)))
            .collect()
    }

    #[test]
    fn every_field_that_differs_is_named_once() {
        let before = json!({"metadata": {"name": "shop", "tags": ["a", "b"], "annotations": {"x/y": "1"}}, "spec": {"owner": "one"}});
        let after = json!({"metadata": {"name": "shop", "tags": ["c", "a"], "links": [{"url": "u"}]}, "spec": {"owner": "two"}});
        assert_eq!(
            rows(&before, &after),
            [
                r#"/metadata/tags/0 - "c""#,
                r#"/metadata/tags/1 "b" -"#,
                r#"/metadata/links - [{"url":"u"}]"#,
                r#"/metadata/annotations/x~1y "1" -"#,
                r#"/spec/owner "one" "two""#,
            ]
        );
        assert_eq!(rows(&after, &after), [""; 0]);
        assert_eq!(rows(&json!({"t": [1, 2]}), &json!({"t": [2, 1]})), ["/t [1,2] [2,1]"]);
        assert_eq!(
            rows(&json!({"l": [{"a": 1}]}), &json!({"l": [{"a": 2}, {"b": 3}]})),
            ["/l/0/a 1 2", "/l/1/b - 3"]
        );
    }

    #[test]
    fn texts_differ_by_lines() {
        let text = text_changes("a\nb\n", "a\nc\n");
        assert!(text.contains("-b") && text.contains("+c"), "{text}");
        assert_eq!(text_changes("a", "a"), "");
    }
}
