//! JMESPath as Kyverno speaks it: the first version of the language with `let`, arithmetic and slices of texts,
//! Kyverno's own functions, and a field that is missing told apart from one that is null.

#[cfg(test)]
mod conformity;
mod function;
mod function_text;
mod function_time;
mod interpret;
mod parse;
mod token;
mod tree;

use std::cell::Cell;

use serde_json::Value;

pub(crate) use interpret::{Operand, Surroundings, evaluate};
pub(crate) use parse::parse;
pub(crate) use tree::Node;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// It cannot be read.
    #[error("{message} (column {column} of `{expression}`)")]
    Syntax { expression: String, column: usize, message: String },
    /// A field that it names is missing. Many operators take that for null.
    #[error("\"{0}\" is missing")]
    NotFound(String),
    /// A function or operator refuses what it is given.
    #[error("{0}")]
    Failed(String),
    /// It needs what an evaluation without a clock, a network and chance does not have.
    #[error("{0}")]
    Unavailable(String),
    /// It does more than one evaluation may.
    #[error("the evaluation takes more steps or memory than a policy may")]
    Exhausted,
}

/// What one evaluation of one policy on one object may still do.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u64>);

impl Budget {
    /// A step is a node of an expression, a value that is copied, or 64 bytes of a text.
    pub(crate) const STEPS: u64 = 2_000_000;

    pub(crate) fn new() -> Self {
        Self(Cell::new(Self::STEPS))
    }

    pub(crate) fn take(&self, steps: usize) -> Result<(), QueryError> {
        let rest = self.0.get().checked_sub(steps as u64).ok_or(QueryError::Exhausted)?;
        self.0.set(rest);
        Ok(())
    }

    /// Pays for holding a text against a pattern with wildcards.
    pub(crate) fn take_comparison(&self, text: usize, pattern: usize) -> Result<(), QueryError> {
        self.take(text.saturating_mul(pattern) / 4096)
    }

    /// Pays for a text.
    pub(crate) fn take_text(&self, bytes: usize) -> Result<(), QueryError> {
        self.take(bytes / 64)
    }
}

/// How many values and how much text a value is made of, in steps of a budget.
pub(crate) fn weight(value: &Value) -> usize {
    let (mut total, mut open) = (0, vec![value]);
    while let Some(value) = open.pop() {
        total += 1;
        match value {
            Value::String(text) => total += text.len() / 64,
            Value::Array(items) => open.extend(items),
            Value::Object(map) => open.extend(map.values()),
            _ => {}
        }
    }
    total
}

/// What counts as false: null, false, and whatever is empty.
pub(crate) fn is_false(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(_) => false,
    }
}

/// A number as JSON: whole numbers have no fraction.
pub(crate) fn number(value: f64) -> Value {
    // The comparison with the bounds is exact; 2^53 is where whole numbers stop being so.
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

/// Equality of JSON in which 1 and 1.0 are the same.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}
