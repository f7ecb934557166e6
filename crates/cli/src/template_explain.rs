//! `fairway template explain`: what templates use, and where a value may be missing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fairway_domain::Diagnostic;
use fairway_domain::tree::FileMode;
use fairway_template::{Explanation, Language, NameUse, Place, TemplateError};
use serde_json::{Value, json};

use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{OutputArguments, counted, harmless, table};
use crate::template::{LanguageArguments, diagnostic, read_templates, read_values};

/// What to explain.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainTemplateArguments {
    /// A template, or a folder of them
    #[arg(value_name = "FILE|DIR")]
    templates: PathBuf,
    /// Say which values this file of YAML or JSON does not have
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    #[command(flatten)]
    language: LanguageArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// `file:line:column`.
type Locations = Vec<String>;

#[derive(Default)]
struct Name {
    places: Locations,
    is_known: bool,
    near: Vec<String>,
}

/// What all files use together.
#[derive(Default)]
struct Report {
    /// Where each value is read, and where nothing provides for its absence.
    variables: BTreeMap<String, (Locations, Locations)>,
    /// By kind: filter, test, function.
    names: BTreeMap<(&'static str, String), Name>,
    problems: Vec<Diagnostic>,
    files: usize,
}

/// Runs `fairway template explain`.
pub async fn explain(arguments: ExplainTemplateArguments) -> Result<(), CliError> {
    let templates = read_templates(&arguments.templates).await?;
    let values = arguments.values.as_ref().map(|path| read_values(Some(path))).transpose()?;
    let language = arguments.language.chosen()?;
    let mut report = Report::default();
    for (path, file) in templates.iter() {
        report.add(path.as_str(), one(&arguments, language, path.as_str(), path.as_str()));
        let Some(text) = file.text().filter(|_| file.mode != FileMode::Symlink) else { continue };
        report.files += 1;
        report.add(path.as_str(), one(&arguments, language, text, path.as_str()));
    }
    let root = if arguments.language.cookiecutter_compat { "cookiecutter" } else { "values" };
    let missing = |path: &str| match (&values, language) {
        (None, _) => None,
        (Some(values), Language::Nunjucks) => Some(is_missing(&json!({ root: values }), path)),
        (Some(values), _) => Some(is_missing(values, path)),
    };
    let answer = report.answer(language, missing);
    arguments.output.print(&answer, || report.text(missing))?;
    let is_wrong = !report.problems.is_empty() || report.names.values().any(|name| !name.is_known);
    if is_wrong { Err(CliError::Said(Exit::Failed)) } else { Ok(()) }
}

fn one(
    arguments: &ExplainTemplateArguments,
    language: Language,
    text: &str,
    path: &str,
) -> Result<Explanation, TemplateError> {
    if language == Language::Nunjucks {
        fairway_template::nunjucks::explain(text, path, &arguments.language.nunjucks())
    } else {
        language.explain(text, path)
    }
}

/// Whether the values lead nowhere along the plain names of a path.
fn is_missing(values: &Value, path: &str) -> bool {
    let mut current = values;
    for part in path.split(['.', '[', ']', '\'', '"']).filter(|part| !part.is_empty()) {
        match current {
            Value::Object(members) => match members.get(part) {
                Some(member) => current = member,
                None => return true,
            },
            Value::Null => return true,
            // What a list or a text has is its own.
            _ => return false,
        }
    }
    false
}

impl Report {
    fn add(&mut self, file: &str, explained: Result<Explanation, TemplateError>) {
        let explanation = match explained {
            Ok(explanation) => explanation,
            Err(error) => return self.problems.push(diagnostic(&error)),
        };
        let places = |places: &[Place]| -> Locations {
            places.iter().map(|place| format!("{file}:{}:{}", place.line, place.column)).collect()
        };
        for variable in explanation.variables {
            let (all, risks) = self.variables.entry(variable.path).or_default();
            all.extend(places(&variable.places));
            risks.extend(places(&variable.risks));
        }
        let kinds = [
            ("filter", explanation.filters),
            ("test", explanation.tests),
            ("function", explanation.functions),
        ];
        for (kind, uses) in kinds {
            for NameUse { name, places: found, is_known, near } in uses {
                let entry = self.names.entry((kind, name)).or_default();
                entry.places.extend(places(&found));
                entry.is_known = is_known;
                entry.near = near;
            }
        }
    }

    fn answer(&self, language: Language, missing: impl Fn(&str) -> Option<bool>) -> Value {
        let variables: Vec<Value> = self
            .variables
            .iter()
            .map(|(path, (places, risks))| {
                json!({"path": path, "places": places, "risks": risks, "missing": missing(path)})
            })
            .collect();
        let names = |wanted: &str| -> Vec<Value> {
            let of_kind = self.names.iter().filter(|((kind, _), _)| *kind == wanted);
            of_kind
                .map(|((_, name), uses)| {
                    json!({"name": name, "known": uses.is_known, "near": uses.near, "places": uses.places})
                })
                .collect()
        };
        json!({
            "language": language.name(),
            "files": self.files,
            "variables": variables,
            "filters": names("filter"),
            "tests": names("test"),
            "functions": names("function"),
            "problems": self.problems,
        })
    }

    fn text(&self, missing: impl Fn(&str) -> Option<bool>) -> String {
        let places = |places: &Locations| match places.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        };
        let variables = self.variables.iter().map(|(path, (all, risks))| {
            let state = match missing(path) {
                Some(true) => "missing",
                Some(false) => "given",
                None if risks.is_empty() => "provided for",
                None => "may be missing",
            };
            let shown = if risks.is_empty() { all } else { risks };
            [path.clone(), state.to_owned(), places(shown)]
        });
        let names = self.names.iter().map(|((kind, name), uses)| {
            let known = match (uses.is_known, uses.near.as_slice()) {
                (true, _) => (*kind).to_owned(),
                (false, []) => format!("unknown {kind}"),
                (false, near) => format!("unknown {kind}; {}?", near.join(" or ")),
            };
            [name.clone(), known, places(&uses.places)]
        });
        let mut parts = vec![table(["value", "state", "where"], variables.collect(), "No values are read.")];
        if !self.names.is_empty() {
            parts.push(table(["name", "is a", "where"], names.collect(), ""));
        }
        parts.extend(self.problems.iter().map(|problem| harmless(&problem.to_string())));
        parts.push(format!("{} looked into", counted(self.files, "file")));
        parts.join("\n\n")
    }
}
