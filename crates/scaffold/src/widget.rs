//! How a field is shown: from its type, and from what the template asks for with `ui:…`.

use fairway_domain::EntityRef;
use serde_json::{Map, Value};

use crate::filter::EntityFilter;
use crate::form::{Choice, Widget, text_of};
use crate::schema;

type Schema = Map<String, Value>;

/// A `ui:…` option: `ui:<key>` itself, or inside `ui:options`.
pub(crate) fn option<'a>(schema: &'a Schema, key: &str) -> Option<&'a Value> {
    schema.get(&format!("ui:{key}")).or_else(|| schema.get("ui:options")?.get(key))
}

/// The list in `ui:options` under this key.
pub(crate) fn option_list(schema: &Schema, key: &str) -> Vec<String> {
    match option(schema, key) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(only)) => vec![only.clone()],
        _ => Vec::new(),
    }
}

fn option_text(schema: &Schema, key: &str) -> Option<String> {
    option(schema, key).and_then(Value::as_str).map(str::to_owned)
}

fn option_flag(schema: &Schema, key: &str, default: bool) -> bool {
    option(schema, key).and_then(Value::as_bool).unwrap_or(default)
}

/// The custom field that the template asks for, for example `OwnerPicker`.
pub(crate) fn custom_field(schema: &Schema) -> Option<&str> {
    option(schema, "field").and_then(Value::as_str)
}

/// What may be chosen: `enum` with `enumNames`, or `oneOf`/`anyOf` of constants with titles.
pub(crate) fn choices(schema: &Schema) -> Vec<Choice> {
    if let Some(Value::Array(values)) = schema.get("enum") {
        let names = schema.get("enumNames").or_else(|| option(schema, "enumNames")).and_then(Value::as_array);
        return values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let name = names.and_then(|names| names.get(index));
                Choice { value: value.clone(), label: text_of(name.unwrap_or(value)) }
            })
            .collect();
    }
    for key in ["oneOf", "anyOf"] {
        let Some(Value::Array(branches)) = schema.get(key) else { continue };
        let choices: Vec<Choice> = branches
            .iter()
            .filter_map(|branch| {
                let value = branch.get("const").or_else(|| branch.get("enum")?.as_array()?.first())?;
                Some(Choice { value: value.clone(), label: text_of(branch.get("title").unwrap_or(value)) })
            })
            .collect();
        if choices.len() == branches.len() {
            return choices;
        }
    }
    Vec::new()
}

/// The widget for a property that is no nested object.
pub(crate) fn choose(schema: &Schema, user: Option<&EntityRef>) -> Widget {
    let wanted = option(schema, "widget").and_then(Value::as_str);
    if wanted == Some("hidden") {
        return Widget::Hidden;
    }
    if let Some(widget) = custom_field(schema).and_then(|field| custom(schema, field, user)) {
        return widget;
    }
    match schema::type_of(schema) {
        "boolean" => boolean(wanted),
        kind @ ("number" | "integer") => {
            let options = choices(schema);
            if options.is_empty() {
                let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
                Widget::Number { integer: kind == "integer", min: limit("minimum"), max: limit("maximum") }
            } else {
                one_of(options, wanted)
            }
        }
        "array" => array(schema),
        "object" => Widget::Yaml,
        _ => text(schema, wanted),
    }
}

fn boolean(wanted: Option<&str>) -> Widget {
    let choice = |value: bool, label: &str| Choice { value: Value::Bool(value), label: label.to_owned() };
    match wanted {
        Some("radio" | "select") => one_of(vec![choice(true, "Yes"), choice(false, "No")], wanted),
        _ => Widget::Checkbox,
    }
}

fn one_of(options: Vec<Choice>, wanted: Option<&str>) -> Widget {
    if wanted == Some("radio") { Widget::Radio { options } } else { Widget::Select { options } }
}

fn text(schema: &Schema, wanted: Option<&str>) -> Widget {
    let options = choices(schema);
    if !options.is_empty() {
        return one_of(options, wanted);
    }
    let rows = option(schema, "rows").and_then(Value::as_u64).map(|rows| rows.min(60) as u32);
    match wanted {
        Some("textarea") => Widget::Textarea { rows },
        Some("password") => Widget::Password,
        _ if option_flag(schema, "multiline", false) => Widget::Textarea { rows },
        _ => Widget::Text,
    }
}

fn array(schema: &Schema) -> Widget {
    let empty = Schema::new();
    let items = schema.get("items").and_then(Value::as_object).unwrap_or(&empty);
    let options = choices(items);
    if !options.is_empty() {
        return Widget::Checkboxes { options };
    }
    if let Some("EntityPicker" | "OwnerPicker") = custom_field(items)
        && let Some(Widget::EntityPicker {
            filter, default_kind, default_namespace, arbitrary, owned_by, ..
        }) = custom(items, "EntityPicker", None)
    {
        return Widget::EntityPicker {
            filter,
            default_kind,
            default_namespace,
            arbitrary,
            multiple: true,
            owned_by,
        };
    }
    if items.contains_key("type") && schema::type_of(items) == "string" {
        Widget::Lines
    } else {
        Widget::Yaml
    }
}

fn custom(schema: &Schema, field: &str, user: Option<&EntityRef>) -> Option<Widget> {
    let filter = || {
        let mut filter = option(schema, "catalogFilter").map(EntityFilter::read).unwrap_or_default();
        let kinds = option_list(schema, "allowedKinds");
        if filter.is_empty() && !kinds.is_empty() {
            filter.push(EntityFilter::kinds(kinds.iter().map(String::as_str)));
        }
        filter
    };
    let arbitrary = option_flag(schema, "allowArbitraryValues", true);
    let default_namespace = option_text(schema, "defaultNamespace");
    let widget = match field {
        "EntityPicker" | "MultiEntityPicker" | "OwnedEntityPicker" => Widget::EntityPicker {
            filter: filter(),
            default_kind: option_text(schema, "defaultKind"),
            default_namespace,
            arbitrary,
            multiple: field == "MultiEntityPicker",
            owned_by: user.filter(|_| field == "OwnedEntityPicker").cloned(),
        },
        "OwnerPicker" | "MyGroupsPicker" => {
            let mut filter = filter();
            if filter.is_empty() {
                let kinds: &[&str] = if field == "OwnerPicker" { &["Group", "User"] } else { &["Group"] };
                filter.push(EntityFilter::kinds(kinds.iter().copied()));
            }
            let member = user.filter(|_| field == "MyGroupsPicker").cloned();
            Widget::OwnerPicker { filter, default_namespace, arbitrary, member }
        }
        "RepoUrlPicker" => Widget::RepoUrlPicker {
            allowed_hosts: option_list(schema, "allowedHosts"),
            allowed_owners: option_list(schema, "allowedOwners"),
            allowed_repos: option_list(schema, "allowedRepos"),
            owner_label: option_text(schema, "ownerLabel"),
            repo_label: option_text(schema, "repoLabel"),
        },
        "EntityNamePicker" => Widget::EntityName,
        "EntityTagsPicker" => Widget::Lines,
        "Secret" => Widget::Secret,
        _ => return None,
    };
    Some(widget)
}
