//! `/repositories/{owner}/{name}/changes`: change requests, and editing an entity, which makes one.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{Html, IntoResponse, Redirect, Response};
use fairway_app::AppError;
use fairway_app::change_requests::{CheckStatus, EntityEdit, EntityForm, NewChangeRequest};
use fairway_domain::change_request::{ChangeRequest, CommentPlace, Verdict};
use fairway_domain::repository::{BranchNameError, CommitId, RepositoryRef};
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_portal::change_request::change_address;
use fairway_portal::{
    ChangeRequestView, ChangeRequestsView, ChangeTab, CheckRow, EditFieldView, EntityEditView, Section, Tone,
};

use crate::caller::PageCaller;
use crate::failure::{OrPage, status};
use crate::page::repository::{commit_row, file_views, head, named};
use crate::page::{Page, chrome, html, markdown, off_thread};
use crate::pairs::Pairs;
use crate::state::ServerState;

const STATES: [&str; 3] = ["open", "merged", "closed"];

/// Why this person may not take part.
fn blocked(caller: &Caller) -> Option<String> {
    caller.authorise(Permission::Push).err().map(|error| error.to_string())
}

fn told(error: &AppError) -> String {
    error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"))
}

pub(crate) async fn all(State(state): State<ServerState>, PageCaller(caller): PageCaller, uri: Uri) -> Page {
    let view = list_view(&state, &caller, &uri, None).await.or_page(&state, &uri, &caller)?;
    let chrome = chrome(&state, &caller, &uri, "Change requests", Section::Repositories);
    Ok(html(fairway_portal::change_requests(&chrome, &view)))
}

pub(crate) async fn of_repository(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name)): Path<(String, String)>,
    uri: Uri,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let view = list_view(&state, &caller, &uri, Some(&repository)).await.or_page(&state, &uri, &caller)?;
    let chrome = chrome(&state, &caller, &uri, "Change requests", Section::Repositories);
    Ok(html(fairway_portal::change_requests(&chrome, &view)))
}

async fn list_view(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    repository: Option<&RepositoryRef>,
) -> Result<ChangeRequestsView, AppError> {
    let found = state.app.change_requests(caller, repository, None)?;
    let asked = Pairs::of_query(uri);
    let chosen = asked.get("state").filter(|word| STATES.contains(word)).unwrap_or("open").to_owned();
    let counts = STATES.map(|word| found.iter().filter(|request| request.state.word() == word).count());
    let head = match repository {
        Some(repository) => Some(head(state, caller, repository, None).await?),
        None => None,
    };
    let branches = head.as_ref().map_or_else(Vec::new, |head| {
        let waits = |branch: &String| {
            found.iter().any(|request| request.is_open() && request.source.as_str() == branch)
        };
        let mut branches = head.branches.clone();
        branches.retain(|branch| *branch != head.default_branch.to_string() && !waits(branch));
        branches
    });
    let requests = found.iter().filter(|request| request.state.word() == chosen).take(500);
    Ok(ChangeRequestsView {
        requests: requests.map(|request| ChangeRequest::clone(request)).collect(),
        head,
        state: chosen,
        counts,
        branches,
        error: None,
        blocked: blocked(caller),
    })
}

pub(crate) async fn open(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name)): Path<(String, String)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_form(&body);
    let opened = async {
        let source = pairs.get("source").unwrap_or_default().parse();
        let source = source.map_err(|error: BranchNameError| AppError::invalid(error.to_string()))?;
        let new = NewChangeRequest {
            source,
            target: None,
            title: pairs.get("title").unwrap_or_default().to_owned(),
            description: pairs.get("description").unwrap_or_default().to_owned(),
        };
        state.app.open_change(&caller, &repository, new).await
    };
    match opened.await {
        Ok(request) => Ok(Redirect::to(&change_address(&request)).into_response()),
        Err(error) => {
            let view = list_view(&state, &caller, &uri, Some(&repository)).await;
            let mut view = view.or_page(&state, &uri, &caller)?;
            view.error = Some(told(&error));
            let chrome = chrome(&state, &caller, &uri, "Change requests", Section::Repositories);
            let page = Html(fairway_portal::change_requests(&chrome, &view));
            Ok((status(&error), page).into_response())
        }
    }
}

pub(crate) async fn one(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    uri: Uri,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    detail(&state, &caller, &uri, &repository, number, None).await
}

async fn detail(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    repository: &RepositoryRef,
    number: u64,
    error: Option<&AppError>,
) -> Page {
    let details = state.app.change_request(caller, repository, number).await.or_page(state, uri, caller)?;
    let head = head(state, caller, repository, None).await.or_page(state, uri, caller)?;
    let request = ChangeRequest::clone(&details.request);
    let changed = details.diff.len();
    let view = ChangeRequestView {
        head,
        tab: ChangeTab::parse(Pairs::of_query(uri).get("tab").unwrap_or_default()),
        description: markdown(&request.description),
        comments: request.comments.iter().map(|comment| markdown(&comment.text)).collect(),
        reviews: request.reviews.iter().map(|review| markdown(&review.text)).collect(),
        commits: details.commits.iter().map(commit_row).collect(),
        files: file_views(details.diff),
        changed,
        checks: details
            .checks
            .into_iter()
            .map(|check| CheckRow {
                name: check.name.to_owned(),
                tone: match check.status {
                    CheckStatus::Passed => Tone::Good,
                    CheckStatus::Warned => Tone::Warning,
                    CheckStatus::Failed => Tone::Bad,
                },
                summary: check.summary,
                diagnostics: check.diagnostics,
            })
            .collect(),
        obstacles: details.obstacles,
        blocked: blocked(caller),
        error: error.map(told),
        request,
    };
    let chrome = chrome(state, caller, uri, &format!("#{number}"), Section::Repositories);
    let page = off_thread(move || fairway_portal::change_request(&chrome, &view)).await;
    let page = page.or_page(state, uri, caller)?;
    Ok(match error {
        Some(error) => (status(error), Html(page)).into_response(),
        None => html(page),
    })
}

/// What was sent is carried out; when it cannot be, the page says so where the form was.
async fn after(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    repository: &RepositoryRef,
    number: u64,
    done: Result<std::sync::Arc<ChangeRequest>, AppError>,
) -> Page {
    match done {
        Ok(request) => Ok(Redirect::to(&change_address(&request)).into_response()),
        Err(error @ AppError::NotFound { .. }) => Err(error).or_page(state, uri, caller),
        Err(error) => detail(state, caller, uri, repository, number, Some(&error)).await,
    }
}

fn commit_of(pairs: &Pairs) -> Option<CommitId> {
    pairs.get("commit").and_then(|text| text.parse().ok())
}

pub(crate) async fn remark(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_form(&body);
    let text = pairs.get("text").unwrap_or_default();
    let commit = commit_of(&pairs);
    let done = if let Some(verdict) = Verdict::parse(pairs.get("verdict").unwrap_or_default()) {
        state.app.review_change(&caller, &repository, number, verdict, text, commit.as_ref()).await
    } else {
        let place = pairs.get("path").zip(pairs.get("line")).zip(commit);
        let place = place.and_then(|((path, line), commit)| {
            Some(CommentPlace { path: path.to_owned(), line: line.parse().ok()?, commit })
        });
        state.app.comment_on_change(&caller, &repository, number, text, place).await
    };
    after(&state, &caller, &uri, &repository, number, done).await
}

pub(crate) async fn merge(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let commit = commit_of(&Pairs::of_form(&body));
    let done = state.app.merge_change(&caller, &repository, number, commit.as_ref()).await;
    after(&state, &caller, &uri, &repository, number, done).await
}

pub(crate) async fn set_state(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let repository = named(&owner, &name).or_page(&state, &uri, &caller)?;
    let open = Pairs::of_form(&body).get("open") == Some("yes");
    let done = state.app.set_change_open(&caller, &repository, number, open).await;
    after(&state, &caller, &uri, &repository, number, done).await
}

pub(crate) async fn edit_form(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, kind, name)): Path<(String, String, String)>,
    uri: Uri,
) -> Page {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let form = state.app.entity_form(&caller, &reference).or_page(&state, &uri, &caller)?;
    Ok(html(edit_page(&state, &caller, &uri, &reference, &form, None)))
}

fn edit_page(
    state: &ServerState,
    caller: &Caller,
    uri: &Uri,
    reference: &EntityRef,
    form: &EntityForm,
    sent: Option<(&EntityEdit, &AppError)>,
) -> String {
    let repository = &form.repository;
    let fields = form.fields.iter().map(|field| EditFieldView {
        field: field.field.clone(),
        label: field.label.to_owned(),
        help: field.help.to_owned(),
        value: sent.and_then(|(edit, _)| edit.values.get(&field.field)).unwrap_or(&field.value).clone(),
        suggestions: field.suggestions.clone(),
        pending: field
            .pending
            .clone()
            .map(|(value, number)| (value, number, format!("/repositories/{repository}/changes/{number}"))),
    });
    let view = EntityEditView {
        reference: reference.clone(),
        title: form.entity.title().to_owned(),
        fields: fields.collect(),
        file: (
            format!("{repository}/{}", form.path),
            format!("/repositories/{repository}/blob/{}/{}", form.branch, form.path),
        ),
        description: sent.map(|(edit, _)| edit.description.clone()).unwrap_or_default(),
        errors: match sent {
            Some((_, AppError::Diagnostics(diagnostics))) => {
                diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect()
            }
            Some((_, error)) => vec![told(error)],
            None => Vec::new(),
        },
    };
    let title = format!("Edit {}", form.entity.title());
    fairway_portal::entity_edit(&chrome(state, caller, uri, &title, Section::Catalog), &view)
}

pub(crate) async fn edit(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, kind, name)): Path<(String, String, String)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let form = state.app.entity_form(&caller, &reference).or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_form(&body);
    let offered = |name: &String| form.fields.iter().any(|field| field.field == *name);
    let values: BTreeMap<String, String> =
        pairs.0.iter().filter(|(name, _)| offered(name)).cloned().collect();
    let edit = EntityEdit {
        values,
        title: String::new(),
        description: pairs.get("description").unwrap_or_default().to_owned(),
    };
    match state.app.propose_edit(&caller, &reference, edit.clone()).await {
        Ok(request) => Ok(Redirect::to(&change_address(&request)).into_response()),
        Err(error) => {
            let page = edit_page(&state, &caller, &uri, &reference, &form, Some((&edit, &error)));
            let answer: Response = (status(&error), Html(page)).into_response();
            Ok(answer)
        }
    }
}
