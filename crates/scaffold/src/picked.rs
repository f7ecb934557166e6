//! Judges what pickers give: entity names, tags, references and repository addresses.

use fairway_domain::EntityRef;
use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use serde_json::{Map, Value};

use crate::filter::EntityFilter;
use crate::form::{self, Widget};
use crate::repo_url::RepoUrl;
use crate::{schema, widget};

/// The reason continues a sentence that begins with the field's label.
pub(crate) fn check(property: &Map<String, Value>, value: &Value) -> Result<(), String> {
    let Some(field) = widget::custom_field(property) else { return Ok(()) };
    let texts: Vec<&str> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    if value.as_str().is_some_and(str::is_empty) {
        return Ok(());
    }
    match widget::choose(property, None) {
        Widget::EntityName => texts.iter().try_for_each(|text| check_entity_name(text)),
        Widget::Lines if field == "EntityTagsPicker" => texts.iter().try_for_each(|text| check_tag(text)),
        Widget::RepoUrlPicker { allowed_hosts, allowed_owners, allowed_repos, .. } => texts
            .iter()
            .try_for_each(|text| check_repo_url(text, &allowed_hosts, &allowed_owners, &allowed_repos)),
        Widget::EntityPicker { filter, arbitrary: false, .. }
        | Widget::OwnerPicker { filter, arbitrary: false, .. } => {
            let kinds: Vec<&String> = filter.iter().flat_map(EntityFilter::wanted_kinds).collect();
            texts.iter().try_for_each(|text| {
                let reference: EntityRef =
                    text.parse().map_err(|_| "must name an entity as kind:namespace/name".to_owned())?;
                if kinds.is_empty() || kinds.iter().any(|kind| kind.eq_ignore_ascii_case(reference.kind())) {
                    return Ok(());
                }
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                Err(format!("must be a {}, and {reference} is none", kinds.join(" or ")))
            })
        }
        Widget::OwnerPicker { .. } => texts.iter().try_for_each(|text| {
            text.parse::<EntityRef>()
                .map(drop)
                .map_err(|_| "must name a group or user, for example group:default/platform".to_owned())
        }),
        _ => Ok(()),
    }
}

/// The rule for `metadata.name` in Backstage's catalog.
fn check_entity_name(text: &str) -> Result<(), String> {
    let ends_well = |end: Option<char>| end.is_some_and(|character| character.is_ascii_alphanumeric());
    if text.len() > 63 {
        return Err("may have at most 63 characters".to_owned());
    }
    if !ends_well(text.chars().next()) {
        return Err("must begin with a letter or a digit".to_owned());
    }
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c)) {
        let wrong = if wrong == ' ' { "a space".to_owned() } else { format!("\"{wrong}\"") };
        return Err(format!("must not hold {wrong}; use letters, digits, \"-\", \"_\" and \".\""));
    }
    if !ends_well(text.chars().last()) {
        return Err("must end with a letter or a digit".to_owned());
    }
    Ok(())
}

/// The rule for `metadata.tags` in Backstage's catalog.
fn check_tag(text: &str) -> Result<(), String> {
    let part = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ":+#".contains(c))
    };
    if text.len() <= 63 && text.split('-').all(part) {
        return Ok(());
    }
    Err(format!(
        "holds the tag \"{text}\"; use lower-case letters, digits, \":\", \"+\", \"#\", joined by \"-\""
    ))
}

fn check_repo_url(text: &str, hosts: &[String], owners: &[String], repos: &[String]) -> Result<(), String> {
    let url = RepoUrl::parse(text).map_err(|error| format!("is incomplete: {error}"))?;
    let listed = |list: &[String], value: &str| list.is_empty() || list.iter().any(|item| item == value);
    if !listed(hosts, &url.host) {
        return Err(format!("must be on {}, not on {}", hosts.join(" or "), url.host));
    }
    let parent =
        url.owner.as_ref().or(url.organization.as_ref()).or(url.workspace.as_ref()).or(url.project.as_ref());
    let Some(parent) = parent else { return Err("needs an owner".to_owned()) };
    if !listed(owners, parent) {
        return Err(format!("must belong to {}, not to {parent}", owners.join(" or ")));
    }
    let Some(repo) = &url.repo else { return Err("needs a repository name".to_owned()) };
    if !listed(repos, repo) {
        return Err(format!("must be {}, not {repo}", repos.join(" or ")));
    }
    match repo.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c)) {
        Some(wrong) => Err(format!(
            "must not hold \"{wrong}\" in the repository name; use letters, digits, \"-\", \"_\" and \".\""
        )),
        None => Ok(()),
    }
}

/// Writes what pickers give as full references, as Backstage's pickers do.
pub(crate) fn complete_references(schema: &Map<String, Value>, values: &mut Value, depth: usize) {
    for (name, property) in schema::properties(schema) {
        let Some(value) = values.get_mut(name) else { continue };
        if form::nests(property, depth) {
            complete_references(property, value, depth + 1);
            continue;
        }
        let (kind, namespace) = match widget::choose(property, None) {
            Widget::OwnerPicker { default_namespace, .. } => (Some("group".to_owned()), default_namespace),
            Widget::EntityPicker { default_kind: Some(kind), default_namespace, .. } => {
                (Some(kind), default_namespace)
            }
            Widget::EntityPicker { filter, default_namespace, .. } => {
                let only = match filter.as_slice() {
                    [filter] => match filter.wanted_kinds() {
                        [kind] => Some(kind.clone()),
                        _ => None,
                    },
                    _ => None,
                };
                (only, default_namespace)
            }
            _ => continue,
        };
        let namespace = namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        let items: Vec<&mut Value> = match value {
            Value::Array(items) => items.iter_mut().collect(),
            single => vec![single],
        };
        for item in items {
            if let Some(Ok(reference)) =
                item.as_str().map(|text| EntityRef::parse(text, kind.as_deref(), &namespace))
            {
                *item = Value::String(reference.to_string());
            }
        }
    }
}
