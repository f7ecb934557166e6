//! JSON Schemas, as OpenAPI and AsyncAPI use them, as rows.

use serde_json::Value;

use crate::api_document::tree::{Tree, entries, flag, items, reference, reference_name, text};
use crate::api_document::{Field, Schema, TypeName};

/// Inner objects deeper than this are named and not shown.
const MAX_DEPTH: usize = 6;

/// The most rows of one schema.
const MAX_FIELDS: usize = 400;

/// Flattens a schema. What has a name of its own is linked, not repeated.
pub(super) fn flatten(tree: Tree<'_>, schema: &Value) -> Schema {
    let mut fields = Vec::new();
    if reference(schema).is_none() {
        collect(tree, schema, 0, &mut fields);
    }
    Schema { type_name: type_name(schema), fields }
}

/// As [`flatten`], for the place where a named schema is described.
pub(super) fn described(tree: Tree<'_>, schema: &Value) -> Schema {
    let mut fields = Vec::new();
    collect(tree, schema, 0, &mut fields);
    Schema { type_name: type_name(schema), fields }
}

/// The type in words.
pub(super) fn type_name(schema: &Value) -> TypeName {
    name_at(schema, 0)
}

fn name_at(schema: &Value, depth: usize) -> TypeName {
    if depth > MAX_DEPTH {
        return TypeName { text: "…".to_owned(), target: None };
    }
    if let Some(target) = reference(schema) {
        let name = reference_name(target).to_owned();
        let is_named = target.starts_with("#/components/schemas/") || target.starts_with("#/definitions/");
        return TypeName { text: name.clone(), target: is_named.then_some(name) };
    }
    for (key, word) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        let parts: Vec<TypeName> = items(schema, key).map(|part| name_at(part, depth + 1)).collect();
        if !parts.is_empty() {
            let names: Vec<String> = parts.iter().map(|part| part.text.clone()).collect();
            return TypeName {
                text: names.join(word),
                target: parts.into_iter().find_map(|part| part.target),
            };
        }
    }
    let mut words: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ if schema.get("enum").is_some() => vec!["enum"],
        _ if schema.get("const").is_some() => vec!["constant"],
        _ => Vec::new(),
    };
    if flag(schema, "nullable") && !words.contains(&"null") {
        words.push("null");
    }
    let mut target = None;
    let mut text = if words.is_empty() { "any".to_owned() } else { words.join(" or ") };
    if words.contains(&"array")
        && let Some(inner) = schema.get("items")
    {
        let inner = name_at(inner, depth + 1);
        text = text.replacen("array", &format!("array of {}", inner.text), 1);
        target = inner.target;
    } else if words.contains(&"object")
        && schema.get("properties").is_none()
        && let Some(inner) = schema.get("additionalProperties").filter(|inner| inner.is_object())
    {
        let inner = name_at(inner, depth + 1);
        text = format!("map of {}", inner.text);
        target = inner.target;
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        text = format!("{text} ({format})");
    }
    TypeName { text, target }
}

fn collect(tree: Tree<'_>, schema: &Value, depth: usize, fields: &mut Vec<Field>) {
    if depth > MAX_DEPTH {
        return;
    }
    let schema = if depth == 0 { tree.resolve(schema) } else { schema };
    for key in ["allOf", "oneOf", "anyOf"] {
        // A named part has its own place; only what is written here is shown here.
        for part in items(schema, key).filter(|part| reference(part).is_none()) {
            collect(tree, part, depth + 1, fields);
        }
    }
    let required: Vec<&str> = items(schema, "required").filter_map(Value::as_str).collect();
    for (name, property) in entries(schema, "properties") {
        if fields.len() >= MAX_FIELDS {
            return;
        }
        let is_required = required.contains(&name.as_str());
        fields.push(Field {
            depth: row_depth(fields, depth),
            name: name.clone(),
            type_name: type_name(property),
            required: is_required,
            deprecated: flag(property, "deprecated"),
            constraints: constraints(property),
            description: text(property, "description"),
        });
        if reference(property).is_none() {
            inner(tree, property, depth, fields);
        }
    }
    if depth == 0
        && let Some(element) = schema.get("items").filter(|element| reference(element).is_none())
    {
        collect(tree, element, depth + 1, fields);
    }
}

/// The fields of an object, or of the objects of a list, below the field that holds it.
fn inner(tree: Tree<'_>, property: &Value, depth: usize, fields: &mut Vec<Field>) {
    let held = match property.get("items") {
        Some(element) if reference(element).is_none() => element,
        Some(_) => return,
        None => match property.get("additionalProperties") {
            Some(element) if element.is_object() && reference(element).is_none() => element,
            _ => property,
        },
    };
    collect(tree, held, depth + 1, fields);
}

/// Parts of a composition begin at the margin when nothing stands above them.
fn row_depth(fields: &[Field], depth: usize) -> usize {
    fields.last().map_or(0, |last| depth.min(last.depth + 1))
}

/// Bounds, values and defaults in words.
pub(super) fn constraints(schema: &Value) -> String {
    let mut said = Vec::new();
    let values: Vec<String> = items(schema, "enum").map(shown).collect();
    if !values.is_empty() {
        said.push(format!("one of {}", values.join(", ")));
    }
    let words = [
        ("const", "always"),
        ("default", "default"),
        ("minimum", "at least"),
        ("exclusiveMinimum", "more than"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "less than"),
        ("multipleOf", "a multiple of"),
        ("minLength", "characters, at least"),
        ("maxLength", "characters, at most"),
        ("minItems", "items, at least"),
        ("maxItems", "items, at most"),
        ("pattern", "matches"),
    ];
    for (key, word) in words {
        // OpenAPI 3.0's booleans of the same name only colour the bound beside them.
        if let Some(value) = schema.get(key).filter(|value| !value.is_boolean() || key == "default") {
            said.push(format!("{word} {}", shown(value)));
        }
    }
    for (key, word) in [("uniqueItems", "no repeats"), ("readOnly", "read only"), ("writeOnly", "write only")]
    {
        if flag(schema, key) {
            said.push(word.to_owned());
        }
    }
    said.join("; ")
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() > 120 { text.chars().take(120).chain(['…']).collect() } else { text }
}
