//! Constraints: a template applied to some objects, with parameters and an enforcement.

use fairway_domain::Diagnostic;
use fairway_domain::finding::Enforcement;
use serde_json::{Map, Value};

use crate::cel_template::constraint_document;
use crate::explanation::Explanation;
use crate::set::PolicyDocument;
use crate::template::{at, text};

/// The group of constraints.
pub(crate) const GROUP: &str = "constraints.gatekeeper.sh/";

/// A constraint as it was written.
pub(crate) struct Constraint {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) explanation: Explanation,
    pub(crate) enforcement: Enforcement,
    pub(crate) criteria: Map<String, Value>,
    pub(crate) parameters: Value,
    /// The constraint itself, as CEL sees it.
    pub(crate) document: Value,
    pub(crate) file: Option<String>,
}

impl Constraint {
    pub(crate) fn read(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        let value = &document.value;
        let (Some(kind), Some(name)) = (text(value, "/kind"), text(value, "/metadata/name")) else {
            problems.push(at(
                document,
                Diagnostic::error("policy-constraint", "a constraint needs kind and metadata.name"),
            ));
            return None;
        };
        let object = |pointer: &str| value.pointer(pointer).and_then(Value::as_object).cloned();
        let parameters = Value::Object(object("/spec/parameters").unwrap_or_default());
        Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            explanation: Explanation::read(document, problems),
            enforcement: enforcement(document, problems),
            criteria: object("/spec/match").unwrap_or_default(),
            document: constraint_document(value, &parameters),
            parameters,
            file: document.file.clone(),
        })
    }

    /// The name that findings carry.
    pub(crate) fn rule(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

/// `spec.enforcementAction`, which is deny when absent. Of scoped actions the strictest counts. A word that is
/// unknown is a problem, and counts as deny.
fn enforcement(document: &PolicyDocument, problems: &mut Vec<Diagnostic>) -> Enforcement {
    let value = &document.value;
    let mut words = vec![text(value, "/spec/enforcementAction").unwrap_or("deny")];
    if words == ["scoped"] {
        let scoped = value.pointer("/spec/scopedEnforcementActions").and_then(Value::as_array);
        words = scoped.into_iter().flatten().filter_map(|action| text(action, "/action")).collect();
    }
    let mut strictest = None;
    for word in words {
        let enforcement = serde_json::from_value(Value::from(word)).unwrap_or_else(|_| {
            let message = format!("the enforcementAction \"{word}\" is unknown, and is taken as deny");
            problems.push(
                at(document, Diagnostic::error("policy-constraint", message))
                    .with_hint("use deny, warn or dryrun"),
            );
            Enforcement::Deny
        });
        strictest = strictest.max(Some(enforcement));
    }
    strictest.unwrap_or(Enforcement::Deny)
}
