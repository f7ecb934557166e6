//! Conversions between types: `int()`, `string()` and their like.

use super::evaluate::Evaluator;
use super::fault::{Outcome, error, no_overload};
use super::time;
use super::value::Value;

/// How a value is written by `string()`; `None` for lists, maps and what else has no text.
pub(crate) fn written(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Bool(bool) => bool.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => double(*number),
        Value::String(text) => text.to_string(),
        Value::Duration(nanoseconds) => time::write_duration(*nanoseconds),
        Value::Timestamp(time) => time.written(),
        Value::Ip(ip) => ip.to_string(),
        Value::Cidr(cidr) => cidr.to_string(),
        Value::Url(url) => url.text.clone(),
        Value::Quantity(quantity) => quantity.to_string(),
        Value::Release(release) => release.to_string(),
        Value::Image(image) => image.to_string(),
        Value::Type(name) => (*name).to_owned(),
        _ => return None,
    })
}

/// A double without an exponent where it is of ordinary size.
pub(crate) fn double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if number != 0.0 && (number.abs() >= 1e21 || number.abs() < 1e-6) {
        let text = format!("{number:e}");
        // Go writes at least two digits of the exponent, and its sign.
        if let Some((mantissa, exponent)) = text.split_once('e') {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            return format!("{mantissa}e{sign}{digits:0>2}");
        }
        return text;
    }
    number.to_string()
}

/// `string(value)`.
pub(crate) fn string<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => Ok(Value::String(text.clone())),
        [Value::Bytes(bytes)] => {
            evaluator.charge_text(bytes.len())?;
            let text = std::str::from_utf8(bytes).map_err(|_| error("invalid UTF-8 in bytes"))?;
            Ok(Value::text(text))
        }
        [value] => written(value).map(Value::text).ok_or_else(|| no_overload("string", arguments)),
        _ => Err(no_overload("string", arguments)),
    }
}

/// `int(value)`.
pub(crate) fn int<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let range = || error("integer overflow");
    match arguments {
        [Value::Int(number)] => Ok(Value::Int(*number)),
        [Value::Uint(number)] => i64::try_from(*number).map(Value::Int).map_err(|_| range()),
        #[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
        [Value::Double(number)] if number.abs() < 9.223_372_036_854_775e18 => Ok(Value::Int(*number as i64)),
        [Value::Double(_)] => Err(range()),
        [Value::String(text)] => text
            .parse()
            .map(Value::Int)
            .map_err(|_| error(format!("type conversion error: \"{}\" is not an int", short(text)))),
        [Value::Timestamp(time)] => Ok(Value::Int(time.seconds)),
        [Value::Duration(nanoseconds)] => Ok(Value::Int(*nanoseconds)),
        _ => Err(no_overload("int", arguments)),
    }
}

/// `uint(value)`.
pub(crate) fn uint<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let range = || error("unsigned integer overflow");
    match arguments {
        [Value::Uint(number)] => Ok(Value::Uint(*number)),
        [Value::Int(number)] => u64::try_from(*number).map(Value::Uint).map_err(|_| range()),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        [Value::Double(number)] if *number >= 0.0 && *number < 1.844_674_407_370_955e19 => {
            Ok(Value::Uint(*number as u64))
        }
        [Value::Double(_)] => Err(range()),
        [Value::String(text)] => text
            .parse()
            .map(Value::Uint)
            .map_err(|_| error(format!("type conversion error: \"{}\" is not a uint", short(text)))),
        _ => Err(no_overload("uint", arguments)),
    }
}

/// `double(value)`.
#[allow(clippy::cast_precision_loss, reason = "a double has the precision that it has")]
pub(crate) fn to_double<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Double(number)] => Ok(Value::Double(*number)),
        [Value::Int(number)] => Ok(Value::Double(*number as f64)),
        [Value::Uint(number)] => Ok(Value::Double(*number as f64)),
        [Value::String(text)] => text
            .parse()
            .map(Value::Double)
            .map_err(|_| error(format!("type conversion error: \"{}\" is not a double", short(text)))),
        _ => Err(no_overload("double", arguments)),
    }
}

/// `bool(value)`.
pub(crate) fn bool<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Bool(bool)] => Ok(Value::Bool(*bool)),
        [Value::String(text)] => match &**text {
            "true" | "True" | "TRUE" | "t" | "1" => Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" | "f" | "0" => Ok(Value::Bool(false)),
            _ => Err(error(format!("type conversion error: \"{}\" is not a bool", short(text)))),
        },
        _ => Err(no_overload("bool", arguments)),
    }
}

/// `bytes(value)`.
pub(crate) fn bytes<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::Bytes(bytes)] => Ok(Value::Bytes(std::sync::Arc::clone(bytes))),
        [Value::String(text)] => {
            evaluator.charge_text(text.len())?;
            Ok(Value::Bytes(text.as_bytes().into()))
        }
        _ => Err(no_overload("bytes", arguments)),
    }
}

/// `dyn(value)`.
pub(crate) fn dynamic<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    arguments.first().cloned().ok_or_else(|| no_overload("dyn", arguments))
}

/// `type(value)`.
pub(crate) fn type_of<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    arguments
        .first()
        .map(|value| Value::Type(value.type_name()))
        .ok_or_else(|| no_overload("type", arguments))
}

/// The beginning of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(80).collect()
}
