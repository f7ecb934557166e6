//! The rules for what every entity has in common: `apiVersion`, `kind` and `metadata`.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use url::Url;

use crate::field_format as format;
use crate::schema::{MISFITS, Misfit, Schema};

const GUIDE: &str = "To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md";
const NAME: &str =
    "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total";
const PREFIXED: &str = "a valid prefix and/or suffix";

/// The types of what every entity has. That it can be compiled is shown by the tests of every rule.
static TYPES: LazyLock<Option<Schema>> = LazyLock::new(|| {
    let text = json!({"type": "string", "minLength": 1});
    Schema::compile(&json!({
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": text,
            "kind": text,
            "spec": {"type": "object"},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": text,
                    "namespace": text,
                    "title": text,
                    "uid": text,
                    "etag": text,
                    "description": {"type": "string"},
                    "tags": {"type": "array", "items": text},
                    "labels": {"type": "object"},
                    "annotations": {"type": "object"},
                    "links": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["url"],
                            "properties": {"url": text, "title": text, "icon": text, "type": text},
                        },
                    },
                },
            },
        },
    }))
    .ok()
});

/// Checks the envelope. `policy` loosens it to what Kubernetes allows its own objects.
pub(crate) fn check_envelope(root: &Map<String, Value>, policy: bool) -> Vec<Misfit> {
    let mut out = Vec::new();
    if !policy {
        let known = ["apiVersion", "kind", "metadata", "spec"];
        for key in root.keys().filter(|key| !known.contains(&key.as_str())).take(MISFITS) {
            out.push(Misfit {
                pointer: format!("/{}", escape(key)),
                message: format!("Unknown field {}", cut(key)),
                missing: None,
            });
        }
    }
    check_types(root, &mut out);
    if let Some(Value::Object(metadata)) = root.get("metadata") {
        check_formats(root, metadata, policy, &mut out);
    }
    out.truncate(MISFITS);
    out
}

/// Checks the types of `apiVersion`, `kind`, `metadata` and `spec`, and of nothing below `spec`.
fn check_types(root: &Map<String, Value>, out: &mut Vec<Misfit>) {
    let Some(types) = &*TYPES else { return };
    let mut shell = Map::new();
    for (key, value) in root {
        let value = match value {
            Value::Object(_) if key == "spec" => Value::Object(Map::new()),
            other => other.clone(),
        };
        shell.insert(key.clone(), value);
    }
    types.check(&Value::Object(shell), "", out);
}

/// Checks the texts whose type is right; the others have been complained about.
fn check_formats(
    root: &Map<String, Value>,
    metadata: &Map<String, Value>,
    policy: bool,
    out: &mut Vec<Misfit>,
) {
    let is_name = |text: &str| format::is_object_name(text) || (policy && format::is_dns_subdomain(text));
    let mut field =
        |value: Option<&Value>, name: &str, pointer: String, rule: &dyn Fn(&str) -> bool, expected: &str| {
            let bad = value.and_then(Value::as_str).filter(|text| !text.is_empty() && !rule(text));
            if let Some(text) = bad.filter(|_| out.len() < MISFITS) {
                out.push(misfit(name, pointer, expected, text));
            }
        };
    field(root.get("apiVersion"), "apiVersion", "/apiVersion".into(), &format::is_api_version, PREFIXED);
    let kind = "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total";
    field(root.get("kind"), "kind", "/kind".into(), &format::is_kind, kind);
    field(metadata.get("name"), "metadata.name", "/metadata/name".into(), &is_name, NAME);
    let namespace = "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total";
    let value = metadata.get("namespace");
    field(value, "metadata.namespace", "/metadata/namespace".into(), &format::is_dns_label, namespace);
    let tag = "a string that is sequences of [a-z0-9:+#] separated by [-], at most 63 characters in total";
    for (index, value) in items(metadata.get("tags")).enumerate() {
        field(Some(value), &format!("tags.{index}"), format!("/metadata/tags/{index}"), &format::is_tag, tag);
    }
    for (index, link) in items(metadata.get("links")).enumerate() {
        let is_url = |text: &str| Url::parse(text).is_ok();
        let at = |part: &str| (format!("links.{index}.{part}"), format!("/metadata/links/{index}/{part}"));
        let (name, pointer) = at("url");
        field(link.get("url"), &name, pointer, &is_url, "a string that is a valid url");
        for part in ["title", "icon", "type"] {
            let (name, pointer) = at(part);
            field(
                link.get(part),
                &name,
                pointer,
                &|text| !text.trim().is_empty(),
                "a string that is not blank",
            );
        }
    }
    for (part, is_value, expected) in [
        ("labels", &format::is_label_value as &dyn Fn(&str) -> bool, NAME),
        ("annotations", &|_: &str| true, "a string"),
    ] {
        for (key, value) in metadata.get(part).and_then(Value::as_object).into_iter().flatten() {
            if out.len() >= MISFITS {
                return;
            }
            let name = format!("{part}.{}", cut(key));
            let pointer = format!("/metadata/{part}/{}", escape(key));
            if !format::is_prefixed_name(key) {
                out.push(misfit(&name, pointer, PREFIXED, key));
            } else if !value.as_str().is_some_and(is_value) {
                let found = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                out.push(misfit(&name, pointer, expected, &found));
            }
        }
    }
}

fn misfit(name: &str, pointer: String, expected: &str, found: &str) -> Misfit {
    let message =
        format!("\"{name}\" is not valid; expected {expected} but found \"{}\". {GUIDE}", cut(found));
    Misfit { pointer, message, missing: None }
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A key as a part of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
