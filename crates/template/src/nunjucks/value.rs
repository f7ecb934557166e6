//! The values of a template: those of JavaScript, without its prototypes.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::function::Function;
use crate::nunjucks::pattern::Pattern;
use crate::nunjucks::record::Record;
use crate::nunjucks::text::Text;

/// How deep values may nest; deeper ones are refused before any recursion over them.
pub const NESTING: usize = 200;

/// A value. Lists, records, patterns and functions are shared and have identity.
#[derive(Clone, Debug)]
pub enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    String(Text),
    /// Text that is marked as safe from escaping: an object with its own identity, always truthy.
    Safe(Rc<Text>),
    List(Rc<List>),
    Record(Rc<RefRecord>),
    Pattern(Rc<Pattern>),
    Function(Rc<Function>),
}

/// A list that can grow.
#[derive(Debug, Default)]
pub struct List(pub RefCell<Vec<Value>>);

/// A record that can grow.
#[derive(Debug, Default)]
pub struct RefRecord(pub RefCell<Record>);

impl Value {
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(List(RefCell::new(items))))
    }

    pub fn record(record: Record) -> Self {
        Self::Record(Rc::new(RefRecord(RefCell::new(record))))
    }

    pub fn text(text: impl Into<Text>) -> Self {
        Self::String(text.into())
    }

    pub fn safe(text: impl Into<Text>) -> Self {
        Self::Safe(Rc::new(text.into()))
    }

    pub fn integer(number: usize) -> Self {
        Self::Number(number as f64)
    }

    pub const fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }

    /// `undefined` or `null`.
    pub const fn is_nothing(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// The word for people.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Safe(_) => "a safe string",
            Self::List(_) => "a list",
            Self::Record(_) => "an object",
            Self::Pattern(_) => "a regular expression",
            Self::Function(_) => "a function",
        }
    }

    /// Puts a value in, with JavaScript's key order.
    pub fn insert(record: &Rc<RefRecord>, key: Rc<str>, value: Self) {
        record.0.borrow_mut().insert(key, value);
    }

    /// From JSON, paying for it.
    pub fn from_json(json: &Json, meter: &Meter) -> Outcome<Self> {
        Self::from_json_at(json, meter, 0)
    }

    fn from_json_at(json: &Json, meter: &Meter, depth: usize) -> Outcome<Self> {
        if depth > NESTING {
            return Err(Fault::too_deep());
        }
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => {
                meter.allocate(text.len() + 16)?;
                Self::text(text.as_str())
            }
            Json::Array(items) => {
                meter.allocate(items.len() * 24 + 32)?;
                let items: Outcome<_> =
                    items.iter().map(|item| Self::from_json_at(item, meter, depth + 1)).collect();
                Self::list(items?)
            }
            Json::Object(members) => {
                meter.allocate(members.len() * 64 + 64)?;
                let members: Outcome<Vec<(Rc<str>, Self)>> = members
                    .iter()
                    .map(|(key, value)| {
                        Ok((key.as_str().into(), Self::from_json_at(value, meter, depth + 1)?))
                    })
                    .collect();
                Self::record(Record::from_pairs(members?))
            }
        })
    }

    /// To JSON; `None` for what JSON has no word for. Safe strings become strings.
    pub fn to_json(&self) -> Outcome<Option<Json>> {
        self.to_json_at(0)
    }

    fn to_json_at(&self, depth: usize) -> Outcome<Option<Json>> {
        if depth > NESTING {
            return Err(Fault::too_deep());
        }
        Ok(Some(match self {
            Self::Undefined | Self::Function(_) => return Ok(None),
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Number(number) => number_to_json(*number),
            Self::String(text) => Json::String(text.to_str().into_owned()),
            Self::Safe(text) => Json::String(text.to_str().into_owned()),
            Self::Pattern(_) => Json::Object(serde_json::Map::new()),
            Self::List(list) => {
                let items: Outcome<Vec<Json>> = list
                    .0
                    .borrow()
                    .iter()
                    .map(|item| Ok(item.to_json_at(depth + 1)?.unwrap_or(Json::Null)))
                    .collect();
                Json::Array(items?)
            }
            Self::Record(record) => {
                let mut members = serde_json::Map::new();
                for (key, value) in record.0.borrow().iter() {
                    if let Some(value) = value.to_json_at(depth + 1)? {
                        members.insert(key.to_string(), value);
                    }
                }
                Json::Object(members)
            }
        }))
    }

    /// Takes out what this value alone owns, so that deep values are dropped without recursion.
    fn release(self, pending: &mut Vec<Self>) {
        match self {
            Self::List(list) => {
                if let Some(list) = Rc::into_inner(list) {
                    pending.append(&mut list.0.borrow_mut());
                }
            }
            Self::Record(record) => {
                if let Some(record) = Rc::into_inner(record) {
                    pending.extend(record.0.borrow_mut().drain());
                }
            }
            Self::Function(function) => {
                if let Some(function) = Rc::into_inner(function) {
                    function.release(pending);
                }
            }
            _ => {}
        }
    }

    const fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Record(_) | Self::Function(_))
    }
}

/// A JSON number; whole numbers are written without a fraction, and what is not finite is null.
pub fn number_to_json(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        Json::from(number as i64)
    } else {
        serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number)
    }
}

fn drop_all(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        value.release(&mut pending);
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let items = self.0.get_mut();
        if items.iter().any(Value::is_container) {
            drop_all(std::mem::take(items));
        }
    }
}

impl Drop for RefRecord {
    fn drop(&mut self) {
        let record = self.0.get_mut();
        if record.iter().any(|(_, value)| value.is_container()) {
            drop_all(record.drain().collect());
        }
    }
}

/// Refuses to put `value` into the container at `target` when it already holds that container: such a value
/// would have no end.
pub fn refuse_cycle(target: *const (), value: &Value, meter: &Meter) -> Outcome<()> {
    let mut pending = vec![value.clone()];
    while let Some(value) = pending.pop() {
        meter.spend(1)?;
        let same = match &value {
            Value::List(list) => Rc::as_ptr(list).cast::<()>() == target,
            Value::Record(record) => Rc::as_ptr(record).cast::<()>() == target,
            _ => false,
        };
        if same {
            return Err(Fault::value("a list or object cannot be put into itself"));
        }
        match &value {
            Value::List(list) => pending.extend(list.0.borrow().iter().filter(|v| v.is_container()).cloned()),
            Value::Record(record) => {
                pending
                    .extend(record.0.borrow().iter().map(|(_, v)| v).filter(|v| v.is_container()).cloned());
            }
            Value::Function(function) => pending.extend(function.held()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_hundred_thousand_nested_lists_are_dropped() {
        let mut value = Value::list(Vec::new());
        for _ in 0..100_000 {
            value = Value::list(vec![value]);
        }
        assert!(value.to_json().is_err());
    }
}
