//! Judges answers, and says what is wrong with them to the person who gave them.

use std::collections::BTreeSet;

use jsonschema::error::ValidationErrorKind;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::form::{self, Widget};
use crate::template::Template;
use crate::{defaults, message, near, picked, schema};

/// One thing that is wrong with the answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

/// What is wrong with answers that hold a secret. A plan is kept for ever, so a secret must not get into one.
pub fn secret_answer(template: &Template, values: &Value) -> Option<FieldError> {
    let form = form::form(template, values, None);
    let field = form.steps.into_iter().flat_map(|page| page.fields).find(|field| {
        matches!(field.widget, Widget::Password | Widget::Secret)
            && field.value.as_ref().is_some_and(|value| value.as_str() != Some(""))
    })?;
    let message = "Secrets cannot be given to a golden path yet, and this one was not kept; leave it empty";
    Some(FieldError { field: field.name, message: message.to_owned() })
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
        picked::complete_references(&resolved, &mut filled, 0);
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
fn check_fields(
    schema: &Map<String, Value>,
    values: &Value,
    prefix: &str,
    depth: usize,
    errors: &mut Errors,
) {
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
        if let Err(reason) = picked::check(property, value) {
            errors.add(path, format!("{label} {reason}"));
        }
    }
}

fn check_schema(resolved: &Map<String, Value>, values: &Value, errors: &mut Errors) {
    let Ok(validator) = schema::compile(&judged(resolved, 0)) else { return };
    for error in validator.iter_errors(values) {
        let (path, property, label) = locate(resolved, error.instance_path().as_str());
        let ValidationErrorKind::Required { property: missing } = error.kind() else {
            errors.add(path, message::field_message(&error, property, &label));
            continue;
        };
        let missing = missing.as_str().unwrap_or_default();
        let empty = Map::new();
        let inner = find(property, missing).unwrap_or(&empty);
        let dot = if path.is_empty() { "" } else { "." };
        let path = format!("{path}{dot}{}", form::escape(missing));
        errors.add(path, message::field_message(&error, inner, &form::label(missing, inner)));
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
        let (path, property, label) = locate(resolved, place);
        let message = if path.is_empty() {
            format!("These answers do not go together: {error}").chars().take(400).collect()
        } else {
            message::field_message(&error, property, &label)
        };
        errors.add(path, message);
    }
}

fn find<'a>(schema: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    schema.get("properties")?.get(name)?.as_object()
}

/// The dotted path of the field at a JSON pointer, the schema at the pointer itself, and what to call it.
fn locate<'a>(schema: &'a Map<String, Value>, pointer: &str) -> (String, &'a Map<String, Value>, String) {
    let mut path = String::new();
    let (mut current, mut label) = (schema, "The form".to_owned());
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        if let Some(inner) = find(current, &segment) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&form::escape(&segment));
            (current, label) = (inner, form::label(&segment, inner));
        } else if let (Ok(index), Some(items)) =
            (segment.parse::<usize>(), current.get("items").and_then(Value::as_object))
        {
            (current, label) = (items, format!("{label} (entry {})", index.saturating_add(1)));
        } else {
            break;
        }
    }
    (path, current, label)
}

/// The keywords that a validator is to judge, in the shape that it accepts; authors' slips are left out
/// (`required: true` on a property, say), since Backstage's forms shrug at them.
fn judged(schema: &Map<String, Value>, depth: usize) -> Value {
    let mut kept = Map::new();
    for (key, value) in schema {
        let fits = match key.as_str() {
            "type" => is_type(value) || value.as_array().is_some_and(|types| types.iter().all(is_type)),
            "const" => true,
            "enum" => value.as_array().is_some_and(|items| !items.is_empty()),
            "pattern" | "format" => value.is_string(),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
            "multipleOf" => value.as_f64().is_some_and(|number| number > 0.0),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
                value.is_u64()
            }
            "uniqueItems" => value.is_boolean(),
            "oneOf" | "anyOf" => {
                value.as_array().is_some_and(|branches| branches.iter().all(Value::is_object))
            }
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
    // One part that does not compile would keep the whole from judging, so it is left out by itself.
    for risky in ["pattern", "enum", "oneOf", "anyOf"] {
        if let Some(value) = kept.get(risky) {
            let alone: Map<String, Value> = std::iter::once((risky.to_owned(), value.clone())).collect();
            if schema::compile(&Value::Object(alone)).is_err() {
                kept.shift_remove(risky);
            }
        }
    }
    Value::Object(kept)
}

fn is_type(value: &Value) -> bool {
    matches!(value.as_str(), Some("string" | "number" | "integer" | "boolean" | "array" | "object" | "null"))
}

fn check_unknown(template: &Template, values: &Value, errors: &mut Errors) {
    let mut declared = BTreeSet::new();
    for page in &template.steps {
        let (names, open) = schema::declared(&page.schema);
        if open {
            return;
        }
        declared.extend(names);
    }
    let pages: Vec<Map<String, Value>> =
        template.steps.iter().map(|page| schema::resolve(&page.schema, values)).collect();
    let visible: Vec<&str> = pages.iter().flat_map(schema::properties).map(|(name, _)| name).collect();
    for name in values.as_object().into_iter().flat_map(Map::keys) {
        if visible.contains(&name.as_str()) {
            continue;
        }
        let message = if declared.contains(name) {
            format!("\"{name}\" is not asked for with these answers; leave it out")
        } else {
            let hint = near::suggestion(name, visible.iter().copied())
                .unwrap_or_else(|| format!("the fields are {}", visible.join(", ")));
            let shown: String = name.chars().take(100).collect();
            format!("\"{shown}\" is not a field of this template; {hint}")
        };
        errors.add(form::escape(name), message);
    }
    for page in &pages {
        check_unknown_inside(page, values, "", 0, errors);
    }
}

fn check_unknown_inside(
    schema: &Map<String, Value>,
    values: &Value,
    prefix: &str,
    depth: usize,
    errors: &mut Errors,
) {
    for (name, property) in schema::properties(schema) {
        let (true, Some(Value::Object(inner))) = (form::nests(property, depth), values.get(name)) else {
            continue;
        };
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
