//! `math.*`.

use std::cmp::Ordering;

use super::evaluate::Evaluator;
use super::fault::{Outcome, error, no_overload};
use super::operators::order;
use super::value::Value;

/// `math.greatest(…)` of numbers or of a list.
pub(crate) fn greatest<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    extreme(evaluator, "math.greatest", arguments, Ordering::Greater)
}

/// `math.least(…)` of numbers or of a list.
pub(crate) fn least<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    extreme(evaluator, "math.least", arguments, Ordering::Less)
}

fn extreme<'d>(
    evaluator: &mut Evaluator<'d>,
    name: &str,
    arguments: &[Value<'d>],
    wanted: Ordering,
) -> Outcome<'d> {
    let numbers: Vec<Value<'d>> = match arguments {
        [Value::List(list)] => list.iter().collect(),
        numbers => numbers.to_vec(),
    };
    evaluator.charge(numbers.len())?;
    let mut best: Option<Value<'d>> = None;
    for number in numbers {
        if !matches!(number, Value::Int(_) | Value::Uint(_) | Value::Double(_)) {
            return Err(no_overload(name, &[number]));
        }
        best = Some(match best {
            Some(best) if order(evaluator, &number, &best)? != Some(wanted) => best,
            _ => number,
        });
    }
    best.ok_or_else(|| error(format!("{name} has nothing to choose from")))
}

macro_rules! rounding {
    ($name:ident, $word:literal, $documentation:literal, $function:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let [Value::Double(number)] = arguments else { return Err(no_overload($word, arguments)) };
            let change: fn(f64) -> f64 = $function;
            Ok(Value::Double(change(*number)))
        }
    };
}

rounding!(ceil, "math.ceil", "`math.ceil(double)`", f64::ceil);
rounding!(floor, "math.floor", "`math.floor(double)`", f64::floor);
rounding!(round, "math.round", "`math.round(double)`, halves away from zero", f64::round);
rounding!(trunc, "math.trunc", "`math.trunc(double)`", f64::trunc);

macro_rules! asking {
    ($name:ident, $word:literal, $documentation:literal, $function:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let [Value::Double(number)] = arguments else { return Err(no_overload($word, arguments)) };
            let holds: fn(f64) -> bool = $function;
            Ok(Value::Bool(holds(*number)))
        }
    };
}

asking!(is_nan, "math.isNaN", "`math.isNaN(double)`", f64::is_nan);
asking!(is_inf, "math.isInf", "`math.isInf(double)`", f64::is_infinite);
asking!(is_finite, "math.isFinite", "`math.isFinite(double)`", f64::is_finite);

/// `math.abs(number)`.
pub(crate) fn abs<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Int(number)] => number.checked_abs().map(Value::Int).ok_or_else(|| error("integer overflow")),
        [Value::Uint(number)] => Ok(Value::Uint(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.abs())),
        _ => Err(no_overload("math.abs", arguments)),
    }
}

/// `math.sign(number)`.
pub(crate) fn sign<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Int(number)] => Ok(Value::Int(number.signum())),
        [Value::Uint(number)] => Ok(Value::Uint((*number).min(1))),
        [Value::Double(number)] if *number == 0.0 || number.is_nan() => Ok(Value::Double(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.signum())),
        _ => Err(no_overload("math.sign", arguments)),
    }
}

/// `math.sqrt(number)`.
#[allow(clippy::cast_precision_loss, reason = "a root is a double")]
pub(crate) fn sqrt<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Int(number)] => Ok(Value::Double((*number as f64).sqrt())),
        [Value::Uint(number)] => Ok(Value::Double((*number as f64).sqrt())),
        [Value::Double(number)] => Ok(Value::Double(number.sqrt())),
        _ => Err(no_overload("math.sqrt", arguments)),
    }
}

macro_rules! bits {
    ($name:ident, $word:literal, $documentation:literal, $operator:tt) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            match arguments {
                [Value::Int(left), Value::Int(right)] => Ok(Value::Int(left $operator right)),
                [Value::Uint(left), Value::Uint(right)] => Ok(Value::Uint(left $operator right)),
                _ => Err(no_overload($word, arguments)),
            }
        }
    };
}

bits!(bit_and, "math.bitAnd", "`math.bitAnd(left, right)`", &);
bits!(bit_or, "math.bitOr", "`math.bitOr(left, right)`", |);
bits!(bit_xor, "math.bitXor", "`math.bitXor(left, right)`", ^);

/// `math.bitNot(number)`.
pub(crate) fn bit_not<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Int(number)] => Ok(Value::Int(!number)),
        [Value::Uint(number)] => Ok(Value::Uint(!number)),
        _ => Err(no_overload("math.bitNot", arguments)),
    }
}

/// `math.bitShiftLeft(number, count)`.
pub(crate) fn shift_left<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    shift("math.bitShiftLeft", arguments, |number, count| number.checked_shl(count).unwrap_or(0))
}

/// `math.bitShiftRight(number, count)`; the sign is not kept.
pub(crate) fn shift_right<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    shift("math.bitShiftRight", arguments, |number, count| number.checked_shr(count).unwrap_or(0))
}

fn shift<'d>(name: &str, arguments: &[Value<'d>], shifted: fn(u64, u32) -> u64) -> Outcome<'d> {
    let [number, Value::Int(count)] = arguments else { return Err(no_overload(name, arguments)) };
    if *count < 0 {
        return Err(error(format!("{name}: a negative count")));
    }
    let count = u32::try_from(*count).unwrap_or(u32::MAX);
    match number {
        Value::Int(number) => Ok(Value::Int(shifted(number.cast_unsigned(), count).cast_signed())),
        Value::Uint(number) => Ok(Value::Uint(shifted(*number, count))),
        _ => Err(no_overload(name, arguments)),
    }
}
