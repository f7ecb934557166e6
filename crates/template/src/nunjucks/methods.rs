//! The methods of built-in types.

use crate::error::{Fault, Outcome};
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::member::key_text;
use crate::nunjucks::number::{print_exponential, print_fixed, print_precision, print_radix};
use crate::nunjucks::operators::{to_number, to_text};
use crate::nunjucks::value::Value;
use crate::nunjucks::{methods_callback, methods_list, methods_python, methods_text};

const TEXT: [&str; 34] = [
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
    "matchAll",
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
    "trimLeft",
    "trimRight",
    "trimStart",
    "valueOf",
];
const LIST: [&str; 25] = [
    "at",
    "concat",
    "copyWithin",
    "entries",
    "fill",
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
    "splice",
    "toReversed",
    "toSorted",
    "toSpliced",
    "toString",
    "unshift",
    "values",
    "with",
];
const NUMBER: [&str; 5] = ["toExponential", "toFixed", "toPrecision", "toString", "valueOf"];
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
        Value::List(_) => LIST.contains(&name) || methods_callback::NAMES.contains(&name),
        Value::Number(_) => NUMBER.contains(&name),
        Value::Bool(_) => matches!(name, "toString" | "valueOf"),
        Value::Record(_) => matches!(name, "hasOwnProperty" | "toString" | "valueOf"),
        Value::Pattern(_) => matches!(name, "exec" | "test" | "toString"),
        _ => false,
    }
}

/// Methods that are values too, without a call. Of the others, reading gives nothing, which prints nothing.
const READABLE: [&str; 34] = [
    "at",
    "charAt",
    "charCodeAt",
    "concat",
    "copyWithin",
    "endsWith",
    "fill",
    "flat",
    "includes",
    "indexOf",
    "join",
    "lastIndexOf",
    "pop",
    "push",
    "replace",
    "reverse",
    "shift",
    "slice",
    "sort",
    "splice",
    "split",
    "startsWith",
    "substring",
    "test",
    "toExponential",
    "toFixed",
    "toLowerCase",
    "toPrecision",
    "toString",
    "toUpperCase",
    "trim",
    "trimEnd",
    "trimStart",
    "unshift",
];

/// The names of all methods of JavaScript that some type has, each once or more.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = &'static str> {
    let others = ["exec", "hasOwnProperty", "test"];
    TEXT.into_iter().chain(LIST).chain(NUMBER).chain(methods_callback::NAMES).chain(others)
}

/// Whether reading the method without calling it gives a function.
pub fn is_readable(value: &Value, name: &str) -> bool {
    let unread = match value {
        Value::String(_) | Value::Safe(_) => matches!(name, "at" | "toString"),
        Value::Number(_) => false,
        other => name == "toString" || matches!(other, Value::Bool(_) | Value::Record(_)),
    };
    exists(value, name) && !unread && READABLE.contains(&name)
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
    interpreter: &mut Interpreter<'_>,
    receiver: &Value,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    if let (Value::List(list), true) = (receiver, methods_callback::takes_callback(name, arguments))
        && !(interpreter.environment.is_jinja_compatible() && is_python(receiver, &Value::text(name)))
    {
        return methods_callback::call(interpreter, receiver, list, name, arguments);
    }
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
                "toPrecision" => match digits(100.0)? {
                    Some(0) => return Err(Fault::value("toPrecision() takes a number from 1 to 100")),
                    Some(digits) => Value::text(print_precision(*number, digits)),
                    None => Value::String(to_text(receiver, meter)?),
                },
                "toExponential" => Value::text(print_exponential(*number, digits(100.0)?)),
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
        Value::Record(record) if name == "hasOwnProperty" => {
            Ok(Value::Bool(record.0.borrow().contains(&key_text(first, meter)?)))
        }
        Value::Pattern(pattern) if matches!(name, "test" | "exec") => {
            let text = to_text(first, meter)?;
            meter.allocate(text.size())?;
            let found = pattern.execute(&text);
            Ok(if name == "test" {
                Value::Bool(found.is_some())
            } else {
                found.map_or(Value::Null, Value::list)
            })
        }
        Value::Bool(_) | Value::Record(_) if name == "valueOf" => Ok(receiver.clone()),
        other => Ok(Value::String(to_text(other, meter)?)),
    }
}
