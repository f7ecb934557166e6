//! The methods that Cookiecutter templates expect: those of Python's lists and dictionaries.

use std::rc::Rc;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::member::key_text;
use crate::nunjucks::operators::{strict_equal, to_number};
use crate::nunjucks::record::Record;
use crate::nunjucks::value::{List, RefRecord, Value, refuse_cycle};

pub fn call(receiver: &Value, name: &str, arguments: &[Value], meter: &Meter) -> Outcome<Value> {
    match receiver {
        Value::List(list) => call_list(list, name, arguments, meter),
        Value::Record(record) => call_record(record, name, arguments, meter),
        _ => Ok(Value::Undefined),
    }
}

fn call_list(list: &Rc<List>, name: &str, arguments: &[Value], meter: &Meter) -> Outcome<Value> {
    let first = arguments.first().unwrap_or(&Value::Undefined);
    let second = arguments.get(1).unwrap_or(&Value::Undefined);
    let length = list.0.borrow().len();
    meter.spend(length as u64)?;
    let found = || list.0.borrow().iter().position(|item| strict_equal(item, first));
    let missing = || Fault::value(format!("{name}() found no such value in the list"));
    Ok(match name {
        "append" => {
            refuse_cycle(Rc::as_ptr(list).cast(), first, meter)?;
            meter.allocate(32)?;
            list.0.borrow_mut().push(first.clone());
            Value::integer(length + 1)
        }
        "pop" if first.is_undefined() => list.0.borrow_mut().pop().unwrap_or(Value::Undefined),
        "pop" => {
            let index = to_number(first, meter)?;
            if index < 0.0 || index >= length as f64 {
                return Err(Fault::value("pop() was given no index of the list"));
            }
            Value::list(vec![list.0.borrow_mut().remove(index as usize)])
        }
        "remove" => {
            let at = found().ok_or_else(missing)?;
            Value::list(vec![list.0.borrow_mut().remove(at)])
        }
        "count" => Value::integer(list.0.borrow().iter().filter(|item| strict_equal(item, first)).count()),
        "index" => Value::integer(found().ok_or_else(missing)?),
        "find" => Value::Number(found().map_or(-1.0, |at| at as f64)),
        "insert" => {
            refuse_cycle(Rc::as_ptr(list).cast(), second, meter)?;
            meter.allocate(32)?;
            let index = crate::nunjucks::methods_text::relative(first, length, 0, meter)?;
            list.0.borrow_mut().insert(index, second.clone());
            Value::list(Vec::new())
        }
        _ => Value::Undefined,
    })
}

fn call_record(record: &Rc<RefRecord>, name: &str, arguments: &[Value], meter: &Meter) -> Outcome<Value> {
    let first = arguments.first().unwrap_or(&Value::Undefined);
    let second = arguments.get(1).unwrap_or(&Value::Undefined);
    meter.allocate(record.0.borrow().len() * 8)?;
    let pairs = |each: &dyn Fn(&Rc<str>, &Value) -> Value| -> Outcome<Value> {
        let record = record.0.borrow();
        meter.allocate(record.len() * 96)?;
        Ok(Value::list(record.iter().map(|(key, value)| each(key, value)).collect()))
    };
    Ok(match name {
        "items" | "iteritems" => {
            pairs(&|key, value| Value::list(vec![Value::text(Rc::clone(key)), value.clone()]))?
        }
        "keys" | "iterkeys" => pairs(&|key, _| Value::text(Rc::clone(key)))?,
        "values" | "itervalues" => pairs(&|_, value| value.clone())?,
        "get" => {
            let found = record.0.borrow().get(&key_text(first, meter)?).cloned();
            found.filter(|value| !value.is_undefined()).unwrap_or_else(|| second.clone())
        }
        "has_key" => Value::Bool(record.0.borrow().contains(&key_text(first, meter)?)),
        "pop" => {
            let removed = record.0.borrow_mut().remove(&key_text(first, meter)?);
            match removed {
                Some(value) if !value.is_undefined() => value,
                _ if !second.is_undefined() => second.clone(),
                _ => return Err(Fault::value("pop() found no such key")),
            }
        }
        "popitem" => {
            let key = record.0.borrow().keys().next().cloned();
            let Some(key) = key else { return Err(Fault::value("popitem() found the object empty")) };
            let value = record.0.borrow_mut().remove(&key).unwrap_or(Value::Undefined);
            Value::list(vec![Value::text(key), value])
        }
        "setdefault" => {
            let key = key_text(first, meter)?;
            if let Some(value) = record.0.borrow().get(&key) {
                return Ok(value.clone());
            }
            refuse_cycle(Rc::as_ptr(record).cast(), second, meter)?;
            let value = if second.is_undefined() { Value::Null } else { second.clone() };
            Value::insert(record, key, value.clone());
            value
        }
        "update" => {
            refuse_cycle(Rc::as_ptr(record).cast(), first, meter)?;
            let other: Record = match first {
                Value::Record(other) => other.0.borrow().clone(),
                _ => Record::new(),
            };
            meter.allocate(other.len() * 64)?;
            for (key, value) in other.iter() {
                Value::insert(record, Rc::clone(key), value.clone());
            }
            Value::Null
        }
        _ => Value::Undefined,
    })
}
