//! The policies of a test that are written in expressions.

use std::collections::BTreeMap;

use fairway_domain::Diagnostic;
use serde_json::{Map, Value, json};

use super::Response;
use super::read::Suite;
use crate::admission_match::Subject;
use crate::admission_policy::NamespaceObjects;
use crate::cel::{RuleVerdict, Supplied};
use crate::kyverno::status::{RuleResult, Status};
use crate::matching::Namespaces;
use crate::review::Review;
use crate::set::{PolicyDocument, PolicyObject};
use crate::vpol::{Answer, CelPolicy, Purpose, Surroundings};
use crate::vpol_exception::Exceptions;

/// Policies in expressions, with what a test gives them.
#[derive(Default)]
pub(crate) struct Expressions {
    policies: Vec<CelPolicy>,
    exceptions: Exceptions,
    /// Objects of the cluster, where the test gives some.
    resources: Option<Vec<Value>>,
    /// What registries say of images, by reference.
    images: Option<Map<String, Value>>,
    namespaces: BTreeMap<String, Value>,
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

impl Expressions {
    /// Takes a policy or an exception when it is one of these, and says whether it did.
    pub(crate) fn take(&mut self, document: &PolicyDocument) -> bool {
        // What is wrong with a policy it says itself when it is asked.
        let mut unheard: Vec<Diagnostic> = Vec::new();
        if self.exceptions.take(document, &mut unheard) {
            return true;
        }
        match CelPolicy::read(document, &mut unheard) {
            Some(policy) => self.policies.push(policy),
            None => return false,
        }
        true
    }

    /// Takes what stands for the cluster and the registries (`kind: Context`).
    pub(crate) fn surround(&mut self, context: &Value) {
        if context.pointer("/spec/resources").is_some() {
            self.resources.get_or_insert_default().extend(list(context, "/spec/resources").cloned());
        }
        for image in list(context, "/spec/images") {
            let reference = text(image, "/image").to_owned();
            self.images.get_or_insert_default().insert(reference, image.clone());
        }
    }

    /// Takes the namespaces of a file of values: whole ones, and those of which labels are given.
    pub(crate) fn settle(&mut self, values: &Value) {
        for selector in list(values, "/namespaceSelector") {
            let name = text(selector, "/name");
            let labels = selector.get("labels").cloned().unwrap_or_else(|| json!({}));
            self.namespaces.insert(name.to_owned(), namespace(name, &labels));
        }
        for namespace in list(values, "/namespaces") {
            self.namespaces.insert(text(namespace, "/metadata/name").to_owned(), namespace.clone());
        }
    }

    /// Whether there is a policy of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.policies.iter().any(|policy| policy.name == name)
    }
}

fn namespace(name: &str, labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// In a test a namespace of which nothing is said has a name and nothing else.
struct Settled<'s> {
    known: &'s BTreeMap<String, Value>,
    plain: Value,
}

impl NamespaceObjects for Settled<'_> {
    fn object(&self, name: &str) -> Option<&Value> {
        if name.is_empty() { None } else { Some(self.known.get(name).unwrap_or(&self.plain)) }
    }
}

impl Namespaces for Settled<'_> {
    fn labels(&self, namespace: &str) -> Option<&Map<String, Value>> {
        static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
        Some(self.object(namespace)?.pointer("/metadata/labels").and_then(Value::as_object).unwrap_or(&NONE))
    }
}

/// Asks the policies of one purpose about an object; those that change it leave it changed.
pub(crate) fn respond<'s>(
    suite: &'s Suite,
    purpose: Purpose,
    object: &'s Value,
    current: &mut Value,
    now: Option<&str>,
    responses: &mut Vec<Response<'s>>,
) {
    let expressions = &suite.expressions;
    for policy in expressions.policies.iter().filter(|policy| policy.purpose == purpose) {
        let question = suite.values.question(suite, &policy.name, current);
        let request = question.request(&suite.user);
        let kind = request.kind;
        let mut asked = json!({
            "operation": request.operation.as_str(),
            "object": request.object,
            "oldObject": request.old_object,
            "name": request.name,
            "namespace": request.namespace,
            "kind": {"group": kind.group, "version": kind.version, "kind": kind.name},
            "resource": {
                "group": kind.group, "version": kind.version,
                "resource": crate::resource_name::resource(kind.name),
            },
            "subResource": kind.subresource,
            "userInfo": request.user.describe(),
            "dryRun": request.dry_run,
        });
        if let Some(members) = asked.as_object_mut() {
            for (key, value) in request.given {
                members.insert(key.clone(), value.clone());
            }
        }
        let review = json!({"kind": "AdmissionReview", "request": asked});
        let source = PolicyObject { value: review, file: None, environment: None };
        let review = Review::new(&source);
        let subject = Subject::of(&review);
        let plain = namespace(subject.namespace, &json!({}));
        let settled = Settled { known: &expressions.namespaces, plain };
        let asked = review.admission_request();
        let answer = policy.answer(&review, &subject, &settled, || Surroundings {
            namespace: settled.object(subject.namespace),
            request: &asked,
            supplied: Supplied {
                resources: expressions.resources.as_deref(),
                images: expressions.images.as_ref(),
                global_context: None,
                now: now.and_then(|now| Some(now.parse::<jiff::Timestamp>().ok()?.as_second())),
            },
            exceptions: &expressions.exceptions,
        });
        let Some(answer) = answer else { continue };
        let (status, message, patched) = match answer {
            Answer::Verdicts(verdicts) => judge(verdicts.rules),
            Answer::Error(reason) => (Status::Error, reason, None),
            Answer::Skipped(condition) => {
                (Status::Skip, format!("the condition \"{condition}\" does not hold"), None)
            }
            Answer::Mutated(object) => (Status::Pass, "the object is changed".to_owned(), Some(object)),
        };
        let mut result = RuleResult::new(&policy.name, status, message);
        if let Some(object) = &patched {
            current.clone_from(object);
            result.patched = patched;
        }
        responses.push(Response {
            policy: policy.name.clone(),
            object,
            results: vec![result],
            patched: current.clone(),
        });
    }
}

/// The first validation that does not hold counts.
fn judge(verdicts: Vec<RuleVerdict>) -> (Status, String, Option<Value>) {
    for verdict in verdicts {
        match verdict {
            RuleVerdict::Passed => {}
            RuleVerdict::Failed { message } => return (Status::Fail, message, None),
            RuleVerdict::Error { reason } => return (Status::Error, reason, None),
            RuleVerdict::Skipped { condition } => {
                return (Status::Skip, format!("the condition \"{condition}\" does not hold"), None);
            }
        }
    }
    (Status::Pass, "every expression holds".to_owned(), None)
}
