//! The one registry of actions.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

use crate::action::Action;
use crate::error::ActionError;
use crate::template::{ActionStep, Template};
use crate::{actions, near, schema};

struct Entry {
    action: Box<dyn Action>,
    /// Compiled when the first input is judged, so that starting costs nothing.
    validator: OnceLock<Result<Validator, String>>,
}

/// The actions that templates may use, by name.
pub struct ActionRegistry {
    entries: BTreeMap<String, Entry>,
}

impl ActionRegistry {
    /// The actions that need nothing but a [`crate::World`].
    pub fn built_in() -> Self {
        let mut registry = Self { entries: BTreeMap::new() };
        for action in actions::all() {
            registry.register(action);
        }
        registry
    }

    /// Adds an action; one of the same name is replaced.
    pub fn register(&mut self, action: Box<dyn Action>) {
        self.entries.insert(action.id().to_owned(), Entry { action, validator: OnceLock::new() });
    }

    /// An action by its name.
    pub fn get(&self, id: &str) -> Option<&dyn Action> {
        self.entries.get(id).map(|entry| entry.action.as_ref())
    }

    /// All actions, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Action> {
        self.entries.values().map(|entry| entry.action.as_ref())
    }

    /// The steps of the template whose action is not here. Such a template can only be planned when a
    /// condition skips those steps.
    pub fn missing<'a>(&self, template: &'a Template) -> Vec<&'a ActionStep> {
        template.actions.iter().filter(|step| !self.entries.contains_key(&step.action)).collect()
    }

    /// The error for a name that is not here.
    pub(crate) fn unknown(&self, id: &str) -> ActionError {
        let names = || self.entries.keys().map(String::as_str);
        let list = names().collect::<Vec<_>>().join(", ");
        let hint = match near::suggestion(id, names()) {
            Some(suggestion) => format!("{suggestion} The actions are {list}"),
            None => format!("the actions are {list}"),
        };
        ActionError::new(format!("there is no action \"{id}\"")).with_hint(hint)
    }

    /// Judges an input by the action's schema.
    pub(crate) fn check_input(&self, id: &str, input: &Value) -> Result<(), ActionError> {
        let Some(entry) = self.entries.get(id) else { return Err(self.unknown(id)) };
        let validator = entry.validator.get_or_init(|| schema::compile(&entry.action.input_schema()));
        let validator = validator
            .as_ref()
            .map_err(|error| ActionError::new(format!("the input schema of {id} is broken: {error}")))?;
        let mut field = None;
        let problems: Vec<String> = validator
            .iter_errors(input)
            .take(5)
            .map(|error| {
                let pointer = error.instance_path().as_str().trim_start_matches('/');
                field =
                    field.take().or_else(|| Some(pointer.to_owned()).filter(|pointer| !pointer.is_empty()));
                let place = pointer.replace('/', ".");
                let message: String = error.masked().to_string().chars().take(300).collect();
                if place.is_empty() { message } else { format!("{place}: {message}") }
            })
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        let required: Vec<String> = entry
            .action
            .input_schema()
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let message = format!("Invalid input passed to action {id}, {}", problems.join("; "));
        let error = ActionError { field, ..ActionError::new(message) };
        Err(if required.is_empty() {
            error
        } else {
            error.with_hint(format!("{id} needs {}", required.join(", ")))
        })
    }
}
