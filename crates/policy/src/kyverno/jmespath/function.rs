//! The functions of JMESPath and those that Kyverno adds.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value};

use super::interpret::Interpreter;
use super::tree::Node;
use super::{Budget, QueryError, function_text as text, function_time as time, number, same};
use crate::kyverno::{duration::Duration, quantity::Quantity};

/// The most bytes that a compiled regular expression may take.
const MAX_REGEX: usize = 1 << 20;

/// What a function is given.
pub(crate) enum Argument<'a> {
    Value(Cow<'a, Value>),
    /// `&expression`
    Expression(&'a Node),
}

/// A function that exists, with its regular expression when that is known beforehand.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    regex: Option<Arc<Regex>>,
}

/// Each name with the fewest and the most arguments.
const FUNCTIONS: &[(&str, usize, usize)] = &[
    ("abs", 1, 1),
    ("add", 2, 2),
    ("avg", 1, 1),
    ("base64_decode", 1, 1),
    ("base64_encode", 1, 1),
    ("ceil", 1, 1),
    ("compare", 2, 2),
    ("contains", 2, 2),
    ("divide", 2, 2),
    ("ends_with", 2, 2),
    ("equal_fold", 2, 2),
    ("floor", 1, 1),
    ("image_normalize", 1, 1),
    ("is_external_url", 1, 1),
    ("items", 3, 3),
    ("join", 2, 2),
    ("keys", 1, 1),
    ("label_match", 2, 2),
    ("length", 1, 1),
    ("lookup", 2, 2),
    ("map", 2, 2),
    ("max", 1, 1),
    ("max_by", 2, 2),
    ("md5", 1, 1),
    ("merge", 0, 50),
    ("min", 1, 1),
    ("min_by", 2, 2),
    ("modulo", 2, 2),
    ("multiply", 2, 2),
    ("not_null", 1, 50),
    ("object_from_lists", 2, 2),
    ("parse_json", 1, 1),
    ("parse_yaml", 1, 1),
    ("path_canonicalize", 1, 1),
    ("pattern_match", 2, 2),
    ("random", 1, 1),
    ("regex_match", 2, 2),
    ("regex_replace_all", 3, 3),
    ("regex_replace_all_literal", 3, 3),
    ("replace", 4, 4),
    ("replace_all", 3, 3),
    ("reverse", 1, 1),
    ("round", 2, 2),
    ("semver_compare", 2, 2),
    ("sha1", 1, 1),
    ("sha256", 1, 1),
    ("sort", 1, 1),
    ("sort_by", 2, 2),
    ("split", 2, 2),
    ("starts_with", 2, 2),
    ("subtract", 2, 2),
    ("sum", 1, 1),
    ("time_add", 2, 2),
    ("time_after", 2, 2),
    ("time_before", 2, 2),
    ("time_between", 3, 3),
    ("time_diff", 2, 2),
    ("time_now", 0, 0),
    ("time_now_utc", 0, 0),
    ("time_parse", 2, 2),
    ("time_since", 3, 3),
    ("time_to_cron", 1, 1),
    ("time_truncate", 2, 2),
    ("time_utc", 1, 1),
    ("to_array", 1, 1),
    ("to_boolean", 1, 1),
    ("to_lower", 1, 1),
    ("to_number", 1, 1),
    ("to_string", 1, 1),
    ("to_upper", 1, 1),
    ("trim", 2, 2),
    ("trim_prefix", 2, 2),
    ("truncate", 2, 2),
    ("type", 1, 1),
    ("values", 1, 1),
    ("x509_decode", 1, 1),
    ("zip", 1, 50),
];

/// A regular expression within bounds.
pub(crate) fn regex(pattern: &str) -> Result<Regex, QueryError> {
    regex::RegexBuilder::new(pattern)
        .size_limit(MAX_REGEX)
        .build()
        .map_err(|error| QueryError::Failed(format!("the regular expression \"{pattern}\": {error}")))
}

impl Function {
    /// Finds a function; the error says what is wrong with the call.
    pub(crate) fn find(name: &str, arguments: usize, first: Option<&str>) -> Result<Self, String> {
        let known = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        let (name, fewest, most) = *known.ok_or_else(|| format!("there is no function \"{name}\""))?;
        if !(fewest..=most).contains(&arguments) {
            let expected = if fewest == most { fewest.to_string() } else { format!("{fewest} to {most}") };
            return Err(format!("{name} takes {expected} arguments, not {arguments}"));
        }
        let regex = match first.filter(|_| name.starts_with("regex_")) {
            Some(pattern) => Some(Arc::new(regex(pattern).map_err(|error| error.to_string())?)),
            None => None,
        };
        Ok(Self { name, regex })
    }

    /// The regular expression of the first argument. One that is made up on the way costs more than many steps.
    pub(crate) fn regex(&self, pattern: &str, budget: &Budget) -> Result<Arc<Regex>, QueryError> {
        match &self.regex {
            Some(known) if known.as_str() == pattern => Ok(known.clone()),
            _ => {
                budget.take(2_000 + pattern.len() * 10)?;
                regex(pattern).map(Arc::new)
            }
        }
    }

    /// A refusal of what the function is given.
    pub(crate) fn refuses(&self, expected: &str, found: &Value) -> QueryError {
        let mut shown = found.to_string();
        if shown.len() > 80 {
            shown = format!("{}…", shown.chars().take(80).collect::<String>());
        }
        QueryError::Failed(format!("{} expects {expected}, not {shown}", self.name))
    }

    pub(crate) fn call<'a>(
        &self,
        interpreter: &Interpreter<'_, 'a>,
        arguments: Vec<Argument<'a>>,
    ) -> Result<Value, QueryError> {
        let mut values: Vec<Cow<'a, Value>> = Vec::with_capacity(arguments.len());
        let mut expression = None;
        for argument in arguments {
            match argument {
                Argument::Value(value) => values.push(value),
                Argument::Expression(node) => expression = Some(node),
            }
        }
        let each = |item: &Value| match expression {
            Some(node) => interpreter.on_item(node, item),
            None => Err(QueryError::Failed(format!("{} expects an expression with &", self.name))),
        };
        if let Some(result) = text::call(self, interpreter.surroundings.budget(), &values)? {
            return Ok(result);
        }
        if let Some(result) = time::call(self, interpreter.surroundings.now(), &values)? {
            return Ok(result);
        }
        let first: &Value = values.first().map_or(&Value::Null, |value| &**value);
        let second: &Value = values.get(1).map_or(&Value::Null, |value| &**value);
        let items = || first.as_array().ok_or_else(|| self.refuses("a list", first));
        let float = |value: &Value| value.as_f64().ok_or_else(|| self.refuses("a number", value));
        match self.name {
            "abs" => Ok(number(float(first)?.abs())),
            "ceil" => Ok(number(float(first)?.ceil())),
            "floor" => Ok(number(float(first)?.floor())),
            "round" => {
                let places = float(second)?;
                if places < 0.0 || places.fract() != 0.0 {
                    return Err(self.refuses("a whole number of places", second));
                }
                let shift = 10_f64.powf(places.min(15.0));
                Ok(number((float(first)? * shift).round() / shift))
            }
            "add" | "subtract" | "multiply" | "divide" | "modulo" => {
                self.arithmetic(self.name, first, second)
            }
            "sum" => {
                let mut rest = items()?.iter();
                let Some(start) = rest.next() else {
                    return Err(QueryError::Failed("sum needs at least one item".to_owned()));
                };
                rest.try_fold(start.clone(), |sum, item| self.arithmetic("add", &sum, item))
            }
            "avg" => {
                let items = items()?;
                let sum = items.iter().map(float).sum::<Result<f64, _>>()?;
                Ok(if items.is_empty() { Value::Null } else { number(sum / items.len() as f64) })
            }
            "contains" => match first {
                Value::Array(items) => Ok(items.iter().any(|item| same(item, second)).into()),
                Value::String(text) => Ok(second.as_str().is_some_and(|part| text.contains(part)).into()),
                other => Err(self.refuses("a list or a text", other)),
            },
            "length" => match first {
                Value::Array(items) => Ok(items.len().into()),
                Value::Object(map) => Ok(map.len().into()),
                Value::String(text) => Ok(text.chars().count().into()),
                other => Err(self.refuses("a list, an object or a text", other)),
            },
            "keys" => {
                let map = first.as_object().ok_or_else(|| self.refuses("an object", first))?;
                Ok(map.keys().map(|key| Value::from(key.as_str())).collect())
            }
            "values" => {
                let map = first.as_object().ok_or_else(|| self.refuses("an object", first))?;
                Ok(map.values().cloned().collect())
            }
            "lookup" => match (first, second) {
                (Value::Object(map), Value::String(key)) => Ok(map.get(key).cloned().unwrap_or_default()),
                (Value::Array(items), Value::Number(index)) => {
                    let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
                    Ok(index.and_then(|index| items.get(index)).cloned().unwrap_or_default())
                }
                _ => Err(self.refuses("an object and a key, or a list and an index", first)),
            },
            "map" => {
                let list = first.as_array().ok_or_else(|| self.refuses("a list", first))?;
                list.iter().map(each).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            "merge" => {
                let mut merged = Map::new();
                for value in &values {
                    let map = value.as_object().ok_or_else(|| self.refuses("objects", value))?;
                    interpreter.surroundings.budget().take(map.len())?;
                    merged.extend(map.iter().map(|(key, value)| (key.clone(), value.clone())));
                }
                Ok(Value::Object(merged))
            }
            "not_null" => Ok(values
                .iter()
                .find(|value| !value.is_null())
                .map_or(Value::Null, |it| it.clone().into_owned())),
            "object_from_lists" => {
                let keys = items()?;
                let values = second.as_array().ok_or_else(|| self.refuses("two lists", second))?;
                let mut map = Map::new();
                for (position, key) in keys.iter().enumerate() {
                    let key = text::plain(key).ok_or_else(|| self.refuses("keys that are texts", key))?;
                    map.insert(key, values.get(position).cloned().unwrap_or_default());
                }
                Ok(Value::Object(map))
            }
            "items" => self.items(first, second, values.get(2).map_or(&Value::Null, |value| &**value)),
            "reverse" => match first {
                Value::Array(items) => Ok(items.iter().rev().cloned().collect()),
                Value::String(text) => Ok(text.chars().rev().collect::<String>().into()),
                other => Err(self.refuses("a list or a text", other)),
            },
            "sort" | "max" | "min" => {
                let sorted = self.sorted(items()?, |item| Ok(item.clone()))?;
                Ok(self.picked(sorted))
            }
            "sort_by" | "max_by" | "min_by" => {
                let sorted = self.sorted(items()?, each)?;
                Ok(self.picked(sorted))
            }
            "to_array" => Ok(match first {
                Value::Array(_) => first.clone(),
                other => Value::Array(vec![other.clone()]),
            }),
            "to_number" => Ok(match first {
                Value::Number(_) => first.clone(),
                Value::String(text) => text.trim().parse().map_or(Value::Null, number),
                _ => Value::Null,
            }),
            "type" => Ok(match first {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            }
            .into()),
            "zip" => {
                let lists: Option<Vec<&Vec<Value>>> = values.iter().map(|value| value.as_array()).collect();
                let lists = lists.ok_or_else(|| self.refuses("lists", first))?;
                let length = lists.iter().map(|list| list.len()).min().unwrap_or_default();
                interpreter.surroundings.budget().take(length * lists.len())?;
                Ok((0..length)
                    .map(|at| lists.iter().filter_map(|list| list.get(at).cloned()).collect::<Value>())
                    .collect())
            }
            "label_match" => {
                let (Some(wanted), Some(labels)) = (first.as_object(), second.as_object()) else {
                    return Err(self.refuses("two objects", first));
                };
                Ok(wanted.iter().all(|(key, value)| labels.get(key) == Some(value)).into())
            }
            "random" => {
                Err(QueryError::Unavailable("random has no value that an evaluation could repeat".into()))
            }
            "x509_decode" => Err(QueryError::Unavailable("certificates are not decoded here".into())),
            other => Err(QueryError::Failed(format!("there is no function \"{other}\""))),
        }
    }

    fn items(&self, source: &Value, key: &Value, value: &Value) -> Result<Value, QueryError> {
        let (Some(key_name), Some(value_name)) = (key.as_str(), value.as_str()) else {
            return Err(self.refuses("two names", key));
        };
        let item = |key: Value, value: &Value| {
            Value::Object(Map::from_iter([
                (key_name.to_owned(), key),
                (value_name.to_owned(), value.clone()),
            ]))
        };
        match source {
            Value::Object(map) => {
                let sorted: BTreeMap<&String, &Value> = map.iter().collect();
                Ok(sorted.into_iter().map(|(key, value)| item(key.as_str().into(), value)).collect())
            }
            Value::Array(list) => {
                Ok(list.iter().enumerate().map(|(index, value)| item(index.into(), value)).collect())
            }
            other => Err(self.refuses("an object or a list", other)),
        }
    }

    fn sorted(
        &self,
        items: &[Value],
        key: impl Fn(&Value) -> Result<Value, QueryError>,
    ) -> Result<Vec<Value>, QueryError> {
        let mut keyed: Vec<(Value, &Value)> = Vec::with_capacity(items.len());
        for item in items {
            let found = key(item)?;
            if !(found.is_number() || found.is_string())
                || keyed.first().is_some_and(|(first, _)| first.is_number() != found.is_number())
            {
                return Err(self.refuses("numbers only or texts only", &found));
            }
            keyed.push((found, item));
        }
        keyed.sort_by(|(left, _), (right, _)| match (left, right) {
            (Value::String(left), Value::String(right)) => left.cmp(right),
            _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        });
        Ok(keyed.into_iter().map(|(_, item)| item.clone()).collect())
    }

    /// Everything, the largest or the smallest, as the name says.
    fn picked(&self, sorted: Vec<Value>) -> Value {
        let picked = match self.name.get(..3) {
            Some("max") => sorted.last().cloned(),
            Some("min") => sorted.first().cloned(),
            _ => return Value::Array(sorted),
        };
        picked.unwrap_or_default()
    }

    /// Numbers, quantities and durations, each with its own kind, or with a number as the factor or divisor.
    fn arithmetic(&self, operation: &str, left: &Value, right: &Value) -> Result<Value, QueryError> {
        let (first, second) = (
            Amount::of(left).ok_or_else(|| self.refuses("numbers, quantities or durations", left))?,
            Amount::of(right).ok_or_else(|| self.refuses("numbers, quantities or durations", right))?,
        );
        let zero = match second {
            Amount::Scalar(value) => value == 0.0,
            Amount::Quantity(value) => value.value() == 0.0,
            Amount::Duration(value) => value.0 == 0,
        };
        if zero && matches!(operation, "divide" | "modulo") {
            return Err(QueryError::Failed(format!("{}: division by zero", self.name)));
        }
        let whole = |value: f64| value.fract() == 0.0;
        let quantity = |value: Option<Quantity>| value.map(|it| Value::from(it.to_string()));
        let duration = |value: Option<i64>| value.map(|it| Value::from(Duration(it).to_string()));
        let result = match (operation, first, second) {
            ("add", Amount::Scalar(left), Amount::Scalar(right)) => Some(number(left + right)),
            ("add", Amount::Quantity(left), Amount::Quantity(right)) => quantity(left.add(right)),
            ("add", Amount::Duration(left), Amount::Duration(right)) => duration(left.0.checked_add(right.0)),
            ("subtract", Amount::Scalar(left), Amount::Scalar(right)) => Some(number(left - right)),
            ("subtract", Amount::Quantity(left), Amount::Quantity(right)) => quantity(left.subtract(right)),
            ("subtract", Amount::Duration(left), Amount::Duration(right)) => {
                duration(left.0.checked_sub(right.0))
            }
            ("multiply", Amount::Scalar(left), Amount::Scalar(right)) => Some(number(left * right)),
            ("multiply", Amount::Quantity(value), Amount::Scalar(factor))
            | ("multiply", Amount::Scalar(factor), Amount::Quantity(value)) => {
                quantity(value.multiply(factor))
            }
            ("multiply", Amount::Duration(value), Amount::Scalar(factor))
            | ("multiply", Amount::Scalar(factor), Amount::Duration(value)) => {
                duration(Some(Duration::of_seconds(value.seconds() * factor).0))
            }
            ("divide", Amount::Scalar(left), Amount::Scalar(right)) => Some(number(left / right)),
            ("divide", Amount::Quantity(left), Amount::Quantity(right)) => {
                Some(number(left.value() / right.value()))
            }
            ("divide", Amount::Quantity(left), Amount::Scalar(right)) => quantity(left.divide(right)),
            ("divide", Amount::Duration(left), Amount::Duration(right)) => {
                Some(number(left.seconds() / right.seconds()))
            }
            ("divide", Amount::Duration(left), Amount::Scalar(right)) => {
                duration(Some(Duration::of_seconds(left.seconds() / right).0))
            }
            ("modulo", Amount::Scalar(left), Amount::Scalar(right)) if whole(left) && whole(right) => {
                Some(number(left % right))
            }
            ("modulo", Amount::Quantity(left), Amount::Quantity(right)) => quantity(left.modulo(right)),
            ("modulo", Amount::Duration(left), Amount::Duration(right)) => {
                duration(left.0.checked_rem(right.0))
            }
            _ => None,
        };
        result.ok_or_else(|| {
            QueryError::Failed(format!("{} cannot be done with {left} and {right}", self.name))
        })
    }
}

#[derive(Clone, Copy)]
enum Amount {
    Scalar(f64),
    Quantity(Quantity),
    Duration(Duration),
}

impl Amount {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(_) => value.as_f64().map(Self::Scalar),
            Value::String(text) => Quantity::parse(text)
                .map(Self::Quantity)
                .or_else(|| Duration::parse(text).map(Self::Duration)),
            _ => None,
        }
    }
}
