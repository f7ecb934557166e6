//! Collects the values of one field.
//!
//! Of some fields nearly every entity has a value of its own (names, identifiers, addresses). Telling their values apart
//! and sorting them is most of the work of a segment, and few such fields are ever asked for: their values are only
//! written down, and put in order when somebody asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

use foldhash::fast::RandomState;

use super::{DENSE, FieldIndex, Listed};
use crate::bits::Bits;

/// No entity: there are never so many in a segment.
const NOBODY: u32 = u32::MAX;

/// After so many values it is known whether most of them differ.
const TRIAL: usize = 256;

/// Collects the values of a field.
#[derive(Default)]
pub(crate) struct FieldBuilder {
    terms: HashMap<Box<str>, u32, RandomState>,
    /// For each term the entity that had it last, and the one that had it last in a list, so that none counts twice.
    last: Vec<[u32; 2]>,
    rows: Vec<(u32, u16)>,
    /// Those of the rows that lists make.
    listed: Vec<(u32, u16)>,
    /// Entities with a value that equals nothing.
    without_value: Vec<u16>,
    /// What comes after the trial when most values differ.
    late: Option<Late>,
}

/// Values one after another, for later.
#[derive(Default)]
struct Late {
    text: String,
    /// Where each value ends in `text`, its entity, and whether a list holds it.
    rows: Vec<(u32, u16, bool)>,
}

impl Late {
    fn iter(&self) -> impl Iterator<Item = (&str, u16, bool)> {
        let mut start = 0;
        self.rows.iter().map(move |(end, document, listed)| {
            let value = self.text.get(start..*end as usize).unwrap_or_default();
            start = *end as usize;
            (value, *document, *listed)
        })
    }
}

impl FieldBuilder {
    /// Entities have to come in ascending order.
    pub(crate) fn add(&mut self, value: Option<&str>, document: u16, listed: bool) {
        let Some(value) = value else {
            self.without_value.push(document);
            return;
        };
        if let Some(late) = &mut self.late {
            late.text.push_str(value);
            late.rows.push((late.text.len() as u32, document, listed));
            return;
        }
        self.add_term(value, document, listed);
        if self.rows.len() == TRIAL && self.last.len() * 2 > TRIAL {
            self.late = Some(Late::default());
        }
    }

    fn add_term(&mut self, value: &str, document: u16, listed: bool) {
        let term = if let Some(term) = self.terms.get(value) {
            *term
        } else {
            let term = self.last.len() as u32;
            self.terms.insert(value.into(), term);
            self.last.push([NOBODY; 2]);
            term
        };
        let Some([last, last_listed]) = self.last.get_mut(term as usize) else { return };
        let now = u32::from(document);
        if listed && *last_listed != now {
            *last_listed = now;
            self.listed.push((term, document));
        }
        if *last != now {
            *last = now;
            self.rows.push((term, document));
        }
    }

    /// The entities that have the field, with whatever value.
    fn existing(&self, length: usize) -> Bits {
        let mut found = Bits::none(length);
        let late = self.late.iter().flat_map(|late| &late.rows).map(|(_, document, _)| document);
        let rows = self.rows.iter().map(|(_, document)| document);
        rows.chain(&self.without_value).chain(late).for_each(|document| found.insert(*document));
        found
    }

    /// The index over a segment of so many entities.
    pub(crate) fn finish(mut self, length: usize) -> FieldIndex {
        if let Some(late) = self.late.take() {
            for (value, document, listed) in late.iter() {
                self.add_term(value, document, listed);
            }
        }
        let mut terms: Vec<(Option<Box<str>>, Box<str>, u32)> = self
            .terms
            .into_iter()
            .map(|(own, term)| {
                if own.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
                    return (None, own, term);
                }
                let lower = own.to_lowercase();
                if lower.as_str() == &*own { (None, own, term) } else { (Some(own), lower.into(), term) }
            })
            .collect();
        terms.sort_unstable_by(|(own, lower, _), (other_own, other_lower, _)| {
            (lower, own).cmp(&(other_lower, other_own))
        });
        let mut places = vec![0_u32; terms.len()];
        let mut text = String::with_capacity(terms.iter().map(|(_, lower, _)| lower.len()).sum());
        let mut ends = Vec::with_capacity(terms.len());
        let mut own_case = Vec::new();
        let mut own_text = String::new();
        for (place, (own, lower, term)) in terms.into_iter().enumerate() {
            if let Some(slot) = places.get_mut(term as usize) {
                *slot = place as u32;
            }
            text.push_str(&lower);
            ends.push(text.len() as u32);
            if let Some(own) = own {
                own_text.push_str(&own);
                own_case.push((place as u32, own_text.len() as u32));
            }
        }
        let in_order = |mut rows: Vec<(u32, u16)>| {
            for (term, _) in &mut rows {
                *term = places.get(*term as usize).copied().unwrap_or_default();
            }
            rows
        };
        let listed = match self.listed.len() {
            0 => Listed::None,
            all if all == self.rows.len() => Listed::All,
            _ => {
                let mut rows = in_order(self.listed);
                rows.sort_unstable();
                Listed::Some(rows.into())
            }
        };
        let mut rows = in_order(self.rows);
        // Stable by term: the entities of each stay in ascending order.
        rows.sort_by_key(|(term, _)| *term);
        let mut starts = Vec::with_capacity(ends.len() + 1);
        for (index, (term, _)) in rows.iter().enumerate() {
            while starts.len() <= *term as usize {
                starts.push(index as u32);
            }
        }
        starts.push(rows.len() as u32);
        let documents: Box<[u16]> = rows.into_iter().map(|(_, document)| document).collect();
        let mut index = FieldIndex {
            length,
            text: text.into(),
            ends: ends.into(),
            own_case: own_case.into(),
            own_text: own_text.into(),
            listed,
            starts: starts.into(),
            documents,
            dense: BTreeMap::new(),
            without_value: self.without_value.into(),
            column: OnceLock::new(),
        };
        for term in 0..index.len() {
            let documents = index.documents(term);
            if documents.len() >= DENSE {
                let mut bits = Bits::none(length);
                for document in documents {
                    bits.insert(*document);
                }
                index.dense.insert(term, bits);
            }
        }
        index
    }
}

/// A field whose index may have to be made first.
pub(crate) struct FieldValues {
    /// How many entities the segment has.
    length: usize,
    /// What the index is made from, as long as there is none.
    collected: Mutex<Option<FieldBuilder>>,
    index: OnceLock<FieldIndex>,
}

impl FieldValues {
    /// The values of a field in a segment of so many entities.
    pub(crate) fn new(mut collected: FieldBuilder, length: usize) -> Self {
        let Some(late) = &mut collected.late else {
            let index = OnceLock::from(collected.finish(length));
            return Self { length, collected: Mutex::new(None), index };
        };
        late.text.shrink_to_fit();
        late.rows.shrink_to_fit();
        Self { length, collected: Mutex::new(Some(collected)), index: OnceLock::new() }
    }

    pub(crate) fn index(&self) -> &FieldIndex {
        self.index.get_or_init(|| {
            let collected = self.collected.lock().unwrap_or_else(PoisonError::into_inner).take();
            collected.unwrap_or_default().finish(self.length)
        })
    }

    /// The entities that have the field, with whatever value.
    pub(crate) fn existing(&self) -> Bits {
        if self.index.get().is_none()
            && let Some(collected) = self.collected.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        {
            return collected.existing(self.length);
        }
        self.index().existing()
    }
}

/// The fields of the entities of a segment, while they are collected.
#[derive(Default)]
pub(crate) struct FieldsBuilder {
    fields: Vec<Collected>,
    places: HashMap<Box<str>, usize, RandomState>,
    last: usize,
}

struct Collected {
    path: Box<str>,
    builder: FieldBuilder,
    /// The field that came after this one before: entities of a kind have the same fields in the same order.
    next: usize,
}

impl FieldsBuilder {
    /// The field of a path.
    pub(crate) fn field(&mut self, path: &str) -> Option<&mut FieldBuilder> {
        let expected = self.fields.get(self.last).map_or(0, |last| last.next);
        let place = match self.fields.get(expected) {
            Some(field) if *field.path == *path => expected,
            _ => self.place(path),
        };
        if let Some(last) = self.fields.get_mut(self.last) {
            last.next = place;
        }
        self.last = place;
        self.fields.get_mut(place).map(|field| &mut field.builder)
    }

    fn place(&mut self, path: &str) -> usize {
        if let Some(place) = self.places.get(path) {
            return *place;
        }
        let place = self.fields.len();
        self.places.insert(path.into(), place);
        self.fields.push(Collected { path: path.into(), builder: FieldBuilder::default(), next: 0 });
        place
    }

    /// Everything, sorted by path.
    pub(crate) fn finish(self, length: usize) -> Box<[(Box<str>, FieldValues)]> {
        let values = |Collected { path, builder, .. }| (path, FieldValues::new(builder, length));
        let mut fields: Vec<_> = self.fields.into_iter().map(values).collect();
        fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        fields.into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{FieldBuilder, FieldValues, TRIAL};

    #[test]
    fn a_field_of_many_values_is_put_in_order_when_it_is_asked_for() {
        let mut collected = FieldBuilder::default();
        let count = TRIAL as u16 * 3;
        for document in 0..count {
            collected.add(Some(&format!("Name-{}", count - document)), document, false);
            collected.add(Some("shared"), document, true);
        }
        let values = FieldValues::new(collected, usize::from(count) + 1);
        assert!(values.index.get().is_none());
        assert_eq!(values.existing().count(), usize::from(count));
        let index = values.index();
        assert_eq!(index.len(), u32::from(count) + 1);
        assert_eq!(index.documents(index.len() - 1).len(), usize::from(count));
        assert!(index.lists("shared"));
        let mut last = crate::bits::Bits::none(usize::from(count) + 1);
        index.equal("name-1", &mut last);
        assert_eq!(last.iter().collect::<Vec<_>>(), [count - 1]);
        assert_eq!(values.existing().count(), usize::from(count));
        assert!(values.collected.lock().unwrap().is_none());
    }
}
