//! The functions that every template has.

use crate::budget::Meter;
use crate::error::Outcome;
use crate::nunjucks::call::stateful;
use crate::nunjucks::operators::{add, less, truthy};
use crate::nunjucks::value::Value;

/// Their names.
pub const NAMES: [&str; 3] = ["range", "cycler", "joiner"];

pub fn call(name: &str, arguments: &[Value], meter: &Meter) -> Outcome<Value> {
    match name {
        "range" => range(arguments, meter),
        _ => Ok(stateful(name, arguments)),
    }
}

/// `range(stop)`, `range(start, stop)`, `range(start, stop, step)`; the values keep their types.
fn range(arguments: &[Value], meter: &Meter) -> Outcome<Value> {
    let argument = |index: usize| arguments.get(index).cloned().unwrap_or(Value::Undefined);
    let (start, stop, step) = match argument(1) {
        Value::Undefined => (Value::Number(0.0), argument(0), Value::Number(1.0)),
        stop => {
            let step = argument(2);
            (argument(0), stop, if truthy(&step) { step } else { Value::Number(1.0) })
        }
    };
    let upwards = less(&Value::Number(0.0), &step, meter)?;
    let mut items = Vec::new();
    let mut at = start;
    while if upwards { less(&at, &stop, meter)? } else { less(&stop, &at, meter)? } {
        meter.allocate(32)?;
        meter.spend(1)?;
        items.push(at.clone());
        at = add(&at, &step, meter)?;
    }
    Ok(Value::list(items))
}
