//! Change requests on the embedded forge, and edits of entities, which make them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use fairway_app::AppError;
use fairway_app::change_requests::{CheckStatus, EntityEdit, NewChangeRequest};
use fairway_domain::EntityRef;
use fairway_domain::change_request::{CommentPlace, Verdict};
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::state::ServerState;

fn named(owner: &str, name: &str) -> Result<RepositoryRef, AppError> {
    RepositoryRef::new(owner, name).map_err(|error| AppError::invalid(error.to_string()))
}

fn commit(text: Option<&str>) -> Result<Option<CommitId>, AppError> {
    text.map(str::parse::<CommitId>).transpose().map_err(|error| AppError::invalid(error.to_string()))
}

#[derive(Deserialize)]
pub(crate) struct Listed {
    state: Option<String>,
    repository: Option<String>,
}

/// The change requests, the newest first.
#[utoipa::path(get, path = "/api/v1/change-requests", tag = "repositories", operation_id = "listChangeRequests",
    params(
        ("state" = Option<String>, Query, description = "`open`, `merged` or `closed`"),
        ("repository" = Option<String>, Query, description = "owner/name"),
    ),
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn list(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Query(asked): Query<Listed>,
) -> Result<Json<Value>, ApiFailure> {
    let repository = asked.repository.as_deref().map(str::parse::<RepositoryRef>).transpose();
    let repository = repository.map_err(|error| AppError::invalid(error.to_string()))?;
    let items = state.app.change_requests(&caller, repository.as_ref(), asked.state.as_deref())?;
    let items: Vec<Value> = items.iter().map(|request| json!(**request)).collect();
    Ok(Json(json!({ "items": items })))
}

/// A change request to open.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Opened {
    /// The branch with the change.
    #[schema(value_type = String)]
    source: BranchName,
    /// Where it should go; the default branch when absent.
    #[schema(value_type = Option<String>)]
    target: Option<BranchName>,
    /// One line.
    title: String,
    /// Markdown.
    #[serde(default)]
    #[schema(required = false)]
    description: String,
}

/// Open a change request for a branch.
#[utoipa::path(post, path = "/api/v1/repositories/{owner}/{name}/change-requests", tag = "repositories",
    operation_id = "openChangeRequest", request_body = Opened,
    params(("owner" = String, Path, description = "The repository's owner"), ("name" = String, Path, description = "Its name")),
    responses((status = 400, description = "The request is wrong", body = ErrorBody), 
        (status = 201, description = "The change request", body = Object),
        (status = 404, description = "No such branch", body = ErrorBody),
        (status = 409, description = "There is one already, or nothing to merge", body = ErrorBody),
    ))]
pub(crate) async fn open(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((owner, name)): Path<(String, String)>,
    Body(new): Body<Opened>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let repository = named(&owner, &name)?;
    let new = NewChangeRequest {
        source: new.source,
        target: new.target,
        title: new.title,
        description: new.description,
    };
    let request = state.app.open_change(&caller, &repository, new).await?;
    Ok((StatusCode::CREATED, Json(json!(*request))))
}

/// A change request with its commits, its changed files, its checks and what is in the way.
#[utoipa::path(get, path = "/api/v1/repositories/{owner}/{name}/change-requests/{number}", tag = "repositories",
    operation_id = "getChangeRequest",
    params(("owner" = String, Path, description = "The repository's owner"), ("name" = String, Path, description = "Its name"),
        ("number" = u64, Path, description = "Its number")),
    responses((status = 200, description = "{changeRequest, commits, files, checks, conflicts, obstacles}", body = Object),
        (status = 404, description = "No such change request", body = ErrorBody)))]
pub(crate) async fn one(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
) -> Result<Json<Value>, ApiFailure> {
    let repository = named(&owner, &name)?;
    let details = state.app.change_request(&caller, &repository, number).await?;
    let commits: Vec<Value> = details
        .commits
        .iter()
        .map(|it| json!({"id": it.id, "summary": it.summary, "author": it.author_name, "at": it.at}))
        .collect();
    let files: Vec<Value> = details
        .diff
        .iter()
        .map(|file| {
            let (added, removed) = file.counts();
            json!({"path": file.path, "before": file.old_path, "added": added, "removed": removed, "binary": file.binary})
        })
        .collect();
    let checks: Vec<Value> = details
        .checks
        .iter()
        .map(|check| {
            let status = match check.status {
                CheckStatus::Passed => "passed",
                CheckStatus::Warned => "warned",
                CheckStatus::Failed => "failed",
            };
            json!({"name": check.name, "status": status, "summary": check.summary, "diagnostics": check.diagnostics})
        })
        .collect();
    Ok(Json(json!({
        "changeRequest": *details.request,
        "commits": commits,
        "files": files,
        "checks": checks,
        "conflicts": details.conflicts,
        "obstacles": details.obstacles,
    })))
}

/// Something to say.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Said {
    /// Markdown.
    #[serde(default)]
    text: String,
    /// The file that it is about.
    path: Option<String>,
    /// The line of that file after the change.
    line: Option<u32>,
    /// The commit that was looked at; the newest when absent.
    commit: Option<String>,
}

/// Comment on a change request, or on a line of it.
#[utoipa::path(post, path = "/api/v1/repositories/{owner}/{name}/change-requests/{number}/comments", tag = "repositories",
    operation_id = "commentOnChangeRequest", request_body = Said,
    params(("owner" = String, Path, description = "The repository's owner"), ("name" = String, Path, description = "Its name"),
        ("number" = u64, Path, description = "Its number")),
    responses((status = 201, description = "The change request", body = Object), (status = 404, description = "No such change request", body = ErrorBody)))]
pub(crate) async fn comment(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    Body(said): Body<Said>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let repository = named(&owner, &name)?;
    let place = match (said.path, said.line) {
        (Some(path), Some(line)) => {
            let seen = match commit(said.commit.as_deref())? {
                Some(seen) => seen,
                None => state.app.change_request(&caller, &repository, number).await?.request.head.clone(),
            };
            Some(CommentPlace { path, line, commit: seen })
        }
        (None, None) => None,
        _ => return Err(AppError::invalid("a line needs its file, and a file its line").into()),
    };
    let request = state.app.comment_on_change(&caller, &repository, number, &said.text, place).await?;
    Ok((StatusCode::CREATED, Json(json!(*request))))
}

/// A review.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Reviewed {
    /// `approve` or `request-changes`.
    verdict: String,
    /// Why, in Markdown.
    #[serde(default)]
    #[schema(required = false)]
    text: String,
    /// The commit that was looked at; refused when there is a newer one.
    commit: Option<String>,
}

/// Approve a change request, or ask for changes.
#[utoipa::path(post, path = "/api/v1/repositories/{owner}/{name}/change-requests/{number}/reviews", tag = "repositories",
    operation_id = "reviewChangeRequest", request_body = Reviewed,
    params(("owner" = String, Path, description = "The repository's owner"), ("name" = String, Path, description = "Its name"),
        ("number" = u64, Path, description = "Its number")),
    responses((status = 201, description = "The change request", body = Object),
        (status = 409, description = "There are newer commits, or it is one's own", body = ErrorBody)))]
pub(crate) async fn review(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    Body(review): Body<Reviewed>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let repository = named(&owner, &name)?;
    let verdict = Verdict::parse(&review.verdict).ok_or_else(|| AppError::Invalid {
        message: format!("\"{}\" is not a verdict", review.verdict),
        hint: Some("say approve or request-changes".to_owned()),
    })?;
    let seen = commit(review.commit.as_deref())?;
    let done = state.app.review_change(&caller, &repository, number, verdict, &review.text, seen.as_ref());
    Ok((StatusCode::CREATED, Json(json!(*done.await?))))
}

/// What was looked at.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Seen {
    /// The commit that was looked at; refused when there is a newer one.
    commit: Option<String>,
}

/// Merge a change request.
#[utoipa::path(post, path = "/api/v1/repositories/{owner}/{name}/change-requests/{number}/merge", tag = "repositories",
    operation_id = "mergeChangeRequest", request_body = Seen,
    params(("owner" = String, Path, description = "The repository's owner"), ("name" = String, Path, description = "Its name"),
        ("number" = u64, Path, description = "Its number")),
    responses((status = 200, description = "The change request", body = Object),
        (status = 409, description = "Something is in the way", body = ErrorBody)))]
pub(crate) async fn merge(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    Body(seen): Body<Seen>,
) -> Result<Json<Value>, ApiFailure> {
    let repository = named(&owner, &name)?;
    let seen = commit(seen.commit.as_deref())?;
    Ok(Json(json!(*state.app.merge_change(&caller, &repository, number, seen.as_ref()).await?)))
}

/// The state of a change request.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Openness {
    /// Whether it is open.
    open: bool,
}

/// Close a change request, or reopen it.
#[utoipa::path(put, path = "/api/v1/repositories/{owner}/{name}/change-requests/{number}/open", tag = "repositories",
    operation_id = "setChangeRequestOpen", request_body = Openness,
    params(("owner" = String, Path, description = "The repository's owner"), ("name" = String, Path, description = "Its name"),
        ("number" = u64, Path, description = "Its number")),
    responses((status = 200, description = "The change request", body = Object), (status = 409, description = "It is merged", body = ErrorBody)))]
pub(crate) async fn set_open(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((owner, name, number)): Path<(String, String, u64)>,
    Body(wanted): Body<Openness>,
) -> Result<Json<Value>, ApiFailure> {
    let repository = named(&owner, &name)?;
    Ok(Json(json!(*state.app.set_change_open(&caller, &repository, number, wanted.open).await?)))
}

/// New values of an entity's fields.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Edited {
    /// Values by field, for example `spec.owner`; lists with commas between; an empty value takes the field away.
    values: BTreeMap<String, String>,
    /// The change request's title.
    #[serde(default)]
    #[schema(required = false)]
    title: String,
    /// Why, in Markdown.
    #[serde(default)]
    #[schema(required = false)]
    description: String,
}

/// Propose new values for an entity's fields: a change request to its file.
#[utoipa::path(post, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/edits", tag = "catalog",
    operation_id = "proposeEdit", request_body = Edited,
    params(("kind" = String, Path, description = "The kind"), ("namespace" = String, Path, description = "The namespace"),
        ("name" = String, Path, description = "The name")),
    responses((status = 201, description = "The change request", body = Object),
        (status = 400, description = "The file would be broken, or nothing changes", body = ErrorBody),
        (status = 409, description = "The file is not on the embedded forge", body = ErrorBody)))]
pub(crate) async fn edit(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((kind, namespace, name)): Path<(String, String, String)>,
    Body(edited): Body<Edited>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let edit = EntityEdit { values: edited.values, title: edited.title, description: edited.description };
    let request = state.app.propose_edit(&caller, &reference, edit).await?;
    Ok((StatusCode::CREATED, Json(json!(*request))))
}
