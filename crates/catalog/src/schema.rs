//! Shapes of `spec` as data, and the sentences about what does not fit. The sentences are those of the JSON
//! schema validator that Backstage uses, so that people find them.

use serde_json::{Map, Value};

/// One property.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
}

/// What a property may hold.
pub(crate) enum Shape {
    /// A text that is not empty.
    Text,
    /// A list of texts that are not empty.
    Texts,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    Boolean,
    Integer,
    /// A mapping with at least these properties.
    Object(&'static [Field]),
    /// A list of such mappings.
    Objects(&'static [Field]),
    /// A mapping, or a list of mappings.
    ObjectOrObjects,
    /// A text or a boolean.
    TextOrBoolean,
}

impl Field {
    pub(crate) const fn required(name: &'static str, shape: Shape) -> Self {
        Self { name, required: true, shape }
    }

    pub(crate) const fn optional(name: &'static str, shape: Shape) -> Self {
        Self { name, required: false, shape }
    }
}

/// A misfit: the JSON pointer of the place, and what is wrong there.
pub(crate) struct Misfit {
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) missing: Option<String>,
}

/// Checks the properties of `object`, which stands at `pointer`.
pub(crate) fn check_fields(
    object: &Map<String, Value>,
    fields: &[Field],
    pointer: &str,
    out: &mut Vec<Misfit>,
) {
    for field in fields {
        match object.get(field.name) {
            Some(value) => check(value, &field.shape, &format!("{pointer}/{}", field.name), out),
            None if field.required => out.push(missing(pointer, field.name)),
            None => {}
        }
    }
}

/// A misfit for a property that is not there; it is placed at the property that should be.
pub(crate) fn missing(pointer: &str, name: &str) -> Misfit {
    Misfit {
        pointer: format!("{pointer}/{name}"),
        message: format!("{} must have required property '{name}' - missingProperty: {name}", shown(pointer)),
        missing: Some(name.to_owned()),
    }
}

/// Checks one value.
pub(crate) fn check(value: &Value, shape: &Shape, pointer: &str, out: &mut Vec<Misfit>) {
    let mut wrong = |kind: &str| {
        out.push(Misfit {
            pointer: pointer.to_owned(),
            message: format!("{} must be {kind} - type: {kind}", shown(pointer)),
            missing: None,
        });
    };
    match (shape, value) {
        (Shape::Text, Value::String(text)) => {
            if text.is_empty() {
                out.push(Misfit {
                    pointer: pointer.to_owned(),
                    message: format!("{} must NOT have fewer than 1 characters - limit: 1", shown(pointer)),
                    missing: None,
                });
            }
        }
        (Shape::OneOf(allowed), Value::String(text)) => {
            if !allowed.contains(&text.as_str()) {
                let message = format!(
                    "{} must be equal to one of the allowed values - allowedValues: {}",
                    shown(pointer),
                    allowed.join(",")
                );
                out.push(Misfit { pointer: pointer.to_owned(), message, missing: None });
            }
        }
        (Shape::Texts, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &Shape::Text, &format!("{pointer}/{index}"), out);
            }
        }
        (Shape::Object(fields), Value::Object(object)) => check_fields(object, fields, pointer, out),
        (Shape::Objects(fields), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &Shape::Object(fields), &format!("{pointer}/{index}"), out);
            }
        }
        (Shape::ObjectOrObjects, Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &Shape::Object(&[]), &format!("{pointer}/{index}"), out);
            }
        }
        (Shape::Integer, Value::Number(number)) if !number.is_f64() => {}
        (Shape::Boolean | Shape::TextOrBoolean, Value::Bool(_))
        | (Shape::TextOrBoolean, Value::String(_))
        | (Shape::ObjectOrObjects, Value::Object(_)) => {}
        (Shape::Text | Shape::OneOf(_), _) => wrong("string"),
        (Shape::Texts | Shape::Objects(_), _) => wrong("array"),
        (Shape::Object(_), _) => wrong("object"),
        (Shape::ObjectOrObjects, _) => wrong("object,array"),
        (Shape::Boolean, _) => wrong("boolean"),
        (Shape::TextOrBoolean, _) => wrong("string,boolean"),
        (Shape::Integer, _) => wrong("integer"),
    }
}

fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "<root>" } else { pointer }
}
