//! Filters that apply another filter, a test or an attribute to each item.

use crate::error::{Fault, Outcome, TemplateErrorKind};
use crate::jinja::access;
use crate::jinja::ast::Operator;
use crate::jinja::call::{Arguments, flag};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::filters_list::{sort_by_keys, sort_key};
use crate::jinja::operators::{calculate, equals};
use crate::jinja::value::{Heap, Key, Value};
use crate::jinja::{filters, predicates};

type Answer = Outcome<Value>;

/// `a.b.0` as keys; nothing for no attribute.
pub fn attribute_path(attribute: Option<Value>) -> Outcome<Vec<Key>> {
    Ok(match attribute {
        None | Some(Value::None) => Vec::new(),
        Some(Value::Text(path) | Value::Safe(path)) => path
            .split('.')
            .map(|part| match part.parse::<i128>() {
                Ok(index) if part.chars().all(|c| c.is_ascii_digit()) => Key::Integer(index),
                _ => Key::Text(part.into()),
            })
            .collect(),
        Some(other) => match other.as_integer() {
            Some(index) => vec![Key::Integer(index)],
            None => {
                return Err(Fault::value(format!(
                    "'attribute' has to be a name or a number, it is {}",
                    other.type_name()
                )));
            }
        },
    })
}

/// The attribute at a path of a value, and the value itself for none.
pub fn path_of(value: &Value, path: &[Key], heap: &Heap) -> Outcome<Value> {
    let mut value = value.clone();
    for key in path {
        value = access::item(&value, &key.value(heap)?, heap)?;
    }
    Ok(value)
}

/// A test by name with its arguments; without a name, whether it is true.
fn passes(
    interpreter: &mut Interpreter<'_>,
    value: Value,
    test: &[Value],
    named: &Arguments,
) -> Outcome<bool> {
    let Some((name, rest)) = test.split_first() else {
        return value.is_true();
    };
    let name = name.defined()?.as_text().ok_or_else(|| Fault::value("the name of a test is a text"))?;
    let test = predicates::find(name).ok_or_else(|| predicates::unknown(name))?;
    let arguments = Arguments { positional: rest.to_vec(), named: named.named.clone() };
    (test.run)(interpreter, value, arguments)
}

fn choose(
    interpreter: &mut Interpreter<'_>,
    value: &Value,
    arguments: &Arguments,
    wanted: bool,
    by_attribute: bool,
) -> Answer {
    let mut test = arguments.positional.clone();
    let path = if by_attribute {
        if test.is_empty() {
            return Err(Fault::value("Missing parameter for attribute name"));
        }
        attribute_path(Some(test.remove(0)))?
    } else {
        Vec::new()
    };
    let mut kept = Vec::new();
    for item in interpreter.heap.items(value)? {
        interpreter.heap.meter.spend(1)?;
        let tested = path_of(&item, &path, &interpreter.heap)?;
        if passes(interpreter, tested, &test, arguments)? == wanted {
            kept.push(item);
        }
    }
    interpreter.heap.stream(kept)
}

pub fn select(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    choose(interpreter, &value, &arguments, true, false)
}

pub fn reject(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    choose(interpreter, &value, &arguments, false, false)
}

pub fn select_attribute(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    choose(interpreter, &value, &arguments, true, true)
}

pub fn reject_attribute(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    choose(interpreter, &value, &arguments, false, true)
}

pub fn map(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let Arguments { mut positional, mut named } = arguments;
    let mut mapped = Vec::new();
    if positional.is_empty()
        && let Some(index) = named.iter().position(|(name, _)| &**name == "attribute")
    {
        let path = attribute_path(Some(named.remove(index).1))?;
        let default =
            named.iter().position(|(name, _)| &**name == "default").map(|index| named.remove(index).1);
        if let Some((unknown, _)) = named.first() {
            return Err(Fault::value(format!("Unexpected keyword argument '{unknown}'")));
        }
        let heap = &interpreter.heap;
        for item in heap.items(&value)? {
            let found = path_of(&item, &path, heap);
            let found = match (found, &default) {
                (Ok(found), Some(default)) if found.is_undefined() => default.clone(),
                (Err(fault), Some(default)) if fault.kind == TemplateErrorKind::Undefined => default.clone(),
                (found, _) => found?,
            };
            mapped.push(found);
        }
        return interpreter.heap.stream(mapped);
    }
    if positional.is_empty() {
        return Err(Fault::value("map requires a filter argument")
            .hint("Write map('name') or map(attribute='name')."));
    }
    let name = positional.remove(0);
    let name = name.defined()?.as_text().ok_or_else(|| Fault::value("the name of a filter is a text"))?;
    let filter = filters::find(name).ok_or_else(|| filters::unknown(name))?;
    for item in interpreter.heap.items(&value)? {
        interpreter.heap.meter.spend(1)?;
        let arguments = Arguments { positional: positional.clone(), named: named.clone() };
        interpreter.heap.meter.enter()?;
        mapped.push((filter.run)(interpreter, item, arguments)?);
        interpreter.heap.meter.leave();
    }
    interpreter.heap.stream(mapped)
}

pub fn sum(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [attribute, start] = arguments.bind("sum", ["attribute", "start"])?;
    let path = attribute_path(attribute)?;
    let heap = &interpreter.heap;
    let mut total = start.unwrap_or(Value::Integer(0));
    if total.as_text().is_some() {
        return Err(Fault::value("sum() can't sum strings").hint("Use |join."));
    }
    for item in heap.items(&value)? {
        total = calculate(Operator::Add, &total, &path_of(&item, &path, heap)?, heap)?;
    }
    Ok(total)
}

pub fn group_by(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [attribute, default, case_sensitive] =
        arguments.bind_required("groupby", ["attribute", "default", "case_sensitive"], 1)?;
    let path = attribute_path(attribute)?;
    let case_sensitive = flag(case_sensitive.as_ref(), false)?;
    let heap = &interpreter.heap;
    let mut keyed = Vec::new();
    for item in heap.items(&value)? {
        let mut group = path_of(&item, &path, heap)?;
        if group.is_undefined()
            && let Some(default) = &default
        {
            group = default.clone();
        }
        keyed.push((sort_key(&group, case_sensitive, heap)?, heap.tuple(vec![group, item])?));
    }
    let mut groups: Vec<(Value, Value, Vec<Value>)> = Vec::new();
    for pair in sort_by_keys(keyed, false, heap)? {
        let Value::Tuple(pair) = &pair else { continue };
        let [group, item] = &**pair else { continue };
        let key = sort_key(group, case_sensitive, heap)?;
        match groups.last_mut() {
            Some((known, _, items)) if equals(known, &key, heap)? => items.push(item.clone()),
            _ => groups.push((key, group.clone(), vec![item.clone()])),
        }
    }
    let mut found = Vec::new();
    for (_, group, items) in groups {
        let items = heap.list(items)?;
        found.push(heap.tuple(vec![group, items])?);
    }
    heap.list(found)
}
