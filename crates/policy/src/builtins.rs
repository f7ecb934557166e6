//! Built-in functions of OPA that the interpreter lacks, or has with other results, or without a bound.

use std::collections::BTreeMap;

use regex::Regex;
use regorus::{Engine, Extension, Value};

use crate::file_format::{FileFormat, read_as};
use crate::format::sprintf;

/// How many compiled patterns one engine keeps.
const KEPT_PATTERNS: usize = 64;
/// The longest text in bytes that a function may make.
pub(crate) const MAX_TEXT: usize = 1 << 20;
/// The longest array that a function may make.
pub(crate) const MAX_ITEMS: usize = 100_000;

/// Why a built-in has no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuiltinError {
    #[error("{function}: expected {expected}")]
    Operand { function: &'static str, expected: &'static str },
    #[error("{function}: the result would be larger than a policy may make")]
    TooLarge { function: &'static str },
    #[error("{function} is not available: what it does can take for ever")]
    Refused { function: &'static str },
    #[error("parse_config: {0}")]
    Unreadable(String),
    #[error("re_match: {0}")]
    Pattern(#[from] regex::Error),
}

/// Adds the functions to an engine.
pub(crate) fn register(engine: &mut Engine) -> Result<(), String> {
    let mut patterns: BTreeMap<String, Regex> = BTreeMap::new();
    let re_match = move |arguments: Vec<Value>| Ok(re_match(&mut patterns, &arguments)?);
    let functions: [(&str, u8, Box<dyn Extension>); 9] = [
        // `any` and `all` were dropped from Rego 1, and templates of Rego 0 still use them.
        ("any", 1, Box::new(|it: Vec<Value>| Ok(Value::from(booleans("any", &it)?.contains(&true))))),
        ("all", 1, Box::new(|it: Vec<Value>| Ok(Value::from(!booleans("all", &it)?.contains(&false))))),
        ("re_match", 2, Box::new(re_match)),
        ("sprintf", 2, Box::new(|it: Vec<Value>| Ok(formatted(&it)?))),
        ("concat", 2, Box::new(|it: Vec<Value>| Ok(concat(&it)?))),
        ("replace", 3, Box::new(|it: Vec<Value>| Ok(replace(&it)?))),
        ("array.concat", 2, Box::new(|it: Vec<Value>| Ok(array_concat(&it)?))),
        // conftest's, for tests: reads a text as one of the formats.
        ("parse_config", 2, Box::new(|it: Vec<Value>| Ok(parse_config(&it)?))),
        ("numbers.range", 2, Box::new(|it: Vec<Value>| Ok(range(&it)?))),
    ];
    for (name, arguments, function) in functions.into_iter().chain(crate::bounded_builtins::functions()) {
        engine.add_extension(name.to_owned(), arguments, function).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn booleans(function: &'static str, arguments: &[Value]) -> Result<Vec<bool>, BuiltinError> {
    let items: Vec<&Value> = match arguments {
        [Value::Array(items)] => items.iter().collect(),
        [Value::Set(items)] => items.iter().collect(),
        _ => return Err(BuiltinError::Operand { function, expected: "an array or a set" }),
    };
    // Only `true` is true, as in OPA.
    Ok(items.iter().map(|item| matches!(item, Value::Bool(true))).collect())
}

fn re_match(patterns: &mut BTreeMap<String, Regex>, arguments: &[Value]) -> Result<Value, BuiltinError> {
    let [Value::String(pattern), Value::String(text)] = arguments else {
        return Err(BuiltinError::Operand { function: "re_match", expected: "two strings" });
    };
    if !patterns.contains_key(pattern.as_ref()) {
        if patterns.len() >= KEPT_PATTERNS {
            patterns.clear();
        }
        patterns.insert(pattern.to_string(), Regex::new(pattern)?);
    }
    Ok(Value::from(patterns.get(pattern.as_ref()).is_some_and(|regex| regex.is_match(text))))
}

pub(crate) fn bounded_text(function: &'static str, text: String) -> Result<Value, BuiltinError> {
    if text.len() > MAX_TEXT { Err(BuiltinError::TooLarge { function }) } else { Ok(Value::from(text)) }
}

fn formatted(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let [Value::String(format), Value::Array(values)] = arguments else {
        return Err(BuiltinError::Operand { function: "sprintf", expected: "a string and an array" });
    };
    bounded_text("sprintf", sprintf(format, values))
}

fn concat(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "concat";
    let expected = "a string, and an array or set of strings";
    let (delimiter, items): (&str, Vec<&Value>) = match arguments {
        [Value::String(delimiter), Value::Array(items)] => (delimiter, items.iter().collect()),
        [Value::String(delimiter), Value::Set(items)] => (delimiter, items.iter().collect()),
        _ => return Err(BuiltinError::Operand { function, expected }),
    };
    let mut parts: Vec<&str> = Vec::with_capacity(items.len());
    for item in items {
        let Value::String(text) = item else { return Err(BuiltinError::Operand { function, expected }) };
        parts.push(text);
    }
    let length: usize = parts.iter().map(|part| part.len() + delimiter.len()).sum();
    if length > MAX_TEXT + delimiter.len() {
        return Err(BuiltinError::TooLarge { function });
    }
    Ok(Value::from(parts.join(delimiter)))
}

fn replace(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "replace";
    let [Value::String(text), Value::String(old), Value::String(new)] = arguments else {
        return Err(BuiltinError::Operand { function, expected: "three strings" });
    };
    let count = if old.is_empty() { text.len() + 1 } else { text.len() / old.len() };
    if text.len().saturating_add(count.saturating_mul(new.len())) > MAX_TEXT * 16 {
        return Err(BuiltinError::TooLarge { function });
    }
    bounded_text(function, text.replace(old.as_ref(), new))
}

fn parse_config(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "parse_config";
    let [Value::String(format), Value::String(text)] = arguments else {
        return Err(BuiltinError::Operand { function, expected: "the name of a format and a text" });
    };
    let expected = "yaml, json, toml, hcl2 or dockerfile";
    let format = FileFormat::named(format).ok_or(BuiltinError::Operand { function, expected })?;
    let (documents, problems) = read_as(format, "text", text);
    if let Some(problem) = problems.first() {
        return Err(BuiltinError::Unreadable(problem.message.clone()));
    }
    let mut values: Vec<Value> = documents.into_iter().map(|document| Value::from(document.value)).collect();
    Ok(if values.len() == 1 { values.remove(0) } else { Value::from(values) })
}

fn array_concat(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "array.concat";
    let [Value::Array(first), Value::Array(second)] = arguments else {
        return Err(BuiltinError::Operand { function, expected: "two arrays" });
    };
    if first.len() + second.len() > MAX_ITEMS {
        return Err(BuiltinError::TooLarge { function });
    }
    Ok(Value::from(first.iter().chain(second.iter()).cloned().collect::<Vec<_>>()))
}

/// A whole number of 64 bits.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        _ => None,
    }
}

fn range(arguments: &[Value]) -> Result<Value, BuiltinError> {
    let function = "numbers.range";
    let bounds = match arguments {
        [first, last] => whole(first).zip(whole(last)),
        _ => None,
    };
    let Some((first, last)) = bounds else {
        return Err(BuiltinError::Operand { function, expected: "two whole numbers" });
    };
    if first.abs_diff(last) >= MAX_ITEMS as u64 {
        return Err(BuiltinError::TooLarge { function });
    }
    let numbers: Vec<Value> = if first <= last {
        (first..=last).map(Value::from).collect()
    } else {
        (last..=first).rev().map(Value::from).collect()
    };
    Ok(Value::from(numbers))
}
