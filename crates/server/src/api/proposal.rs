//! Removals that wait for a person.

use axum::Json;
use axum::extract::{Path, State};
use fairway_catalog::RemovalLimit;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::state::ServerState;

/// Removals that look like a mistake and wait for a decision; those that were rejected come last.
#[utoipa::path(get, path = "/api/v1/catalog/proposals", tag = "catalog", operation_id = "listProposals",
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn proposals(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!({"items": state.app.proposals(&caller)?})))
}

/// A decision on a proposal.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Decision {
    /// The proposal, by its digest.
    digest: String,
    /// Why, when it is rejected.
    #[schema(required = false)]
    reason: Option<String>,
}

/// Remove exactly what was proposed, as far as the source still does not have it.
#[utoipa::path(post, path = "/api/v1/sources/{id}/proposal/accept", tag = "catalog", operation_id = "acceptProposal", request_body = Decision,
    params(("id" = String, Path, description = "The source")),
    responses((status = 400, description = "The request is wrong", body = ErrorBody), (status = 200, description = "The source", body = Object), (status = 409, body = ErrorBody, description = "It proposes something else by now")))]
pub(crate) async fn accept(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    Body(decision): Body<Decision>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!(state.app.accept_removal(&caller, &id, &decision.digest).await?)))
}

/// Keep what was proposed to go.
#[utoipa::path(post, path = "/api/v1/sources/{id}/proposal/reject", tag = "catalog", operation_id = "rejectProposal", request_body = Decision,
    params(("id" = String, Path, description = "The source")),
    responses((status = 400, description = "The request is wrong", body = ErrorBody), (status = 200, description = "The source", body = Object), (status = 409, body = ErrorBody, description = "It proposes something else by now")))]
pub(crate) async fn reject(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    Body(decision): Body<Decision>,
) -> Result<Json<Value>, ApiFailure> {
    let source = state.app.reject_removal(&caller, &id, &decision.digest, decision.reason.as_deref()).await?;
    Ok(Json(json!(source)))
}

/// From where on removals of a source wait for a person.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Limit {
    /// More than this share of what is known, in per cent.
    percent: u8,
    /// More than this many, whatever their share.
    count: usize,
}

/// Say from where on removals of a source wait for a person; 20 % or 50 otherwise.
#[utoipa::path(put, path = "/api/v1/sources/{id}/removal-limit", tag = "catalog", operation_id = "limitRemovals", request_body = Limit,
    params(("id" = String, Path, description = "The source")),
    responses((status = 400, description = "The request is wrong", body = ErrorBody), (status = 200, description = "The source", body = Object), (status = 404, body = ErrorBody, description = "No such source")))]
pub(crate) async fn limit(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    Body(limit): Body<Limit>,
) -> Result<Json<Value>, ApiFailure> {
    let limit = RemovalLimit { percent: limit.percent, count: limit.count };
    Ok(Json(json!(state.app.limit_removals(&caller, &id, Some(limit)).await?)))
}

/// Return a source to the usual limit.
#[utoipa::path(delete, path = "/api/v1/sources/{id}/removal-limit", tag = "catalog", operation_id = "unlimitRemovals",
    params(("id" = String, Path, description = "The source")),
    responses((status = 200, description = "The source", body = Object), (status = 404, body = ErrorBody, description = "No such source")))]
pub(crate) async fn usual_limit(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!(state.app.limit_removals(&caller, &id, None).await?)))
}
