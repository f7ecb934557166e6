//! Filters on text.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::filters::argument;
use crate::nunjucks::member::{length, property_of};
use crate::nunjucks::operators::{compare, loose_equal, strict_equal, to_number, to_text, truthy};
use crate::nunjucks::text::{Text, is_space};
use crate::nunjucks::value::Value;

/// Nothing and `false` as the empty string.
pub fn normalize(value: Value) -> Value {
    match value {
        Value::Undefined | Value::Null | Value::Bool(false) => Value::text(""),
        other => other,
    }
}

/// The text of a string, safe or not; a fault for all else.
fn string_of(value: &Value) -> Outcome<Text> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Safe(text) => Ok((**text).clone()),
        other => Err(Fault::value(format!("it takes a string, not {}", other.kind())).hint(
            "Convert the value with \"| string\", or give a missing one a value with \"| default('')\".",
        )),
    }
}

/// The result, safe when its origin is.
fn like(origin: &Value, text: impl Into<Text>) -> Value {
    if matches!(origin, Value::Safe(_)) { Value::safe(text) } else { Value::text(text) }
}

fn input(arguments: &[Value]) -> Value {
    normalize(argument(arguments, 0))
}

fn repeat_space(count: f64, meter: &Meter) -> Outcome<String> {
    let count = if count.is_nan() { 0 } else { count.max(0.0).ceil() as usize };
    meter.allocate(count)?;
    Ok(" ".repeat(count))
}

fn or(value: Value, default: f64) -> Value {
    if truthy(&value) { value } else { Value::Number(default) }
}

fn capitalize_text(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut characters = lower.chars();
    match characters.next() {
        // A letter beyond the basic plane is two code units, which alone have no upper case.
        Some(first) if first.len_utf16() == 1 => first.to_uppercase().chain(characters).collect(),
        _ => lower,
    }
}

pub fn capitalize(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = input(arguments);
    let text = string_of(&value)?;
    interpreter.meter.allocate(text.size())?;
    Ok(like(&value, text.map(capitalize_text)))
}

pub fn title(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = input(arguments);
    let text = string_of(&value)?;
    interpreter.meter.allocate(text.size())?;
    Ok(like(&value, text.map(|text| text.split(' ').map(capitalize_text).collect::<Vec<_>>().join(" "))))
}

pub fn lower(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let text = string_of(&input(arguments))?;
    interpreter.meter.allocate(text.size())?;
    Ok(Value::String(text.map(str::to_lowercase)))
}

pub fn upper(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let text = string_of(&input(arguments))?;
    interpreter.meter.allocate(text.size())?;
    Ok(Value::String(text.map(str::to_uppercase)))
}

pub fn center(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let value = input(arguments);
    let width = or(argument(arguments, 1), 80.0);
    let count = length(&value);
    if compare(&count, &width, meter)?.is_some_and(std::cmp::Ordering::is_ge) {
        return Ok(value);
    }
    let spaces = to_number(&width, meter)? - to_number(&count, meter)?;
    let before = repeat_space(spaces / 2.0 - spaces % 2.0, meter)?;
    let after = repeat_space(spaces / 2.0, meter)?;
    let text = to_text(&value, meter)?;
    Ok(like(&value, Text::from(before).concat(&text).concat(&after.into())))
}

pub fn indent(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let value = input(arguments);
    if matches!(&value, Value::String(text) if text.is_empty()) {
        return Ok(value);
    }
    let text = string_of(&value)?;
    let spaces = repeat_space(to_number(&or(argument(arguments, 1), 4.0), meter)?, meter)?;
    let first = truthy(&argument(arguments, 2));
    let text = text.to_str();
    let mut result = String::with_capacity(text.len() + 64);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            result.push('\n');
        }
        if index > 0 || first {
            meter.allocate(spaces.len())?;
            result.push_str(&spaces);
        }
        result.push_str(line);
    }
    meter.allocate(text.len())?;
    Ok(like(&value, result))
}

pub fn trim(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = argument(arguments, 0);
    let text = string_of(&value)?;
    interpreter.meter.allocate(text.size())?;
    Ok(like(&value, text.map(|text| text.trim_matches(is_space).to_owned())))
}

pub fn nl2br(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = argument(arguments, 0);
    if value.is_nothing() {
        return Ok(Value::text(""));
    }
    let text = string_of(&value)?;
    interpreter.meter.allocate(text.size() * 7)?;
    Ok(like(&value, text.map(|text| text.replace("\r\n", "\n").replace('\n', "<br />\n"))))
}

fn escape_text(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '"' => result.push_str("&quot;"),
            '\'' => result.push_str("&#39;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '\\' => result.push_str("&#92;"),
            other => result.push(other),
        }
    }
    result
}

pub fn escape(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    match argument(arguments, 0) {
        value @ Value::Safe(_) => Ok(value),
        _ => force_escape(interpreter, arguments),
    }
}

pub fn force_escape(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = argument(arguments, 0);
    let text = if value.is_nothing() { Text::from("") } else { to_text(&value, &interpreter.meter)? };
    interpreter.meter.allocate(text.size() * 6)?;
    Ok(Value::safe(text.map(escape_text)))
}

pub fn safe(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    Ok(match argument(arguments, 0) {
        value @ Value::Safe(_) => value,
        value if value.is_nothing() => Value::safe(""),
        value => Value::safe(to_text(&value, &interpreter.meter)?),
    })
}

pub fn string(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    match argument(arguments, 0) {
        value @ Value::Safe(_) => Ok(value),
        value if value.is_nothing() => Err(Fault::value(format!("{} has no text", value.kind()))),
        value => Ok(Value::String(to_text(&value, &interpreter.meter)?)),
    }
}

pub fn replace(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let value = argument(arguments, 0);
    let (old, new, most) = (argument(arguments, 1), argument(arguments, 2), argument(arguments, 3));
    if let Value::Pattern(pattern) = &old {
        let (text, new) = (string_of(&value)?, to_text(&new, meter)?);
        meter.allocate((text.size() + 1).saturating_mul(new.size() + 1))?;
        return Ok(Value::String(pattern.replace(&text, &new)));
    }
    let old = match &old {
        Value::Number(_) => to_text(&old, meter)?,
        Value::String(old) => old.clone(),
        _ => return Ok(value),
    };
    let text = match &value {
        Value::Number(_) | Value::String(_) | Value::Safe(_) => to_text(&value, meter)?,
        _ => return Ok(value),
    };
    let unchanged =
        if matches!(value, Value::Number(_)) { Value::String(text.clone()) } else { value.clone() };
    let new = to_text(&new, meter)?;
    if old.is_empty() {
        meter.allocate(text.len().saturating_mul(new.size() + 8))?;
        let separator = if argument(arguments, 2).is_undefined() { Text::from(",") } else { new.clone() };
        let units: Vec<Text> = text.units().iter().map(|unit| Text::from_units(&[*unit])).collect();
        return Ok(like(&value, new.concat(&Text::join(&units, &separator)).concat(&new)));
    }
    let unlimited = most.is_undefined() || strict_equal(&most, &Value::Number(-1.0));
    if strict_equal(&most, &Value::Number(0.0)) {
        return Ok(unchanged);
    }
    let most = if unlimited { f64::INFINITY } else { to_number(&most, meter)? };
    let mut parts = Vec::new();
    let (mut position, mut count) = (0, 0.0);
    while count < most {
        let Some(found) = text.find(&old, position) else { break };
        meter.allocate(new.size() + 64)?;
        meter.spend(if text.as_str().is_some_and(str::is_ascii) { 1 } else { text.size() as u64 / 16 })?;
        parts.push(text.slice(position, found));
        position = found + old.len();
        count += 1.0;
    }
    if parts.is_empty() && text.find(&old, 0).is_none() {
        return Ok(unchanged);
    }
    parts.push(text.slice(position, usize::MAX));
    meter.allocate(text.size())?;
    Ok(like(&value, Text::join(&parts, &new)))
}

static TAGS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?is)</?([a-z][a-z0-9]*)(?-u:\b)[^>]*>|<!--.*?-->").ok());
static EDGE_SPACES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?mR)^ +| +$").ok());
static SPACES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" +").ok());
static BLANK_LINES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\n\n\n+").ok());

fn replace_all(regex: &LazyLock<Option<Regex>>, text: &str, new: &str) -> String {
    regex
        .as_ref()
        .map_or_else(|| text.to_owned(), |regex| regex.replace_all(text, regex::NoExpand(new)).into_owned())
}

pub fn strip_tags(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = input(arguments);
    let text = string_of(&value)?;
    interpreter.meter.allocate(text.size() * 3)?;
    let keep_lines = truthy(&argument(arguments, 1));
    let stripped = replace_all(&TAGS, &text.to_str(), "");
    let stripped = stripped.trim_matches(is_space);
    let result = if keep_lines {
        let lines = replace_all(&SPACES, &replace_all(&EDGE_SPACES, stripped, ""), " ").replace("\r\n", "\n");
        replace_all(&BLANK_LINES, &lines, "\n\n")
    } else {
        let mut result = String::with_capacity(stripped.len());
        let mut in_space = false;
        for character in stripped.chars() {
            if !is_space(character) {
                result.push(character);
            } else if !in_space {
                result.push(' ');
            }
            in_space = is_space(character);
        }
        result
    };
    Ok(like(&value, result))
}

pub fn truncate(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let origin = argument(arguments, 0);
    let value = normalize(origin.clone());
    let limit = or(argument(arguments, 1), 255.0);
    if compare(&length(&value), &limit, meter)?.is_some_and(std::cmp::Ordering::is_le) {
        return Ok(value);
    }
    let text = string_of(&value)?;
    let limit = to_number(&limit, meter)?;
    let cut = limit.max(0.0) as usize;
    let cut = if truthy(&argument(arguments, 2)) {
        cut
    } else {
        let from = if limit.is_nan() { usize::MAX } else { cut };
        text.find_last(&" ".into(), from).unwrap_or(cut)
    };
    let end = argument(arguments, 3);
    let end = if end.is_nothing() { Text::from("...") } else { to_text(&end, meter)? };
    meter.allocate(text.size() + end.size())?;
    Ok(like(&origin, text.slice(0, cut).concat(&end)))
}

pub fn word_count(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let value = input(arguments);
    if !truthy(&value) {
        return Ok(Value::Null);
    }
    let text = string_of(&value)?;
    interpreter.meter.spend(text.size() as u64 / 8)?;
    let text = text.to_str();
    let words = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .count();
    Ok(if words == 0 { Value::Null } else { Value::integer(words) })
}

fn encode(value: &Value, meter: &Meter) -> Outcome<String> {
    let text = to_text(value, meter)?;
    let Some(text) = text.as_str() else { return Err(Fault::value("half a character cannot be encoded")) };
    meter.allocate(text.len() * 3)?;
    let mut result = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            result.push(char::from(byte));
        } else {
            let _ = write!(result, "%{byte:02X}");
        }
    }
    Ok(result)
}

pub fn url_encode(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let pair = |key: &Value, value: &Value| -> Outcome<String> {
        Ok(format!("{}={}", encode(key, meter)?, encode(value, meter)?))
    };
    let pairs: Outcome<Vec<String>> = match argument(arguments, 0) {
        text @ Value::String(_) => return Ok(Value::text(encode(&text, meter)?)),
        Value::List(list) => list
            .0
            .borrow()
            .iter()
            .map(|item| {
                let part = |index: usize| property_of(item, &Value::integer(index), meter);
                pair(&part(0)?, &part(1)?)
            })
            .collect(),
        Value::Record(record) => {
            record.0.borrow().iter().map(|(key, value)| pair(&Value::text(key.as_ref()), value)).collect()
        }
        Value::Safe(text) => {
            [("val", Value::String((*text).clone())), ("length", Value::integer(text.len()))]
                .iter()
                .map(|(key, value)| pair(&Value::text(*key), value))
                .collect()
        }
        Value::Undefined
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Pattern(_)
        | Value::Function(_) => Ok(Vec::new()),
    };
    Ok(Value::text(pairs?.join("&")))
}

static MAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?i-u:[a-z0-9_.!#$%&'*+\-/=?\^`{|}~]+@[a-z0-9\-]+(\.[a-z0-9\-]+)+)$").ok()
});
static TOP_LEVEL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\.(?:org|net|com)(?::|/|$)").ok());

/// The word without an opening bracket before and a closing mark behind it.
fn bare(word: &str) -> &str {
    let inner = ["&lt;", "(", "<"].into_iter().find_map(|open| word.strip_prefix(open)).unwrap_or(word);
    ["&gt;", ".", ",", ")"].into_iter().find_map(|close| inner.strip_suffix(close)).unwrap_or(inner)
}

pub fn urlize(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let value = argument(arguments, 0);
    let text = string_of(&value)?;
    let limit = argument(arguments, 1);
    // Only a real NaN or a missing limit means "no limit"; other text counts as zero.
    let limit = match &limit {
        Value::Undefined => usize::MAX,
        Value::Number(number) if number.is_nan() => usize::MAX,
        other => to_number(other, meter)?.max(0.0) as usize,
    };
    let follow = if loose_equal(&argument(arguments, 2), &Value::Bool(true), meter)?
        && matches!(argument(arguments, 2), Value::Bool(true))
    {
        " rel=\"nofollow\""
    } else {
        ""
    };
    let text = text.to_str();
    meter.allocate(text.len() * 8)?;
    let mut result = String::with_capacity(text.len() * 2);
    let mut rest: &str = &text;
    while !rest.is_empty() {
        let spaces = rest.len() - rest.trim_start_matches(is_space).len();
        let (space, from) = rest.split_at(spaces);
        result.push_str(space);
        let (word, after) = from.split_at(from.find(is_space).unwrap_or(from.len()));
        rest = after;
        if word.is_empty() {
            continue;
        }
        let url = bare(word);
        let short = Text::from(url).slice(0, limit);
        let short = short.to_str();
        let matches =
            |regex: &LazyLock<Option<Regex>>| regex.as_ref().is_some_and(|regex| regex.is_match(url));
        let written = if url.starts_with("http://") || url.starts_with("https://") {
            write!(result, "<a href=\"{url}\"{follow}>{short}</a>")
        } else if url.starts_with("www.") {
            write!(result, "<a href=\"http://{url}\"{follow}>{short}</a>")
        } else if matches(&MAIL) {
            write!(result, "<a href=\"mailto:{url}\">{url}</a>")
        } else if matches(&TOP_LEVEL) {
            write!(result, "<a href=\"http://{url}\"{follow}>{short}</a>")
        } else {
            write!(result, "{word}")
        };
        let _ = written;
    }
    Ok(Value::text(result))
}
