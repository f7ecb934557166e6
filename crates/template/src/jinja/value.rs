//! Python's values, as far as templates can make them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use indexmap::{Equivalent, IndexMap};
use serde_json::Value as Json;

use crate::budget::Meter;
use crate::error::{Fault, Outcome, TemplateErrorKind, near_names};
use crate::jinja::object::Object;
use crate::jinja::scope::Scope;

/// A dictionary in the order of its entries.
pub type Map = IndexMap<Key, Value>;

#[derive(Clone, Debug)]
pub enum Value {
    Undefined(Rc<Missing>),
    None,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(Rc<str>),
    /// Text that is HTML already.
    Safe(Rc<str>),
    List(Rc<RefCell<Vec<Value>>>),
    Tuple(Rc<[Value]>),
    Map(Rc<RefCell<Map>>),
    Range(Rc<Range>),
    View(View, Rc<RefCell<Map>>),
    /// What a generator has left; reading it empties it.
    Stream(Rc<RefCell<VecDeque<Value>>>),
    Object(Rc<Object>),
}

/// Why a value is not there.
#[derive(Debug)]
pub enum Missing {
    /// A name that nothing is known of, with one that is near to it.
    Name(Rc<str>, Option<String>),
    Attribute(Value, Rc<str>),
    Because(String),
    /// What an inline `if` without `else` gives. Unlike the others it may be printed, as nothing.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub start: i64,
    pub stop: i64,
    pub step: i64,
}

impl Range {
    pub fn len(self) -> usize {
        let (span, step) = if self.step > 0 {
            (i128::from(self.stop) - i128::from(self.start), i128::from(self.step))
        } else {
            (i128::from(self.start) - i128::from(self.stop), -i128::from(self.step))
        };
        if span <= 0 { 0 } else { usize::try_from((span + step - 1) / step).unwrap_or(usize::MAX) }
    }

    pub fn get(self, index: usize) -> Option<i128> {
        (index < self.len()).then(|| i128::from(self.start) + i128::from(self.step) * index as i128)
    }
}

/// A look at a dictionary that follows its changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    Keys,
    Values,
    Items,
}

/// What a dictionary can be asked for. Numbers that are equal are the same key.
#[derive(Clone, Debug)]
pub enum Key {
    None,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(Rc<str>),
    Tuple(Vec<Key>),
}

impl Key {
    fn number(&self) -> Option<i128> {
        match self {
            Self::Bool(value) => Some(i128::from(*value)),
            Self::Integer(value) => Some(*value),
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 1e30 => Some(*value as i128),
            _ => None,
        }
    }

    pub fn value(&self, heap: &Heap) -> Outcome<Value> {
        Ok(match self {
            Self::None => Value::None,
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => Value::Text(Rc::clone(text)),
            Self::Tuple(items) => {
                let items: Outcome<Vec<Value>> = items.iter().map(|item| item.value(heap)).collect();
                heap.tuple(items?)?
            }
        })
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Tuple(left), Self::Tuple(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left == right,
            _ => match (self.number(), other.number()) {
                (Some(left), Some(right)) => left == right,
                _ => false,
            },
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match (self, self.number()) {
            (_, Some(number)) => (1_u8, number).hash(state),
            (Self::Text(text), _) => TextKey(text).hash(state),
            (Self::Float(value), _) => (3_u8, value.to_bits()).hash(state),
            (Self::Tuple(items), _) => (4_u8, items).hash(state),
            _ => 0_u8.hash(state),
        }
    }
}

/// Looks up text without making a key of it.
pub struct TextKey<'t>(pub &'t str);

impl Hash for TextKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (2_u8, self.0).hash(state);
    }
}

impl Equivalent<Key> for TextKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if **text == *self.0)
    }
}

impl Value {
    pub fn because(reason: impl Into<String>) -> Self {
        Self::Undefined(Rc::new(Missing::Because(reason.into())))
    }

    /// The text of a text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Safe(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number; booleans count as 0 and 1.
    pub const fn as_integer(&self) -> Option<i128> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Bool(value) => Some(*value as i128),
            _ => None,
        }
    }

    pub const fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Integer(value) => Some(*value as f64),
            Self::Bool(value) => Some(*value as u8 as f64),
            _ => None,
        }
    }

    pub const fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined(_))
    }

    /// An error if it is undefined.
    pub fn defined(&self) -> Outcome<&Self> {
        match self {
            Self::Undefined(missing) => Err(missing.fault()),
            value => Ok(value),
        }
    }

    /// Python's truth. Of something undefined it is an error.
    pub fn is_true(&self) -> Outcome<bool> {
        Ok(match self {
            Self::Undefined(missing) if matches!(**missing, Missing::Nothing) => false,
            Self::Undefined(missing) => return Err(missing.fault()),
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Integer(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) | Self::Safe(text) => !text.is_empty(),
            Self::List(items) => !items.borrow().is_empty(),
            Self::Tuple(items) => !items.is_empty(),
            Self::Map(map) | Self::View(_, map) => !map.borrow().is_empty(),
            Self::Range(range) => range.len() > 0,
            Self::Stream(_) | Self::Object(_) => true,
        })
    }

    /// How many things are in it; `None` where Python knows no length.
    pub fn length(&self) -> Option<usize> {
        Some(match self {
            Self::Text(text) | Self::Safe(text) => text.chars().count(),
            Self::List(items) => items.borrow().len(),
            Self::Tuple(items) => items.len(),
            Self::Map(map) | Self::View(_, map) => map.borrow().len(),
            Self::Range(range) => range.len(),
            Self::Object(object) => return object.length(),
            _ => return None,
        })
    }

    /// Python's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined(_) => "Undefined",
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::Safe(_) => "Markup",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Map(_) => "dict",
            Self::Range(_) => "range",
            Self::View(View::Keys, _) => "dict_keys",
            Self::View(View::Values, _) => "dict_values",
            Self::View(View::Items, _) => "dict_items",
            Self::Stream(_) => "generator",
            Self::Object(object) => object.type_name(),
        }
    }

    /// As a key of a dictionary, if it does not change.
    pub fn key(&self, heap: &Heap) -> Outcome<Key> {
        Ok(match self {
            Self::None => Key::None,
            Self::Bool(value) => Key::Bool(*value),
            Self::Integer(value) => Key::Integer(*value),
            Self::Float(value) => Key::Float(*value),
            Self::Text(text) | Self::Safe(text) => Key::Text(Rc::clone(text)),
            Self::Tuple(items) => {
                heap.meter.enter()?;
                let items: Outcome<Vec<Key>> = items.iter().map(|item| item.key(heap)).collect();
                heap.meter.leave();
                Key::Tuple(items?)
            }
            Self::Undefined(missing) => return Err(missing.fault()),
            other => {
                return Err(Fault::value(format!("unhashable type: '{}'", other.type_name()))
                    .hint("Keys are text, numbers, or tuples of these."));
            }
        })
    }
}

impl Missing {
    pub fn fault(&self) -> Box<Fault> {
        let fault = |message: String| Fault::new(TemplateErrorKind::Undefined, message);
        match self {
            Self::Name(name, near) => {
                let fault = fault(format!("'{name}' is undefined"));
                match near {
                    Some(near) => fault.hint(format!("Did you mean \"{near}\"?")),
                    None => fault.hint("Give it a value, or write {{ name|default('…') }}."),
                }
            }
            Self::Attribute(value, name) => {
                let owner = match value {
                    Value::None => "None".to_owned(),
                    value => format!("{} object", value.type_name()),
                };
                let fault = fault(format!("'{owner}' has no attribute '{name}'"));
                let Value::Map(map) = value else { return fault };
                let map = map.borrow();
                let names = map.keys().take(1_000).filter_map(|key| match key {
                    Key::Text(text) => Some(&**text),
                    _ => None,
                });
                match near_names(name, names).first() {
                    Some(near) => fault.hint(format!("Did you mean \"{near}\"?")),
                    None => fault.hint("Give it a value, or write {{ …|default('…') }}."),
                }
            }
            Self::Because(reason) => fault(reason.clone()),
            Self::Nothing => fault("the inline if is false and has no else".to_owned()),
        }
    }
}

/// Where values live while a template runs. It pays for them, and takes them apart at the end: containers that
/// hold each other, or that hold one another a million deep, would otherwise stay forever or exhaust the stack.
pub struct Heap {
    pub meter: Meter,
    lists: RefCell<Vec<Rc<RefCell<Vec<Value>>>>>,
    maps: RefCell<Vec<Rc<RefCell<Map>>>>,
    streams: RefCell<Vec<Rc<RefCell<VecDeque<Value>>>>>,
    tuples: RefCell<Vec<Rc<[Value]>>>,
    scopes: RefCell<Vec<Rc<Scope>>>,
}

impl Heap {
    pub const fn new(meter: Meter) -> Self {
        Self {
            meter,
            lists: RefCell::new(Vec::new()),
            maps: RefCell::new(Vec::new()),
            streams: RefCell::new(Vec::new()),
            tuples: RefCell::new(Vec::new()),
            scopes: RefCell::new(Vec::new()),
        }
    }

    /// Has a scope emptied at the end, as a value holds it that it may hold.
    pub fn keep_scope(&self, scope: &Rc<Scope>) {
        self.scopes.borrow_mut().push(Rc::clone(scope));
    }

    pub fn text(&self, text: impl Into<String>) -> Outcome<Value> {
        let text = text.into();
        self.meter.allocate(text.len() + 16)?;
        Ok(Value::Text(text.into()))
    }

    pub fn list(&self, items: Vec<Value>) -> Outcome<Value> {
        self.meter.allocate(items.len() * size_of::<Value>() + 64)?;
        let list = Rc::new(RefCell::new(items));
        self.lists.borrow_mut().push(Rc::clone(&list));
        Ok(Value::List(list))
    }

    pub fn tuple(&self, items: Vec<Value>) -> Outcome<Value> {
        self.shared_tuple(items).map(Value::Tuple)
    }

    pub fn shared_tuple(&self, items: Vec<Value>) -> Outcome<Rc<[Value]>> {
        self.meter.allocate(items.len() * size_of::<Value>() + 64)?;
        let tuple: Rc<[Value]> = items.into();
        self.tuples.borrow_mut().push(Rc::clone(&tuple));
        Ok(tuple)
    }

    pub fn map(&self, map: Map) -> Outcome<Value> {
        self.shared_map(map).map(Value::Map)
    }

    pub fn shared_map(&self, map: Map) -> Outcome<Rc<RefCell<Map>>> {
        self.meter.allocate(map.len() * 96 + 96)?;
        let map = Rc::new(RefCell::new(map));
        self.maps.borrow_mut().push(Rc::clone(&map));
        Ok(map)
    }

    pub fn stream(&self, items: impl Into<VecDeque<Value>>) -> Outcome<Value> {
        let items = items.into();
        self.meter.allocate(items.len() * size_of::<Value>() + 64)?;
        let stream = Rc::new(RefCell::new(items));
        self.streams.borrow_mut().push(Rc::clone(&stream));
        Ok(Value::Stream(stream))
    }

    /// Values from outside.
    pub fn json(&self, json: &Json) -> Outcome<Value> {
        self.meter.enter()?;
        let value = match json {
            Json::Null => Value::None,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Value::Integer(value.into()),
                (None, Some(value)) => Value::Integer(value.into()),
                _ => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => self.text(text.as_str())?,
            Json::Array(items) => {
                let items: Outcome<Vec<Value>> = items.iter().map(|item| self.json(item)).collect();
                self.list(items?)?
            }
            Json::Object(members) => {
                let mut map = Map::with_capacity(members.len());
                for (key, member) in members {
                    map.insert(Key::Text(key.as_str().into()), self.json(member)?);
                }
                self.map(map)?
            }
        };
        self.meter.leave();
        Ok(value)
    }

    /// All items, like Python's `iter`. A generator is empty afterwards.
    pub fn items(&self, value: &Value) -> Outcome<Vec<Value>> {
        let length = match value {
            Value::Text(text) | Value::Safe(text) => text.len(),
            other => other.length().unwrap_or(0),
        };
        self.meter.allocate(length.saturating_mul(size_of::<Value>()))?;
        self.meter.spend(length as u64)?;
        Ok(match value {
            Value::Text(text) | Value::Safe(text) => {
                let mut buffer = [0; 4];
                text.chars().map(|c| Value::Text((&*c.encode_utf8(&mut buffer)).into())).collect()
            }
            Value::List(items) => items.borrow().clone(),
            Value::Tuple(items) => items.to_vec(),
            Value::Map(map) | Value::View(View::Keys, map) => {
                map.borrow().keys().map(|key| key.value(self)).collect::<Outcome<_>>()?
            }
            Value::View(View::Values, map) => map.borrow().values().cloned().collect(),
            Value::View(View::Items, map) => map
                .borrow()
                .iter()
                .map(|(key, value)| self.tuple(vec![key.value(self)?, value.clone()]))
                .collect::<Outcome<_>>()?,
            Value::Range(range) => {
                (0..range.len()).filter_map(|index| range.get(index)).map(Value::Integer).collect()
            }
            Value::Stream(stream) => std::mem::take(&mut *stream.borrow_mut()).into(),
            Value::Undefined(missing) if matches!(**missing, Missing::Nothing) => Vec::new(),
            Value::Undefined(missing) => return Err(missing.fault()),
            other => {
                return Err(Fault::value(format!("'{}' object is not iterable", other.type_name())));
            }
        })
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        for scope in self.scopes.get_mut() {
            scope.clear();
        }
        for list in self.lists.get_mut() {
            drop(list.take());
        }
        for map in self.maps.get_mut() {
            drop(map.take());
        }
        for stream in self.streams.get_mut() {
            drop(stream.take());
        }
        // A tuple holds only what was there before it, so that taking the newest away takes nothing else along.
        while self.tuples.get_mut().pop().is_some() {}
    }
}
