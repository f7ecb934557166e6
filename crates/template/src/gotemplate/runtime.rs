//! What a running template shares with the functions that it calls.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use regex::Regex;

use super::moment::Moment;
use super::random::Random;
use super::value::{Element, Entries, Map, Value};
use crate::budget::Meter;
use crate::error::{Fault, Outcome};

/// How many lists may lie in each other.
const NESTED_LISTS: usize = 200;

/// The budget, the clock and the chance of one render, and the maps that it made.
pub struct Runtime<'a> {
    pub meter: &'a Meter,
    now: Option<Moment>,
    random: Option<Random>,
    draws: Cell<u64>,
    /// Every map, so that maps which hold each other are freed in the end.
    maps: RefCell<Vec<Map>>,
    pub regexes: RefCell<BTreeMap<Rc<str>, Regex>>,
}

impl<'a> Runtime<'a> {
    pub fn new(meter: &'a Meter, now: Option<Moment>, random: Option<Random>) -> Self {
        Self {
            meter,
            now,
            random,
            draws: Cell::new(0),
            maps: RefCell::default(),
            regexes: RefCell::default(),
        }
    }

    /// The time that the caller passed in.
    pub fn now(&self) -> Outcome<Moment> {
        self.now.clone().ok_or_else(|| {
            Fault::value("this template asks for the time, and it is rendered where there is none")
                .hint("Give the time as a value, so that the result is the same every time.")
        })
    }

    /// The next random number below `limit`.
    pub fn draw(&self, limit: u64) -> Outcome<u64> {
        self.meter.spend(8)?;
        let random = self.random.as_ref().ok_or_else(|| {
            Fault::value("this template asks for a random value, and it is rendered where there is none")
                .hint("Give the value as a parameter, so that the result is the same every time.")
        })?;
        Ok(random.below(limit, &self.draws))
    }

    /// A text, paid for.
    pub fn text(&self, text: impl AsRef<str>) -> Outcome<Value> {
        self.meter.allocate(text.as_ref().len())?;
        Ok(Value::text(text))
    }

    /// A list, paid for.
    pub fn list(&self, element: Element, items: Vec<Value>) -> Outcome<Value> {
        self.meter.allocate(items.len() * size_of::<Value>() + 32)?;
        let list = Value::list(element, items);
        if list.depth() > NESTED_LISTS {
            return Err(Fault::budget("the template nests lists too deeply"));
        }
        Ok(list)
    }

    /// A list of texts, paid for.
    pub fn texts(&self, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Outcome<Value> {
        let items: Outcome<Vec<Value>> = texts.into_iter().map(|text| self.text(text)).collect();
        self.list(Element::Text, items?)
    }

    /// A new map, paid for.
    pub fn map(&self, entries: Entries) -> Outcome<Map> {
        self.keep(Map::new(entries))
    }

    /// The same for a map that holds texts only.
    pub fn map_of_texts(&self, entries: Entries) -> Outcome<Map> {
        self.keep(Map::of_texts(entries))
    }

    fn keep(&self, map: Map) -> Outcome<Map> {
        self.meter.allocate(map.len() * 2 * size_of::<Value>() + 64)?;
        self.adopt(&map);
        Ok(map)
    }

    /// Keeps a map until the end of the render.
    pub fn adopt(&self, map: &Map) {
        self.maps.borrow_mut().push(map.clone());
    }

    /// Pays for looking at a value.
    pub fn look_at(&self, value: &Value) -> Outcome<()> {
        let size = match value {
            Value::Text(text) => text.len() / 64,
            Value::List(list) => list.items.len(),
            Value::Map(map) => map.len(),
            _ => 0,
        };
        self.meter.spend(size as u64 / 4 + 1)
    }

    /// Works one level deeper.
    pub fn deeper<T>(&self, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        self.meter.enter()?;
        let result = work();
        self.meter.leave();
        result
    }

    /// Whether two values are deeply equal.
    pub fn equals(&self, left: &Value, right: &Value) -> Outcome<bool> {
        // The comparison goes as deep as the values do, so they may not be deeper than this.
        self.measure(left, COMPARED_LEVELS)?;
        self.measure(right, COMPARED_LEVELS)?;
        let mut left_over = COMPARED_VALUES;
        let answer = left.deep_equals(right, &mut left_over);
        self.meter.spend((COMPARED_VALUES - left_over) as u64)?;
        answer.ok_or_else(|| Fault::budget("the values to compare are too large"))
    }

    /// Walks through a value that nests at most `levels` deep.
    fn measure(&self, value: &Value, levels: usize) -> Outcome<()> {
        self.meter.spend(1)?;
        let below =
            levels.checked_sub(1).ok_or_else(|| Fault::budget("the values to compare nest too deeply"))?;
        match value {
            Value::List(list) => list.items.iter().try_for_each(|item| self.measure(item, below)),
            Value::Map(map) => map.entries().values().try_for_each(|item| self.measure(item, below)),
            _ => Ok(()),
        }
    }
}

const COMPARED_VALUES: usize = 1_000_000;
const COMPARED_LEVELS: usize = 100;

impl Drop for Runtime<'_> {
    fn drop(&mut self) {
        // Emptied one by one while all of them still live, so that no chain of them is freed recursively.
        let emptied: Vec<Entries> = self.maps.borrow().iter().map(Map::clear).collect();
        drop(emptied);
    }
}
