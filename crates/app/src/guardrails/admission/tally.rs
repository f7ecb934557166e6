//! What clusters were told, counted by the hour: a flood of requests leaves a bounded number of records.

use std::collections::BTreeMap;

use fairway_domain::Timestamp;
use fairway_domain::finding::{Finding, ObjectRef, Outcome, Severity};
use fairway_policy::{AdmissionRequest, Consequence};
use serde::Serialize;
use serde_json::Value;

/// How many different policies and objects are told apart in an hour. What comes after is counted together.
const MAX_ENTRIES: usize = 200;
/// The longest part of a subject, in characters.
const MAX_PART: usize = 200;
/// The longest message that is kept, in characters.
const MAX_MESSAGE: usize = 500;

/// The requests of one hour that one policy found one object wrong in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    /// The beginning of the hour.
    hour: Timestamp,
    /// `denied`, `would-be-denied`, `warned` or `recorded`.
    decision: &'static str,
    /// The policy; none where several are counted together.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<ObjectRef>,
    /// Whether the policy could be evaluated.
    evaluated: bool,
    /// How often.
    count: u64,
    first: Timestamp,
    last: Timestamp,
    /// What happened in the last of them.
    operation: &'static str,
    resource: String,
    /// Who asked in the last of them.
    user: String,
    message: String,
    /// How many of them are written down already.
    #[serde(skip)]
    written: u64,
}

/// What was counted and may not be written down yet, by subject.
#[derive(Default)]
pub(crate) struct Tally {
    entries: BTreeMap<String, Entry>,
}

fn hour_of(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().div_euclid(3_600) * 3_600).unwrap_or(now)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// An object as it is written down: whoever may ask could name it by megabytes.
fn bounded(object: &ObjectRef) -> ObjectRef {
    let part = |text: &String| cut(text, MAX_PART);
    ObjectRef {
        api_version: part(&object.api_version),
        kind: part(&object.kind),
        namespace: part(&object.namespace),
        name: part(&object.name),
        file: object.file.as_ref().map(part),
        environment: object.environment.as_ref().map(part),
        service: object.service.as_ref().map(part),
    }
}

fn word(consequence: Consequence) -> &'static str {
    match consequence {
        Consequence::Deny => "denied",
        Consequence::WouldDeny => "would-be-denied",
        Consequence::Warn => "warned",
        Consequence::Record => "recorded",
    }
}

impl Tally {
    /// Counts one finding.
    pub(crate) fn count(
        &mut self,
        now: Timestamp,
        request: &AdmissionRequest,
        finding: &Finding,
        consequence: Consequence,
    ) {
        let (hour, decision) = (hour_of(now), word(consequence));
        let object = &finding.object;
        let name =
            [object.namespace.as_str(), &object.kind, &object.name].map(|part| cut(part, MAX_PART)).join("/");
        let mut subject = format!("{hour} {decision} {} {name}", cut(&finding.rule, MAX_PART));
        let is_known = self.entries.contains_key(&subject);
        let in_this_hour = self.entries.values().filter(|entry| entry.hour == hour).count();
        let is_told_apart = is_known || in_this_hour < MAX_ENTRIES;
        if !is_told_apart {
            subject = format!("{hour} {decision} others");
        }
        let of = |text: &String| is_told_apart.then(|| cut(text, MAX_PART));
        let entry = self.entries.entry(subject).or_insert_with(|| Entry {
            hour,
            decision,
            rule: of(&finding.rule),
            policy: of(&finding.policy),
            severity: is_told_apart.then_some(finding.severity),
            object: is_told_apart.then(|| bounded(object)),
            evaluated: true,
            count: 0,
            first: now,
            last: now,
            operation: "",
            resource: String::new(),
            user: String::new(),
            message: String::new(),
            written: 0,
        });
        entry.count += 1;
        entry.last = now;
        entry.evaluated = finding.outcome == Outcome::Violation;
        entry.operation = request.operation().as_str();
        entry.resource = cut(&request.resource(), MAX_PART);
        entry.user = cut(request.user(), MAX_PART);
        entry.message = cut(&finding.message, MAX_MESSAGE);
    }

    /// What is to be written down now, by subject. What belongs to an hour that is over is forgotten with that.
    pub(crate) fn due(&mut self, now: Timestamp, all: bool) -> Vec<(String, Value)> {
        let hour = hour_of(now);
        let mut due = Vec::new();
        for (subject, entry) in &mut self.entries {
            let is_over = all || entry.hour != hour;
            if entry.written == 0 || (is_over && entry.written != entry.count) {
                entry.written = entry.count;
                due.push((subject.clone(), serde_json::to_value(&*entry).unwrap_or_default()));
            }
        }
        self.entries.retain(|_, entry| entry.hour == hour);
        due
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_domain::Timestamp;
    use fairway_domain::finding::Finding;
    use fairway_policy::{AdmissionRequest, Consequence};
    use serde_json::json;

    use super::{MAX_ENTRIES, Tally};

    fn finding(name: &str) -> Finding {
        serde_json::from_value(json!({
            "policy": "P", "rule": "r", "severity": "high", "enforcement": "deny",
            "outcome": {"type": "violation"}, "object": {"apiVersion": "v1", "kind": "Pod", "name": name},
            "message": "no",
        }))
        .unwrap()
    }

    fn request() -> AdmissionRequest {
        AdmissionRequest::read(json!({
            "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
            "request": {
                "uid": "u", "operation": "CREATE", "userInfo": {"username": "ada"},
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "resource": {"group": "", "version": "v1", "resource": "pods"},
                "object": {"metadata": {"name": "a"}},
            },
        }))
        .unwrap()
    }

    #[test]
    fn a_flood_leaves_few_records() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (request, mut tally) = (request(), Tally::default());
        for _ in 0..1_000 {
            tally.count(at("2030-01-01T10:05:00Z"), &request, &finding("a"), Consequence::Deny);
        }
        let first = tally.due(at("2030-01-01T10:05:30Z"), false);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].0, "2030-01-01T10:00:00Z denied r /Pod/a");
        assert_eq!((&first[0].1["count"], &first[0].1["user"]), (&json!(1_000), &json!("ada")));
        tally.count(at("2030-01-01T10:59:00Z"), &request, &finding("a"), Consequence::Deny);
        assert!(tally.due(at("2030-01-01T10:59:30Z"), false).is_empty(), "the hour is not over");
        for index in 0..5_000 {
            tally.count(
                at("2030-01-01T10:59:40Z"),
                &request,
                &finding(&index.to_string()),
                Consequence::Deny,
            );
        }
        let last = tally.due(at("2030-01-01T11:00:00Z"), false);
        assert_eq!(last.len(), MAX_ENTRIES + 1);
        assert!(last.iter().any(|(subject, body)| subject.ends_with("/Pod/a") && body["count"] == 1_001));
        let others = last.iter().find(|(subject, _)| subject.ends_with("denied others")).unwrap();
        assert_eq!(others.1["count"], 5_000 - (MAX_ENTRIES as u64 - 1));
        assert!(tally.due(at("2030-01-01T12:00:00Z"), true).is_empty());
    }
}
