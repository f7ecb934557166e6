//! Size, optionals and sets.
#![allow(clippy::unnecessary_wraps, reason = "every function of the language has the same signature")]

use std::rc::Rc;

use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload};
use super::operators::{equal, is_zero};
use super::value::{List, Value};

/// `size(value)` and `value.size()`.
pub(crate) fn size<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => {
            evaluator.charge_text(text.len())?;
            Ok(Value::size(text.chars().count()))
        }
        [Value::Bytes(bytes)] => Ok(Value::size(bytes.len())),
        [Value::List(list)] => Ok(Value::size(list.len())),
        [Value::Map(map)] => Ok(Value::size(map.len())),
        _ => Err(no_overload("size", arguments)),
    }
}

/// `optional.of(value)`.
pub(crate) fn optional_of<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    Ok(Value::Optional(arguments.first().cloned().map(Rc::new)))
}

/// `optional.none()`.
pub(crate) fn optional_none<'d>(_: &mut Evaluator<'d>, _: &[Value<'d>]) -> Outcome<'d> {
    Ok(Value::Optional(None))
}

/// `optional.ofNonZeroValue(value)`.
pub(crate) fn optional_of_non_zero<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    Ok(Value::Optional(arguments.first().filter(|value| !is_zero(value)).cloned().map(Rc::new)))
}

/// `optional.hasValue()`.
pub(crate) fn has_value<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Optional(value)] => Ok(Value::Bool(value.is_some())),
        _ => Err(no_overload("hasValue", arguments)),
    }
}

/// `optional.value()`.
pub(crate) fn value<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Optional(Some(value))] => Ok((**value).clone()),
        [Value::Optional(None)] => Err(error("optional.none() dereference")),
        _ => Err(no_overload("value", arguments)),
    }
}

/// `optional.orValue(other)`. What is no optional stays what it is, as in Kubernetes.
pub(crate) fn or_value<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Optional(Some(value)), _] => Ok((**value).clone()),
        [Value::Optional(None), other] => Ok(other.clone()),
        [value, _] => Ok(value.clone()),
        _ => Err(no_overload("orValue", arguments)),
    }
}

/// `optional.or(other)`.
pub(crate) fn or<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Optional(None), other @ Value::Optional(_)] => Ok(other.clone()),
        [value @ Value::Optional(_), Value::Optional(_)] => Ok(value.clone()),
        _ => Err(no_overload("or", arguments)),
    }
}

fn holds<'d>(evaluator: &mut Evaluator<'d>, list: &List<'d>, wanted: &Value<'d>) -> Result<bool, Fault> {
    for item in list.iter() {
        if equal(evaluator, &item, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_all<'d>(evaluator: &mut Evaluator<'d>, list: &List<'d>, wanted: &List<'d>) -> Result<bool, Fault> {
    for item in wanted.iter() {
        if !holds(evaluator, list, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `sets.contains(list, part)`.
pub(crate) fn set_contains<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::List(list), Value::List(part)] => holds_all(evaluator, list, part).map(Value::Bool),
        _ => Err(no_overload("sets.contains", arguments)),
    }
}

/// `sets.equivalent(left, right)`.
pub(crate) fn set_equivalent<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::List(left), Value::List(right)] => {
            let same = holds_all(evaluator, left, right)? && holds_all(evaluator, right, left)?;
            Ok(Value::Bool(same))
        }
        _ => Err(no_overload("sets.equivalent", arguments)),
    }
}

/// `sets.intersects(left, right)`.
pub(crate) fn set_intersects<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::List(left), Value::List(right)] = arguments else {
        return Err(no_overload("sets.intersects", arguments));
    };
    for item in right.iter() {
        if holds(evaluator, left, &item)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}
