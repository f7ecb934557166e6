//! The relations that references in a `spec` make, by the rules of their kinds.

use fairway_domain::{Entity, EntityRef, EntityRefError, Relation, RelationType};
use serde_json::Value;

use crate::envelope::escape;
use crate::kind::{KindRegistry, RelationRule};

/// References that one entity may make.
const REFERENCES: usize = 10_000;

/// The fields that Backstage sorts in what it hands out.
pub(crate) const SORTED_FIELDS: &[&str] =
    &["providesApis", "consumesApis", "dependsOn", "dependencyOf", "memberOf", "children", "members"];

/// One reference in a `spec`.
pub(crate) struct Reference<'a> {
    pub(crate) rule: &'a RelationRule,
    /// The JSON pointer of the text in the entity.
    pub(crate) pointer: String,
    pub(crate) target: Result<EntityRef, EntityRefError>,
}

/// Every reference in an entity's `spec`, good or bad, in the order of the rules.
pub(crate) fn references<'a>(kinds: &'a KindRegistry, entity: &Entity) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    for rule in kinds.relation_rules(entity) {
        let mut parts = rule.field.split('.');
        let Some(first) = parts.next() else { continue };
        let Some(value) = entity.spec.get(first) else { continue };
        let rest: Vec<&str> = parts.collect();
        collect(value, &rest, format!("/spec/{}", escape(first)), &mut |text, pointer| {
            if found.len() < REFERENCES {
                let target = EntityRef::parse(text, rule.default_kind.as_deref(), entity.namespace());
                found.push(Reference { rule, pointer, target });
            }
        });
    }
    found
}

/// The texts that a path leads to; lists on the way are gone through.
fn collect(value: &Value, path: &[&str], pointer: String, found: &mut impl FnMut(&str, String)) {
    match (value, path) {
        (Value::Array(items), _) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, path, format!("{pointer}/{index}"), found);
            }
        }
        (Value::String(text), []) => found(text, pointer),
        (Value::Object(map), [first, rest @ ..]) => {
            if let Some(inside) = map.get(*first) {
                collect(inside, rest, format!("{pointer}/{}", escape(first)), found);
            }
        }
        _ => {}
    }
}

/// The relations that an entity makes, each as `(from, relation)` and in both directions.
pub(crate) fn emitted(kinds: &KindRegistry, entity: &Entity) -> impl Iterator<Item = (EntityRef, Relation)> {
    let own = entity.reference();
    references(kinds, entity)
        .into_iter()
        .filter_map(|found| {
            let [forward, reverse] = [&found.rule.forward, &found.rule.reverse];
            Some((forward.as_str().into(), reverse.as_str().into(), found.target.ok()?))
        })
        .flat_map(move |(forward, reverse, target)| {
            let edge = |from: &EntityRef, relation_type: RelationType, to: &EntityRef| {
                (from.clone(), Relation { relation_type, target: to.clone() })
            };
            [edge(&own, forward, &target), edge(&target, reverse, &own)]
        })
}
