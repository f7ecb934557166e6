//! The methods of dictionaries.

use std::cell::RefCell;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::call::Arguments;
use crate::jinja::evaluate::Interpreter;
use crate::jinja::globals::key;
use crate::jinja::methods::view;
use crate::jinja::printing::represent;
use crate::jinja::value::{Heap, Map, Value};

/// All methods of dictionaries.
pub const NAMES: &[&str] =
    &["__len__", "clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

/// What `dict(…)` and `update(…)` take: a dictionary or pairs, and names with values.
pub fn entries(function: &str, arguments: Arguments, heap: &Heap) -> Outcome<Map> {
    let Arguments { positional, named } = arguments;
    if positional.len() > 1 {
        return Err(Fault::value(format!("{function}() takes at most 1 argument and names with values")));
    }
    let mut map = match positional.first() {
        None => Map::new(),
        Some(Value::Map(map)) => {
            heap.meter.allocate(map.borrow().len() * 96)?;
            map.borrow().clone()
        }
        Some(pairs) => {
            let mut map = Map::new();
            for pair in heap.items(pairs)? {
                match heap.items(&pair)?.as_slice() {
                    [key, value] => {
                        map.insert(key.key(heap)?, value.clone());
                    }
                    _ => return Err(Fault::value(format!("{function}() takes a dictionary or pairs"))),
                }
            }
            map
        }
    };
    for (name, value) in named {
        map.insert(key(&name), value);
    }
    Ok(map)
}

/// `map.name(arguments)`
pub fn call(
    interpreter: &Interpreter<'_>,
    map: &Rc<RefCell<Map>>,
    name: &str,
    arguments: Arguments,
) -> Outcome<Value> {
    let heap = &interpreter.heap;
    match name {
        "get" => {
            let [wanted, default] = arguments.bind_required(name, ["key", "default"], 1)?;
            let found = map.borrow().get(&wanted.unwrap_or(Value::None).key(heap)?).cloned();
            Ok(found.or(default).unwrap_or(Value::None))
        }
        "keys" | "values" | "items" => {
            let [] = arguments.bind(name, [])?;
            Ok(Value::View(view(name), Rc::clone(map)))
        }
        "copy" => {
            let [] = arguments.bind(name, [])?;
            let copy = map.borrow().clone();
            heap.map(copy)
        }
        "clear" => {
            let [] = arguments.bind(name, [])?;
            map.borrow_mut().clear();
            Ok(Value::None)
        }
        "update" => {
            let more = entries(name, arguments, heap)?;
            heap.meter.allocate(more.len() * 96)?;
            map.borrow_mut().extend(more);
            Ok(Value::None)
        }
        "setdefault" => {
            let [wanted, default] = arguments.bind_required(name, ["key", "default"], 1)?;
            let wanted = wanted.unwrap_or(Value::None).key(heap)?;
            heap.meter.allocate(96)?;
            Ok(map.borrow_mut().entry(wanted).or_insert(default.unwrap_or(Value::None)).clone())
        }
        "pop" => {
            let [wanted, default] = arguments.bind_required(name, ["key", "default"], 1)?;
            let wanted = wanted.unwrap_or(Value::None);
            heap.meter.spend(map.borrow().len() as u64 / 16)?;
            let found = map.borrow_mut().shift_remove(&wanted.key(heap)?);
            if let Some(found) = found.or(default) {
                return Ok(found);
            }
            let mut shown = String::new();
            represent(&wanted, heap, &mut shown)?;
            Err(Fault::value(format!("the dictionary has no key {shown}"))
                .hint("Give pop() a second value for that case."))
        }
        _ => {
            let [] = arguments.bind(name, [])?;
            let popped = map.borrow_mut().pop();
            let (key, value) = popped.ok_or_else(|| Fault::value("popitem(): dictionary is empty"))?;
            heap.tuple(vec![key.value(heap)?, value])
        }
    }
}
