//! JavaScript's conversions and operators.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::number;
use crate::nunjucks::text::Text;
use crate::nunjucks::value::{NESTING, Value};

/// Whether a condition holds. Empty lists, objects and safe strings are true.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Undefined | Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// The value as text, as printing and `+` see it.
pub fn to_text(value: &Value, meter: &Meter) -> Outcome<Text> {
    to_text_at(value, meter, 0)
}

fn to_text_at(value: &Value, meter: &Meter, depth: usize) -> Outcome<Text> {
    if depth > NESTING {
        return Err(Fault::too_deep());
    }
    Ok(match value {
        Value::Undefined => "undefined".into(),
        Value::Null => "null".into(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Number(value) => number::print(*value).into(),
        Value::String(text) => text.clone(),
        Value::Safe(text) => (**text).clone(),
        Value::Record(_) => "[object Object]".into(),
        Value::Pattern(pattern) => pattern.to_string().into(),
        Value::List(list) => {
            let mut parts = Vec::new();
            let mut size = 0;
            for item in list.0.borrow().iter() {
                let part =
                    if item.is_nothing() { Text::from("") } else { to_text_at(item, meter, depth + 1)? };
                size += part.size() + 1;
                if size > 4096 {
                    meter.allocate(size)?;
                    size = 0;
                }
                parts.push(part);
            }
            meter.allocate(size)?;
            meter.spend(parts.len() as u64)?;
            Text::join(&parts, &",".into())
        }
        Value::Function(_) => {
            return Err(Fault::value("a function cannot be used as text")
                .hint("Call it: write its arguments in parentheses behind it."));
        }
    })
}

/// The value as a number; `NaN` for what is none.
pub fn to_number(value: &Value, meter: &Meter) -> Outcome<f64> {
    Ok(match value {
        Value::Undefined => f64::NAN,
        Value::Null | Value::Bool(false) => 0.0,
        Value::Bool(true) => 1.0,
        Value::Number(number) => *number,
        Value::String(text) => read(text),
        other => read(&to_text(other, meter)?),
    })
}

fn read(text: &Text) -> f64 {
    text.as_str().map_or(f64::NAN, number::read)
}

/// The value without its object: what operators work on.
pub fn to_primitive(value: &Value, meter: &Meter) -> Outcome<Value> {
    match value {
        Value::Safe(_) | Value::List(_) | Value::Record(_) | Value::Pattern(_) | Value::Function(_) => {
            Ok(Value::String(to_text(value, meter)?))
        }
        primitive => Ok(primitive.clone()),
    }
}

/// `===`
pub fn strict_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Undefined, Value::Undefined) | (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left.partial_cmp(right) == Some(Ordering::Equal),
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Safe(left), Value::Safe(right)) => Rc::ptr_eq(left, right),
        (Value::List(left), Value::List(right)) => Rc::ptr_eq(left, right),
        (Value::Record(left), Value::Record(right)) => Rc::ptr_eq(left, right),
        (Value::Pattern(left), Value::Pattern(right)) => Rc::ptr_eq(left, right),
        (Value::Function(left), Value::Function(right)) => Rc::ptr_eq(left, right),
        _ => false,
    }
}

const fn is_object(value: &Value) -> bool {
    matches!(
        value,
        Value::Safe(_) | Value::List(_) | Value::Record(_) | Value::Pattern(_) | Value::Function(_)
    )
}

/// `==`
pub fn loose_equal(left: &Value, right: &Value, meter: &Meter) -> Outcome<bool> {
    if left.is_nothing() || right.is_nothing() {
        return Ok(left.is_nothing() && right.is_nothing());
    }
    match (is_object(left), is_object(right)) {
        (true, true) => return Ok(strict_equal(left, right)),
        (true, false) => return loose_equal(&to_primitive(left, meter)?, right, meter),
        (false, true) => return loose_equal(left, &to_primitive(right, meter)?, meter),
        (false, false) => {}
    }
    if let (Value::String(left), Value::String(right)) = (left, right) {
        return Ok(left == right);
    }
    let (left, right) = (to_number(left, meter)?, to_number(right, meter)?);
    Ok(left.partial_cmp(&right) == Some(Ordering::Equal))
}

/// How two values compare; `None` when they do not, as with `NaN`.
pub fn compare(left: &Value, right: &Value, meter: &Meter) -> Outcome<Option<Ordering>> {
    if let (Value::Number(left), Value::Number(right)) = (left, right) {
        return Ok(left.partial_cmp(right));
    }
    let (left, right) = (to_primitive(left, meter)?, to_primitive(right, meter)?);
    if let (Value::String(left), Value::String(right)) = (&left, &right) {
        return Ok(Some(left.cmp(right)));
    }
    Ok(to_number(&left, meter)?.partial_cmp(&to_number(&right, meter)?))
}

/// `<`
pub fn less(left: &Value, right: &Value, meter: &Meter) -> Outcome<bool> {
    Ok(compare(left, right, meter)? == Some(Ordering::Less))
}

/// `+`: joins when either side is text, else adds.
pub fn add(left: &Value, right: &Value, meter: &Meter) -> Outcome<Value> {
    if let (Value::Number(left), Value::Number(right)) = (left, right) {
        return Ok(Value::Number(left + right));
    }
    let (left, right) = (to_primitive(left, meter)?, to_primitive(right, meter)?);
    if matches!(left, Value::String(_)) || matches!(right, Value::String(_)) {
        let (left, right) = (to_text(&left, meter)?, to_text(&right, meter)?);
        meter.allocate(left.size() + right.size())?;
        return Ok(Value::String(left.concat(&right)));
    }
    Ok(Value::Number(to_number(&left, meter)? + to_number(&right, meter)?))
}

/// `~`
pub fn concat(left: &Value, right: &Value, meter: &Meter) -> Outcome<Value> {
    let (left, right) = (to_text(left, meter)?, to_text(right, meter)?);
    meter.allocate(left.size() + right.size())?;
    Ok(Value::String(left.concat(&right)))
}

/// `Math.pow`, where one to the infinite is not a number.
pub fn power(base: f64, exponent: f64) -> f64 {
    if exponent.is_nan() || (base.abs().partial_cmp(&1.0) == Some(Ordering::Equal) && exponent.is_infinite())
    {
        f64::NAN
    } else {
        base.powf(exponent)
    }
}
