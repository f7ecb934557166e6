//! Comparison and arithmetic.

use std::cmp::Ordering;
use std::sync::Arc;

use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload};
use super::syntax::Operator;
use super::value::{List, Map, Text, Value};

/// The longest text that an expression may make, in bytes.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// Applies an operator to two values.
pub(crate) fn binary<'d>(
    evaluator: &mut Evaluator<'d>,
    operator: Operator,
    left: Value<'d>,
    right: Value<'d>,
) -> Outcome<'d> {
    match operator {
        Operator::Equal => equal(evaluator, &left, &right).map(Value::Bool),
        Operator::NotEqual => equal(evaluator, &left, &right).map(|same| Value::Bool(!same)),
        Operator::In => contains(evaluator, left, &right),
        Operator::Less => ordered(evaluator, "<", left, right, Ordering::is_lt),
        Operator::LessOrEqual => ordered(evaluator, "<=", left, right, Ordering::is_le),
        Operator::Greater => ordered(evaluator, ">", left, right, Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(evaluator, ">=", left, right, Ordering::is_ge),
        Operator::Add => add(evaluator, left, right),
        Operator::Subtract => subtract(left, right),
        Operator::Multiply => multiply(left, right),
        Operator::Divide | Operator::Modulo => divide(operator, left, right),
    }
}

/// Whether two values are the same. Numbers of different types are compared by what they stand for; values of
/// other types are different.
pub(crate) fn equal<'d>(
    evaluator: &mut Evaluator<'d>,
    left: &Value<'d>,
    right: &Value<'d>,
) -> Result<bool, Fault> {
    evaluator.charge(1)?;
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => {
            evaluator.charge_text(left.len().min(right.len()))?;
            left == right
        }
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::Type(left), Value::Type(right)) => left == right,
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
        (Value::Quantity(left), Value::Quantity(right)) => left.compare(right).is_eq(),
        (Value::Release(left), Value::Release(right)) => left.compare(right).is_eq(),
        (Value::Ip(left), Value::Ip(right)) => left == right,
        (Value::Cidr(left), Value::Cidr(right)) => left == right,
        (Value::Url(left), Value::Url(right)) => left == right,
        (Value::Null, Value::Null) | (Value::Optional(None), Value::Optional(None)) => true,
        (Value::Optional(Some(left)), Value::Optional(Some(right))) => equal(evaluator, left, right)?,
        (Value::List(left), Value::List(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !equal(evaluator, &left, &right)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (key, value) in left.entries() {
                match right.get(&key) {
                    Some(other) if equal(evaluator, &value, &other)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        _ => numbers(left, right) == Some(Ordering::Equal),
    })
}

/// The order of two numbers; `None` for what is not a number.
fn numbers(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    let whole = |value: &Value<'_>| match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::Uint(number) => Some(i128::from(*number)),
        _ => None,
    };
    if let (Some(left), Some(right)) = (whole(left), whole(right)) {
        return Some(left.cmp(&right));
    }
    #[allow(clippy::cast_precision_loss, reason = "doubles are compared with the precision that they have")]
    let double = |value: &Value<'_>| match value {
        Value::Double(number) => Some(*number),
        other => whole(other).map(|number| number as f64),
    };
    double(left)?.partial_cmp(&double(right)?)
}

/// The order of two values that have one.
pub(crate) fn order<'d>(
    evaluator: &mut Evaluator<'d>,
    left: &Value<'d>,
    right: &Value<'d>,
) -> Result<Option<Ordering>, Fault> {
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::String(left), Value::String(right)) => {
            evaluator.charge_text(left.len().min(right.len()))?;
            Some(left.cmp(right))
        }
        (Value::Bytes(left), Value::Bytes(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(left.cmp(right)),
        _ => numbers(left, right),
    })
}

fn ordered<'d>(
    evaluator: &mut Evaluator<'d>,
    sign: &str,
    left: Value<'d>,
    right: Value<'d>,
    holds: fn(Ordering) -> bool,
) -> Outcome<'d> {
    match order(evaluator, &left, &right)? {
        Some(ordering) => Ok(Value::Bool(holds(ordering))),
        None if matches!((&left, &right), (Value::Double(_), _) | (_, Value::Double(_)))
            && double_like(&left)
            && double_like(&right) =>
        {
            Ok(Value::Bool(false))
        }
        None => Err(no_overload(sign, &[left, right])),
    }
}

fn double_like(value: &Value<'_>) -> bool {
    matches!(value, Value::Double(_) | Value::Int(_) | Value::Uint(_))
}

/// Sorts values by their keys, which all have to be of one type.
pub(crate) fn sort<'d>(
    evaluator: &mut Evaluator<'d>,
    keyed: Vec<(Value<'d>, Value<'d>)>,
) -> Result<Vec<Value<'d>>, Fault> {
    let count = keyed.len();
    evaluator.charge(count * (usize::BITS - count.leading_zeros()) as usize)?;
    let mut fault = None;
    let mut keyed = keyed;
    if let [(only, _)] = keyed.as_slice() {
        order(evaluator, only, only)?.ok_or_else(|| no_overload("sort", std::slice::from_ref(only)))?;
    }
    keyed.sort_by(|(left, _), (right, _)| {
        if fault.is_some() {
            return Ordering::Equal;
        }
        match order(evaluator, left, right) {
            Ok(Some(ordering)) => ordering,
            Ok(None) => {
                fault = Some(no_overload("sort", &[left.clone(), right.clone()]));
                Ordering::Equal
            }
            Err(other) => {
                fault = Some(other);
                Ordering::Equal
            }
        }
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok(keyed.into_iter().map(|(_, value)| value).collect()),
    }
}

fn contains<'d>(evaluator: &mut Evaluator<'d>, wanted: Value<'d>, range: &Value<'d>) -> Outcome<'d> {
    match range {
        Value::List(list) => {
            for item in list.iter() {
                if equal(evaluator, &wanted, &item)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        Value::Map(map) => Ok(Value::Bool(wanted.key().is_some_and(|key| map.get(&key).is_some()))),
        other => Err(no_overload("in", &[wanted, other.clone()])),
    }
}

fn overflow() -> Fault {
    error("integer overflow")
}

fn add<'d>(evaluator: &mut Evaluator<'d>, left: Value<'d>, right: Value<'d>) -> Outcome<'d> {
    match (&left, &right) {
        (Value::Int(left), Value::Int(right)) => {
            left.checked_add(*right).map(Value::Int).ok_or_else(overflow)
        }
        (Value::Uint(left), Value::Uint(right)) => {
            left.checked_add(*right).map(Value::Uint).ok_or_else(overflow)
        }
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left + right)),
        (Value::String(left), Value::String(right)) => concatenate(evaluator, left, right),
        (Value::Bytes(left), Value::Bytes(right)) => {
            evaluator.charge_text(left.len() + right.len())?;
            if left.len() + right.len() > MAX_TEXT {
                return Err(error(format!("a text grows longer than {MAX_TEXT} bytes")));
            }
            Ok(Value::Bytes(Arc::from([&**left, &**right].concat())))
        }
        (Value::List(left), Value::List(right)) => {
            if right.len() == 0 {
                return Ok(Value::List(left.clone()));
            }
            if left.len() == 0 {
                return Ok(Value::List(right.clone()));
            }
            evaluator.charge(left.len() + right.len())?;
            Ok(Value::list(left.iter().chain(right.iter()).collect()))
        }
        (Value::Duration(left), Value::Duration(right)) => {
            left.checked_add(*right).map(Value::Duration).ok_or_else(overflow)
        }
        (Value::Timestamp(time), Value::Duration(length))
        | (Value::Duration(length), Value::Timestamp(time)) => {
            time.plus(*length).map(Value::Timestamp).ok_or_else(overflow)
        }
        _ => Err(no_overload("+", &[left, right])),
    }
}

fn concatenate<'d>(evaluator: &mut Evaluator<'d>, left: &Text<'d>, right: &Text<'d>) -> Outcome<'d> {
    let length = left.len() + right.len();
    evaluator.charge_text(length)?;
    if length > MAX_TEXT {
        return Err(error(format!("a text grows longer than {MAX_TEXT} bytes")));
    }
    let mut text = String::with_capacity(length);
    text.push_str(left);
    text.push_str(right);
    Ok(Value::text(text))
}

fn subtract<'d>(left: Value<'d>, right: Value<'d>) -> Outcome<'d> {
    match (&left, &right) {
        (Value::Int(left), Value::Int(right)) => {
            left.checked_sub(*right).map(Value::Int).ok_or_else(overflow)
        }
        (Value::Uint(left), Value::Uint(right)) => {
            left.checked_sub(*right).map(Value::Uint).ok_or_else(overflow)
        }
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left - right)),
        (Value::Duration(left), Value::Duration(right)) => {
            left.checked_sub(*right).map(Value::Duration).ok_or_else(overflow)
        }
        (Value::Timestamp(time), Value::Duration(length)) => length
            .checked_neg()
            .and_then(|length| time.plus(length))
            .map(Value::Timestamp)
            .ok_or_else(overflow),
        (Value::Timestamp(left), Value::Timestamp(right)) => {
            left.since(right).map(Value::Duration).ok_or_else(overflow)
        }
        _ => Err(no_overload("-", &[left, right])),
    }
}

fn multiply<'d>(left: Value<'d>, right: Value<'d>) -> Outcome<'d> {
    match (&left, &right) {
        (Value::Int(left), Value::Int(right)) => {
            left.checked_mul(*right).map(Value::Int).ok_or_else(overflow)
        }
        (Value::Uint(left), Value::Uint(right)) => {
            left.checked_mul(*right).map(Value::Uint).ok_or_else(overflow)
        }
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left * right)),
        _ => Err(no_overload("*", &[left, right])),
    }
}

fn divide<'d>(operator: Operator, left: Value<'d>, right: Value<'d>) -> Outcome<'d> {
    let division = operator == Operator::Divide;
    let by_zero = || error(if division { "division by zero" } else { "modulus by zero" });
    match (&left, &right) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => Err(by_zero()),
        (Value::Int(left), Value::Int(right)) => {
            let result = if division { left.checked_div(*right) } else { left.checked_rem(*right) };
            result.map(Value::Int).ok_or_else(overflow)
        }
        (Value::Uint(left), Value::Uint(right)) => {
            let result = if division { left.checked_div(*right) } else { left.checked_rem(*right) };
            result.map(Value::Uint).ok_or_else(overflow)
        }
        (Value::Double(left), Value::Double(right)) if division => Ok(Value::Double(left / right)),
        _ => Err(no_overload(if division { "/" } else { "%" }, &[left, right])),
    }
}

/// `-value`.
pub(crate) fn negate(value: Value<'_>) -> Outcome<'_> {
    match value {
        Value::Int(number) => number.checked_neg().map(Value::Int).ok_or_else(overflow),
        Value::Double(number) => Ok(Value::Double(-number)),
        Value::Duration(length) => length.checked_neg().map(Value::Duration).ok_or_else(overflow),
        other => Err(no_overload("-", &[other])),
    }
}

/// Whether a value is the empty one of its type, as optionals see it.
pub(crate) fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Optional(None) => true,
        Value::Bool(bool) => !bool,
        Value::Int(number) | Value::Duration(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(List::Json(items)) => items.is_empty(),
        Value::List(List::Owned(items)) => items.is_empty(),
        Value::Map(Map::Json(members)) => members.is_empty(),
        Value::Map(Map::Owned(members)) => members.is_empty(),
        _ => false,
    }
}
