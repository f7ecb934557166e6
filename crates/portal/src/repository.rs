//! Repositories of the embedded forge: the list, folders and files.

use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::{EntityRef, Timestamp};
use maud::{Markup, html};

use crate::chrome::Chrome;
use crate::commit::CommitRow;
use crate::icon::{self, icon};
use crate::measure::{ago, count, grouped, size};
use crate::part::{copyable, empty, entity_link, filter, headline, section};
use crate::row::Link;
use crate::safe::SafeHtml;
use crate::shell::document;
use crate::{address, code};

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
    /// How many more there are than are shown.
    pub omitted: usize,
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
pub fn repositories(chrome: &Chrome, view: &RepositoriesView) -> String {
    let line = html! { (count(view.total, "repository", "repositories")) " on the embedded forge. Clone, fetch and push over HTTP with a token." };
    document(
        chrome,
        html! {
            (headline("Repositories", Some(&line), Some(&html! { a.button href="/tokens" { (icon("key")) "Tokens" } a.button.primary href="/create" { (icon("plus")) "Create" } })))
            @if view.total > 0 { div.toolbar { (filter("/repositories", &view.q, "Filter repositories", "Owner, name, description", &[])) } }
            @if view.repositories.is_empty() && view.q.is_empty() {
                (empty("repository", "No repositories yet", &html! { "A golden path creates the first one, with code, pipeline and docs in it." },
                    Some(&html! { a.button.primary href="/create" { "Create" } })))
            } @else if view.repositories.is_empty() {
                (empty("search", "Nothing matches", &html! { "No repository has “" (view.q) "” in its name or description." },
                    Some(&html! { a.button href="/repositories" { "Show all" } })))
            } @else { (list(view, chrome.now)) }
        },
    )
}

fn list(view: &RepositoriesView, now: Timestamp) -> Markup {
    html! {
        table.table aria-label="Repositories" {
            thead { tr {
                th.grow scope="col" { "Repository" }
                th.at-wide scope="col" { "Entity" }
                th.fit.at-medium scope="col" { "Branch" }
                th.fit scope="col" { "Last commit" }
            } }
            tbody {
                @for row in &view.repositories {
                    tr data-row {
                        td.grow { div.name-line { a.entity.name href=(address::repository(&row.repository)) { (icon("repository")) span { (row.repository) } } span.sub { (row.description) } } }
                        td.at-wide { @if let Some(entity) = &row.entity { (entity_link(entity, entity.name())) } @else { span.muted { "–" } } }
                        td.fit.at-medium.sub { (row.default_branch) }
                        td.fit.sub { @match row.updated_at { Some(at) => (ago(now, at)), None => "no commits" } }
                    }
                }
            }
        }
    }
}

/// The header of every page of a repository.
pub fn head(head: &RepositoryHead, current: &str) -> Markup {
    let repository = &head.repository;
    let tab = |name: &str, word: &str, url: String| {
        html! { a href=(url) aria-current=[(name == current).then_some("page")] { (word) } }
    };
    html! {
        header.identity {
            span.tile { (icon("repository")) }
            div {
                p.eyebrow { "Repository of " (repository.owner()) }
                h1 { (repository.name()) }
            }
            div.actions {
                @for entity in head.entities.iter().take(2) {
                    a.button href=(address::entity(entity)) { (icon(icon::of_kind(entity.kind()))) (entity.name()) }
                }
            }
            div.about { @if !head.description.is_empty() { p.lead { (head.description) } } }
        }
        nav.tabs aria-label="Parts of the repository" {
            (tab("files", "Files", address::folder(repository, &head.branch, "")))
            (tab("changes", "Change requests", format!("{}/changes", address::repository(repository))))
            (tab("commits", "Commits", format!("{}/commits/{}", address::repository(repository), address::encode(&head.branch))))
        }
    }
}

/// The branches to look at, and the path with its folders as links.
fn location(head: &RepositoryHead, path: &str) -> Markup {
    let mut so_far = String::new();
    let parts: Vec<(String, &str)> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| {
            if !so_far.is_empty() {
                so_far.push('/');
            }
            so_far.push_str(part);
            (so_far.clone(), part)
        })
        .collect();
    html! {
        div.inline {
            details.person {
                summary.button { (icon("branch")) (head.branch) }
                div.person-menu {
                    @for branch in head.branches.iter().take(100) { a href=(address::folder(&head.repository, branch, "")) { (branch) } }
                }
            }
            span.mono {
                a href=(address::folder(&head.repository, &head.branch, "")) { (head.repository.name()) }
                @for (index, (whole, part)) in parts.iter().enumerate() {
                    " / "
                    @if index + 1 == parts.len() { strong { (part) } } @else { a href=(address::folder(&head.repository, &head.branch, whole)) { (part) } }
                }
            }
        }
    }
}

/// Renders the page.
pub fn folder(chrome: &Chrome, view: &FolderView) -> String {
    let content = html! {
        (head(&view.head, "files"))
        div.toolbar {
            (location(&view.head, &view.path))
        }
        @if view.entries.is_empty() && view.path.is_empty() {
            (empty("commit", "Nothing has been pushed yet",
                &html! { code { "git clone " (view.head.clone_url) } },
                None))
        } @else {
            div.split {
                div {
                    (entries(view, chrome.now))
                    @if let Some((name, html)) = &view.readme {
                        (section("readme", name, None, &html! { div.panel.prose { (html) } }))
                    }
                }
                div { (clone(&view.head)) }
            }
        }
    };
    document(chrome, content)
}

fn clone(head: &RepositoryHead) -> Markup {
    html! {
        section.panel aria-labelledby="clone-heading" {
            h2 #clone-heading { "Clone" }
            (copyable("Clone address", &head.clone_url))
            p.lead { "Pushing needs a token as the password: " a href="/tokens" { "make one" } "." }
        }
    }
}

fn entries(view: &FolderView, now: Timestamp) -> Markup {
    let repository = &view.head.repository;
    let branch = &view.head.branch;
    html! {
        table.table aria-label="Files" {
            @if let Some(commit) = &view.last_commit {
                thead { tr { th colspan="2" {
                    a.mono href=(address::commit(repository, commit.id.as_str())) { (commit.id.short()) }
                    " " (commit.summary) " · " (commit.author) " " (ago(now, commit.at))
                } } }
            }
            tbody {
                @if let Some((parent, _)) = view.path.rsplit_once('/') {
                    tr data-row { td colspan="2" { a.entity.name href=(address::folder(repository, branch, parent)) { (icon("folder")) span { ".." } } } }
                } @else if !view.path.is_empty() {
                    tr data-row { td colspan="2" { a.entity.name href=(address::folder(repository, branch, "")) { (icon("folder")) span { ".." } } } }
                }
                @for entry in &view.entries { (entry_row(repository, branch, entry)) }
                @if view.omitted > 0 { tr { td.muted colspan="2" { (grouped(view.omitted)) " more; clone the repository to see them" } } }
            }
        }
    }
}

fn entry_row(repository: &RepositoryRef, branch: &str, entry: &EntryRow) -> Markup {
    let (drawing, url) = match entry.kind {
        EntryKind::Folder => ("folder", Some(address::folder(repository, branch, &entry.path))),
        EntryKind::File => ("file", Some(address::blob(repository, branch, &entry.path))),
        EntryKind::Link => ("link", Some(address::blob(repository, branch, &entry.path))),
        EntryKind::Submodule => ("submodule", None),
    };
    html! {
        tr data-row {
            td {
                @match url {
                    Some(url) => a.entity.name href=(url) { (icon(drawing)) span { (entry.name) } },
                    None => span.entity { (icon(drawing)) span { (entry.name) } },
                }
            }
            td.number.fit.sub { @if let Some(bytes) = entry.size { (size(bytes)) } }
        }
    }
}

/// Renders the page.
pub fn blob(chrome: &Chrome, view: &BlobView) -> String {
    document(
        chrome,
        html! {
            (head(&view.head, "files"))
            div.toolbar {
                (location(&view.head, &view.path))
                span.muted { (size(view.size)) }
                div.actions {
                    @if let Some(other) = &view.other_form { a.button href=(other.url) { (other.title) } }
                    a.button href=(view.raw_url) { (icon("file")) "Raw" }
                }
            }
            @match &view.content {
                BlobContent::Text { text, html } => (code::block(text, html.as_ref(), true, &view.marks)),
                BlobContent::Rendered(html) => div.panel.prose { (html) },
                BlobContent::Binary => (empty("file", "Not text", &html! { "This file is " (size(view.size)) " of something else." }, Some(&html! { a.button href=(view.raw_url) { "Download" } }))),
                BlobContent::TooLarge => (empty("file", "Too large to show", &html! { "This file is " (size(view.size)) "." }, Some(&html! { a.button href=(view.raw_url) { "Download" } }))),
            }
        },
    )
}
