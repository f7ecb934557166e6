//! The policies that ship with the binary, as many as a measurement wants: copies with names of their own.

use fairway_policy::{PolicyDocument, PolicySet};
use serde_json::Value;

use crate::example;
use crate::failure::CliError;

/// The documents of one file, which belong together.
struct Policy {
    file: String,
    documents: Vec<Value>,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn shipped() -> Result<Vec<Policy>, CliError> {
    let mut policies = Vec::new();
    for (path, file) in example::policies()?.iter() {
        let is_yaml = matches!(path.file_name().rsplit_once('.'), Some((_, "yaml" | "yml")));
        let Some(content) = file.text().filter(|_| is_yaml) else { continue };
        let reading = fairway_yaml::read(path.as_str(), content, &fairway_yaml::Limits::default());
        let documents: Vec<Value> = reading
            .documents
            .into_iter()
            .map(|document| document.value)
            .filter(|value| fairway_catalog::is_policy(text(value, "/apiVersion")))
            .collect();
        if !documents.is_empty() {
            policies.push(Policy { file: path.to_string(), documents });
        }
    }
    Ok(policies)
}

fn set(value: &mut Value, pointer: &str, text: String) {
    if let Some(place) = value.pointer_mut(pointer) {
        *place = text.into();
    }
}

/// The same document under other names: a template and its constraints, a policy and its binding stay together.
fn renamed(mut value: Value, copy: usize) -> Value {
    if copy == 0 {
        return value;
    }
    let kind = text(&value, "/kind").to_owned();
    let name = format!("{}-copy{copy}", text(&value, "/metadata/name"));
    if kind == "ConstraintTemplate" {
        let defined = format!("{}Copy{copy}", text(&value, "/spec/crd/spec/names/kind"));
        set(&mut value, "/metadata/name", defined.to_lowercase());
        set(&mut value, "/spec/crd/spec/names/kind", defined);
    } else if text(&value, "/apiVersion").starts_with("constraints.gatekeeper.sh/") {
        set(&mut value, "/kind", format!("{kind}Copy{copy}"));
    } else {
        set(&mut value, "/metadata/name", name);
        let bound = format!("{}-copy{copy}", text(&value, "/spec/policyName"));
        set(&mut value, "/spec/policyName", bound);
    }
    value
}

/// Whether a document makes a policy that can find something.
fn counts(value: &Value) -> bool {
    text(value, "/apiVersion").starts_with("constraints.gatekeeper.sh/")
        || matches!(
            text(value, "/kind"),
            "ValidatingAdmissionPolicyBinding" | "ClusterPolicy" | "Policy" | "ValidatingPolicy"
        )
}

/// Policies that can find something, at least `count`; the shipped ones, and copies of them.
pub fn policies(count: usize) -> Result<PolicySet, CliError> {
    let shipped = shipped()?;
    let (mut documents, mut found) = (Vec::new(), 0);
    for copy in 0..=count {
        for policy in &shipped {
            if found >= count {
                return Ok(PolicySet::compile(documents).0);
            }
            found += policy.documents.iter().filter(|value| counts(value)).count();
            documents.extend(policy.documents.iter().map(|value| PolicyDocument {
                value: renamed(value.clone(), copy),
                file: Some(format!("{}#{copy}", policy.file)),
            }));
        }
    }
    Err(CliError::failed("there are no policies in this binary", None))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[test]
    fn copies_are_policies_of_their_own() {
        let set = super::policies(50).unwrap();
        assert!(set.policies().len() >= 50, "{}", set.policies().len());
    }
}
