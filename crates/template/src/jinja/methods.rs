//! The methods of values: which there are, and calling them.

use crate::error::{Fault, Outcome};
use crate::jinja::call::Arguments;
use crate::jinja::evaluate::Interpreter;
use crate::jinja::object::Object;
use crate::jinja::value::{Value, View};
use crate::jinja::{methods_list, methods_map, methods_text};

const TUPLE: [&str; 3] = ["__len__", "count", "index"];
const CYCLER: [&str; 2] = ["next", "reset"];
const LOOP: [&str; 2] = ["changed", "cycle"];

/// The methods of a value's type.
fn names(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Text(_) | Value::Safe(_) => methods_text::NAMES,
        Value::List(_) => methods_list::NAMES,
        Value::Tuple(_) | Value::Range(_) => &TUPLE,
        Value::Map(_) => methods_map::NAMES,
        Value::Float(_) => &["is_integer"],
        Value::Integer(_) | Value::Bool(_) => &["bit_length"],
        Value::Object(object) => match &**object {
            Object::Cycler(..) => &CYCLER,
            Object::Loop(_) => &LOOP,
            _ => &[],
        },
        _ => &[],
    }
}

/// The method of that name, if the value's type has it.
pub fn find(value: &Value, name: &str) -> Option<&'static str> {
    if let Value::Object(object) = value
        && matches!(&**object, Object::Blocks)
    {
        return None;
    }
    names(value).iter().find(|known| **known == name).copied()
}

/// `owner.name(arguments)`
pub fn call(
    interpreter: &mut Interpreter<'_>,
    owner: &Value,
    name: &str,
    arguments: Arguments,
) -> Outcome<Value> {
    if name == "__len__" {
        let [] = arguments.bind(name, [])?;
        return Ok(Value::Integer(owner.length().unwrap_or(0) as i128));
    }
    match owner {
        Value::Text(text) | Value::Safe(text) => methods_text::call(interpreter, text, name, arguments),
        Value::List(items) => methods_list::call(interpreter, items, name, arguments),
        Value::Tuple(_) | Value::Range(_) => {
            let items = interpreter.heap.items(owner)?;
            methods_list::search(interpreter, &items, name, arguments)
        }
        Value::Map(map) => methods_map::call(interpreter, map, name, arguments),
        Value::Float(number) => {
            let [] = arguments.bind(name, [])?;
            Ok(Value::Bool(number.fract() == 0.0))
        }
        Value::Integer(_) | Value::Bool(_) => {
            let [] = arguments.bind(name, [])?;
            let number = owner.as_integer().unwrap_or(0).unsigned_abs();
            Ok(Value::Integer(i128::from(u128::BITS - number.leading_zeros())))
        }
        Value::Object(object) => object_method(interpreter, object, name, arguments),
        other => Err(Fault::value(format!("'{}' object has no method '{name}'", other.type_name()))),
    }
}

fn object_method(
    interpreter: &Interpreter<'_>,
    object: &Object,
    name: &str,
    arguments: Arguments,
) -> Outcome<Value> {
    match (object, name) {
        (Object::Cycler(items, index), "next") => {
            let [] = arguments.bind(name, [])?;
            let current = items.get(index.get()).cloned();
            index.set((index.get() + 1) % items.len().max(1));
            Ok(current.unwrap_or(Value::None))
        }
        (Object::Cycler(_, index), _) => {
            let [] = arguments.bind(name, [])?;
            index.set(0);
            Ok(Value::None)
        }
        (Object::Loop(state), "cycle") => {
            let items = arguments.positional;
            let index = state.index.get().checked_rem(items.len());
            index
                .and_then(|index| items.get(index).cloned())
                .ok_or_else(|| Fault::value("no items for cycling given"))
        }
        (Object::Loop(state), _) => {
            let same = match &*state.last.borrow() {
                Some(last) if last.len() == arguments.positional.len() => {
                    let mut same = true;
                    for (left, right) in last.iter().zip(&arguments.positional) {
                        same = same && crate::jinja::operators::equals(left, right, &interpreter.heap)?;
                    }
                    same
                }
                _ => false,
            };
            if !same {
                *state.last.borrow_mut() = Some(interpreter.heap.shared_tuple(arguments.positional)?);
            }
            Ok(Value::Bool(!same))
        }
        _ => Err(Fault::value(format!("there is no method '{name}'"))),
    }
}

/// A look at a dictionary.
pub fn view(name: &str) -> View {
    match name {
        "keys" => View::Keys,
        "values" => View::Values,
        _ => View::Items,
    }
}
