//! ConstraintTemplates: a rule in Rego or CEL and the words that explain it.

use fairway_domain::finding::Severity;
use fairway_domain::{Diagnostic, SourceLocation};
use serde_json::Value;

use crate::cel_template::{CelTemplate, ENGINE};
use crate::explanation::Explanation;
use crate::rego::{Program, Source};
use crate::set::PolicyDocument;

/// The target that Kubernetes objects are reviewed by.
const TARGET: &str = "admission.k8s.gatekeeper.sh";

/// What a template is written in.
#[derive(Clone)]
pub(crate) enum Code {
    Rego(Box<Program>),
    Cel(Box<CelTemplate>),
}

/// A template, compiled, or the reason why it is not.
pub(crate) struct Template {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) explanation: Explanation,
    pub(crate) code: Result<Code, String>,
}

pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

/// One of Fairway's annotations, for example `why`.
pub(crate) fn annotation<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    text(value, &format!("/metadata/annotations/fairway.dev~1{name}"))
}

/// The severity that an object states; another word is a problem.
pub(crate) fn severity(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Option<Severity> {
    let word = annotation(&document.value, "severity")?;
    let severity = serde_json::from_value(Value::from(word)).ok();
    if severity.is_none() {
        let message = format!("the severity \"{word}\" is unknown");
        problems.push(
            at(document, Diagnostic::error("policy-severity", message))
                .with_hint("use low, medium, high or critical"),
        );
    }
    severity
}

/// The diagnostic at the beginning of the document's file, when nothing closer is known.
pub(crate) fn at(document: &PolicyDocument, diagnostic: Diagnostic) -> Diagnostic {
    match (&diagnostic.location, &document.file) {
        (None, Some(file)) => diagnostic.at(SourceLocation { file: file.clone(), line: 1, column: 1 }, None),
        _ => diagnostic,
    }
}

impl Template {
    /// Reads and compiles a template. `None` when it cannot even be told which kind it defines.
    pub(crate) fn read(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let value = &document.value;
        let name = text(value, "/metadata/name").unwrap_or_default();
        let Some(kind) = text(value, "/spec/crd/spec/names/kind") else {
            let message = format!("the ConstraintTemplate \"{name}\" has no spec.crd.spec.names.kind");
            problems.push(at(document, Diagnostic::error("policy-template", message)));
            return None;
        };
        if name != kind.to_lowercase() {
            let message =
                format!("the ConstraintTemplate \"{name}\" must be named \"{}\"", kind.to_lowercase());
            problems.push(
                at(document, Diagnostic::error("policy-template", message))
                    .with_hint("Gatekeeper accepts only the kind in lower case as the name"),
            );
        }
        let code = compile(document, name).map_err(|problem| {
            let message = problem.message.clone();
            problems.push(at(document, *problem));
            message
        });
        let mut explanation = Explanation::read(document, problems);
        explanation.why =
            explanation.why.or_else(|| text(value, "/metadata/annotations/description").map(str::to_owned));
        Some(Self { kind: kind.to_owned(), name: name.to_owned(), explanation, code })
    }
}

/// Compiles a template's code. Of two engines Gatekeeper prefers CEL, and so does this.
fn compile(document: &PolicyDocument, name: &str) -> Result<Code, Box<Diagnostic>> {
    let failed = |message: String| Box::new(Diagnostic::error("policy-template", message));
    let targets = document.value.pointer("/spec/targets").and_then(Value::as_array);
    let target =
        targets.into_iter().flatten().enumerate().find(|(_, target)| text(target, "/target") == Some(TARGET));
    let Some((index, target)) = target else {
        return Err(failed(format!("the ConstraintTemplate \"{name}\" has no target {TARGET}")));
    };
    let place = format!("{}#spec.targets[{index}]", document.file.as_deref().unwrap_or(name));
    let mut code = target.get("code").and_then(Value::as_array).into_iter().flatten().enumerate();
    let mut written = code.clone().filter(|(_, code)| {
        let validations = code.pointer("/source/validations").and_then(Value::as_array);
        text(code, "/engine") == Some(ENGINE) && validations.is_some_and(|list| !list.is_empty())
    });
    if let Some((index, code)) = written.next() {
        let place = format!("{place}.code[{index}].source");
        let source = code.get("source").unwrap_or(&Value::Null);
        return CelTemplate::compile(source, &place).map(|template| Code::Cel(Box::new(template)));
    }
    let (place, source) = match code.find(|(_, code)| text(code, "/engine") == Some("Rego")) {
        Some((index, code)) => {
            (format!("{place}.code[{index}].source"), code.get("source").unwrap_or(&Value::Null))
        }
        None => (place, target),
    };
    let Some(main) = source.get("rego").and_then(Value::as_str) else {
        let engines: Vec<&str> = target
            .get("code")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|code| text(code, "/engine"))
            .collect();
        return Err(failed(if engines.is_empty() {
            format!("the ConstraintTemplate \"{name}\" has neither Rego nor CEL")
        } else {
            format!(
                "the ConstraintTemplate \"{name}\" is written for {} and not in Rego or CEL",
                engines.join(", ")
            )
        }));
    };
    let version_one = text(source, "/version") == Some("v1");
    let libraries = source.get("libs").and_then(Value::as_array);
    let mut sources = vec![Source { place: format!("{place}.rego"), text: main, version_one }];
    for (index, library) in libraries.into_iter().flatten().enumerate() {
        if let Some(text) = library.as_str() {
            sources.push(Source { place: format!("{place}.libs[{index}]"), text, version_one });
        }
    }
    Program::compile(&sources).map(|program| Code::Rego(Box::new(program)))
}
