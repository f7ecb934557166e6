//! Records with JavaScript's order of keys: array indices ascending, then all others as they came.

use std::rc::Rc;

use indexmap::IndexMap;

use crate::nunjucks::value::Value;

/// Keys and values.
#[derive(Clone, Debug, Default)]
pub struct Record {
    entries: IndexMap<Rc<str>, Value>,
    /// How many keys at the front are array indices.
    indices: usize,
}

/// The number that a key is as an array index: canonical decimal below 2³² − 1.
pub fn array_index(key: &str) -> Option<u32> {
    let bytes = key.as_bytes();
    let canonical = match bytes {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 10 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { key.parse().ok().filter(|index| *index != u32::MAX) } else { None }
}

impl Record {
    pub fn new() -> Self {
        Self::default()
    }

    /// A record of pairs; of equal keys the last value counts, at the place of the first.
    pub fn from_pairs(pairs: Vec<(Rc<str>, Value)>) -> Self {
        let mut record = Self { entries: IndexMap::with_capacity(pairs.len()), indices: 0 };
        let mut indexed: Vec<(u32, Rc<str>, Value)> = Vec::new();
        for (key, value) in pairs {
            match array_index(&key) {
                Some(index) => indexed.push((index, key, value)),
                None => {
                    record.entries.insert(key, value);
                }
            }
        }
        if !indexed.is_empty() {
            indexed.sort_by_key(|(index, ..)| *index);
            let mut sorted: IndexMap<Rc<str>, Value> = indexed.into_iter().map(|(_, k, v)| (k, v)).collect();
            record.indices = sorted.len();
            sorted.append(&mut record.entries);
            record.entries = sorted;
        }
        record
    }

    /// Puts a value in; a key that is there keeps its place.
    pub fn insert(&mut self, key: Rc<str>, value: Value) {
        if let Some(present) = self.entries.get_mut(&key) {
            *present = value;
            return;
        }
        let Some(index) = array_index(&key) else {
            self.entries.insert(key, value);
            return;
        };
        let place = self
            .entries
            .keys()
            .take(self.indices)
            .position(|other| array_index(other).is_some_and(|other| other > index))
            .unwrap_or(self.indices);
        self.entries.shift_insert(place, key, value);
        self.indices += 1;
    }

    /// Puts a value in under a key that is usually there already.
    pub fn put(&mut self, key: &str, value: Value) {
        match self.entries.get_mut(key) {
            Some(present) => *present = value,
            None => self.insert(key.into(), value),
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key)
    }

    pub fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let removed = self.entries.shift_remove(key);
        if removed.is_some() && array_index(key).is_some() {
            self.indices = self.indices.saturating_sub(1);
        }
        removed
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Rc<str>, &Value)> {
        self.entries.iter()
    }

    pub fn keys(&self) -> impl Iterator<Item = &Rc<str>> {
        self.entries.keys()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Empties it.
    pub fn drain(&mut self) -> impl Iterator<Item = Value> {
        self.indices = 0;
        std::mem::take(&mut self.entries).into_values()
    }
}
