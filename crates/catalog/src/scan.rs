//! Answers by looking at every entity.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::EntityRef;

use crate::cursor::{Cursor, List};
use crate::entity::CatalogEntity;
use crate::error::QueryError;
use crate::field;
use crate::predicate::{Field, Predicate};
use crate::selection::{Facet, MissingField, OrderField, SelectedPage, Selection};
use crate::snapshot::Snapshot;

type Values = BTreeMap<String, Vec<Option<String>>>;

fn values(found: &CatalogEntity) -> Values {
    let mut values = Values::new();
    field::visit(&found.to_backstage_json(), &mut |path, value| {
        values.entry(path.to_owned()).or_default().push(value.map(str::to_owned));
    });
    values
}

fn lower(values: &Values, field: &Field) -> Vec<String> {
    let values = values.get(field.as_str()).into_iter().flatten();
    values.flatten().map(|value| value.to_lowercase()).collect()
}

impl Snapshot {
    fn matches(&self, found: &CatalogEntity, values: &Values, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::All(all) => all.iter().all(|it| self.matches(found, values, it)),
            Predicate::Any(any) => any.iter().any(|it| self.matches(found, values, it)),
            Predicate::Not(not) => !self.matches(found, values, not),
            Predicate::Exists(field) => values.contains_key(field.as_str()),
            Predicate::In(field, wanted) => {
                let wanted: BTreeSet<String> = wanted.iter().map(|it| it.to_lowercase()).collect();
                lower(values, field).iter().any(|it| wanted.contains(it))
            }
            Predicate::Prefix(field, prefix) => {
                let prefix = prefix.to_lowercase();
                lower(values, field).iter().any(|it| it.starts_with(&prefix))
            }
            Predicate::Contains(field, text) => {
                let text = text.to_lowercase();
                lower(values, field).iter().any(|it| it.contains(&text))
            }
            Predicate::Relation { relation_type, targets } => found.relations().iter().any(|it| {
                it.relation_type.eq_ignore_ascii_case(relation_type)
                    && (targets.is_empty() || targets.contains(&it.target))
            }),
            Predicate::OwnedBy(owner) => {
                let mut owners: Vec<EntityRef> = self.groups_of(owner);
                owners.push(owner.clone());
                found.targets("ownedBy").any(|it| owners.contains(it))
            }
            Predicate::Text(text) => text
                .to_lowercase()
                .split_whitespace()
                .all(|word| found.search_text().everything.contains(word)),
        }
    }

    /// The part of the entities that is asked for.
    ///
    /// # Errors
    ///
    /// [`QueryError::Cursor`] when the cursor was not made here.
    pub fn select(&self, selection: &Selection) -> Result<SelectedPage<'_>, QueryError> {
        let cursor = selection.cursor.as_deref().map(Cursor::read).transpose()?;
        let list = cursor.as_ref().map_or_else(
            || List {
                predicate: selection.predicate.clone(),
                order: selection.order.clone(),
                full_text: selection.full_text.clone(),
                missing: selection.missing,
            },
            Cursor::list,
        );
        let mut found: Vec<(Vec<Option<String>>, &CatalogEntity)> = Vec::new();
        for entity in self.iter() {
            let values = values(entity);
            if !self.matches(entity, &values, &list.predicate) {
                continue;
            }
            if let Some(text) = &list.full_text {
                let fallback =
                    list.order.first().map_or_else(|| Field::new("metadata.uid"), |it| it.field.clone());
                let fields = if text.fields.is_empty() { vec![fallback] } else { text.fields.clone() };
                let term = text.term.to_lowercase();
                if !fields.iter().any(|field| lower(&values, field).iter().any(|it| it.contains(&term))) {
                    continue;
                }
            }
            let mut key: Vec<Option<String>> = list
                .order
                .iter()
                .map(|it| {
                    if it.field == Field::reference() {
                        return Some(entity.reference().to_string());
                    }
                    lower(&values, &it.field).into_iter().min()
                })
                .collect();
            if list.missing == MissingField::Excluded && key.first().is_some_and(Option::is_none) {
                continue;
            }
            key.push(Some(entity.uid().to_lowercase()));
            found.push((key, entity));
        }
        found.sort_by(|(one, _), (other, _)| compare(one, other, &list.order));
        let total = if selection.count_total { found.len() } else { 0 };
        let (start, end) = match &cursor {
            None => (selection.offset, selection.offset.saturating_add(selection.limit)),
            Some(cursor) => {
                let place = &cursor.order_field_values;
                if cursor.is_previous {
                    let end = found.partition_point(|(key, _)| compare(key, place, &list.order).is_lt());
                    (end.saturating_sub(selection.limit), end)
                } else {
                    let start = found.partition_point(|(key, _)| compare(key, place, &list.order).is_le());
                    (start, start.saturating_add(selection.limit))
                }
            }
        };
        let (end, start) = (end.min(found.len()), start.min(found.len()));
        let page = found.get(start..end).unwrap_or_default();
        let cursor = |edge: Option<&(Vec<Option<String>>, &CatalogEntity)>, is_previous| {
            edge.map(|(key, _)| Cursor::new(&list, key.clone(), is_previous).write())
        };
        Ok(SelectedPage {
            items: page.iter().map(|(_, entity)| *entity).collect(),
            total,
            next_cursor: if end < found.len() { cursor(page.last(), false) } else { None },
            previous_cursor: if start > 0 { cursor(page.first(), true) } else { None },
        })
    }

    /// The values of fields among the entities that fit.
    pub fn facets(&self, fields: &[String], predicate: &Predicate) -> Vec<Facet> {
        let mut counts: Vec<BTreeMap<String, usize>> = vec![BTreeMap::new(); fields.len()];
        for entity in self.iter() {
            let values = values(entity);
            if !self.matches(entity, &values, predicate) {
                continue;
            }
            for (field, counts) in fields.iter().zip(&mut counts) {
                let values = values.get(&field.to_lowercase()).into_iter().flatten().flatten();
                for value in values.collect::<BTreeSet<_>>() {
                    *counts.entry(value.clone()).or_default() += 1;
                }
            }
        }
        let facet = |(field, counts): (&String, BTreeMap<String, usize>)| Facet {
            field: field.clone(),
            values: counts.into_iter().collect(),
        };
        fields.iter().zip(counts).map(facet).collect()
    }
}

fn compare(one: &[Option<String>], other: &[Option<String>], order: &[OrderField]) -> Ordering {
    let descending = order.iter().map(|it| it.descending).chain([false]);
    for ((one, other), descending) in one.iter().zip(other).zip(descending) {
        let ordering = match (one, other) {
            (Some(one), Some(other)) if descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => other.is_some().cmp(&one.is_some()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}
