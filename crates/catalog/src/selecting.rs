//! Answers to [`Selection`]s: which entities, in which order, which part.

use std::cmp::Ordering;

use fairway_domain::EntityRef;

use crate::bits::Bits;
use crate::cursor::{Cursor, List};
use crate::entity::CatalogEntity;
use crate::error::QueryError;
use crate::evaluate::Condition;
use crate::field_index::FieldIndex;
use crate::ordering::{Found, Place, Value, Walk, Walks};
use crate::predicate::Field;
use crate::segment::Segment;
use crate::selection::{FullText, MissingField, OrderField, SelectedPage, Selection};
use crate::snapshot::Snapshot;

const UID: &str = "metadata.uid";

/// What was found in one segment.
pub(crate) struct Matches<'a> {
    pub(crate) segment: &'a Segment,
    pub(crate) found: Bits,
}

impl Snapshot {
    /// The part of the entities that is asked for.
    ///
    /// # Errors
    ///
    /// [`QueryError::Cursor`] when the cursor was not made here.
    pub fn select(&self, selection: &Selection) -> Result<SelectedPage<'_>, QueryError> {
        let cursor = selection.cursor.as_deref().map(Cursor::read).transpose()?;
        let list = cursor.as_ref().map_or_else(|| List::of(selection), Cursor::list);
        let condition = self.condition_of(&list);
        let matches = self.matches_in_order(&condition, &list);
        let total = || matches.iter().map(|it| it.found.count()).sum();
        let total = if selection.count_total { total() } else { 0 };
        if selection.limit == 0 {
            return Ok(SelectedPage { items: Vec::new(), total, next_cursor: None, previous_cursor: None });
        }
        let mut page = match list.order.as_slice() {
            [] => {
                let order = OrderField { field: Field::new(UID), descending: false };
                one_field(&matches, &order, cursor.as_ref(), &list, selection)?
            }
            [order] => one_field(&matches, order, cursor.as_ref(), &list, selection)?,
            several => several_fields(&matches, several, cursor.as_ref(), &list, selection),
        };
        page.total = total;
        Ok(page)
    }

    /// What fits a condition, segment by segment.
    pub(crate) fn matches(&self, condition: &Condition) -> Vec<Matches<'_>> {
        self.parts()
            .map(|(segment, present)| Matches { segment, found: condition.evaluate(segment, present) })
            .filter(|matches| !matches.found.is_empty())
            .collect()
    }

    fn condition_of(&self, list: &List) -> Condition {
        let predicate = Condition::new(self, &list.predicate);
        let Some(FullText { term, fields }) = &list.full_text else { return predicate };
        let fields = match (fields.as_slice(), list.order.first()) {
            ([], Some(order)) => vec![order.field.clone()],
            ([], None) => vec![Field::new(UID)],
            (fields, _) => fields.to_vec(),
        };
        Condition::All(vec![predicate, Condition::Contains(fields, term.to_lowercase())])
    }

    fn matches_in_order(&self, condition: &Condition, list: &List) -> Vec<Matches<'_>> {
        let mut matches = self.matches(condition);
        if let (MissingField::Excluded, Some(order)) = (list.missing, list.order.first()) {
            for matches in &mut matches {
                matches.found.keep(&matches.segment.column(&order.field).valued);
            }
        }
        matches
    }
}

impl List {
    fn of(selection: &Selection) -> Self {
        Self {
            predicate: selection.predicate.clone(),
            order: selection.order.clone(),
            full_text: selection.full_text.clone(),
            missing: selection.missing,
        }
    }
}

fn one_field<'a>(
    matches: &[Matches<'a>],
    order: &OrderField,
    cursor: Option<&Cursor>,
    list: &List,
    selection: &Selection,
) -> Result<SelectedPage<'a>, QueryError> {
    let walks = || {
        let walks = matches.iter().map(|it| Walk::new(it.segment, &it.found, order));
        Walks::new(walks.collect(), order.descending)
    };
    let reference = place_reference(order, cursor)?;
    let place = cursor.map(|cursor| place_of(cursor, reference.as_ref()));
    let mut items: Vec<Found<'_>> = Vec::with_capacity(selection.limit.min(1_000));
    let (mut is_first, mut is_last) = (true, true);
    let mut walk = walks();
    match (place, cursor.is_some_and(|cursor| cursor.is_previous)) {
        (Some(place), true) => {
            walk.end_before(place);
            while items.len() < selection.limit
                && let Some(found) = walk.take_last()
            {
                items.push(found);
            }
            items.reverse();
            is_first = !walk.has_last();
            if let Some((_, last)) = items.last() {
                let mut after = walks();
                after.begin_after(*last);
                is_last = !after.has_first();
            }
        }
        (place, _) => {
            match place {
                Some(place) => walk.begin_after(place),
                None => walk.skip(selection.offset),
            }
            while items.len() < selection.limit
                && let Some(found) = walk.take_first()
            {
                items.push(found);
            }
            is_last = !walk.has_first();
            if let Some((_, first)) = items.first()
                && (place.is_some() || selection.offset > 0)
            {
                let mut before = walks();
                before.end_before(*first);
                is_first = !before.has_last();
            }
        }
    }
    let cursor = |found: Option<&Found<'_>>, is_previous| {
        let (entity, place) = found?;
        let mut values = vec![Some(entity.uid().to_owned())];
        if !list.order.is_empty() {
            values.insert(0, text_of(place.value));
        }
        Some(Cursor::new(list, values, is_previous).write())
    };
    Ok(SelectedPage {
        next_cursor: if is_last { None } else { cursor(items.last(), false) },
        previous_cursor: if is_first { None } else { cursor(items.first(), true) },
        items: items.into_iter().map(|(entity, _)| entity).collect(),
        total: 0,
    })
}

fn text_of(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_owned()),
        Value::Reference(reference) => Some(reference.to_string()),
        Value::None => None,
    }
}

/// The reference that a cursor in the order of references holds.
fn place_reference(order: &OrderField, cursor: Option<&Cursor>) -> Result<Option<EntityRef>, QueryError> {
    let text = cursor.and_then(|cursor| cursor.order_field_values.first()?.as_deref());
    match text {
        Some(text) if order.field == Field::reference() => text
            .parse()
            .map(Some)
            .map_err(|_| QueryError::Cursor("it was not made by this catalog".to_owned())),
        _ => Ok(None),
    }
}

fn place_of<'a>(cursor: &'a Cursor, reference: Option<&'a EntityRef>) -> Place<'a> {
    let value = match (reference, cursor.order_field_values.first()) {
        (Some(reference), _) => Value::Reference(reference),
        (None, Some(Some(text))) => Value::Text(text),
        (None, _) => Value::None,
    };
    let tie = cursor.order_field_values.last().and_then(Option::as_deref).unwrap_or_default();
    Place { value, tie }
}

/// The values of an order with several fields, and the identifier.
type Key<'a> = Vec<Option<std::borrow::Cow<'a, str>>>;

fn several_fields<'a>(
    matches: &[Matches<'a>],
    order: &[OrderField],
    cursor: Option<&Cursor>,
    list: &List,
    selection: &Selection,
) -> SelectedPage<'a> {
    let mut all: Vec<(Key<'a>, &'a CatalogEntity)> = Vec::new();
    for matches in matches {
        let segment = matches.segment;
        let fields: Vec<_> =
            order.iter().map(|it| (segment.field(it.field.as_str()), segment.column(&it.field))).collect();
        for document in matches.found.iter() {
            let Some(entity) = segment.entity(document) else { continue };
            let mut key: Key<'a> = order
                .iter()
                .zip(&fields)
                .map(|(order, (index, column))| {
                    if order.field == Field::reference() {
                        return Some(entity.reference().to_string().into());
                    }
                    index.and_then(|index: &'a FieldIndex| index.value(column, document)).map(Into::into)
                })
                .collect();
            key.push(Some(entity.uid().into()));
            all.push((key, entity));
        }
    }
    all.sort_unstable_by(|(one, _), (other, _)| compare(one, other, order));
    let (start, end) = match cursor {
        None => (selection.offset, selection.offset.saturating_add(selection.limit)),
        Some(cursor) => {
            let place: Key<'_> =
                cursor.order_field_values.iter().map(|it| it.as_deref().map(Into::into)).collect();
            if cursor.is_previous {
                let end = all.partition_point(|(key, _)| compare(key, &place, order).is_lt());
                (end.saturating_sub(selection.limit), end)
            } else {
                let start = all.partition_point(|(key, _)| compare(key, &place, order).is_le());
                (start, start.saturating_add(selection.limit))
            }
        }
    };
    let (start, end) = (start.min(all.len()), end.min(all.len()));
    let page = all.get(start..end).unwrap_or_default();
    let cursor = |found: Option<&(Key<'a>, &CatalogEntity)>, is_previous| {
        let values = found?.0.iter().map(|it| it.as_deref().map(str::to_owned)).collect();
        Some(Cursor::new(list, values, is_previous).write())
    };
    SelectedPage {
        next_cursor: if end < all.len() { cursor(page.last(), false) } else { None },
        previous_cursor: if start > 0 { cursor(page.first(), true) } else { None },
        items: page.iter().map(|(_, entity)| *entity).collect(),
        total: 0,
    }
}

fn compare(one: &Key<'_>, other: &Key<'_>, order: &[OrderField]) -> Ordering {
    let turned = |ordering: Ordering, turned: bool| if turned { ordering.reverse() } else { ordering };
    for ((one, other), order) in one.iter().zip(other).zip(order) {
        let ordering = match (one, other) {
            (Some(one), Some(other)) => turned(one.cmp(other), order.descending),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    let descending =
        order.first().is_some_and(|it| it.descending) && one.first().is_some_and(Option::is_some);
    turned(one.last().cmp(&other.last()), descending)
}
