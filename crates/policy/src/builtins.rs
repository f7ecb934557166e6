//! Built-in functions of OPA that the interpreter lacks, or has with other results.

use std::collections::BTreeMap;

use regex::Regex;
use regorus::{Engine, Value};

use crate::format::sprintf;

/// How many compiled patterns one engine keeps.
const KEPT_PATTERNS: usize = 64;

/// Why a built-in has no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuiltinError {
    #[error("{function}: expected {expected}")]
    Operand { function: &'static str, expected: &'static str },
    #[error("re_match: {0}")]
    Pattern(#[from] regex::Error),
}

/// Adds the functions to an engine.
pub(crate) fn register(engine: &mut Engine) -> Result<(), String> {
    // `any` and `all` were dropped from Rego 1, and templates of Rego 0 still use them.
    let any = |arguments: Vec<Value>| Ok(Value::from(booleans("any", &arguments)?.contains(&true)));
    let all = |arguments: Vec<Value>| Ok(Value::from(!booleans("all", &arguments)?.contains(&false)));
    let mut patterns: BTreeMap<String, Regex> = BTreeMap::new();
    let re_match = move |arguments: Vec<Value>| {
        let (pattern, text) = match arguments.as_slice() {
            [Value::String(pattern), Value::String(text)] => (pattern, text),
            _ => return Err(BuiltinError::Operand { function: "re_match", expected: "two strings" }.into()),
        };
        if !patterns.contains_key(pattern.as_ref()) {
            if patterns.len() >= KEPT_PATTERNS {
                patterns.clear();
            }
            let compiled = Regex::new(pattern).map_err(BuiltinError::from)?;
            patterns.insert(pattern.to_string(), compiled);
        }
        Ok(Value::from(patterns.get(pattern.as_ref()).is_some_and(|regex| regex.is_match(text))))
    };
    let format = |arguments: Vec<Value>| match arguments.as_slice() {
        [Value::String(format), Value::Array(values)] => Ok(Value::from(sprintf(format, values))),
        _ => Err(BuiltinError::Operand { function: "sprintf", expected: "a string and an array" }.into()),
    };
    let problem = |error: &dyn std::fmt::Display| error.to_string();
    engine.add_extension("any".to_owned(), 1, Box::new(any)).map_err(|error| problem(&error))?;
    engine.add_extension("all".to_owned(), 1, Box::new(all)).map_err(|error| problem(&error))?;
    engine.add_extension("re_match".to_owned(), 2, Box::new(re_match)).map_err(|error| problem(&error))?;
    engine.add_extension("sprintf".to_owned(), 2, Box::new(format)).map_err(|error| problem(&error))
}

fn booleans(function: &'static str, arguments: &[Value]) -> Result<Vec<bool>, BuiltinError> {
    let items: Vec<&Value> = match arguments {
        [Value::Array(items)] => items.iter().collect(),
        [Value::Set(items)] => items.iter().collect(),
        _ => return Err(BuiltinError::Operand { function, expected: "an array or a set" }),
    };
    // What is no boolean counts as true, as in OPA.
    Ok(items.iter().map(|item| !matches!(item, Value::Bool(false))).collect())
}
