//! The methods of lists that call a function for each item: a macro, or a function of the host.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::function::Function;
use crate::nunjucks::methods_list::{flatten, replace_all};
use crate::nunjucks::operators::{to_number, truthy};
use crate::nunjucks::sort::sort_by;
use crate::nunjucks::value::{List, Value};

/// Their names.
pub const NAMES: [&str; 12] = [
    "every",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "flatMap",
    "forEach",
    "map",
    "reduce",
    "reduceRight",
    "some",
];

/// Whether the method calls a function; `sort` does when it is given one.
pub fn takes_callback(name: &str, arguments: &[Value]) -> bool {
    NAMES.contains(&name)
        || matches!((name, arguments.first()), ("sort" | "toSorted", Some(Value::Function(_))))
}

/// Calls the method of `list`, which `receiver` holds. The list may change on the way; a copy is walked over.
pub fn call(
    interpreter: &mut Interpreter<'_>,
    receiver: &Value,
    list: &Rc<List>,
    name: &str,
    arguments: &[Value],
) -> Outcome<Value> {
    let Some(Value::Function(function)) = arguments.first() else {
        let given = arguments.first().unwrap_or(&Value::Undefined).kind();
        return Err(Fault::value(format!("{name}() takes a function, not {given}"))
            .hint("Give it the name of a macro, without parentheses."));
    };
    let items = list.0.borrow().clone();
    interpreter.meter.allocate(items.len() * 24)?;
    let mut each = Each { interpreter, receiver, function };
    match name {
        "sort" | "toSorted" => {
            each.sort(items).map(|sorted| replace_all(list, receiver, sorted, name == "sort"))
        }
        "reduce" => each.reduce(items.into_iter().enumerate(), arguments.get(1)),
        "reduceRight" => each.reduce(items.into_iter().enumerate().rev(), arguments.get(1)),
        "findLast" | "findLastIndex" => {
            let found = each.first(items.into_iter().enumerate().rev())?;
            Ok(answer(found, name == "findLast"))
        }
        "find" | "findIndex" => {
            let found = each.first(items.into_iter().enumerate())?;
            Ok(answer(found, name == "find"))
        }
        "some" => Ok(Value::Bool(each.first(items.into_iter().enumerate())?.is_some())),
        _ => each.walk(name, items),
    }
}

fn answer(found: Option<(usize, Value)>, item: bool) -> Value {
    match found {
        Some((_, value)) if item => value,
        Some((index, _)) => Value::integer(index),
        None if item => Value::Undefined,
        None => Value::Number(-1.0),
    }
}

struct Each<'a, 'r> {
    interpreter: &'a mut Interpreter<'r>,
    receiver: &'a Value,
    function: &'a Rc<Function>,
}

impl Each<'_, '_> {
    fn call(&mut self, index: usize, item: &Value) -> Outcome<Value> {
        let arguments = [item.clone(), Value::integer(index), self.receiver.clone()];
        self.interpreter.call(self.function, &Value::Undefined, &arguments)
    }

    fn first(&mut self, items: impl Iterator<Item = (usize, Value)>) -> Outcome<Option<(usize, Value)>> {
        for (index, item) in items {
            if truthy(&self.call(index, &item)?) {
                return Ok(Some((index, item)));
            }
        }
        Ok(None)
    }

    fn walk(&mut self, name: &str, items: Vec<Value>) -> Outcome<Value> {
        let mut results = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let result = self.call(index, &item)?;
            match name {
                "map" | "flatMap" => results.push(result),
                "filter" if truthy(&result) => results.push(item),
                "every" if !truthy(&result) => return Ok(Value::Bool(false)),
                _ => {}
            }
        }
        Ok(match name {
            "every" => Value::Bool(true),
            "forEach" => Value::Undefined,
            "flatMap" => {
                let mut flat = Vec::new();
                flatten(&results, 1, &mut flat, &self.interpreter.meter)?;
                Value::list(flat)
            }
            _ => Value::list(results),
        })
    }

    fn reduce(
        &mut self,
        mut items: impl Iterator<Item = (usize, Value)>,
        start: Option<&Value>,
    ) -> Outcome<Value> {
        let first = start.cloned().or_else(|| items.next().map(|(_, item)| item));
        let Some(mut sum) = first else {
            return Err(Fault::value("an empty list cannot be reduced without a value to start from"));
        };
        for (index, item) in items {
            let arguments = [sum, item, Value::integer(index), self.receiver.clone()];
            sum = self.interpreter.call(self.function, &Value::Undefined, &arguments)?;
        }
        Ok(sum)
    }

    fn sort(&mut self, items: Vec<Value>) -> Outcome<Vec<Value>> {
        let (undefined, items): (Vec<Value>, Vec<Value>) = items.into_iter().partition(Value::is_undefined);
        let function = self.function;
        let interpreter = std::cell::RefCell::new(&mut *self.interpreter);
        let mut sorted = sort_by(items, |left, right| {
            let mut interpreter = interpreter.borrow_mut();
            let order = interpreter.call(function, &Value::Undefined, &[left.clone(), right.clone()])?;
            let order = to_number(&order, &interpreter.meter)?;
            Ok(order.partial_cmp(&0.0).unwrap_or(Ordering::Equal))
        })?;
        sorted.extend(undefined);
        Ok(sorted)
    }
}
