//! Annotations of Rego: comments after `# METADATA`, in YAML, about the package or the rule that follows.
//! <https://www.openpolicyagent.org/docs/policy-language#metadata>

use serde_json::Value;

/// What an annotation is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Package,
    Rule(String),
}

/// The annotations of a source, in order. What is not YAML is passed over: to OPA it is a comment.
pub(super) fn annotations(path: &str, text: &str) -> Vec<(Scope, Value)> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() != "# METADATA" {
            continue;
        }
        let mut words = String::new();
        while let Some(comment) = lines.peek().and_then(|line| line.strip_prefix('#')) {
            words.push_str(comment.strip_prefix(' ').unwrap_or(comment));
            words.push('\n');
            lines.next();
        }
        let reading = fairway_yaml::read(path, &words, &fairway_yaml::Limits::default());
        let Some(document) = reading.documents.into_iter().next() else { continue };
        let statement = lines.clone().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let name: String = statement
            .unwrap_or_default()
            .trim_start_matches("default ")
            .chars()
            .take_while(|character| crate::token::is_word(*character))
            .collect();
        let scope = match document.value.get("scope").and_then(Value::as_str) {
            Some("package" | "subpackages") => Scope::Package,
            _ if name == "package" => Scope::Package,
            _ => Scope::Rule(name),
        };
        found.push((scope, document.value));
    }
    found
}
