//! Facets: which values a field has among the entities of a query, and how often.

use std::collections::{BTreeMap, BTreeSet};

use crate::entity::CatalogEntity;
use crate::query::{Matcher, Query, visit};
use crate::snapshot::Snapshot;

impl Snapshot {
    /// The values of fields with their counts, the most frequent first. A field's own narrowing is left out for
    /// its counts, so that the other choices stay in sight. Fields: `kind`, `type`, `owner`, `lifecycle`, `tags`,
    /// `system`, `namespace`, or a dotted path; owners and systems are given as references. The key of the answer
    /// is the field as asked.
    pub fn query_facets(&self, query: &Query, fields: &[&str]) -> BTreeMap<String, Vec<(String, usize)>> {
        fields.iter().map(|field| ((*field).to_owned(), self.facet(query, field))).collect()
    }

    fn facet(&self, query: &Query, field: &str) -> Vec<(String, usize)> {
        let query = without(query, field);
        let matcher = Matcher::new(self, &query);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for found in self.iter().filter(|found| matcher.matches(found)) {
            for value in values(found, field) {
                *counts.entry(value).or_default() += 1;
            }
        }
        let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
        counts.sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
        counts
    }
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

fn values(found: &CatalogEntity, field: &str) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    let path = match field {
        "owner" => "relations.ownedBy",
        "type" => "spec.type",
        "lifecycle" => "spec.lifecycle",
        "tags" => "metadata.tags",
        "namespace" => "metadata.namespace",
        "system" => {
            let systems = found.targets("partOf").filter(|target| target.kind() == "system");
            return systems.map(ToString::to_string).collect();
        }
        path => path,
    };
    visit(found, path, &mut |value| values.extend(value.map(str::to_owned)));
    values
}
