//! Lists: which entities, in what order, which page of them.

use fairway_domain::EntityRef;

use crate::entity::CatalogEntity;
use crate::evaluate::Condition;
use crate::field::Found;
use crate::ordering::{Walk, Walks};
use crate::predicate::{Field, Predicate};
use crate::selection::OrderField;
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
    /// Any other condition.
    pub predicate: Option<Predicate>,
    /// One of these entities.
    pub among: Option<Vec<EntityRef>>,
    /// The order; by reference when absent.
    pub order: Option<Order>,
    /// How many to give; 0 for all.
    pub limit: usize,
    /// How many to pass over.
    pub offset: usize,
}

/// An order. Entities without the field come last; ties are broken by identifier.
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
        let matches = self.matches(&self.condition(query));
        let total = matches.iter().map(|it| it.found.count()).sum();
        let order = match &query.order {
            None => OrderField { field: Field::reference(), descending: false },
            Some(Order { field, descending }) => {
                OrderField { field: Field::new(field_named(field)), descending: *descending }
            }
        };
        let walks = matches.iter().map(|it| Walk::new(it.segment, &it.found, &order)).collect();
        let mut walks = Walks::new(walks, order.descending);
        walks.skip(query.offset);
        let limit = if query.limit == 0 { usize::MAX } else { query.limit };
        let next = || walks.take_first().map(|(entity, _)| entity);
        Page { items: std::iter::from_fn(next).take(limit).collect(), total }
    }

    /// How many entities a query matches.
    pub fn count(&self, query: &Query) -> usize {
        self.matches(&self.condition(query)).iter().map(|it| it.found.count()).sum()
    }

    /// A query as a condition.
    pub(crate) fn condition(&self, query: &Query) -> Condition {
        let mut all = Vec::new();
        let mut narrow = |field: &str, values: &[String]| {
            if !values.is_empty() {
                all.push(Predicate::In(Field::new(field), values.to_vec()));
            }
        };
        narrow("kind", &query.kinds);
        narrow("spec.type", &query.types);
        narrow("spec.lifecycle", &query.lifecycles);
        narrow("metadata.namespace", query.namespace.as_slice());
        query.tags.iter().for_each(|tag| narrow("metadata.tags", std::slice::from_ref(tag)));
        for (path, values) in &query.filter {
            if values.is_empty() {
                all.push(Predicate::Exists(Field::new(path)));
            } else {
                all.push(Predicate::In(Field::new(path), values.clone()));
            }
        }
        if !query.owners.is_empty() {
            let owner = |owner: &EntityRef| match owner.kind() {
                "user" => Predicate::OwnedBy(owner.clone()),
                _ => {
                    Predicate::Relation { relation_type: "ownedBy".to_owned(), targets: vec![owner.clone()] }
                }
            };
            all.push(Predicate::Any(query.owners.iter().map(owner).collect()));
        }
        all.extend(query.text.clone().map(Predicate::Text));
        all.extend(query.predicate.clone());
        let mut all: Vec<Condition> = all.iter().map(|predicate| Condition::new(self, predicate)).collect();
        if let Some(system) = &query.system {
            all.push(Condition::References(self.parts_of(system).into_iter().collect()));
        }
        all.extend(query.among.clone().map(Condition::References));
        Condition::All(all)
    }
}

/// The path of a field that queries call by a shorter name.
pub(crate) fn field_named(name: &str) -> &str {
    match name {
        "name" => "metadata.name",
        "title" => TITLE,
        "owner" => OWNER,
        "system" => SYSTEM,
        "changed" => CHANGED,
        "type" => "spec.type",
        "lifecycle" => "spec.lifecycle",
        "namespace" => "metadata.namespace",
        path => path,
    }
}

const TITLE: &str = "fairway.title";
pub(crate) const OWNER: &str = "fairway.owner";
const SYSTEM: &str = "fairway.system";
const CHANGED: &str = "fairway.changed";
/// The identifier of the source that gives it.
pub(crate) const SOURCE: &str = "fairway.source";
/// `true` when its file has errors.
pub(crate) const BROKEN: &str = "fairway.broken";

/// The fields of an entity that Backstage does not know: what people call it, the names of its owner and of its
/// system, when it was seen, from where, and whether its file is broken.
pub(crate) fn own_fields(found: &CatalogEntity, visit: &mut dyn FnMut(Found<'_>)) {
    let mut text = |path: &str, value: Option<&str>| {
        if value.is_some() {
            visit(Found { path, value, listed: false });
        }
    };
    text(TITLE, Some(found.title()));
    text(OWNER, found.owner().map(EntityRef::name));
    text(SYSTEM, found.system().map(EntityRef::name));
    text(CHANGED, Some(&found.last_seen().to_string()));
    text(SOURCE, Some(found.source()));
    text(BROKEN, (!found.errors().is_empty()).then_some("true"));
}
