//! What can go wrong in a use case, with a word for programs, a sentence for people and the next step.

use fairway_domain::caller::Forbidden;
use fairway_domain::finding::Finding;
use fairway_domain::{Diagnostic, EntityRef};
use fairway_ledger::LedgerError;
use fairway_remote::RemoteError;
use fairway_scaffold::{FieldError, PlanError};

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The caller may not.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Nobody is signed in, and the place needs somebody.
    #[error("{0}")]
    Unauthenticated(String),
    /// There is no such thing.
    #[error("There is no {what} \"{name}\"")]
    NotFound {
        /// What was looked for, for example `template`.
        what: &'static str,
        /// Its name.
        name: String,
        /// Names that come near.
        near: Vec<String>,
    },
    /// It has another name now.
    #[error("{from} is called {to} now")]
    Moved {
        /// What was asked for.
        from: Box<EntityRef>,
        /// What it is called now.
        to: Box<EntityRef>,
    },
    /// The input is wrong.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Fields of a form are wrong.
    #[error("{}", summarise(.0))]
    Fields(Vec<FieldError>),
    /// A query cannot be read.
    #[error("{0}")]
    Query(#[from] fairway_catalog::human::HumanQueryError),
    /// Files are wrong.
    #[error("{}", .0.first().map_or_else(|| "the input is not valid".to_owned(), ToString::to_string))]
    Diagnostics(Vec<Diagnostic>),
    /// The template cannot be planned.
    #[error("{}", headline(.0))]
    Plan(#[from] PlanError),
    /// The world moved between plan and apply.
    #[error("{message}")]
    Conflict {
        /// What is in the way.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Policies deny it.
    #[error("{} {} this plan: {}", .0.len(), if .0.len() == 1 { "finding blocks" } else { "findings block" }, .0.first().map_or("", |finding| finding.message.as_str()))]
    Blocked(Vec<Finding>),
    /// Too many attempts.
    #[error("{0}")]
    TooMany(String),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Git, the forge or the network failed.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// A bug or a broken store: what was read back is not what was written.
    #[error("{0}")]
    Internal(String),
}

fn headline(error: &PlanError) -> String {
    let place = error.location.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    format!("{}{place}", error.headline())
}

fn summarise(fields: &[FieldError]) -> String {
    let parts: Vec<String> =
        fields.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    parts.join("; ")
}

impl AppError {
    /// An input error without a hint.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), hint: None }
    }

    /// An entity that is not in a catalog: it has another name now, or there is none.
    pub fn absent(catalog: &fairway_catalog::Snapshot, reference: &EntityRef) -> Self {
        match catalog.renamed(reference) {
            Some(to) => Self::Moved { from: Box::new(reference.clone()), to: Box::new(to.clone()) },
            None => Self::NotFound {
                what: "entity",
                name: reference.to_string(),
                near: catalog.near(reference).iter().map(ToString::to_string).collect(),
            },
        }
    }

    /// An entity that is not in the catalog.
    pub fn no_entity(reference: &EntityRef) -> Self {
        Self::NotFound { what: "entity", name: reference.to_string(), near: Vec::new() }
    }

    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => "forbidden",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::NotFound { .. } => "not-found",
            Self::Moved { .. } => "moved",
            Self::Invalid { .. } | Self::Query(_) | Self::Fields(_) | Self::Diagnostics(_) => "invalid",
            Self::Plan(_) => "plan-failed",
            Self::Conflict { .. } => "conflict",
            Self::Blocked(_) => "blocked",
            Self::TooMany(_) => "too-many",
            Self::Ledger(_) => "ledger",
            Self::Remote(_) => "remote",
            Self::Internal(_) => "internal",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Forbidden(_) => {
                Some("sign in with an account or a token that has the permission".to_owned())
            }
            Self::Moved { to, .. } => Some(format!("ask for {to}")),
            Self::NotFound { near, .. } if !near.is_empty() => {
                Some(format!("did you mean {}?", near.join(", ")))
            }
            Self::Invalid { hint, .. } | Self::Conflict { hint, .. } => hint.clone(),
            Self::Query(error) => Some(error.hint.clone()),
            Self::Diagnostics(diagnostics) => diagnostics.first().and_then(|first| first.hint.clone()),
            Self::Plan(error) => error.hint.clone(),
            Self::Ledger(error) => error.hint().map(str::to_owned),
            Self::Blocked(findings) => findings.first().and_then(|finding| finding.fix.clone()),
            _ => None,
        }
    }
}
