//! Commits of the embedded forge: the log, and one commit with its diff.

use fairway_domain::Timestamp;
use fairway_domain::repository::CommitId;

use crate::chrome::Chrome;
use crate::repository::RepositoryHead;

/// A commit in a list.
#[derive(Clone, Debug)]
pub struct CommitRow {
    /// Its name.
    pub id: CommitId,
    /// The message's first line.
    pub summary: String,
    /// The rest of the message.
    pub body: String,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// The run that made it, when a run did.
    pub run: Option<String>,
}

/// The page `…/commits/{branch}`.
#[derive(Clone, Debug)]
pub struct CommitsView {
    /// The repository.
    pub head: RepositoryHead,
    /// The commits, newest first.
    pub commits: Vec<CommitRow>,
    /// The address of the older ones.
    pub older: Option<String>,
    /// The address of the newer ones.
    pub newer: Option<String>,
}

/// What a commit did to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffStatus {
    /// New.
    Added,
    /// Changed.
    Changed,
    /// Gone.
    Deleted,
    /// Moved.
    Renamed,
}

/// One file of a commit.
#[derive(Clone, Debug)]
pub struct FileDiffView {
    /// Where it is now (or was).
    pub path: String,
    /// Where it was, when it moved.
    pub old_path: Option<String>,
    /// What happened.
    pub status: DiffStatus,
    /// Whether it is not text.
    pub binary: bool,
    /// The unified diff's hunks (`@@ … @@` and lines that begin with ` `, `+` or `-`).
    pub patch: String,
    /// Whether the patch was cut because of its size.
    pub truncated: bool,
}

/// The page `…/commit/{id}`.
#[derive(Clone, Debug)]
pub struct CommitView {
    /// The repository.
    pub head: RepositoryHead,
    /// The commit.
    pub commit: CommitRow,
    /// Its parents.
    pub parents: Vec<CommitId>,
    /// The files.
    pub files: Vec<FileDiffView>,
    /// How many files were left out because of their number.
    pub omitted: usize,
}

/// Renders the page.
pub fn commits(chrome: &Chrome, _view: &CommitsView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn commit(chrome: &Chrome, _view: &CommitView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
