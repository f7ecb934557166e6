//! Arithmetic and comparison as Python does them.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::ast::Operator;
use crate::jinja::percent;
use crate::jinja::value::{Heap, Key, Value};
use crate::jinja::web::escape;

fn unsupported(operator: Operator, left: &Value, right: &Value) -> Box<Fault> {
    let fault = Fault::value(format!(
        "unsupported operand type(s) for {}: '{}' and '{}'",
        operator.sign(),
        left.type_name(),
        right.type_name()
    ));
    let text_and_number = left.as_text().is_some() != right.as_text().is_some();
    if operator == Operator::Add && text_and_number {
        fault.hint("Use ~ to join text with other values.")
    } else {
        fault
    }
}

fn too_large() -> Box<Fault> {
    Fault::value("the result is too large a number")
}

/// `left operator right`
pub fn calculate(operator: Operator, left: &Value, right: &Value, heap: &Heap) -> Outcome<Value> {
    left.defined()?;
    right.defined()?;
    if let (Some(a), Some(b)) = (left.as_integer(), right.as_integer()) {
        return integers(operator, a, b);
    }
    if let (Some(a), Some(b)) = (left.as_float(), right.as_float()) {
        return floats(operator, a, b);
    }
    match (operator, left, right) {
        (Operator::Add, Value::Text(a), Value::Text(b)) => {
            heap.meter.allocate(a.len() + b.len())?;
            heap.text(format!("{a}{b}"))
        }
        (Operator::Add, Value::Safe(_), Value::Text(_) | Value::Safe(_))
        | (Operator::Add, Value::Text(_), Value::Safe(_)) => {
            let joined = format!("{}{}", escape(left, heap)?, escape(right, heap)?);
            heap.meter.allocate(joined.len())?;
            Ok(Value::Safe(joined.into()))
        }
        (Operator::Add, Value::List(a), Value::List(b)) => {
            heap.meter.allocate((a.borrow().len() + b.borrow().len()) * size_of::<Value>())?;
            let joined = a.borrow().iter().chain(b.borrow().iter()).cloned().collect();
            heap.list(joined)
        }
        (Operator::Add, Value::Tuple(a), Value::Tuple(b)) => {
            heap.meter.allocate((a.len() + b.len()) * size_of::<Value>())?;
            heap.tuple(a.iter().chain(b.iter()).cloned().collect())
        }
        (Operator::Multiply, sequence, count) if count.as_integer().is_some() => {
            repeat(sequence, count, heap)?.ok_or_else(|| unsupported(operator, left, right))
        }
        (Operator::Multiply, count, sequence) if count.as_integer().is_some() => {
            repeat(sequence, count, heap)?.ok_or_else(|| unsupported(operator, left, right))
        }
        (Operator::Remainder, Value::Text(format) | Value::Safe(format), arguments) => {
            heap.text(percent::format(format, arguments, heap)?)
        }
        (Operator::Subtract, Value::View(..), Value::View(..)) => {
            Err(unsupported(operator, left, right).hint("Use the filter reject."))
        }
        _ => Err(unsupported(operator, left, right)),
    }
}

fn repeat(sequence: &Value, count: &Value, heap: &Heap) -> Outcome<Option<Value>> {
    let count = usize::try_from(count.as_integer().unwrap_or(0).max(0)).unwrap_or(usize::MAX);
    let room =
        |length: usize, each: usize| heap.meter.allocate(length.saturating_mul(count).saturating_mul(each));
    let items = |items: &[Value]| -> Outcome<Vec<Value>> {
        room(items.len(), size_of::<Value>())?;
        Ok(std::iter::repeat_n(items, count).flatten().cloned().collect())
    };
    Ok(match sequence {
        Value::Text(text) | Value::Safe(text) => {
            room(text.len(), 1)?;
            Some(heap.text(text.repeat(count))?)
        }
        Value::List(list) => Some(heap.list(items(&list.borrow())?)?),
        Value::Tuple(tuple) => Some(heap.tuple(items(tuple)?)?),
        _ => None,
    })
}

/// Division that rounds towards minus infinity, and what is left.
fn divide_floor(a: i128, b: i128) -> Option<(i128, i128)> {
    let (quotient, remainder) = (a.checked_div(b)?, a.checked_rem(b)?);
    if remainder != 0 && (remainder < 0) != (b < 0) {
        Some((quotient - 1, remainder + b))
    } else {
        Some((quotient, remainder))
    }
}

fn division_by_zero() -> Box<Fault> {
    Fault::value("division by zero")
}

fn integers(operator: Operator, a: i128, b: i128) -> Outcome<Value> {
    let whole = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide | Operator::FloorDivide | Operator::Remainder if b == 0 => {
            return Err(division_by_zero());
        }
        Operator::Divide => return Ok(Value::Float(a as f64 / b as f64)),
        Operator::FloorDivide => divide_floor(a, b).map(|(quotient, _)| quotient),
        Operator::Remainder => divide_floor(a, b).map(|(_, remainder)| remainder),
        Operator::Power if b < 0 => return floats(operator, a as f64, b as f64),
        Operator::Power => match (a, u32::try_from(b)) {
            (0 | 1, _) => Some(if b == 0 { 1 } else { a }),
            (-1, _) => Some(if b % 2 == 0 { 1 } else { -1 }),
            (_, Ok(exponent)) => a.checked_pow(exponent),
            _ => None,
        },
    };
    whole.map(Value::Integer).ok_or_else(too_large)
}

fn floats(operator: Operator, a: f64, b: f64) -> Outcome<Value> {
    let divides = matches!(operator, Operator::Divide | Operator::FloorDivide | Operator::Remainder);
    if divides && b == 0.0 {
        return Err(division_by_zero());
    }
    let remainder = || {
        let rest = a % b;
        if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
    };
    Ok(Value::Float(match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::FloorDivide => ((a - remainder()) / b).round(),
        Operator::Remainder => remainder(),
        Operator::Power => {
            if a == 0.0 && b < 0.0 {
                return Err(Fault::value("0.0 cannot be raised to a negative power"));
            }
            let result = a.powf(b);
            if result.is_infinite() && a.is_finite() && b.is_finite() {
                return Err(too_large());
            }
            if result.is_nan() && !a.is_nan() && !b.is_nan() {
                return Err(Fault::value("the result is a complex number, which is not offered here"));
            }
            result
        }
    }))
}

/// `-value`
pub fn negate(value: &Value) -> Outcome<Value> {
    match (value.defined()?, value.as_integer()) {
        (_, Some(number)) => number.checked_neg().map(Value::Integer).ok_or_else(too_large),
        (Value::Float(number), _) => Ok(Value::Float(-number)),
        _ => Err(Fault::value(format!("bad operand type for unary -: '{}'", value.type_name()))),
    }
}

/// `+value`
pub fn positive(value: &Value) -> Outcome<Value> {
    match (value.defined()?, value.as_integer()) {
        (_, Some(number)) => Ok(Value::Integer(number)),
        (Value::Float(number), _) => Ok(Value::Float(*number)),
        _ => Err(Fault::value(format!("bad operand type for unary +: '{}'", value.type_name()))),
    }
}

/// `left == right`
#[expect(clippy::float_cmp, reason = "that is what the template asks")]
pub fn equals(left: &Value, right: &Value, heap: &Heap) -> Outcome<bool> {
    left.defined()?;
    right.defined()?;
    if let (Some(a), Some(b)) = (left.as_integer(), right.as_integer()) {
        return Ok(a == b);
    }
    if let (Some(a), Some(b)) = (left.as_float(), right.as_float()) {
        return Ok(a == b);
    }
    if let (Some(a), Some(b)) = (left.as_text(), right.as_text()) {
        heap.meter.spend(a.len() as u64 / 256)?;
        return Ok(a == b);
    }
    heap.meter.enter()?;
    let all = |a: &[Value], b: &[Value]| -> Outcome<bool> {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (a, b) in a.iter().zip(b) {
            if !equals(a, b, heap)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let answer = match (left, right) {
        (Value::None, Value::None) => true,
        (Value::List(a), Value::List(b)) => Rc::ptr_eq(a, b) || all(&a.borrow(), &b.borrow())?,
        (Value::Tuple(a), Value::Tuple(b)) => all(a, b)?,
        (Value::Map(a), Value::Map(b)) if Rc::ptr_eq(a, b) => true,
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            let mut same = a.len() == b.len();
            for (key, value) in a.iter() {
                same = same
                    && match b.get(key) {
                        Some(other) => equals(value, other, heap)?,
                        None => false,
                    };
                if !same {
                    break;
                }
            }
            same
        }
        (Value::Range(a), Value::Range(b)) => {
            a.len() == b.len() && (a.len() == 0 || (a.start == b.start && (a.len() == 1 || a.step == b.step)))
        }
        (Value::Stream(a), Value::Stream(b)) => Rc::ptr_eq(a, b),
        (Value::View(a, left), Value::View(b, right)) => a == b && Rc::ptr_eq(left, right),
        (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
        _ => false,
    };
    heap.meter.leave();
    Ok(answer)
}

/// The order of two values; `sign` is for the error where there is none. `None` with a NaN.
pub fn order(left: &Value, right: &Value, sign: &str, heap: &Heap) -> Outcome<Option<Ordering>> {
    left.defined()?;
    right.defined()?;
    if let (Some(a), Some(b)) = (left.as_integer(), right.as_integer()) {
        return Ok(Some(a.cmp(&b)));
    }
    if let (Some(a), Some(b)) = (left.as_float(), right.as_float()) {
        return Ok(a.partial_cmp(&b));
    }
    if let (Some(a), Some(b)) = (left.as_text(), right.as_text()) {
        heap.meter.spend(1)?;
        return Ok(Some(a.cmp(b)));
    }
    let all = |a: &[Value], b: &[Value]| -> Outcome<Option<Ordering>> {
        for (a, b) in a.iter().zip(b) {
            if !equals(a, b, heap)? {
                return order(a, b, sign, heap);
            }
        }
        Ok(Some(a.len().cmp(&b.len())))
    };
    heap.meter.enter()?;
    let answer = match (left, right) {
        (Value::List(a), Value::List(b)) => all(&a.borrow(), &b.borrow())?,
        (Value::Tuple(a), Value::Tuple(b)) => all(a, b)?,
        _ => {
            return Err(Fault::value(format!(
                "'{sign}' not supported between instances of '{}' and '{}'",
                left.type_name(),
                right.type_name()
            ))
            .hint("Make both of one type, with |int or |string."));
        }
    };
    heap.meter.leave();
    Ok(answer)
}

/// `item in container`
pub fn contains(container: &Value, item: &Value, heap: &Heap) -> Outcome<bool> {
    match container.defined()? {
        Value::Text(text) | Value::Safe(text) => {
            let part = item.defined()?.as_text().ok_or_else(|| {
                Fault::value(format!(
                    "'in <string>' requires string as left operand, not {}",
                    item.type_name()
                ))
                .hint("Write …|string in ….")
            })?;
            heap.meter.spend(text.len() as u64 / 64)?;
            Ok(text.contains(part))
        }
        Value::Map(map) | Value::View(crate::jinja::value::View::Keys, map) => {
            let key: Key = item.key(heap)?;
            Ok(map.borrow().contains_key(&key))
        }
        Value::None | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
            Err(Fault::value(format!("argument of type '{}' is not iterable", container.type_name())))
        }
        other => {
            for candidate in heap.items(other)? {
                if candidate.is_undefined() && item.is_undefined() {
                    continue;
                }
                if equals(&candidate, item, heap)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}
