//! Which Locations lead to an entity.

use fairway_domain::EntityRef;
use fairway_domain::tree::TreePath;
use serde_json::Value;

use crate::address::{Target, resolve, typed};
use crate::entity::CatalogEntity;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// The Locations that lead to the file of an entity, sorted.
    pub fn parents(&self, entity: &CatalogEntity) -> Vec<EntityRef> {
        let others = self.of_kind("location").filter(|location| location.reference() != entity.reference());
        others
            .filter(|location| leads_to(location, entity))
            .map(|location| location.reference().clone())
            .collect()
    }
}

fn leads_to(location: &CatalogEntity, entity: &CatalogEntity) -> bool {
    let own = location.entity();
    let Ok(file) = TreePath::lenient(location.file()) else { return false };
    let base = location.location().strip_suffix(location.file()).unwrap_or_default();
    let same_source = location.source() == entity.source();
    let single = own.spec.get("target").into_iter();
    let several = own.spec.get("targets").and_then(Value::as_array).into_iter().flatten();
    single.chain(several).filter_map(Value::as_str).any(|target| match resolve(target, &file, base) {
        Target::File(path) => same_source && path.as_str() == entity.file(),
        Target::Pattern(pattern) => same_source && glob_match::glob_match(&pattern, entity.file()),
        Target::Foreign(address) => address == typed(entity.location()),
        Target::Nowhere(_) => false,
    })
}
