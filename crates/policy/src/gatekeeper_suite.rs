//! Gatekeeper's test suites (`kind: Suite`), read and run as `gator verify` does. Files are handed in.

use fairway_domain::Diagnostic;
use fairway_domain::finding::{Finding, Outcome};
use regex::Regex;
use serde_json::Value;

use crate::set::{PolicyDocument, PolicyObject, PolicySet};
use crate::template::text;
use crate::test_report::{TestCase, TestOutcome};

/// Reads the file of a path beside the suite: the documents in it, or why there are none.
pub type ReadDocuments<'f> = dyn Fn(&str) -> Result<Vec<Value>, String> + 'f;

/// The words that the reviewed object is told apart from the inventory by.
const REVIEWED: &str = "reviewed";

/// Whether a document is a suite.
pub fn is_suite(value: &Value) -> bool {
    text(value, "/kind") == Some("Suite")
        && text(value, "/apiVersion").is_some_and(|version| version.starts_with("test.gatekeeper.sh/"))
}

/// Runs the tests of a suite. `file` is how people know it; the paths in it are handed to `files` as they are.
pub fn run(file: &str, suite: &Value, files: &ReadDocuments<'_>) -> Vec<TestCase> {
    let mut cases = Vec::new();
    let skipped = is_set(suite, "skip");
    for (index, test) in list(suite, "tests").iter().enumerate() {
        let name = text(test, "/name").map_or_else(|| format!("tests[{index}]"), str::to_owned);
        let mut report = |case: &str, outcome: TestOutcome| {
            cases.push(TestCase {
                file: file.to_owned(),
                test: name.clone(),
                case: case.to_owned(),
                outcome,
            });
        };
        if skipped || is_set(test, "skip") {
            let reason = if skipped { "the suite is skipped" } else { "the test is skipped" };
            let skip = || TestOutcome::Skipped { reason: reason.to_owned() };
            for (index, case) in list(test, "cases").iter().enumerate() {
                report(&case_name(case, index), skip());
            }
            if list(test, "cases").is_empty() {
                report("", skip());
            }
            continue;
        }
        match prepare(test, files) {
            Err(reason) => report("", TestOutcome::Failed { reason }),
            Ok(Prepared::Refused) => report("", TestOutcome::Passed),
            Ok(Prepared::Policies(policies)) => {
                for (index, case) in list(test, "cases").iter().enumerate() {
                    let outcome = if is_set(case, "skip") {
                        TestOutcome::Skipped { reason: "the case is skipped".to_owned() }
                    } else {
                        match judge(&policies, case, files) {
                            Ok(()) => TestOutcome::Passed,
                            Err(reason) => TestOutcome::Failed { reason },
                        }
                    };
                    report(&case_name(case, index), outcome);
                }
            }
        }
    }
    cases
}

fn is_set(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool) == Some(true)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn case_name(case: &Value, index: usize) -> String {
    text(case, "/name").map_or_else(|| format!("cases[{index}]"), str::to_owned)
}

enum Prepared {
    Policies(Box<PolicySet>),
    /// The policies are wrong, as the test wants it.
    Refused,
}

/// Template and constraint of a test, compiled.
fn prepare(test: &Value, files: &ReadDocuments<'_>) -> Result<Prepared, String> {
    let path = |key: &str| text(test, &format!("/{key}")).ok_or_else(|| format!("the test names no {key}"));
    let mut documents = Vec::new();
    for key in ["template", "constraint"] {
        let path = path(key)?;
        let mut found = files(path).map_err(|reason| format!("{path}: {reason}"))?;
        // A file may hold a template and its constraints together, and be named for both.
        let is_meant =
            |value: &Value| (text(value, "/kind") == Some("ConstraintTemplate")) == (key == "template");
        if found.iter().any(is_meant) {
            found.retain(is_meant);
        }
        documents
            .extend(found.into_iter().map(|value| PolicyDocument { value, file: Some(path.to_owned()) }));
    }
    let (policies, problems) = PolicySet::compile(documents);
    let wrong: Option<&Diagnostic> = problems.iter().find(|problem| problem.is_error());
    match (wrong, is_set(test, "invalid")) {
        (Some(_), true) => Ok(Prepared::Refused),
        (Some(problem), false) => Err(problem.to_string()),
        (None, true) => Err("the policies are expected to be wrong, and they are not".to_owned()),
        (None, false) => Ok(Prepared::Policies(Box::new(policies))),
    }
}

fn judge(policies: &PolicySet, case: &Value, files: &ReadDocuments<'_>) -> Result<(), String> {
    let path = text(case, "/object").ok_or("the case names no object")?;
    let read = |path: &str| files(path).map_err(|reason| format!("{path}: {reason}"));
    let mut found = read(path)?.into_iter();
    let (Some(object), None) = (found.next(), found.next()) else {
        return Err(format!("{path} has to hold one object"));
    };
    let assertions = list(case, "assertions");
    if assertions.is_empty() {
        return Err("the case asserts nothing".to_owned());
    }
    let mut objects = Vec::new();
    for path in list(case, "inventory").iter().filter_map(Value::as_str) {
        objects.extend(read(path)?.into_iter().filter(|value| *value != object).map(|value| PolicyObject {
            value,
            file: Some("inventory".to_owned()),
            environment: None,
        }));
    }
    objects.push(PolicyObject { value: object, file: Some(REVIEWED.to_owned()), environment: None });
    let findings = policies.evaluate(&objects);
    let own: Vec<&Finding> =
        findings.iter().filter(|finding| finding.object.file.as_deref() == Some(REVIEWED)).collect();
    if let Some(unsure) = own.iter().find(|finding| finding.outcome != Outcome::Violation) {
        return Err(unsure.message.clone());
    }
    assertions.iter().try_for_each(|assertion| holds(assertion, &own))
}

/// `violations` is `yes` (the default) for one or more, `no` for none, or a number; `message` narrows them down.
fn holds(assertion: &Value, findings: &[&Finding]) -> Result<(), String> {
    let pattern = text(assertion, "/message").unwrap_or_default();
    let regex =
        Regex::new(pattern).map_err(|_| format!("the message \"{pattern}\" is no regular expression"))?;
    let count = findings.iter().filter(|finding| regex.is_match(&finding.message)).count();
    let (wanted, is_so) = match assertion.get("violations") {
        Some(Value::Number(number)) => (number.to_string(), number.as_u64() == u64::try_from(count).ok()),
        None | Some(Value::Bool(true)) => ("some".to_owned(), count > 0),
        Some(Value::Bool(false)) => ("no".to_owned(), count == 0),
        Some(Value::String(word)) => match word.trim().to_lowercase().as_str() {
            "yes" => ("some".to_owned(), count > 0),
            "no" => ("no".to_owned(), count == 0),
            other => match other.parse::<usize>() {
                Ok(number) => (number.to_string(), number == count),
                Err(_) => return Err(format!("violations is \"{word}\", and has to be yes, no or a number")),
            },
        },
        Some(other) => return Err(format!("violations is {other}, and has to be yes, no or a number")),
    };
    if is_so {
        return Ok(());
    }
    let about = if pattern.is_empty() { String::new() } else { format!(" whose message fits \"{pattern}\"") };
    let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    let given = if messages.is_empty() { String::new() } else { format!(": {}", messages.join("; ")) };
    Err(format!("expected {wanted} violations{about}, found {count}{given}"))
}
