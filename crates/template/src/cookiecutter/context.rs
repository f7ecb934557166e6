//! `cookiecutter.json` with the answers: the values of all variables.

use serde_json::{Map, Value as Json, json};

use crate::cookiecutter::environment::truth;
use crate::cookiecutter::{Cookiecutter, refuse};
use crate::error::{TemplateError, TemplateErrorKind};
use crate::jinja::Environment;

/// Puts answers over the variables of `cookiecutter.json`.
pub fn apply_answers(
    variables: &mut Map<String, Json>,
    answers: &Map<String, Json>,
    inside: bool,
    file: &str,
) -> Result<(), TemplateError> {
    for (name, answer) in answers {
        let Some(value) = variables.get_mut(name) else {
            if inside {
                variables.insert(name.clone(), answer.clone());
            }
            continue;
        };
        match (&mut *value, answer) {
            (Json::Array(_), _) if inside => *value = answer.clone(),
            (Json::Array(choices), Json::Array(picked)) => {
                if let Some(wrong) = picked.iter().find(|picked| !choices.contains(picked)) {
                    return Err(no_choice(file, name, wrong, choices));
                }
                *value = answer.clone();
            }
            (Json::Array(choices), _) => match choices.iter().position(|choice| choice == answer) {
                Some(index) => {
                    let picked = choices.remove(index);
                    choices.insert(0, picked);
                }
                None => return Err(no_choice(file, name, answer, choices)),
            },
            (Json::Object(members), Json::Object(answers)) => apply_answers(members, answers, true, file)?,
            (Json::Bool(_), Json::String(text)) => {
                *value = Json::Bool(yes_or_no(text).ok_or_else(|| {
                    refuse(
                        TemplateErrorKind::Options,
                        file,
                        format!("\"{text}\" is no answer to \"{name}\""),
                        "Answer yes or no.",
                    )
                })?);
            }
            _ => *value = answer.clone(),
        }
    }
    Ok(())
}

/// What Cookiecutter takes for yes and no.
pub fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

fn no_choice(file: &str, name: &str, answer: &Json, choices: &[Json]) -> TemplateError {
    let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
    refuse(
        TemplateErrorKind::Options,
        file,
        format!("{answer} is no choice of \"{name}\""),
        &format!("Choose one of {}.", choices.join(", ")),
    )
}

/// Renders a value of `cookiecutter.json` with the variables so far. Numbers become text.
pub fn render(
    environment: &Environment,
    value: &Json,
    name: &str,
    known: &Map<String, Json>,
) -> Result<Json, TemplateError> {
    let text = |source: &str| environment.render(source, name, &json!({ "cookiecutter": known }));
    Ok(match value {
        Json::Null | Json::Bool(_) => value.clone(),
        Json::String(source) => Json::String(text(source)?),
        Json::Number(number) => {
            let context = json!({ "number": number });
            Json::String(Environment::cookiecutter().render("{{ number }}", name, &context)?)
        }
        Json::Array(items) => {
            let items: Result<Vec<Json>, TemplateError> =
                items.iter().map(|item| render(environment, item, name, known)).collect();
            Json::Array(items?)
        }
        Json::Object(members) => {
            let mut rendered = Map::new();
            for (key, member) in members {
                rendered.insert(text(key)?, render(environment, member, name, known)?);
            }
            Json::Object(rendered)
        }
    })
}

/// The values of all variables, in the order of Cookiecutter: first the plain ones, then the dictionaries.
pub fn answer(
    environment: &Environment,
    variables: &Map<String, Json>,
    file: &str,
) -> Result<Map<String, Json>, TemplateError> {
    let mut known = Map::new();
    for (name, value) in variables {
        let place = format!("{file}#{name}");
        if name.starts_with("__") {
            known.insert(name.clone(), render(environment, value, &place, &known)?);
        } else if name.starts_with('_') {
            known.insert(name.clone(), value.clone());
        } else if let Json::Array(choices) = value {
            let mut rendered = Vec::with_capacity(choices.len());
            for choice in choices {
                rendered.push(render(environment, choice, &place, &known)?);
            }
            let first = rendered.into_iter().next().ok_or_else(|| {
                refuse(
                    TemplateErrorKind::Options,
                    file,
                    format!("the choice \"{name}\" has no choices"),
                    "Write one at least, the default first.",
                )
            })?;
            known.insert(name.clone(), first);
        } else if !value.is_object() {
            known.insert(name.clone(), render(environment, value, &place, &known)?);
        }
    }
    for (name, value) in variables {
        let is_private = name.starts_with('_') && !name.starts_with("__");
        if value.is_object() && !is_private {
            let rendered = render(environment, value, &format!("{file}#{name}"), &known)?;
            known.insert(name.clone(), rendered);
        }
    }
    Ok(known)
}

/// What the templates see: `cookiecutter` with everything, and `_cookiecutter` as the file has it.
pub fn context(
    variables: &Map<String, Json>,
    known: Map<String, Json>,
    options: &Cookiecutter,
    template: &str,
    repository: &str,
) -> Json {
    let original: Map<String, Json> = variables
        .iter()
        .filter(|(name, _)| !name.starts_with('_'))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut all = variables.clone();
    all.extend(known);
    all.insert("_template".to_owned(), template.into());
    all.insert("_output_dir".to_owned(), options.output.as_str().into());
    all.insert("_repo_dir".to_owned(), repository.into());
    all.insert("_checkout".to_owned(), options.checkout.clone().map_or(Json::Null, Json::String));
    json!({ "cookiecutter": all, "_cookiecutter": original })
}

/// A list of patterns such as `_copy_without_render`.
pub fn patterns(variables: &Json) -> Vec<&str> {
    let listed = variables.get("_copy_without_render").and_then(Json::as_array);
    listed.into_iter().flatten().filter_map(Json::as_str).collect()
}

/// The configured line ending, if there is one.
pub fn newlines<'v>(variables: &'v Json, file: &str) -> Result<Option<&'v str>, TemplateError> {
    match variables.get("_new_lines").filter(|value| truth(value)) {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some(ending @ ("\n" | "\r\n" | "\r")) => Ok(Some(ending)),
            _ => Err(refuse(
                TemplateErrorKind::Options,
                file,
                format!("\"_new_lines\" cannot be {value}"),
                "Write \"\\n\" or \"\\r\\n\".",
            )),
        },
    }
}
