//! Facets: which values a field has among the entities of a query, and how often.

use std::collections::BTreeMap;

use crate::evaluate::Condition;
use crate::predicate::{Field, Predicate};
use crate::query::{Query, field_named};
use crate::selecting::Matches;
use crate::selection::Facet;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// The values of fields among the entities that fit.
    pub fn facets(&self, fields: &[String], predicate: &Predicate) -> Vec<Facet> {
        let matches = self.matches(&Condition::new(self, predicate));
        let facet = |field: &String| {
            let values = counted(&matches, &Field::new(field));
            let values = values.into_iter().map(|(value, count)| (value.to_owned(), count)).collect();
            Facet { field: field.clone(), values }
        };
        fields.iter().map(facet).collect()
    }

    /// The values of fields with their counts, the most frequent first. A field's own narrowing is left out for
    /// its counts, so that the other choices stay in sight. Fields: `kind`, `type`, `owner`, `lifecycle`, `tags`,
    /// `system`, `namespace`, or a dotted path; owners and systems are given as references. The key of the answer
    /// is the field as asked.
    pub fn query_facets(&self, query: &Query, fields: &[&str]) -> BTreeMap<String, Vec<(String, usize)>> {
        // Most fields are not narrowed, and count among the same entities.
        let matches = self.matches(&self.condition(query));
        let facet = |field: &str| {
            let without = without(query, field);
            if without == *query {
                Self::query_facet(&matches, field)
            } else {
                Self::query_facet(&self.matches(&self.condition(&without)), field)
            }
        };
        fields.iter().map(|field| ((*field).to_owned(), facet(field))).collect()
    }

    fn query_facet(matches: &[Matches<'_>], field: &str) -> Vec<(String, usize)> {
        let system = field == "system";
        let field = match field {
            "owner" => "relations.ownedBy",
            "system" => "relations.partOf",
            "tags" => "metadata.tags",
            other => field_named(other),
        };
        let mut counts: Vec<(String, usize)> = counted(matches, &Field::new(field))
            .into_iter()
            .filter(|(value, _)| !system || value.starts_with("system:"))
            .map(|(value, count)| (value.to_owned(), count))
            .collect();
        counts.sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
        counts
    }
}

/// The values of a field in their own case, sorted, and how many of the matches have each.
fn counted<'a>(matches: &[Matches<'a>], field: &Field) -> BTreeMap<&'a str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for Matches { segment, found } in matches {
        let Some(index) = segment.field(field.as_str()) else { continue };
        for term in index.terms() {
            let count = index.count(term, found);
            if count > 0 {
                *counts.entry(index.own(term)).or_default() += count;
            }
        }
    }
    counts
}

/// The query without what it says about a field.
fn without(query: &Query, field: &str) -> Query {
    let mut query = query.clone();
    match field {
        "kind" => query.kinds.clear(),
        "type" | "spec.type" => query.types.clear(),
        "lifecycle" | "spec.lifecycle" => query.lifecycles.clear(),
        "owner" | "spec.owner" | "relations.ownedBy" => query.owners.clear(),
        "system" | "spec.system" => query.system = None,
        "namespace" | "metadata.namespace" => query.namespace = None,
        // Tags narrow further and further: each one that is offered has to leave something.
        _ => {}
    }
    query.filter.retain(|(path, _)| !path.eq_ignore_ascii_case(field));
    query
}
