//! Policies as somebody writes them: the texts of files become documents beside those in force, and what is wrong is
//! said at its line.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::near_names;
use fairway_domain::{Diagnostic, SourceLocation};
use fairway_policy::PolicyDocument;
use fairway_yaml::Document;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compiled::{Compiled, PolicyPlace};
use crate::AppError;

/// What one request may hold.
const MAX_FILES: usize = 200;
const MAX_BYTES: usize = 2 * 1024 * 1024;
const MAX_DOCUMENTS: usize = 2_000;

/// A file of policies, as somebody would have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFile {
    /// Its path, for what is said about it.
    pub path: String,
    /// YAML or JSON documents.
    pub content: String,
}

/// Policies as they would be.
pub(crate) struct Edited {
    pub(crate) documents: Vec<PolicyDocument>,
    /// What is wrong with the texts themselves.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What was read from the texts, by the name under which policies know it.
    read: BTreeMap<String, Document>,
}

/// What makes two documents the same policy.
type Identity = (String, String, String, String);

fn identity(value: &Value) -> Identity {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let group = text("/apiVersion").split('/').next().unwrap_or_default().to_owned();
    let namespace = Some(text("/metadata/namespace")).filter(|it| !it.is_empty()).unwrap_or("default");
    (group, text("/kind").to_owned(), namespace.to_owned(), text("/metadata/name").to_owned())
}

/// `Kind/name`, as people name what is to go.
fn label(value: &Value) -> String {
    let (_, kind, _, name) = identity(value);
    format!("{kind}/{name}")
}

impl Edited {
    /// Puts files in the place of what is in force: each document replaces the one of its name; with `replaces`, what
    /// that file held and the texts do not is gone, and so is what `removed` names as `Kind/name`.
    pub(crate) fn new(
        in_force: &Compiled,
        files: &[PolicyFile],
        removed: &[String],
        replaces: Option<&PolicyPlace>,
    ) -> Result<Self, AppError> {
        let bytes: usize = files.iter().map(|file| file.content.len()).sum();
        if files.len() > MAX_FILES || bytes > MAX_BYTES || removed.len() > MAX_DOCUMENTS {
            return Err(AppError::Invalid {
                message: format!(
                    "this is more than {MAX_FILES} files or {} MiB of policies",
                    MAX_BYTES / 1024 / 1024
                ),
                hint: Some("ask about the policies that change, the others are known".to_owned()),
            });
        }
        let mut diagnostics = Vec::new();
        let mut read = BTreeMap::new();
        let mut written: Vec<PolicyDocument> = Vec::new();
        for file in files {
            let reading = fairway_yaml::read(&file.path, &file.content, &fairway_yaml::Limits::default());
            diagnostics.extend(reading.diagnostics);
            for document in reading.documents {
                let version = document.value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
                if !fairway_catalog::is_policy(version) {
                    let problem = document.diagnostic(
                        "/apiVersion",
                        "policy-other",
                        "this document is no policy, and is passed over",
                    );
                    let severity = fairway_domain::DiagnosticSeverity::Warning;
                    diagnostics.push(Diagnostic { severity, ..problem });
                    continue;
                }
                let known_as = format!("{}:{}", file.path, document.line());
                written.push(PolicyDocument { value: document.value.clone(), file: Some(known_as.clone()) });
                read.insert(known_as, document);
            }
        }
        if written.len() > MAX_DOCUMENTS {
            return Err(AppError::invalid(format!("these are more than {MAX_DOCUMENTS} policies")));
        }
        let gone: BTreeSet<&str> = removed.iter().map(String::as_str).collect();
        let labels: BTreeSet<String> =
            in_force.documents.iter().map(|(document, _)| label(&document.value)).collect();
        if let Some(unknown) = gone.iter().find(|name| !labels.contains(**name)) {
            return Err(AppError::NotFound {
                what: "policy",
                name: (*unknown).to_owned(),
                near: near_names(unknown, labels.iter().map(String::as_str))
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            });
        }
        let renewed: BTreeSet<Identity> = written.iter().map(|document| identity(&document.value)).collect();
        let mut documents: Vec<PolicyDocument> = in_force
            .documents
            .iter()
            .filter(|(document, place)| {
                replaces != Some(place)
                    && !renewed.contains(&identity(&document.value))
                    && !gone.contains(label(&document.value).as_str())
            })
            .map(|(document, _)| document.clone())
            .collect();
        documents.append(&mut written);
        Ok(Self { documents, diagnostics, read })
    }

    /// Whether a document is one of the texts.
    pub(crate) fn is_written(&self, document: &PolicyDocument) -> bool {
        document.file.as_ref().is_some_and(|known_as| self.read.contains_key(known_as))
    }

    /// A diagnostic of a policy, at the line of the text that it is about.
    pub(crate) fn at_its_line(&self, diagnostic: Diagnostic) -> Diagnostic {
        let Some(location) = &diagnostic.location else { return diagnostic };
        let (known_as, path) = location.file.split_once('#').unwrap_or((&location.file, ""));
        let Some(document) = self.read.get(known_as) else { return diagnostic };
        let place = if path.is_empty() {
            SourceLocation { file: document.file().to_owned(), line: document.line(), column: 1 }
        } else {
            inside(document, path, location.line, location.column)
        };
        let line = document.source_line(place.line);
        Diagnostic { location: Some(place), source_line: line, ..diagnostic }
    }
}

/// The place of a line and column of a text that is a value in a document.
fn inside(document: &Document, path: &str, line: usize, column: usize) -> SourceLocation {
    let pointer = pointer_of(path);
    let at = document.location(&pointer);
    let is_text = document.value.pointer(&pointer).is_some_and(Value::is_string);
    if !is_text {
        return at;
    }
    let head = document.source_line(at.line).unwrap_or_default();
    let head = head.split(" #").next().unwrap_or_default().trim_end();
    // A block begins behind `|` or `>`, with what says how it ends.
    let is_block =
        head.trim_end_matches(|it: char| it == '-' || it == '+' || it.is_ascii_digit()).ends_with(['|', '>']);
    if !is_block {
        let column = if line == 1 { at.column + column.saturating_sub(1) } else { column };
        return SourceLocation { line: at.line + line.saturating_sub(1), column, ..at };
    }
    let mut first = at.line + 1;
    let indentation = loop {
        match document.source_line(first) {
            Some(text) if text.trim().is_empty() => first += 1,
            Some(text) => break text.chars().take_while(|it| *it == ' ').count(),
            None => break 0,
        }
    };
    SourceLocation { line: at.line + line, column: column + indentation, ..at }
}

/// `spec.targets[0].rego` as JSON pointer.
fn pointer_of(path: &str) -> String {
    let mut pointer = String::new();
    for part in path.split(['.', '[']) {
        pointer.push('/');
        pointer.push_str(part.trim_end_matches(']'));
    }
    pointer
}
