//! Commits of the embedded forge: the log, and one commit with its diff.

use fairway_domain::Timestamp;
use fairway_domain::repository::{CommitId, RepositoryRef};
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::icon::icon;
use crate::measure::{ago, count};
use crate::part::{empty, headline, pager};
use crate::repository::{RepositoryHead, head};
use crate::shell::document;
use crate::{address, code};

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

/// Commits as rows.
pub fn commit_list(repository: &RepositoryRef, commits: &[CommitRow], now: Timestamp) -> Markup {
    html! {
        ul.rows {
            @for commit in commits {
                li {
                    a.row-link href=(address::commit(repository, commit.id.as_str())) {
                        span.row-main { (commit.summary) }
                        span.row-side.mono.muted { (commit.id.short()) }
                        span.row-sub { (commit.author) " · " (ago(now, commit.at)) @if commit.run.is_some() { " · by a run" } }
                    }
                }
            }
        }
    }
}

/// Renders the page.
pub fn commits(chrome: &Chrome, view: &CommitsView) -> String {
    document(
        chrome,
        html! {
            (head(&view.head, "commits"))
            @if view.commits.is_empty() {
                (empty("commit", "No commits yet", &html! { "Nothing has been pushed to " (view.head.branch) "." }, None))
            } @else {
                (commit_list(&view.head.repository, &view.commits, chrome.now))
                (pager(view.newer.as_deref(), view.older.as_deref()))
            }
        },
    )
}

/// Renders the page.
pub fn commit(chrome: &Chrome, view: &CommitView) -> String {
    let commit = &view.commit;
    let repository = &view.head.repository;
    let line = html! {
        (commit.author) " · " (ago(chrome.now, commit.at)) " · " span.mono { (commit.id) }
    };
    let actions = html! {
        @if let Some(run) = &commit.run { a.button href=(address::run(run)) { (icon("run")) "The run that made it" } }
        a.button href=(address::folder(repository, commit.id.as_str(), "")) { (icon("folder")) "Files at this commit" }
    };
    document(
        chrome,
        html! {
            (headline(&commit.summary, Some(&line), Some(&actions)))
            @if !commit.body.trim().is_empty() { pre.lead { (commit.body) } }
            p.muted {
                (count(view.files.len() + view.omitted, "file", "files")) " changed"
                @for parent in &view.parents { " · parent " a.mono href=(address::commit(repository, parent.as_str())) { (parent.short()) } }
            }
            @for file in &view.files { (file_diff(file)) }
            @if view.omitted > 0 { p.lead { (count(view.omitted, "more file is", "more files are")) " not shown here." } }
        },
    )
}

/// One file's change.
pub fn file_diff(file: &FileDiffView) -> Markup {
    let (class, word) = match file.status {
        DiffStatus::Added => ("add", "new"),
        DiffStatus::Changed => ("change", "changed"),
        DiffStatus::Deleted => ("delete", "deleted"),
        DiffStatus::Renamed => ("change", "moved"),
    };
    html! {
        section.section {
            div.section-head {
                h2.mono { @if let Some(old) = &file.old_path { (old) " → " } (file.path) }
                span.chip.(class) { (word) }
            }
            @if file.binary { p.muted { "Not text." } }
            @else if !file.patch.is_empty() { (code::patch(&file.path, &file.patch)) }
            @if file.truncated { p.muted { "The rest of this change is too long to show here." } }
        }
    }
}
