//! One request to a cluster (`AdmissionReview`, `admission.k8s.io/v1`): what the policies say of it, and how they
//! would change its object.

use fairway_domain::finding::Finding;
use serde_json::{Value, json};

use crate::admission_decision::{Admission, AdmissionSettings};
use crate::difference::difference;
use crate::evaluation::in_order;
use crate::known::{Around, KnownObjects};
use crate::kyverno::Objects;
use crate::kyverno::Operation;
use crate::review::Review;
use crate::set::PolicySet;

/// The version of reviews that is understood.
pub const ADMISSION_VERSION: &str = "admission.k8s.io/v1";
/// The longest identifier of a request that is echoed, in characters. Kubernetes' own have 36.
const MAX_UID: usize = 256;

/// Why a document is no request that could be answered.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AdmissionError {
    /// It is something else.
    #[error(
        "an AdmissionReview of admission.k8s.io/v1 was expected, and this is \"{kind}\" of \"{version}\""
    )]
    NotAReview {
        /// Its kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// A field is missing or of the wrong form.
    #[error("{field} {wrong}")]
    Field {
        /// The field's path.
        field: &'static str,
        /// What is wrong with it.
        wrong: String,
    },
}

/// A request, read from an `AdmissionReview`.
#[derive(Clone, Debug, PartialEq)]
pub struct AdmissionRequest {
    uid: String,
    operation: Operation,
    request: Value,
    namespace: Option<Value>,
    environment: Option<String>,
}

fn wrong(field: &'static str, wrong: impl Into<String>) -> AdmissionError {
    AdmissionError::Field { field, wrong: wrong.into() }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

impl AdmissionRequest {
    /// Reads a review.
    ///
    /// # Errors
    ///
    /// The document is no review of this version, or has nothing that policies could look at.
    pub fn read(mut review: Value) -> Result<Self, AdmissionError> {
        let (kind, version) = (text(&review, "/kind"), text(&review, "/apiVersion"));
        if kind != "AdmissionReview" || version != ADMISSION_VERSION {
            return Err(AdmissionError::NotAReview {
                kind: kind.chars().take(100).collect(),
                version: version.chars().take(100).collect(),
            });
        }
        let mut request = review.get_mut("request").map(Value::take).unwrap_or_default();
        if !request.is_object() {
            return Err(wrong("request", "is missing"));
        }
        let uid = text(&request, "/uid").to_owned();
        if uid.is_empty() || uid.chars().count() > MAX_UID {
            return Err(wrong("request.uid", "has to be there, so that the answer can name it"));
        }
        let operation = Operation::parse(text(&request, "/operation")).ok_or_else(|| {
            let found: String = text(&request, "/operation").chars().take(100).collect();
            wrong("request.operation", format!("is \"{found}\", and not CREATE, UPDATE, DELETE or CONNECT"))
        })?;
        for field in ["request.kind.kind", "request.kind.version", "request.resource.resource"] {
            let pointer = format!("/{}", field.trim_start_matches("request.").replace('.', "/"));
            if text(&request, &pointer).is_empty() {
                return Err(wrong(field, "is missing"));
            }
        }
        let needed = match operation {
            Operation::Create | Operation::Update | Operation::Connect => ("object", "request.object"),
            Operation::Delete => ("oldObject", "request.oldObject"),
        };
        if !request.get(needed.0).is_some_and(Value::is_object) {
            return Err(wrong(needed.1, "is missing, and policies look at it"));
        }
        for key in ["object", "oldObject"] {
            name_kind(&mut request, key);
        }
        Ok(Self { uid, operation, request, namespace: None, environment: None })
    }

    /// The same request with the namespace that its object is in, as the cluster has it.
    #[must_use]
    pub fn in_namespace(mut self, namespace: Option<Value>) -> Self {
        self.namespace = namespace;
        self
    }

    /// The same request, to a cluster that an environment is delivered to.
    #[must_use]
    pub fn in_environment(mut self, environment: Option<String>) -> Self {
        self.environment = environment;
        self
    }

    /// Names the request; the answer has to repeat it.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// What is about to happen.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Whether nothing will be stored, so that nothing may be left behind.
    pub fn is_dry_run(&self) -> bool {
        self.request.get("dryRun").and_then(Value::as_bool).unwrap_or_default()
    }

    /// The one who asks; empty where nobody is named.
    pub fn user(&self) -> &str {
        text(&self.request, "/userInfo/username")
    }

    /// The namespace; empty for what has none.
    pub fn namespace(&self) -> &str {
        text(&self.request, "/namespace")
    }

    /// The resource with its subresource, for example `pods/exec`.
    pub fn resource(&self) -> String {
        let resource = text(&self.request, "/resource/resource");
        match text(&self.request, "/subResource") {
            "" => resource.to_owned(),
            subresource => format!("{resource}/{subresource}"),
        }
    }
}

/// An object that does not say what it is is of the kind that the request names; else no policy would be about it.
fn name_kind(request: &mut Value, key: &str) {
    let (group, version) = (text(request, "/kind/group"), text(request, "/kind/version"));
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let kind = text(request, "/kind/kind").to_owned();
    let Some(object) = request.get_mut(key).and_then(Value::as_object_mut) else { return };
    object.entry("apiVersion").or_insert_with(|| api_version.into());
    object.entry("kind").or_insert_with(|| kind.into());
}

/// What the policies say of a request, before anything is decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// What they find; the strictest first.
    pub findings: Vec<Finding>,
    /// What they ask to be written into the audit log: policy, key and value.
    pub annotations: Vec<(String, String, String)>,
    /// How the object would be changed (RFC 6902); empty for not at all.
    pub patch: Vec<Value>,
}

impl Assessment {
    /// What the cluster is told.
    pub fn decide(self, settings: AdmissionSettings) -> Admission {
        Admission::of(self, settings)
    }
}

impl PolicySet {
    /// What the policies say of a request. Each sees it as it would in the cluster; what cannot be evaluated is found.
    pub fn admit(&self, request: &AdmissionRequest, known: &KnownObjects<'_>) -> Assessment {
        let mut review = Review::of_request(&request.request);
        if request.environment.is_some() {
            review.reference.environment.clone_from(&request.environment);
        }
        let mut harvest = self.review(&review, request.namespace.as_ref(), known);
        in_order(&mut harvest.findings);
        Assessment { findings: harvest.findings, annotations: harvest.annotations, patch: Vec::new() }
    }

    /// How the policies would change the object of a request: those of Kyverno in its own language first, each after
    /// what those before it left. What cannot be evaluated is found. Nothing is changed on deletion and connection.
    pub fn mutate(&self, request: &AdmissionRequest, known: &KnownObjects<'_>) -> Assessment {
        let mut findings = Vec::new();
        if !matches!(request.operation, Operation::Create | Operation::Update) {
            return Assessment::default();
        }
        let around = Around { known, namespace: request.namespace.as_ref() };
        let cluster = Objects::new(known);
        let review = Review::of_request(&request.request);
        let by_rules = self.kyverno.mutate(&review, around, &cluster, &mut findings);
        let by_expressions = match &by_rules {
            None => self.cel.mutate(&request.request, around, &mut findings),
            Some(object) => {
                let mut changed = request.request.clone();
                if let Value::Object(members) = &mut changed {
                    members.insert("object".to_owned(), object.clone());
                }
                self.cel.mutate(&changed, around, &mut findings)
            }
        };
        let patch = match by_expressions.or(by_rules) {
            Some(object) => difference(review.object, &object),
            None => Vec::new(),
        };
        in_order(&mut findings);
        Assessment { findings, annotations: Vec::new(), patch }
    }
}

/// The review that a request is answered with.
pub fn admission_review(uid: &str, admission: &Admission) -> Value {
    let mut response = json!({"uid": uid, "allowed": admission.allowed});
    if let Value::Object(members) = &mut response {
        if !admission.allowed {
            let status = json!({
                "status": "Failure",
                "reason": if admission.code == 403 { "Forbidden" } else { "InternalError" },
                "code": admission.code, "message": admission.message,
            });
            members.insert("status".to_owned(), status);
        }
        if !admission.warnings.is_empty() {
            members.insert("warnings".to_owned(), json!(admission.warnings));
        }
        if !admission.audit_annotations.is_empty() {
            members.insert("auditAnnotations".to_owned(), json!(admission.audit_annotations));
        }
        if !admission.patch.is_empty() {
            use base64::Engine as _;
            let written = Value::Array(admission.patch.clone()).to_string();
            let patch = base64::engine::general_purpose::STANDARD.encode(written);
            members.insert("patchType".to_owned(), "JSONPatch".into());
            members.insert("patch".to_owned(), patch.into());
        }
    }
    json!({"apiVersion": ADMISSION_VERSION, "kind": "AdmissionReview", "response": response})
}
