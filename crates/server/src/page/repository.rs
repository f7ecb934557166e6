//! `/repositories`: what is in the embedded forge.

use std::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::Uri;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Redirect};
use fairway_app::{AppError, View};
use fairway_domain::EntityRef;
use fairway_domain::repository::{CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;
use fairway_portal::Section;
use fairway_portal::commit::{CommitRow, CommitView, CommitsView, DiffStatus, FileDiffView};
use fairway_portal::repository::{
    BlobContent, BlobView, EntryKind, EntryRow, FolderView, RepositoriesView, RepositoryHead, RepositoryRow,
};
use fairway_portal::row::Link;
use fairway_remote::{CommitInfo, DiffLineKind, EntryKind as RemoteKind, FileDiff, Hunk};

use crate::caller::PageCaller;
use crate::failure::OrPage;
use crate::page::row::clone_url;
use crate::page::{Page, chrome, highlighted, html, markdown_in, off_thread};
use crate::pairs::{Pairs, with_parameter};
use crate::state::ServerState;

const COMMITS: usize = 50;
const LARGEST: usize = 1024 * 1024;
/// A line costs far more on a page than its bytes.
const LINES: usize = 20_000;
/// As many files of a folder as anybody reads; the page of a folder with a million is a gigabyte.
const ENTRIES: usize = 2_000;
const FILES_OF_DIFF: usize = 200;

fn entities_of(view: &View, repository: &RepositoryRef) -> Vec<EntityRef> {
    let sources: Vec<&String> = view
        .sources
        .iter()
        .filter(|(_, source)| source.target.repository() == Some(repository))
        .map(|(id, _)| id)
        .collect();
    let mut entities: Vec<EntityRef> = view
        .catalog
        .iter()
        .filter(|found| sources.iter().any(|source| *source == found.source()) && found.kind() != "Location")
        .map(|found| found.reference().clone())
        .collect();
    // What a repository is for comes before what lies in it besides.
    entities.sort_by_key(|reference| (reference.kind() != "component", reference.clone()));
    entities
}

pub(crate) async fn repositories(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let q = Pairs::of_query(&uri).get("q").unwrap_or_default().to_owned();
    let all = state.app.repositories(&caller).await.or_page(&state, &uri, &caller)?;
    let view = state.app.view();
    let total = all.len();
    let needle = q.to_lowercase();
    let repositories = all
        .into_iter()
        .filter(|info| {
            needle.is_empty()
                || info.repository.to_string().to_lowercase().contains(&needle)
                || info.description.to_lowercase().contains(&needle)
        })
        .map(|info| RepositoryRow {
            entity: entities_of(&view, &info.repository)
                .into_iter()
                .next()
                .filter(|it| it.kind() == "component"),
            repository: info.repository,
            description: info.description,
            default_branch: info.default_branch,
            updated_at: info.updated_at,
        })
        .collect();
    let chrome = chrome(&state, &caller, &uri, "Repositories", Section::Repositories);
    Ok(html(fairway_portal::repositories(&chrome, &RepositoriesView { repositories, q, total })))
}

pub(crate) fn named(owner: &str, name: &str) -> Result<RepositoryRef, AppError> {
    RepositoryRef::new(owner, name).map_err(|_| AppError::NotFound {
        what: "repository",
        name: format!("{owner}/{name}"),
        near: Vec::new(),
    })
}

pub(crate) async fn head(
    state: &ServerState,
    caller: &fairway_domain::Caller,
    repository: &RepositoryRef,
    branch: Option<&str>,
) -> Result<RepositoryHead, AppError> {
    let (info, branches) =
        tokio::join!(state.app.repository(caller, repository), state.app.branches(caller, repository));
    let (info, branches) = (info?, branches?);
    Ok(RepositoryHead {
        repository: repository.clone(),
        description: info.description,
        branch: branch.map_or_else(|| info.default_branch.to_string(), str::to_owned),
        default_branch: info.default_branch,
        branches: branches.into_iter().map(|(branch, _)| branch.to_string()).collect(),
        clone_url: clone_url(state, repository),
        entities: entities_of(&state.app.view(), repository),
    })
}

pub(crate) fn commit_row(info: &CommitInfo) -> CommitRow {
    let run =
        info.body.lines().find_map(|line| line.strip_prefix("Fairway-Run:")).map(|run| run.trim().to_owned());
    CommitRow {
        id: info.id.clone(),
        summary: info.summary.clone(),
        body: info.body.clone(),
        author: info.author_name.clone(),
        at: info.at,
        run,
    }
}

fn tree_path(text: &str) -> Result<Option<TreePath>, AppError> {
    if text.trim_matches('/').is_empty() {
        return Ok(None);
    }
    TreePath::lenient(text).map(Some).map_err(|error| AppError::invalid(error.to_string()))
}

async fn folder_page(
    state: ServerState,
    caller: fairway_domain::Caller,
    uri: Uri,
    repository: Result<RepositoryRef, AppError>,
    branch: Option<String>,
    path: String,
) -> Page {
    let repository = repository.or_page(&state, &uri, &caller)?;
    let folder = tree_path(&path).or_page(&state, &uri, &caller)?;
    let title = repository.to_string();
    // Each question is a process of git's, so they are asked at once.
    let revision = branch.clone().unwrap_or_else(|| "HEAD".to_owned());
    let (head, listed, commits) = tokio::join!(
        head(&state, &caller, &repository, branch.as_deref()),
        state.app.folder(&caller, &repository, &revision, folder.as_ref()),
        state.app.commits(&caller, &repository, &revision, 1, 0),
    );
    let head = head.or_page(&state, &uri, &caller)?;
    // An empty repository has neither folders nor commits to ask for.
    let empty = head.branches.is_empty();
    let listed = if empty { Vec::new() } else { listed.or_page(&state, &uri, &caller)? };
    let mut entries: Vec<EntryRow> = listed
        .into_iter()
        .map(|entry| EntryRow {
            name: entry.name,
            path: entry.path.to_string(),
            kind: match entry.kind {
                RemoteKind::Folder => EntryKind::Folder,
                RemoteKind::File => EntryKind::File,
                RemoteKind::Link => EntryKind::Link,
                RemoteKind::Submodule => EntryKind::Submodule,
            },
            size: entry.size,
        })
        .collect();
    entries.sort_by_key(|entry| (entry.kind != EntryKind::Folder, entry.name.to_lowercase()));
    let omitted = entries.len().saturating_sub(ENTRIES);
    let last_commit =
        if empty { None } else { commits.or_page(&state, &uri, &caller)?.first().map(commit_row) };
    let readme_entry = entries
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case("readme.md") && entry.kind == EntryKind::File)
        .cloned();
    entries.truncate(ENTRIES);
    let mut readme = None;
    if let Some(entry) = &readme_entry
        && let Ok(Some(path)) = tree_path(&entry.path)
    {
        let file = state.app.file(&caller, &repository, &head.branch, &path).await;
        let file = file.or_page(&state, &uri, &caller)?;
        let name = entry.name.clone();
        readme = file.text().map(str::to_owned).map(|text| (name, text));
    }
    let readme = match readme {
        Some((name, text)) => {
            let (repository, branch) = (repository.clone(), head.branch.clone());
            let folder = path.trim_matches('/').to_owned();
            let html = off_thread(move || markdown_in(&text, &repository, &branch, &folder))
                .await
                .or_page(&state, &uri, &caller)?;
            Some((name, html))
        }
        None => None,
    };
    let chrome = chrome(&state, &caller, &uri, &title, Section::Repositories);
    let view =
        FolderView { head, path: path.trim_matches('/').to_owned(), entries, omitted, last_commit, readme };
    Ok(html(fairway_portal::folder(&chrome, &view)))
}

pub(crate) async fn repository(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name)): Path<(String, String)>,
    uri: Uri,
) -> Page {
    folder_page(state, caller, uri, named(&owner, &name), None, String::new()).await
}

pub(crate) async fn branch_root(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, branch)): Path<(String, String, String)>,
    uri: Uri,
) -> Page {
    folder_page(state, caller, uri, named(&owner, &name), Some(branch), String::new()).await
}

pub(crate) async fn folder(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, branch, path)): Path<(String, String, String, String)>,
    uri: Uri,
) -> Page {
    folder_page(state, caller, uri, named(&owner, &name), Some(branch), path).await
}

/// Whether a file is more than a page should hold.
pub(crate) fn is_too_large(bytes: &[u8]) -> bool {
    bytes.len() > LARGEST || bytes.split(|&byte| byte == b'\n').count() > LINES
}

pub(crate) async fn blob(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, branch, path_text)): Path<(String, String, String, String)>,
    uri: Uri,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let path = tree_path(&path_text)
        .and_then(|path| path.ok_or_else(|| AppError::invalid("the address names no file")))
        .or_page(&state, &uri, &caller)?;
    let head = head(&state, &caller, &repository, Some(&branch)).await.or_page(&state, &uri, &caller)?;
    let file = state.app.file(&caller, &repository, &branch, &path).await.or_page(&state, &uri, &caller)?;
    let size = file.bytes.len() as u64;
    let is_markdown = path.as_str().to_lowercase().ends_with(".md");
    let rendered = is_markdown && Pairs::of_query(&uri).get("view") != Some("source");
    let file_name = path.file_name().to_owned();
    let parent = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let of = (repository.clone(), branch.clone(), parent.to_owned());
    let content = off_thread(move || match file.text() {
        _ if is_too_large(&file.bytes) => BlobContent::TooLarge,
        None => BlobContent::Binary,
        Some(text) if rendered => BlobContent::Rendered(markdown_in(text, &of.0, &of.1, &of.2)),
        Some(text) => BlobContent::Text { html: highlighted(&file_name, text), text: text.to_owned() },
    })
    .await
    .or_page(&state, &uri, &caller)?;
    let base = format!("/repositories/{repository}/blob/{branch}/{path}");
    let other_form = is_markdown.then(|| {
        if rendered {
            Link { title: "Source".to_owned(), url: format!("{base}?view=source"), icon: None }
        } else {
            Link { title: "Rendered".to_owned(), url: base.clone(), icon: None }
        }
    });
    let view = state.app.view();
    let sources: Vec<&String> = view
        .sources
        .iter()
        .filter(|(_, source)| source.target.repository() == Some(&repository))
        .map(|(id, _)| id)
        .collect();
    let marks = view
        .drafts
        .values()
        .filter(|draft| sources.contains(&&draft.source) && draft.file == path.as_str())
        .flat_map(|draft| &draft.diagnostics)
        .filter_map(|diagnostic| Some((diagnostic.location.as_ref()?.line, diagnostic.message.clone())))
        .collect();
    let chrome = chrome(&state, &caller, &uri, path.file_name(), Section::Repositories);
    let data = BlobView {
        head,
        path: path.to_string(),
        size,
        content,
        raw_url: format!("/repositories/{repository}/raw/{branch}/{path}"),
        other_form,
        marks,
    };
    Ok(html(fairway_portal::blob(&chrome, &data)))
}

/// The type of a picture by its first bytes. SVG is none of them: it may hold scripts.
fn picture(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some("image/gif")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

/// The bytes themselves; never as something that a browser would run.
pub(crate) async fn raw(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, branch, path)): Path<(String, String, String, String)>,
    uri: Uri,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let path = tree_path(&path)
        .and_then(|path| path.ok_or_else(|| AppError::invalid("the address names no file")))
        .or_page(&state, &uri, &caller)?;
    let file = state.app.file(&caller, &repository, &branch, &path).await.or_page(&state, &uri, &caller)?;
    let text = file.text().is_some();
    let (kind, disposition) = match picture(&file.bytes) {
        Some(kind) => (kind, "inline"),
        None if text => ("text/plain; charset=utf-8", "inline"),
        None => ("application/octet-stream", "attachment"),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
    ];
    Ok((headers, file.bytes.to_vec()).into_response())
}

/// Hunks as a unified diff.
fn patch(hunks: &[Hunk]) -> String {
    let mut text = String::new();
    for hunk in hunks {
        let count = |kind: DiffLineKind| hunk.lines.iter().filter(|line| line.kind == kind).count();
        let context = count(DiffLineKind::Context);
        let (removed, added) = (context + count(DiffLineKind::Removed), context + count(DiffLineKind::Added));
        let _ = writeln!(
            text,
            "@@ -{},{removed} +{},{added} @@ {}",
            hunk.old_start, hunk.new_start, hunk.heading
        );
        for line in &hunk.lines {
            let mark = match line.kind {
                DiffLineKind::Context => ' ',
                DiffLineKind::Added => '+',
                DiffLineKind::Removed => '-',
                DiffLineKind::Remark => '\\',
            };
            let _ = writeln!(text, "{mark}{}", line.text);
        }
    }
    text
}

pub(crate) async fn commits(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, branch)): Path<(String, String, String)>,
    uri: Uri,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let head = head(&state, &caller, &repository, Some(&branch)).await.or_page(&state, &uri, &caller)?;
    let page = Pairs::of_query(&uri).number("page", 1).clamp(1, 100_000);
    let skip = (page - 1) * COMMITS;
    let found = state.app.commits(&caller, &repository, &branch, COMMITS + 1, skip).await;
    let found = found.or_page(&state, &uri, &caller)?;
    let view = CommitsView {
        head,
        commits: found.iter().take(COMMITS).map(commit_row).collect(),
        older: (found.len() > COMMITS).then(|| with_parameter(&uri, "page", &(page + 1).to_string())),
        newer: (page > 1).then(|| with_parameter(&uri, "page", &(page - 1).to_string())),
    };
    let chrome = chrome(&state, &caller, &uri, &format!("Commits of {repository}"), Section::Repositories);
    Ok(html(fairway_portal::commits(&chrome, &view)))
}

/// The first files of a diff, as a page shows them.
pub(crate) fn file_views(diff: Vec<FileDiff>) -> Vec<FileDiffView> {
    let shown = diff.into_iter().take(FILES_OF_DIFF);
    shown
        .map(|file| FileDiffView {
            patch: patch(&file.hunks),
            path: file.path,
            old_path: file.old_path,
            status: match file.status {
                fairway_remote::DiffStatus::Added => DiffStatus::Added,
                fairway_remote::DiffStatus::Deleted => DiffStatus::Deleted,
                fairway_remote::DiffStatus::Renamed => DiffStatus::Renamed,
                _ => DiffStatus::Changed,
            },
            binary: file.binary,
            truncated: file.truncated,
        })
        .collect()
}

pub(crate) async fn commit(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, id)): Path<(String, String, String)>,
    uri: Uri,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let id: CommitId = id
        .parse()
        .map_err(|error: fairway_domain::repository::CommitIdError| AppError::invalid(error.to_string()))
        .or_page(&state, &uri, &caller)?;
    let head = head(&state, &caller, &repository, None).await.or_page(&state, &uri, &caller)?;
    let (info, diff) =
        state.app.commit_with_diff(&caller, &repository, &id).await.or_page(&state, &uri, &caller)?;
    let omitted = diff.len().saturating_sub(FILES_OF_DIFF);
    let files = file_views(diff);
    let title = info.summary.clone();
    let view = CommitView { head, commit: commit_row(&info), parents: info.parents.clone(), files, omitted };
    let chrome = chrome(&state, &caller, &uri, &title, Section::Repositories);
    Ok(html(fairway_portal::commit(&chrome, &view)))
}

/// `/repositories/{owner}/{name}.git`, which people paste into a browser.
pub(crate) async fn redirect(Path((owner, name)): Path<(String, String)>) -> Redirect {
    Redirect::to(&format!("/repositories/{owner}/{}", name.trim_end_matches(".git")))
}

#[cfg(test)]
mod tests {
    use super::is_too_large;

    #[test]
    fn many_short_lines_are_as_large_as_many_bytes() {
        assert!(!is_too_large(b"one\ntwo\n"));
        assert!(is_too_large(&b"\n".repeat(30_000)));
        assert!(is_too_large(&b"x".repeat(2 << 20)));
    }
}
