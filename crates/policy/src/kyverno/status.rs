//! What a rule says of an object.

use serde_json::Value;

use super::jmespath::QueryError;

/// The verdict of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The object keeps the rule, or was changed by it.
    Pass,
    /// The rule says nothing about the object.
    Skip,
    /// The object breaks the rule, which is not scored.
    Warn,
    /// The object breaks the rule.
    Fail,
    /// The rule could not be evaluated.
    Error,
}

impl Status {
    /// By its name in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "pass" => Self::Pass,
            "skip" => Self::Skip,
            "warn" => Self::Warn,
            "fail" => Self::Fail,
            "error" => Self::Error,
            _ => return None,
        })
    }

    /// Its name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// What one rule says, and what it makes.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleResult {
    /// The rule's name.
    pub rule: String,
    /// The verdict.
    pub status: Status,
    /// Why, for people.
    pub message: String,
    /// The path inside the object, when one is known.
    pub path: Option<String>,
    /// The object as a mutation leaves it.
    pub patched: Option<Value>,
    /// Other objects as a mutation leaves them.
    pub targets: Vec<Value>,
    /// What a rule generates.
    pub generated: Vec<Value>,
}

impl RuleResult {
    pub(crate) fn new(rule: &str, status: Status, message: impl Into<String>) -> Self {
        Self {
            rule: rule.to_owned(),
            status,
            message: message.into(),
            path: None,
            patched: None,
            targets: Vec::new(),
            generated: Vec::new(),
        }
    }

    pub(crate) fn error(rule: &str, what: &str, error: &QueryError) -> Self {
        Self::new(rule, Status::Error, format!("{what}: {error}"))
    }
}
