//! Definitions that are JSON values: reading them, and following their references.

use std::borrow::Cow;

use fairway_domain::Diagnostic;
use fairway_yaml::Limits;
use serde_json::{Map, Value};

use crate::api_document::MAX_DEFINITION;

/// References that are followed one after another before they are taken for a circle.
const MAX_HOPS: usize = 20;

/// Reads YAML or JSON into one value.
pub(super) fn value(definition: &str) -> Result<Value, Box<Diagnostic>> {
    let limits = Limits { bytes: MAX_DEFINITION, documents: 1, ..Limits::default() };
    let reading = fairway_yaml::read("definition", definition, &limits);
    if let Some(first) = reading.diagnostics.into_iter().find(Diagnostic::is_error) {
        return Err(Box::new(first));
    }
    match reading.documents.into_iter().next().map(|document| document.value) {
        Some(found @ Value::Object(_)) => Ok(found),
        _ => Err(Box::new(Diagnostic::error("definition-empty", "the definition is not a mapping"))),
    }
}

/// A definition whose parts refer to each other.
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    root: &'a Value,
}

impl<'a> Tree<'a> {
    pub(super) const fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// What a value stands for, its `$ref`s inside this document followed.
    pub(super) fn resolve(self, mut value: &'a Value) -> &'a Value {
        for _ in 0..MAX_HOPS {
            let Some(found) = reference(value).and_then(|target| self.at(target)) else { break };
            value = found;
        }
        value
    }

    fn at(self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#')?;
        self.root.pointer(&percent_decoded(pointer))
    }
}

/// The `$ref` of a value.
pub(super) fn reference(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}

/// The last part of a reference, as a name.
pub(super) fn reference_name(reference: &str) -> &str {
    reference.rsplit(['/', '#']).next().unwrap_or(reference)
}

/// A text of a mapping; empty when it is absent. Numbers are written out, as versions often are numbers.
pub(super) fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The entries of a mapping below a key.
pub(super) fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// The items of a list below a key.
pub(super) fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// Whether a key holds `true`.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

fn percent_decoded(pointer: &str) -> Cow<'_, str> {
    if !pointer.contains('%') {
        return Cow::Borrowed(pointer);
    }
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded =
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%');
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
