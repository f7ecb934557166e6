//! PolicyExceptions of Kyverno's policies in CEL.

use std::sync::LazyLock;

use fairway_domain::Diagnostic;
use serde_json::{Value, json};

use crate::cel::{Bindings, Rules, RulesSource};
use crate::set::PolicyDocument;
use crate::template::text;
use crate::vpol::GROUP;

/// Exceptions, compiled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exceptions {
    exceptions: Vec<Exception>,
}

#[derive(Clone, Debug)]
struct Exception {
    name: String,
    /// Kind and name of the policies; the kind may be left out.
    policies: Vec<(String, String)>,
    rules: Rules,
    /// Images that are allowed; the policy itself has to look at them.
    images: Vec<Value>,
    /// Values that are allowed, likewise.
    values: Vec<Value>,
}

/// What exceptions make of a policy.
pub(crate) enum Excepted<'e> {
    No,
    /// The policy is not about the object, by the exception of this name.
    Skipped(&'e str),
    /// The policy sees this as `exceptions`.
    Granted(Value),
}

/// What a policy sees as `exceptions` where there are none.
pub(crate) static NONE: LazyLock<Value> = LazyLock::new(|| json!({"allowedImages": [], "allowedValues": []}));

impl Exceptions {
    /// Takes a document when it is an exception, and says whether it did. One that does not compile is
    /// reported, and excepts nothing.
    pub(crate) fn take(&mut self, document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> bool {
        let value = &document.value;
        let is_one = text(value, "/kind") == Some("PolicyException")
            && text(value, "/apiVersion").is_some_and(|version| version.starts_with(GROUP));
        if !is_one {
            return false;
        }
        let name = text(value, "/metadata/name").unwrap_or_default();
        let place = format!("{}#spec", document.file.as_deref().unwrap_or(name));
        let spec = |key: &str| value.pointer(&format!("/spec/{key}"));
        let source = RulesSource {
            place: &place,
            match_conditions: spec("matchConditions"),
            kyverno: true,
            ..RulesSource::default()
        };
        let references = spec("policyRefs").and_then(Value::as_array).into_iter().flatten();
        let list = |key: &str| spec(key).and_then(Value::as_array).cloned().unwrap_or_default();
        match Rules::compile(&source) {
            Ok(rules) => self.exceptions.push(Exception {
                name: name.to_owned(),
                policies: references
                    .filter_map(|reference| {
                        let kind = text(reference, "/kind").unwrap_or_default();
                        Some((kind.to_owned(), text(reference, "/name")?.to_owned()))
                    })
                    .collect(),
                rules,
                images: list("images"),
                values: list("allowedValues"),
            }),
            Err(found) => problems.extend(found),
        }
        true
    }

    /// What exceptions make of a policy for an object.
    pub(crate) fn except(
        &self,
        kind: &str,
        policy: &str,
        bindings: &Bindings<'_>,
    ) -> Result<Excepted<'_>, String> {
        let mut granted: Option<[Vec<Value>; 2]> = None;
        for exception in &self.exceptions {
            let is_meant =
                exception.policies.iter().any(|(of, name)| name == policy && (of.is_empty() || of == kind));
            if !is_meant {
                continue;
            }
            match exception.rules.unmet(bindings) {
                Ok(Some(_)) => {}
                Ok(None) if exception.images.is_empty() && exception.values.is_empty() => {
                    return Ok(Excepted::Skipped(&exception.name));
                }
                Ok(None) => {
                    let [images, values] = granted.get_or_insert_default();
                    images.extend(exception.images.iter().cloned());
                    values.extend(exception.values.iter().cloned());
                }
                Err(reason) => return Err(format!("the exception {}: {reason}", exception.name)),
            }
        }
        Ok(match granted {
            None => Excepted::No,
            Some([images, values]) => {
                Excepted::Granted(json!({"allowedImages": images, "allowedValues": values}))
            }
        })
    }
}
