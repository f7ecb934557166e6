//! Regular expressions: `matches`, `find` and `findAll`. They take time in proportion to text and pattern only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, no_overload};
use super::value::Value;

/// How large a compiled pattern may be, in bytes.
const MAX_COMPILED: usize = 512 * 1024;
/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 4096;

/// Whether the second argument of a function is a pattern, so that one that is written out is compiled once.
pub(crate) fn takes_pattern(function: &str) -> bool {
    matches!(function, "matches" | "find" | "findAll")
}

/// How many patterns are kept that evaluations came upon.
const KEPT: usize = 64;

/// A pattern that an evaluation came upon, as a parameter or a field. Most come again with the next object, and making
/// one costs as much as a hundred searches.
pub(crate) fn kept(pattern: &str) -> Result<Arc<Regex>, String> {
    static KNOWN: Mutex<BTreeMap<String, Arc<Regex>>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known().get(pattern) {
        return Ok(Arc::clone(regex));
    }
    let regex = Arc::new(compile(pattern)?);
    let mut known = known();
    if known.len() >= KEPT {
        known.clear();
    }
    known.insert(pattern.to_owned(), Arc::clone(&regex));
    Ok(regex)
}

/// Compiles a pattern within bounds.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("the regular expression is longer than {MAX_PATTERN} bytes"));
    }
    RegexBuilder::new(pattern).size_limit(MAX_COMPILED).nest_limit(50).build().map_err(|problem| {
        let problem = problem.to_string();
        let last = problem.lines().last().unwrap_or_default().trim();
        let last = last.strip_prefix("error: ").unwrap_or(last);
        format!("the regular expression \"{}\" is wrong: {last}", super::convert::short(pattern))
    })
}

/// The steps of one search: every repetition that a pattern counts out makes it larger.
fn charge(evaluator: &mut Evaluator<'_>, text: usize, pattern: &str) -> Result<(), Fault> {
    let counted: usize = pattern
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next()?.split(',').filter_map(|number| number.parse().ok()).max())
        .fold(1_usize, |product, count: usize| product.saturating_mul(count.max(1)).min(10_000));
    evaluator.charge_text(text.saturating_mul(counted + pattern.len() / 8))
}

/// `text.matches(pattern)`: whether it occurs in the text.
pub(crate) fn matches<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text), Value::String(pattern)] = arguments else {
        return Err(no_overload("matches", arguments));
    };
    charge(evaluator, text.len(), pattern)?;
    let regex = evaluator.pattern(pattern)?;
    Ok(Value::Bool(regex.is_match(text)))
}

/// `text.find(pattern)`: the first occurrence, or an empty text.
pub(crate) fn find<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text), Value::String(pattern)] = arguments else {
        return Err(no_overload("find", arguments));
    };
    charge(evaluator, text.len(), pattern)?;
    let regex = evaluator.pattern(pattern)?;
    Ok(Value::text(regex.find(text).map_or("", |found| found.as_str())))
}

/// `text.findAll(pattern)`, or no more than a number of them.
pub(crate) fn find_all<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (text, pattern, limit) = match arguments {
        [Value::String(text), Value::String(pattern)] => (text, pattern, usize::MAX),
        [Value::String(text), Value::String(pattern), Value::Int(limit)] => {
            (text, pattern, usize::try_from(*limit).unwrap_or(usize::MAX))
        }
        _ => return Err(no_overload("findAll", arguments)),
    };
    charge(evaluator, text.len(), pattern)?;
    let regex = evaluator.pattern(pattern)?;
    let mut found = Vec::new();
    for occurrence in regex.find_iter(text).take(limit) {
        // Each search may look at everything that is left.
        charge(evaluator, text.len() - occurrence.end(), pattern)?;
        found.push(Value::text(occurrence.as_str()));
    }
    Ok(Value::list(found))
}
