//! Filters on lists and objects.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::call::bind;
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::filters::argument;
use crate::nunjucks::filters_text::normalize;
use crate::nunjucks::json::dump_value;
use crate::nunjucks::member::{self, key_text, property, property_of};
use crate::nunjucks::methods_list;
use crate::nunjucks::operators::{add, compare, less, strict_equal, to_number, to_text, truthy};
use crate::nunjucks::predicates;
use crate::nunjucks::record::Record;
use crate::nunjucks::sort::sort_by;
use crate::nunjucks::text::Text;
use crate::nunjucks::value::Value;

fn needs(what: &str, value: &Value) -> Box<Fault> {
    Fault::value(format!("it takes {what}, not {}", value.kind()))
        .hint("Give a missing value one with \"| default([])\".")
}

/// The items of a list; a fault for all else.
fn items_of(value: &Value) -> Outcome<Vec<Value>> {
    match value {
        Value::List(list) => Ok(list.0.borrow().clone()),
        other => Err(needs("a list", other)),
    }
}

/// The items of anything that has a length and indices; for what is missing, nothing or a fault.
fn indexed(value: &Value, present_only: bool, meter: &Meter) -> Outcome<Vec<Value>> {
    match value {
        Value::List(list) => {
            meter.allocate(list.0.borrow().len() * 24)?;
            Ok(list.0.borrow().clone())
        }
        Value::Undefined | Value::Null => Err(needs("a list", value)),
        other => {
            let length = member::length(other);
            let mut items = Vec::new();
            while less(&Value::integer(items.len()), &length, meter)? {
                meter.allocate(48)?;
                meter.spend(1)?;
                items.push(property(other, &Value::integer(items.len()), meter)?);
            }
            if present_only {
                items.retain(|item| !item.is_undefined());
            }
            Ok(items)
        }
    }
}

/// The items as a copy; nothing for what is missing.
fn copied(value: &Value, meter: &Meter) -> Outcome<Vec<Value>> {
    if value.is_nothing() { Ok(Vec::new()) } else { indexed(value, false, meter) }
}

/// The attribute of every item, when one is named.
fn projected(value: &Value, attribute: &Value, meter: &Meter) -> Outcome<Vec<Value>> {
    if !truthy(attribute) {
        return items_of(value);
    }
    copied(value, meter)?.iter().map(|item| property_of(item, attribute, meter)).collect()
}

pub fn default(_: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = argument(arguments, 0);
    let keep = if truthy(&argument(arguments, 2)) { truthy(&value) } else { !value.is_undefined() };
    Ok(if keep { value } else { argument(arguments, 1) })
}

pub fn dump(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let text = dump_value(&argument(arguments, 0), &argument(arguments, 1), &interpreter.meter)?;
    Ok(text.map_or(Value::Undefined, Value::text))
}

pub fn batch(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let count = to_number(&argument(arguments, 1), meter)?;
    let filler = argument(arguments, 2);
    let mut batches = Vec::new();
    let mut batch: Vec<Value> = Vec::new();
    for (index, item) in indexed(&argument(arguments, 0), false, meter)?.into_iter().enumerate() {
        if (index as f64 % count).abs() < f64::EPSILON && !batch.is_empty() {
            batches.push(Value::list(std::mem::take(&mut batch)));
        }
        batch.push(item);
    }
    if !batch.is_empty() {
        while truthy(&filler) && (batch.len() as f64) < count {
            meter.allocate(32)?;
            meter.spend(1)?;
            batch.push(filler.clone());
        }
        batches.push(Value::list(batch));
    }
    Ok(Value::list(batches))
}

pub fn slice(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let value = argument(arguments, 0);
    let slices = to_number(&argument(arguments, 1), meter)?;
    let filler = argument(arguments, 2);
    let total = to_number(&member::length(&value), meter)?;
    if value.is_nothing() {
        return Err(needs("a list", &value));
    }
    let size = (total / slices).floor();
    let extra = total % slices;
    let mut result = Vec::new();
    let mut offset = 0.0;
    let mut index = 0.0;
    while index < slices {
        meter.allocate(64)?;
        meter.spend(1)?;
        let start = offset + index * size;
        if index < extra {
            offset += 1.0;
        }
        let end = offset + (index + 1.0) * size;
        let (start, end) = (start.max(0.0) as usize, end.max(0.0) as usize);
        let fills = truthy(&filler) && index >= extra;
        result.push(match &value {
            Value::List(list) => {
                let list = list.0.borrow();
                let end = end.min(list.len());
                let mut part = list.get(start.min(end)..end).unwrap_or_default().to_vec();
                if fills {
                    part.push(filler.clone());
                }
                Value::list(part)
            }
            Value::String(text) if !fills => Value::String(text.slice(start, end)),
            Value::Safe(text) if !fills => Value::String(text.slice(start, end)),
            other => return Err(needs("a list", other)),
        });
        index += 1.0;
    }
    Ok(Value::list(result))
}

pub fn first(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    property_of(&argument(arguments, 0), &Value::Number(0.0), &interpreter.meter)
}

pub fn last(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = argument(arguments, 0);
    let index = to_number(&member::length(&value), &interpreter.meter)? - 1.0;
    property_of(&value, &Value::Number(index), &interpreter.meter)
}

pub fn random(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let Some(draw) = interpreter.environment.random() else {
        return Err(Fault::value("there is no randomness here: the same input renders the same output"));
    };
    let value = argument(arguments, 0);
    let length = to_number(&member::length(&value), &interpreter.meter)?;
    property_of(&value, &Value::Number((draw() * length).floor()), &interpreter.meter)
}

pub fn length(_: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    Ok(match normalize(argument(arguments, 0)) {
        Value::Record(record) => Value::integer(record.0.borrow().len()),
        other => member::length(&other),
    })
}

fn entry(key: &str, value: Value) -> Value {
    Value::record(Record::from_pairs(vec![("key".into(), Value::text(key)), ("value".into(), value)]))
}

pub fn list(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    match argument(arguments, 0) {
        Value::String(text) => {
            meter.allocate(text.len() * 40)?;
            Ok(Value::list(
                text.units().iter().map(|unit| Value::String(Text::from_units(&[*unit]))).collect(),
            ))
        }
        value @ Value::List(_) => Ok(value),
        Value::Record(record) => {
            meter.allocate(record.0.borrow().len() * 160)?;
            Ok(Value::list(record.0.borrow().iter().map(|(key, value)| entry(key, value.clone())).collect()))
        }
        Value::Safe(text) => Ok(Value::list(vec![
            entry("val", Value::String((*text).clone())),
            entry("length", Value::integer(text.len())),
        ])),
        other => Err(needs("a list, a string or an object", &other)),
    }
}

pub fn join(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let separator = argument(arguments, 1);
    let separator = if truthy(&separator) { to_text(&separator, meter)? } else { "".into() };
    let items = projected(&argument(arguments, 0), &argument(arguments, 2), meter)?;
    Ok(Value::String(methods_list::join(&items, &separator, meter)?))
}

pub fn sum(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let items = projected(&argument(arguments, 0), &argument(arguments, 1), meter)?;
    let total = items.iter().try_fold(Value::Number(0.0), |sum, item| add(&sum, item, meter))?;
    let start = argument(arguments, 2);
    add(&if start.is_undefined() { Value::Number(0.0) } else { start }, &total, meter)
}

pub fn reverse(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    match argument(arguments, 0) {
        Value::String(text) => {
            meter.allocate(text.size() * 4)?;
            let units: Vec<u16> = text.units().iter().rev().copied().collect();
            Ok(Value::String(Text::from_units(&units)))
        }
        other => {
            let mut items = copied(&other, meter)?;
            items.reverse();
            Ok(Value::list(items))
        }
    }
}

fn tested(interpreter: &Interpreter<'_>, arguments: &[Value], wanted: bool) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let test = match argument(arguments, 1) {
        Value::Undefined => "truthy".into(),
        name => key_text(&name, meter)?,
    };
    if !predicates::NAMES.contains(&&*test) {
        predicates::check(&test, &Value::Null, &[], meter)?;
    }
    let other = argument(arguments, 2);
    let mut kept = Vec::new();
    for item in indexed(&argument(arguments, 0), true, meter)? {
        meter.spend(1)?;
        if predicates::check(&test, &item, std::slice::from_ref(&other), meter)? == wanted {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

pub fn select(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    tested(interpreter, arguments, true)
}

pub fn reject(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    tested(interpreter, arguments, false)
}

fn tested_attribute(interpreter: &Interpreter<'_>, arguments: &[Value], wanted: bool) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let attribute = argument(arguments, 1);
    let mut kept = Vec::new();
    for item in items_of(&argument(arguments, 0))? {
        meter.spend(1)?;
        if truthy(&property_of(&item, &attribute, meter)?) == wanted {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

pub fn select_attribute(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    tested_attribute(interpreter, arguments, true)
}

pub fn reject_attribute(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    tested_attribute(interpreter, arguments, false)
}

/// Follows own properties along a dotted name; `Undefined` where the way ends.
fn attribute_of(item: &Value, attribute: &Value, meter: &Meter) -> Outcome<Value> {
    if !truthy(attribute) {
        return Ok(item.clone());
    }
    let parts: Vec<Value> = match attribute {
        Value::String(path) => path.to_str().split('.').map(Value::text).collect(),
        other => vec![other.clone()],
    };
    let mut current = item.clone();
    for part in parts {
        current = property_of(&current, &part, meter)?;
        if current.is_undefined() {
            break;
        }
    }
    Ok(current)
}

pub fn group_by(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let attribute = argument(arguments, 1);
    let mut groups: indexmap::IndexMap<Rc<str>, Vec<Value>> = indexmap::IndexMap::new();
    for item in indexed(&argument(arguments, 0), false, meter)? {
        meter.allocate(64)?;
        let key = key_text(&attribute_of(&item, &attribute, meter)?, meter)?;
        groups.entry(key).or_default().push(item);
    }
    let pairs = groups.into_iter().map(|(key, items)| (key, Value::list(items))).collect();
    Ok(Value::record(Record::from_pairs(pairs)))
}

pub fn sort(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let names = ["value", "reverse", "case_sensitive", "attribute"];
    let (bound, _) = bind(arguments, names.into_iter(), std::iter::empty());
    let reversed = truthy(&argument(&bound, 1));
    let case_sensitive = truthy(&argument(&bound, 2));
    let attribute = argument(&bound, 3);
    let (missing, present): (Vec<Value>, Vec<Value>) =
        copied(&argument(&bound, 0), meter)?.into_iter().partition(Value::is_undefined);
    let mut keyed = Vec::with_capacity(present.len());
    for item in present {
        let key = attribute_of(&item, &attribute, meter)?;
        // Case is left out only where both sides are strings.
        let folded = match &key {
            Value::String(text) if !case_sensitive => {
                meter.allocate(text.size())?;
                Some(Value::String(text.map(str::to_lowercase)))
            }
            _ => None,
        };
        keyed.push((key, folded, item));
    }
    let sorted = sort_by(keyed, |left, right| {
        meter.spend(1)?;
        let (left, right) = match (&left.1, &right.1) {
            (Some(left), Some(right)) => (left, right),
            _ => (&left.0, &right.0),
        };
        let order = compare(left, right, meter)?.unwrap_or(Ordering::Equal);
        Ok(if reversed { order.reverse() } else { order })
    })?;
    Ok(Value::list(sorted.into_iter().map(|(_, _, item)| item).chain(missing).collect()))
}

pub fn dictsort(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let record = match argument(arguments, 0) {
        Value::Record(record) => record,
        other => return Err(needs("an object", &other)),
    };
    let case_sensitive = truthy(&argument(arguments, 1));
    let by_value = match argument(arguments, 2) {
        Value::Undefined => false,
        Value::String(by) if by.as_str() == Some("key") => false,
        Value::String(by) if by.as_str() == Some("value") => true,
        _ => return Err(Fault::value("it sorts by \"key\" or by \"value\"")),
    };
    let mut keyed = Vec::new();
    for (key, value) in record.0.borrow().iter() {
        meter.allocate(128)?;
        let name = Value::text(Rc::clone(key));
        let folded = match if by_value { value } else { &name } {
            Value::String(text) if !case_sensitive => Value::String(text.map(str::to_uppercase)),
            other => other.clone(),
        };
        keyed.push((folded, Value::list(vec![name, value.clone()])));
    }
    let sorted = sort_by(keyed, |(left, _), (right, _)| {
        meter.spend(1)?;
        Ok(match compare(left, right, meter)? {
            Some(Ordering::Greater) => Ordering::Greater,
            _ if strict_equal(left, right) => Ordering::Equal,
            _ => Ordering::Less,
        })
    })?;
    Ok(Value::list(sorted.into_iter().map(|(_, pair)| pair).collect()))
}
