//! Services: created in one call, asked for in one call.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fairway_app::services::ServiceRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::ApiFailure;
use crate::state::ServerState;

/// A service to create.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateService {
    /// Its name.
    #[schema(example = "orders-api")]
    name: String,
    /// The owning group.
    #[schema(example = "checkout")]
    team: String,
    /// The golden path, by name.
    #[schema(example = "python-fastapi-service")]
    template: String,
    /// A database: `postgresql`, `redis` or `mongodb`.
    database: Option<String>,
    /// The environments to render for; every one when absent.
    environments: Option<Vec<String>>,
    /// One line for people.
    description: Option<String>,
    /// Further answers to the template's form.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    parameters: Map<String, Value>,
}

/// A service that was created.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedService {
    /// Its name.
    service: String,
    /// The address to clone from.
    repository: Option<String>,
    /// The environments it was rendered for.
    environments: Vec<String>,
    /// Its resources, for example `postgres:cloudnative-pg`.
    resources: Vec<String>,
    /// `provisioning`, `delivered` or `failed`.
    status: String,
    /// The run that created it.
    run: String,
    /// The plan that was applied.
    plan: String,
    /// Its page.
    link: String,
}

/// Create a service: the golden path is planned and applied.
#[utoipa::path(post, path = "/api/v1/services", tag = "services", operation_id = "createService",
    request_body = CreateService,
    responses(
        (status = 201, description = "Created", body = CreatedService),
        (status = 400, description = "The request is wrong", body = ErrorBody),
        (status = 404, description = "No such template or team", body = ErrorBody),
        (status = 409, description = "In the way", body = ErrorBody),
        (status = 422, description = "The template cannot be planned, or policies deny it", body = ErrorBody),
    ))]
pub(crate) async fn create(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<CreateService>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let name = request.name.clone();
    let created = state
        .app
        .create_service(
            &caller,
            ServiceRequest {
                name: request.name,
                team: request.team,
                template: request.template,
                database: request.database,
                environments: request.environments,
                description: request.description,
                parameters: request.parameters,
            },
        )
        .await?;
    let resources =
        created.resources.iter().map(|it| format!("{}:{}", it.resource_type, it.provider)).collect();
    let body = CreatedService {
        status: created.status().to_owned(),
        repository: created.repository,
        environments: created.environments,
        resources,
        plan: created.run.plan.to_string(),
        link: format!("{}/catalog/default/component/{name}", state.app.config().base_url),
        run: created.run.id,
        service: name,
    };
    let status = if body.status == "failed" { StatusCode::CONFLICT } else { StatusCode::CREATED };
    if status == StatusCode::CONFLICT {
        let message =
            created.run.log.iter().rev().nth(1).map(|line| line.message.clone()).unwrap_or_default();
        let error = json!({"error": {"code": "run-failed", "message": message,
            "hint": format!("see {}/runs/{}; what was done can be undone there", state.app.config().base_url, body.run)}});
        return Ok((status, Json(error)));
    }
    Ok((status, Json(json!(body))))
}

/// Where a service stands in every environment.
#[utoipa::path(get, path = "/api/v1/services/{name}/status", tag = "services", operation_id = "serviceStatus",
    params(("name" = String, Path, description = "The service's name")),
    responses(
        (status = 200, description = "{service, entity, deployments, infrastructure}", body = Object),
        (status = 404, description = "No such service", body = ErrorBody),
    ))]
pub(crate) async fn status(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!(state.app.service_status(&caller, &name)?)))
}
