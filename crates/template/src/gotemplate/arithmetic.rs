//! Numbers: whole ones, floats and the decimal arithmetic of floats.

use super::builtins::arg;
use super::number::{parse_float, parse_int};
use super::registry::Kind::{Any, Float, Int};
use super::registry::{Function, Kind, function};
use super::runtime::Runtime;
use super::value::Value;
use crate::error::{Fault, Outcome};

const MORE: Option<Kind> = Some(Any);

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("add", &[], MORE, |_, v| whole(v, 0, i64::wrapping_add), "The sum of whole numbers", "{{ add 1 2 3 }}", "6"),
    function("add1", &[Any], None, |_, v| whole(v, 1, i64::wrapping_add), "One more", "{{ add1 1 }}", "2"),
    function("sub", &[Any, Any], None, |_, v| Ok(Value::Int64(int(v, 0).wrapping_sub(int(v, 1)))), "The difference of two whole numbers", "{{ sub 5 2 }}", "3"),
    function("mul", &[Any], MORE, |_, v| whole(v, 1, i64::wrapping_mul), "The product of whole numbers", "{{ mul 2 3 }}", "6"),
    function("div", &[Any, Any], None, |_, v| divide(v, i64::wrapping_div), "The quotient of two whole numbers, without the rest", "{{ div 7 2 }}", "3"),
    function("mod", &[Any, Any], None, |_, v| divide(v, i64::wrapping_rem), "The rest of a division", "{{ mod 7 2 }}", "1"),
    function("max", &[Any], MORE, |_, v| Ok(Value::Int64(v.iter().map(to_int).max().unwrap_or(0))), "The greatest whole number", "{{ max 1 5 2 }}", "5"),
    function("biggest", &[Any], MORE, |_, v| Ok(Value::Int64(v.iter().map(to_int).max().unwrap_or(0))), "The same as max", "{{ biggest 1 5 2 }}", "5"),
    function("min", &[Any], MORE, |_, v| Ok(Value::Int64(v.iter().map(to_int).min().unwrap_or(0))), "The least whole number", "{{ min 1 5 2 }}", "1"),
    function("addf", &[], MORE, |_, v| decimal(Some(0.0), v, '+'), "The sum of floats, without the error of binary fractions", "{{ addf 0.1 0.2 }}", "0.3"),
    function("add1f", &[Any], None, |_, v| decimal(Some(1.0), v, '+'), "One more", "{{ add1f 1.5 }}", "2.5"),
    function("subf", &[Any], MORE, |_, v| decimal(None, v, '-'), "The first float less the others", "{{ subf 7.5 2 3 }}", "2.5"),
    function("mulf", &[Any], MORE, |_, v| decimal(None, v, '*'), "The product of floats", "{{ mulf 1.5 2 }}", "3"),
    function("divf", &[Any], MORE, |_, v| decimal(None, v, '/'), "The first float divided by the others, to 16 decimals", "{{ divf 7 2 }}", "3.5"),
    function("maxf", &[Any], MORE, |_, v| Ok(Value::Float(fold(v, greater))), "The greatest float", "{{ maxf 1.5 2 }}", "2"),
    function("minf", &[Any], MORE, |_, v| Ok(Value::Float(fold(v, |a, b| -greater(-a, -b)))), "The least float", "{{ minf 1.5 2 }}", "1.5"),
    function("floor", &[Any], None, |_, v| Ok(Value::Float(to_float(arg(v, 0)).floor())), "The next whole number below", "{{ floor 2.7 }}", "2"),
    function("ceil", &[Any], None, |_, v| Ok(Value::Float(to_float(arg(v, 0)).ceil())), "The next whole number above", "{{ ceil 2.1 }}", "3"),
    function("round", &[Any, Int], Some(Float), round, "Rounded to so many decimals", "{{ round 3.14159 2 }}", "3.14"),
];

/// A value as a whole number; 0 where it is none. A text may be written in another base: `0x1F`, `010`.
pub fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint64(number) => *number as i64,
        Value::Byte(number) => i64::from(*number),
        Value::Float(number) if number.abs() < 9.223_372_036_854_775e18 => *number as i64,
        Value::Float(_) => i64::MIN,
        Value::Bool(flag) => i64::from(*flag),
        Value::Text(text) => {
            let whole = match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
                _ => text,
            };
            parse_int(whole, 0).unwrap_or(0)
        }
        Value::Month(month) => i64::from(month.0),
        Value::Weekday(day) => i64::from(day.0),
        _ => 0,
    }
}

/// A value as a float; 0 where it is none.
pub fn to_float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Text(text) => parse_float(text).unwrap_or(0.0),
        Value::Uint64(number) => *number as f64,
        other => to_int(other) as f64,
    }
}

fn int(values: &[Value], index: usize) -> i64 {
    to_int(arg(values, index))
}

/// Folds whole numbers. `add1` and `mul` start from 1, sums from 0.
fn whole(values: &[Value], start: i64, operation: fn(i64, i64) -> i64) -> Outcome<Value> {
    Ok(Value::Int64(values.iter().fold(start, |sum, value| operation(sum, to_int(value)))))
}

fn divide(values: &[Value], operation: fn(i64, i64) -> i64) -> Outcome<Value> {
    match int(values, 1) {
        0 => Err(Fault::value("runtime error: integer divide by zero")),
        divisor => Ok(Value::Int64(operation(int(values, 0), divisor))),
    }
}

fn fold(values: &[Value], choose: fn(f64, f64) -> f64) -> f64 {
    values.iter().map(to_float).reduce(choose).unwrap_or(0.0)
}

/// The greater of two numbers; not a number wins.
fn greater(left: f64, right: f64) -> f64 {
    if left.is_nan() || right.is_nan() { f64::NAN } else { left.max(right) }
}

/// Rounds as sprig does: only a fraction of at least one half, or what `on` says, goes up, also below zero.
fn round(_: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let on = match values.get(2) {
        Some(Value::Float(on)) => *on,
        _ => 0.5,
    };
    let power = 10_f64.powf(int(values, 1) as f64);
    let shifted = power * to_float(arg(values, 0));
    let rounded = if shifted.fract() >= on { shifted.ceil() } else { shifted.floor() };
    Ok(Value::Float(rounded / power))
}

/// A decimal number: `mantissa × 10^exponent`.
#[derive(Clone, Copy)]
struct Decimal {
    mantissa: i128,
    exponent: i32,
}

/// Decimals that a division keeps.
const DIVISION_DIGITS: i32 = 16;

impl Decimal {
    fn of(float: f64) -> Option<Self> {
        let text = format!("{float:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let decimals = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        Some(Self {
            mantissa: mantissa.replace('.', "").parse().ok()?,
            exponent: exponent.parse::<i32>().ok()? - i32::try_from(decimals).ok()?,
        })
    }

    fn scaled(self, exponent: i32) -> Option<i128> {
        let power = u32::try_from(self.exponent - exponent).ok()?;
        self.mantissa.checked_mul(10_i128.checked_pow(power)?)
    }

    fn operate(self, other: Self, operator: char) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        Some(match operator {
            '+' => Self { mantissa: self.scaled(exponent)?.checked_add(other.scaled(exponent)?)?, exponent },
            '-' => Self { mantissa: self.scaled(exponent)?.checked_sub(other.scaled(exponent)?)?, exponent },
            '*' => Self {
                mantissa: self.mantissa.checked_mul(other.mantissa)?,
                exponent: self.exponent + other.exponent,
            },
            _ => {
                let shift = self.exponent - other.exponent + DIVISION_DIGITS;
                let power = 10_i128.checked_pow(shift.unsigned_abs())?;
                let (dividend, divisor) = if shift >= 0 {
                    (self.mantissa.checked_mul(power)?, other.mantissa)
                } else {
                    (self.mantissa, other.mantissa.checked_mul(power)?)
                };
                let rest = dividend.checked_rem(divisor)?;
                let away = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
                let half = rest.unsigned_abs().checked_mul(2)? >= divisor.unsigned_abs();
                let quotient = dividend / divisor + if half { away } else { 0 };
                Self { mantissa: quotient, exponent: -DIVISION_DIGITS }
            }
        })
    }

    fn float(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN)
    }
}

/// Folds floats as decimal numbers; what has too many digits for that is computed as floats.
fn decimal(start: Option<f64>, values: &[Value], operator: char) -> Outcome<Value> {
    let floats: Vec<f64> = start.into_iter().chain(values.iter().map(to_float)).collect();
    if let Some(odd) = floats.iter().find(|float| !float.is_finite()) {
        return Err(Fault::value(format!("Cannot create a Decimal from {odd}")));
    }
    let Some((first, others)) = floats.split_first() else { return Ok(Value::Float(0.0)) };
    if operator == '/' && others.contains(&0.0) {
        return Err(Fault::value("decimal division by 0"));
    }
    let exact = || {
        others.iter().try_fold(Decimal::of(*first)?, |sum, other| sum.operate(Decimal::of(*other)?, operator))
    };
    Ok(Value::Float(exact().map_or_else(
        || {
            others.iter().fold(*first, |sum, other| match operator {
                '+' => sum + other,
                '-' => sum - other,
                '*' => sum * other,
                _ => sum / other,
            })
        },
        Decimal::float,
    )))
}
