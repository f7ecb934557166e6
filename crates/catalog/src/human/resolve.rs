//! Which entities the names in a question stand for.

use std::collections::BTreeSet;

use fairway_domain::EntityRef;
use fairway_domain::entity_ref::DEFAULT_NAMESPACE;

use super::field::Edge;
use crate::snapshot::Snapshot;

/// Who is meant as an owner: a group, or a person when only that is in the catalog. `None` for what is no reference.
pub(super) fn owner(text: &str, catalog: Option<&Snapshot>) -> Option<EntityRef> {
    let group = EntityRef::parse(text, Some("group"), DEFAULT_NAMESPACE).ok()?;
    let person = EntityRef::parse(text, Some("user"), DEFAULT_NAMESPACE).ok()?;
    let is_person = catalog.is_some_and(|it| it.get(&group).is_none() && it.get(&person).is_some());
    Some(if is_person { person } else { group })
}

/// What a name may stand for at the other end of a relation: one entity of each kind that it may lead to, unless a
/// kind is given. `None` for what is no reference.
pub(super) fn targets(text: &str, edge: &Edge) -> Option<Vec<EntityRef>> {
    if let Ok(complete) = EntityRef::parse(text, None, DEFAULT_NAMESPACE) {
        return Some(vec![complete]);
    }
    let found =
        edge.kinds.iter().filter_map(|kind| EntityRef::parse(text, Some(kind), DEFAULT_NAMESPACE).ok());
    let found: Vec<EntityRef> = found.collect();
    (!found.is_empty()).then_some(found)
}

/// Systems or domains with those of their parts that have parts themselves.
pub(super) fn wholes(found: Vec<EntityRef>, catalog: Option<&Snapshot>) -> Vec<EntityRef> {
    let Some(catalog) = catalog else { return found };
    let mut all: BTreeSet<EntityRef> = found.iter().cloned().collect();
    for whole in &found {
        let parts = catalog.parts_of(whole).into_iter();
        let has_parts = |part: &EntityRef| {
            catalog.relations_of(part).iter().any(|relation| relation.relation_type == "hasPart")
        };
        all.extend(parts.filter(has_parts));
    }
    all.into_iter().collect()
}

/// How references begin that a person began to write, for each kind that a relation may lead to.
pub(super) fn prefixes(text: &str, edge: &Edge) -> Vec<String> {
    let within =
        |rest: &str| if rest.contains('/') { rest.to_owned() } else { format!("{DEFAULT_NAMESPACE}/{rest}") };
    match text.split_once(':') {
        Some((kind, rest)) => vec![format!("{kind}:{}", within(rest))],
        None => edge.kinds.iter().map(|kind| format!("{kind}:{}", within(text))).collect(),
    }
}
