//! Conversions between texts and numbers.

use super::arithmetic::{to_float, to_int};
use super::builtins::arg;
use super::number::parse_int;
use super::print::{sprint, text_of};
use super::registry::Kind::{Any, Text};
use super::registry::{Function, function};
use super::value::Value;

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("toString", &[Any], None, |r, v| r.text(text_of(r, arg(v, 0))?), "The value as a text", "{{ toString 3 | quote }}", r#""3""#),
    function("int", &[Any], None, |_, v| Ok(Value::Int(to_int(arg(v, 0)))), "The value as a whole number, 0 where it is none", r#"{{ int "42" }}"#, "42"),
    function("int64", &[Any], None, |_, v| Ok(Value::Int64(to_int(arg(v, 0)))), "The value as a whole number of 64 bits", "{{ int64 3.9 }}", "3"),
    function("float64", &[Any], None, |_, v| Ok(Value::Float(to_float(arg(v, 0)))), "The value as a float, 0 where it is none", r#"{{ float64 "3.5" }}"#, "3.5"),
    function("atoi", &[Text], None, |_, v| Ok(Value::Int(match arg(v, 0) {
        Value::Text(text) => parse_int(text, 10).unwrap_or(0),
        _ => 0,
    })), "A text of decimal digits as a whole number, 0 where it is none", r#"{{ atoi "12" }}"#, "12"),
    function("toDecimal", &[Any], None, |r, v| {
        Ok(Value::Int64(parse_int(&sprint(r, v)?, 8).unwrap_or(0)))
    }, "An octal number, such as a file mode, as a decimal one", r#"{{ toDecimal "0777" }}"#, "511"),
];
