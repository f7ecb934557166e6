//! `value.name`, `value[key]` and `value[a:b:c]`.

use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::methods;
use crate::jinja::object::{Loop, Object};
use crate::jinja::value::{Heap, Key, Missing, TextKey, Value};

fn missing(value: &Value, name: &str) -> Value {
    Value::Undefined(Rc::new(Missing::Attribute(value.clone(), name.into())))
}

/// `value.name`: what belongs to the type comes first, then an item of that name.
pub fn attribute(value: &Value, name: &str, heap: &Heap) -> Outcome<Value> {
    heap.meter.spend(1)?;
    value.defined()?;
    if let Some(found) = own_attribute(value, name, heap)? {
        return Ok(found);
    }
    if let Value::Map(map) = value
        && let Some(found) = map.borrow().get(&TextKey(name))
    {
        return Ok(found.clone());
    }
    Ok(missing(value, name))
}

/// `value[key]`: an item comes first, then what belongs to the type.
pub fn item(value: &Value, key: &Value, heap: &Heap) -> Outcome<Value> {
    heap.meter.spend(1)?;
    value.defined()?;
    key.defined()?;
    let found = match (value, key.as_integer()) {
        (Value::Map(map), _) => {
            let key: Option<Key> = key.key(heap).ok();
            key.and_then(|key| map.borrow().get(&key).cloned())
        }
        (Value::List(items), Some(index)) => {
            let items = items.borrow();
            position(index, items.len()).and_then(|index| items.get(index).cloned())
        }
        (Value::Tuple(items), Some(index)) => {
            position(index, items.len()).and_then(|index| items.get(index).cloned())
        }
        (Value::Range(range), Some(index)) => {
            position(index, range.len()).and_then(|index| range.get(index)).map(Value::Integer)
        }
        (Value::Text(text) | Value::Safe(text), Some(index)) => {
            heap.meter.spend(text.len() as u64 / 64)?;
            let length = if index < 0 || !text.is_ascii() { text.chars().count() } else { text.len() };
            let found = position(index, length).and_then(|index| {
                if text.is_ascii() {
                    text.get(index..=index).map(str::to_owned)
                } else {
                    text.chars().nth(index).map(String::from)
                }
            });
            found.map(|text| heap.text(text)).transpose()?
        }
        _ => None,
    };
    if let Some(found) = found {
        return Ok(found);
    }
    if let Some(name) = key.as_text() {
        return Ok(own_attribute(value, name, heap)?.unwrap_or_else(|| missing(value, name)));
    }
    let mut shown = String::new();
    crate::jinja::printing::represent(key, heap, &mut shown)?;
    Ok(Value::because(format!("{} object has no element {shown}", value.type_name())))
}

/// The index of a Python index, which counts from the end when it is negative.
pub fn position(index: i128, length: usize) -> Option<usize> {
    let index = if index < 0 { index + length as i128 } else { index };
    usize::try_from(index).ok().filter(|index| *index < length)
}

/// What belongs to the type: methods, and what objects have.
fn own_attribute(value: &Value, name: &str, heap: &Heap) -> Outcome<Option<Value>> {
    Ok(match value {
        Value::Object(object) => match &**object {
            Object::Loop(state) => loop_attribute(state, name, heap)?,
            Object::Namespace(map) | Object::Module(map) => map.borrow().get(&TextKey(name)).cloned(),
            Object::Macro(found) => match name {
                "name" => Some(Value::Text(Rc::clone(&found.definition.name))),
                "arguments" => {
                    let names = found.definition.parameters.iter();
                    Some(heap.tuple(names.map(|(name, _)| Value::Text(Rc::clone(name))).collect())?)
                }
                "catch_kwargs" => Some(Value::Bool(found.definition.uses_kwargs)),
                "catch_varargs" => Some(Value::Bool(found.definition.uses_varargs)),
                "caller" => Some(Value::Bool(found.definition.uses_caller)),
                _ => None,
            },
            Object::Cycler(items, index) if name == "current" => items.get(index.get()).cloned(),
            _ => None,
        },
        // What groupby makes are pairs whose parts have names.
        Value::Tuple(pair) if pair.len() == 2 && matches!(name, "grouper" | "list") => {
            pair.get(usize::from(name == "list")).cloned()
        }
        Value::Integer(_) | Value::Bool(_) if matches!(name, "real" | "numerator") => {
            value.as_integer().map(Value::Integer)
        }
        _ => None,
    }
    .or_else(|| {
        let method = methods::find(value, name)?;
        Some(Value::Object(Rc::new(Object::Method(value.clone(), method))))
    }))
}

fn loop_attribute(state: &Loop, name: &str, heap: &Heap) -> Outcome<Option<Value>> {
    let index = state.index.get();
    let length = state.items.len();
    let number = |number: usize| Some(Value::Integer(number as i128));
    heap.meter.spend(1)?;
    Ok(match name {
        "index" => number(index + 1),
        "index0" => number(index),
        "revindex" => number(length - index),
        "revindex0" => number(length - index - 1),
        "first" => Some(Value::Bool(index == 0)),
        "last" => Some(Value::Bool(index + 1 == length)),
        "length" => number(length),
        "depth" => number(state.depth + 1),
        "depth0" => number(state.depth),
        "previtem" => Some(
            index
                .checked_sub(1)
                .and_then(|index| state.items.get(index).cloned())
                .unwrap_or_else(|| Value::because("there is no previous item")),
        ),
        "nextitem" => Some(
            state.items.get(index + 1).cloned().unwrap_or_else(|| Value::because("there is no next item")),
        ),
        _ => None,
    })
}

/// `value[start:stop:step]`
pub fn slice(value: &Value, parts: [Option<Value>; 3], heap: &Heap) -> Outcome<Value> {
    let bound = |part: &Option<Value>| match part {
        None | Some(Value::None) => Ok(None),
        Some(value) => value
            .defined()?
            .as_integer()
            .map(Some)
            .ok_or_else(|| Fault::value("slice indices must be integers or None").hint("Write …|int.")),
    };
    let [start, stop, step] = &parts;
    let (start, stop, step) = (bound(start)?, bound(stop)?, bound(step)?.unwrap_or(1));
    if step == 0 {
        return Err(Fault::value("slice step cannot be zero"));
    }
    let Some(length) = value.defined()?.length() else {
        return Ok(Value::because(format!("'{}' object is not subscriptable", value.type_name())));
    };
    heap.meter.spend(length as u64 / 16)?;
    let indices = indices(start, stop, step, length);
    heap.meter.allocate(indices.len() * size_of::<usize>())?;
    match value {
        Value::Text(text) | Value::Safe(text) if text.is_ascii() => {
            let bytes = text.as_bytes();
            heap.text(
                indices
                    .filter_map(|index| bytes.get(index).map(|byte| char::from(*byte)))
                    .collect::<String>(),
            )
        }
        Value::Text(text) | Value::Safe(text) => {
            let characters: Vec<char> = text.chars().collect();
            heap.meter.allocate(characters.len() * 4)?;
            heap.text(indices.filter_map(|index| characters.get(index)).collect::<String>())
        }
        Value::List(items) => {
            let items = items.borrow();
            heap.list(indices.filter_map(|index| items.get(index).cloned()).collect())
        }
        Value::Tuple(items) => heap.tuple(indices.filter_map(|index| items.get(index).cloned()).collect()),
        Value::Range(range) => {
            heap.list(indices.filter_map(|index| range.get(index)).map(Value::Integer).collect())
        }
        other => Ok(Value::because(format!("'{}' object is not subscriptable", other.type_name()))),
    }
}

/// The indices of a slice, as Python computes them.
fn indices(
    start: Option<i128>,
    stop: Option<i128>,
    step: i128,
    length: usize,
) -> impl ExactSizeIterator<Item = usize> {
    let length = length as i128;
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp =
        |value: i128| (if value < 0 { value.saturating_add(length) } else { value }).clamp(lowest, highest);
    let start = start.map_or(if step > 0 { 0 } else { length - 1 }, clamp);
    let stop = stop.map_or(if step > 0 { length } else { -1 }, clamp);
    let span = if step > 0 { stop - start } else { start - stop };
    let count = if span <= 0 { 0 } else { (span - 1) / step.saturating_abs() + 1 };
    (0..usize::try_from(count).unwrap_or(0))
        .map(move |index| usize::try_from(start + step * index as i128).unwrap_or(usize::MAX))
}
