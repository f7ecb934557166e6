//! Gathers the best documents, and counts attributes on the way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{ColumnValues, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use crate::request::{FACETS, SearchHit, SearchRequest};
use crate::schema::{ID, LENGTH, OWNER, WEIGHT};

/// What a document gains when one of the asker's groups owns it.
const OWNED: u32 = 20;
/// What a document gains at most by being used.
const MOST_USED: u32 = 20;

/// Gathers the best `limit` documents.
pub(crate) struct Best<'a> {
    pub(crate) request: &'a SearchRequest,
    pub(crate) limit: usize,
    /// Whether who asks and how long names are matters for the order; it does not without words.
    pub(crate) ranked: bool,
    /// The places in [`FACETS`] of what is counted.
    pub(crate) counted: Vec<usize>,
}

/// What was gathered.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) hits: Vec<SearchHit>,
    pub(crate) total: usize,
    /// By place in [`FACETS`].
    pub(crate) counts: BTreeMap<usize, BTreeMap<String, usize>>,
}

/// Best first: the score, then the shorter name, then the identifier.
type Rank = (Reverse<u32>, u64, u64);

/// What was gathered of one segment, with the length of each name.
pub(crate) struct SegmentFruit {
    hits: Vec<(Reverse<u32>, u64, String)>,
    total: usize,
    counts: Vec<(usize, BTreeMap<String, usize>)>,
}

pub(crate) struct SegmentBest {
    id: StrColumn,
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

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<Self::Child> {
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
        Ok(Some(SegmentBest {
            id,
            owner,
            weight: columns.column_first_or_default(WEIGHT)?,
            length: columns.column_first_or_default(LENGTH)?,
            ranked: self.ranked,
            owners,
            usage,
            limit: self.limit,
            heap: BinaryHeap::new(),
            total: 0,
            counted,
        }))
    }

    fn requires_scoring(&self) -> bool {
        self.ranked
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
        let hit = |(Reverse(score), _, id)| SearchHit { id, score };
        gathered.hits = hits.into_iter().map(hit).collect();
        Ok(gathered)
    }
}

impl SegmentBest {
    fn rank(&self, document: DocId, score: Score) -> Rank {
        let id = self.id.ords().first(document).unwrap_or_default();
        if !self.ranked {
            return (Reverse(0), 0, id);
        }
        let mut score = score as u32 + self.weight.get_val(document) as u32;
        let owner = self.owner.as_ref().and_then(|owner| owner.ords().first(document));
        if owner.is_some_and(|owner| self.owners.contains(&owner)) {
            score += OWNED;
        }
        score += self.usage.get(&id).copied().unwrap_or_default();
        (Reverse(score), self.length.get_val(document), id)
    }

    fn fruit(self) -> tantivy::Result<SegmentFruit> {
        let mut hits = Vec::with_capacity(self.heap.len());
        for (score, length, place) in self.heap {
            let mut id = String::new();
            self.id.ord_to_str(place, &mut id)?;
            hits.push((score, length, id));
        }
        let mut counts = Vec::new();
        for (place, column, found) in self.counted {
            let mut values = BTreeMap::new();
            for (ordinal, count) in (0..).zip(found).filter(|(_, count)| *count > 0) {
                let mut value = String::new();
                column.ord_to_str(ordinal, &mut value)?;
                values.insert(value, count);
            }
            counts.push((place, values));
        }
        Ok(SegmentFruit { hits, total: self.total, counts })
    }
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
