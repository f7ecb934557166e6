//! The place inside an object that a violation is about.

use serde_json::Value;

/// Where pods stand inside workloads, as JSON pointer and as people write it.
const POD_SPECS: &[(&str, &str)] = &[
    ("/spec/template/spec", "spec.template.spec"),
    ("/spec/jobTemplate/spec/template/spec", "spec.jobTemplate.spec.template.spec"),
    ("/spec", "spec"),
];

/// The policy's own word (`details.path`), else the container that the message names, when only one fits.
pub(crate) fn locate(object: &Value, details: Option<&Value>, message: &str) -> Option<String> {
    if let Some(path) = details.and_then(|details| details.get("path")).and_then(Value::as_str) {
        return Some(path.chars().take(500).collect());
    }
    let mut found = Vec::new();
    for (pointer, path) in POD_SPECS {
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            let containers = object.pointer(&format!("{pointer}/{list}")).and_then(Value::as_array);
            for (index, container) in containers.into_iter().flatten().enumerate() {
                let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
                if !name.is_empty() && names(message, name) {
                    found.push(format!("{path}.{list}[{index}]"));
                }
            }
        }
    }
    match found.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// `<name>`, `"name"`, `'name'`, or the word after "container".
fn names(message: &str, name: &str) -> bool {
    let quoted = [("<", ">"), ("\"", "\""), ("'", "'")];
    if quoted.iter().any(|(open, close)| message.contains(&format!("{open}{name}{close}"))) {
        return true;
    }
    let lower = message.to_lowercase();
    let marked = format!("container {}", name.to_lowercase());
    lower.match_indices(&marked).any(|(at, _)| {
        let after = lower.get(at + marked.len()..).and_then(|rest| rest.chars().next());
        after.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '-')
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::locate;

    #[test]
    fn the_container_that_the_message_names() {
        let object = json!({"spec": {"template": {"spec": {
            "containers": [{"name": "web"}, {"name": "web-2"}],
            "initContainers": [{"name": "setup"}],
        }}}});
        let at = |message: &str| locate(&object, None, message);
        assert_eq!(
            at("container <web-2> has no limits").as_deref(),
            Some("spec.template.spec.containers[1]")
        );
        assert_eq!(at("Container web is privileged").as_deref(), Some("spec.template.spec.containers[0]"));
        assert_eq!(at("initContainer \"setup\" x").as_deref(), Some("spec.template.spec.initContainers[0]"));
        assert_eq!(at("<web> and <setup>"), None);
        assert_eq!(at("something else"), None);
        assert_eq!(
            locate(&object, Some(&json!({"path": "spec.replicas"})), "x").as_deref(),
            Some("spec.replicas")
        );
    }
}
