//! Kubernetes quantities, such as `500m` and `1.5Gi`, exactly.

use std::cmp::Ordering;
use std::fmt;

use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload};
use super::value::Value;

/// The digits after the point that are kept; Kubernetes rounds to nano as well.
const SCALE: i128 = 1_000_000_000;

/// A quantity in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    nano: i128,
}

impl Quantity {
    /// Reads a quantity.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at_checked(end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || whole.len() > 28 {
            return None;
        }
        let (numerator, denominator) = factor(suffix)?;
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        // More digits than fit do not change a quantity of nano precision by more than its last digit.
        let kept: String = fraction.chars().take(9).collect();
        let parts: i128 = format!("{kept:0<9}").parse().ok()?;
        let nano = whole.checked_mul(SCALE)?.checked_add(parts)?.checked_mul(numerator)?;
        // What is smaller than a billionth is rounded up, away from zero.
        let rest = i128::from(nano % denominator != 0);
        let nano = nano / denominator + rest;
        Some(Self { nano: if negative { -nano } else { nano } })
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }

    fn whole(self) -> Option<i64> {
        if self.nano % SCALE == 0 { i64::try_from(self.nano / SCALE).ok() } else { None }
    }
}

fn factor(suffix: &str) -> Option<(i128, i128)> {
    let binary = |power: u32| Some((1_i128 << (10 * power), 1));
    match suffix {
        "n" => Some((1, SCALE)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1000)),
        "" => Some((1, 1)),
        "k" => Some((1000, 1)),
        "M" => Some((1_000_000, 1)),
        "G" => Some((1_000_000_000, 1)),
        "T" => Some((10_i128.pow(12), 1)),
        "P" => Some((10_i128.pow(15), 1)),
        "E" => Some((10_i128.pow(18), 1)),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            match exponent {
                0..=18 => Some((10_i128.pow(exponent.unsigned_abs()), 1)),
                -18..0 => Some((1, 10_i128.pow(exponent.unsigned_abs()))),
                _ => None,
            }
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole() {
            Some(whole) => write!(formatter, "{whole}"),
            None if self.nano % (SCALE / 1000) == 0 => write!(formatter, "{}m", self.nano / (SCALE / 1000)),
            None => write!(formatter, "{}n", self.nano),
        }
    }
}

/// `quantity(text)`.
pub(crate) fn quantity<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Quantity::read(text).map(Value::Quantity).ok_or_else(|| {
            error(format!("\"{}\" is not a quantity such as 500m or 1Gi", super::convert::short(text)))
        }),
        [Value::Quantity(quantity)] => Ok(Value::Quantity(*quantity)),
        _ => Err(no_overload("quantity", arguments)),
    }
}

/// `isQuantity(text)`.
pub(crate) fn is_quantity<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Ok(Value::Bool(Quantity::read(text).is_some())),
        _ => Err(no_overload("isQuantity", arguments)),
    }
}

/// `quantity.sign()`.
pub(crate) fn sign<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Quantity(quantity)] => {
            Ok(Value::Int(i64::try_from(quantity.nano.signum()).unwrap_or_default()))
        }
        _ => Err(no_overload("sign", arguments)),
    }
}

/// `quantity.isInteger()`.
pub(crate) fn is_integer<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Quantity(quantity)] => Ok(Value::Bool(quantity.whole().is_some())),
        _ => Err(no_overload("isInteger", arguments)),
    }
}

/// `quantity.asInteger()`.
pub(crate) fn as_integer<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Quantity(quantity)] => {
            quantity.whole().map(Value::Int).ok_or_else(|| error("cannot convert value to integer"))
        }
        _ => Err(no_overload("asInteger", arguments)),
    }
}

/// `quantity.asApproximateFloat()`.
#[allow(clippy::cast_precision_loss, reason = "the function says that it is approximate")]
pub(crate) fn as_float<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Quantity(quantity)] => Ok(Value::Double(quantity.nano as f64 / SCALE as f64)),
        _ => Err(no_overload("asApproximateFloat", arguments)),
    }
}

fn other(value: &Value<'_>) -> Option<Quantity> {
    match value {
        Value::Quantity(quantity) => Some(*quantity),
        Value::Int(number) => Some(Quantity { nano: i128::from(*number) * SCALE }),
        _ => None,
    }
}

fn changed<'d>(
    name: &str,
    arguments: &[Value<'d>],
    change: fn(i128, i128) -> Option<i128>,
) -> Result<Value<'d>, Fault> {
    let [Value::Quantity(quantity), second] = arguments else { return Err(no_overload(name, arguments)) };
    let second = other(second).ok_or_else(|| no_overload(name, arguments))?;
    let nano = change(quantity.nano, second.nano).ok_or_else(|| error("quantity overflow"))?;
    Ok(Value::Quantity(Quantity { nano }))
}

/// `quantity.add(other)`.
pub(crate) fn add<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    changed("add", arguments, i128::checked_add)
}

/// `quantity.sub(other)`.
pub(crate) fn sub<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    changed("sub", arguments, i128::checked_sub)
}

/// The order of two quantities or two versions.
fn compared(name: &str, arguments: &[Value<'_>]) -> Result<Ordering, Fault> {
    match arguments {
        [Value::Quantity(left), Value::Quantity(right)] => Ok(left.compare(right)),
        [Value::Release(left), Value::Release(right)] => Ok(left.compare(right)),
        _ => Err(no_overload(name, arguments)),
    }
}

/// `isGreaterThan(other)` of quantities and versions.
pub(crate) fn is_greater<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    compared("isGreaterThan", arguments).map(|ordering| Value::Bool(ordering.is_gt()))
}

/// `isLessThan(other)` of quantities and versions.
pub(crate) fn is_less<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    compared("isLessThan", arguments).map(|ordering| Value::Bool(ordering.is_lt()))
}

/// `compareTo(other)` of quantities and versions: -1, 0 or 1.
pub(crate) fn compare_to<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    compared("compareTo", arguments).map(|ordering| Value::Int(ordering as i64))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Quantity;

    #[test]
    fn the_same_amount_in_different_words() {
        for (left, right) in [
            ("1000m", "1"),
            ("1Ki", "1024"),
            ("1.5Gi", "1536Mi"),
            ("1e3", "1k"),
            ("0.5", "500m"),
            (".5", "5e-1"),
        ] {
            assert_eq!(Quantity::read(left).unwrap(), Quantity::read(right).unwrap(), "{left} {right}");
        }
        for wrong in ["", "Gi", "1gi", "1.2.3", "--1", "1e99", "1 Gi"] {
            assert_eq!(Quantity::read(wrong), None, "{wrong}");
        }
    }
}
