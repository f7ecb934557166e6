//! Filters of lists and dictionaries.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::call::{Arguments, count, flag, text};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::filters_select::{attribute_path, path_of};
use crate::jinja::operators::order;
use crate::jinja::printing::print;
use crate::jinja::value::{Heap, Key, TextKey, Value};
use crate::jinja::{access, methods_text};

type Answer = Outcome<Value>;

pub fn default(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [default, boolean] = arguments.bind("default", ["default_value", "boolean"])?;
    let default = default.unwrap_or_else(|| Value::Text("".into()));
    if value.is_undefined() || (flag(boolean.as_ref(), false)? && !value.is_true()?) {
        return Ok(default);
    }
    Ok(value)
}

pub fn attribute(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [name] = arguments.bind_required("attr", ["name"], 1)?;
    let name = text(name, "name")?.unwrap_or_default();
    if matches!(value, Value::Map(_)) && access::attribute(&value, &name, &interpreter.heap)?.is_undefined() {
        return Ok(Value::because(format!("'dict object' has no attribute '{name}'")));
    }
    if let Value::Map(map) = &value
        && map.borrow().contains_key(&TextKey(&name))
    {
        return Ok(Value::because(format!("'dict object' has no attribute '{name}'")));
    }
    access::attribute(&value, &name, &interpreter.heap)
}

pub fn length(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("length", [])?;
    match value.defined()?.length() {
        Some(length) => Ok(Value::Integer(length as i128)),
        None => Err(Fault::value(format!("object of type '{}' has no len()", value.type_name())).hint(
            if matches!(value, Value::Stream(_)) {
                "Add |list before."
            } else {
                "Only text, lists and dictionaries have a length."
            },
        )),
    }
}

pub fn list(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("list", [])?;
    interpreter.heap.list(interpreter.heap.items(&value)?)
}

pub fn items(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("items", [])?;
    let heap = &interpreter.heap;
    match &value {
        Value::Undefined(_) => heap.stream(Vec::new()),
        Value::Map(map) => {
            let view = Value::View(crate::jinja::value::View::Items, Rc::clone(map));
            heap.stream(heap.items(&view)?)
        }
        _ => Err(Fault::value("Can only get item pairs from a mapping.")),
    }
}

pub fn first(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("first", [])?;
    if let Value::Stream(stream) = &value {
        let first = stream.borrow_mut().pop_front();
        return Ok(first.unwrap_or_else(|| Value::because("No first item, sequence was empty.")));
    }
    let first = interpreter.heap.items(&value)?.into_iter().next();
    Ok(first.unwrap_or_else(|| Value::because("No first item, sequence was empty.")))
}

pub fn last(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("last", [])?;
    if matches!(value, Value::Stream(_)) {
        return Err(Fault::value("'generator' object is not reversible").hint("Add |list before."));
    }
    let last = interpreter.heap.items(&value)?.pop();
    Ok(last.unwrap_or_else(|| Value::because("No last item, sequence was empty.")))
}

pub fn random(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("random", [])?;
    let items = interpreter.heap.items(&value)?;
    if items.is_empty() {
        return Ok(Value::because("No random item, sequence was empty."));
    }
    let index = interpreter.environment.draw(items.len())?;
    Ok(items.get(index).cloned().unwrap_or(Value::None))
}

pub fn reverse(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("reverse", [])?;
    let heap = &interpreter.heap;
    if let Some(text) = value.as_text() {
        return heap.text(text.chars().rev().collect::<String>());
    }
    let mut items = heap.items(&value)?;
    items.reverse();
    heap.stream(items)
}

pub fn join(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [separator, attribute] = arguments.bind("join", ["d", "attribute"])?;
    let path = attribute_path(attribute)?;
    let heap = &interpreter.heap;
    let mut between = String::new();
    if let Some(separator) = separator {
        print(&separator, heap, &mut between)?;
    }
    let mut out = String::new();
    for (index, item) in heap.items(&value)?.into_iter().enumerate() {
        if index > 0 {
            out.push_str(&between);
        }
        let item = path_of(&item, &path, heap)?;
        if interpreter.escapes {
            out.push_str(&crate::jinja::web::escape(&item, heap)?);
        } else {
            print(&item, heap, &mut out)?;
        }
        if out.len() > heap.meter.output {
            return Err(Fault::budget("the template prints too much"));
        }
    }
    if interpreter.escapes { Ok(Value::Safe(out.into())) } else { heap.text(out) }
}

/// What a value counts as in an order: text without case, unless it is asked for.
pub fn sort_key(value: &Value, case_sensitive: bool, heap: &Heap) -> Outcome<Value> {
    match value {
        Value::Text(text) | Value::Safe(text) if !case_sensitive => heap.text(methods_text::lower(text)),
        other => Ok(other.clone()),
    }
}

/// Sorts by keys and keeps the order of equal ones. The first fault of a comparison is the answer.
pub fn sort_by_keys(mut keyed: Vec<(Value, Value)>, reverse: bool, heap: &Heap) -> Outcome<Vec<Value>> {
    let count = keyed.len() as u64;
    heap.meter.spend(count * u64::from(64 - count.leading_zeros()))?;
    let mut fault = None;
    keyed.sort_by(|(left, _), (right, _)| {
        if fault.is_some() {
            return Ordering::Equal;
        }
        match order(left, right, "<", heap) {
            Ok(order) => {
                let order = order.unwrap_or(Ordering::Equal);
                if reverse { order.reverse() } else { order }
            }
            Err(found) => {
                fault = Some(found);
                Ordering::Equal
            }
        }
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok(keyed.into_iter().map(|(_, value)| value).collect()),
    }
}

pub fn sort(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [reverse, case_sensitive, attribute] =
        arguments.bind("sort", ["reverse", "case_sensitive", "attribute"])?;
    let heap = &interpreter.heap;
    let case_sensitive = flag(case_sensitive.as_ref(), false)?;
    let paths: Vec<Vec<Key>> = match &attribute {
        Some(Value::Text(names)) if names.contains(',') => {
            names.split(',').map(|name| attribute_path(Some(heap.text(name)?))).collect::<Outcome<_>>()?
        }
        _ => vec![attribute_path(attribute)?],
    };
    let mut keyed = Vec::new();
    for item in heap.items(&value)? {
        let mut keys = Vec::with_capacity(paths.len());
        for path in &paths {
            keys.push(sort_key(&path_of(&item, path, heap)?, case_sensitive, heap)?);
        }
        let key = if keys.len() == 1 { keys.pop().unwrap_or(Value::None) } else { heap.list(keys)? };
        keyed.push((key, item));
    }
    heap.list(sort_by_keys(keyed, flag(reverse.as_ref(), false)?, heap)?)
}

pub fn dictsort(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [case_sensitive, by, reverse] = arguments.bind("dictsort", ["case_sensitive", "by", "reverse"])?;
    let heap = &interpreter.heap;
    let by = text(by, "by")?.unwrap_or_else(|| "key".into());
    if !matches!(&*by, "key" | "value") {
        return Err(Fault::value("You can only sort by either \"key\" or \"value\""));
    }
    let Value::Map(map) = value.defined()? else {
        return Err(Fault::value(format!("dictsort takes a dictionary, not {}", value.type_name())));
    };
    let case_sensitive = flag(case_sensitive.as_ref(), false)?;
    let mut keyed = Vec::new();
    for (key, item) in map.borrow().iter() {
        let key = key.value(heap)?;
        let sorted_by = if &*by == "key" { &key } else { item };
        keyed.push((sort_key(sorted_by, case_sensitive, heap)?, heap.tuple(vec![key, item.clone()])?));
    }
    heap.list(sort_by_keys(keyed, flag(reverse.as_ref(), false)?, heap)?)
}

fn extreme(
    interpreter: &Interpreter<'_>,
    value: &Value,
    arguments: Arguments,
    name: &str,
    wanted: Ordering,
) -> Answer {
    let [case_sensitive, attribute] = arguments.bind(name, ["case_sensitive", "attribute"])?;
    let case_sensitive = flag(case_sensitive.as_ref(), false)?;
    let path = attribute_path(attribute)?;
    let heap = &interpreter.heap;
    let mut best: Option<(Value, Value)> = None;
    for item in heap.items(value)? {
        let key = sort_key(&path_of(&item, &path, heap)?, case_sensitive, heap)?;
        let better = match &best {
            None => true,
            Some((known, _)) => {
                let sign = if wanted == Ordering::Less { "<" } else { ">" };
                order(&key, known, sign, heap)? == Some(wanted)
            }
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or_else(|| Value::because("No aggregated item, sequence was empty."), |(_, item)| item))
}

pub fn min(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    extreme(interpreter, &value, arguments, "min", Ordering::Less)
}

pub fn max(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    extreme(interpreter, &value, arguments, "max", Ordering::Greater)
}

pub fn unique(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [case_sensitive, attribute] = arguments.bind("unique", ["case_sensitive", "attribute"])?;
    let case_sensitive = flag(case_sensitive.as_ref(), false)?;
    let path = attribute_path(attribute)?;
    let heap = &interpreter.heap;
    let mut seen = indexmap::IndexSet::new();
    let mut kept = Vec::new();
    for item in heap.items(&value)? {
        let key = sort_key(&path_of(&item, &path, heap)?, case_sensitive, heap)?.key(heap)?;
        if seen.insert(key) {
            kept.push(item);
        }
    }
    heap.stream(kept)
}

pub fn batch(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [size, fill] = arguments.bind_required("batch", ["linecount", "fill_with"], 1)?;
    let size = count(size.as_ref(), "linecount", 1)?;
    let heap = &interpreter.heap;
    let items = heap.items(&value)?;
    if size == 0 {
        return Err(Fault::value("batch needs a count of 1 or more"));
    }
    let mut batches = Vec::new();
    for part in items.chunks(size) {
        let mut part = part.to_vec();
        if let Some(fill) = fill.as_ref().filter(|fill| !matches!(fill, Value::None)) {
            let missing = size - part.len();
            heap.meter.allocate(missing.saturating_mul(size_of::<Value>()))?;
            part.extend(std::iter::repeat_n(fill.clone(), missing));
        }
        batches.push(heap.list(part)?);
    }
    heap.stream(batches)
}

pub fn slice(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [slices, fill] = arguments.bind_required("slice", ["slices", "fill_with"], 1)?;
    let slices = count(slices.as_ref(), "slices", 1)?;
    let heap = &interpreter.heap;
    let items = heap.items(&value)?;
    if slices == 0 {
        return Err(Fault::value("slice needs a count of 1 or more"));
    }
    heap.meter.allocate(slices.saturating_mul(size_of::<Value>()))?;
    let (each, longer) = (items.len() / slices, items.len() % slices);
    let mut rest = items.into_iter();
    let mut parts = Vec::new();
    for index in 0..slices {
        let mut part: Vec<Value> = rest.by_ref().take(each + usize::from(index < longer)).collect();
        if let Some(fill) = fill.as_ref().filter(|fill| !matches!(fill, Value::None))
            && index >= longer
        {
            part.push(fill.clone());
        }
        parts.push(heap.list(part)?);
    }
    heap.stream(parts)
}
