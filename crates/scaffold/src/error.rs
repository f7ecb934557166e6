//! What can go wrong while a plan is made.

use std::fmt;

use fairway_domain::tree::TreePathError;
use fairway_domain::{Diagnostic, SourceLocation};
use fairway_template::TemplateError;

/// Why the world could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// There is nothing at the address.
    #[error("{address} does not exist")]
    NotFound {
        /// What was asked for.
        address: String,
    },
    /// The address may not be read, for example because it leaves the template's source.
    #[error("{address} may not be read: {reason}")]
    Refused {
        /// What was asked for.
        address: String,
        /// Why not.
        reason: String,
    },
    /// Reading failed.
    #[error("{address} could not be read: {reason}")]
    Unavailable {
        /// What was asked for.
        address: String,
        /// What happened.
        reason: String,
    },
}

impl WorldError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => {
                Some("addresses are relative to the folder of the template's own file".to_owned())
            }
            Self::Refused { .. } | Self::Unavailable { .. } => None,
        }
    }
}

/// Why an action cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    /// What is wrong.
    pub message: String,
    /// The part of the input that is at fault, as a JSON pointer without its first slash, for example `url`.
    pub field: Option<String>,
    /// Where, in a file that the action read.
    pub location: Option<Box<SourceLocation>>,
    /// The line at that place.
    pub source_line: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl ActionError {
    /// An error without a place or hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), field: None, location: None, source_line: None, hint: None }
    }

    /// The same, with the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, for a part of the input.
    #[must_use]
    pub fn at_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl From<WorldError> for ActionError {
    fn from(error: WorldError) -> Self {
        Self { hint: error.hint(), ..Self::new(error.to_string()) }
    }
}

impl From<TreePathError> for ActionError {
    fn from(error: TreePathError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<TemplateError> for ActionError {
    fn from(error: TemplateError) -> Self {
        Self {
            message: error.message,
            field: None,
            location: Some(Box::new(SourceLocation {
                file: error.name,
                line: error.line,
                column: error.column,
            })),
            source_line: Some(error.source_line),
            hint: error.hint,
        }
    }
}

impl From<Diagnostic> for ActionError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            message: diagnostic.message,
            field: None,
            location: diagnostic.location.map(Box::new),
            source_line: diagnostic.source_line,
            hint: diagnostic.hint,
        }
    }
}

/// The step that could not be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedStep {
    /// Its identifier.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its action.
    pub action: String,
}

/// Why there is no plan. Nothing has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    /// Which step; absent when the template as a whole is at fault.
    pub step: Option<Box<FailedStep>>,
    /// What is wrong.
    pub message: String,
    /// The place inside the Template entity, for example `spec.steps[1].input.url`.
    pub field: Option<String>,
    /// Where, in the template's file or in one that it fetched.
    pub location: Option<Box<SourceLocation>>,
    /// The line at that place.
    pub source_line: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl std::error::Error for PlanError {}

impl PlanError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            step: None,
            message: message.into(),
            field: None,
            location: None,
            source_line: None,
            hint: None,
        }
    }

    /// The sentence without place and hint: step, action, field and what is wrong.
    pub fn headline(&self) -> String {
        let step = match self.step.as_deref() {
            Some(FailedStep { id, action, .. }) => format!("step \"{id}\" ({action}): "),
            None => String::new(),
        };
        let field = self.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        format!("{step}{field}{}", self.message)
    }

    /// The same as a diagnostic.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::error("plan", self.headline());
        if let Some(location) = self.location.as_deref() {
            diagnostic = diagnostic.at(location.clone(), self.source_line.clone());
        }
        match &self.hint {
            Some(hint) => diagnostic.with_hint(hint.clone()),
            None => diagnostic,
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostic = self.to_diagnostic().to_string();
        formatter.write_str(diagnostic.strip_prefix("error: ").unwrap_or(&diagnostic))
    }
}
