//! Entities in an order, across segments, from any place in it and in both directions.

use std::cmp::Ordering;

use fairway_domain::EntityRef;

use crate::bits::Bits;
use crate::entity::CatalogEntity;
use crate::field_index::{Column, FieldIndex};
use crate::predicate::Field;
use crate::segment::Segment;
use crate::selection::OrderField;

/// From which share of a segment on its whole order is walked instead of sorting what was found.
const SHARE: usize = 8;

/// What an order looks at first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Reference(&'a EntityRef),
    None,
}

impl Value<'_> {
    fn compare(&self, other: &Self, descending: bool) -> Ordering {
        let ordering = match (self, other) {
            (Value::Text(one), Value::Text(other)) => one.cmp(other),
            (Value::Reference(one), Value::Reference(other)) => one.cmp(other),
            (Value::None, Value::None) => return Ordering::Equal,
            // What has no value comes last, in either direction.
            (Value::None, _) => return Ordering::Greater,
            (_, _) => return Ordering::Less,
        };
        if descending { ordering.reverse() } else { ordering }
    }
}

/// Where an entity stands in an order.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) value: Value<'a>,
    pub(crate) tie: &'a str,
}

impl Place<'_> {
    fn compare(&self, other: &Self, descending: bool) -> Ordering {
        self.value.compare(&other.value, descending).then_with(|| {
            let ties = self.tie.cmp(other.tie);
            if descending && self.value != Value::None { ties.reverse() } else { ties }
        })
    }
}

/// What was found in one segment, in an order by one field.
pub(crate) struct Walk<'a, 'f> {
    segment: &'a Segment,
    column: &'a Column,
    index: Option<&'a FieldIndex>,
    by_reference: bool,
    descending: bool,
    found: &'f Bits,
    /// The steps of what was found, where that is little; otherwise every step is looked at.
    steps: Option<Vec<u16>>,
    low: usize,
    high: usize,
}

impl<'a, 'f> Walk<'a, 'f> {
    pub(crate) fn new(segment: &'a Segment, found: &'f Bits, order: &OrderField) -> Self {
        let column = segment.column(&order.field);
        let mut walk = Self {
            segment,
            column,
            index: segment.field(order.field.as_str()),
            by_reference: order.field == Field::reference(),
            descending: order.descending,
            found,
            steps: None,
            low: 0,
            high: segment.len(),
        };
        let count = found.count();
        if count * SHARE < segment.len() {
            let mut steps: Vec<u16> = found.iter().map(|document| walk.step_of(document)).collect();
            steps.sort_unstable();
            walk.high = steps.len();
            walk.steps = Some(steps);
        }
        walk
    }

    /// The step at which a document comes.
    fn step_of(&self, document: u16) -> u16 {
        let place = self.column.place.get(usize::from(document)).copied().unwrap_or_default();
        self.turned(usize::from(place)) as u16
    }

    /// Backwards, what has a value is turned around; turning twice changes nothing.
    fn turned(&self, place: usize) -> usize {
        let valued = self.column.valued_count;
        if self.descending && place < valued { valued - 1 - place } else { place }
    }

    fn document(&self, at: usize) -> Option<u16> {
        let step = match &self.steps {
            Some(steps) => usize::from(*steps.get(at)?),
            None => at,
        };
        self.column.sorted.get(self.turned(step)).copied()
    }

    pub(crate) fn entity(&self, document: u16) -> Option<&'a CatalogEntity> {
        self.segment.entity(document)
    }

    /// Where a document stands.
    pub(crate) fn place(&self, document: u16) -> Place<'a> {
        let tie = self.segment.entity(document).map_or("", CatalogEntity::uid);
        let value = if self.by_reference {
            self.segment.node(document).map_or(Value::None, |node| Value::Reference(&node.reference))
        } else {
            let text = self.index.and_then(|index| index.value(self.column, document));
            text.map_or(Value::None, Value::Text)
        };
        Place { value, tie }
    }

    /// Leaves out what does not come after a place.
    pub(crate) fn begin_after(&mut self, place: Place<'_>) {
        self.low = self.partition_point(|found| found.compare(&place, self.descending).is_le());
    }

    /// Leaves out what does not come before a place.
    pub(crate) fn end_before(&mut self, place: Place<'_>) {
        self.high = self.partition_point(|found| found.compare(&place, self.descending).is_lt());
    }

    fn partition_point(&self, before: impl Fn(Place<'a>) -> bool) -> usize {
        let (mut low, mut high) = (self.low, self.high);
        while low < high {
            let middle = low.midpoint(high);
            if self.document(middle).is_some_and(|document| before(self.place(document))) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn is_found(&self, document: u16) -> bool {
        self.steps.is_some() || self.found.contains(document)
    }

    fn first(&mut self) -> Option<u16> {
        while self.low < self.high {
            match self.document(self.low) {
                Some(document) if self.is_found(document) => return Some(document),
                _ => self.low += 1,
            }
        }
        None
    }

    fn last(&mut self) -> Option<u16> {
        while self.low < self.high {
            match self.document(self.high - 1) {
                Some(document) if self.is_found(document) => return Some(document),
                _ => self.high -= 1,
            }
        }
        None
    }
}

/// What was found in all segments, in one order.
pub(crate) struct Walks<'a, 'f> {
    walks: Vec<Walk<'a, 'f>>,
    descending: bool,
}

/// An entity, and where it stands.
pub(crate) type Found<'a> = (&'a CatalogEntity, Place<'a>);

impl<'a, 'f> Walks<'a, 'f> {
    pub(crate) fn new(walks: Vec<Walk<'a, 'f>>, descending: bool) -> Self {
        Self { walks, descending }
    }

    pub(crate) fn begin_after(&mut self, place: Place<'_>) {
        self.walks.iter_mut().for_each(|walk| walk.begin_after(place));
    }

    pub(crate) fn end_before(&mut self, place: Place<'_>) {
        self.walks.iter_mut().for_each(|walk| walk.end_before(place));
    }

    /// The next one, which is passed over.
    pub(crate) fn take_first(&mut self) -> Option<Found<'a>> {
        let mut best: Option<(usize, u16, Place<'a>)> = None;
        for (index, walk) in self.walks.iter_mut().enumerate() {
            let Some(document) = walk.first() else { continue };
            let place = walk.place(document);
            if best.as_ref().is_none_or(|(_, _, best)| place.compare(best, self.descending).is_lt()) {
                best = Some((index, document, place));
            }
        }
        let (index, document, place) = best?;
        let walk = self.walks.get_mut(index)?;
        walk.low += 1;
        walk.entity(document).map(|entity| (entity, place))
    }

    /// The one before the end, which is passed over.
    pub(crate) fn take_last(&mut self) -> Option<Found<'a>> {
        let mut best: Option<(usize, u16, Place<'a>)> = None;
        for (index, walk) in self.walks.iter_mut().enumerate() {
            let Some(document) = walk.last() else { continue };
            let place = walk.place(document);
            if best.as_ref().is_none_or(|(_, _, best)| place.compare(best, self.descending).is_gt()) {
                best = Some((index, document, place));
            }
        }
        let (index, document, place) = best?;
        let walk = self.walks.get_mut(index)?;
        walk.high -= 1;
        walk.entity(document).map(|entity| (entity, place))
    }

    /// Passes over as many.
    pub(crate) fn skip(&mut self, count: usize) {
        if let [walk] = self.walks.as_mut_slice()
            && walk.steps.is_some()
        {
            walk.low = walk.low.saturating_add(count).min(walk.high);
            return;
        }
        for _ in 0..count {
            if self.take_first().is_none() {
                return;
            }
        }
    }

    pub(crate) fn has_first(&mut self) -> bool {
        self.walks.iter_mut().any(|walk| walk.first().is_some())
    }

    pub(crate) fn has_last(&mut self) -> bool {
        self.walks.iter_mut().any(|walk| walk.last().is_some())
    }
}
