//! The rules for what every entity has in common: `apiVersion`, `kind` and `metadata`.

use serde_json::{Map, Value};
use url::Url;

use crate::field_format as format;
use crate::schema::{Field, Misfit, Shape, check, check_fields, missing};

const GUIDE: &str = "To learn more about catalog file format, visit: https://github.com/backstage/backstage/blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md";
const NAME: &str =
    "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], at most 63 characters in total";
const PREFIXED: &str = "a valid prefix and/or suffix";

const METADATA: &[Field] = &[
    Field::required("name", Shape::Text),
    Field::optional("namespace", Shape::Text),
    Field::optional("title", Shape::Text),
    Field::optional("uid", Shape::Text),
    Field::optional("etag", Shape::Text),
    Field::optional("tags", Shape::Texts),
    Field::optional("labels", Shape::Object(&[])),
    Field::optional("annotations", Shape::Object(&[])),
    Field::optional(
        "links",
        Shape::Objects(&[
            Field::required("url", Shape::Text),
            Field::optional("title", Shape::Text),
            Field::optional("icon", Shape::Text),
            Field::optional("type", Shape::Text),
        ]),
    ),
];

/// Checks the envelope. `policy` loosens it to what Kubernetes allows its own objects.
pub(crate) fn check_envelope(root: &Map<String, Value>, policy: bool) -> Vec<Misfit> {
    let mut out = Vec::new();
    if !policy {
        for key in
            root.keys().filter(|key| !["apiVersion", "kind", "metadata", "spec"].contains(&key.as_str()))
        {
            out.push(Misfit {
                pointer: format!("/{}", escape(key)),
                message: format!("Unknown field {}", cut(key)),
                missing: None,
            });
        }
    }
    for name in ["apiVersion", "kind"] {
        match root.get(name) {
            Some(value) => check(value, &Shape::Text, &format!("/{name}"), &mut out),
            None => out.push(missing("", name)),
        }
    }
    if let Some(spec) = root.get("spec") {
        check(spec, &Shape::Object(&[]), "/spec", &mut out);
    }
    match root.get("metadata") {
        Some(Value::Object(metadata)) => {
            check_fields(metadata, METADATA, "/metadata", &mut out);
            if metadata.get("description").is_some_and(|description| !description.is_string()) {
                let message = "/metadata/description must be string - type: string".to_owned();
                out.push(Misfit { pointer: "/metadata/description".to_owned(), message, missing: None });
            }
            check_formats(root, metadata, policy, &mut out);
        }
        Some(other) => check(other, &Shape::Object(&[]), "/metadata", &mut out),
        None => out.push(missing("", "metadata")),
    }
    out
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
            if let Some(text) = value.and_then(Value::as_str).filter(|text| !text.is_empty() && !rule(text)) {
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
