//! Findings, whatever the policy is written in.

use fairway_domain::finding::{Enforcement, Finding, Outcome};
use serde_json::{Map, Value, json};

use crate::locate::locate;
use crate::patch::PatchTemplate;
use crate::resource_name::resource;
use crate::review::Review;
use crate::set::PolicyInfo;

/// What a finding says besides its message.
#[derive(Clone, Copy)]
pub(crate) struct Words<'w> {
    pub(crate) info: &'w PolicyInfo,
    pub(crate) review: &'w Review<'w>,
    pub(crate) enforcement: Enforcement,
}

impl Words<'_> {
    /// The finding; every policy's findings are made here, whatever it is written in.
    pub(crate) fn finding(self, outcome: Outcome, path: Option<String>, message: &str) -> Finding {
        let Words { info, review, enforcement } = self;
        Finding {
            policy: info.title.clone(),
            rule: info.name.clone(),
            severity: info.severity,
            enforcement,
            outcome,
            object: review.reference.clone(),
            path,
            message: message.chars().take(2000).collect(),
            why: info.why.clone(),
            fix: info.fix.clone(),
            docs: info.docs.clone(),
            line: None,
            patch: Vec::new(),
            waiver: None,
        }
    }

    /// The object violates the policy at a place. What mends it is what the violation itself says, or else what the
    /// policy says for all.
    pub(crate) fn violation(
        self,
        message: &str,
        path: Option<String>,
        own: Option<&PatchTemplate>,
    ) -> Finding {
        let template = own.or(self.info.patch.as_ref());
        let mends = template.map(|it| it.fill(self.review.object, path.as_deref())).unwrap_or_default();
        Finding { patch: mends, ..self.finding(Outcome::Violation, path, message) }
    }
}

/// The object violates the policy, at the place that the message names.
pub(crate) fn violation(words: Words<'_>, message: &str) -> Finding {
    words.violation(message, locate(words.review.object, None, message), None)
}

/// The policy could not be evaluated.
pub(crate) fn not_evaluated(words: Words<'_>, reason: String) -> Finding {
    let message = format!("could not be evaluated: {reason}");
    words.finding(Outcome::NotEvaluated { reason }, None, &message)
}

impl Review<'_> {
    /// The request as Kubernetes hands it to expressions. Who asks is in it only where it is known.
    pub(crate) fn admission_request(&self) -> Value {
        let mut request = self.value.clone();
        let Some(members) = request.as_object_mut() else { return request };
        let version = self.reference.api_version.rsplit('/').next().unwrap_or_default();
        let kind = self.reference.kind.as_str();
        let of_kind = json!({"group": self.group, "version": version, "kind": kind});
        let of_resource = json!({"group": self.group, "version": version, "resource": resource(kind)});
        for (key, value) in [
            ("kind", &of_kind),
            ("requestKind", &of_kind),
            ("resource", &of_resource),
            ("requestResource", &of_resource),
            ("name", &Value::from(self.reference.name.as_str())),
            ("namespace", &Value::from(self.reference.namespace.as_str())),
            ("operation", &Value::from("CREATE")),
            ("dryRun", &Value::from(false)),
            ("options", &Value::Object(Map::new())),
        ] {
            members.entry(key).or_insert_with(|| value.clone());
        }
        request
    }
}
