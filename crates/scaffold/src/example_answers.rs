//! Answers that a form gives by itself: its defaults, and the examples of what it requires.

use serde_json::{Map, Value};

use crate::template::Template;
use crate::validate::FieldError;
use crate::{defaults, form, schema, validate};

/// An example may reveal a field that is required; this many times in a row.
const ROUNDS: usize = 12;

/// Answers made of defaults, and of the first of a required field's `examples` where it has no default; or what
/// is wrong with them.
pub fn example_answers(template: &Template) -> Result<Value, Vec<FieldError>> {
    let mut values = defaults::fill(template, &Value::Object(Map::new()));
    for _ in 0..ROUNDS {
        let mut changed = false;
        for page in &template.steps {
            let resolved = schema::resolve(&page.schema, &values);
            if let Value::Object(fields) = &mut values {
                changed |= fill(&resolved, fields, 0);
            }
        }
        if !changed {
            break;
        }
        values = defaults::fill(template, &values);
    }
    validate::validate(template, &values)
}

fn fill(schema: &Map<String, Value>, values: &mut Map<String, Value>, depth: usize) -> bool {
    let mut changed = false;
    for (name, property) in schema::properties(schema) {
        if !schema::requires(schema, name) {
            continue;
        }
        if form::nests(property, depth) {
            let inner = values.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                changed |= fill(property, inner, depth + 1);
            }
        } else if !values.contains_key(name)
            && let Some(example) = property.get("examples").and_then(|examples| examples.get(0))
        {
            values.insert(name.to_owned(), example.clone());
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::example_answers;
    use crate::template::Template;

    fn template(parameters: &Value) -> Template {
        let entity = json!({
            "apiVersion": "scaffolder.backstage.io/v1beta3", "kind": "Template", "metadata": {"name": "t"},
            "spec": {"type": "service", "parameters": parameters, "steps": []}
        });
        Template::parse(&serde_json::from_value(entity).unwrap()).unwrap()
    }

    #[test]
    fn a_form_is_filled_from_defaults_and_from_examples_of_what_it_requires() {
        let form = template(&json!({
            "required": ["name", "place"],
            "properties": {
                "name": {"type": "string", "examples": ["gift-cards", "shop"]},
                "note": {"type": "string", "examples": ["not required"]},
                "size": {"type": "string", "default": "small", "examples": ["large"]},
                "place": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string", "examples": ["Oslo"]}}}
            }
        }));
        assert_eq!(
            example_answers(&form).unwrap(),
            json!({"name": "gift-cards", "size": "small", "place": {"city": "Oslo"}})
        );
        let form = template(
            &json!({"required": ["name"], "properties": {"name": {"title": "Name", "type": "string"}}}),
        );
        let errors = example_answers(&form).unwrap_err();
        assert_eq!(errors.first().unwrap().field, "name");
    }
}
