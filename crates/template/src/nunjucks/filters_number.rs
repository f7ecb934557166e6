//! Filters on numbers.

use crate::error::Outcome;
use crate::nunjucks::call::bind;
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::filters::argument;
use crate::nunjucks::number::{read_integer, read_prefix, wrap_to_i32};
use crate::nunjucks::operators::{power, to_number, to_text, truthy};
use crate::nunjucks::value::Value;

pub fn abs(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    Ok(Value::Number(to_number(&argument(arguments, 0), &interpreter.meter)?.abs()))
}

pub fn float(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let text = to_text(&argument(arguments, 0), &interpreter.meter)?;
    let number = read_prefix(&text.to_str());
    Ok(if number.is_nan() { argument(arguments, 1) } else { Value::Number(number) })
}

pub fn int(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let (bound, _) = bind(arguments, ["value", "default", "base"].into_iter(), std::iter::empty());
    let base = match argument(&bound, 2) {
        Value::Undefined => 10,
        base => wrap_to_i32(to_number(&base, meter)?),
    };
    let text = to_text(&argument(&bound, 0), meter)?;
    let number = u32::try_from(base).map_or(f64::NAN, |base| read_integer(&text.to_str(), base));
    Ok(if number.is_nan() { argument(&bound, 1) } else { Value::Number(number) })
}

/// Halves are rounded up, as in JavaScript.
fn round_half_up(number: f64) -> f64 {
    if number.fract().abs() < 0.5 || number.abs() >= 4_503_599_627_370_496.0 {
        number.trunc()
    } else {
        (number + 0.5).floor()
    }
}

pub fn round(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let precision = argument(arguments, 1);
    let precision = if truthy(&precision) { to_number(&precision, meter)? } else { 0.0 };
    let factor = power(10.0, precision);
    let scaled = to_number(&argument(arguments, 0), meter)? * factor;
    let rounded = match argument(arguments, 2) {
        Value::String(method) if method.as_str() == Some("ceil") => scaled.ceil(),
        Value::String(method) if method.as_str() == Some("floor") => scaled.floor(),
        _ => round_half_up(scaled),
    };
    Ok(Value::Number(rounded / factor))
}
