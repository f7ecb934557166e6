//! The names of fields where lists are sorted and counted by them.

use super::field::{self, Known};
use crate::kind::KindRegistry;
use crate::predicate::Field;
use crate::query::field_named;

/// The field that a list is sorted by for a short name or a path: what people call it for `title`, the names of owner
/// and system, the moment of the last change for `changed`. `None` for what is no field.
pub fn order_field(name: &str) -> Option<Field> {
    let lower = name.to_lowercase();
    match lower.as_str() {
        "title" | "owner" | "system" | "changed" => Some(Field::new(field_named(&lower))),
        _ => facet_field(name),
    }
}

/// The field whose values are counted for a short name or a path; references for owner, system and relations. `None`
/// for what is no field.
pub fn facet_field(name: &str) -> Option<Field> {
    match field::known(name, &KindRegistry::default())? {
        Known::Path(field) => Some(field),
        Known::Source => Some(Field::new(crate::query::SOURCE)),
        Known::Owner => Some(Field::new("relations.ownedBy")),
        Known::Whole(_) => Some(Field::new("relations.partOf")),
        Known::Relation(edge) => Some(Field::new(&format!("relations.{}", edge.relation_type))),
        Known::Has | Known::Is | Known::NeedsKey => None,
    }
}

/// What to write instead of a name that is no field.
pub fn field_advice(name: &str) -> String {
    field::advice(name, &KindRegistry::default())
}
