//! The tests behind `is`.

use std::cmp::Ordering;

use crate::budget::Meter;
use crate::error::{Fault, Outcome, TemplateErrorKind, near_names};
use crate::nunjucks::operators::{compare, strict_equal, to_number, truthy};
use crate::nunjucks::value::Value;

/// Their names.
pub const NAMES: [&str; 26] = [
    "callable",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "escaped",
    "even",
    "falsy",
    "ge",
    "greaterthan",
    "gt",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "null",
    "number",
    "odd",
    "sameas",
    "string",
    "truthy",
    "undefined",
    "upper",
];

/// Whether the test `name` holds for `value`.
pub fn check(name: &str, value: &Value, arguments: &[Value], meter: &Meter) -> Outcome<bool> {
    let other = arguments.first().unwrap_or(&Value::Undefined);
    let remainder = |divisor: f64| Ok::<_, Box<Fault>>(to_number(value, meter)? % divisor);
    Ok(match name {
        "callable" => matches!(value, Value::Function(_)),
        "defined" => !value.is_undefined(),
        "undefined" => value.is_undefined(),
        "divisibleby" => is_number(remainder(to_number(other, meter)?)?, 0.0),
        "even" => is_number(remainder(2.0)?, 0.0),
        "odd" => is_number(remainder(2.0)?, 1.0),
        "eq" | "equalto" | "sameas" => strict_equal(value, other),
        "ne" => !strict_equal(value, other),
        "escaped" => matches!(value, Value::Safe(_)),
        "falsy" => !truthy(value),
        "truthy" => truthy(value),
        "ge" => compare(value, other, meter)?.is_some_and(Ordering::is_ge),
        "gt" | "greaterthan" => compare(value, other, meter)?.is_some_and(Ordering::is_gt),
        "le" => compare(value, other, meter)?.is_some_and(Ordering::is_le),
        "lt" | "lessthan" => compare(value, other, meter)?.is_some_and(Ordering::is_lt),
        "lower" => is_case(value, name, str::to_lowercase)?,
        "upper" => is_case(value, name, str::to_uppercase)?,
        "null" => matches!(value, Value::Null),
        "number" => matches!(value, Value::Number(_)),
        "string" => matches!(value, Value::String(_)),
        "iterable" => match value {
            Value::Undefined | Value::Null => return Err(wrong_type(value, name)),
            other => matches!(other, Value::String(_) | Value::Safe(_) | Value::List(_)),
        },
        "mapping" => matches!(value, Value::Record(_) | Value::Safe(_) | Value::Pattern(_)),
        _ => {
            let fault = Fault::new(TemplateErrorKind::Unknown, format!("there is no test \"{name}\""));
            return Err(match near_names(name, NAMES.into_iter()).first() {
                Some(near) => fault.hint(format!("Did you mean \"{near}\"?")),
                None => fault
                    .hint("Compare with \"==\", or use a test such as defined, string, number or mapping."),
            });
        }
    })
}

fn is_number(number: f64, wanted: f64) -> bool {
    number.partial_cmp(&wanted) == Some(Ordering::Equal)
}

fn wrong_type(value: &Value, name: &str) -> Box<Fault> {
    Fault::value(format!("the test \"{name}\" cannot be asked of {}", value.kind()))
}

fn is_case(value: &Value, name: &str, change: impl Fn(&str) -> String) -> Outcome<bool> {
    match value {
        Value::String(text) => Ok(text.map(change) == *text),
        Value::Safe(_) => Ok(false),
        other => Err(wrong_type(other, name)),
    }
}
