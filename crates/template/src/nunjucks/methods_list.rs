//! The methods of lists.

use std::rc::Rc;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::methods_text::relative;
use crate::nunjucks::operators::{strict_equal, to_number, to_text};
use crate::nunjucks::text::Text;
use crate::nunjucks::value::{List, Value, refuse_cycle};

/// Calls a method of `list`, which `receiver` holds.
pub fn call(
    receiver: &Value,
    list: &Rc<List>,
    name: &str,
    arguments: &[Value],
    meter: &Meter,
) -> Outcome<Value> {
    let first = arguments.first().unwrap_or(&Value::Undefined);
    let second = arguments.get(1).unwrap_or(&Value::Undefined);
    let length = list.0.borrow().len();
    meter.allocate(length * 8 + 16)?;
    Ok(match name {
        "push" | "unshift" => {
            for value in arguments {
                refuse_cycle(Rc::as_ptr(list).cast(), value, meter)?;
            }
            meter.allocate(arguments.len() * 32)?;
            let mut items = list.0.borrow_mut();
            let at = if name == "push" { items.len() } else { 0 };
            items.splice(at..at, arguments.iter().cloned());
            Value::integer(items.len())
        }
        "pop" => list.0.borrow_mut().pop().unwrap_or(Value::Undefined),
        "shift" if length > 0 => list.0.borrow_mut().remove(0),
        "reverse" => {
            list.0.borrow_mut().reverse();
            receiver.clone()
        }
        "toReversed" => Value::list(list.0.borrow().iter().rev().cloned().collect()),
        "sort" | "toSorted" => {
            let sorted = sort(&list.0.borrow(), first, meter)?;
            replace_all(list, receiver, sorted, name == "sort")
        }
        "splice" | "toSpliced" => {
            let start = relative(first, length, 0, meter)?;
            let count = match arguments.len() {
                0 => 0,
                1 => length - start,
                _ => (to_number(second, meter)?.max(0.0) as usize).min(length - start),
            };
            let added = arguments.get(2..).unwrap_or_default();
            for value in added {
                refuse_cycle(Rc::as_ptr(list).cast(), value, meter)?;
            }
            meter.allocate((length + added.len()) * 24)?;
            let mut items = list.0.borrow().clone();
            let removed = items.splice(start..start + count, added.iter().cloned()).collect();
            if name == "toSpliced" {
                Value::list(items)
            } else {
                *list.0.borrow_mut() = items;
                Value::list(removed)
            }
        }
        "fill" => {
            refuse_cycle(Rc::as_ptr(list).cast(), first, meter)?;
            let end = arguments.get(2).unwrap_or(&Value::Undefined);
            let (start, end) = (relative(second, length, 0, meter)?, relative(end, length, length, meter)?);
            list.0.borrow_mut().iter_mut().take(end).skip(start).for_each(|item| *item = first.clone());
            receiver.clone()
        }
        "copyWithin" => {
            let end = arguments.get(2).unwrap_or(&Value::Undefined);
            let target = relative(first, length, 0, meter)?;
            let (start, end) = (relative(second, length, 0, meter)?, relative(end, length, length, meter)?);
            let copied: Vec<Value> = list
                .0
                .borrow()
                .get(start..end)
                .unwrap_or_default()
                .iter()
                .take(length - target)
                .cloned()
                .collect();
            let mut items = list.0.borrow_mut();
            items.iter_mut().skip(target).zip(copied).for_each(|(place, item)| *place = item);
            receiver.clone()
        }
        "with" => {
            let index = to_number(first, meter)?.trunc();
            let index = if index < 0.0 { index + length as f64 } else { index.max(0.0) };
            let mut items = list.0.borrow().clone();
            match items.get_mut(index.max(0.0) as usize).filter(|_| index >= 0.0) {
                Some(place) => *place = second.clone(),
                None => return Err(Fault::value("with() takes an index of the list")),
            }
            Value::list(items)
        }
        "values" => Value::list(list.0.borrow().clone()),
        "entries" => {
            meter.allocate(length * 96)?;
            let pair = |(at, item): (usize, &Value)| Value::list(vec![Value::integer(at), item.clone()]);
            Value::list(list.0.borrow().iter().enumerate().map(pair).collect())
        }
        "slice" => {
            let (start, end) = (relative(first, length, 0, meter)?, relative(second, length, length, meter)?);
            Value::list(list.0.borrow().get(start..end).unwrap_or_default().to_vec())
        }
        "concat" => {
            let mut items = list.0.borrow().clone();
            for argument in arguments {
                match argument {
                    Value::List(other) => {
                        meter.allocate(other.0.borrow().len() * 24)?;
                        items.extend(other.0.borrow().iter().cloned());
                    }
                    other => items.push(other.clone()),
                }
            }
            Value::list(items)
        }
        "join" => {
            let separator = if first.is_undefined() { Text::from(",") } else { to_text(first, meter)? };
            Value::String(join(&list.0.borrow(), &separator, meter)?)
        }
        "includes" => Value::Bool(list.0.borrow().iter().any(|item| same_value_zero(item, first))),
        "indexOf" => {
            let found = list.0.borrow().iter().position(|item| strict_equal(item, first));
            Value::Number(found.map_or(-1.0, |at| at as f64))
        }
        "lastIndexOf" => {
            let found = list.0.borrow().iter().rposition(|item| strict_equal(item, first));
            Value::Number(found.map_or(-1.0, |at| at as f64))
        }
        "at" => {
            let index = to_number(first, meter)?.trunc();
            let index = if index < 0.0 { index + length as f64 } else { index.max(0.0) };
            let item = if index < 0.0 { None } else { list.0.borrow().get(index as usize).cloned() };
            item.unwrap_or(Value::Undefined)
        }
        "keys" => Value::list((0..length).map(Value::integer).collect()),
        "flat" => {
            let depth = if first.is_undefined() { 1.0 } else { to_number(first, meter)? };
            let mut items = Vec::new();
            flatten(&list.0.borrow(), depth.clamp(0.0, 100.0) as usize, &mut items, meter)?;
            Value::list(items)
        }
        "toString" => Value::String(to_text(receiver, meter)?),
        _ => Value::Undefined,
    })
}

/// `join`: nothing for `undefined` and `null`.
pub fn join(items: &[Value], separator: &Text, meter: &Meter) -> Outcome<Text> {
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        let part = if item.is_nothing() { Text::from("") } else { to_text(item, meter)? };
        meter.allocate(part.size() + separator.size() + 16)?;
        parts.push(part);
    }
    Ok(Text::join(&parts, separator))
}

fn same_value_zero(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) if left.is_nan() && right.is_nan() => true,
        _ => strict_equal(left, right),
    }
}

/// The sorted items in the place of the old ones, or as a list of their own.
pub fn replace_all(list: &Rc<List>, receiver: &Value, items: Vec<Value>, in_place: bool) -> Value {
    if !in_place {
        return Value::list(items);
    }
    *list.0.borrow_mut() = items;
    receiver.clone()
}

/// The items by their text, what is undefined last.
fn sort(items: &[Value], comparator: &Value, meter: &Meter) -> Outcome<Vec<Value>> {
    if !comparator.is_undefined() {
        return Err(Fault::value(format!("sort() takes a function, not {}", comparator.kind()))
            .hint("Use the filter: list | sort(attribute=\"name\")."));
    }
    let mut keyed = Vec::new();
    for item in items {
        let key = if item.is_undefined() { None } else { Some(to_text(item, meter)?) };
        keyed.push((key, item.clone()));
    }
    meter.spend(keyed.len() as u64 * 8)?;
    keyed.sort_by(|(left, _), (right, _)| match (left, right) {
        (Some(left), Some(right)) => left.cmp(right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    });
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}

/// Puts the items of inner lists in their place, so many levels deep.
pub fn flatten(items: &[Value], depth: usize, out: &mut Vec<Value>, meter: &Meter) -> Outcome<()> {
    meter.allocate(items.len() * 24)?;
    for item in items {
        match item {
            Value::List(inner) if depth > 0 => flatten(&inner.0.borrow(), depth - 1, out, meter)?,
            other => out.push(other.clone()),
        }
    }
    Ok(())
}
