//! The history of an entity: its versions, who set each field, what differs, and how an earlier one comes back.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use fairway_app::plans::{PlanRequest, StoredPlan};
use fairway_domain::EntityRef;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::pairs::Pairs;
use crate::state::ServerState;

type EntityPath = Path<(String, String, String)>;

fn reference(Path((kind, namespace, name)): &EntityPath) -> EntityRef {
    EntityRef::new(kind, namespace, name)
}

/// The versions of an entity, newest first.
#[utoipa::path(get, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/history", tag = "catalog", operation_id = "listVersions",
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name"),
        ("before" = Option<i64>, Query, description = "Only versions before this record"),
        ("limit" = Option<usize>, Query, description = "At most this many, 50 by default, 200 at the most")),
    responses((status = 200, description = "{items}: who, when, from which revision, and the fields that changed", body = Object)))]
pub(crate) async fn versions(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    path: EntityPath,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let pairs = Pairs::of_query(&uri);
    let before = pairs.get("before").and_then(|text| text.parse().ok());
    let items = state.app.versions(&caller, &reference(&path), before, pairs.number("limit", 50)).await?;
    Ok(Json(json!({ "items": items })))
}

/// For each field of an entity: who set it, when, and from which revision of its source.
#[utoipa::path(get, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/blame", tag = "catalog", operation_id = "blameEntity",
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name"),
        ("at" = Option<String>, Query, description = "The moment: RFC 3339, a date, an age such as `7d`, or `#1234` for a record")),
    responses((status = 200, description = "{items}", body = Object), (status = 404, body = ErrorBody, description = "It did not exist")))]
pub(crate) async fn blame(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    path: EntityPath,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let pairs = Pairs::of_query(&uri);
    let items = state.app.entity_blame(&caller, &reference(&path), pairs.get("at")).await?;
    Ok(Json(json!({ "items": items })))
}

/// What differs between the versions of an entity at two moments.
#[utoipa::path(get, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/diff", tag = "catalog", operation_id = "diffEntity",
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name"),
        ("from" = Option<String>, Query, description = "The earlier moment; the version before `to` when absent"),
        ("to" = Option<String>, Query, description = "The later moment; now when absent")),
    responses((status = 200, description = "{from, to, changes, text}", body = Object), (status = 404, body = ErrorBody, description = "It did not exist")))]
pub(crate) async fn diff(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    path: EntityPath,
    uri: Uri,
) -> Result<Json<Value>, ApiFailure> {
    let pairs = Pairs::of_query(&uri);
    let found =
        state.app.entity_difference(&caller, &reference(&path), pairs.get("from"), pairs.get("to")).await?;
    Ok(Json(json!(found)))
}

/// A version to return to.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestoreRequest {
    /// The record of the version.
    sequence: i64,
    /// The record of the version that is now there, as a look at `restoration` gave it; refused when another one
    /// came meanwhile.
    #[schema(required = false)]
    expected: Option<i64>,
}

/// What bringing an earlier version back would change, and what its source would do about it.
#[utoipa::path(get, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/restoration/{sequence}", tag = "catalog", operation_id = "previewRestoration",
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name"), ("sequence" = i64, Path, description = "The record of the version")),
    responses((status = 200, description = "{changes, text, expected, consequences, editable}", body = Object), (status = 409, body = ErrorBody, description = "It cannot come back")))]
pub(crate) async fn restoration(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path((kind, namespace, name, sequence)): Path<(String, String, String, i64)>,
) -> Result<Json<Value>, ApiFailure> {
    let reference = EntityRef::new(&kind, &namespace, &name);
    Ok(Json(json!(state.app.restoration(&caller, &reference, sequence).await?)))
}

/// Bring an earlier version back, as a new fact.
#[utoipa::path(post, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/restore", tag = "catalog", operation_id = "restoreEntity", request_body = RestoreRequest,
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name")),
    responses((status = 400, description = "The request is wrong", body = ErrorBody), (status = 200, description = "The version that is now there", body = Object), (status = 409, body = ErrorBody, description = "It cannot come back, or another version came meanwhile")))]
pub(crate) async fn restore(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    path: EntityPath,
    Body(request): Body<RestoreRequest>,
) -> Result<Json<Value>, ApiFailure> {
    let version = state.app.restore(&caller, &reference(&path), request.sequence, request.expected).await?;
    Ok(Json(json!(version)))
}

/// Plan the change of the entity's file that brings an earlier version back. Apply the plan by its digest.
#[utoipa::path(post, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/restore/plan", tag = "catalog", operation_id = "planRestore", request_body = RestoreRequest,
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name")),
    responses((status = 400, description = "The request is wrong", body = ErrorBody), (status = 201, description = "{digest, plan}", body = Object), (status = 409, body = ErrorBody, description = "The file is not on the embedded forge")))]
pub(crate) async fn plan_restore(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    path: EntityPath,
    Body(request): Body<RestoreRequest>,
) -> Result<(axum::http::StatusCode, Json<Value>), ApiFailure> {
    let request = PlanRequest::Restore { entity: reference(&path), sequence: request.sequence };
    Ok(planned(&state.app.plan(&caller, request).await?))
}

/// Another name.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RenameRequest {
    /// The new name: `[NAMESPACE/]NAME`.
    to: String,
}

/// Plan another name or namespace for an entity: its file changes, references on the embedded forge follow, and
/// the old name leads to the new one. Apply the plan by its digest.
#[utoipa::path(post, path = "/api/v1/catalog/entities/{kind}/{namespace}/{name}/rename", tag = "catalog", operation_id = "renameEntity", request_body = RenameRequest,
    params(("kind" = String, Path, description = "Kind"), ("namespace" = String, Path, description = "Namespace"), ("name" = String, Path, description = "Name")),
    responses((status = 400, description = "The request is wrong", body = ErrorBody), (status = 201, description = "{digest, plan}", body = Object), (status = 409, body = ErrorBody, description = "The name is taken, or the file is not on the embedded forge")))]
pub(crate) async fn rename(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    path: EntityPath,
    Body(request): Body<RenameRequest>,
) -> Result<(axum::http::StatusCode, Json<Value>), ApiFailure> {
    let request = fairway_app::edits::rename_request(reference(&path), &request.to)?;
    Ok(planned(&state.app.plan(&caller, request).await?))
}

fn planned(stored: &StoredPlan) -> (axum::http::StatusCode, Json<Value>) {
    let body = json!({"digest": stored.plan.digest(), "plan": stored.plan});
    (axum::http::StatusCode::CREATED, Json(body))
}
