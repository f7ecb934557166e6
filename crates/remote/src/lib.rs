//! Talks to the outside: git, the embedded forge and HTTP; the only room with network clients.
//!
//! Callers hand in and get back values of the domain and never see a git process, an object database or
//! an HTTP connection. This room must not decide anything about the platform: no policies, no plans, no
//! permissions, no ledger. Everything here has a time limit and a size limit, and every error says what
//! was tried on what.

pub mod api;
pub mod error;
pub mod forge;
mod git;
pub mod hosting;
pub mod link;
pub mod reach;
pub mod source;
pub mod webhook;

pub use api::ApiClient;
pub use error::RemoteError;
pub use forge::commit::CommitRequest;
pub use forge::content::{ChangedFile, ListedFile};
pub use forge::diff::{DiffLine, DiffLineKind, DiffStatus, FileDiff, Hunk};
pub use forge::folder::{EntryKind, FolderEntry, TreeLimits};
pub use forge::history::CommitInfo;
pub use forge::judge::{PushJudge, PushVerdict};
pub use forge::merge::{MergeOutcome, MergeRequest};
pub use forge::proposed::{NewFile, ProposedPush};
pub use forge::wire::{Exchange, GitService, RefUpdate};
pub use forge::{Forge, NewRepository, RepositoryInfo};
pub use hosting::{
    Budget, Directory, DirectoryGroup, DirectoryUser, HostedRepository, HostingClient, HostingPlace,
    Provider, Urgency,
};
pub use link::LinkProbe;
pub use reach::Reach;
pub use source::file::{read_files, read_folder};
pub use source::fingerprint::folder_fingerprint;
pub use source::git::{GitCredential, GitSource, SourceOptions};
pub use source::url::{GitLocation, parse_git_url};
pub use webhook::{WebhookEvent, WebhookHeaders};
