//! Versions of services in environments.

use axum::Json;
use axum::extract::{Path, State};
use fairway_app::AppError;
use fairway_app::plans::PlanRequest;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::api::plan::plan_body;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::state::ServerState;

/// The environments in promotion order, and what is in them.
#[utoipa::path(get, path = "/api/v1/environments", tag = "delivery", operation_id = "listEnvironments",
    responses((status = 200, description = "{environments, services}", body = Object)))]
pub(crate) async fn environments(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    let matrix = state.app.matrix(&caller)?;
    let services: Vec<Value> = matrix
        .rows
        .iter()
        .map(|row| {
            let deployments: Vec<Value> = row
                .cells
                .iter()
                .zip(&matrix.environments)
                .map(|(cell, environment)| {
                    json!({
                        "environment": environment.name,
                        "deployment": cell.deployment,
                        "promotableFrom": cell.promotable_from,
                        "canRollBack": cell.can_roll_back,
                    })
                })
                .collect();
            json!({"service": row.service, "entityRef": row.entity, "owner": row.owner, "deployments": deployments})
        })
        .collect();
    Ok(Json(json!({"environments": matrix.environments, "services": services})))
}

/// Every recorded deployment of a service, newest first.
#[utoipa::path(get, path = "/api/v1/services/{name}/deployments", tag = "delivery", operation_id = "listDeployments",
    params(("name" = String, Path, description = "The service's name")),
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn deployments(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!({"items": state.app.deployments_of(&caller, &name, None).await?})))
}

/// A version to deploy.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Deploy {
    /// The service's name.
    service: String,
    /// The environment's name.
    environment: String,
    /// The version, which is the image's tag.
    version: String,
    /// The commit of the service's repository to render; the head of `main` when absent.
    commit: Option<String>,
}

/// Plan to bring a version of a service to an environment.
#[utoipa::path(post, path = "/api/v1/deployments", tag = "delivery", operation_id = "planDeployment", request_body = Deploy,
    responses((status = 200, description = "A plan, to be applied", body = Object), (status = 404, body = ErrorBody, description = "No such service or environment")))]
pub(crate) async fn deploy(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<Deploy>,
) -> Result<Json<Value>, ApiFailure> {
    let commit = match request.commit {
        Some(text) => text.parse().map_err(|error: fairway_domain::repository::CommitIdError| {
            AppError::invalid(error.to_string())
        })?,
        None => state.app.head_of_service(&caller, &request.service).await?,
    };
    let request = PlanRequest::Deploy {
        service: request.service,
        environment: request.environment,
        version: request.version,
        commit,
    };
    Ok(Json(plan_body(&state.app.plan(&caller, request).await?)))
}

/// A promotion.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Promote {
    /// The service's name.
    service: String,
    /// The environment to bring the version of the one before it to.
    to: String,
}

/// Plan to bring the version of the environment before to an environment.
#[utoipa::path(post, path = "/api/v1/promotions", tag = "delivery", operation_id = "planPromotion", request_body = Promote,
    responses((status = 200, description = "A plan, to be applied", body = Object), (status = 404, body = ErrorBody, description = "No such service or environment"), (status = 409, body = ErrorBody, description = "The version is there already")))]
pub(crate) async fn promote(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<Promote>,
) -> Result<Json<Value>, ApiFailure> {
    let request = PlanRequest::Promote { service: request.service, to: request.to };
    Ok(Json(plan_body(&state.app.plan(&caller, request).await?)))
}

/// A rollback.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RollBack {
    /// The service's name.
    service: String,
    /// The environment's name.
    environment: String,
    /// The version to return to; the one before the current one when absent.
    version: Option<String>,
}

/// Plan to return to an earlier version, with the manifests as they were committed then.
#[utoipa::path(post, path = "/api/v1/rollbacks", tag = "delivery", operation_id = "planRollback", request_body = RollBack,
    responses((status = 200, description = "A plan, to be applied", body = Object), (status = 400, body = ErrorBody, description = "No earlier version")))]
pub(crate) async fn roll_back(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<RollBack>,
) -> Result<Json<Value>, ApiFailure> {
    let request = PlanRequest::Rollback {
        service: request.service,
        environment: request.environment,
        version: request.version,
    };
    Ok(Json(plan_body(&state.app.plan(&caller, request).await?)))
}
