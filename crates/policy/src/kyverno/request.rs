//! What is asked of a policy: an object, what happens to it, and who does it.

use serde_json::{Map, Value, json};

/// What happens to the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Operation {
    /// It is made.
    #[default]
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// It is connected to, for example by exec.
    Connect,
}

impl Operation {
    /// By its name in upper case; nothing for other words.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "CREATE" => Self::Create,
            "UPDATE" => Self::Update,
            "DELETE" => Self::Delete,
            "CONNECT" => Self::Connect,
            _ => return None,
        })
    }

    /// Its name in upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Who asks. All empty where nobody is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name, for service accounts `system:serviceaccount:<namespace>:<name>`.
    pub name: String,
    /// The groups.
    pub groups: Vec<String>,
    /// The roles, as `namespace:name`.
    pub roles: Vec<String>,
    /// The cluster roles.
    pub cluster_roles: Vec<String>,
    /// Whether the roles are all that the user has; else nobody knows.
    pub roles_are_known: bool,
}

impl User {
    /// Nobody is known.
    pub(crate) fn is_unknown(&self) -> bool {
        self.name.is_empty()
            && self.groups.is_empty()
            && self.roles.is_empty()
            && self.cluster_roles.is_empty()
    }

    /// Namespace and name, when it is a service account.
    pub(crate) fn service_account(&self) -> (&str, &str) {
        self.name
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'))
            .unwrap_or_default()
    }

    pub(crate) fn describe(&self) -> Value {
        json!({"username": self.name, "groups": self.groups, "uid": ""})
    }
}

/// The kind of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    /// For example `Pod`.
    pub(crate) name: &'a str,
    /// Empty for the object itself.
    pub(crate) subresource: &'a str,
}

impl<'a> Kind<'a> {
    pub(crate) fn of(object: &'a Value) -> Self {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let version = text("apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        Self { group, version, name: text("kind"), subresource: "" }
    }
}

pub(crate) static NOTHING: Value = Value::Null;

/// One question to a policy.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    /// Null for a deletion.
    pub(crate) object: &'a Value,
    /// Null but for changes and deletions.
    pub(crate) old_object: &'a Value,
    pub(crate) operation: Operation,
    pub(crate) kind: Kind<'a>,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) user: &'a User,
    pub(crate) dry_run: bool,
    /// The labels of the object's namespace, where they are known.
    pub(crate) namespace_labels: Option<&'a Map<String, Value>>,
    /// Further fields of the request.
    pub(crate) given: &'a Map<String, Value>,
}

impl<'a> Request<'a> {
    pub(crate) fn is_deletion(&self) -> bool {
        self.operation == Operation::Delete
    }

    /// The object that the question is about: for a deletion the old one.
    pub(crate) fn subject(&self) -> &'a Value {
        if self.is_deletion() { self.old_object } else { self.object }
    }
}
