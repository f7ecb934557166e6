//! Policies in Rego over files, as conftest and OPA run them: rules `deny`, `violation` and `warn`, with a word behind
//! them if wanted, in any package; `exception` lets some of them off; `test_…` are tests.

mod metadata;
mod module;

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Enforcement, Finding, ObjectRef, Outcome, Severity};
use regorus::{Engine, Value as RegoValue};
use serde_json::{Map, Value};

use crate::explanation::Explanation;
use crate::file_format::FileDocument;
use crate::patch::PatchTemplate;
use crate::rego::{Answer, Source, analyse, engine, evaluate, json};
use crate::set::PolicyInfo;
use crate::test_report::{TestCase, TestOutcome};
use module::Module;

/// The most findings of one rule about one document.
const MAX_FINDINGS: usize = 100;

/// A source of Rego.
#[derive(Clone, Debug)]
pub struct RegoFile {
    /// Where it is, for people.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The rules of one package, compiled.
struct Unit {
    engine: Result<Engine, String>,
    package: String,
    /// Positions among the policies, with the rule's own name.
    rules: Vec<(usize, String)>,
    has_exceptions: bool,
}

/// Policies over files, compiled once.
#[derive(Default)]
pub struct FilePolicies {
    units: Vec<Unit>,
    infos: Vec<PolicyInfo>,
}

/// What `exception` names: the rules of a package that are let off for an input.
type Exceptions = BTreeSet<String>;

impl FilePolicies {
    /// Compiles sources with the data that they look at (`data`). A package that does not compile is reported, and
    /// its rules count as not evaluated; the others work.
    pub fn compile(files: &[RegoFile], data: &Value) -> (Self, Vec<Diagnostic>) {
        let modules: Vec<Module> = files.iter().filter_map(Module::read).collect();
        let mut problems: Vec<Diagnostic> = files
            .iter()
            .filter(|file| Module::read(file).is_none())
            .map(|file| {
                let message = format!("{} does not begin with a package", file.path);
                Diagnostic::error("policy-rego", message).with_hint("begin it with `package main`")
            })
            .collect();
        let mut set = Self::default();
        let packages: BTreeSet<&str> =
            modules.iter().filter(|it| !it.is_test).map(|it| it.package.as_str()).collect();
        for package in packages {
            let own: Vec<&Module> =
                modules.iter().filter(|it| it.package == package && !it.is_test).collect();
            let mut rules: BTreeMap<&str, &Module> = BTreeMap::new();
            for module in &own {
                for rule in module.rules() {
                    rules.entry(rule).or_insert(module);
                }
            }
            if rules.is_empty() {
                continue;
            }
            let sources = sources(&own, &modules, false);
            let compiled = compiled(&sources, data).and_then(|engine| {
                for rule in rules.keys() {
                    analyse(&engine, &path(package, rule), &sources)?;
                }
                Ok(engine)
            });
            let engine = compiled.map_err(|problem| {
                let message = problem.message.clone();
                problems.push(*problem);
                message
            });
            let mut unit = Unit {
                engine,
                package: package.to_owned(),
                rules: Vec::new(),
                has_exceptions: own.iter().any(|module| module.has_rule("exception")),
            };
            for (rule, module) in rules {
                unit.rules.push((set.infos.len(), rule.to_owned()));
                set.infos.push(info(package, rule, module));
            }
            set.units.push(unit);
        }
        (set, problems)
    }

    /// What the policies are, by package and rule.
    pub fn policies(&self) -> &[PolicyInfo] {
        &self.infos
    }

    /// Whether there is no policy at all.
    pub fn is_empty(&self) -> bool {
        self.infos.is_empty()
    }

    /// What the policies find in documents, in order.
    pub fn evaluate(&self, documents: &[FileDocument]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for unit in &self.units {
            let mut engine = unit.engine.clone();
            let mut gave_up = BTreeSet::new();
            for document in documents {
                match &mut engine {
                    Ok(engine) => {
                        engine.set_input(RegoValue::from(document.value.clone()));
                        self.ask(unit, engine, document, &mut gave_up, &mut findings);
                    }
                    Err(reason) => {
                        let infos = unit.rules.iter().filter_map(|(index, _)| self.infos.get(*index));
                        let reason = format!("the policy does not compile: {reason}");
                        findings.extend(infos.map(|info| unsure(info, document, reason.clone())));
                    }
                }
            }
        }
        findings
    }

    fn ask(
        &self,
        unit: &Unit,
        engine: &mut Engine,
        document: &FileDocument,
        gave_up: &mut BTreeSet<usize>,
        findings: &mut Vec<Finding>,
    ) {
        let excepted =
            if unit.has_exceptions { exceptions(engine, &unit.package) } else { Exceptions::new() };
        for (index, rule) in &unit.rules {
            let Some(info) = self.infos.get(*index) else { continue };
            let suffix = rule.split_once('_').map_or("", |(_, suffix)| suffix);
            if excepted.contains(suffix) {
                continue;
            }
            let timed_out = || "the policy did not come to an end within its time".to_owned();
            if gave_up.contains(index) {
                findings.push(unsure(info, document, timed_out()));
                continue;
            }
            match evaluate(engine, &path(&unit.package, rule)) {
                Answer::Value(value) => match results(&value) {
                    Ok(results) => {
                        let found = results.iter().take(MAX_FINDINGS);
                        findings.extend(found.map(|result| finding(info, document, result)));
                    }
                    Err(reason) => findings.push(unsure(info, document, format!("{rule} {reason}"))),
                },
                Answer::Failed(reason) => findings.push(unsure(info, document, reason)),
                Answer::TimedOut => {
                    gave_up.insert(*index);
                    findings.push(unsure(info, document, timed_out()));
                }
            }
        }
    }
}

/// Runs the tests in sources: rules `test_…` of files `…_test.rego`. `todo_test_…` are passed over.
pub fn run_tests(files: &[RegoFile], data: &Value) -> Vec<TestCase> {
    let modules: Vec<Module> = files.iter().filter_map(Module::read).collect();
    let mut cases = Vec::new();
    for tests in modules.iter().filter(|module| module.is_test) {
        let mut own: Vec<&Module> = vec![tests];
        own.extend(modules.iter().filter(|it| it.package == tests.package && it.path != tests.path));
        let sources = sources(&own, &modules, true);
        let mut engine = compiled(&sources, data);
        for name in tests.tests() {
            let outcome = match &mut engine {
                _ if name.starts_with("todo_") => {
                    TestOutcome::Skipped { reason: "the test is still to be written".to_owned() }
                }
                Err(problem) => TestOutcome::Failed { reason: problem.to_string() },
                Ok(engine) => match evaluate(engine, &path(&tests.package, name)) {
                    Answer::Value(RegoValue::Bool(true)) => TestOutcome::Passed,
                    Answer::Value(RegoValue::Undefined | RegoValue::Bool(false)) => {
                        TestOutcome::Failed { reason: "it does not hold".to_owned() }
                    }
                    Answer::Value(other) => {
                        TestOutcome::Failed { reason: format!("it is {other}, and has to be true") }
                    }
                    Answer::Failed(reason) => TestOutcome::Failed { reason },
                    Answer::TimedOut => {
                        TestOutcome::Failed { reason: "it did not come to an end".to_owned() }
                    }
                },
            };
            cases.push(TestCase {
                file: tests.path.clone(),
                test: tests.package.clone(),
                case: name.to_owned(),
                outcome,
            });
        }
    }
    cases
}

fn path(package: &str, rule: &str) -> String {
    format!("data.{package}.{rule}")
}

/// The sources that modules need: themselves, and whatever they name below `data`, and what that names.
fn sources<'m>(own: &[&'m Module], all: &'m [Module], with_tests: bool) -> Vec<Source<'m>> {
    let mut taken: Vec<&Module> = own.to_vec();
    let mut position = 0;
    while let Some(module) = taken.get(position) {
        let wanted = all.iter().filter(|other| {
            (with_tests || !other.is_test)
                && module.references.iter().any(|reference| other.is_named_by(reference))
        });
        let wanted: Vec<&Module> = wanted.collect();
        for other in wanted {
            if !taken.iter().any(|known| known.path == other.path) {
                taken.push(other);
            }
        }
        position += 1;
    }
    taken.iter().map(|module| module.source()).collect()
}

fn compiled(sources: &[Source<'_>], data: &Value) -> Result<Engine, Box<Diagnostic>> {
    let (mut engine, _) = engine(sources)?;
    if data.as_object().is_some_and(|data| !data.is_empty()) {
        engine.add_data(RegoValue::from(data.clone())).map_err(|error| {
            Box::new(Diagnostic::error("policy-data", format!("the data cannot be used: {error}")))
        })?;
    }
    Ok(engine)
}

fn info(package: &str, rule: &str, module: &Module) -> PolicyInfo {
    let is_warning = rule == "warn" || rule.starts_with("warn_");
    let words: Explanation = module.explanation(rule);
    let name = format!("{package}/{rule}");
    PolicyInfo {
        title: words.title.clone().unwrap_or_else(|| name.clone()),
        enforcement: if is_warning { Enforcement::Warn } else { Enforcement::Deny },
        template: "Rego".to_owned(),
        constraint: name.clone(),
        file: Some(module.path.clone()),
        ..words.info(name)
    }
}

/// The words that rules are let off by.
fn exceptions(engine: &mut Engine, package: &str) -> Exceptions {
    let Answer::Value(value) = evaluate(engine, &path(package, "exception")) else {
        return Exceptions::new();
    };
    let Ok(lists) = results(&value) else { return Exceptions::new() };
    lists.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What a rule says: each item of a set or an array, or a text alone.
fn results(value: &RegoValue) -> Result<Vec<Value>, String> {
    match value {
        RegoValue::Undefined | RegoValue::Null | RegoValue::Bool(false) => Ok(Vec::new()),
        RegoValue::Set(items) => Ok(items.iter().map(json).collect()),
        RegoValue::Array(items) => Ok(items.iter().map(json).collect()),
        RegoValue::String(_) => Ok(vec![json(value)]),
        _ => Err("has to be a set of messages".to_owned()),
    }
}

/// The object that a document is, or the file as one.
fn object(document: &FileDocument) -> ObjectRef {
    let text = |pointer: &str| document.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let file = Some(document.path.clone());
    if text("/apiVersion").is_empty() || text("/kind").is_empty() {
        let name = document.path.rsplit('/').next().unwrap_or(&document.path).to_owned();
        return ObjectRef { kind: document.format.kind().to_owned(), name, file, ..ObjectRef::default() };
    }
    ObjectRef {
        api_version: text("/apiVersion").to_owned(),
        kind: text("/kind").to_owned(),
        namespace: text("/metadata/namespace").to_owned(),
        name: text("/metadata/name").to_owned(),
        file,
        ..ObjectRef::default()
    }
}

fn bare(info: &PolicyInfo, document: &FileDocument, outcome: Outcome, message: &str) -> Finding {
    Finding {
        policy: info.title.clone(),
        rule: info.name.clone(),
        severity: info.severity,
        enforcement: info.enforcement,
        outcome,
        object: object(document),
        path: None,
        message: message.chars().take(2000).collect(),
        why: info.why.clone(),
        fix: info.fix.clone(),
        docs: info.docs.clone(),
        line: None,
        patch: Vec::new(),
        waiver: None,
    }
}

fn unsure(info: &PolicyInfo, document: &FileDocument, reason: String) -> Finding {
    let message = format!("could not be evaluated: {reason}");
    bare(info, document, Outcome::NotEvaluated { reason }, &message)
}

/// A text is the message; an object has it as `msg`, and may say more about this one violation.
fn finding(info: &PolicyInfo, document: &FileDocument, result: &Value) -> Finding {
    let nothing = Map::new();
    let more = result.as_object().unwrap_or(&nothing);
    let details = more.get("details").and_then(Value::as_object).unwrap_or(&nothing);
    let said = |key: &str| details.get(key).or_else(|| more.get(key));
    let text = |key: &str| said(key).and_then(Value::as_str).map(str::to_owned);
    let message = match (result, more.get("msg")) {
        (Value::String(message), _) | (_, Some(Value::String(message))) => message.clone(),
        (_, said) => said.unwrap_or(result).to_string(),
    };
    let mut found = bare(info, document, Outcome::Violation, &message);
    found.path = text("path").map(|path| path.chars().take(500).collect());
    found.line = match found.path.as_deref() {
        Some(path) => document.line(path),
        None => said("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()),
    };
    if let Some(severity) = text("severity") {
        found.severity = serde_json::from_value::<Severity>(Value::from(severity)).unwrap_or(found.severity);
    }
    found.fix = text("fix").or(found.fix);
    found.docs = text("docs").or(found.docs);
    let own = said("patch").and_then(|patch| PatchTemplate::of(patch).ok());
    if let Some(template) = own.as_ref().or(info.patch.as_ref()) {
        found.patch = template.fill(&document.value, found.path.as_deref());
    }
    found
}
