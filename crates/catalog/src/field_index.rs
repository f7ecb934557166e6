//! The values of one field among the entities of a segment.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::OnceLock;

use foldhash::fast::RandomState;
use memchr::memmem;

use crate::bits::Bits;

/// From how many entities on a value has a set beside its list.
const DENSE: usize = 256;

/// No entity: there are never so many in a segment.
const NOBODY: u32 = u32::MAX;

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
}

impl FieldBuilder {
    /// Entities have to come in ascending order.
    pub(crate) fn add(&mut self, value: Option<&str>, document: u16, listed: bool) {
        let Some(value) = value else {
            self.without_value.push(document);
            return;
        };
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

    pub(crate) fn finish(self, length: usize) -> FieldIndex {
        let mut terms: Vec<(Option<Box<str>>, Box<str>, u32)> = self
            .terms
            .into_iter()
            .map(|(own, term)| {
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

/// Which entities have their values in lists.
enum Listed {
    None,
    All,
    /// These: terms with entities, sorted.
    Some(Box<[(u32, u16)]>),
}

/// The values of a field, which are called terms, and the entities that have each.
pub(crate) struct FieldIndex {
    /// How many entities the segment has.
    length: usize,
    /// The terms in lower case, sorted, one after another.
    text: Box<str>,
    /// Where each term ends in `text`.
    ends: Box<[u32]>,
    /// The terms whose own case is another, and where that ends in `own_text`; of terms that differ in case only, each
    /// has its place.
    own_case: Box<[(u32, u32)]>,
    own_text: Box<str>,
    listed: Listed,
    /// Where the entities of each term begin in `documents`, and the end.
    starts: Box<[u32]>,
    documents: Box<[u16]>,
    dense: BTreeMap<u32, Bits>,
    without_value: Box<[u16]>,
    column: OnceLock<Column>,
}

/// The first value of each entity, and the entities sorted by it.
pub(crate) struct Column {
    /// For each entity the first of the terms that equal its smallest one but for case; [`NO_TERM`] without any.
    term: Box<[u32]>,
    /// Which entities have one.
    pub(crate) valued: Bits,
    /// The entities by term, then by tie-break; those without a term come last.
    pub(crate) sorted: Box<[u16]>,
    /// For each entity its place in `sorted`.
    pub(crate) place: Box<[u16]>,
    /// How many have a term.
    pub(crate) valued_count: usize,
}

/// Stands for no term.
const NO_TERM: u32 = u32::MAX;

impl FieldIndex {
    /// How many terms there are.
    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    /// A term in lower case.
    pub(crate) fn lower(&self, term: u32) -> &str {
        let start = if term == 0 { 0 } else { self.end(term - 1) };
        self.text.get(start..self.end(term)).unwrap_or_default()
    }

    /// A term in its own case.
    pub(crate) fn own(&self, term: u32) -> &str {
        match self.own_case.binary_search_by_key(&term, |(term, _)| *term) {
            Ok(found) => {
                let end = |index: usize| self.own_case.get(index).map_or(0, |(_, end)| *end as usize);
                let start = if found == 0 { 0 } else { end(found - 1) };
                self.own_text.get(start..end(found)).unwrap_or_default()
            }
            Err(_) => self.lower(term),
        }
    }

    fn end(&self, term: u32) -> usize {
        self.ends.get(term as usize).map_or(0, |end| *end as usize)
    }

    /// The entities that have a term.
    pub(crate) fn documents(&self, term: u32) -> &[u16] {
        let at = |term: u32| self.starts.get(term as usize).map_or(0, |start| *start as usize);
        self.documents.get(at(term)..at(term + 1)).unwrap_or_default()
    }

    /// The entities that have a text, in lower case here, in a list, ascending.
    pub(crate) fn listing(&self, lower: &str) -> Vec<u16> {
        let mut found = Vec::new();
        let mut term = self.first_from(lower);
        while term < self.len() && self.lower(term) == lower {
            match &self.listed {
                Listed::None => {}
                Listed::All => found.extend_from_slice(self.documents(term)),
                Listed::Some(rows) => {
                    let start = rows.partition_point(|(listed, _)| *listed < term);
                    let rows = rows.get(start..).unwrap_or_default().iter();
                    found.extend(
                        rows.take_while(|(listed, _)| *listed == term).map(|(_, document)| *document),
                    );
                }
            }
            term += 1;
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a text, in lower case here, is in a list.
    pub(crate) fn lists(&self, lower: &str) -> bool {
        match &self.listed {
            Listed::None => false,
            Listed::All => {
                let term = self.first_from(lower);
                term < self.len() && self.lower(term) == lower
            }
            Listed::Some(_) => !self.listing(lower).is_empty(),
        }
    }

    /// Every value of every entity in its own case, by entity.
    pub(crate) fn rows(&self) -> Vec<(u16, Option<&str>)> {
        let terms = self.terms().flat_map(|term| {
            self.documents(term).iter().map(move |document| (*document, Some(self.own(term))))
        });
        let mut rows: Vec<_> =
            self.without_value.iter().map(|document| (*document, None)).chain(terms).collect();
        rows.sort_unstable();
        rows
    }

    /// How many of `among` have a term.
    pub(crate) fn count(&self, term: u32, among: &Bits) -> usize {
        match self.dense.get(&term) {
            Some(dense) => dense.count_both(among),
            None => self.documents(term).iter().filter(|document| among.contains(**document)).count(),
        }
    }

    fn add(&self, term: u32, found: &mut Bits) {
        match self.dense.get(&term) {
            Some(dense) => found.add(dense),
            None => self.documents(term).iter().for_each(|document| found.insert(*document)),
        }
    }

    /// The entities that have the field, with whatever value.
    pub(crate) fn existing(&self) -> Bits {
        let mut found = Bits::none(self.length);
        self.documents.iter().chain(&self.without_value).for_each(|document| found.insert(*document));
        found
    }

    /// The first term that does not come before a text in lower case.
    fn first_from(&self, lower: &str) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.lower(middle) < lower {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn add_while(&self, lower: &str, fits: impl Fn(&str) -> bool, found: &mut Bits) {
        let mut term = self.first_from(lower);
        while term < self.len() && fits(self.lower(term)) {
            self.add(term, found);
            term += 1;
        }
    }

    /// Adds the entities with a value; the text is in lower case.
    pub(crate) fn equal(&self, lower: &str, found: &mut Bits) {
        self.add_while(lower, |term| term == lower, found);
    }

    /// Adds the entities with a value that begins with a text in lower case.
    pub(crate) fn prefixed(&self, lower: &str, found: &mut Bits) {
        self.add_while(lower, |term| term.starts_with(lower), found);
    }

    /// Adds the entities with a value that contains a text in lower case.
    pub(crate) fn containing(&self, lower: &str, found: &mut Bits) {
        if lower.is_empty() {
            self.documents.iter().for_each(|document| found.insert(*document));
            return;
        }
        let finder = memmem::Finder::new(lower);
        let text = self.text.as_bytes();
        let (mut from, mut term) = (0, 0);
        while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + at;
            term += self.ends.get(term..).unwrap_or_default().partition_point(|end| *end as usize <= at);
            let end = self.end(term as u32);
            if at + lower.len() <= end {
                self.add(term as u32, found);
            }
            // Whatever begins later in this term and would end in it has been found, or does not fit any more.
            from = end;
        }
    }

    /// The order by this field; `ties` gives the place of each entity among equals.
    pub(crate) fn column(&self, ties: &[u16]) -> &Column {
        self.column.get_or_init(|| {
            let mut first = vec![NO_TERM; self.length];
            let mut same_from = 0;
            for term in 0..self.len() {
                if self.lower(term) != self.lower(same_from) {
                    same_from = term;
                }
                for document in self.documents(term) {
                    if let Some(slot @ &mut NO_TERM) = first.get_mut(usize::from(*document)) {
                        *slot = same_from;
                    }
                }
            }
            Column::new(first, ties)
        })
    }

    /// The value of an entity by which it is ordered, in lower case.
    pub(crate) fn value(&self, column: &Column, document: u16) -> Option<&str> {
        match column.term.get(usize::from(document)) {
            None | Some(&NO_TERM) => None,
            Some(term) => Some(self.lower(*term)),
        }
    }

    pub(crate) fn terms(&self) -> Range<u32> {
        0..self.len()
    }

    /// The terms that begin with a text in lower case.
    pub(crate) fn terms_with_prefix(&self, lower: &str) -> impl Iterator<Item = u32> {
        (self.first_from(lower)..self.len()).take_while(move |term| self.lower(*term).starts_with(lower))
    }
}

impl Column {
    pub(crate) fn new(term: Vec<u32>, ties: &[u16]) -> Self {
        let key = |document: &u16| {
            let document = usize::from(*document);
            (term.get(document).copied().unwrap_or(NO_TERM), ties.get(document).copied().unwrap_or(0))
        };
        let mut sorted: Vec<u16> = (0..term.len()).map(|document| document as u16).collect();
        sorted.sort_unstable_by_key(key);
        let mut place = vec![0; term.len()];
        for (at, document) in sorted.iter().enumerate() {
            if let Some(slot) = place.get_mut(usize::from(*document)) {
                *slot = at as u16;
            }
        }
        let mut valued = Bits::none(term.len());
        for (document, term) in term.iter().enumerate() {
            if *term != NO_TERM {
                valued.insert(document as u16);
            }
        }
        let valued_count = valued.count();
        Self { term: term.into(), valued, sorted: sorted.into(), place: place.into(), valued_count }
    }
}
