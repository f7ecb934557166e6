//! The values of Go that a template can meet, with the types that Go would give them.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::moment::{Moment, Month, Weekday};
use super::version::Version;

/// A value. Numbers keep their Go type, because functions accept some types only.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value at all: a map has no such key, and nothing demands it.
    Missing,
    /// A nil that a map, a list or a function holds.
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint64(u64),
    Byte(u8),
    Float(f64),
    Text(Rc<str>),
    List(Rc<List>),
    Map(Map),
    Time(Rc<Moment>),
    /// Nanoseconds.
    Duration(i64),
    Month(Month),
    Weekday(Weekday),
    Version(Rc<Version>),
}

/// What a list is declared to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    Any,
    Text,
    Int,
    Lists,
}

/// A slice.
#[derive(Debug)]
pub struct List {
    pub element: Element,
    pub items: Vec<Value>,
    /// Levels of lists in lists, so that nothing recurses without bound.
    pub depth: usize,
}

/// The entries of a map, sorted by key as Go prints and ranges over them.
pub type Entries = BTreeMap<Rc<str>, Value>;

/// A map with texts as keys; copies are the same map.
#[derive(Clone, Debug)]
pub struct Map {
    /// Whether it is declared to hold texts only.
    pub of_texts: bool,
    entries: Rc<RefCell<Entries>>,
}

impl Map {
    pub fn new(entries: Entries) -> Self {
        Self { of_texts: false, entries: Rc::new(RefCell::new(entries)) }
    }

    pub fn of_texts(entries: Entries) -> Self {
        Self { of_texts: true, entries: Rc::new(RefCell::new(entries)) }
    }

    pub fn get(&self, key: &str) -> Option<Value> {
        self.entries.borrow().get(key).cloned()
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.borrow().contains_key(key)
    }

    pub fn set(&self, key: Rc<str>, value: Value) {
        self.entries.borrow_mut().insert(key, value);
    }

    pub fn remove(&self, key: &str) {
        self.entries.borrow_mut().remove(key);
    }

    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// The entries as they are now.
    pub fn snapshot(&self) -> Vec<(Rc<str>, Value)> {
        self.entries.borrow().iter().map(|(key, value)| (Rc::clone(key), value.clone())).collect()
    }

    pub fn entries(&self) -> Ref<'_, Entries> {
        self.entries.borrow()
    }

    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }

    /// Takes everything out, so that maps that hold each other are freed.
    pub fn clear(&self) -> Entries {
        self.entries.take()
    }
}

impl Value {
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Rc::from(text.as_ref()))
    }

    /// Whether it is nil in a variable of type `interface{}`.
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Missing | Self::Nil)
    }

    /// The type as Go writes it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Missing | Self::Nil => "interface {}",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint64(_) => "uint64",
            Self::Byte(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(list) => match list.element {
                Element::Any => "[]interface {}",
                Element::Text => "[]string",
                Element::Int => "[]int",
                Element::Lists => "[][]interface {}",
            },
            Self::Map(map) => {
                if map.of_texts {
                    "map[string]string"
                } else {
                    "map[string]interface {}"
                }
            }
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Version(_) => "*semver.Version",
        }
    }

    /// The kind as Go's `reflect` names it.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Missing | Self::Nil => "invalid",
            Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Time(_) => "struct",
            Self::Duration(_) => "int64",
            Self::Month(_) | Self::Weekday(_) => "int",
            Self::Version(_) => "ptr",
            other => other.type_name(),
        }
    }

    /// Whether `if` takes its branch.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) | Self::Duration(value) => *value != 0,
            Self::Uint64(value) => *value != 0,
            Self::Byte(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Weekday(day) => day.0 != 0,
            Self::Month(_) | Self::Time(_) | Self::Version(_) => true,
        }
    }

    /// How deep lists nest in it; maps end the count, they are kept by the render itself.
    pub fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            _ => 0,
        }
    }

    /// JSON as Go decodes it: every number is a `float64`. Maps are handed to `keep`.
    pub fn of_json(json: &Json, keep: &mut dyn FnMut(&Map)) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            Json::String(text) => Self::text(text),
            Json::Array(items) => {
                Self::list(Element::Any, items.iter().map(|item| Self::of_json(item, keep)).collect())
            }
            Json::Object(members) => {
                let entries = members
                    .iter()
                    .map(|(key, member)| (Rc::from(key.as_str()), Self::of_json(member, keep)))
                    .collect();
                let map = Map::new(entries);
                keep(&map);
                Self::Map(map)
            }
        }
    }

    /// A list whose depth is known to be harmless; [`super::runtime::Runtime::list`] checks others.
    pub fn list(element: Element, items: Vec<Self>) -> Self {
        let depth = 1 + items.iter().map(Self::depth).max().unwrap_or(0);
        Self::List(Rc::new(List { element, items, depth }))
    }

    /// The same as Go's `reflect.DeepEqual`; `budget` bounds the comparison, and `None` says it is used up.
    pub fn deep_equals(&self, other: &Self, budget: &mut usize) -> Option<bool> {
        *budget = budget.checked_sub(1)?;
        Some(match (self, other) {
            (Self::Missing | Self::Nil, Self::Missing | Self::Nil) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b))
            | (Self::Int64(a), Self::Int64(b))
            | (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Uint64(a), Self::Uint64(b)) => a == b,
            (Self::Byte(a), Self::Byte(b)) => a == b,
            #[expect(clippy::float_cmp, reason = "Go compares the same way")]
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::Month(a), Self::Month(b)) => a == b,
            (Self::Weekday(a), Self::Weekday(b)) => a == b,
            (Self::Version(a), Self::Version(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                if a.element != b.element || a.items.len() != b.items.len() {
                    return Some(false);
                }
                for (left, right) in a.items.iter().zip(&b.items) {
                    if !left.deep_equals(right, budget)? {
                        return Some(false);
                    }
                }
                true
            }
            (Self::Map(a), Self::Map(b)) => {
                if a.is_same(b) {
                    return Some(true);
                }
                if a.of_texts != b.of_texts || a.len() != b.len() {
                    return Some(false);
                }
                for ((left_key, left), (right_key, right)) in a.entries().iter().zip(b.entries().iter()) {
                    if left_key != right_key || !left.deep_equals(right, budget)? {
                        return Some(false);
                    }
                }
                true
            }
            _ => false,
        })
    }
}

/// Bytes as text. What is not UTF-8 becomes one replacement character per byte, as Go shows it.
pub fn text_of_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}
