//! Findings in the forms that other programs read: SARIF for code hosts, JUnit for build servers, and the reports that
//! clusters keep.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fairway_domain::finding::{Enforcement, Finding, Outcome, Severity};
use serde_json::{Map, Value, json};

use crate::test_report::{TestCase, TestOutcome, junit};

/// Findings as SARIF 2.1.0. <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
pub fn sarif(findings: &[Finding], version: &str) -> Value {
    let mut rules: BTreeMap<&str, Value> = BTreeMap::new();
    for finding in findings {
        rules.entry(&finding.rule).or_insert_with(|| rule(finding));
    }
    let positions: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, name)| (*name, at)).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let level = match (finding.waiver.is_some(), finding.enforcement) {
                (true, _) | (_, Enforcement::Dryrun) => "note",
                (_, Enforcement::Warn) => "warning",
                (_, Enforcement::Deny) => "error",
            };
            let object = &finding.object;
            let mut location = json!({"logicalLocations": [{
                "name": object.name, "kind": "resource",
                "fullyQualifiedName": format!("{}/{}/{}", object.kind, object.namespace, object.name),
            }]});
            if let (Some(file), Value::Object(location)) = (&object.file, &mut location) {
                let place = json!({
                    "artifactLocation": {"uri": uri(file)}, "region": {"startLine": finding.line.unwrap_or(1)},
                });
                location.insert("physicalLocation".to_owned(), place);
            }
            let mut result = json!({
                "ruleId": finding.rule,
                "ruleIndex": positions.get(finding.rule.as_str()),
                "level": level,
                "message": {"text": finding.message},
                "locations": [location],
            });
            if let (Some(waiver), Value::Object(result)) = (&finding.waiver, &mut result) {
                let suppression = json!([{"kind": "external", "justification": waiver.reason}]);
                result.insert("suppressions".to_owned(), suppression);
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "fairway",
                "version": version,
                "informationUri": "https://github.com/fairway-dev/fairway",
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    })
}

fn rule(finding: &Finding) -> Value {
    // The scale that code hosts sort security findings by.
    let score = match finding.severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "2.0",
    };
    let mut rule = json!({
        "id": finding.rule,
        "shortDescription": {"text": finding.policy},
        "properties": {"security-severity": score, "tags": ["security", "policy"]},
    });
    if let Value::Object(rule) = &mut rule {
        if let Some(why) = &finding.why {
            rule.insert("fullDescription".to_owned(), json!({"text": why}));
        }
        if let Some(fix) = &finding.fix {
            rule.insert("help".to_owned(), json!({"text": fix}));
        }
        if let Some(docs) = finding.docs.as_ref().filter(|docs| docs.starts_with("https://")) {
            rule.insert("helpUri".to_owned(), json!(docs));
        }
    }
    rule
}

/// A path as a relative address (RFC 3986).
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    path.bytes().fold(String::with_capacity(path.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Findings as JUnit's XML: a suite for each file, in which everything that blocks is a failure. A file without
/// findings is a case that passed.
pub fn finding_junit(findings: &[Finding], files: &[String]) -> String {
    let mut names: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    names.extend(findings.iter().map(|it| it.object.file.as_deref().unwrap_or_default()));
    let mut cases = Vec::new();
    for file in names {
        let own = findings.iter().filter(|it| it.object.file.as_deref().unwrap_or_default() == file);
        let before = cases.len();
        for finding in own {
            let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
            let words = format!("{} ({file}{line})", finding.message);
            cases.push(TestCase {
                file: file.to_owned(),
                test: finding.rule.clone(),
                case: format!("{} {}: {}", finding.object.kind, finding.object.name, finding.message),
                outcome: if finding.blocks() {
                    TestOutcome::Failed { reason: words }
                } else {
                    TestOutcome::Skipped { reason: format!("does not block: {words}") }
                },
            });
        }
        if cases.len() == before {
            cases.push(TestCase {
                file: file.to_owned(),
                test: "policies".to_owned(),
                case: "no findings".to_owned(),
                outcome: TestOutcome::Passed,
            });
        }
    }
    junit(&cases)
}

/// Findings as reports of Kubernetes' policy working group (`wgpolicyk8s.io/v1alpha2`): a `PolicyReport` for each
/// namespace, and a `ClusterPolicyReport` for what has none.
pub fn policy_reports(findings: &[Finding]) -> Vec<Value> {
    let mut results: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for finding in findings {
        results.entry(&finding.object.namespace).or_default().push(report_result(finding));
    }
    if results.is_empty() {
        results.insert("", Vec::new());
    }
    results.into_iter().map(|(namespace, results)| report(namespace, &results)).collect()
}

fn report_result(finding: &Finding) -> Value {
    let result = match (&finding.outcome, &finding.waiver, finding.enforcement) {
        (_, Some(_), _) => "skip",
        (Outcome::NotEvaluated { .. }, ..) => "error",
        (Outcome::Violation, None, Enforcement::Deny) => "fail",
        (Outcome::Violation, None, _) => "warn",
    };
    let (policy, rule) = finding.rule.rsplit_once('/').unwrap_or((&finding.rule, ""));
    let object = &finding.object;
    let mut resource = Map::new();
    for (key, value) in [
        ("apiVersion", &object.api_version),
        ("kind", &object.kind),
        ("namespace", &object.namespace),
        ("name", &object.name),
    ] {
        if !value.is_empty() {
            resource.insert(key.to_owned(), Value::from(value.as_str()));
        }
    }
    let mut properties = Map::new();
    let line = finding.line.map(|line| line.to_string());
    for (key, value) in [
        ("file", object.file.as_ref()),
        ("line", line.as_ref()),
        ("path", finding.path.as_ref()),
        ("environment", object.environment.as_ref()),
        ("docs", finding.docs.as_ref()),
    ] {
        if let Some(value) = value {
            properties.insert(key.to_owned(), Value::from(value.as_str()));
        }
    }
    json!({
        "source": "fairway",
        "policy": policy,
        "rule": rule,
        "category": finding.policy,
        "severity": finding.severity,
        "result": result,
        "message": finding.message,
        "resources": [resource],
        "properties": properties,
        "scored": finding.enforcement != Enforcement::Dryrun,
    })
}

fn report(namespace: &str, results: &[Value]) -> Value {
    let count =
        |word: &str| results.iter().filter(|it| it.get("result").is_some_and(|it| it == word)).count();
    let mut summary = Map::new();
    for word in ["pass", "fail", "warn", "error", "skip"] {
        summary.insert(word.to_owned(), Value::from(count(word)));
    }
    let (kind, metadata) = if namespace.is_empty() {
        ("ClusterPolicyReport", json!({"name": "fairway"}))
    } else {
        ("PolicyReport", json!({"name": "fairway", "namespace": namespace}))
    };
    json!({
        "apiVersion": "wgpolicyk8s.io/v1alpha2",
        "kind": kind,
        "metadata": metadata,
        "summary": summary,
        "results": results,
    })
}

/// Cases of tests as SARIF; only those that failed are results.
pub fn test_sarif(cases: &[TestCase], version: &str) -> Value {
    let failed = cases.iter().filter_map(|case| match &case.outcome {
        TestOutcome::Failed { reason } => Some(json!({
            "ruleId": "policy-test",
            "level": "error",
            "message": {"text": format!("{} {}: {reason}", case.test, case.case)},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": uri(&case.file)}, "region": {"startLine": 1},
            }}],
        })),
        _ => None,
    });
    let mut log = sarif(&[], version);
    let rules = json!([{"id": "policy-test", "shortDescription": {"text": "A test of a policy fails"}}]);
    for (pointer, value) in
        [("/runs/0/results", Value::Array(failed.collect())), ("/runs/0/tool/driver/rules", rules)]
    {
        if let Some(place) = log.pointer_mut(pointer) {
            *place = value;
        }
    }
    log
}

/// Cases of tests as one report of Kubernetes' policy working group.
pub fn test_report(cases: &[TestCase]) -> Value {
    let results = cases.iter().map(|case| {
        let (result, message) = match &case.outcome {
            TestOutcome::Passed => ("pass", String::new()),
            TestOutcome::Failed { reason } => ("fail", reason.clone()),
            TestOutcome::Skipped { reason } => ("skip", reason.clone()),
        };
        json!({
            "source": "fairway", "policy": case.test, "rule": case.case, "result": result, "message": message,
            "properties": {"file": case.file},
        })
    });
    report("", &results.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::json;

    use super::{finding_junit, policy_reports, sarif};

    #[test]
    fn one_finding_in_each_form() {
        let found = serde_json::from_value(json!({
            "policy": "No privileges", "rule": "Privileges/none", "severity": "critical", "enforcement": "deny",
            "outcome": {"type": "violation"}, "message": "a < b", "line": 7, "fix": "leave it out",
            "object": {"apiVersion": "v1", "kind": "Pod", "namespace": "shop", "name": "web", "file": "./a b.yaml"},
        }));
        let findings = [found.unwrap()];
        let log = sarif(&findings, "1");
        assert_eq!(log["runs"][0]["results"][0]["level"], "error");
        assert_eq!(
            log["runs"][0]["results"][0]["locations"][0]["physicalLocation"],
            json!({"artifactLocation": {"uri": "a%20b.yaml"}, "region": {"startLine": 7}})
        );
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["help"]["text"], "leave it out");
        let reports = policy_reports(&findings);
        assert_eq!((reports[0]["kind"].as_str(), reports.len()), (Some("PolicyReport"), 1));
        assert_eq!(reports[0]["summary"]["fail"], 1);
        let result = &reports[0]["results"][0];
        assert_eq!(
            (&result["policy"], &result["rule"], &result["result"]),
            (&json!("Privileges"), &json!("none"), &json!("fail"))
        );
        let xml = finding_junit(&findings, &["./a b.yaml".to_owned(), "good.yaml".to_owned()]);
        assert!(xml.contains("<testsuites tests=\"2\" failures=\"1\" skipped=\"0\">"), "{xml}");
        assert!(xml.contains("message=\"a &lt; b (./a b.yaml:7)\""), "{xml}");
    }
}
