//! Which fields of a `spec` are references, and the relations that they make.

use fairway_domain::{Entity, EntityRef, EntityRefError, Relation};
use serde_json::Value;

/// A reference field: whose, what it names, and what the edge is called in both directions.
pub(crate) struct Rule {
    kinds: &'static [&'static str],
    pub(crate) field: &'static str,
    pub(crate) default_kind: Option<&'static str>,
    pub(crate) forward: &'static str,
    pub(crate) reverse: &'static str,
}

const fn rule(
    kinds: &'static [&'static str],
    field: &'static str,
    default_kind: Option<&'static str>,
    forward: &'static str,
    reverse: &'static str,
) -> Rule {
    Rule { kinds, field, default_kind, forward, reverse }
}

const OWNED: &[&str] = &[
    "Component",
    "API",
    "Resource",
    "System",
    "Domain",
    "Template",
    "AiResource",
    "Environment",
    "ResourceClass",
];

/// Backstage's rules, and those of Fairway's own kinds.
const RULES: &[Rule] = &[
    rule(OWNED, "owner", Some("Group"), "ownedBy", "ownerOf"),
    rule(&["Component"], "subcomponentOf", Some("Component"), "partOf", "hasPart"),
    rule(&["Component", "API", "Resource", "AiResource"], "system", Some("System"), "partOf", "hasPart"),
    rule(&["System"], "domain", Some("Domain"), "partOf", "hasPart"),
    rule(&["Domain"], "subdomainOf", Some("Domain"), "partOf", "hasPart"),
    rule(&["Component"], "providesApis", Some("API"), "providesApi", "apiProvidedBy"),
    rule(&["Component"], "consumesApis", Some("API"), "consumesApi", "apiConsumedBy"),
    rule(&["Component", "Resource"], "dependsOn", None, "dependsOn", "dependencyOf"),
    rule(&["Component", "Resource"], "dependencyOf", None, "dependencyOf", "dependsOn"),
    rule(&["User"], "memberOf", Some("Group"), "memberOf", "hasMember"),
    rule(&["Group"], "members", Some("User"), "hasMember", "memberOf"),
    rule(&["Group"], "parent", Some("Group"), "childOf", "parentOf"),
    rule(&["Group"], "children", Some("Group"), "parentOf", "childOf"),
    rule(&["Environment"], "promotesFrom", Some("Environment"), "promotesFrom", "promotesTo"),
    rule(&["ResourceClass"], "environments", Some("Environment"), "availableIn", "offers"),
];

/// The direction in which graphs draw an edge, and its opposite.
const DIRECTIONS: &[(&str, &str)] = &[
    ("ownedBy", "ownerOf"),
    ("partOf", "hasPart"),
    ("providesApi", "apiProvidedBy"),
    ("consumesApi", "apiConsumedBy"),
    ("dependsOn", "dependencyOf"),
    ("memberOf", "hasMember"),
    ("childOf", "parentOf"),
    ("promotesFrom", "promotesTo"),
    ("availableIn", "offers"),
];

/// The fields that Backstage sorts in what it hands out.
pub(crate) const SORTED_FIELDS: &[&str] =
    &["providesApis", "consumesApis", "dependsOn", "dependencyOf", "memberOf", "children", "members"];

/// The name under which graphs draw a relation, and whether the relation runs that way.
pub(crate) fn drawn(relation_type: &str) -> (&str, bool) {
    DIRECTIONS
        .iter()
        .find(|(_, reverse)| *reverse == relation_type)
        .map_or((relation_type, true), |(forward, _)| (forward, false))
}

/// The rules of a kind.
pub(crate) fn rules_of(kind: &str) -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(move |rule| rule.kinds.contains(&kind))
}

/// One reference in a `spec`.
pub(crate) struct Reference {
    pub(crate) rule: &'static Rule,
    /// The JSON pointer of the text in the entity.
    pub(crate) pointer: String,
    pub(crate) target: Result<EntityRef, EntityRefError>,
}

/// Every reference in an entity's `spec`, good or bad.
pub(crate) fn references(entity: &Entity) -> Vec<Reference> {
    let mut found = Vec::new();
    for rule in rules_of(&entity.kind) {
        let mut push = |text: &str, pointer: String| {
            let target = EntityRef::parse(text, rule.default_kind, entity.namespace());
            found.push(Reference { rule, pointer, target });
        };
        match entity.spec.get(rule.field) {
            Some(Value::String(text)) => push(text, format!("/spec/{}", rule.field)),
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    if let Value::String(text) = item {
                        push(text, format!("/spec/{}/{index}", rule.field));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// The relations that an entity makes, each as `(from, relation)` and in both directions.
pub(crate) fn emitted(entity: &Entity) -> impl Iterator<Item = (EntityRef, Relation)> {
    let own = entity.reference();
    references(entity).into_iter().filter_map(|found| Some((found.rule, found.target.ok()?))).flat_map(
        move |(rule, target)| {
            let edge = |from: &EntityRef, relation_type: &str, to: &EntityRef| {
                (from.clone(), Relation { relation_type: relation_type.to_owned(), target: to.clone() })
            };
            [edge(&own, rule.forward, &target), edge(&target, rule.reverse, &own)]
        },
    )
}
