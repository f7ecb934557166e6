//! The form of a golden path, asked field by field at a terminal.

use std::collections::BTreeSet;
use std::fmt;

use fairway_domain::{Entity, EntityRef};
use fairway_remote::ApiClient;
use fairway_scaffold::{Choice, EntityFilter, Field, Template, Widget, form, validate_page};
use inquire::validator::Validation;
use inquire::{Confirm, MultiSelect, Password, PasswordDisplayMode, Select, Text};
use serde_json::Value;

use crate::answers::{Answer, put};
use crate::client::query;
use crate::failure::CliError;
use crate::output::{harmless, talk};
use crate::question::not_answered;

/// More fields than this are no form for a terminal.
const MOST_QUESTIONS: usize = 500;
/// The most entities that are offered to choose from.
const MOST_CHOICES: &str = "1000";

/// Asks for what is missing. With `only_required`, what has a default or may stay empty is not asked for.
/// `given` are the names that were answered already.
pub async fn ask(
    client: &ApiClient,
    template: &Template,
    mut values: Value,
    given: &BTreeSet<String>,
    only_required: bool,
) -> Result<Value, CliError> {
    let mut asked: BTreeSet<String> = given.clone();
    for page in 0..template.steps.len() {
        let mut announced = false;
        for _ in 0..MOST_QUESTIONS {
            let shown = form(template, &values, None);
            let Some(shown) = shown.steps.into_iter().nth(page) else { break };
            let next = shown.fields.into_iter().find(|field| is_open(field, &asked, only_required));
            let Some(field) = next else { break };
            if !announced && template.steps.len() > 1 {
                talk(&format!("\n{}", shown.title));
                announced = true;
            }
            values = ask_until_right(client, template, page, &values, &field).await?;
            asked.insert(field.name);
        }
    }
    Ok(values)
}

fn is_open(field: &Field, asked: &BTreeSet<String>, only_required: bool) -> bool {
    let answered = asked.iter().any(|name| {
        *name == field.name || name.strip_prefix(&field.name).is_some_and(|rest| rest.starts_with('.'))
    });
    let needed = field.required && field.value.is_none();
    !answered && !field.disabled && field.widget != Widget::Hidden && (needed || !only_required)
}

async fn ask_until_right(
    client: &ApiClient,
    template: &Template,
    page: usize,
    values: &Value,
    field: &Field,
) -> Result<Value, CliError> {
    loop {
        let given = ask_field(client, field).await?;
        let candidate = put(template, values, &given)?;
        let errors = validate_page(template, page, &candidate).err().unwrap_or_default();
        match errors.iter().find(|error| error.field == field.name) {
            Some(error) => talk(&format!("  {}", error.message)),
            None => return Ok(candidate),
        }
    }
}

struct Offer {
    value: String,
    label: String,
}

impl fmt::Display for Offer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.label)
    }
}

/// Asks one field. Nothing means that it stays as it is.
async fn ask_field(client: &ApiClient, field: &Field) -> Result<Vec<Answer>, CliError> {
    let optional = if field.required { "" } else { " (optional)" };
    let label = harmless(&format!("{}{optional}", field.label));
    let help = field.help.as_ref().or(field.description.as_ref()).map(|text| harmless(text));
    let answers = |texts: Vec<String>| {
        texts.into_iter().map(|value| Answer { name: field.name.clone(), value }).collect::<Vec<_>>()
    };
    let one = |text: Option<String>| answers(text.into_iter().collect());
    Ok(match &field.widget {
        Widget::Checkbox => {
            let default = field.value.as_ref().and_then(Value::as_bool).unwrap_or(false);
            let yes = Confirm::new(&label).with_default(default).prompt().map_err(not_answered)?;
            one(Some(yes.to_string()))
        }
        Widget::Select { options } | Widget::Radio { options } => {
            one(select(&label, help.as_deref(), offers(options), field)?)
        }
        Widget::Checkboxes { options } => {
            answers(select_several(&label, help.as_deref(), offers(options), field)?)
        }
        Widget::EntityPicker { filter, arbitrary, multiple, .. } => {
            let offers = entities(client, filter).await?;
            match (offers.is_empty(), multiple) {
                (false, true) => answers(select_several(&label, help.as_deref(), offers, field)?),
                (false, false) if !arbitrary || field.value.is_none() => {
                    one(select(&label, help.as_deref(), offers, field)?)
                }
                _ => one(text(&label, help.as_deref(), field)?),
            }
        }
        Widget::OwnerPicker { filter, .. } => match entities(client, filter).await? {
            offers if offers.is_empty() => one(text(&label, help.as_deref(), field)?),
            offers => one(select(&label, help.as_deref(), offers, field)?),
        },
        Widget::RepoUrlPicker { allowed_hosts, allowed_owners, .. } => {
            let mut parts = Vec::new();
            for (part, offered) in
                [("host", Some(allowed_hosts)), ("owner", Some(allowed_owners)), ("repo", None)]
            {
                let label = format!("{label}: {part}");
                let value = match offered {
                    Some(list) if !list.is_empty() => {
                        let offers =
                            list.iter().map(|it| Offer { value: it.clone(), label: it.clone() }).collect();
                        select(&label, help.as_deref(), offers, field)?
                    }
                    _ => text(&label, help.as_deref(), &Field { value: None, ..field.clone() })?,
                };
                parts.extend(value.map(|value| Answer { name: format!("{}.{part}", field.name), value }));
            }
            parts
        }
        Widget::Password | Widget::Secret => {
            let prompt =
                Password::new(&label).without_confirmation().with_display_mode(PasswordDisplayMode::Masked);
            one(prompt.prompt_skippable().map_err(not_answered)?.filter(|text| !text.is_empty()))
        }
        Widget::Lines => {
            let typed = text(&format!("{label}, separated by commas"), help.as_deref(), field)?;
            one(typed)
        }
        _ => one(text(&label, help.as_deref(), field)?),
    })
}

fn text(label: &str, help: Option<&str>, field: &Field) -> Result<Option<String>, CliError> {
    let default = field.value.as_ref().map(|value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            items.iter().map(fairway_scaffold::form::text_of).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    });
    let required = field.required;
    let mut prompt = Text::new(label).with_validator(move |text: &str| {
        Ok(if required && text.trim().is_empty() {
            Validation::Invalid("an answer is needed".into())
        } else {
            Validation::Valid
        })
    });
    if let Some(help) = help {
        prompt = prompt.with_help_message(help);
    }
    if let Some(placeholder) = &field.placeholder {
        prompt = prompt.with_placeholder(placeholder);
    }
    if let Some(default) = default.as_deref().filter(|text| !text.is_empty()) {
        prompt = prompt.with_default(default);
    }
    let typed = prompt.prompt().map_err(not_answered)?;
    Ok(Some(typed).filter(|text| !text.is_empty()))
}

fn select(
    label: &str,
    help: Option<&str>,
    mut offers: Vec<Offer>,
    field: &Field,
) -> Result<Option<String>, CliError> {
    if !field.required && field.value.is_none() {
        offers.insert(0, Offer { value: String::new(), label: "(none)".to_owned() });
    }
    let default = field.value.as_ref().map(fairway_scaffold::form::text_of);
    let at = default.and_then(|value| offers.iter().position(|offer| offer.value == value)).unwrap_or(0);
    let mut prompt = Select::new(label, offers).with_starting_cursor(at);
    if let Some(help) = help {
        prompt = prompt.with_help_message(help);
    }
    let chosen = prompt.prompt().map_err(not_answered)?;
    Ok(Some(chosen.value).filter(|value| !value.is_empty()))
}

fn select_several(
    label: &str,
    help: Option<&str>,
    offers: Vec<Offer>,
    field: &Field,
) -> Result<Vec<String>, CliError> {
    let chosen: Vec<String> = match &field.value {
        Some(Value::Array(items)) => items.iter().map(fairway_scaffold::form::text_of).collect(),
        _ => Vec::new(),
    };
    let default: Vec<usize> = offers
        .iter()
        .enumerate()
        .filter(|(_, offer)| chosen.contains(&offer.value))
        .map(|(index, _)| index)
        .collect();
    let mut prompt = MultiSelect::new(label, offers).with_default(&default);
    if let Some(help) = help {
        prompt = prompt.with_help_message(help);
    }
    let chosen = prompt.prompt().map_err(not_answered)?;
    // An empty choice is an answer too: it takes the default back.
    let values: Vec<String> = chosen.into_iter().map(|offer| offer.value).collect();
    Ok(if values.is_empty() { vec!["[]".to_owned()] } else { values })
}

fn offers(options: &[Choice]) -> Vec<Offer> {
    options.iter().map(|choice| Offer { value: choice.text(), label: harmless(&choice.label) }).collect()
}

/// The entities that a picker offers.
async fn entities(client: &ApiClient, filters: &[EntityFilter]) -> Result<Vec<Offer>, CliError> {
    let kinds: Vec<&str> = filters.iter().flat_map(EntityFilter::wanted_kinds).map(String::as_str).collect();
    let mut pairs: Vec<(&str, Option<&str>)> = kinds.iter().map(|kind| ("kind", Some(*kind))).collect();
    pairs.push(("limit", Some(MOST_CHOICES)));
    let answer: Value = client.get(&query("/api/v1/catalog/entities", &pairs)).await?;
    let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let entities = items.into_iter().filter_map(|item| serde_json::from_value::<Entity>(item).ok());
    let offered =
        entities.filter(|entity| filters.is_empty() || filters.iter().any(|filter| filter.matches(entity)));
    Ok(offered
        .map(|entity| {
            let reference: EntityRef = entity.reference();
            let only_kind = if kinds.len() == 1 { kinds.first().copied() } else { None };
            let short = reference.humanized(only_kind.map(str::to_lowercase).as_deref());
            let title = entity.title();
            let label = if title == entity.name() { short } else { format!("{short}  {title}") };
            Offer { value: reference.to_string(), label: harmless(&label) }
        })
        .collect())
}
