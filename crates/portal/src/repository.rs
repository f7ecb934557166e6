//! Repositories of the embedded forge: the list, folders and files.

use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::{EntityRef, Timestamp};

use crate::chrome::Chrome;
use crate::commit::CommitRow;
use crate::row::Link;
use crate::safe::SafeHtml;

/// A repository in the list.
#[derive(Clone, Debug)]
pub struct RepositoryRow {
    /// Which.
    pub repository: RepositoryRef,
    /// One line.
    pub description: String,
    /// The branch that clones check out.
    pub default_branch: BranchName,
    /// The last commit's time.
    pub updated_at: Option<Timestamp>,
    /// The entity whose repository it is, when known.
    pub entity: Option<EntityRef>,
}

/// The page `/repositories`.
#[derive(Clone, Debug, Default)]
pub struct RepositoriesView {
    /// The repositories.
    pub repositories: Vec<RepositoryRow>,
    /// What was typed in the filter, `?q=`.
    pub q: String,
    /// How many there are in all.
    pub total: usize,
}

/// What lies in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// A submodule.
    Submodule,
}

/// One line of a folder.
#[derive(Clone, Debug)]
pub struct EntryRow {
    /// The name in the folder.
    pub name: String,
    /// The path from the top.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// The size of a file.
    pub size: Option<u64>,
}

/// What all pages of one repository share.
#[derive(Clone, Debug)]
pub struct RepositoryHead {
    /// Which.
    pub repository: RepositoryRef,
    /// One line.
    pub description: String,
    /// The branch that is looked at (or a commit).
    pub branch: String,
    /// Its default branch.
    pub default_branch: BranchName,
    /// Every branch.
    pub branches: Vec<String>,
    /// The address for `git clone`.
    pub clone_url: String,
    /// The entities that are described in it.
    pub entities: Vec<EntityRef>,
}

/// The pages `/repositories/{owner}/{name}` and `…/tree/{branch}/{path}`.
#[derive(Clone, Debug)]
pub struct FolderView {
    /// The repository.
    pub head: RepositoryHead,
    /// The folder, empty for the top.
    pub path: String,
    /// What is in it, folders first.
    pub entries: Vec<EntryRow>,
    /// The last commit on the branch.
    pub last_commit: Option<CommitRow>,
    /// The folder's README, rendered, with its file name.
    pub readme: Option<(String, SafeHtml)>,
}

/// What a file shows.
#[derive(Clone, Debug)]
pub enum BlobContent {
    /// Text, with highlighting where the language is known.
    Text {
        /// As it is.
        text: String,
        /// Highlighted, line by line.
        html: Option<SafeHtml>,
    },
    /// Markdown, rendered; `?plain=1` shows the text instead.
    Rendered(SafeHtml),
    /// Not text.
    Binary,
    /// Text beyond the size that is shown.
    TooLarge,
}

/// The page `…/blob/{branch}/{path}`.
#[derive(Clone, Debug)]
pub struct BlobView {
    /// The repository.
    pub head: RepositoryHead,
    /// The file.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it shows.
    pub content: BlobContent,
    /// The address of the bytes as they are.
    pub raw_url: String,
    /// For files that can be both: the address of the other form, and its name.
    pub other_form: Option<Link>,
    /// Lines to point out, with messages (broken catalog files).
    pub marks: Vec<(usize, String)>,
}

/// Renders the page.
pub fn repositories(chrome: &Chrome, _view: &RepositoriesView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn folder(chrome: &Chrome, _view: &FolderView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn blob(chrome: &Chrome, _view: &BlobView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
