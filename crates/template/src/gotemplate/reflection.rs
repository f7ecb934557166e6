//! What type a value has.

use super::builtins::arg;
use super::registry::Kind::{Any, Text};
use super::registry::{Function, function};
use super::value::Value;

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("typeOf", &[Any], None, |r, v| r.text(type_of(arg(v, 0))), "The type of a value as Go writes it", r#"{{ typeOf "a" }}"#, "string"),
    function("typeIs", &[Text, Any], None, |_, v| {
        Ok(Value::Bool(is(arg(v, 0), type_of(arg(v, 1)))))
    }, "Whether a value has that type", r#"{{ typeIs "int" 1 }}"#, "true"),
    function("typeIsLike", &[Text, Any], None, |_, v| {
        let name = type_of(arg(v, 1));
        Ok(Value::Bool(is(arg(v, 0), name) || name.strip_prefix('*').is_some_and(|inner| is(arg(v, 0), inner))))
    }, "Whether a value has that type or points to one", r#"{{ typeIsLike "semver.Version" (semver "1.2.3") }}"#, "true"),
    function("kindOf", &[Any], None, |r, v| r.text(arg(v, 0).kind_name()), "The kind of a value: string, slice, map and others", "{{ kindOf (list 1) }}", "slice"),
    function("kindIs", &[Text, Any], None, |_, v| {
        Ok(Value::Bool(is(arg(v, 0), arg(v, 1).kind_name())))
    }, "Whether a value is of that kind", r#"{{ kindIs "map" (dict) }}"#, "true"),
    function("deepEqual", &[Any, Any], None, |r, v| {
        r.equals(arg(v, 0), arg(v, 1)).map(Value::Bool)
    }, "Whether two values are equal down to their last item", "{{ deepEqual (list 1 2) (list 1 2) }}", "true"),
];

fn type_of(value: &Value) -> &'static str {
    if value.is_nil() { "<nil>" } else { value.type_name() }
}

fn is(wanted: &Value, name: &str) -> bool {
    matches!(wanted, Value::Text(text) if &**text == name)
}
