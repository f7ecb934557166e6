//! Golden paths, plans and runs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use fairway_app::AppError;
use fairway_app::plans::StoredPlan;
use fairway_domain::finding::Finding;
use fairway_domain::{Digest, EntityRef};
use fairway_scaffold::Template;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::{ApiFailure, add};
use crate::pairs::Pairs;
use crate::state::ServerState;

fn template_body(template: &Template, with_form: bool) -> Value {
    let mut body = json!({
        "entityRef": template.reference,
        "name": template.reference.name(),
        "title": template.title,
        "description": template.description,
        "type": template.template_type,
        "owner": template.owner,
        "tags": template.tags,
    });
    if with_form {
        let steps = template
            .steps
            .iter()
            .map(|step| json!({"title": step.title, "description": step.description, "schema": step.schema}));
        add(&mut body, "steps", steps.collect());
    }
    body
}

pub(crate) fn plan_body(stored: &StoredPlan) -> Value {
    json!({
        "digest": stored.plan.digest(),
        "plan": stored.plan,
        "blocked": stored.plan.blocking().next().is_some(),
        "findingIds": stored.plan.findings.iter().map(Finding::id).collect::<Vec<_>>(),
        "createdBy": stored.created_by,
        "createdAt": stored.created_at,
    })
}

pub(crate) fn digest(text: &str) -> Result<Digest, ApiFailure> {
    text.parse::<Digest>().map_err(|error| AppError::invalid(error.to_string()).into())
}

/// The golden paths.
#[utoipa::path(get, path = "/api/v1/templates", tag = "plans", operation_id = "listTemplates",
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn templates(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    let templates = state.app.templates(&caller)?;
    let items: Vec<Value> = templates.iter().map(|template| template_body(template, false)).collect();
    Ok(Json(json!({ "items": items })))
}

/// One golden path with the JSON schemas of its form.
#[utoipa::path(get, path = "/api/v1/templates/{name}", tag = "plans", operation_id = "getTemplate",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The template", body = Object), (status = 404, body = ErrorBody, description = "No such template")))]
pub(crate) async fn template(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(template_body(&state.app.template_named(&caller, &name)?, true)))
}

/// A plan to make.
#[derive(Deserialize, ToSchema)]
pub(crate) struct MakePlan {
    /// The golden path, by name or entity reference.
    template: String,
    /// The answers to its form.
    #[schema(value_type = Object)]
    inputs: Value,
}

/// Plan a golden path. Changes nothing; the digest is what is applied.
#[utoipa::path(post, path = "/api/v1/plans", tag = "plans", operation_id = "makePlan", request_body = MakePlan,
    responses(
        (status = 200, description = "{digest, plan, blocked, findingIds in the order of the plan's findings, createdBy, createdAt}", body = Object),
        (status = 400, description = "The answers are wrong", body = ErrorBody),
        (status = 404, description = "No such template", body = ErrorBody),
        (status = 422, description = "The template cannot be planned", body = ErrorBody),
    ))]
pub(crate) async fn plan(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<MakePlan>,
) -> Result<Json<Value>, ApiFailure> {
    let template = state.app.template_named(&caller, &request.template)?;
    let stored = state.app.plan_template(&caller, &template.reference, &request.inputs).await?;
    Ok(Json(plan_body(&stored)))
}

/// A plan that was made.
#[utoipa::path(get, path = "/api/v1/plans/{digest}", tag = "plans", operation_id = "getPlan",
    params(("digest" = String, Path, description = "Its digest")),
    responses((status = 200, description = "The plan", body = Object), (status = 404, body = ErrorBody, description = "No such plan")))]
pub(crate) async fn stored_plan(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(text): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(plan_body(&state.app.stored_plan(&caller, &digest(&text)?).await?)))
}

/// The bytes of a file that a plan names.
#[utoipa::path(get, path = "/api/v1/plans/{digest}/files/{content}", tag = "plans", operation_id = "getPlanFile",
    params(("digest" = String, Path, description = "The plan's digest"), ("content" = String, Path, description = "The content's digest")),
    responses((status = 200, description = "The bytes", content_type = "application/octet-stream", body = Vec<u8>), (status = 404, body = ErrorBody, description = "No such file")))]
pub(crate) async fn plan_file(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((text, content)): Path<(String, String)>,
) -> Result<Response, ApiFailure> {
    let stored = state.app.stored_plan(&caller, &digest(&text)?).await?;
    let bytes = state.app.plan_file(&caller, &stored.plan, &digest(&content)?).await?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// Apply a plan. It is computed again first; when it differs, nothing happens.
#[utoipa::path(post, path = "/api/v1/plans/{digest}/apply", tag = "plans", operation_id = "applyPlan",
    params(("digest" = String, Path, description = "Its digest")),
    responses(
        (status = 202, description = "The run", body = Object),
        (status = 404, description = "No such plan", body = ErrorBody),
        (status = 409, description = "The plan no longer holds", body = ErrorBody),
        (status = 422, description = "Policies deny it", body = ErrorBody),
    ))]
pub(crate) async fn apply(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(text): Path<String>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let run = state.app.apply(&caller, &digest(&text)?).await?;
    Ok((StatusCode::ACCEPTED, Json(json!(run))))
}

/// The newest runs.
#[utoipa::path(get, path = "/api/v1/runs", tag = "plans", operation_id = "listRuns",
    params(("limit" = Option<usize>, Query, description = "At most this many, 20 by default")),
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn runs(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let limit = Pairs::of_query(&uri).number("limit", 20).clamp(1, 500);
    Ok(Json(json!({"items": state.app.runs(&caller, limit)?})))
}

/// One run.
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "plans", operation_id = "getRun",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The run", body = Object), (status = 404, body = ErrorBody, description = "No such run")))]
pub(crate) async fn run(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!(state.app.run(&caller, &id)?)))
}

/// A run as it moves: server-sent events named `run`, each with the whole run, until it settles.
#[utoipa::path(get, path = "/api/v1/runs/{id}/events", tag = "plans", operation_id = "followRun",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "Events", content_type = "text/event-stream", body = String), (status = 404, body = ErrorBody, description = "No such run")))]
pub(crate) async fn run_events(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    crate::events::run_objects(state, caller, id)
}

/// What undoing a run would do. Changes nothing.
#[utoipa::path(get, path = "/api/v1/runs/{id}/undo", tag = "plans", operation_id = "previewUndo",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "{items}", body = Object), (status = 404, body = ErrorBody, description = "No such run")))]
pub(crate) async fn undo_preview(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    let previews = state.app.undo_preview(&caller, &id).await?;
    let items: Vec<Value> = previews
        .iter()
        .map(|it| json!({"index": it.index, "effect": it.effect, "action": it.action, "kept": it.kept}))
        .collect();
    Ok(Json(json!({ "items": items })))
}

/// Undo a settled run, in reverse order, touching only what it made.
#[utoipa::path(post, path = "/api/v1/runs/{id}/undo", tag = "plans", operation_id = "undoRun",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 202, description = "The run", body = Object), (status = 404, body = ErrorBody, description = "No such run"), (status = 409, body = ErrorBody, description = "Still moving, or undone already")))]
pub(crate) async fn undo(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let run = state.app.undo(&caller, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(json!(run))))
}

/// A reference that may leave its kind out.
pub(crate) fn reference(text: &str, kind: &str) -> Result<EntityRef, ApiFailure> {
    EntityRef::parse(text, Some(kind), "default").map_err(|error| AppError::invalid(error.to_string()).into())
}
