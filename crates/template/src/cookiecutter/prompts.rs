//! What a template asks for, for the faces that ask people.

use fairway_domain::tree::Tree;
use serde_json::{Map, Value as Json};

use crate::cookiecutter::context::{answer, render};
use crate::cookiecutter::environment::environment;
use crate::cookiecutter::source::{Found, Source, read};
use crate::cookiecutter::{Cookiecutter, refuse};
use crate::error::{TemplateError, TemplateErrorKind};

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The variable, which the answer is given under.
    pub name: String,
    /// What people are asked.
    pub question: String,
    /// What is asked for, with the default.
    pub kind: PromptKind,
}

/// The kinds of questions.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptKind {
    /// A text.
    Text {
        /// What is taken when nothing is said.
        default: String,
    },
    /// Yes or no.
    YesNo {
        /// What is taken when nothing is said.
        default: bool,
    },
    /// One of several; the first is the default.
    Choice {
        /// The choices.
        choices: Vec<Choice>,
    },
    /// A JSON object.
    Dictionary {
        /// What is taken when nothing is said.
        default: Map<String, Json>,
    },
}

/// One of several answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the variable becomes.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// The questions of a template in their order, with defaults that follow from the answers so far. A template that nests
/// others asks for one of them until `templates` or `template` is answered.
pub fn prompts(template: &Tree, options: &Cookiecutter) -> Result<Vec<Prompt>, TemplateError> {
    let mut folder = options.directory.clone();
    for _ in 0..16 {
        match read(template, folder.as_ref(), options)? {
            Found::Template(source) => return questions(&source, options),
            Found::Nested { name, options: choices, next } => {
                if !options.answers.contains_key(name) {
                    let choices = choices.into_iter().map(|(value, label)| Choice { value, label }).collect();
                    let question = "Select a template".to_owned();
                    let kind = PromptKind::Choice { choices };
                    return Ok(vec![Prompt { name: name.to_owned(), question, kind }]);
                }
                folder = next;
            }
        }
    }
    Err(refuse(
        TemplateErrorKind::Budget,
        "cookiecutter.json",
        "templates are nested too deep".to_owned(),
        "Check whether one of them leads back to itself.",
    ))
}

fn questions(source: &Source, options: &Cookiecutter) -> Result<Vec<Prompt>, TemplateError> {
    let file = source.file();
    let environment = environment(&source.variables, options, &file)?;
    let known = answer(&environment, &source.variables, &file)?;
    let mut plain = Vec::new();
    let mut dictionaries = Vec::new();
    for (name, raw) in source.variables.iter().filter(|(name, _)| !name.starts_with('_')) {
        let texts = source.prompts.get(name);
        let value = known.get(name).cloned().unwrap_or(Json::Null);
        let ask = |kind: PromptKind| Prompt { name: name.clone(), question: question(name, texts), kind };
        match (raw, value) {
            (Json::Array(choices), _) => {
                let mut found = Vec::new();
                for choice in choices {
                    let value = plain_text(&render(&environment, choice, &format!("{file}#{name}"), &known)?);
                    let label = texts.and_then(|texts| texts.get(&value)).and_then(Json::as_str);
                    found.push(Choice { label: label.unwrap_or(&value).to_owned(), value });
                }
                plain.push(ask(PromptKind::Choice { choices: found }));
            }
            (Json::Bool(_), Json::Bool(default)) => plain.push(ask(PromptKind::YesNo { default })),
            (Json::Object(_), Json::Object(default)) => {
                dictionaries.push(ask(PromptKind::Dictionary { default }));
            }
            (_, value) => plain.push(ask(PromptKind::Text { default: plain_text(&value) })),
        }
    }
    plain.extend(dictionaries);
    Ok(plain)
}

fn plain_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// The text for people, if the template has one.
fn question(name: &str, texts: Option<&Json>) -> String {
    let text = match texts {
        Some(Json::Object(texts)) => texts.get("__prompt__").and_then(Json::as_str),
        Some(texts) => texts.as_str(),
        None => None,
    };
    text.filter(|text| !text.is_empty()).unwrap_or(name).to_owned()
}
