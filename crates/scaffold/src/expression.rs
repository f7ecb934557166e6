//! Renders the templates inside a step: its condition, its loop, its input, the plan's output.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use fairway_template::{Environment, TemplateError, referenced_variables};
use serde_json::{Map, Value};

use crate::near;

/// Something wrong with one string of the template.
pub(crate) struct Problem {
    /// The JSON pointer inside the Template entity.
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Line and column inside the string, from 1.
    pub(crate) place: Option<(usize, usize)>,
}

/// The engine, and what strings may refer to.
pub(crate) struct Expressions {
    environment: Environment,
    parameters: BTreeSet<String>,
    /// Whether the form takes answers that no schema names.
    open: bool,
}

impl Expressions {
    pub(crate) fn new(parameters: BTreeSet<String>, open: bool) -> Self {
        // A plan is made as if every step succeeds: what fails stops it.
        let environment = Environment::backstage()
            .with_function("always", |_: &[Value]| Ok(Value::Bool(true)))
            .with_function("failure", |_: &[Value]| Ok(Value::Bool(false)));
        Self { environment, parameters, open }
    }

    /// Renders every string; a key whose value is undefined goes. A string that fails keeps its source text,
    /// as Backstage has it, and is reported.
    pub(crate) fn render(
        &self,
        value: &Value,
        pointer: &str,
        context: &Value,
        problems: &mut Vec<Problem>,
    ) -> Option<Value> {
        match value {
            Value::String(text) => self.text(text, pointer, context, problems),
            Value::Array(items) => Some(Value::Array(
                items
                    .iter()
                    .enumerate()
                    // A list keeps its length, as in JSON.
                    .map(|(index, item)| {
                        self.render(item, &format!("{pointer}/{index}"), context, problems)
                            .unwrap_or_default()
                    })
                    .collect(),
            )),
            Value::Object(fields) => {
                let mut rendered = Map::new();
                for (key, field) in fields {
                    let inner = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    if let Some(field) = self.render(field, &inner, context, problems) {
                        rendered.insert(key.clone(), field);
                    }
                }
                Some(Value::Object(rendered))
            }
            other => Some(other.clone()),
        }
    }

    fn text(&self, text: &str, pointer: &str, context: &Value, problems: &mut Vec<Problem>) -> Option<Value> {
        if !["${{", "{%", "{#"].iter().any(|mark| text.contains(mark)) {
            return Some(Value::String(text.to_owned()));
        }
        self.check_names(text, pointer, context, problems);
        match self.environment.render_value(text, pointer, context) {
            Ok(value) => value,
            Err(error) => {
                problems.push(problem(pointer, error));
                Some(Value::String(text.to_owned()))
            }
        }
    }

    /// A name that nothing can ever define is a typing error, even where an undefined value prints nothing.
    fn check_names(&self, text: &str, pointer: &str, context: &Value, problems: &mut Vec<Problem>) {
        let Ok(paths) = referenced_variables(text, pointer, &self.environment) else { return };
        for path in paths {
            let mut parts = path.split('.');
            let (root, Some(name)) = (parts.next().unwrap_or_default(), parts.next()) else { continue };
            let found = match root {
                "secrets" => (
                    format!("secrets are not passed to steps here, so \"secrets.{name}\" has no value"),
                    Some("sources and forges get their credentials from the operator".to_owned()),
                ),
                "parameters" if !self.open && !self.parameters.contains(name) => {
                    let names = self.parameters.iter().map(String::as_str);
                    (format!("there is no parameter \"{name}\""), near::suggestion(name, names))
                }
                "steps" => {
                    let earlier = context.get("steps").and_then(Value::as_object);
                    if earlier.is_none_or(|steps| steps.contains_key(name)) {
                        continue;
                    }
                    let names: Vec<&str> =
                        earlier.into_iter().flat_map(Map::keys).map(String::as_str).collect();
                    let hint = near::suggestion(name, names.iter().copied())
                        .unwrap_or_else(|| format!("the steps before it are {}", names.join(", ")));
                    (format!("there is no step \"{name}\" before this one"), Some(hint))
                }
                _ => continue,
            };
            let (message, hint) = found;
            problems.push(Problem { pointer: pointer.to_owned(), message, hint, place: None });
        }
    }
}

fn problem(pointer: &str, error: TemplateError) -> Problem {
    Problem {
        pointer: pointer.to_owned(),
        message: error.message,
        hint: error.hint,
        place: Some((error.line, error.column)),
    }
}

/// Whether Backstage takes the value for "no": `false`, undefined, `null`, an empty text, 0, an empty list.
pub(crate) fn is_falsy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Bool(true) | Value::Object(_)) => false,
    }
}

/// A JSON pointer as people write it: `spec.steps[1].input.url`.
pub(crate) fn dotted(pointer: &str) -> String {
    let mut text = String::new();
    for segment in pointer.split('/').skip(1) {
        if !segment.is_empty() && segment.chars().all(|digit| digit.is_ascii_digit()) {
            let _ = write!(text, "[{segment}]");
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&segment.replace("~1", "/").replace("~0", "~"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::{Expressions, dotted, is_falsy};

    #[test]
    fn a_broken_string_keeps_its_text_and_is_reported() {
        let expressions = Expressions::new(["name".to_owned()].into(), false);
        let context =
            json!({"parameters": {"name": "orders", "tags": ["a"]}, "steps": {"fetch": {"output": {}}}});
        let mut problems = Vec::new();
        let value = json!({
            "a": "${{ parameters.name }}-x", "b": "${{ parameters.name | }}", "gone": "${{ parameters.nothing }}",
            "plain": "{{ parameters.name }}", "c": "${{ steps.fetsh.output.x }}"
        });
        let rendered = expressions.render(&value, "/spec/steps/0/input", &context, &mut problems).unwrap();
        assert_eq!(rendered["a"], "orders-x");
        assert_eq!(rendered["b"], "${{ parameters.name | }}");
        assert_eq!(rendered["plain"], "{{ parameters.name }}");
        assert_eq!(rendered.get("gone"), None);
        let told: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", dotted(&problem.pointer), problem.message))
            .collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told.contains(&"spec.steps[0].input.gone there is no parameter \"nothing\"".to_owned()),
            "{told:?}"
        );
        assert_eq!(problems.last().unwrap().hint.as_deref(), Some("did you mean fetch?"));
    }

    #[test]
    fn falsy_is_what_backstage_says() {
        for value in [json!(false), json!(null), json!(""), json!(0), json!([]), json!(0.0)] {
            assert!(is_falsy(Some(&value)), "{value}");
        }
        for value in [json!(true), json!("false"), json!({}), json!([0]), json!(1)] {
            assert!(!is_falsy(Some(&value)), "{value}");
        }
        assert!(is_falsy(None::<&Value>));
    }
}
