//! The methods of built-in types.

use crate::error::{Fault, Outcome};
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::member::key_text;
use crate::nunjucks::number::{print, print_fixed, print_radix};
use crate::nunjucks::operators::{to_number, to_text};
use crate::nunjucks::value::Value;
use crate::nunjucks::{methods_list, methods_python, methods_text};

const TEXT: [&str; 31] = [
    "at",
    "charAt",
    "charCodeAt",
    "codePointAt",
    "concat",
    "endsWith",
    "includes",
    "indexOf",
    "lastIndexOf",
    "localeCompare",
    "match",
    "padEnd",
    "padStart",
    "repeat",
    "replace",
    "replaceAll",
    "search",
    "slice",
    "split",
    "startsWith",
    "substr",
    "substring",
    "toLocaleLowerCase",
    "toLocaleUpperCase",
    "toLowerCase",
    "toString",
    "toUpperCase",
    "trim",
    "trimEnd",
    "trimStart",
    "valueOf",
];
const LIST: [&str; 16] = [
    "at",
    "concat",
    "flat",
    "includes",
    "indexOf",
    "join",
    "keys",
    "lastIndexOf",
    "pop",
    "push",
    "reverse",
    "shift",
    "slice",
    "sort",
    "toString",
    "unshift",
];
const NUMBER: [&str; 4] = ["toFixed", "toPrecision", "toString", "valueOf"];
/// Python's methods of lists, with Jinja compatibility on.
const PYTHON_LIST: [&str; 7] = ["append", "count", "find", "index", "insert", "pop", "remove"];
/// Python's methods of dictionaries, with Jinja compatibility on.
pub const PYTHON_RECORD: [&str; 12] = [
    "get",
    "has_key",
    "items",
    "iteritems",
    "iterkeys",
    "itervalues",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];

/// Whether a value of this type has the method.
pub fn exists(value: &Value, name: &str) -> bool {
    match value {
        Value::String(_) | Value::Safe(_) => TEXT.contains(&name),
        Value::List(_) => LIST.contains(&name),
        Value::Number(_) => NUMBER.contains(&name),
        Value::Bool(_) => matches!(name, "toString" | "valueOf"),
        Value::Record(_) => name == "hasOwnProperty",
        Value::Pattern(_) => matches!(name, "test" | "toString"),
        _ => false,
    }
}

/// Whether Jinja compatibility gives the value this method.
pub fn is_python(value: &Value, key: &Value) -> bool {
    let Value::String(name) = key else { return false };
    let Some(name) = name.as_str() else { return false };
    match value {
        Value::List(_) => PYTHON_LIST.contains(&name),
        Value::Record(_) | Value::Safe(_) => PYTHON_RECORD.contains(&name),
        _ => false,
    }
}

/// Calls the method.
pub fn call(
    interpreter: &Interpreter<'_>,
    receiver: &Value,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    let meter = &interpreter.meter;
    if interpreter.environment.is_jinja_compatible() && is_python(receiver, &Value::text(name)) {
        return methods_python::call(receiver, name, arguments, meter);
    }
    let first = arguments.first().unwrap_or(&Value::Undefined);
    match receiver {
        Value::String(text) => methods_text::call(text, name, arguments, meter),
        Value::Safe(text) => methods_text::call(text, name, arguments, meter),
        Value::List(list) => methods_list::call(receiver, list, name, arguments, meter),
        Value::Number(number) => {
            let digits = |most: f64| -> Outcome<Option<usize>> {
                if first.is_undefined() {
                    return Ok(None);
                }
                let digits = to_number(first, meter)?;
                if (0.0..=most).contains(&digits) {
                    Ok(Some(digits as usize))
                } else {
                    Err(Fault::value(format!("{name}() takes a number from 0 to {most}")))
                }
            };
            Ok(match name {
                "toFixed" => Value::text(print_fixed(*number, digits(100.0)?.unwrap_or(0))),
                "toPrecision" => Value::text(print_precision(*number, digits(100.0)?)),
                "toString" => {
                    let radix = digits(36.0)?.unwrap_or(10);
                    if radix < 2 {
                        return Err(Fault::value("toString() takes a base from 2 to 36"));
                    }
                    Value::text(print_radix(*number, radix as u32))
                }
                _ => receiver.clone(),
            })
        }
        Value::Record(record) => Ok(Value::Bool(record.0.borrow().contains(&key_text(first, meter)?))),
        Value::Pattern(pattern) if name == "test" => {
            let text = to_text(first, meter)?;
            meter.spend(text.size() as u64)?;
            Ok(Value::Bool(pattern.regex.is_match(&text.to_str())))
        }
        Value::Bool(_) if name == "valueOf" => Ok(receiver.clone()),
        other => Ok(Value::String(to_text(other, meter)?)),
    }
}

fn print_precision(number: f64, digits: Option<usize>) -> String {
    let Some(digits) = digits.filter(|digits| *digits > 0) else { return print(number) };
    if !number.is_finite() {
        return print(number);
    }
    let scientific = format!("{:.*e}", digits - 1, number);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if exponent < -6 || exponent >= digits as i32 {
        let sign = if exponent < 0 { "-" } else { "+" };
        let mantissa = scientific.split('e').next().unwrap_or_default();
        return format!("{mantissa}e{sign}{}", exponent.abs());
    }
    print_fixed(number, usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0))
}
