//! What a command can fail with: one sentence, where, and what to do next.

use std::fmt::Write as _;

use fairway_app::AppError;
use fairway_domain::Diagnostic;
use fairway_domain::finding::Finding;
use fairway_ledger::LedgerError;
use fairway_remote::RemoteError;
use serde_json::Value;

use crate::exit_code::Exit;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The command line or an answer makes no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The work failed.
    #[error("{message}")]
    Failed {
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Something is in the way.
    #[error("{message}")]
    Conflict {
        /// What.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
    /// Files are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Diagnostics(Vec<Diagnostic>),
    /// The server, git or a file.
    #[error("{}", remote_message(.0))]
    Remote(#[from] RemoteError),
    /// The application could not be started, or a use case failed.
    #[error(transparent)]
    App(#[from] AppError),
    /// The ledger could not be opened or read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Everything was said already; only the exit code is left.
    #[error("")]
    Said(Exit),
    /// Nobody reads the output any more.
    #[error("")]
    OutputClosed,
}

impl CliError {
    /// The command line or an answer makes no sense.
    pub fn usage(message: impl Into<String>, hint: Option<&str>) -> Self {
        Self::Usage { message: message.into(), hint: hint.map(str::to_owned) }
    }

    /// The work failed.
    pub fn failed(message: impl Into<String>, hint: Option<&str>) -> Self {
        Self::Failed { message: message.into(), hint: hint.map(str::to_owned) }
    }

    /// How the process ends.
    pub fn exit_code(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Failed { .. } | Self::Diagnostics(_) => Exit::Failed,
            Self::Conflict { .. } => Exit::Conflict,
            Self::Remote(error) => exit_of_remote(error),
            Self::App(error) => exit_of_app(error),
            Self::Ledger(error) => exit_of_ledger(error),
            Self::Said(exit) => *exit,
            Self::OutputClosed => Exit::Ok,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Failed { hint, .. } | Self::Conflict { hint, .. } => {
                hint.clone()
            }
            Self::Remote(error) => hint_of_remote(error),
            Self::App(AppError::Ledger(error)) | Self::Ledger(error) => error.hint().map(str::to_owned),
            Self::App(error) => error.hint(),
            Self::Diagnostics(_) | Self::Said(_) | Self::OutputClosed => None,
        }
    }

    /// The error as a person reads it: the sentence, what belongs to it, and the next step.
    pub fn text(&self) -> String {
        if let Some(places) = self.places() {
            return places;
        }
        let mut text = match self {
            Self::Said(_) | Self::OutputClosed => return String::new(),
            // A diagnostic says itself that it is an error.
            Self::Diagnostics(_) => self.to_string(),
            Self::App(AppError::Diagnostics(diagnostics)) => {
                return diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            }
            _ => format!("error: {self}"),
        };
        if let Self::Remote(RemoteError::Api { details, .. }) = self {
            for detail in details.iter().take(50) {
                text.push('\n');
                text.push_str(&detail_text(detail));
            }
        }
        if let Some(hint) = self.hint() {
            let _ = write!(text, "\n  = {hint}");
        }
        text
    }
}

impl CliError {
    /// What the server says with places in a text: sentence, place and hint are in each of them.
    fn places(&self) -> Option<String> {
        let Self::Remote(RemoteError::Api { message, details, .. }) = self else { return None };
        let read = |detail: &Value| serde_json::from_value::<Diagnostic>(detail.clone()).ok();
        let all: Vec<Diagnostic> = details.iter().take(50).map(read).collect::<Option<_>>()?;
        all.first().filter(|first| first.is_error() && message.contains(&first.message))?;
        Some(all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }
}

/// A detail of the API's error: a diagnostic, a finding, or a field with a message.
fn detail_text(detail: &Value) -> String {
    if let Ok(diagnostic) = serde_json::from_value::<Diagnostic>(detail.clone()) {
        return diagnostic.to_string();
    }
    if let Ok(finding) = serde_json::from_value::<Finding>(detail.clone()) {
        return format!("  {} {}: {}", finding.object.kind, finding.object.name, finding.message);
    }
    let text = |name: &str| detail.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("field") {
        "" => format!("  {}", text("message")),
        field => format!("  {field}: {}", text("message")),
    }
}

fn remote_message(error: &RemoteError) -> String {
    match error {
        RemoteError::Connection { url, source, .. } => {
            let server = url.split("/api/").next().unwrap_or(url);
            format!("no Fairway answers at {server}: {}", root_cause(source))
        }
        // The fields follow line by line.
        RemoteError::Api { code, details, .. }
            if code == "invalid" && details.iter().any(|it| it.get("field").is_some()) =>
        {
            "the answers are not right".to_owned()
        }
        RemoteError::Api { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// The innermost cause: those around it only repeat the address.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn hint_of_remote(error: &RemoteError) -> Option<String> {
    match error {
        RemoteError::Connection { .. } => {
            Some("start one with `fairway up`, or say where it is with --url or FAIRWAY_URL".to_owned())
        }
        RemoteError::Api { status: 401, .. } => Some(
            "give a token with --token or FAIRWAY_TOKEN; the portal makes one under Tokens once you are signed in"
                .to_owned(),
        ),
        RemoteError::Api { hint, .. } => hint.clone(),
        _ => None,
    }
}

const fn exit_of_remote(error: &RemoteError) -> Exit {
    match error {
        RemoteError::Api { status: 400, .. } | RemoteError::BadUrl { .. } => Exit::Usage,
        RemoteError::Api { status: 401 | 403 | 429 | 502..=504, .. }
        | RemoteError::Connection { .. }
        | RemoteError::Timeout { .. }
        | RemoteError::BadAnswer { .. }
        | RemoteError::Authentication { .. } => Exit::Refused,
        RemoteError::Api { status: 409, .. }
        | RemoteError::RepositoryExists { .. }
        | RemoteError::BranchMoved { .. } => Exit::Conflict,
        _ => Exit::Failed,
    }
}

const fn exit_of_app(error: &AppError) -> Exit {
    match error {
        AppError::Forbidden(_) | AppError::Unauthenticated(_) | AppError::TooMany(_) => Exit::Refused,
        AppError::Invalid { .. } | AppError::Query(_) | AppError::Fields(_) => Exit::Usage,
        AppError::Conflict { .. } | AppError::Blocked(_) => Exit::Conflict,
        AppError::Ledger(error) => exit_of_ledger(error),
        AppError::Remote(error) => exit_of_remote(error),
        _ => Exit::Failed,
    }
}

const fn exit_of_ledger(error: &LedgerError) -> Exit {
    match error {
        LedgerError::Address { .. } => Exit::Usage,
        LedgerError::InUse { .. } => Exit::Conflict,
        LedgerError::Open { .. } => Exit::Refused,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use fairway_remote::RemoteError;
    use serde_json::json;

    use super::CliError;
    use crate::exit_code::Exit;

    fn api(status: u16, code: &str, details: Vec<serde_json::Value>) -> CliError {
        let (code, message, hint) =
            (code.to_owned(), "It does not work".to_owned(), Some("Mend it".to_owned()));
        CliError::Remote(RemoteError::Api { status, code, message, hint, details })
    }

    #[test]
    fn the_exit_code_tells_the_caller_what_kind_of_trouble_it_is() {
        let cases = [
            (400, Exit::Usage),
            (401, Exit::Refused),
            (403, Exit::Refused),
            (404, Exit::Failed),
            (409, Exit::Conflict),
        ];
        for (status, exit) in cases {
            assert_eq!(api(status, "x", Vec::new()).exit_code(), exit, "{status}");
        }
    }

    #[test]
    fn details_of_every_kind_are_shown_below_the_sentence() {
        let fields = api(400, "invalid", vec![json!({"field": "name", "message": "is too short"})]).text();
        assert_eq!(fields, "error: the answers are not right\n  name: is too short\n  = Mend it");
        let place = json!({"severity": "error", "code": "yaml", "message": "a tab", "location": {"file": "a.yaml", "line": 3, "column": 2}, "sourceLine": "\tx"});
        let text = api(422, "plan-failed", vec![place.clone()]).text();
        assert!(text.contains("--> a.yaml:3:2") && text.contains("3 | \tx"), "{text}");
        // A sentence that its place repeats is said once.
        let mut place = place;
        if let Some(message) = place.get_mut("message") {
            *message = "It does not work".into();
        }
        assert_eq!(api(400, "invalid", vec![place]).text().matches("It does not work").count(), 1);
    }
}
