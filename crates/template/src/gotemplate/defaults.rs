//! Defaults, choices and the way to stop.

use super::builtins::arg;
use super::registry::Kind::{Any, Bool, Text};
use super::registry::{Function, Kind, function};
use super::value::Value;
use crate::error::Fault;

const MORE: Option<Kind> = Some(Any);

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("default", &[Any], MORE, |_, v| {
        Ok(v.get(1).filter(|given| !is_empty(given)).unwrap_or(arg(v, 0)).clone())
    }, "The second value, or the first where the second is empty", r#"{{ "" | default "d" }}"#, "d"),
    function("empty", &[Any], None, |_, v| Ok(Value::Bool(is_empty(arg(v, 0)))), "Whether a value is empty: missing, false, 0, or without content", "{{ empty 0 }}", "true"),
    function("coalesce", &[], MORE, |_, v| {
        Ok(v.iter().find(|value| !is_empty(value)).cloned().unwrap_or(Value::Nil))
    }, "The first value that is not empty", r#"{{ coalesce "" "b" }}"#, "b"),
    function("all", &[], MORE, |_, v| Ok(Value::Bool(!v.iter().any(is_empty))), "Whether no value is empty", r#"{{ all 1 "" }}"#, "false"),
    function("any", &[], MORE, |_, v| Ok(Value::Bool(v.iter().any(|value| !is_empty(value)))), "Whether one value is not empty", r#"{{ any 1 "" }}"#, "true"),
    function("ternary", &[Any, Any, Bool], None, |_, v| {
        Ok(arg(v, usize::from(!arg(v, 2).is_true())).clone())
    }, "The first value if the third is true, else the second", r#"{{ true | ternary "yes" "no" }}"#, "yes"),
    function("fail", &[Text], None, |_, v| match arg(v, 0) {
        Value::Text(message) => Err(Fault::value(message.to_string())),
        _ => Ok(Value::Nil),
    }, "Stops with a message", "", ""),
];

/// Whether sprig counts a value as not set.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Time(_) | Value::Version(_) => false,
        Value::Month(month) => month.0 == 0,
        other => !other.is_true(),
    }
}
