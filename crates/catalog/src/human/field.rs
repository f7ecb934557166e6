//! The fields that questions know by name.

use std::collections::BTreeSet;

use fairway_domain::near_names;

use crate::kind::KindRegistry;
use crate::predicate::Field;
use crate::query::SOURCE;

/// Short names: what they stand for, and what they are for.
pub(super) const SHORT: &[(&str, &str, &str)] = &[
    ("kind", "kind", "the kind: component, api, system"),
    ("type", "spec.type", "the type: service, website, openapi"),
    ("owner", "", "who owns it, also through groups; me for yourself"),
    ("lifecycle", "spec.lifecycle", "the lifecycle: production, experimental"),
    ("system", "", "the system that it is part of"),
    ("domain", "", "the domain that it is part of"),
    ("tag", "metadata.tags", "a tag"),
    ("name", "metadata.name", "the name"),
    ("title", "metadata.title", "the title"),
    ("description", "metadata.description", "the description, up to 200 characters"),
    ("namespace", "metadata.namespace", "the namespace"),
    ("link", "metadata.links.url", "the address of a link"),
    ("label", "metadata.labels", "a label: label.KEY:value"),
    ("annotation", "metadata.annotations", "an annotation: annotation.KEY:value"),
    ("source", SOURCE, "the source that gives it"),
    ("uid", "metadata.uid", "the identifier"),
    ("apiVersion", "apiVersion", "the version of its form"),
    ("has", "", "whether a field has any value: has:owner"),
    ("is", "", "a state: orphan, broken, stale, deprecated"),
];

/// Begins of paths, and what they stand for.
pub(super) const BEGINS: &[(&str, &str)] = &[
    ("label.", "metadata.labels."),
    ("annotation.", "metadata.annotations."),
    ("metadata.", "metadata."),
    ("spec.", "spec."),
    ("relations.", "relations."),
];

/// What `is:` asks for.
pub(super) const STATES: &[(&str, &str)] = &[
    ("broken", "its file has errors; this is its last good version"),
    ("deprecated", "its lifecycle is deprecated"),
    ("orphan", "no source has it any more"),
    ("stale", "its source could not be read the last time"),
];

/// What a name stands for.
pub(super) enum Known {
    /// A field by its path.
    Path(Field),
    /// Who owns it.
    Owner,
    /// The system or domain that it is part of; the kind.
    Whole(&'static str),
    /// A relation.
    Relation(Edge),
    /// The source that gives it.
    Source,
    /// Whether a field has a value.
    Has,
    /// A state.
    Is,
    /// Needs a key behind a dot.
    NeedsKey,
}

/// A relation, and what it may lead to where a name alone is given: kinds in lower case.
pub(super) struct Edge {
    pub(super) relation_type: String,
    pub(super) kinds: Vec<String>,
}

/// What a name stands for; `None` when it is no field.
pub(super) fn known(name: &str, kinds: &KindRegistry) -> Option<Known> {
    let short = SHORT.iter().find(|(short, ..)| short.eq_ignore_ascii_case(name));
    let short = short.or_else(|| {
        // As the field is called where it is written.
        let plural = [("tags", "tag"), ("labels", "label"), ("annotations", "annotation"), ("links", "link")];
        let (_, singular) = plural.iter().find(|(plural, _)| plural.eq_ignore_ascii_case(name))?;
        SHORT.iter().find(|(short, ..)| short == singular)
    });
    if let Some((short, path, _)) = short {
        return Some(match *short {
            "owner" => Known::Owner,
            "system" => Known::Whole("system"),
            "domain" => Known::Whole("domain"),
            "label" | "annotation" => Known::NeedsKey,
            "source" => Known::Source,
            "has" => Known::Has,
            "is" => Known::Is,
            _ => Known::Path(Field::new(path)),
        });
    }
    if let Some((begin, rest)) = name.split_once('.') {
        let begin = format!("{begin}.");
        let known = BEGINS.iter().find(|(short, _)| short.eq_ignore_ascii_case(&begin));
        let near = near_names(&begin, BEGINS.iter().map(|(short, _)| *short));
        return match known {
            _ if rest.is_empty() => None,
            Some((_, path)) => Some(Known::Path(Field::new(&format!("{path}{rest}")))),
            None if near.is_empty() => Some(Known::Path(Field::new(name))),
            None => None,
        };
    }
    edge(name, kinds).map(Known::Relation)
}

/// A relation by either of its names, or by the field of `spec` that makes it.
fn edge(name: &str, kinds: &KindRegistry) -> Option<Edge> {
    let rules = || kinds.iter().flat_map(|kind| kind.relations.iter().map(move |rule| (kind, rule)));
    let relation_type = rules().find_map(|(_, rule)| {
        let named = [&rule.forward, &rule.reverse].into_iter().find(|it| it.eq_ignore_ascii_case(name));
        named.cloned()
    });
    let relation_type = relation_type.or_else(|| {
        let by_field = rules().find(|(_, rule)| rule.field.eq_ignore_ascii_case(name));
        by_field.map(|(_, rule)| rule.forward.clone())
    })?;
    let mut leads_to = BTreeSet::new();
    let every = || kinds.iter().map(|kind| kind.kind.to_lowercase());
    for (kind, rule) in rules() {
        if rule.forward == relation_type {
            match &rule.default_kind {
                // Whoever owns something may be a person as well as a group.
                Some(kind) if relation_type == "ownedBy" => {
                    leads_to.extend([kind.to_lowercase(), "user".to_owned()]);
                }
                Some(kind) => {
                    leads_to.insert(kind.to_lowercase());
                }
                None => leads_to.extend(every()),
            }
        }
        if rule.reverse == relation_type {
            leads_to.insert(kind.kind.to_lowercase());
        }
    }
    Some(Edge { relation_type, kinds: leads_to.into_iter().collect() })
}

/// The names of all relations, each once.
pub(super) fn relations(kinds: &KindRegistry) -> BTreeSet<&str> {
    let rules = kinds.iter().flat_map(|kind| &kind.relations);
    rules.flat_map(|rule| [rule.forward.as_str(), rule.reverse.as_str()]).collect()
}

/// What to write instead of a name that is no field.
pub(super) fn advice(name: &str, kinds: &KindRegistry) -> String {
    let relations = relations(kinds);
    let mut names: BTreeSet<&str> = SHORT.iter().map(|(short, ..)| *short).chain(relations).collect();
    let begin = name.split_once('.').map(|(begin, rest)| (format!("{begin}."), rest));
    if let Some((begin, rest)) = &begin {
        let near = near_names(begin, BEGINS.iter().map(|(short, _)| *short));
        if let Some(near) = near.first().filter(|_| !rest.is_empty()) {
            return format!("did you mean {near}{rest}?");
        }
        names.extend(BEGINS.iter().map(|(short, _)| *short));
    }
    match near_names(name, names.into_iter()).as_slice() {
        [] => format!(
            "fields are kind, type, owner, lifecycle, system, tag, name and others, or a path such as spec.type; \
             put \"{}:…\" into quotes to look for the text",
            super::error::quoted(name)
        ),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}
