//! Answers to a form that come from the command line and from a file.

use std::path::Path;

use fairway_scaffold::{Field, Template, Widget, form, read_answers};
use serde_json::{Map, Value};

use crate::failure::CliError;

/// `name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The field's dotted name.
    pub name: String,
    /// What the person typed.
    pub value: String,
}

/// Reads `name=value`.
pub fn parse_answer(text: &str) -> Result<Answer, String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok(Answer { name: name.trim().to_owned(), value: value.to_owned() })
        }
        _ => Err("expected name=value, for example owner=checkout".to_owned()),
    }
}

/// The answers of a file with those of the command line over them, typed as the form's schema says.
pub fn collect(template: &Template, file: Option<&Path>, given: &[Answer]) -> Result<Value, CliError> {
    let base = match file {
        Some(path) => read_file(path)?,
        None => Value::Object(Map::new()),
    };
    put(template, &base, given)
}

/// The values with some answers over them. Names that the form does not have are refused: a typing error must
/// not silently leave a default.
pub fn put(template: &Template, values: &Value, given: &[Answer]) -> Result<Value, CliError> {
    // A first reading finds the fields that these answers bring up; the second splits what is a list.
    let first = merge(values, &read(template, values, given));
    let fields: Vec<Field> =
        form(template, &first, None).steps.into_iter().flat_map(|page| page.fields).collect();
    let mut split = Vec::new();
    for answer in given {
        let Some(field) = fields.iter().find(|field| belongs(field, &answer.name)) else {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            return Err(CliError::Usage {
                message: format!(
                    "the form of {} has no field \"{}\"",
                    template.reference.name(),
                    answer.name
                ),
                hint: Some(format!("its fields are {}", names.join(", "))),
            });
        };
        let parts: Vec<&str> = if is_list(field) && !answer.value.starts_with('[') {
            answer.value.split(',').map(str::trim).collect()
        } else {
            vec![answer.value.as_str()]
        };
        split.extend(
            parts.into_iter().map(|part| Answer { name: answer.name.clone(), value: part.to_owned() }),
        );
    }
    Ok(merge(values, &read(template, values, &split)))
}

fn belongs(field: &Field, name: &str) -> bool {
    let part_of = || name.strip_prefix(&field.name).is_some_and(|rest| rest.starts_with('.'));
    field.name == name || matches!(field.widget, Widget::RepoUrlPicker { .. }) && part_of()
}

/// Whether several values may be given, separated by commas.
pub fn is_list(field: &Field) -> bool {
    matches!(
        field.widget,
        Widget::Checkboxes { .. } | Widget::Lines | Widget::EntityPicker { multiple: true, .. }
    )
}

/// What the answers come to. The other values are there so that fields which depend on them are known.
fn read(template: &Template, values: &Value, given: &[Answer]) -> Value {
    let mut pairs = Vec::new();
    context(values, "", &mut pairs);
    pairs.retain(|(name, _)| !given.iter().any(|answer| answer.name == *name));
    pairs.extend(given.iter().map(|answer| (answer.name.clone(), answer.value.clone())));
    // A page that nobody saw: silence is no answer, so defaults stand.
    read_answers(template, Some(usize::MAX), &pairs)
}

fn context(values: &Value, prefix: &str, pairs: &mut Vec<(String, String)>) {
    let Value::Object(map) = values else { return };
    for (name, value) in map {
        let name = format!("{prefix}{}", name.replace('~', "~0").replace('.', "~1"));
        match value {
            Value::String(text) => pairs.push((name, text.clone())),
            Value::Bool(_) | Value::Number(_) => pairs.push((name, value.to_string())),
            Value::Object(_) => context(value, &format!("{name}."), pairs),
            Value::Null | Value::Array(_) => {}
        }
    }
}

fn merge(under: &Value, over: &Value) -> Value {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            let mut merged = under.clone();
            for (name, value) in over {
                let value = merged.get(name).map_or_else(|| value.clone(), |known| merge(known, value));
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (_, over) => over.clone(),
    }
}

fn read_file(path: &Path) -> Result<Value, CliError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::usage(
            format!("the answers {name} cannot be read: {error}"),
            Some("give a YAML or JSON file with --values"),
        )
    })?;
    let reading = fairway_yaml::read(&name, &text, &fairway_yaml::Limits::default());
    if reading.diagnostics.iter().any(fairway_domain::Diagnostic::is_error) {
        return Err(CliError::Diagnostics(reading.diagnostics));
    }
    match reading.documents.into_iter().next().map(|document| document.value) {
        Some(value @ Value::Object(_)) => Ok(value),
        None | Some(Value::Null) => Ok(Value::Object(Map::new())),
        Some(_) => Err(CliError::usage(
            format!("{name} holds no answers: it has to be a mapping of field names to values"),
            Some("write for example\n      name: gift-cards\n      owner: checkout"),
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_scaffold::Template;
    use serde_json::{Value, json};

    use super::{Answer, parse_answer, put};
    use crate::new::template_of;

    fn template() -> Template {
        let schema = json!({
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "size": {"type": "integer"},
                "database": {"type": "string", "enum": ["none", "postgres"], "default": "none"},
                "environments": {"type": "array", "items": {"type": "string", "enum": ["staging", "production"]}, "uniqueItems": true, "ui:widget": "checkboxes", "default": ["staging"]},
                "repoUrl": {"type": "string", "ui:field": "RepoUrlPicker"}
            },
            "dependencies": {"database": {"oneOf": [
                {"properties": {"database": {"enum": ["none"]}}},
                {"properties": {"database": {"enum": ["postgres"]}, "storage": {"type": "integer"}}}
            ]}}
        });
        template_of(&json!({"entityRef": "template:default/t", "title": "T", "type": "service", "steps": [{"title": "One", "schema": schema}]})).unwrap()
    }

    fn given(texts: &[&str]) -> Vec<Answer> {
        texts.iter().map(|text| parse_answer(text).unwrap()).collect()
    }

    fn read(values: &Value, texts: &[&str]) -> Result<Value, String> {
        put(&template(), values, &given(texts)).map_err(|error| error.text())
    }

    #[test]
    fn answers_get_the_types_of_the_schema() {
        let values = read(&json!({}), &["name=a=b", "size=3", "environments=staging,production"]).unwrap();
        assert_eq!(values, json!({"name": "a=b", "size": 3, "environments": ["staging", "production"]}));
        let parts =
            read(&json!({}), &["repoUrl.host=fairway", "repoUrl.owner=acme", "repoUrl.repo=x"]).unwrap();
        assert_eq!(parts["repoUrl"], "fairway?owner=acme&repo=x");
    }

    #[test]
    fn the_command_line_stands_over_the_file_and_reveals_what_depends_on_it() {
        let file = json!({"name": "from-file", "database": "postgres", "tags": ["kept"]});
        let values = read(&file, &["name=mine", "storage=20"]).unwrap();
        assert_eq!(values, json!({"name": "mine", "database": "postgres", "tags": ["kept"], "storage": 20}));
    }

    #[test]
    fn a_name_that_the_form_does_not_have_is_refused() {
        let error = read(&json!({}), &["nmae=x"]).unwrap_err();
        assert!(error.contains("no field \"nmae\"") && error.contains("name, "), "{error}");
        assert!(read(&json!({}), &["storage=20"]).is_err(), "only there with a database");
        assert!(parse_answer("=x").is_err() && parse_answer("x").is_err());
    }
}
