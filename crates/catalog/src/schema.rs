//! JSON schemas, bounded and compiled once, and the sentences about what does not fit. The sentences are those of
//! the validator that Backstage uses, so that people find them.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use jsonschema::error::{TypeKind, ValidationErrorKind as Problem};
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::envelope::escape;

/// Nodes that a schema may have, references followed.
const NODES: usize = 5_000;
/// Levels that a schema may have, references followed.
const DEPTH: usize = 64;
/// Bytes that one pattern may compile to.
const PATTERN: usize = 1 << 20;
/// Misfits that one value is told about.
pub(crate) const MISFITS: usize = 50;

/// A schema that can be applied.
pub(crate) struct Schema {
    source: Value,
    validator: Validator,
}

impl fmt::Debug for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, formatter)
    }
}

/// A misfit: the JSON pointer of the place, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) missing: Option<String>,
}

/// A schema that cannot be used: the JSON pointer of the place in it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchemaError {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

impl Schema {
    /// Compiles a schema of draft 7 (<https://json-schema.org/draft-07>). It may refer to its own parts, not to
    /// other documents and not to itself, and its patterns are matched in linear time, so that applying it is
    /// bounded by the size of the schema times that of the value.
    pub(crate) fn compile(source: &Value) -> Result<Self, SchemaError> {
        let mut measure = Measure { root: source, nodes: 0, following: BTreeSet::new() };
        measure.visit(source, &mut String::new(), 0)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft7)
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN))
            .build(source)
            .map_err(|error| SchemaError {
                pointer: error.instance_path().to_string(),
                message: format!("the schema is not valid: {}", cut(&error.to_string())),
            })?;
        Ok(Self { source: source.clone(), validator })
    }

    /// What of `value`, which stands at `pointer`, does not fit.
    pub(crate) fn check(&self, value: &Value, pointer: &str, out: &mut Vec<Misfit>) {
        for error in self.validator.iter_errors(value).take(MISFITS) {
            self.describe(&error, pointer, out);
        }
    }

    fn describe(&self, error: &ValidationError<'_>, prefix: &str, out: &mut Vec<Misfit>) {
        let pointer = format!("{prefix}{}", error.instance_path());
        let shown = if pointer.is_empty() { "<root>" } else { pointer.as_str() };
        let text = match error.kind() {
            Problem::Required { property } => {
                out.push(missing(&pointer, property.as_str().unwrap_or_default()));
                return;
            }
            Problem::AdditionalProperties { unexpected } => {
                for name in unexpected.iter().take(MISFITS) {
                    out.push(Misfit {
                        pointer: format!("{pointer}/{}", escape(name)),
                        message: format!(
                            "{shown} must NOT have additional properties - additionalProperty: {}",
                            cut(name)
                        ),
                        missing: None,
                    });
                }
                return;
            }
            Problem::Type { kind } => {
                let types = self.types(error, kind);
                format!("must be {types} - type: {types}")
            }
            Problem::Enum { options } => {
                let allowed: Vec<String> = options.as_array().into_iter().flatten().map(plain).collect();
                let allowed = cut(&allowed.join(","));
                format!("must be equal to one of the allowed values - allowedValues: {allowed}")
            }
            Problem::Constant { expected_value } => {
                format!("must be equal to constant - allowedValue: {}", cut(&plain(expected_value)))
            }
            Problem::MinLength { limit } => {
                format!("must NOT have fewer than {limit} characters - limit: {limit}")
            }
            Problem::MaxLength { limit } => {
                format!("must NOT have more than {limit} characters - limit: {limit}")
            }
            Problem::MinItems { limit } => format!("must NOT have fewer than {limit} items - limit: {limit}"),
            Problem::MaxItems { limit } => format!("must NOT have more than {limit} items - limit: {limit}"),
            Problem::MinProperties { limit } => {
                format!("must NOT have fewer than {limit} properties - limit: {limit}")
            }
            Problem::MaxProperties { limit } => {
                format!("must NOT have more than {limit} properties - limit: {limit}")
            }
            Problem::UniqueItems => "must NOT have duplicate items".to_owned(),
            Problem::Minimum { limit } => compared(">=", limit),
            Problem::Maximum { limit } => compared("<=", limit),
            Problem::ExclusiveMinimum { limit } => compared(">", limit),
            Problem::ExclusiveMaximum { limit } => compared("<", limit),
            Problem::MultipleOf { multiple_of } => {
                format!("must be multiple of {multiple_of} - multipleOf: {multiple_of}")
            }
            Problem::Pattern { pattern } => {
                format!("must match pattern \"{0}\" - pattern: {0}", cut(pattern))
            }
            Problem::Format { format } => format!("must match format \"{format}\" - format: {format}"),
            Problem::AnyOf { .. } => "must match a schema in anyOf".to_owned(),
            Problem::OneOfNotValid { .. } | Problem::OneOfMultipleValid { .. } => {
                "must match exactly one schema in oneOf".to_owned()
            }
            Problem::Not { .. } => "must NOT be valid".to_owned(),
            Problem::FalseSchema => "boolean schema is false".to_owned(),
            Problem::PropertyNames { error } => {
                format!("property name must be valid: {}", cut(&error.to_string()))
            }
            _ => cut(&error.to_string()),
        };
        let message = format!("{shown} {text}");
        out.push(Misfit { pointer, message, missing: None });
    }

    /// The types as the schema lists them, which the validator has sorted.
    fn types(&self, error: &ValidationError<'_>, kind: &TypeKind) -> String {
        let written = self.source.pointer(error.schema_path().as_str()).and_then(Value::as_array);
        match (written, kind) {
            (Some(types), _) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            (None, TypeKind::Single(single)) => single.to_string(),
            (None, TypeKind::Multiple(several)) => {
                several.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(",")
            }
        }
    }
}

/// A misfit for a property that is not there; it is placed at the property that should be.
pub(crate) fn missing(pointer: &str, name: &str) -> Misfit {
    let shown = if pointer.is_empty() { "<root>" } else { pointer };
    Misfit {
        pointer: format!("{pointer}/{}", escape(name)),
        message: format!("{shown} must have required property '{name}' - missingProperty: {name}"),
        missing: Some(name.to_owned()),
    }
}

fn compared(sign: &str, limit: &Value) -> String {
    format!("must be {sign} {limit} - comparison: {sign}, limit: {limit}")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

/// Walks a schema as validation does, and refuses what validation could not bound.
struct Measure<'a> {
    root: &'a Value,
    nodes: usize,
    following: BTreeSet<&'a str>,
}

impl<'a> Measure<'a> {
    fn visit(&mut self, schema: &'a Value, pointer: &mut String, depth: usize) -> Result<(), SchemaError> {
        let refuse = |pointer: &str, message: String| SchemaError { pointer: pointer.to_owned(), message };
        self.nodes += 1;
        if self.nodes > NODES || depth > DEPTH {
            let message =
                format!("the schema is larger than {NODES} parts or {DEPTH} levels, references followed");
            return Err(refuse(pointer, message));
        }
        let length = pointer.len();
        match schema {
            Value::Object(fields) => {
                for (key, item) in fields {
                    pointer.push('/');
                    pointer.push_str(&escape(key));
                    match (key.as_str(), item) {
                        // What stands there is data and not a schema.
                        ("const" | "enum" | "default" | "examples", _) => {}
                        ("$id", Value::String(_)) => {
                            return Err(refuse(
                                pointer,
                                "the schema may not rename its parts with $id".to_owned(),
                            ));
                        }
                        ("$ref", Value::String(reference)) => {
                            let Some(target) =
                                reference.strip_prefix('#').and_then(|inside| self.root.pointer(inside))
                            else {
                                let message = format!("\"{}\" is no part of this schema", cut(reference));
                                return Err(refuse(pointer, message));
                            };
                            if !self.following.insert(reference) {
                                let message = format!("\"{}\" leads back to itself", cut(reference));
                                return Err(refuse(pointer, message));
                            }
                            self.visit(target, pointer, depth + 1)?;
                            self.following.remove(reference.as_str());
                        }
                        _ => self.visit(item, pointer, depth + 1)?,
                    }
                    pointer.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let _ = write!(pointer, "/{index}");
                    self.visit(item, pointer, depth + 1)?;
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::Schema;

    fn complaints(schema: &Value, value: &Value) -> Vec<String> {
        let mut out = Vec::new();
        Schema::compile(schema).unwrap().check(value, "/spec", &mut out);
        out.into_iter().map(|misfit| misfit.message).collect()
    }

    #[test]
    fn each_keyword_has_the_sentence_that_people_know() {
        let rows = [
            (json!({"type": "string"}), json!(1), "/spec must be string - type: string"),
            (
                json!({"type": ["object", "array"]}),
                json!(1),
                "/spec must be object,array - type: object,array",
            ),
            (
                json!({"required": ["a"]}),
                json!({}),
                "/spec must have required property 'a' - missingProperty: a",
            ),
            (json!({"minLength": 2}), json!("x"), "/spec must NOT have fewer than 2 characters - limit: 2"),
            (json!({"maxLength": 2}), json!("xyz"), "/spec must NOT have more than 2 characters - limit: 2"),
            (
                json!({"enum": ["a", 1]}),
                json!("x"),
                "/spec must be equal to one of the allowed values - allowedValues: a,1",
            ),
            (json!({"const": "a"}), json!("x"), "/spec must be equal to constant - allowedValue: a"),
            (json!({"pattern": "^a"}), json!("x"), "/spec must match pattern \"^a\" - pattern: ^a"),
            (json!({"minimum": 2}), json!(1), "/spec must be >= 2 - comparison: >=, limit: 2"),
            (json!({"exclusiveMaximum": 2}), json!(2), "/spec must be < 2 - comparison: <, limit: 2"),
            (json!({"minItems": 1}), json!([]), "/spec must NOT have fewer than 1 items - limit: 1"),
            (json!({"uniqueItems": true}), json!([1, 1]), "/spec must NOT have duplicate items"),
            (
                json!({"properties": {"a": true}, "additionalProperties": false}),
                json!({"b": 1}),
                "/spec must NOT have additional properties - additionalProperty: b",
            ),
            (
                json!({"properties": {"a": {"items": {"type": "integer"}}}}),
                json!({"a": [1, "x"]}),
                "/spec/a/1 must be integer - type: integer",
            ),
        ];
        for (schema, value, expected) in rows {
            assert_eq!(complaints(&schema, &value), [expected], "{schema}");
        }
        assert!(complaints(&json!(true), &json!({"a": 1})).is_empty());
    }

    #[test]
    fn schemas_that_cannot_be_bounded_are_refused() {
        let mut bomb = json!({"definitions": {"d0": {"type": "string"}}, "$ref": "#/definitions/d20"});
        for level in 1..=20 {
            let below = json!({"$ref": format!("#/definitions/d{}", level - 1)});
            *bomb
                .pointer_mut("/definitions")
                .unwrap()
                .as_object_mut()
                .unwrap()
                .entry(format!("d{level}"))
                .or_insert(Value::Null) = json!({"allOf": [below, below]});
        }
        let mut deep = json!({"type": "string"});
        for _ in 0..100 {
            deep = json!({"items": deep});
        }
        let rows = [
            (bomb, "larger than"),
            (deep, "larger than"),
            (json!({"$ref": "#"}), "leads back to itself"),
            (
                json!({"definitions": {"a": {"items": {"$ref": "#/definitions/a"}}}, "$ref": "#/definitions/a"}),
                "leads back",
            ),
            (json!({"$ref": "https://example.com/schema.json"}), "no part of this schema"),
            (json!({"properties": {"a": {"$id": "x"}}}), "$id"),
            (json!({"type": "text"}), "not valid"),
            (json!({"pattern": "(?=a)"}), "not valid"),
            (json!({"pattern": "((a{1000}){1000}){1000}"}), "not valid"),
        ];
        for (schema, expected) in rows {
            let error = Schema::compile(&schema).unwrap_err();
            assert!(error.message.contains(expected), "{schema}: {error:?}");
        }
        let shared = json!({"definitions": {"t": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/t"}, "b": {"$ref": "#/definitions/t"}}});
        assert_eq!(
            complaints(&shared, &json!({"a": 1, "b": "x"})),
            ["/spec/a must be string - type: string"]
        );
    }
}
