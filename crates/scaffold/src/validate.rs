//! Judges answers, and says what is wrong with them to the person who gave them.

use std::collections::BTreeSet;

use fairway_domain::EntityRef;
use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use crate::form::{self, Widget};
use crate::repo_url::RepoUrl;
use crate::template::Template;
use crate::{defaults, message, near, schema, widget};

/// One thing that is wrong with the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's dotted path, as in [`form::Field::name`]; empty when it belongs to no field.
    pub field: String,
    /// What is wrong, for people.
    pub message: String,
}

/// Judges the answers to the whole form. The result holds the defaults too, and entity references are written
/// in full.
pub fn validate(template: &Template, values: &Value) -> Result<Value, Vec<FieldError>> {
    check(template, values, None)
}

/// Judges the answers to one page, counted from 0; `values` may hold those of other pages. The result holds
/// everything, with defaults.
pub fn validate_page(template: &Template, page: usize, values: &Value) -> Result<Value, Vec<FieldError>> {
    check(template, values, Some(page))
}

fn check(template: &Template, values: &Value, only: Option<usize>) -> Result<Value, Vec<FieldError>> {
    if !values.is_object() && !values.is_null() {
        let message = "the answers must be an object of field names and values".to_owned();
        return Err(vec![FieldError { field: String::new(), message }]);
    }
    let mut filled = defaults::fill(template, values);
    let mut errors = Errors::default();
    for page in &template.steps {
        let resolved = schema::resolve(&page.schema, &filled);
        complete_references(&resolved, &mut filled, 0);
    }
    for (index, page) in template.steps.iter().enumerate() {
        if only.is_some_and(|only| only != index) {
            continue;
        }
        let resolved = schema::resolve(&page.schema, &filled);
        let found_before = errors.list.len();
        check_fields(&resolved, &filled, "", 0, &mut errors);
        check_schema(&resolved, &filled, &mut errors);
        if errors.list.len() == found_before {
            check_whole_page(&page.schema, &resolved, &filled, &mut errors);
        }
    }
    if only.is_none() {
        check_unknown(template, &filled, &mut errors);
    }
    if errors.list.is_empty() { Ok(filled) } else { Err(errors.list) }
}

/// The first error of each field; more would only repeat it.
#[derive(Default)]
struct Errors {
    list: Vec<FieldError>,
    seen: BTreeSet<String>,
}

impl Errors {
    fn add(&mut self, field: String, message: String) {
        if self.seen.insert(field.clone()) {
            self.list.push(FieldError { field, message });
        }
    }
}

/// Checks that no JSON schema says: what pickers give, and that a required text is not empty.
fn check_fields(schema: &Map<String, Value>, values: &Value, prefix: &str, depth: usize, errors: &mut Errors) {
    for (name, property) in schema::properties(schema) {
        let path = format!("{prefix}{}", form::escape(name));
        let label = form::label(name, property);
        let Some(value) = values.get(name) else { continue };
        if form::nests(property, depth) {
            check_fields(property, value, &format!("{path}."), depth + 1, errors);
            continue;
        }
        if schema::requires(schema, name) && value.as_str().is_some_and(|text| text.trim().is_empty()) {
            errors.add(path, message::required(&label, property));
            continue;
        }
        if let Err(reason) = check_picked(property, value) {
            errors.add(path, format!("{label} {reason}"));
        }
    }
}

/// The reason continues a sentence that begins with the field's label.
fn check_picked(property: &Map<String, Value>, value: &Value) -> Result<(), String> {
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
        Widget::EntityPicker { filter, arbitrary: false, .. } | Widget::OwnerPicker { filter, arbitrary: false, .. } => {
            let kinds: Vec<&String> = filter.iter().flat_map(crate::EntityFilter::wanted_kinds).collect();
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
            text.parse::<EntityRef>().map(drop).map_err(|_| "must name a group or user, for example group:default/platform".to_owned())
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
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ":+#".contains(c))
    };
    if text.len() <= 63 && text.split('-').all(part) {
        return Ok(());
    }
    Err(format!("holds the tag \"{text}\"; use lower-case letters, digits, \":\", \"+\", \"#\", joined by \"-\""))
}

fn check_repo_url(text: &str, hosts: &[String], owners: &[String], repos: &[String]) -> Result<(), String> {
    let url = RepoUrl::parse(text).map_err(|error| format!("is incomplete: {error}"))?;
    let listed = |list: &[String], value: &str| list.is_empty() || list.iter().any(|item| item == value);
    if !listed(hosts, &url.host) {
        return Err(format!("must be on {}, not on {}", hosts.join(" or "), url.host));
    }
    let parent = url.owner.as_ref().or(url.organization.as_ref()).or(url.workspace.as_ref()).or(url.project.as_ref());
    let Some(parent) = parent else { return Err("needs an owner".to_owned()) };
    if !listed(owners, parent) {
        return Err(format!("must belong to {}, not to {parent}", owners.join(" or ")));
    }
    let Some(repo) = &url.repo else { return Err("needs a repository name".to_owned()) };
    if !listed(repos, repo) {
        return Err(format!("must be {}, not {repo}", repos.join(" or ")));
    }
    match repo.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c)) {
        Some(wrong) => {
            Err(format!("must not hold \"{wrong}\" in the repository name; use letters, digits, \"-\", \"_\" and \".\""))
        }
        None => Ok(()),
    }
}

/// Writes what pickers give as full references, as Backstage's pickers do.
fn complete_references(schema: &Map<String, Value>, values: &mut Value, depth: usize) {
    for (name, property) in schema::properties(schema) {
        let Some(value) = values.get_mut(name) else { continue };
        if form::nests(property, depth) {
            complete_references(property, value, depth + 1);
            continue;
        }
        let (kind, namespace) = match widget::choose(property, None) {
            Widget::OwnerPicker { default_namespace, .. } => (Some("group".to_owned()), default_namespace),
            Widget::EntityPicker { default_kind: Some(kind), default_namespace, .. } => (Some(kind), default_namespace),
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
            if let Some(Ok(reference)) = item.as_str().map(|text| EntityRef::parse(text, kind.as_deref(), &namespace)) {
                *item = Value::String(reference.to_string());
            }
        }
    }
}

fn check_schema(resolved: &Map<String, Value>, values: &Value, errors: &mut Errors) {
    let Ok(validator) = schema::compile(&judged(resolved, 0)) else { return };
    for error in validator.iter_errors(values) {
        let (mut path, mut property, mut name) = locate(resolved, error.instance_path().as_str());
        if let ValidationErrorKind::Required { property: missing } = error.kind()
            && let Some(missing) = missing.as_str()
        {
            let empty = Map::new();
            let inner = find(property, missing).unwrap_or(&empty);
            path = if path.is_empty() { form::escape(missing) } else { format!("{path}.{}", form::escape(missing)) };
            errors.add(path, message::field_message(&error, inner, &form::label(missing, inner)));
            continue;
        }
        if path.is_empty() {
            name = "The form".to_owned();
            property = resolved;
        }
        let label = form::label(&name, property);
        errors.add(path, message::field_message(&error, property, &label));
    }
}

/// The original schema has the last word, for what resolving it may have lost.
fn check_whole_page(page: &Value, resolved: &Map<String, Value>, values: &Value, errors: &mut Errors) {
    let Ok(validator) = schema::compile(page) else { return };
    for error in validator.iter_errors(values) {
        let place = error.instance_path().as_str();
        // A page's "no other properties" means its own fields; the answers to other pages are here too.
        if place.is_empty() && matches!(error.kind(), ValidationErrorKind::AdditionalProperties { .. }) {
            continue;
        }
        let (path, property, name) = locate(resolved, place);
        let message = if path.is_empty() {
            format!("These answers do not go together: {error}").chars().take(400).collect()
        } else {
            message::field_message(&error, property, &form::label(&name, property))
        };
        errors.add(path, message);
    }
}

fn find<'a>(schema: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    schema.get("properties")?.get(name)?.as_object()
}

/// The dotted path, schema and name of the field at a JSON pointer.
fn locate<'a>(schema: &'a Map<String, Value>, pointer: &str) -> (String, &'a Map<String, Value>, String) {
    let mut path = String::new();
    let (mut current, mut name) = (schema, String::new());
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        let Some(inner) = find(current, &segment) else { break };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&form::escape(&segment));
        (current, name) = (inner, segment);
    }
    (path, current, name)
}

/// The keywords that a validator is to judge, in the shape that it accepts; authors' slips are left out
/// (`required: true` on a property, say), since Backstage's forms shrug at them.
fn judged(schema: &Map<String, Value>, depth: usize) -> Value {
    let mut kept = Map::new();
    for (key, value) in schema {
        let fits = match key.as_str() {
            "type" => true,
            "const" => true,
            "enum" => value.as_array().is_some_and(|items| !items.is_empty()),
            "pattern" | "format" => value.is_string(),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
            "multipleOf" => value.as_f64().is_some_and(|number| number > 0.0),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => value.is_u64(),
            "uniqueItems" => value.is_boolean(),
            "oneOf" | "anyOf" => value.as_array().is_some_and(|branches| branches.iter().all(Value::is_object)),
            "required" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
            _ => false,
        };
        if fits {
            kept.insert(key.clone(), value.clone());
        }
    }
    if depth < 32 {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let properties = properties
                .iter()
                .filter_map(|(name, property)| Some((name.clone(), judged(property.as_object()?, depth + 1))))
                .collect();
            kept.insert("properties".to_owned(), Value::Object(properties));
        }
        if let Some(items) = schema.get("items").and_then(Value::as_object) {
            kept.insert("items".to_owned(), judged(items, depth + 1));
        }
    }
    // A schema that does not compile judges nothing, so an unusable one is replaced by its type alone.
    let kept = Value::Object(kept);
    if depth > 0 && schema::compile(&kept).is_err() {
        return Value::Object(Map::new());
    }
    kept
}

fn check_unknown(template: &Template, values: &Value, errors: &mut Errors) {
    let pages: Vec<(Map<String, Value>, (Vec<String>, bool))> = template
        .steps
        .iter()
        .map(|page| (schema::resolve(&page.schema, values), schema::declared(&page.schema)))
        .collect();
    if pages.iter().any(|(_, (_, open))| *open) {
        return;
    }
    let visible: Vec<&str> =
        pages.iter().flat_map(|(page, _)| schema::properties(page)).map(|(name, _)| name).collect();
    for name in values.as_object().into_iter().flat_map(Map::keys) {
        if visible.contains(&name.as_str()) {
            continue;
        }
        let declared = pages.iter().any(|(_, (names, _))| names.contains(name));
        let message = if declared {
            format!("\"{name}\" is not asked for with these answers; leave it out")
        } else {
            let hint = near::suggestion(name, visible.iter().copied())
                .unwrap_or_else(|| format!("the fields are {}", visible.join(", ")));
            let shown: String = name.chars().take(100).collect();
            format!("\"{shown}\" is not a field of this template; {hint}")
        };
        errors.add(form::escape(name), message);
    }
    for (page, _) in &pages {
        check_unknown_inside(page, values, "", 0, errors);
    }
}

fn check_unknown_inside(schema: &Map<String, Value>, values: &Value, prefix: &str, depth: usize, errors: &mut Errors) {
    for (name, property) in schema::properties(schema) {
        let (true, Some(Value::Object(inner))) = (form::nests(property, depth), values.get(name)) else { continue };
        let path = format!("{prefix}{}.", form::escape(name));
        let open = matches!(property.get("additionalProperties"), Some(Value::Bool(true) | Value::Object(_)));
        let known: Vec<&str> = schema::properties(property).into_iter().map(|(name, _)| name).collect();
        for key in inner.keys().filter(|key| !open && !known.contains(&key.as_str())) {
            let label = form::label(name, property);
            let message = format!("{label} has no field \"{key}\"; its fields are {}", known.join(", "));
            errors.add(format!("{path}{}", form::escape(key)), message);
        }
        check_unknown_inside(property, &Value::Object(inner.clone()), &path, depth + 1, errors);
    }
}
