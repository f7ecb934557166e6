//! Values of expressions. What comes from an object is borrowed from it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value as Json;

use super::kyverno::Image;
use super::network::{Cidr, Url};
use super::quantity::Quantity;
use super::release::Release;
use super::time::Timestamp;

/// A text, borrowed from the object or the expression, or made by a function.
#[derive(Clone, Debug)]
pub(crate) enum Text<'d> {
    Borrowed(&'d str),
    Shared(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}
impl Eq for Text<'_> {}
impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

/// What may be the key of a map. Signed and unsigned numbers are the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key<'d> {
    Bool(bool),
    Number(i128),
    Text(Text<'d>),
}

/// A list of an object, or one that an expression made.
#[derive(Clone, Debug)]
pub(crate) enum List<'d> {
    Json(&'d [Json]),
    Owned(Rc<Vec<Value<'d>>>),
}

/// A map of an object, or one that an expression made.
#[derive(Clone, Debug)]
pub(crate) enum Map<'d> {
    Json(&'d serde_json::Map<String, Json>),
    Owned(Rc<BTreeMap<Key<'d>, Value<'d>>>),
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value<'d> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Text<'d>),
    Bytes(Arc<[u8]>),
    List(List<'d>),
    Map(Map<'d>),
    /// Nanoseconds.
    Duration(i64),
    Timestamp(Timestamp),
    Type(&'static str),
    Optional(Option<Rc<Value<'d>>>),
    Quantity(Quantity),
    Url(Rc<Url>),
    Ip(IpAddr),
    Cidr(Cidr),
    Release(Rc<Release>),
    Image(Rc<Image>),
    /// A named format of Kubernetes, for example `dns1123Label`.
    Format(&'static str),
}

impl<'d> Value<'d> {
    /// A value of an object, where it stands.
    pub(crate) fn json(value: &'d Json) -> Self {
        match value {
            Json::Null => Value::Null,
            Json::Bool(bool) => Value::Bool(*bool),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Value::Int(number),
                (None, Some(number)) => Value::Uint(number),
                (None, None) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::String(Text::Borrowed(text)),
            Json::Array(items) => Value::List(List::Json(items)),
            Json::Object(members) => Value::Map(Map::Json(members)),
        }
    }

    /// A text that a function made.
    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Value::String(Text::Shared(text.into()))
    }

    /// A list that an expression made.
    pub(crate) fn list(items: Vec<Value<'d>>) -> Self {
        Value::List(List::Owned(Rc::new(items)))
    }

    /// A map that an expression made.
    pub(crate) fn map(members: BTreeMap<Key<'d>, Value<'d>>) -> Self {
        Value::Map(Map::Owned(Rc::new(members)))
    }

    /// A number of elements.
    pub(crate) fn size(count: usize) -> Self {
        Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// An optional with a value in it.
    pub(crate) fn some(value: Value<'d>) -> Self {
        Value::Optional(Some(Rc::new(value)))
    }

    /// The name of the type, as `type()` and errors write it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Duration(_) => "google.protobuf.Duration",
            Value::Timestamp(_) => "google.protobuf.Timestamp",
            Value::Type(_) => "type",
            Value::Optional(_) => "optional_type",
            Value::Quantity(_) => "kubernetes.Quantity",
            Value::Url(_) => "kubernetes.URL",
            Value::Ip(_) => "net.IP",
            Value::Cidr(_) => "net.CIDR",
            Value::Release(_) => "kubernetes.Semver",
            Value::Image(_) => "kyverno.Image",
            Value::Format(_) => "kubernetes.NamedFormat",
        }
    }

    /// The key that this value is, when it can be one. A whole double is the key of its number.
    pub(crate) fn key(&self) -> Option<Key<'d>> {
        match self {
            Value::Bool(bool) => Some(Key::Bool(*bool)),
            Value::Int(number) => Some(Key::Number(i128::from(*number))),
            Value::Uint(number) => Some(Key::Number(i128::from(*number))),
            #[allow(clippy::cast_possible_truncation, reason = "whole and within the range of both integers")]
            Value::Double(number) if number.fract() == 0.0 && number.abs() < 1.9e19 => {
                Some(Key::Number(*number as i128))
            }
            Value::String(text) => Some(Key::Text(text.clone())),
            _ => None,
        }
    }

    /// The value as JSON; what JSON has no form for is written as a text.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Value::Null | Value::Optional(None) => Json::Null,
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Int(number) => Json::from(*number),
            Value::Uint(number) => Json::from(*number),
            Value::Double(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Value::String(text) => Json::String(text.to_string()),
            Value::List(List::Json(items)) => Json::Array(items.to_vec()),
            Value::List(List::Owned(items)) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Map(Map::Json(members)) => Json::Object((*members).clone()),
            Value::Map(Map::Owned(members)) => {
                Json::Object(members.iter().map(|(key, value)| (key.to_string(), value.to_json())).collect())
            }
            Value::Optional(Some(value)) => value.to_json(),
            other => Json::String(super::convert::written(other).unwrap_or_else(|| other.type_name().into())),
        }
    }
}

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Bool(bool) => write!(formatter, "{bool}"),
            Key::Number(number) => write!(formatter, "{number}"),
            Key::Text(text) => formatter.write_str(text),
        }
    }
}

impl<'d> Key<'d> {
    /// The key as a value.
    pub(crate) fn value(&self) -> Value<'d> {
        match self {
            Key::Bool(bool) => Value::Bool(*bool),
            Key::Number(number) => i64::try_from(*number)
                .map_or_else(|_| Value::Uint(u64::try_from(*number).unwrap_or(u64::MAX)), Value::Int),
            Key::Text(text) => Value::String(text.clone()),
        }
    }
}

impl<'d> List<'d> {
    pub(crate) fn len(&self) -> usize {
        match self {
            List::Json(items) => items.len(),
            List::Owned(items) => items.len(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Value<'d>> {
        match self {
            List::Json(items) => items.get(index).map(Value::json),
            List::Owned(items) => items.get(index).cloned(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Value<'d>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<'d> Map<'d> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Map::Json(members) => members.len(),
            Map::Owned(members) => members.len(),
        }
    }

    pub(crate) fn get(&self, key: &Key<'d>) -> Option<Value<'d>> {
        match (self, key) {
            (Map::Json(members), Key::Text(text)) => members.get(&**text).map(Value::json),
            (Map::Json(_), _) => None,
            (Map::Owned(members), key) => members.get(key).cloned(),
        }
    }

    pub(crate) fn field(&self, name: &'d str) -> Option<Value<'d>> {
        match self {
            Map::Json(members) => members.get(name).map(Value::json),
            Map::Owned(members) => members.get(&Key::Text(Text::Borrowed(name))).cloned(),
        }
    }

    /// The members, in the order of the object or of the keys.
    pub(crate) fn entries(&self) -> Vec<(Key<'d>, Value<'d>)> {
        match self {
            Map::Json(members) => members
                .iter()
                .map(|(key, value)| (Key::Text(Text::Borrowed(key.as_str())), Value::json(value)))
                .collect(),
            Map::Owned(members) => members.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        }
    }
}
