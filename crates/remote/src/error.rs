//! What can go wrong outside: one enum that says what was tried, on what, and what to do next.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};

/// Everything that talking to the outside can fail with.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// There is no `git` on this machine.
    #[error("git could not be started: {source}; install git 2.38 or newer and make sure that it is on PATH")]
    GitMissing {
        /// Why starting it failed.
        #[source]
        source: io::Error,
    },
    /// The installed git lacks what the forge needs.
    #[error("git {found} is too old; install git 2.38 or newer")]
    GitTooOld {
        /// What `git --version` said.
        found: String,
    },
    /// A file or folder could not be read or written.
    #[error("could not {doing} {}: {source}", path.display())]
    Folder {
        /// What was tried.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A repository of that name is there already.
    #[error("the repository {repository} exists already{}", made_by(created_by.as_deref()))]
    RepositoryExists {
        /// The repository.
        repository: RepositoryRef,
        /// The marker of the run that made it, when there is one.
        created_by: Option<String>,
    },
    /// There is no such repository.
    #[error("there is no repository {repository} on this forge")]
    RepositoryMissing {
        /// The repository.
        repository: RepositoryRef,
    },
    /// Somebody else moved the branch meanwhile.
    #[error(
        "the branch {branch} of {repository} is at {} instead of {}; read it again and retry",
        shown(found.as_ref()),
        shown(expected.as_ref())
    )]
    BranchMoved {
        /// The repository.
        repository: RepositoryRef,
        /// The branch.
        branch: BranchName,
        /// Where it should have been; `None` means that it should not have existed.
        expected: Option<CommitId>,
        /// Where it is; `None` when it does not exist.
        found: Option<CommitId>,
    },
    /// No branch, tag or commit of that name.
    #[error("{repository} has no branch, tag or commit \"{revision}\"")]
    RevisionMissing {
        /// The repository.
        repository: String,
        /// What was looked for.
        revision: String,
    },
    /// There is no such folder in that revision.
    #[error("{repository} has no folder \"{path}\" at {revision}")]
    FolderMissing {
        /// The repository.
        repository: String,
        /// In which revision.
        revision: String,
        /// The folder.
        path: String,
    },
    /// A commit was asked for that cannot be made.
    #[error("this commit to {repository} cannot be made: {reason}")]
    BadCommit {
        /// The repository.
        repository: RepositoryRef,
        /// What is wrong with it.
        reason: String,
    },
    /// Git refused or failed.
    #[error("could not {doing} {on}: git said: {message}")]
    Git {
        /// What was tried.
        doing: &'static str,
        /// On what.
        on: String,
        /// The last lines that git wrote.
        message: String,
    },
    /// It took too long.
    #[error("could not {doing} {on} within {} seconds", after.as_secs())]
    Timeout {
        /// What was tried.
        doing: &'static str,
        /// On what.
        on: String,
        /// How long it was given.
        after: Duration,
    },
    /// Too many git processes run already.
    #[error("could not {doing} {on}: the forge is busy; try again in a moment")]
    Busy {
        /// What was tried.
        doing: &'static str,
        /// On what.
        on: String,
    },
    /// It is larger than allowed.
    #[error("could not {doing} {on}: it has more than {limit}")]
    TooLarge {
        /// What was tried.
        doing: &'static str,
        /// On what.
        on: String,
        /// The limit with its unit, such as `10000 files`.
        limit: String,
    },
    /// A pipe to git or a client broke, or what came through it was malformed.
    #[error("could not {doing} {on}: {source}")]
    Pipe {
        /// What was tried.
        doing: &'static str,
        /// On what.
        on: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An address that cannot be used.
    #[error("\"{url}\" cannot be used: {reason}")]
    BadUrl {
        /// The address without its credentials.
        url: String,
        /// What is wrong and what to write instead.
        reason: String,
    },
    /// The other side wants to know who asks.
    #[error(
        "{url} refused access: {message}; check the address, and configure a credential for this host if the repository is private"
    )]
    Authentication {
        /// The address without its credentials.
        url: String,
        /// What the other side said.
        message: String,
    },
    /// A server could not be reached, or the connection broke.
    #[error("{method} {url} failed: {}", causes(source))]
    Connection {
        /// The HTTP method.
        method: &'static str,
        /// The address.
        url: String,
        /// What the HTTP client said.
        #[source]
        source: reqwest::Error,
    },
    /// The API answered with an error.
    #[error("{message}{}", parenthesised(hint.as_deref()))]
    Api {
        /// The HTTP status.
        status: u16,
        /// The machine-readable code, such as `not-found`.
        code: String,
        /// What happened.
        message: String,
        /// What to do next.
        hint: Option<String>,
        /// Fields, diagnostics or findings, by code; empty when there are none.
        details: Vec<serde_json::Value>,
    },
    /// The address leads where Fairway may not be sent.
    #[error(
        "{url} may not be read: {reason}; use the address of a forge that other machines can reach too, or let the operator name the host with --source-host"
    )]
    Unreachable {
        /// The address without its credentials.
        url: String,
        /// Where it leads.
        reason: String,
    },
    /// The host's budget of requests is spent, or it asked for patience.
    #[error("{host} takes no more requests for {}: {reason}", spelled(*wait))]
    RateLimited {
        /// The host.
        host: String,
        /// How long to wait.
        wait: Duration,
        /// Which limit.
        reason: String,
    },
    /// A forge answered with an error.
    #[error("GET {url} was answered with {status}{}", said(message))]
    Hosting {
        /// The HTTP status.
        status: u16,
        /// The address.
        url: String,
        /// What the forge said about it; may be empty.
        message: String,
    },
    /// A forge's answer is not what its API promises.
    #[error(
        "GET {url} gave an answer that cannot be understood: {reason}; is this the address of the forge's API?"
    )]
    Nonsense {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer is not what the API promises.
    #[error("{method} {url} gave an answer that cannot be understood: {reason}; is this a Fairway server?")]
    BadAnswer {
        /// The HTTP method.
        method: &'static str,
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn made_by(marker: Option<&str>) -> String {
    marker.map(|marker| format!(" (created by {marker})")).unwrap_or_default()
}

fn shown(commit: Option<&CommitId>) -> &str {
    commit.map_or("no commit", CommitId::short)
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// A wait in the unit that people would use.
fn spelled(wait: Duration) -> String {
    match wait.as_secs() {
        seconds @ 0..120 => format!("{} s", seconds.max(1)),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

fn parenthesised(hint: Option<&str>) -> String {
    hint.map(|hint| format!(" ({hint})")).unwrap_or_default()
}

/// The HTTP client's own text hides the cause ("error sending request"), so the causes are appended.
fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "it took too long".to_owned() } else { error.to_string() };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

impl RemoteError {
    /// A mapping for [`Result::map_err`] on file operations.
    pub(crate) fn folder(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> RemoteError {
        let path = path.into();
        move |source| Self::Folder { doing, path, source }
    }

    /// A mapping for [`Result::map_err`] on pipes.
    pub(crate) fn pipe<'a>(doing: &'static str, on: &'a str) -> impl FnOnce(io::Error) -> RemoteError + 'a {
        move |source| Self::Pipe { doing, on: on.to_owned(), source }
    }
}
