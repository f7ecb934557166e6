//! Gathers the best documents, and counts attributes on the way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::io;
use std::ops::{Bound, Range};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{ColumnValues, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use crate::question;
use crate::request::{FACETS, SearchRequest};
use crate::schema::{ID, LENGTH, OWNER, WEIGHT, WHOLE_NAME, WHOLE_TITLE};

/// What a document gains when one of the asker's groups owns it.
const OWNED: u32 = 20;
/// What a document gains at most by being used.
const MOST_USED: u32 = 20;

/// Gathers the best `limit` documents.
pub(crate) struct Best<'a> {
    pub(crate) request: &'a SearchRequest,
    pub(crate) limit: usize,
    /// All letters of the question as one. Without any, who asks and how long names are does not matter for the order.
    pub(crate) whole: &'a str,
    /// The places in [`FACETS`] of what is counted.
    pub(crate) counted: Vec<usize>,
}

/// A document that was gathered.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) score: Reverse<u32>,
    length: u64,
    pub(crate) id: String,
    /// Where its texts are, if it is a part.
    pub(crate) part: Option<DocAddress>,
}

/// What was gathered.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) hits: Vec<Found>,
    pub(crate) total: usize,
    /// By place in [`FACETS`].
    pub(crate) counts: BTreeMap<usize, BTreeMap<String, usize>>,
}

/// Best first: the score, then the shorter name, then the identifier's place among all.
type Rank = (Reverse<u32>, u64, u64, DocId);

/// A column of whole names, with the places of those that begin as the question does.
struct Wholes {
    column: StrColumn,
    places: Range<u64>,
    /// Whether the first of them is all that was asked.
    exact: bool,
}

impl Wholes {
    fn read(column: Option<StrColumn>, whole: &str) -> io::Result<Option<Self>> {
        let Some(column) = column.filter(|_| !whole.is_empty()) else { return Ok(None) };
        let dictionary = column.dictionary();
        let exact = dictionary.term_ord(whole)?.is_some();
        // No text has this byte, so that all that begin with the letters come before it.
        let end = [whole.as_bytes(), &[0xff]].concat();
        let bounds = dictionary
            .term_bounds_to_ord(Bound::Included(whole.as_bytes()), Bound::Excluded(end.as_slice()))?;
        let place = |bound: Bound<u64>| match bound {
            Bound::Included(place) | Bound::Excluded(place) => place,
            Bound::Unbounded => 0,
        };
        let places = place(bounds.0)..place(bounds.1);
        Ok(Some(Self { column, places, exact }))
    }

    fn score(&self, document: DocId, all: u32, beginning: u32) -> u32 {
        let place = self.column.ords().first(document);
        match place.filter(|place| self.places.contains(place)) {
            Some(place) if self.exact && place == self.places.start => all,
            Some(_) => beginning,
            None => 0,
        }
    }
}

/// What was gathered of one segment.
pub(crate) struct SegmentFruit {
    hits: Vec<Found>,
    total: usize,
    counts: Vec<(usize, BTreeMap<String, usize>)>,
}

pub(crate) struct SegmentBest {
    segment: SegmentOrdinal,
    id: StrColumn,
    name: Option<StrColumn>,
    wholes: [(Option<Wholes>, u32, u32); 2],
    owner: Option<StrColumn>,
    weight: Arc<dyn ColumnValues<u64>>,
    length: Arc<dyn ColumnValues<u64>>,
    ranked: bool,
    owners: BTreeSet<u64>,
    usage: BTreeMap<u64, u32>,
    limit: usize,
    /// The worst on top.
    heap: BinaryHeap<Rank>,
    total: usize,
    /// The place in [`FACETS`], the column, and how many documents have each of its values.
    counted: Vec<(usize, StrColumn, Vec<usize>)>,
}

/// More looks give more, ever more slowly: the number of binary digits.
fn gain(looks: u32) -> u32 {
    ((u32::BITS - looks.leading_zeros()) * 2).min(MOST_USED)
}

impl Collector for Best<'_> {
    type Fruit = Gathered;
    type Child = Option<SegmentBest>;

    fn for_segment(&self, place: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<Self::Child> {
        let columns = segment.fast_fields();
        // Without an identifier there is no document.
        let Some(id) = columns.str(ID)? else { return Ok(None) };
        let owner = columns.str(OWNER)?;
        let mut owners = BTreeSet::new();
        if let Some(owner) = &owner {
            for name in &self.request.owners {
                owners.extend(owner.dictionary().term_ord(name)?);
            }
        }
        let mut usage = BTreeMap::new();
        for (document, looks) in &self.request.usage {
            if let Some(place) = id.dictionary().term_ord(document)? {
                usage.insert(place, gain(*looks));
            }
        }
        let mut counted = Vec::new();
        for place in &self.counted {
            let Some(name) = FACETS.get(*place) else { continue };
            if let Some(column) = columns.str(name)? {
                let counts = vec![0; column.num_terms()];
                counted.push((*place, column, counts));
            }
        }
        let name = columns.str(WHOLE_NAME)?;
        let wholes = [
            (Wholes::read(name.clone(), self.whole)?, question::WHOLE_NAME, question::WHOLE_BEGINNING),
            (
                Wholes::read(columns.str(WHOLE_TITLE)?, self.whole)?,
                question::WHOLE_TITLE,
                question::WHOLE_TITLE_BEGINNING,
            ),
        ];
        Ok(Some(SegmentBest {
            segment: place,
            id,
            name,
            wholes,
            owner,
            weight: columns.column_first_or_default(WEIGHT)?,
            length: columns.column_first_or_default(LENGTH)?,
            ranked: !self.whole.is_empty(),
            owners,
            usage,
            limit: self.limit,
            heap: BinaryHeap::new(),
            total: 0,
            counted,
        }))
    }

    fn requires_scoring(&self) -> bool {
        !self.whole.is_empty()
    }

    fn merge_fruits(
        &self,
        segments: Vec<Option<tantivy::Result<SegmentFruit>>>,
    ) -> tantivy::Result<Gathered> {
        let mut gathered = Gathered::default();
        let mut hits = Vec::new();
        for segment in segments.into_iter().flatten() {
            let segment = segment?;
            gathered.total += segment.total;
            hits.extend(segment.hits);
            for (place, counts) in segment.counts {
                let all = gathered.counts.entry(place).or_default();
                for (value, count) in counts {
                    *all.entry(value).or_default() += count;
                }
            }
        }
        hits.sort();
        hits.truncate(self.limit);
        gathered.hits = hits;
        Ok(gathered)
    }
}

impl SegmentBest {
    fn rank(&self, document: DocId, score: Score) -> Rank {
        let id = self.id.ords().first(document).unwrap_or_default();
        if !self.ranked {
            return (Reverse(0), 0, id, document);
        }
        let mut score = score as u32 + self.weight.get_val(document) as u32;
        let owner = self.owner.as_ref().and_then(|owner| owner.ords().first(document));
        if owner.is_some_and(|owner| self.owners.contains(&owner)) {
            score += OWNED;
        }
        score += self.usage.get(&id).copied().unwrap_or_default();
        let whole = |(wholes, all, beginning): &(Option<Wholes>, u32, u32)| {
            wholes.as_ref().map_or(0, |wholes| wholes.score(document, *all, *beginning))
        };
        score += self.wholes.iter().map(whole).max().unwrap_or_default();
        (Reverse(score), self.length.get_val(document), id, document)
    }

    fn fruit(self) -> tantivy::Result<SegmentFruit> {
        let mut found: Vec<Rank> = self.heap.into_vec();
        found.sort_unstable_by_key(|(_, _, place, _)| *place);
        let places: Vec<u64> = found.iter().map(|(_, _, place, _)| *place).collect();
        let mut hits = Vec::with_capacity(found.len());
        for ((score, length, _, document), id) in found.into_iter().zip(texts(&self.id, &places)?) {
            let is_part = self.name.as_ref().is_none_or(|name| name.ords().first(document).is_none());
            let part = is_part.then(|| DocAddress::new(self.segment, document));
            hits.push(Found { score, length, id, part });
        }
        let mut counts = Vec::new();
        for (place, column, found) in self.counted {
            let (places, numbers): (Vec<u64>, Vec<usize>) =
                (0..).zip(found).filter(|(_, count)| *count > 0).unzip();
            counts.push((place, texts(&column, &places)?.into_iter().zip(numbers).collect()));
        }
        Ok(SegmentFruit { hits, total: self.total, counts })
    }
}

/// The values with these places, which have to be sorted: the dictionary is read once from one end to the other.
fn texts(column: &StrColumn, places: &[u64]) -> tantivy::Result<Vec<String>> {
    let mut texts = Vec::with_capacity(places.len());
    let keep = |text: &[u8]| texts.push(String::from_utf8_lossy(text).into_owned());
    column.dictionary().sorted_ords_to_term_cb(places, keep)?;
    Ok(texts)
}

impl SegmentCollector for SegmentBest {
    type Fruit = tantivy::Result<SegmentFruit>;

    fn collect(&mut self, document: DocId, score: Score) {
        self.total += 1;
        for (_, column, counts) in &mut self.counted {
            for ordinal in column.term_ords(document) {
                if let Some(count) = counts.get_mut(ordinal as usize) {
                    *count += 1;
                }
            }
        }
        if self.limit == 0 {
            return;
        }
        let rank = self.rank(document, score);
        if self.heap.len() < self.limit {
            self.heap.push(rank);
        } else if self.heap.peek().is_some_and(|worst| rank < *worst) {
            self.heap.pop();
            self.heap.push(rank);
        }
    }

    fn harvest(self) -> Self::Fruit {
        self.fruit()
    }
}
