//! Reads fields out of a parsed document and gathers what is wrong with them, each at its place.

use fairway_domain::Diagnostic;
use fairway_yaml::Document;
use serde_json::{Map, Value};

/// The stable word of everything that breaks a rule of the Score schema.
pub(crate) const CODE: &str = "score";

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) value: &'a Value,
    pub(crate) pointer: String,
}

impl<'a> Field<'a> {
    /// The pointer to a key below this one.
    pub(crate) fn below(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"))
    }

    /// The path as people write it: `containers.main.image`.
    pub(crate) fn path(&self) -> String {
        dotted(&self.pointer)
    }

    fn member(&self, map: &'a Map<String, Value>, key: &str) -> Option<Field<'a>> {
        map.get(key).map(|value| Field { value, pointer: self.below(key) })
    }
}

/// `/containers/main/files/~1etc` as `containers.main.files./etc`.
pub(crate) fn dotted(pointer: &str) -> String {
    let parts: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    if parts.is_empty() { "the document".to_owned() } else { parts.join(".") }
}

/// What JSON calls the type of a value.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// Gathers problems while it reads.
pub(crate) struct Reader<'a> {
    document: &'a Document,
    pub(crate) problems: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(document: &'a Document) -> Self {
        Self { document, problems: Vec::new() }
    }

    /// Notes a problem at a pointer.
    pub(crate) fn fail(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.push(self.document.diagnostic(pointer, CODE, message));
    }

    fn fail_with_hint(&mut self, pointer: &str, message: String, hint: String) {
        self.problems.push(self.document.diagnostic(pointer, CODE, message).with_hint(hint));
    }

    /// The mapping, or a problem.
    pub(crate) fn map<'f>(&mut self, field: &Field<'f>) -> Option<&'f Map<String, Value>> {
        let map = field.value.as_object();
        if map.is_none() {
            let message = format!("{} must be a mapping, but it is {}", field.path(), type_name(field.value));
            self.fail(&field.pointer, message);
        }
        map
    }

    /// The mapping whose keys are all in `known` and which has all `required` ones.
    pub(crate) fn closed_map<'f>(
        &mut self,
        field: &Field<'f>,
        known: &[&str],
        required: &[&str],
    ) -> Option<Object<'f>> {
        let map = self.map(field)?;
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("{} has no field \"{key}\"", field.path());
            self.fail_with_hint(&field.below(key), message, format!("the fields are: {}", known.join(", ")));
        }
        for key in required.iter().filter(|key| !map.contains_key(**key)) {
            let message = format!("{}: the field \"{key}\" is missing", field.path());
            self.fail(&field.pointer, message);
        }
        Some(Object { field: field.clone(), map })
    }

    /// Every member of a mapping whose keys obey a rule.
    pub(crate) fn named<'f>(
        &mut self,
        field: &Field<'f>,
        valid: fn(&str) -> bool,
        rule: &str,
    ) -> Vec<(String, Field<'f>)> {
        let Some(map) = self.map(field) else { return Vec::new() };
        for key in map.keys().filter(|key| !valid(key)) {
            let message = format!("{}: the name \"{key}\" is not allowed", field.path());
            self.fail_with_hint(&field.below(key), message, rule.to_owned());
        }
        map.iter().map(|(key, value)| (key.clone(), Field { value, pointer: field.below(key) })).collect()
    }

    /// The text, or a problem.
    pub(crate) fn text<'f>(&mut self, field: &Field<'f>) -> Option<&'f str> {
        let text = field.value.as_str();
        if text.is_none() {
            let message = format!("{} must be a string, but it is {}", field.path(), type_name(field.value));
            match field.value {
                Value::Number(_) | Value::Bool(_) => {
                    let hint = format!("put it in quotes: \"{}\"", field.value);
                    self.fail_with_hint(&field.pointer, message, hint);
                }
                _ => self.fail(&field.pointer, message),
            }
        }
        text
    }

    /// The text that obeys a rule, or a problem.
    pub(crate) fn ruled_text(
        &mut self,
        field: &Field<'_>,
        valid: fn(&str) -> bool,
        rule: &str,
    ) -> Option<String> {
        let text = self.text(field)?;
        if valid(text) {
            return Some(text.to_owned());
        }
        self.fail_with_hint(
            &field.pointer,
            format!("{}: \"{text}\" is not allowed", field.path()),
            rule.to_owned(),
        );
        None
    }

    /// The whole number between 1 and 65535, or a problem.
    pub(crate) fn port(&mut self, field: &Field<'_>) -> Option<u16> {
        let number = field.value.as_u64().or_else(|| {
            field.value.as_f64().filter(|it| it.fract() == 0.0 && *it >= 0.0).map(|it| it as u64)
        });
        let port = number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
        if port.is_none() {
            let message = format!("{} must be a port number from 1 to 65535", field.path());
            self.fail(&field.pointer, message);
        }
        port
    }

    /// The boolean, or a problem.
    pub(crate) fn boolean(&mut self, field: &Field<'_>) -> Option<bool> {
        let value = field.value.as_bool();
        if value.is_none() {
            let message =
                format!("{} must be true or false, but it is {}", field.path(), type_name(field.value));
            self.fail(&field.pointer, message);
        }
        value
    }

    /// The list of texts, or problems.
    pub(crate) fn texts(&mut self, field: &Field<'_>) -> Vec<String> {
        self.items(field).iter().filter_map(|item| self.text(item).map(str::to_owned)).collect()
    }

    /// The items of a list, or a problem.
    pub(crate) fn items<'f>(&mut self, field: &Field<'f>) -> Vec<Field<'f>> {
        let Some(items) = field.value.as_array() else {
            let message = format!("{} must be a list, but it is {}", field.path(), type_name(field.value));
            self.fail(&field.pointer, message);
            return Vec::new();
        };
        items
            .iter()
            .enumerate()
            .map(|(index, value)| Field { value, pointer: format!("{}/{index}", field.pointer) })
            .collect()
    }
}

/// A mapping and where it stands.
pub(crate) struct Object<'f> {
    pub(crate) field: Field<'f>,
    pub(crate) map: &'f Map<String, Value>,
}

impl<'f> Object<'f> {
    /// A member, when there is one.
    pub(crate) fn get(&self, key: &str) -> Option<Field<'f>> {
        self.field.member(self.map, key)
    }
}
