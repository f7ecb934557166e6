//! The values of one field among the entities of a segment.

mod builder;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use memchr::memmem;

pub(crate) use self::builder::{FieldBuilder, FieldValues, FieldsBuilder};

use crate::bits::Bits;

/// From how many entities on a value has a set beside its list.
const DENSE: usize = 256;

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
