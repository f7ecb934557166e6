//! Filters of numbers.

use crate::error::{Fault, Outcome};
use crate::jinja::call::{Arguments, flag, integer, text};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::value::Value;

type Answer = Outcome<Value>;

pub fn abs(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("abs", [])?;
    match (value.defined()?.as_integer(), &value) {
        (Some(number), _) => number
            .checked_abs()
            .map(Value::Integer)
            .ok_or_else(|| Fault::value("the result is too large a number")),
        (None, Value::Float(number)) => Ok(Value::Float(number.abs())),
        _ => Err(Fault::value(format!("bad operand type for abs(): '{}'", value.type_name()))),
    }
}

/// Digits with single underscores between them, as Python reads them.
fn without_underscores(text: &str) -> Option<String> {
    let text = text.trim();
    let wrong = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!wrong).then(|| text.replace('_', ""))
}

fn parse_integer(text: &str, base: u32) -> Option<i128> {
    let text = without_underscores(text)?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find(|(prefix, radix)| lower.starts_with(prefix) && (base == *radix || base == 0));
    let (digits, base) = match prefixed {
        Some((prefix, radix)) => (lower.strip_prefix(prefix)?, radix),
        None => (&*lower, if base == 0 { 10 } else { base }),
    };
    if !(2..=36).contains(&base) || digits.starts_with(['+', '-']) {
        return None;
    }
    let number = i128::from_str_radix(digits, base).ok()?;
    Some(if negative { -number } else { number })
}

/// A text as Python's `float` reads it.
pub fn parse_float(text: &str) -> Option<f64> {
    let text = without_underscores(text)?;
    let lower = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let named = matches!(&*lower, "inf" | "infinity" | "nan");
    if !named && lower.chars().any(|c| !c.is_ascii_digit() && !".e+-".contains(c)) {
        return None;
    }
    text.parse().ok()
}

fn whole(number: f64) -> Option<Value> {
    (number.is_finite() && number.abs() < 1e38).then_some(Value::Integer(number as i128))
}

pub fn int(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [default, base] = arguments.bind("int", ["default", "base"])?;
    let base = u32::try_from(integer(base.as_ref(), "base", 10)?).unwrap_or(1);
    let found = match value.defined()? {
        Value::Text(text) | Value::Safe(text) => {
            parse_integer(text, base).map(Value::Integer).or_else(|| parse_float(text).and_then(whole))
        }
        Value::Float(number) => whole(*number),
        other => other.as_integer().map(Value::Integer),
    };
    Ok(found.or(default).unwrap_or(Value::Integer(0)))
}

pub fn float(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [default] = arguments.bind("float", ["default"])?;
    let found = match value.defined()? {
        Value::Text(text) | Value::Safe(text) => parse_float(text),
        other => other.as_float(),
    };
    Ok(found.map(Value::Float).or(default).unwrap_or(Value::Float(0.0)))
}

pub fn round(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [precision, method] = arguments.bind("round", ["precision", "method"])?;
    let precision = integer(precision.as_ref(), "precision", 0)?.clamp(-400, 400) as i32;
    let method = text(method, "method")?.unwrap_or_else(|| "common".into());
    let Some(number) = value.defined()?.as_float() else {
        return Err(Fault::value(format!("type {} doesn't define __round__ method", value.type_name()))
            .hint("Make it a number first, with |float."));
    };
    match &*method {
        "common" => Ok(match value.as_integer() {
            Some(number) => Value::Integer(round_integer(number, precision)),
            None => Value::Float(round_float(number, precision)),
        }),
        "ceil" | "floor" => {
            let scale = 10_f64.powi(precision);
            let scaled =
                if method.starts_with('c') { (number * scale).ceil() } else { (number * scale).floor() };
            Ok(Value::Float(scaled / scale))
        }
        _ => Err(Fault::value("method must be common, ceil or floor")),
    }
}

/// To tens, hundreds and so on; halves go to the even one.
fn round_integer(number: i128, precision: i32) -> i128 {
    let Some(unit) = u32::try_from(-precision).ok().and_then(|digits| 10_i128.checked_pow(digits)) else {
        return if precision < -38 { 0 } else { number };
    };
    let (quotient, remainder) = (number.div_euclid(unit), number.rem_euclid(unit));
    let up = remainder * 2 > unit || (remainder * 2 == unit && quotient % 2 != 0);
    (quotient + i128::from(up)).saturating_mul(unit)
}

/// Correct for the exact binary value, as Python's: halves that are none go where they belong.
fn round_float(number: f64, precision: i32) -> f64 {
    if !number.is_finite() {
        return number;
    }
    if let Ok(decimals) = usize::try_from(precision) {
        return format!("{number:.decimals$}").parse().unwrap_or(number);
    }
    let scale = 10_f64.powi(-precision);
    if scale.is_finite() { (number / scale).round_ties_even() * scale } else { 0.0 }
}

#[expect(clippy::float_cmp, reason = "one byte is exactly that")]
pub fn file_size(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [binary] = arguments.bind("filesizeformat", ["binary"])?;
    let binary = flag(binary.as_ref(), false)?;
    let bytes = match value.defined()? {
        Value::Text(text) | Value::Safe(text) => parse_float(text),
        other => other.as_float(),
    };
    let bytes = bytes.ok_or_else(|| Fault::value("filesizeformat takes a number"))?;
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    let prefixes = if binary {
        ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
    } else {
        ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
    };
    if bytes == 1.0 {
        return interpreter.heap.text("1 Byte");
    }
    if bytes < base {
        return interpreter.heap.text(format!("{} Bytes", bytes as i128));
    }
    let mut unit = base * base;
    let mut shown = "";
    for prefix in prefixes {
        shown = prefix;
        if bytes < unit || prefix.starts_with('Y') {
            break;
        }
        unit *= base;
    }
    interpreter.heap.text(format!("{:.1} {shown}", base * bytes / unit))
}
