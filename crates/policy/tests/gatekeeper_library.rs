//! The suites of Gatekeeper's own library: each assertion holds here as it does in Gatekeeper, by each engine that
//! a template is written for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::{Path, PathBuf};

use fairway_domain::finding::{Finding, Outcome};
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
use serde_json::Value;

fn documents(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reading = fairway_yaml::read(&path.display().to_string(), &text, &fairway_yaml::Limits::default());
    assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
    reading.documents.into_iter().map(|document| document.value).collect()
}

fn policy_documents(path: &Path) -> Vec<PolicyDocument> {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
    documents(path).into_iter().map(|value| PolicyDocument { value, file: file.clone() }).collect()
}

fn suites(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            suites(&path, found);
        } else if path.file_name().is_some_and(|name| name == "suite.yaml") {
            found.push(path);
        }
    }
}

/// `yes` (the default) is one or more, `no` is none, a number is exactly that many.
fn holds(assertion: &Value, findings: &[&Finding]) -> bool {
    let message = assertion.get("message").and_then(Value::as_str).unwrap_or_default();
    let count = findings.iter().filter(|finding| finding.message.contains(message)).count();
    match assertion.get("violations") {
        None => count > 0,
        Some(Value::Number(number)) => number.as_u64() == u64::try_from(count).ok(),
        Some(Value::Bool(some)) => *some == (count > 0),
        Some(Value::String(word)) => (word.trim() == "yes") == (count > 0),
        Some(other) => panic!("{other}"),
    }
}

/// Leaves only one engine's code in the templates; `None` when there is none of it.
fn only(engine: &str, policies: &[PolicyDocument]) -> Option<Vec<PolicyDocument>> {
    let mut policies = policies.to_vec();
    for policy in &mut policies {
        let Some(target) = policy.value.pointer_mut("/spec/targets/0").and_then(Value::as_object_mut) else {
            continue;
        };
        if engine != "Rego" {
            target.remove("rego");
        }
        let legacy = target.contains_key("rego");
        let code = target.get_mut("code").and_then(Value::as_array_mut);
        let some = code.is_some_and(|code| {
            code.retain(|code| code["engine"] == engine);
            !code.is_empty()
        });
        if !some && !legacy {
            return None;
        }
    }
    Some(policies)
}

#[test]
fn every_suite_passes_in_rego() {
    every_suite_passes("Rego");
}

#[test]
fn every_suite_passes_in_cel() {
    every_suite_passes("K8sNativeValidation");
}

fn every_suite_passes(engine: &str) {
    let cases = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let folder = cases.join("policy/gatekeeper-library");
    if !folder.is_dir() {
        eprintln!("skipped: {} is missing", folder.display());
        return;
    }
    let mut files = Vec::new();
    suites(&folder, &mut files);
    files.sort();
    let (mut passed, mut failed) = (0, Vec::new());
    for file in &files {
        let base = file.parent().unwrap();
        for test in documents(file)[0]["tests"].as_array().unwrap() {
            let mut policies = policy_documents(&base.join(test["template"].as_str().unwrap()));
            policies.extend(policy_documents(&base.join(test["constraint"].as_str().unwrap())));
            let Some(policies) = only(engine, &policies) else { continue };
            let (set, problems) = PolicySet::compile(policies);
            let place = format!("{}: {}", base.strip_prefix(&folder).unwrap().display(), test["name"]);
            if !problems.is_empty() {
                failed.push(format!("{place}: {}", problems[0]));
                continue;
            }
            for case in test["cases"].as_array().unwrap() {
                let object = documents(&base.join(case["object"].as_str().unwrap())).remove(0);
                let reviewed = object.clone();
                let mut objects = vec![PolicyObject { value: object, file: None, environment: None }];
                for extra in case.get("inventory").and_then(Value::as_array).into_iter().flatten() {
                    for value in documents(&base.join(extra.as_str().unwrap())) {
                        if value != reviewed {
                            objects.push(PolicyObject {
                                value,
                                file: Some("inventory".into()),
                                environment: None,
                            });
                        }
                    }
                }
                let findings = set.evaluate(&objects);
                let own: Vec<&Finding> =
                    findings.iter().filter(|finding| finding.object.file.is_none()).collect();
                let unsure = own.iter().find(|finding| finding.outcome != Outcome::Violation);
                for assertion in case["assertions"].as_array().unwrap() {
                    if unsure.is_none() && holds(assertion, &own) {
                        passed += 1;
                    } else {
                        let messages: Vec<&str> =
                            own.iter().map(|finding| finding.message.as_str()).collect();
                        failed.push(format!("{place}: {}: {assertion}: {messages:?}", case["name"]));
                    }
                }
            }
        }
    }
    eprintln!("{engine}: {passed} assertions hold");
    assert!(
        failed.is_empty(),
        "{} suites: {passed} assertions hold, these do not:\n{}",
        files.len(),
        failed.join("\n")
    );
}
