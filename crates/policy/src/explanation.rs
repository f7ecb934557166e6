//! What a policy says about itself, for people: annotations of Fairway's, and those that Kyverno's catalog uses.

use fairway_domain::Diagnostic;
use fairway_domain::finding::Severity;
use serde_json::Value;

use crate::patch::PatchTemplate;
use crate::set::{PolicyDocument, PolicyInfo};
use crate::template::{annotation, at, severity, text};

/// The most controls that one policy names.
const MAX_CONTROLS: usize = 100;

/// The words beside a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Explanation {
    pub(crate) title: Option<String>,
    pub(crate) why: Option<String>,
    pub(crate) example: Option<String>,
    pub(crate) fix: Option<String>,
    pub(crate) docs: Option<String>,
    pub(crate) controls: Vec<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) patch: Option<PatchTemplate>,
}

impl Explanation {
    /// Reads `metadata.annotations`. What is wrong with one is reported, and counts as not said.
    pub(crate) fn read(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Self {
        let value = &document.value;
        let said = |own: &str, kyverno: &str| {
            let pointer = format!("/metadata/annotations/policies.kyverno.io~1{kyverno}");
            annotation(value, own).or_else(|| text(value, &pointer)).map(str::to_owned)
        };
        // Kyverno writes its severities with a capital letter at times; Fairway's own word is judged.
        let kyverno = text(value, "/metadata/annotations/policies.kyverno.io~1severity");
        let severity = severity(document, problems)
            .or_else(|| serde_json::from_value(Value::from(kyverno?.to_lowercase())).ok());
        let patch = annotation(value, "patch").and_then(|words| {
            PatchTemplate::read(words)
                .map_err(|reason| {
                    let message = format!("the annotation fairway.dev/patch cannot be used: {reason}");
                    let hint = "it is a list of {op: add|replace|remove, path: a JSON pointer, value: …}; \
                                {path}, {container} and {pod} stand for where the finding is";
                    problems.push(at(document, Diagnostic::error("policy-patch", message)).with_hint(hint));
                })
                .ok()
        });
        Self {
            title: said("title", "title"),
            why: said("why", "description"),
            example: said("example", "example"),
            fix: said("fix", "remediation"),
            docs: said("docs", "docs"),
            controls: said("controls", "controls").map(|words| controls(&words)).unwrap_or_default(),
            severity,
            patch,
        }
    }

    /// These words, and those of another where these are silent.
    pub(crate) fn or(self, other: &Self) -> Self {
        let first = |one: Option<String>, two: &Option<String>| one.or_else(|| two.clone());
        Self {
            title: first(self.title, &other.title),
            why: first(self.why, &other.why),
            example: first(self.example, &other.example),
            fix: first(self.fix, &other.fix),
            docs: first(self.docs, &other.docs),
            controls: if self.controls.is_empty() { other.controls.clone() } else { self.controls },
            severity: self.severity.or(other.severity),
            patch: self.patch.or_else(|| other.patch.clone()),
        }
    }

    /// The words as a part of what a policy is.
    pub(crate) fn info(&self, name: String) -> PolicyInfo {
        PolicyInfo {
            title: self.title.clone().unwrap_or_else(|| name.clone()),
            name,
            why: self.why.clone(),
            example: self.example.clone(),
            fix: self.fix.clone(),
            docs: self.docs.clone(),
            controls: self.controls.clone(),
            severity: self.severity.unwrap_or_default(),
            enforcement: fairway_domain::finding::Enforcement::Deny,
            template: String::new(),
            constraint: String::new(),
            file: None,
            patch: self.patch.clone(),
        }
    }
}

/// One control on each line, or separated by commas where there is one line.
fn controls(words: &str) -> Vec<String> {
    let separator = if words.contains('\n') { '\n' } else { ',' };
    words
        .split(separator)
        .map(|word| word.trim().trim_start_matches("- ").to_owned())
        .filter(|word| !word.is_empty())
        .take(MAX_CONTROLS)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Explanation;
    use crate::set::PolicyDocument;

    #[test]
    fn words_of_both_kinds_and_what_is_wrong_with_them() {
        let value = json!({"metadata": {"annotations": {
            "fairway.dev/title": "No privileges", "policies.kyverno.io/title": "other",
            "policies.kyverno.io/description": "Because.", "policies.kyverno.io/severity": "High",
            "fairway.dev/controls": "CIS-K8s 5.2.1, SOC2 CC6.1",
            "fairway.dev/patch": "[{op: swap, path: /a}]",
        }}});
        let mut problems = Vec::new();
        let document = PolicyDocument { value, file: Some("p.yaml".into()) };
        let words = Explanation::read(&document, &mut problems);
        assert_eq!(words.title.as_deref(), Some("No privileges"));
        assert_eq!(words.why.as_deref(), Some("Because."));
        assert_eq!(words.severity, Some(fairway_domain::finding::Severity::High));
        assert_eq!(words.controls, ["CIS-K8s 5.2.1", "SOC2 CC6.1"]);
        assert!(words.patch.is_none());
        let said: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert!(matches!(said.as_slice(), [only] if only.contains("\"swap\"")), "{said:?}");
    }
}
