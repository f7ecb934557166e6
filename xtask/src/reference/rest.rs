//! `rest.md` and `openapi.json`: the REST interface, from the OpenAPI document that the server gives.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::table::{code, table};

const BEGINNING: &str = "# REST

<!-- Made by `cargo xtask reference` from the OpenAPI document. Change the code, not this page. -->

Fairway's own interface below `/api/v1`. The OpenAPI 3.1 document that this page is made from is served at
`/api/v1/openapi.json`, and is [kept here](openapi.json) too.

Programs send `Authorization: Bearer <token>`; a guest on the same machine needs none (see
[Access](../guide/access.md)). The header `x-fairway-reason` says why something is done; it is kept in the audit log.
Bodies are JSON, of at most 4 MiB. An error is `{\"error\": {\"code\", \"message\", \"hint\", \"details\"}}`, where `code` is one
of `forbidden`, `unauthenticated`, `not-found`, `invalid`, `plan-failed`, `conflict`, `blocked`, `too-many`, `too-large`,
`unsupported-media-type`, `ledger`, `remote`, `internal`, `run-failed`; `hint` and `details` are there when there is something to say.
";

/// The document.
pub fn document() -> Result<Value> {
    serde_json::to_value(fairway_server::document()).context("the OpenAPI document cannot be written as JSON")
}

/// The document as a file.
pub fn json(document: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(document)?))
}

/// The page.
pub fn page(document: &Value) -> String {
    let mut text = vec![BEGINNING.to_owned()];
    for tag in list(document, "tags") {
        let name = word(tag, "name");
        text.push(format!("\n## {}\n\n{}.\n", capital(name), word(tag, "description")));
        for (path, operations) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                if list(operation, "tags").iter().any(|tag| tag == name) {
                    text.push(section(document, path, method, operation));
                }
            }
        }
    }
    text.concat()
}

fn section(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let mut text = vec![format!("\n### {} {path}\n\n", method.to_uppercase())];
    let summary = [word(operation, "summary"), word(operation, "description")].join(" ");
    text.push(format!("{}.\n", summary.trim().trim_end_matches('.')));
    let parameters: Vec<[String; 3]> = list(operation, "parameters")
        .iter()
        .map(|it| [code(word(it, "name")), word(it, "in").to_owned(), word(it, "description").to_owned()])
        .collect();
    if !parameters.is_empty() {
        text.push(format!("\n{}", table(["parameter", "in", "meaning"], &parameters)));
    }
    let body = operation.pointer("/requestBody/content/application~1json/schema");
    if let Some(schema) = body.map(|schema| followed(document, schema)) {
        let required = list(schema, "required");
        let rows: Vec<[String; 4]> = schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, field)| {
                let needed = if required.iter().any(|it| it == name) { "yes" } else { "" };
                let field = followed(document, field);
                [
                    code(name),
                    type_of(document, field),
                    needed.to_owned(),
                    word(field, "description").to_owned(),
                ]
            })
            .collect();
        if !rows.is_empty() {
            text.push(format!("\nBody:\n\n{}", table(["field", "type", "required", "meaning"], &rows)));
        }
    }
    let answers: Vec<[String; 2]> = operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(status, answer)| [status.clone(), word(answer, "description").to_owned()])
        .collect();
    text.push(format!("\n{}", table(["status", "answer"], &answers)));
    text.concat()
}

/// A schema, or the one that it refers to.
fn followed<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn type_of(document: &Value, schema: &Value) -> String {
    let one = |name: &str| match name {
        "array" => {
            let items = schema.get("items").map(|items| type_of(document, followed(document, items)));
            format!("list of {}", items.unwrap_or_else(|| "anything".to_owned()))
        }
        name => name.to_owned(),
    };
    match schema.get("type") {
        Some(Value::String(name)) => one(name),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            names.map(one).collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
