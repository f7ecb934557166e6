//! The methods of strings.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::number::wrap_to_i32;
use crate::nunjucks::operators::{to_number, to_text};
use crate::nunjucks::pattern::{Pattern, replace_plain};
use crate::nunjucks::text::{Text, is_space};
use crate::nunjucks::value::Value;

/// Calls a method of `text`.
pub fn call(text: &Text, name: &str, arguments: &[Value], meter: &Meter) -> Outcome<Value> {
    meter.allocate(text.size() + 16)?;
    let first = arguments.first().unwrap_or(&Value::Undefined);
    let second = arguments.get(1).unwrap_or(&Value::Undefined);
    let length = text.len();
    let string = |value: &Value| to_text(value, meter);
    let result = match name {
        "toLowerCase" | "toLocaleLowerCase" => text.map(str::to_lowercase),
        "toUpperCase" | "toLocaleUpperCase" => text.map(str::to_uppercase),
        "trim" => text.map(|text| text.trim_matches(is_space).to_owned()),
        "trimStart" | "trimLeft" => text.map(|text| text.trim_start_matches(is_space).to_owned()),
        "trimEnd" | "trimRight" => text.map(|text| text.trim_end_matches(is_space).to_owned()),
        "toString" | "valueOf" => text.clone(),
        "concat" => arguments.iter().try_fold(text.clone(), |joined, part| -> Outcome<Text> {
            let part = string(part)?;
            meter.allocate(joined.size() + part.size())?;
            Ok(joined.concat(&part))
        })?,
        "slice" => text.slice(relative(first, length, 0, meter)?, relative(second, length, length, meter)?),
        "substring" => {
            let clamp = |value: &Value, default: usize| absolute(value, length, default, meter);
            let (start, end) = (clamp(first, 0)?, clamp(second, length)?);
            text.slice(start.min(end), start.max(end))
        }
        "substr" => {
            let start = relative(first, length, 0, meter)?;
            text.slice(start, start.saturating_add(absolute(second, length, length, meter)?))
        }
        "charAt" => match position(first, meter)? {
            Some(index) => text.unit(index).unwrap_or_else(|| "".into()),
            None => "".into(),
        },
        "repeat" => {
            let count = to_number(first, meter)?;
            if count < 0.0 || count.is_infinite() {
                return Err(Fault::value("repeat() takes a count from 0"));
            }
            let count = count as usize;
            meter.allocate(text.size().saturating_mul(count))?;
            Text::join(&vec![text.clone(); if text.is_empty() { 0 } else { count }], &"".into())
        }
        "padStart" | "padEnd" => pad(text, first, second, name == "padStart", meter)?,
        "replace" | "replaceAll" => return replace(text, first, second, name == "replaceAll", meter),
        "split" => return split(text, first, second, meter),
        _ => return inspect(text, name, first, second, meter),
    };
    Ok(Value::String(result))
}

/// Methods whose result is no text.
fn inspect(text: &Text, name: &str, first: &Value, second: &Value, meter: &Meter) -> Outcome<Value> {
    let length = text.len();
    let needle = || match first {
        Value::Pattern(_) => Err(Fault::value(format!("{name}() takes no regular expression"))),
        other => to_text(other, meter),
    };
    Ok(match name {
        "at" => {
            let index = to_number(first, meter)?.trunc();
            let index = if index.is_nan() {
                0.0
            } else if index < 0.0 {
                index + length as f64
            } else {
                index
            };
            let found = if index < 0.0 { None } else { text.unit(index as usize) };
            found.map_or(Value::Undefined, Value::String)
        }
        "charCodeAt" => {
            let unit = position(first, meter)?.and_then(|index| text.units().get(index).copied());
            Value::Number(unit.map_or(f64::NAN, f64::from))
        }
        "codePointAt" => {
            let rest = position(first, meter)?.map(|index| text.slice(index, index + 2));
            let units = rest.map(|rest| rest.units().into_owned()).unwrap_or_default();
            match char::decode_utf16(units).next() {
                Some(Ok(character)) => Value::Number(f64::from(u32::from(character))),
                Some(Err(lone)) => Value::Number(f64::from(lone.unpaired_surrogate())),
                None => Value::Undefined,
            }
        }
        "includes" => Value::Bool(text.find(&needle()?, absolute(second, length, 0, meter)?).is_some()),
        "indexOf" => Value::Number(
            text.find(&needle()?, absolute(second, length, 0, meter)?).map_or(-1.0, |at| at as f64),
        ),
        "lastIndexOf" => {
            let limit = to_number(second, meter)?;
            let limit = if limit.is_nan() { usize::MAX } else { limit.max(0.0) as usize };
            let needle = needle()?;
            meter.spend((text.size() as u64).saturating_mul(needle.size() as u64) / 16)?;
            Value::Number(text.find_last(&needle, limit).map_or(-1.0, |at| at as f64))
        }
        "startsWith" => {
            let start = absolute(second, length, 0, meter)?;
            let needle = needle()?;
            Value::Bool(text.slice(start, start + needle.len()) == needle)
        }
        "endsWith" => {
            let end = absolute(second, length, length, meter)?;
            let needle = needle()?;
            Value::Bool(end.checked_sub(needle.len()).is_some_and(|start| text.slice(start, end) == needle))
        }
        "localeCompare" => {
            let other = to_text(first, meter)?;
            let folded = text.map(str::to_lowercase).cmp(&other.map(str::to_lowercase));
            // Between the cases, the collation of JavaScript puts the small letter first.
            let order = folded.then_with(|| text.cmp(&other).reverse());
            Value::Number(match order {
                Ordering::Less => -1.0,
                Ordering::Equal => 0.0,
                Ordering::Greater => 1.0,
            })
        }
        "search" | "match" | "matchAll" => find_pattern(text, name, first, meter)?,
        _ => Value::Undefined,
    })
}

fn find_pattern(text: &Text, name: &str, pattern: &Value, meter: &Meter) -> Outcome<Value> {
    let pattern = match pattern {
        Value::Pattern(pattern) => Rc::clone(pattern),
        Value::Undefined => Rc::new(Pattern::new("(?:)".into(), "".into())?),
        other => Rc::new(Pattern::new(to_text(other, meter)?.to_shared(), "".into())?),
    };
    meter.allocate(text.size().saturating_mul(48))?;
    Ok(match name {
        "search" => Value::Number(pattern.search(text).map_or(-1.0, |at| at as f64)),
        "matchAll" => Value::list(pattern.find_all(text)),
        _ => pattern.find(text).map_or(Value::Null, Value::list),
    })
}

/// An index from the start, or from the end when negative.
pub fn relative(value: &Value, length: usize, default: usize, meter: &Meter) -> Outcome<usize> {
    if value.is_undefined() {
        return Ok(default);
    }
    let index = to_number(value, meter)?.trunc();
    let index = if index < 0.0 { index + length as f64 } else { index };
    Ok((index.max(0.0) as usize).min(length))
}

fn absolute(value: &Value, length: usize, default: usize, meter: &Meter) -> Outcome<usize> {
    if value.is_undefined() {
        return Ok(default);
    }
    Ok((to_number(value, meter)?.max(0.0) as usize).min(length))
}

fn position(value: &Value, meter: &Meter) -> Outcome<Option<usize>> {
    let index = to_number(value, meter)?;
    let index = if index.is_nan() { 0.0 } else { index.trunc() };
    Ok((index >= 0.0).then_some(index as usize))
}

fn pad(text: &Text, width: &Value, filler: &Value, before: bool, meter: &Meter) -> Outcome<Text> {
    let width = to_number(width, meter)?.max(0.0) as usize;
    let filler = if filler.is_undefined() { Text::from(" ") } else { to_text(filler, meter)? };
    let missing = width.saturating_sub(text.len());
    if missing == 0 || filler.is_empty() {
        return Ok(text.clone());
    }
    meter.allocate(missing.saturating_mul(4))?;
    let filler_units = filler.units();
    let padding: Vec<u16> = filler_units.iter().copied().cycle().take(missing).collect();
    let padding = Text::from_units(&padding);
    Ok(if before { padding.concat(text) } else { text.concat(&padding) })
}

fn replace(text: &Text, old: &Value, new: &Value, all: bool, meter: &Meter) -> Outcome<Value> {
    let new = to_text(new, meter)?;
    if let Value::Pattern(pattern) = old {
        if all && !pattern.is_global() {
            return Err(Fault::value("replaceAll() takes a regular expression with the flag \"g\""));
        }
        meter.allocate((text.size() + 1).saturating_mul(1 + new.size()))?;
        return Ok(Value::String(pattern.replace(text, &new)));
    }
    let old = to_text(old, meter)?;
    let places = if all { text.size() / old.size().max(1) + 1 } else { 1 };
    meter.allocate(text.size() + places.saturating_mul(new.size()))?;
    Ok(Value::String(replace_plain(text, &old, &new, all)))
}

fn split(text: &Text, separator: &Value, limit: &Value, meter: &Meter) -> Outcome<Value> {
    let limit = if limit.is_undefined() {
        usize::MAX
    } else {
        wrap_to_i32(to_number(limit, meter)?).cast_unsigned() as usize
    };
    let mut parts: Vec<Value> = match separator {
        Value::Undefined => vec![Value::String(text.clone())],
        Value::Pattern(pattern) => pattern.split(text),
        other => {
            let separator = to_text(other, meter)?;
            if separator.is_empty() {
                meter.allocate(text.len() * 40)?;
                text.units().iter().map(|unit| Value::String(Text::from_units(&[*unit]))).collect()
            } else {
                text.to_str().split(&*separator.to_str()).map(Value::text).collect()
            }
        }
    };
    meter.allocate(parts.len() * 40)?;
    parts.truncate(limit);
    Ok(Value::list(parts))
}
