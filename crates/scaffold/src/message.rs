//! What a validator found, said to the person who filled in the form.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Map, Value};

use crate::form::text_of;
use crate::{pattern, schema, widget};

/// The message for an error at a field with this schema.
pub(crate) fn field_message(
    error: &ValidationError<'_>,
    property: &Map<String, Value>,
    label: &str,
) -> String {
    if let Some(own) = own_message(property, error.kind().keyword()) {
        return own;
    }
    match error.kind() {
        Kind::Required { .. } => required(label, property),
        Kind::Type { .. } => format!("{label} must be {}", type_words(property)),
        Kind::Enum { .. } | Kind::OneOfNotValid { .. } | Kind::AnyOf { .. } => {
            let options = choices(property);
            if options.is_empty() {
                format!("{label} is not one of the values that are allowed here")
            } else {
                format!("{label} must be one of {}", options.join(", "))
            }
        }
        Kind::Constant { expected_value } => format!("{label} must be {}", text_of(expected_value)),
        Kind::Minimum { limit } => format!("{label} must be {limit} or more"),
        Kind::Maximum { limit } => format!("{label} must be {limit} or less"),
        Kind::ExclusiveMinimum { limit } => format!("{label} must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("{label} must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("{label} must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("{label} needs at least {}", count(*limit, "character")),
        Kind::MaxLength { limit } => format!("{label} may have at most {}", count(*limit, "character")),
        Kind::MinItems { limit } if *limit == 1 => format!("{label}: choose at least one"),
        Kind::MinItems { limit } => format!("{label}: choose at least {limit}"),
        Kind::MaxItems { limit } => format!("{label}: choose at most {limit}"),
        Kind::UniqueItems => format!("{label} holds the same entry twice"),
        Kind::Format { format } => format!("{label} must be {}", format_words(format)),
        Kind::Pattern { pattern } => match pattern::describe(pattern) {
            Some(words) => format!("{label} must {words}"),
            None => format!("{label} must match the pattern {pattern}"),
        },
        Kind::AdditionalProperties { unexpected } => {
            format!("{label} has fields that are not asked for: {}", unexpected.join(", "))
        }
        Kind::Not { .. } | Kind::FalseSchema => format!("{label} is not allowed with these answers"),
        _ => format!("{label}: {error}"),
    }
}

/// The message for a missing answer.
pub(crate) fn required(label: &str, property: &Map<String, Value>) -> String {
    own_message(property, "required").unwrap_or_else(|| format!("{label} is required"))
}

/// A message that the template's author wrote: `errorMessage`, for all errors or by keyword.
fn own_message(property: &Map<String, Value>, keyword: &str) -> Option<String> {
    match property.get("errorMessage").or_else(|| widget::option(property, "errorMessage"))? {
        Value::String(message) => Some(message.clone()),
        messages => messages.get(keyword)?.as_str().map(str::to_owned),
    }
}

fn choices(property: &Map<String, Value>) -> Vec<String> {
    let empty = Map::new();
    let property = match schema::type_of(property) {
        "array" => property.get("items").and_then(Value::as_object).unwrap_or(&empty),
        _ => property,
    };
    widget::choices(property).into_iter().take(30).map(|choice| choice.text()).collect()
}

fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn type_words(property: &Map<String, Value>) -> &'static str {
    match schema::type_of(property) {
        "boolean" => "yes or no (true or false)",
        "integer" => "a whole number",
        "number" => "a number",
        "array" => "a list",
        "object" => "an object (as YAML or JSON)",
        _ => "a text",
    }
}

fn format_words(format: &str) -> String {
    match format {
        "email" | "idn-email" => "an e-mail address".to_owned(),
        "uri" | "iri" => "a full address such as https://example.com/page".to_owned(),
        "date" => "a date such as 2026-01-31".to_owned(),
        "time" => "a time such as 09:30:00Z".to_owned(),
        "date-time" => "a date and time such as 2026-01-31T09:30:00Z".to_owned(),
        "hostname" => "a host name such as api.example.com".to_owned(),
        "ipv4" => "an IPv4 address such as 192.0.2.1".to_owned(),
        "ipv6" => "an IPv6 address such as 2001:db8::1".to_owned(),
        "uuid" => "a UUID".to_owned(),
        "regex" => "a regular expression".to_owned(),
        other => format!("in the format {other}"),
    }
}
