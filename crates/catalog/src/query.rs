//! Lists: which entities, in what order, which page of them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use fairway_domain::EntityRef;

use crate::entity::CatalogEntity;
use crate::field;
use crate::snapshot::Snapshot;

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
                    .then_with(|| one_entity.reference().cmp(other_entity.reference()))
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
    let text = match field {
        "name" => found.name().to_owned(),
        "title" => found.title().to_owned(),
        "owner" => found.owner()?.name().to_owned(),
        "type" => found.entity_type()?.to_owned(),
        "lifecycle" => found.lifecycle()?.to_owned(),
        "system" => found.system()?.name().to_owned(),
        "changed" => found.last_seen().to_string(),
        path => first(found, path)?,
    };
    Some(text.to_lowercase())
}

/// The first comparable value at a path.
fn first(found: &CatalogEntity, path: &str) -> Option<String> {
    let mut first = None;
    visit(found, path, &mut |value| {
        if first.is_none() {
            first = value.map(str::to_owned);
        }
    });
    first
}

/// The values at a path.
pub(crate) fn visit(found: &CatalogEntity, path: &str, visit: &mut dyn FnMut(Option<&str>)) {
    let wanted = path.to_lowercase();
    field::visit(&found.to_backstage_json(), &mut |path, value| {
        if path == wanted {
            visit(value);
        }
    });
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
        let is_any = |wanted: &[String], value: Option<&str>| {
            wanted.is_empty()
                || value.is_some_and(|value| wanted.iter().any(|it| it.eq_ignore_ascii_case(value)))
        };
        is_any(&query.kinds, Some(found.kind()))
            && is_any(&query.types, found.entity_type())
            && is_any(&query.lifecycles, found.lifecycle())
            && query.tags.iter().all(|tag| matches_filter(found, "metadata.tags", std::slice::from_ref(tag)))
            && query.namespace.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(found.namespace()))
            && (self.query.owners.is_empty()
                || found.targets("ownedBy").any(|owner| self.owners.contains(owner)))
            && self.parts.as_ref().is_none_or(|parts| parts.contains(found.reference()))
            && self.words.iter().all(|word| found.search_text().everything.contains(word.as_str()))
            && query.filter.iter().all(|(path, values)| matches_filter(found, path, values))
    }
}

fn matches_filter(found: &CatalogEntity, path: &str, values: &[String]) -> bool {
    let mut matched = false;
    visit(found, path, &mut |value| {
        matched |= values.is_empty()
            || value.is_some_and(|value| {
                let value = value.to_lowercase();
                values.iter().any(|wanted| wanted.to_lowercase() == value)
            });
    });
    matched
}
