//! What a policy is asked about: `input.review`.

use fairway_domain::finding::ObjectRef;
use serde_json::{Value, json};

use crate::set::PolicyObject;

/// One object with its review.
pub(crate) struct Review<'a> {
    /// The object that is reviewed; for a deletion the old one.
    pub(crate) object: &'a Value,
    pub(crate) reference: ObjectRef,
    pub(crate) group: &'a str,
    /// `input.review`.
    pub(crate) value: Value,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A label that is not empty, by its escaped name.
fn label(object: &Value, name: &str) -> Option<String> {
    let found = text(object, &format!("/metadata/labels/{name}"));
    (!found.is_empty()).then(|| found.to_owned())
}

impl<'a> Review<'a> {
    /// The review of an object that is about to be created. An `AdmissionReview` is taken at its word.
    pub(crate) fn new(source: &'a PolicyObject) -> Self {
        let request = (text(&source.value, "/kind") == "AdmissionReview")
            .then(|| source.value.get("request"))
            .flatten()
            .filter(|request| request.is_object());
        let object = request
            .and_then(|request| {
                ["object", "oldObject"].iter().find_map(|key| request.get(*key).filter(|it| it.is_object()))
            })
            .unwrap_or(&source.value);
        let api_version = text(object, "/apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
        let namespace = text(object, "/metadata/namespace");
        let value = request.cloned().unwrap_or_else(|| {
            let mut review = json!({
                "kind": {"group": group, "version": version, "kind": kind},
                "name": name,
                "operation": "CREATE",
                "object": object,
            });
            if let (Value::Object(review), false) = (&mut review, namespace.is_empty()) {
                review.insert("namespace".to_owned(), namespace.into());
            }
            review
        });
        let reference = ObjectRef {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            file: source.file.clone(),
            // What Fairway renders says where it is headed, also to those who only see the object.
            environment: source.environment.clone().or_else(|| label(object, "fairway.dev~1environment")),
            service: label(object, "app.kubernetes.io~1name"),
        };
        Self { object, reference, group, value }
    }
}
