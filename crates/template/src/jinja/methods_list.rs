//! The methods of lists and tuples.

use std::cell::RefCell;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::access::position;
use crate::jinja::call::{Arguments, flag, integer};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::filters_list::sort_by_keys;
use crate::jinja::operators::equals;
use crate::jinja::value::{Heap, Value};

/// All methods of lists.
pub const NAMES: &[&str] = &[
    "__len__", "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse",
    "sort",
];

fn find(items: &[Value], wanted: &Value, heap: &Heap) -> Outcome<Option<usize>> {
    for (index, item) in items.iter().enumerate() {
        heap.meter.spend(1)?;
        if equals(item, wanted, heap)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// `count` and `index`, which change nothing.
pub fn search(
    interpreter: &Interpreter<'_>,
    items: &[Value],
    name: &str,
    arguments: Arguments,
) -> Outcome<Value> {
    let [wanted, start, stop] = arguments.bind_required(name, ["value", "start", "stop"], 1)?;
    let wanted = wanted.unwrap_or(Value::None);
    let heap = &interpreter.heap;
    if name == "count" {
        let mut count = 0;
        for item in items {
            heap.meter.spend(1)?;
            count += i128::from(equals(item, &wanted, heap)?);
        }
        return Ok(Value::Integer(count));
    }
    let bound = |value: Option<&Value>, default: usize| -> Outcome<usize> {
        let bound = integer(value, "start", default as i128)?;
        let bound = if bound < 0 { bound + items.len() as i128 } else { bound };
        Ok(usize::try_from(bound.max(0)).unwrap_or(usize::MAX).min(items.len()))
    };
    let (start, stop) = (bound(start.as_ref(), 0)?, bound(stop.as_ref(), items.len())?);
    let found = find(items.get(start..stop).unwrap_or_default(), &wanted, heap)?;
    found
        .map(|index| Value::Integer((index + start) as i128))
        .ok_or_else(|| Fault::value("the value is not in the list").hint("Ask with \"in\" before."))
}

/// `items.name(arguments)`
pub fn call(
    interpreter: &Interpreter<'_>,
    items: &Rc<RefCell<Vec<Value>>>,
    name: &str,
    arguments: Arguments,
) -> Outcome<Value> {
    let heap = &interpreter.heap;
    let grow = |by: usize| heap.meter.allocate(by * size_of::<Value>());
    match name {
        "append" => {
            let [item] = arguments.bind_required(name, ["object"], 1)?;
            grow(1)?;
            items.borrow_mut().extend(item);
        }
        "extend" => {
            let [more] = arguments.bind_required(name, ["iterable"], 1)?;
            let more = heap.items(&more.unwrap_or(Value::None))?;
            grow(more.len())?;
            items.borrow_mut().extend(more);
        }
        "insert" => {
            let [index, item] = arguments.bind_required(name, ["index", "object"], 2)?;
            let index = integer(index.as_ref(), "index", 0)?;
            let mut items = items.borrow_mut();
            let length = items.len() as i128;
            let index = (if index < 0 { index + length } else { index }).clamp(0, length);
            grow(1)?;
            heap.meter.spend(length as u64 / 16)?;
            items.insert(usize::try_from(index).unwrap_or(0), item.unwrap_or(Value::None));
        }
        "pop" => {
            let [index] = arguments.bind(name, ["index"])?;
            let mut items = items.borrow_mut();
            let index = position(integer(index.as_ref(), "index", -1)?, items.len());
            heap.meter.spend(items.len() as u64 / 16)?;
            return match index {
                Some(index) => Ok(items.remove(index)),
                None => Err(Fault::value(if items.is_empty() {
                    "pop from empty list"
                } else {
                    "pop index out of range"
                })),
            };
        }
        "remove" => {
            let [item] = arguments.bind_required(name, ["value"], 1)?;
            let found = find(&items.borrow(), &item.unwrap_or(Value::None), heap)?;
            let found = found.ok_or_else(|| {
                Fault::value("list.remove(x): x not in list").hint("Ask with \"in\" before.")
            })?;
            items.borrow_mut().remove(found);
        }
        "clear" => {
            let [] = arguments.bind(name, [])?;
            items.borrow_mut().clear();
        }
        "copy" => {
            let [] = arguments.bind(name, [])?;
            let copy = items.borrow().clone();
            return heap.list(copy);
        }
        "reverse" => {
            let [] = arguments.bind(name, [])?;
            heap.meter.spend(items.borrow().len() as u64 / 16)?;
            items.borrow_mut().reverse();
        }
        "sort" => {
            let Arguments { positional, named } = arguments;
            let mut reverse = false;
            for (name, value) in &named {
                match &**name {
                    "reverse" => reverse = flag(Some(value), false)?,
                    "key" if matches!(value, Value::None) => {}
                    _ => {
                        return Err(Fault::value(format!("sort() takes no '{name}' here"))
                            .hint("Use the filter sort with attribute=."));
                    }
                }
            }
            if !positional.is_empty() {
                return Err(Fault::value("sort() takes no positional arguments"));
            }
            let keyed = items.borrow().iter().map(|item| (item.clone(), item.clone())).collect();
            let sorted = sort_by_keys(keyed, reverse, heap)?;
            *items.borrow_mut() = sorted;
        }
        _ => {
            let copy = items.borrow().clone();
            grow(copy.len())?;
            return search(interpreter, &copy, name, arguments);
        }
    }
    Ok(Value::None)
}
