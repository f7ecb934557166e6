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
    /// The request. What a deletion leaves is null, as Kubernetes has it.
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

/// The request in a document, when that is an `AdmissionReview`.
fn request_of(value: &Value) -> Option<&Value> {
    (text(value, "/kind") == "AdmissionReview")
        .then(|| value.get("request"))
        .flatten()
        .filter(|it| it.is_object())
}

/// The object of a request: for a deletion the old one.
fn object_of(request: &Value) -> Option<&Value> {
    ["object", "oldObject"].iter().find_map(|key| request.get(*key).filter(|it| it.is_object()))
}

/// The object that a document stands for.
pub(crate) fn subject(value: &Value) -> &Value {
    request_of(value).and_then(object_of).unwrap_or(value)
}

impl<'a> Review<'a> {
    /// The review of an object that is about to be created. An `AdmissionReview` is taken at its word.
    pub(crate) fn new(source: &'a PolicyObject) -> Self {
        let request = request_of(&source.value);
        let object = request.and_then(object_of).unwrap_or(&source.value);
        let mut review = Self::build(object, request);
        review.reference.file.clone_from(&source.file);
        if source.environment.is_some() {
            review.reference.environment.clone_from(&source.environment);
        }
        review
    }

    /// The review of a request, which has an object.
    pub(crate) fn of_request(request: &'a Value) -> Self {
        Self::build(object_of(request).unwrap_or(&Value::Null), Some(request))
    }

    fn build(object: &'a Value, request: Option<&Value>) -> Self {
        let api_version = text(object, "/apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let kind = text(object, "/kind");
        // What a connection is opened with has no name of its own, nor has what gets one from the server.
        let given = |own: &'a str, pointer: &str| match (own, request) {
            ("", Some(request)) => text(request, pointer).to_owned(),
            (own, _) => own.to_owned(),
        };
        let name = match given(text(object, "/metadata/name"), "/name") {
            name if name.is_empty() => text(object, "/metadata/generateName").to_owned(),
            name => name,
        };
        let is_namespace = kind == "Namespace" && group.is_empty();
        let namespace = match text(object, "/metadata/namespace") {
            own if is_namespace => own.to_owned(),
            own => given(own, "/namespace"),
        };
        let value = request.cloned().unwrap_or_else(|| {
            let mut review = json!({
                "kind": {"group": group, "version": version, "kind": kind},
                "name": name,
                "operation": "CREATE",
                "object": object,
            });
            if let (Value::Object(review), false) = (&mut review, namespace.is_empty()) {
                review.insert("namespace".to_owned(), namespace.as_str().into());
            }
            review
        });
        let reference = ObjectRef {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace,
            name,
            file: None,
            // What Fairway renders says where it is headed, also to those who only see the object.
            environment: label(object, "fairway.dev~1environment"),
            service: label(object, "app.kubernetes.io~1name"),
        };
        Self { object, reference, group, value }
    }

    /// `input.review` as Gatekeeper hands it to Rego: on a deletion the old object stands for the object.
    pub(crate) fn input(&self) -> regorus::Value {
        let is_gone = self.value.get("object").is_none_or(Value::is_null);
        if is_gone && text(&self.value, "/operation") == "DELETE" {
            let mut value = self.value.clone();
            if let Value::Object(members) = &mut value {
                members.insert("object".to_owned(), self.object.clone());
            }
            return regorus::Value::from(value);
        }
        regorus::Value::from(self.value.clone())
    }
}
