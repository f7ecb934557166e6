//! `actions.md`: what the steps of a template may do, from the registry of actions.

use fairway_app::deliver::Deliver;
use fairway_scaffold::{Action, ActionRegistry};
use serde_json::{Value, json};

use super::table::{code, table};

const BEGINNING: &str = "# Actions

<!-- Made by `cargo xtask reference` from the registry of actions. Change the code, not this page. -->

What the steps of a golden path may do. Each action is planned first: it changes the plan's workspace (the files of
the new repository) and adds effects; nothing happens before the plan is applied. See
[Golden paths](../guide/golden-paths.md) for how steps are written.

";

/// The page.
pub fn page() -> String {
    let mut registry = ActionRegistry::built_in();
    registry.register(Box::new(Deliver));
    let mut text = vec![BEGINNING.to_owned()];
    let rows: Vec<[String; 2]> = registry
        .iter()
        .map(|action| {
            [format!("[`{}`](#{})", action.id(), anchor(action.id())), action.description().to_owned()]
        })
        .collect();
    text.push(table(["action", "what it does"], &rows));
    for action in registry.iter() {
        text.push(section(action));
    }
    text.concat()
}

/// The address that Markdown gives a heading: letters and digits in lower case, without punctuation.
fn anchor(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>().to_lowercase()
}

fn section(action: &dyn Action) -> String {
    let mut text = vec![format!("\n## {}\n\n{}\n", action.id(), sentence(action.description()))];
    let input = action.input_schema();
    text.push(part("Input", &input));
    text.push(alternatives(&input));
    text.push(part("Output", &action.output_schema()));
    for example in action.examples() {
        let step = json!([{"id": "example", "action": action.id(), "input": example.input}]);
        text.push(format!("\n{}:\n\n```yaml\n{}```\n", example.description, fairway_yaml::write(&step)));
    }
    text.concat()
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn part(title: &str, schema: &Value) -> String {
    let mut rows = Vec::new();
    fields(schema, "", &mut rows);
    if rows.is_empty() {
        return format!("\n{title}: none.\n");
    }
    format!("\n{title}:\n\n{}", table(["field", "type", "required", "meaning"], &rows))
}

/// The fields of an object's schema, those of nested objects by their whole path.
fn fields(schema: &Value, prefix: &str, rows: &mut Vec<[String; 4]>) {
    let required: Vec<&str> = texts(schema.get("required"));
    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let needed = if required.contains(&name.as_str()) { "yes" } else { "" };
        rows.push([code(&path), type_of(field), needed.to_owned(), meaning(field)]);
        fields(field, &format!("{path}."), rows);
        if let Some(items) = field.get("items") {
            fields(items, &format!("{path}[]."), rows);
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn meaning(field: &Value) -> String {
    let text = |name: &str| field.get(name).and_then(Value::as_str);
    let words = text("description").or(text("title")).unwrap_or_default();
    let Some(default) = field.get("default") else { return words.to_owned() };
    let shown = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
    let default = format!("{} by default", code(&shown));
    if words.is_empty() { default } else { format!("{words}; {default}") }
}

fn type_of(field: &Value) -> String {
    if let Some(values) = field.get("enum").and_then(Value::as_array) {
        let shown: Vec<String> = values.iter().filter_map(Value::as_str).map(code).collect();
        return shown.join(", ");
    }
    if let Some(choices) = field.get("anyOf").and_then(Value::as_array) {
        return choices.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    match field.get("type") {
        Some(Value::String(name)) if name == "array" => {
            format!("list of {}", field.get("items").map_or_else(|| "anything".to_owned(), type_of))
        }
        Some(Value::String(name)) => name.clone(),
        Some(names @ Value::Array(_)) => texts(Some(names)).join(" or "),
        _ => "anything".to_owned(),
    }
}

fn alternatives(schema: &Value) -> String {
    let choices = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<String> = choices
        .map(|choice| {
            texts(choice.get("required")).iter().map(|name| code(name)).collect::<Vec<_>>().join(" and ")
        })
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("\nOne of these is needed: {}.\n", names.join(", "))
    }
}
