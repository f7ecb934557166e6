//! Other names: an entity keeps what it was called before, and old references lead to it.

use std::collections::BTreeMap;

use fairway_domain::{Entity, EntityRef};

use crate::edit::FORMERLY;
use crate::kind::KindRegistry;
use crate::relation::references;

/// What an entity was called before, as its annotation says. What is no reference of its kind is passed over.
pub fn former_names(entity: &Entity) -> Vec<EntityRef> {
    let own = entity.reference();
    let listed = entity.annotation(FORMERLY).unwrap_or_default().split(',');
    listed
        .filter_map(|text| EntityRef::parse(text.trim(), Some(own.kind()), "default").ok())
        .filter(|former| *former != own && former.kind() == own.kind())
        .collect()
}

/// The fields of an entity that name another one, as JSON pointers with their texts.
pub fn references_to(kinds: &KindRegistry, entity: &Entity, target: &EntityRef) -> Vec<(String, String)> {
    let value = entity.to_value();
    references(kinds, entity)
        .into_iter()
        .filter(|found| found.target.as_ref() == Ok(target))
        .filter_map(|found| {
            let text = value.pointer(&found.pointer)?.as_str()?.to_owned();
            Some((found.pointer, text))
        })
        .collect()
}

/// A reference to the new name, written the way the old one was.
pub fn renamed_text(text: &str, old: &EntityRef, new: &EntityRef) -> String {
    if new.namespace() != old.namespace() {
        return new.to_string();
    }
    let start = text.rfind(['/', ':']).map_or(0, |at| at + 1);
    format!("{}{}", text.get(..start).unwrap_or_default(), new.name())
}

/// Where former references lead, from what each entity was called before. One that an entity has again leads nowhere
/// else; of several entities that had one, the first by reference counts.
pub(crate) fn redirects(
    former: &BTreeMap<EntityRef, Vec<EntityRef>>,
    exists: impl Fn(&EntityRef) -> bool,
) -> BTreeMap<EntityRef, EntityRef> {
    let mut redirects = BTreeMap::new();
    for (reference, former) in former {
        for former in former.iter().filter(|former| !exists(former)) {
            redirects.entry(former.clone()).or_insert_with(|| reference.clone());
        }
    }
    redirects
}
