//! `validate.cel`: expressions of Kubernetes' own policies in a rule of Kyverno.

use serde_json::{Value, json};

use super::context::World;
use super::jmespath::QueryError;
use super::validate::Verdict;
use crate::cel::{Bindings, RuleVerdict, Rules, RulesSource};

/// The expressions of a rule, compiled.
#[derive(Clone, Debug)]
pub(crate) struct CelRule {
    rules: Rules,
    /// Whether an expression looks at the object through the request, for which it has to be copied.
    needs_request_object: bool,
    has_parameters: bool,
}

impl CelRule {
    pub(crate) fn read(cel: &Value, preconditions: Option<&Value>) -> Result<Self, QueryError> {
        let source = RulesSource {
            place: "validate.cel",
            match_conditions: preconditions,
            variables: cel.get("variables"),
            validations: cel.get("expressions"),
            audit_annotations: cel.get("auditAnnotations"),
            ..RulesSource::default()
        };
        let rules = Rules::compile(&source).map_err(|problems| {
            let messages: Vec<String> = problems.iter().map(|problem| problem.message.clone()).collect();
            QueryError::Failed(messages.join("; "))
        })?;
        if rules.is_empty() {
            return Err(QueryError::Failed("validate.cel has no expressions".to_owned()));
        }
        let written = format!("{cel}{}", preconditions.unwrap_or(&Value::Null));
        let needs_request_object =
            ["request.object", "request.oldObject"].iter().any(|it| written.contains(it));
        Ok(Self { rules, needs_request_object, has_parameters: cel.get("paramKind").is_some() })
    }

    pub(crate) fn ask(&self, world: &World<'_>) -> Verdict {
        let request = world.request;
        let object = if request.is_deletion() { &Value::Null } else { world.object() };
        let kind = request.kind;
        let resource = crate::resource_name::resource(kind.name);
        let mut described = json!({
            "kind": {"group": kind.group, "version": kind.version, "kind": kind.name},
            "resource": {"group": kind.group, "version": kind.version, "resource": resource},
            "operation": request.operation.as_str(),
            "name": request.name,
            "namespace": request.namespace,
            "userInfo": request.user.describe(),
            "dryRun": request.dry_run,
        });
        if let (true, Value::Object(map)) = (self.needs_request_object, &mut described) {
            map.insert("object".to_owned(), object.clone());
            map.insert("oldObject".to_owned(), request.old_object.clone());
        }
        if let (false, Value::Object(map)) = (request.kind.subresource.is_empty(), &mut described) {
            map.insert("subResource".to_owned(), request.kind.subresource.into());
        }
        let namespace = request.namespace_labels.map(|labels| {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": request.namespace, "labels": labels}})
        });
        let mut bindings = Bindings::default();
        bindings.set("object", object);
        bindings.set("oldObject", request.old_object);
        bindings.set("request", &described);
        match &namespace {
            Some(namespace) => bindings.set("namespaceObject", namespace),
            None => bindings.set_unknown("namespaceObject", "the object's namespace is not known here"),
        }
        if self.has_parameters {
            bindings.set_unknown("params", "the parameters of the policy are not known here");
        }
        judge(self.rules.evaluate(&bindings).rules)
    }
}

/// A rule whose expressions all hold is kept; of several that do not the first counts.
fn judge(verdicts: Vec<RuleVerdict>) -> Verdict {
    let mut error = None;
    for verdict in verdicts {
        match verdict {
            RuleVerdict::Passed => {}
            RuleVerdict::Failed { message } => return Verdict::Fail { path: None, reason: message },
            RuleVerdict::Error { reason } => error = error.or(Some(reason)),
            RuleVerdict::Skipped { condition } => {
                return Verdict::Skip(format!("the condition \"{condition}\" does not hold"));
            }
        }
    }
    match error {
        Some(reason) => Verdict::Error(QueryError::Failed(reason)),
        None => Verdict::Pass("every expression holds".to_owned()),
    }
}
