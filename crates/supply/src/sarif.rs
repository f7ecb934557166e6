//! SARIF 2.1.0: what any scanner of code says.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
//!
//! Snippets are never read, and a message that holds a secret is not kept.

use std::collections::BTreeMap;

use fairway_domain::finding::Severity;
use fairway_secrets::AllowList;
use serde::Deserialize;
use serde_json::Value;

use crate::error::SupplyError;
use crate::evidence::{Evidence, EvidenceKind, Format, ScanResult, text, time};
use crate::severity;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Log {
    version: String,
    runs: Vec<Run>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Run {
    tool: Tool,
    results: Option<Vec<SarifResult>>,
    invocations: Option<Vec<Invocation>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    driver: Driver,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Driver {
    name: String,
    version: Option<String>,
    #[serde(rename = "semanticVersion")]
    semantic_version: Option<String>,
    rules: Option<Vec<Rule>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    id: String,
    properties: Value,
    default_configuration: Configuration,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    level: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Invocation {
    end_time_utc: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SarifResult {
    rule_id: Option<String>,
    rule_index: Option<usize>,
    rule: RuleReference,
    level: Option<String>,
    kind: Option<String>,
    message: Message,
    locations: Option<Vec<Value>>,
    suppressions: Option<Vec<Value>>,
    baseline_state: Option<String>,
    properties: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleReference {
    id: Option<String>,
    index: Option<usize>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    text: Option<String>,
    markdown: Option<String>,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let log: Log = serde_json::from_slice(bytes).map_err(|error| SupplyError::malformed("SARIF", error))?;
    if !log.version.is_empty() && log.version != "2.1.0" {
        return Err(SupplyError::UnknownVersion {
            format: "SARIF",
            version: text(&log.version),
            known: "2.1.0 is",
        });
    }
    let mut evidence = Evidence::new(EvidenceKind::Scan, Format::Sarif);
    let mut tools = Vec::new();
    for run in &log.runs {
        let driver = &run.tool.driver;
        let version = driver.semantic_version.as_deref().or(driver.version.as_deref()).unwrap_or_default();
        tools.push(text(&format!("{} {version}", driver.name)));
        let ended = run.invocations.iter().flatten().filter_map(|it| time(it.end_time_utc.as_deref()?)).max();
        evidence.created_at = evidence.created_at.max(ended);
        let rules = driver.rules.as_deref().unwrap_or_default();
        let by_id: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        for result in run.results.iter().flatten() {
            evidence.results.extend(scan_result(result, rules, &by_id));
        }
    }
    evidence.tool = Some(tools.join(", ")).filter(|it| !it.is_empty()).map(|it| text(&it));
    Ok(evidence)
}

fn scan_result(result: &SarifResult, rules: &[Rule], by_id: &BTreeMap<&str, &Rule>) -> Option<ScanResult> {
    let passed = matches!(result.kind.as_deref(), Some("pass" | "notApplicable" | "informational"));
    let gone = result.baseline_state.as_deref() == Some("absent");
    let suppressed = result.suppressions.iter().flatten().any(|it| {
        // A suppression that is only asked for, or was turned down, hides nothing.
        !matches!(it.get("status").and_then(Value::as_str), Some("underReview" | "rejected"))
    });
    if passed || gone || suppressed {
        return None;
    }
    let id = result.rule_id.as_deref().or(result.rule.id.as_deref());
    let index = result.rule_index.or(result.rule.index);
    let rule = index.and_then(|it| rules.get(it)).or_else(|| by_id.get(id?).copied());
    let score = [Some(&result.properties), rule.map(|it| &it.properties)].into_iter().flatten().find_map(
        |it| match it.get("security-severity")? {
            Value::String(score) => score.parse::<f64>().ok(),
            other => other.as_f64(),
        },
    );
    let level =
        result.level.as_deref().or_else(|| rule?.default_configuration.level.as_deref()).unwrap_or("warning");
    let severity: Option<Severity> = score.and_then(severity::of_score).or_else(|| severity::of_word(level));
    let place = result.locations.iter().flatten().next().and_then(|it| it.get("physicalLocation"));
    let message = result.message.text.as_deref().or(result.message.markdown.as_deref()).unwrap_or_default();
    let message = text(message);
    let shows_secret =
        !fairway_secrets::scan("message.env", message.as_bytes(), &AllowList::default()).findings.is_empty();
    Some(ScanResult {
        rule: text(id.or_else(|| Some(rule?.id.as_str())).unwrap_or_default()),
        severity,
        message: if shows_secret { "not shown, as it holds a secret".to_owned() } else { message },
        file: place.and_then(|it| it.pointer("/artifactLocation/uri")?.as_str()).map(text),
        line: place.and_then(|it| it.pointer("/region/startLine")?.as_u64()),
        is_secret: shows_secret,
    })
}
