//! What a cluster is told about a request.

use std::collections::BTreeMap;

use fairway_domain::finding::{Enforcement, Finding, Outcome};
use serde_json::Value;

use crate::admission::Assessment;

/// The longest warning, in characters; clients cut what is longer.
const MAX_WARNING: usize = 256;
/// The most characters of warnings in all; API servers cut what is longer.
const MAX_WARNINGS: usize = 4_096;
/// The most findings that a message names.
const MAX_NAMED: usize = 20;
/// The longest annotation, in characters.
const MAX_ANNOTATION: usize = 2_000;
/// The longest key of an annotation; the name part of a qualified name has no more.
const MAX_KEY: usize = 63;

/// What a denial comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdmissionMode {
    /// The request is refused.
    #[default]
    Enforce,
    /// Nothing is refused; what would be is said.
    Audit,
}

/// What becomes of a request that a denying policy could not be evaluated for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// It is refused.
    #[default]
    Fail,
    /// It is let in, with a warning.
    Ignore,
}

/// How requests are decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// What a denial comes to.
    pub mode: AdmissionMode,
    /// What becomes of what could not be evaluated.
    pub failure: FailurePolicy,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Admission {
    /// Whether the request goes on.
    pub allowed: bool,
    /// Whether it would be refused if denials were enforced.
    pub would_deny: bool,
    /// The HTTP status of a refusal; 200 for what goes on.
    pub code: u16,
    /// Why it is refused, for people.
    pub message: String,
    /// What the one who asks is shown.
    pub warnings: Vec<String>,
    /// What is written into the cluster's audit log, by keys without a prefix.
    pub audit_annotations: BTreeMap<String, String>,
    /// How the object is changed (RFC 6902).
    pub patch: Vec<Value>,
    /// What the policies found.
    pub findings: Vec<Finding>,
}

/// What follows from one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// The request is refused.
    Deny,
    /// It would be refused if denials were enforced.
    WouldDeny,
    /// The one who asks is warned.
    Warn,
    /// It is recorded.
    Record,
}

/// What follows from a finding.
pub fn consequence(finding: &Finding, settings: AdmissionSettings) -> Consequence {
    let is_doubt = matches!(finding.outcome, Outcome::NotEvaluated { .. });
    match finding.enforcement {
        Enforcement::Deny if finding.blocks() && !(is_doubt && settings.failure == FailurePolicy::Ignore) => {
            match settings.mode {
                AdmissionMode::Enforce => Consequence::Deny,
                AdmissionMode::Audit => Consequence::WouldDeny,
            }
        }
        Enforcement::Deny | Enforcement::Warn => Consequence::Warn,
        Enforcement::Dryrun => Consequence::Record,
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// One finding in one line.
fn line(finding: &Finding) -> String {
    let message = finding.message.split_whitespace().collect::<Vec<_>>().join(" ");
    match &finding.waiver {
        Some(waiver) => format!("[{}] {message} (waived until {})", finding.rule, waiver.until),
        None => format!("[{}] {message}", finding.rule),
    }
}

fn lines<'f>(findings: impl Iterator<Item = &'f Finding>, between: &str) -> String {
    let mut lines: Vec<String> = findings.map(|finding| cut(&line(finding), 500)).collect();
    let more = lines.len().saturating_sub(MAX_NAMED);
    lines.truncate(MAX_NAMED);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join(between)
}

/// A key that the audit log takes.
fn key(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let key: String = text.chars().map(|c| if fits(c) { c } else { '-' }).take(MAX_KEY).collect();
    let key = key.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if key.is_empty() { "annotation".to_owned() } else { key.to_owned() }
}

impl Admission {
    /// The answer where nothing could be told, for example for want of time.
    pub fn undecided(reason: &str, settings: AdmissionSettings) -> Self {
        let is_refused = settings.mode == AdmissionMode::Enforce && settings.failure == FailurePolicy::Fail;
        let message = format!("the policies could not be evaluated: {reason}");
        let annotation = cut(&message, MAX_ANNOTATION);
        Self {
            allowed: !is_refused,
            would_deny: settings.failure == FailurePolicy::Fail,
            code: if is_refused { 500 } else { 200 },
            message: if is_refused { message.clone() } else { String::new() },
            warnings: vec![cut(&message, MAX_WARNING)],
            audit_annotations: BTreeMap::from([("not-evaluated".to_owned(), annotation)]),
            patch: Vec::new(),
            findings: Vec::new(),
        }
    }

    pub(crate) fn of(assessment: Assessment, settings: AdmissionSettings) -> Self {
        let Assessment { findings, annotations, patch } = assessment;
        let with = |wanted: Consequence| {
            findings.iter().filter(move |finding| consequence(finding, settings) == wanted)
        };
        let allowed = with(Consequence::Deny).next().is_none();
        let would_deny = !allowed || with(Consequence::WouldDeny).next().is_some();
        let mut audit_annotations = BTreeMap::new();
        let mut annotate = |name: &str, value: String| {
            if !value.is_empty() {
                audit_annotations.entry(key(name)).or_insert_with(|| cut(&value, MAX_ANNOTATION));
            }
        };
        annotate("denied", lines(with(Consequence::Deny), "; "));
        annotate("would-be-denied", lines(with(Consequence::WouldDeny), "; "));
        annotate("warned", lines(with(Consequence::Warn), "; "));
        annotate("recorded", lines(with(Consequence::Record), "; "));
        let doubtful = |it: &&Finding| matches!(it.outcome, Outcome::NotEvaluated { .. });
        annotate("not-evaluated", lines(findings.iter().filter(doubtful), "; "));
        for (policy, name, value) in annotations {
            annotate(&format!("{policy}.{name}"), value);
        }
        let mut warnings = Vec::new();
        let mut room = MAX_WARNINGS;
        let audited = with(Consequence::WouldDeny).map(|it| format!("would be denied: {}", line(it)));
        for warning in audited.chain(with(Consequence::Warn).map(line)) {
            let warning = cut(&warning, MAX_WARNING);
            let Some(rest) = room.checked_sub(warning.len()) else { break };
            room = rest;
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        let message = if allowed { String::new() } else { lines(with(Consequence::Deny), "\n") };
        Self {
            allowed,
            would_deny,
            code: if allowed { 200 } else { 403 },
            message,
            warnings,
            audit_annotations,
            patch: if allowed { patch } else { Vec::new() },
            findings,
        }
    }
}
