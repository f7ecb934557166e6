//! Lists: which entities, in what order, which page of them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use fairway_domain::EntityRef;

use crate::field_path;
use crate::snapshot::{CatalogEntity, Snapshot};

/// What is asked for. Every field narrows the answer; an empty one does not. Texts compare without regard to
/// case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that all have to occur in name, title, description, tags, type, kind or owner.
    pub text: Option<String>,
    /// Kinds, any of them.
    pub kinds: Vec<String>,
    /// `spec.type`, any of them.
    pub types: Vec<String>,
    /// Owners, any of them; a person's groups own on their behalf.
    pub owners: Vec<EntityRef>,
    /// `spec.lifecycle`, any of them.
    pub lifecycles: Vec<String>,
    /// Tags, all of them.
    pub tags: Vec<String>,
    /// What it is part of, directly or through its parents.
    pub system: Option<EntityRef>,
    /// The namespace.
    pub namespace: Option<String>,
    /// Backstage's conditions, all of them: a dotted path, and the values of which one has to be there; no values
    /// for any.
    pub filter: Vec<(String, Vec<String>)>,
    /// The order; by reference when absent.
    pub order: Option<Order>,
    /// How many to give; 0 for all.
    pub limit: usize,
    /// How many to pass over.
    pub offset: usize,
}

/// An order. Entities without the field come last; ties are broken by reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// `name`, `title`, `kind`, `type`, `owner`, `lifecycle`, `system`, `changed`, or a dotted path.
    pub field: String,
    /// Backwards.
    pub descending: bool,
}

/// One page of an answer.
#[derive(Debug)]
pub struct Page<'a> {
    /// The entities of the page.
    pub items: Vec<&'a CatalogEntity>,
    /// How many there are on all pages.
    pub total: usize,
}

impl Snapshot {
    /// Answers a query.
    pub fn query(&self, query: &Query) -> Page<'_> {
        let matcher = Matcher::new(self, query);
        let mut items: Vec<&CatalogEntity> = self.iter().filter(|found| matcher.matches(found)).collect();
        let total = items.len();
        if let Some(order) = &query.order {
            let mut keyed: Vec<(Option<String>, &CatalogEntity)> =
                items.into_iter().map(|found| (order_key(found, &order.field), found)).collect();
            keyed.sort_by(|(one, one_entity), (other, other_entity)| {
                compare(one.as_ref(), other.as_ref(), order.descending)
                    .then_with(|| one_entity.reference.cmp(&other_entity.reference))
            });
            items = keyed.into_iter().map(|(_, found)| found).collect();
        }
        let limit = if query.limit == 0 { usize::MAX } else { query.limit };
        let items = items.into_iter().skip(query.offset).take(limit).collect();
        Page { items, total }
    }

    /// How many entities a query matches.
    pub fn count(&self, query: &Query) -> usize {
        let matcher = Matcher::new(self, query);
        self.iter().filter(|found| matcher.matches(found)).count()
    }
}

fn compare(one: Option<&String>, other: Option<&String>, descending: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if descending => other.cmp(one),
        (Some(one), Some(other)) => one.cmp(other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

fn order_key(found: &CatalogEntity, field: &str) -> Option<String> {
    let entity = &found.stored.entity;
    let text = match field {
        "name" => entity.name().to_owned(),
        "title" => found.title().to_owned(),
        "owner" => found.owner()?.name().to_owned(),
        "type" | "lifecycle" => entity.spec_text(field)?.to_owned(),
        "system" => found.targets("partOf").find(|target| target.kind() == "system")?.name().to_owned(),
        "changed" => found.stored.last_seen.to_string(),
        path => field_path::first(found, path)?,
    };
    Some(text.to_lowercase())
}

/// A query prepared for many entities.
pub(crate) struct Matcher<'a> {
    query: &'a Query,
    words: Vec<String>,
    owners: BTreeSet<EntityRef>,
    parts: Option<BTreeSet<EntityRef>>,
}

impl<'a> Matcher<'a> {
    pub(crate) fn new(snapshot: &Snapshot, query: &'a Query) -> Self {
        let words =
            query.text.as_deref().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
        let owners = query.owners.iter().flat_map(|owner| {
            let groups = if owner.kind() == "user" { snapshot.groups_of(owner) } else { Vec::new() };
            groups.into_iter().chain([owner.clone()])
        });
        let parts = query.system.as_ref().map(|system| snapshot.parts_of(system));
        Self { query, words, owners: owners.collect(), parts }
    }

    pub(crate) fn matches(&self, found: &CatalogEntity) -> bool {
        let query = self.query;
        let entity = &found.stored.entity;
        let is_any = |wanted: &[String], value: Option<&str>| {
            wanted.is_empty()
                || value.is_some_and(|value| wanted.iter().any(|it| it.eq_ignore_ascii_case(value)))
        };
        is_any(&query.kinds, Some(&entity.kind))
            && is_any(&query.types, entity.spec_text("type"))
            && is_any(&query.lifecycles, entity.spec_text("lifecycle"))
            && query.tags.iter().all(|tag| entity.tags().any(|own| own.eq_ignore_ascii_case(tag)))
            && query.namespace.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(entity.namespace()))
            && (self.query.owners.is_empty()
                || found.targets("ownedBy").any(|owner| self.owners.contains(owner)))
            && self.parts.as_ref().is_none_or(|parts| parts.contains(&found.reference))
            && self.words.iter().all(|word| found.text.everything.contains(word.as_str()))
            && query.filter.iter().all(|(path, values)| matches_filter(found, path, values))
    }
}

fn matches_filter(found: &CatalogEntity, path: &str, values: &[String]) -> bool {
    let mut matched = false;
    field_path::visit(found, path, &mut |value| {
        matched |= values.is_empty()
            || value.is_some_and(|value| {
                let value = value.to_lowercase();
                values.iter().any(|wanted| wanted.to_lowercase() == value)
            });
    });
    matched
}
