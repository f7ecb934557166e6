//! Conditions: a key, an operator and a value, of which all or any have to hold.

use std::borrow::Cow;

use serde_json::Value;

use super::context::Scope;
use super::duration::Duration;
use super::jmespath::{QueryError, same};
use super::quantity::Quantity;
use super::scalar::{TextPattern, range};
use super::template::Template;
use super::version::Version;
use super::wildcard;

/// `preconditions` and `deny.conditions`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    /// Each block has to hold.
    blocks: Vec<Block>,
}

#[derive(Clone, Debug)]
struct Block {
    any: Option<Vec<Condition>>,
    all: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    key: Template,
    operator: Operator,
    value: Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    NotEquals,
    In,
    NotIn,
    AnyIn,
    AllIn,
    AnyNotIn,
    AllNotIn,
    Order(Order),
    Duration(Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    fn admits(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }

    fn numbers(self, left: f64, right: f64) -> bool {
        left.partial_cmp(&right).is_some_and(|order| self.admits(order))
    }
}

fn operator(name: &str) -> Option<Operator> {
    let order = |name: &str| {
        Some(match name {
            "GreaterThan" => Order::Greater,
            "GreaterThanOrEquals" => Order::GreaterOrEqual,
            "LessThan" => Order::Less,
            "LessThanOrEquals" => Order::LessOrEqual,
            _ => return None,
        })
    };
    Some(match name {
        "Equal" | "Equals" => Operator::Equals,
        "NotEqual" | "NotEquals" => Operator::NotEquals,
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "AnyIn" => Operator::AnyIn,
        "AllIn" => Operator::AllIn,
        "AnyNotIn" => Operator::AnyNotIn,
        "AllNotIn" => Operator::AllNotIn,
        _ => match name.strip_prefix("Duration") {
            Some(rest) => Operator::Duration(order(rest)?),
            None => Operator::Order(order(name)?),
        },
    })
}

impl Condition {
    fn read(value: &Value) -> Result<Self, QueryError> {
        let name = value.get("operator").and_then(Value::as_str).unwrap_or("Equals");
        let operator = operator(name)
            .ok_or_else(|| QueryError::Failed(format!("there is no operator \"{name}\" for conditions")))?;
        let part = |key: &str| Template::compile(value.get(key).unwrap_or(&Value::Null));
        Ok(Self { key: part("key")?, operator, value: part("value")? })
    }

    fn holds<'s>(&'s self, scope: &'s Scope<'s>) -> Result<bool, QueryError> {
        let (key, value) = (self.key.resolve(scope)?, self.value.resolve(scope)?);
        let size = |value: &Value| value.as_array().map_or(1, Vec::len);
        let budget = &scope.world().budget;
        budget.take(size(&key).saturating_mul(size(&value)))?;
        budget.take_comparison(bytes(&key), bytes(&value))?;
        Ok(evaluate(self.operator, &key, &value))
    }
}

impl Conditions {
    /// Reads either form: a list in which all have to hold, or `any` and `all`, or a list of those.
    pub(crate) fn read(value: Option<&Value>) -> Result<Self, QueryError> {
        let list = |value: &Value| -> Result<Vec<Condition>, QueryError> {
            value.as_array().into_iter().flatten().map(Condition::read).collect()
        };
        let block = |value: &Value| -> Result<Block, QueryError> {
            Ok(Block {
                any: value.get("any").filter(|any| !any.is_null()).map(list).transpose()?,
                all: value.get("all").map_or_else(|| Ok(Vec::new()), list)?,
            })
        };
        let blocks = match value {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                if items.iter().any(|item| item.get("any").is_some() || item.get("all").is_some()) {
                    items.iter().map(block).collect::<Result<_, _>>()?
                } else {
                    vec![Block {
                        any: None,
                        all: items.iter().map(Condition::read).collect::<Result<_, _>>()?,
                    }]
                }
            }
            Some(other) => vec![block(other)?],
        };
        Ok(Self { blocks })
    }

    /// Whether all blocks hold. Conditions that are not needed for the answer are not evaluated.
    pub(crate) fn hold<'s>(&'s self, scope: &'s Scope<'s>) -> Result<bool, QueryError> {
        for block in &self.blocks {
            if let Some(any) = block.any.as_ref().filter(|any| !any.is_empty()) {
                let mut found = false;
                for condition in any {
                    if condition.holds(scope)? {
                        found = true;
                        break;
                    }
                }
                if !found {
                    return Ok(false);
                }
            }
            for condition in &block.all {
                if !condition.holds(scope)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// The bytes of the texts that a comparison looks at.
fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::len).sum(),
        _ => 1,
    }
}

fn evaluate(operator: Operator, key: &Value, value: &Value) -> bool {
    match operator {
        Operator::Equals => equal(key, value) == Some(true),
        // Nothing is only said of null; all other kinds that cannot be equal are not.
        Operator::NotEquals => !key.is_null() && equal(key, value) != Some(true),
        Operator::Order(order) => ordered(order, key, value),
        Operator::Duration(order) => {
            let seconds = |value: &Value| match value {
                Value::Number(number) => number.as_f64().map(Duration::of_seconds),
                Value::String(text) => Duration::parse(text),
                _ => None,
            };
            matches!((seconds(key), seconds(value)), (Some(key), Some(value)) if order.admits(key.cmp(&value)))
        }
        _ => member(operator, key, value).unwrap_or(false),
    }
}

/// Both as durations, when at least one is written as one, and the other is one or a number of seconds.
fn durations(key: &Value, value: &Value) -> Option<(Duration, Duration)> {
    let written = |value: &Value| value.as_str().filter(|text| *text != "0").and_then(Duration::parse);
    let (first, second) = (written(key), written(value));
    if first.is_none() && second.is_none() {
        return None;
    }
    let seconds = |value: &Value| value.as_f64().map(Duration::of_seconds);
    Some((first.or_else(|| seconds(key))?, second.or_else(|| seconds(value))?))
}

fn quantities(key: &Value, value: &Value) -> Option<(Quantity, Quantity)> {
    Some((Quantity::parse(key.as_str()?)?, Quantity::parse(value.as_str()?)?))
}

fn equal(key: &Value, value: &Value) -> Option<bool> {
    match (key, value) {
        (Value::Null, _) => None,
        (Value::String(text), _) => {
            if let Some((key, value)) = durations(key, value) {
                return Some(key == value);
            }
            if let Some((key, value)) = quantities(key, value) {
                return Some(key.compare(value).is_eq());
            }
            value.as_str().map(|pattern| wildcard::fits(pattern, text))
        }
        (Value::Number(number), Value::String(text)) => {
            if let Some((key, value)) = durations(key, value) {
                return Some(key == value);
            }
            text.parse::<f64>().ok().map(|value| Some(value) == number.as_f64())
        }
        _ => Some(same(key, value)),
    }
}

fn ordered(order: Order, key: &Value, value: &Value) -> bool {
    if let Some((key, value)) = durations(key, value) {
        return order.admits(key.cmp(&value));
    }
    if let Some((key, value)) = quantities(key, value) {
        return order.admits(key.compare(value));
    }
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    if let (Some(key), Some(value)) = (number(key), number(value)) {
        return order.numbers(key, value);
    }
    let version = |value: &Value| value.as_str().and_then(Version::parse);
    matches!((version(key), version(value)), (Some(key), Some(value)) if order.admits(key.cmp(&value)))
}

/// A value as the text that it is compared by.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The operators about lists. Nothing where a side is of a kind that they do not speak of.
fn member(operator: Operator, key: &Value, value: &Value) -> Option<bool> {
    let keys: Vec<Cow<'_, str>> = match key {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => vec![text(key)],
        _ => return None,
    };
    let inside = |part: &str| -> Option<bool> {
        Some(match value {
            Value::Array(values) => values.iter().any(|value| {
                let value = text(value);
                wildcard::fits(&value, part) || (operator != Operator::In && wildcard::fits(part, &value))
            }),
            Value::String(values) => {
                if wildcard::fits(values, part) {
                    true
                } else if matches!(range(values), Some((.., false))) {
                    TextPattern::read(values).fits(&Value::from(part))
                } else if let Ok(Value::Array(listed)) = serde_json::from_str(values) {
                    listed.iter().any(|listed| {
                        listed.as_str().is_some_and(|it| wildcard::fits(it, part) || wildcard::fits(part, it))
                    })
                } else {
                    wildcard::fits(part, values)
                }
            }
            Value::Number(_) | Value::Bool(_) => text(value) == part,
            _ => return None,
        })
    };
    let (mut any, mut all) = (false, true);
    for part in &keys {
        let found = inside(part)?;
        any |= found;
        all &= found;
    }
    if keys.is_empty() && matches!(value, Value::Null | Value::Object(_)) {
        return None;
    }
    Some(match operator {
        Operator::AnyIn => any,
        Operator::AllIn | Operator::In => all,
        Operator::AnyNotIn | Operator::NotIn => !all,
        _ => !any,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::{evaluate, operator};

    #[test]
    fn each_operator() {
        for (key, name, value, expected) in [
            (json!("a"), "Equals", json!("a*"), true),
            (json!("1h"), "Equals", json!("60m"), true),
            (json!("1Gi"), "Equals", json!("1024Mi"), true),
            (json!(1), "Equals", json!("1"), true),
            (json!("a"), "NotEquals", json!("b"), true),
            (json!(true), "NotEquals", json!("true"), true),
            (json!("a"), "In", json!(["a", "b"]), true),
            (json!(["a", "c"]), "In", json!(["a", "b"]), false),
            (json!(["a", "c"]), "NotIn", json!(["a", "b"]), true),
            (json!(["a", "c"]), "AnyIn", json!(["c*"]), true),
            (json!(["a", "c"]), "AllIn", json!(["a", "b"]), false),
            (json!(["a", "c"]), "AnyNotIn", json!(["a"]), true),
            (json!(["a", "c"]), "AllNotIn", json!(["a"]), false),
            (json!([]), "AnyIn", json!(["a"]), false),
            (json!([]), "AllIn", json!(["a"]), true),
            (json!([]), "AllNotIn", json!(["a"]), true),
            (json!(5), "AnyIn", json!("1-10"), true),
            (json!([5, 11]), "AnyNotIn", json!("1-10"), true),
            (json!("a"), "AnyIn", json!("[\"a\", \"b\"]"), true),
            (json!("2Gi"), "GreaterThan", json!("1Gi"), true),
            (json!(3), "LessThanOrEquals", json!(3.0), true),
            (json!("1.2.3"), "LessThan", json!("1.10.0"), true),
            (json!("30m"), "DurationLessThan", json!("1h"), true),
            (json!(7200), "DurationGreaterThanOrEquals", json!("2h"), true),
            (json!(null), "Equals", json!("x"), false),
        ] {
            assert_eq!(evaluate(operator(name).unwrap(), &key, &value), expected, "{key} {name} {value}");
        }
    }
}
