//! The form: what a person fills in, derived from a template's JSON schemas.

use fairway_domain::EntityRef;
use serde_json::{Map, Value};

use crate::filter::EntityFilter;
use crate::template::Template;
use crate::validate::FieldError;
use crate::{defaults, schema, widget};

/// More fields than this on one page are left out.
const MOST_FIELDS: usize = 500;

/// Objects inside objects deeper than this are written as YAML.
const MOST_NESTING: usize = 6;

/// One thing to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What the answer becomes.
    pub value: Value,
    /// What a person reads.
    pub label: String,
}

impl Choice {
    /// The value as an HTML form carries it: a text as it is, everything else as JSON.
    pub fn text(&self) -> String {
        text_of(&self.value)
    }
}

/// A value as an HTML form carries it.
pub fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// How a field is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Widget {
    /// One line of text.
    Text,
    /// Several lines of text.
    Textarea {
        /// The height, when the template says one.
        rows: Option<u32>,
    },
    /// A number.
    Number {
        /// Whole numbers only.
        integer: bool,
        /// At the least.
        min: Option<f64>,
        /// At the most.
        max: Option<f64>,
    },
    /// Yes or no. Put a hidden input of the same name with the value `false` before it: the last one counts.
    Checkbox,
    /// One of a list.
    Select {
        /// The list.
        options: Vec<Choice>,
    },
    /// One of a short list, all shown.
    Radio {
        /// The list.
        options: Vec<Choice>,
    },
    /// Any of a list.
    Checkboxes {
        /// The list.
        options: Vec<Choice>,
    },
    /// A list of texts, one on each line.
    Lines,
    /// An entity of the catalog.
    EntityPicker {
        /// What is offered; empty for everything.
        filter: Vec<EntityFilter>,
        /// The kind of a name without one.
        default_kind: Option<String>,
        /// The namespace of a name without one.
        default_namespace: Option<String>,
        /// Whether something that is not in the catalog may be typed.
        arbitrary: bool,
        /// Whether several may be picked; then names come one on each line, or repeated.
        multiple: bool,
        /// Only what belongs to this person, or the groups they are in.
        owned_by: Option<EntityRef>,
    },
    /// Whoever answers for the result.
    OwnerPicker {
        /// What is offered.
        filter: Vec<EntityFilter>,
        /// The namespace of a name without one.
        default_namespace: Option<String>,
        /// Whether something that is not in the catalog may be typed.
        arbitrary: bool,
        /// Only groups that this person is in.
        member: Option<EntityRef>,
    },
    /// A repository's address, sent in parts: `<name>.host`, `<name>.owner`, `<name>.repo`.
    RepoUrlPicker {
        /// The hosts on offer; empty for any.
        allowed_hosts: Vec<String>,
        /// The owners on offer; empty for any.
        allowed_owners: Vec<String>,
        /// The repositories on offer; empty for any.
        allowed_repos: Vec<String>,
        /// What the owner is called here.
        owner_label: Option<String>,
        /// What the repository is called here.
        repo_label: Option<String>,
    },
    /// The name of an entity to be.
    EntityName,
    /// A text that is not shown while it is typed.
    Password,
    /// A secret, which never becomes a parameter; only its length does, as stars.
    Secret,
    /// Sent, not shown.
    Hidden,
    /// Anything else, as YAML or JSON.
    Yaml,
}

/// One field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The dotted path of the value; a dot inside a name is written `~1`, a tilde `~0`.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What it means.
    pub description: Option<String>,
    /// How to fill it in.
    pub help: Option<String>,
    /// Whether it needs an answer.
    pub required: bool,
    /// How it is shown.
    pub widget: Widget,
    /// The answer so far, or the default.
    pub value: Option<Value>,
    /// What is wrong with the answer.
    pub error: Option<String>,
    /// Whether typing begins here.
    pub autofocus: bool,
    /// Whether it is shown but cannot be changed.
    pub disabled: bool,
    /// An example in the empty field.
    pub placeholder: Option<String>,
    /// A regular expression that the text has to match.
    pub pattern: Option<String>,
    /// The shortest text.
    pub min_length: Option<u64>,
    /// The longest text.
    pub max_length: Option<u64>,
    /// The JSON schema format, for example `email` or `date`.
    pub format: Option<String>,
    /// The titles of the objects that it lies in.
    pub group: Option<String>,
    /// Whether other fields come and go with its answer.
    pub refreshes: bool,
}

/// One page.
#[derive(Clone, Debug, PartialEq)]
pub struct FormPage {
    /// Its title.
    pub title: String,
    /// What it says below its title.
    pub description: Option<String>,
    /// Its fields, in order.
    pub fields: Vec<Field>,
    /// What is wrong with it that belongs to no field.
    pub errors: Vec<String>,
}

/// What a person fills in.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The pages.
    pub steps: Vec<FormPage>,
}

impl Form {
    /// The form with errors at their fields; what belongs to no visible field goes to the first page.
    #[must_use]
    pub fn with_errors(mut self, errors: &[FieldError]) -> Self {
        for error in errors {
            let field = self.steps.iter_mut().flat_map(|page| &mut page.fields).find(|field| {
                field.name == error.field
                    || error.field.strip_prefix(&field.name).is_some_and(|rest| rest.starts_with('.'))
            });
            if let Some(field) = field {
                field.error.get_or_insert_with(|| error.message.clone());
            } else if let Some(page) = self.steps.first_mut() {
                page.errors.push(error.message.clone());
            }
        }
        self
    }

    /// A field by its name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.steps.iter().flat_map(|page| &page.fields).find(|field| field.name == name)
    }
}

/// The form for these values: what depends on an answer is shown or not, and defaults are filled in. `user`
/// is whoever fills it in, for pickers of what they own.
pub fn form(template: &Template, values: &Value, user: Option<&EntityRef>) -> Form {
    let values = defaults::fill(template, values);
    let steps = template
        .steps
        .iter()
        .map(|page| FormPage {
            title: page.title.clone(),
            description: page.description.clone(),
            fields: fields(&page.schema, &values, user),
            errors: Vec::new(),
        })
        .collect();
    Form { steps }
}

/// The fields of one page, for values whose defaults are as the caller wants them.
pub(crate) fn fields(page: &Value, values: &Value, user: Option<&EntityRef>) -> Vec<Field> {
    let resolved = schema::resolve(page, values);
    let deciders = schema::deciders(page);
    let mut fields = Vec::new();
    let place = Place { prefix: String::new(), group: None, depth: 0, required: true };
    walk(&resolved, values, &place, user, &deciders, &mut fields);
    if !fields.iter().any(|field| field.autofocus)
        && let Some(first) = fields.iter_mut().find(|field| field.widget != Widget::Hidden && !field.disabled)
    {
        first.autofocus = true;
    }
    fields
}

struct Place {
    prefix: String,
    group: Option<String>,
    depth: usize,
    required: bool,
}

fn walk(
    schema: &Map<String, Value>,
    values: &Value,
    place: &Place,
    user: Option<&EntityRef>,
    deciders: &[String],
    fields: &mut Vec<Field>,
) {
    for (name, property) in schema::properties(schema) {
        if fields.len() >= MOST_FIELDS {
            return;
        }
        let path = format!("{}{}", place.prefix, escape(name));
        let value = values.get(name);
        let required = place.required && schema::requires(schema, name);
        if nests(property, place.depth) {
            let title = label(name, property);
            let group =
                place.group.as_ref().map_or_else(|| title.clone(), |outer| format!("{outer} / {title}"));
            let inner =
                Place { prefix: format!("{path}."), group: Some(group), depth: place.depth + 1, required };
            walk(property, value.unwrap_or(&Value::Null), &inner, user, deciders, fields);
            continue;
        }
        let option = |key: &str| widget::option(property, key);
        let flag = |key: &str| option(key).and_then(Value::as_bool).unwrap_or(false);
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let number = |key: &str| property.get(key).and_then(Value::as_u64);
        let autofocus = flag("autofocus") && !fields.iter().any(|field| field.autofocus);
        fields.push(Field {
            label: text(option("title")).unwrap_or_else(|| label(name, property)),
            description: text(option("description")).or_else(|| text(property.get("description"))),
            help: text(option("help")),
            required,
            widget: widget::choose(property, user),
            value: value.cloned(),
            error: None,
            autofocus,
            disabled: flag("disabled")
                || flag("readonly")
                || property.get("readOnly") == Some(&Value::Bool(true)),
            placeholder: text(option("placeholder")).or_else(|| {
                text(property.get("examples").and_then(Value::as_array).and_then(|examples| examples.first()))
            }),
            pattern: text(property.get("pattern")),
            min_length: number("minLength"),
            max_length: number("maxLength"),
            format: text(property.get("format")),
            group: place.group.clone(),
            refreshes: deciders.iter().any(|decider| decider == name),
            name: path,
        });
    }
}

/// Whether an object's fields are shown one by one, and not as YAML.
pub(crate) fn nests(property: &Map<String, Value>, depth: usize) -> bool {
    schema::type_of(property) == "object"
        && depth < MOST_NESTING
        && property.get("properties").and_then(Value::as_object).is_some_and(|inner| !inner.is_empty())
        && !property.contains_key("ui:field")
}

/// What a field is called: its title, or its name in plain words.
pub(crate) fn label(name: &str, property: &Map<String, Value>) -> String {
    if let Some(title) = property.get("title").and_then(Value::as_str).filter(|title| !title.is_empty()) {
        return title.to_owned();
    }
    let mut words = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for character in name.chars() {
        if character == '_' || character == '-' {
            words.push(' ');
        } else if character.is_uppercase() && lower_before {
            words.push(' ');
            words.extend(character.to_lowercase());
        } else if words.is_empty() {
            words.extend(character.to_uppercase());
        } else {
            words.push(character);
        }
        lower_before = character.is_lowercase() || character.is_ascii_digit();
    }
    words
}

/// A property's name as one part of a dotted path.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('.', "~1")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::{Widget, fields, label};

    #[test]
    fn names_become_words() {
        let name = |name| label(name, &serde_json::Map::new());
        assert_eq!(name("component_id"), "Component id");
        assert_eq!(name("repoUrl"), "Repo url");
        assert_eq!(name("name"), "Name");
    }

    #[test]
    fn nested_objects_become_fields_with_paths() {
        let page = json!({
            "required": ["db"],
            "properties": {"db": {"title": "Database", "type": "object", "required": ["size"], "properties": {
                "size": {"type": "string"}, "backup.daily": {"type": "boolean"}
            }}, "free": {"type": "object"}}
        });
        let fields = fields(&page, &json!({"db": {"size": "s"}}), None);
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["db.size", "db.backup~1daily", "free"]);
        let size = fields.first().unwrap();
        assert_eq!(
            (size.required, size.group.as_deref(), size.value.as_ref()),
            (true, Some("Database"), Some(&json!("s")))
        );
        assert_eq!(fields.last().unwrap().widget, Widget::Yaml);
    }
}
