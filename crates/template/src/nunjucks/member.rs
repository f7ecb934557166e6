//! Reads members of values: properties, methods, slices, and what `in` asks.

use std::rc::Rc;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::function::Function;
use crate::nunjucks::methods;
use crate::nunjucks::operators::{add, less, strict_equal, to_number, to_text, truthy};
use crate::nunjucks::record::{Record, array_index};
use crate::nunjucks::value::Value;

/// Names through which JavaScript reaches its own machinery.
const RESERVED: [&str; 7] = [
    "constructor",
    "__proto__",
    "prototype",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];

/// The key of a property.
pub fn key_text(key: &Value, meter: &Meter) -> Outcome<Rc<str>> {
    match key {
        Value::String(text) => Ok(text.to_shared()),
        other => Ok(to_text(other, meter)?.to_shared()),
    }
}

fn index_of(key: &Value, text: &str) -> Option<usize> {
    match key {
        Value::Number(number) if number.fract() == 0.0 && (0.0..4_294_967_295.0).contains(number) => {
            Some(*number as usize)
        }
        Value::Number(_) => None,
        _ => array_index(text).map(|index| index as usize),
    }
}

/// An own property, `Undefined` when there is none.
pub fn property(value: &Value, key: &Value, meter: &Meter) -> Outcome<Value> {
    let name;
    let text: &str = match key {
        Value::String(text) if text.as_str().is_some() => text.as_str().unwrap_or_default(),
        Value::Number(_) if matches!(value, Value::List(_) | Value::String(_)) => "",
        other => {
            name = key_text(other, meter)?;
            &name
        }
    };
    Ok(match value {
        Value::String(string) => match (text, index_of(key, text)) {
            ("length", _) => Value::integer(string.len()),
            (_, Some(index)) => {
                meter.spend(string.size() as u64 / 64)?;
                string.unit(index).map_or(Value::Undefined, Value::String)
            }
            _ => Value::Undefined,
        },
        Value::Safe(string) => match text {
            "length" => Value::integer(string.len()),
            "val" => Value::String((**string).clone()),
            _ => Value::Undefined,
        },
        Value::List(list) => match (text, index_of(key, text)) {
            ("length", _) => Value::integer(list.0.borrow().len()),
            (_, Some(index)) => list.0.borrow().get(index).cloned().unwrap_or(Value::Undefined),
            _ => Value::Undefined,
        },
        Value::Record(record) => record.0.borrow().get(text).cloned().unwrap_or(Value::Undefined),
        Value::Pattern(pattern) => match text {
            "source" => Value::text(Rc::clone(&pattern.source)),
            "flags" => Value::text(Rc::clone(&pattern.flags)),
            "global" => Value::Bool(pattern.is_global()),
            "ignoreCase" => Value::Bool(pattern.flags.contains('i')),
            "multiline" => Value::Bool(pattern.flags.contains('m')),
            "sticky" => Value::Bool(pattern.flags.contains('y')),
            "lastIndex" => Value::integer(pattern.last_index()),
            _ => Value::Undefined,
        },
        _ => Value::Undefined,
    })
}

/// A property that must not be asked of nothing, as in filters.
pub fn property_of(value: &Value, key: &Value, meter: &Meter) -> Outcome<Value> {
    if value.is_nothing() {
        let key = key_text(key, meter)?;
        return Err(Fault::value(format!("cannot read \"{key}\" of {}", value.kind())));
    }
    property(value, key, meter)
}

/// The `length` of anything.
pub fn length(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::integer(text.len()),
        Value::Safe(text) => Value::integer(text.len()),
        Value::List(list) => Value::integer(list.0.borrow().len()),
        Value::Record(record) => record.0.borrow().get("length").cloned().unwrap_or(Value::Undefined),
        _ => Value::Undefined,
    }
}

/// What `value.key` is in a template.
pub fn lookup(interpreter: &Interpreter<'_>, value: &Value, key: &Value) -> Outcome<Value> {
    let meter = &interpreter.meter;
    if interpreter.environment.is_jinja_compatible() {
        // What is false has the methods of an empty dictionary.
        let receiver = if truthy(value) { value.clone() } else { Value::record(Record::new()) };
        if methods::is_python(&receiver, key) {
            return Ok(Function::Method { receiver, name: key_text(key, meter)? }.value());
        }
    }
    if value.is_nothing() {
        return Ok(Value::Undefined);
    }
    match property(value, key, meter)? {
        Value::Function(function) => Ok(Function::Bound { receiver: value.clone(), function }.value()),
        Value::Undefined => {
            let Value::String(name) = key else { return Ok(Value::Undefined) };
            let name = name.to_shared();
            if RESERVED.contains(&&*name) {
                return Err(Fault::value(format!("the name \"{name}\" is reserved")));
            }
            if methods::is_readable(value, &name) {
                return Ok(Function::Method { receiver: value.clone(), name }.value());
            }
            Ok(Value::Undefined)
        }
        found => Ok(found),
    }
}

/// `key in value`
pub fn contains(key: &Value, value: &Value, meter: &Meter) -> Outcome<bool> {
    match value {
        Value::List(list) => {
            let list = list.0.borrow();
            meter.spend(list.len() as u64)?;
            Ok(list.iter().any(|item| strict_equal(item, key)))
        }
        Value::String(text) => {
            meter.spend(text.size() as u64 / 64)?;
            Ok(text.find(&to_text(key, meter)?, 0).is_some())
        }
        Value::Record(record) => Ok(record.0.borrow().contains(&key_text(key, meter)?)),
        Value::Safe(_) => Ok(matches!(&*key_text(key, meter)?, "length" | "val")),
        other => Err(Fault::value(format!("\"in\" cannot search in {}", other.kind())).hint(
            "Give it a list, a string or an object; add \"| default([])\" where the value may be missing.",
        )),
    }
}

/// `value[start:stop:step]`, which counts in JavaScript's way.
pub fn slice(
    interpreter: &Interpreter<'_>,
    value: &Value,
    start: Value,
    stop: Value,
    step: &Value,
) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let empty = Value::list(Vec::new());
    let value = if truthy(value) { value } else { &empty };
    let zero = Value::Number(0.0);
    let length = length(value);
    let backwards = less(step, &zero, meter)?;
    let forwards = less(&zero, step, meter)?;
    let (mut start, mut stop) = (start, stop);
    if matches!(start, Value::Null) {
        start = if backwards { Value::Number(to_number(&length, meter)? - 1.0) } else { zero.clone() };
    }
    if matches!(stop, Value::Null) {
        stop = if backwards { Value::Number(-1.0) } else { length.clone() };
    } else if less(&stop, &zero, meter)? {
        stop = add(&stop, &length, meter)?;
    }
    if less(&start, &zero, meter)? {
        start = add(&start, &length, meter)?;
    }
    let mut items = Vec::new();
    let mut at = start;
    loop {
        let beyond = less(&at, &zero, meter)? || less(&length, &at, meter)?;
        let done = forwards
            && (less(&stop, &at, meter)? || !less(&at, &stop, meter)? && comparable(&at, &stop, meter)?)
            || backwards
                && (less(&at, &stop, meter)? || !less(&stop, &at, meter)? && comparable(&at, &stop, meter)?);
        if beyond || done {
            return Ok(Value::list(items));
        }
        meter.allocate(32)?;
        meter.spend(1)?;
        items.push(lookup(interpreter, value, &at)?);
        at = add(&at, step, meter)?;
    }
}

fn comparable(left: &Value, right: &Value, meter: &Meter) -> Outcome<bool> {
    Ok(crate::nunjucks::operators::compare(left, right, meter)?.is_some())
}
