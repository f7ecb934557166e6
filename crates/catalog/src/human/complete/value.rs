//! The values that a field has, and the entities that relations lead to.

use std::collections::BTreeMap;

use fairway_domain::EntityRef;

use super::{Asked, MOST};
use crate::predicate::Field;
use crate::selecting::Matches;

/// Values of one field of one segment that are looked at. Fields with more of them, such as names, are only completed
/// from their beginnings.
const LOOKED_AT: usize = 20_000;

impl<'a> Asked<'a> {
    /// The values of a field that begin with what was typed, the most frequent first; then those that contain it.
    pub(super) fn equal_values(&self, field: &Field) -> Vec<(&'a str, usize)> {
        let mut begin: BTreeMap<&'a str, usize> = BTreeMap::new();
        let mut contain: BTreeMap<&'a str, usize> = BTreeMap::new();
        for Matches { segment, found } in &self.matches {
            let segment = *segment;
            let Some(index) = segment.field(field.as_str()) else { continue };
            for term in index.terms_with_prefix(&self.typed).take(LOOKED_AT) {
                *begin.entry(index.own(term)).or_default() += index.count(term, found);
            }
            if self.typed.is_empty() || index.len() as usize > LOOKED_AT {
                continue;
            }
            for term in index.terms() {
                let lower = index.lower(term);
                if lower.contains(&self.typed) && !lower.starts_with(&self.typed) {
                    *contain.entry(index.own(term)).or_default() += index.count(term, found);
                }
            }
        }
        let mut values = by_count(begin);
        values.extend(by_count(contain));
        values.truncate(MOST);
        values
    }

    /// The entities that a relation leads to whose name, or reference, begins with what was typed, the most frequent
    /// first; then those that contain it. Of one kind only, where it is given.
    pub(super) fn targets(&self, field: &Field, only: Option<&str>) -> Vec<(EntityRef, usize)> {
        let mut begin: BTreeMap<&'a str, usize> = BTreeMap::new();
        let mut contain: BTreeMap<&'a str, usize> = BTreeMap::new();
        for Matches { segment, found } in &self.matches {
            let segment = *segment;
            let Some(index) = segment.field(field.as_str()) else { continue };
            for term in index.terms().take(LOOKED_AT) {
                let reference = index.lower(term);
                let (kind, rest) = reference.split_once(':').unwrap_or_default();
                if only.is_some_and(|only| only != kind) {
                    continue;
                }
                let name = rest.split_once('/').map_or(rest, |(_, name)| name);
                let short = rest.strip_prefix("default/").unwrap_or(rest);
                let begins = |text: &str| text.starts_with(&self.typed);
                let in_kind = |(given, typed): (&str, &str)| given == kind && short.starts_with(typed);
                let group = if begins(name)
                    || begins(rest)
                    || begins(reference)
                    || self.typed.split_once(':').is_some_and(in_kind)
                {
                    &mut begin
                } else if name.contains(&self.typed) {
                    &mut contain
                } else {
                    continue;
                };
                *group.entry(reference).or_default() += index.count(term, found);
            }
        }
        let mut values = by_count(begin);
        values.extend(by_count(contain));
        values.truncate(MOST);
        let parsed =
            values.into_iter().filter_map(|(reference, count)| Some((reference.parse().ok()?, count)));
        parsed.collect()
    }
}

/// What there is any of, the most frequent first.
fn by_count(counts: BTreeMap<&str, usize>) -> Vec<(&str, usize)> {
    let mut values: Vec<(&str, usize)> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    values.sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
    values
}
