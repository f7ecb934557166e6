//! One source: how it fares, how it is read, and what would go with it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fairway_app::source_state::SourceSettings;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::api::catalog::source_body;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::{ApiFailure, add};
use crate::state::ServerState;

/// One source: how it fares, when it is read, the forge's budget, what it gives, what changed in it.
#[utoipa::path(get, path = "/api/v1/sources/{id}", tag = "catalog", operation_id = "getSource",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "{source, pace, intervalSeconds, credential, budget, children, entities, history}", body = Object),
        (status = 404, body = ErrorBody, description = "No such source")))]
pub(crate) async fn source(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    let found = state.app.source_state(&caller, &id).await?;
    let mut body = json!(found);
    add(&mut body, "source", source_body(&state, &found.source));
    let children: Vec<Value> = found.children.iter().map(|child| source_body(&state, child)).collect();
    add(&mut body, "children", json!(children));
    Ok(Json(body))
}

/// How a source is to be read; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConfigureSource {
    /// Seconds between two looks; 0 for the usual interval of its kind.
    #[schema(required = false)]
    interval_seconds: Option<u64>,
    /// Whether only people read it.
    #[schema(required = false)]
    paused: Option<bool>,
}

/// Set how often a source is read, or pause it.
#[utoipa::path(patch, path = "/api/v1/sources/{id}", tag = "catalog", operation_id = "configureSource", request_body = ConfigureSource,
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "The source", body = Object), (status = 400, body = ErrorBody, description = "No such interval"),
        (status = 404, body = ErrorBody, description = "No such source")))]
pub(crate) async fn configure(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
    Body(request): Body<ConfigureSource>,
) -> Result<Json<Value>, ApiFailure> {
    let settings = SourceSettings { interval_seconds: request.interval_seconds, paused: request.paused };
    let source = state.app.configure_source(&caller, &id, &settings).await?;
    Ok(Json(source_body(&state, &source)))
}

/// What taking a source out would take out with it.
#[utoipa::path(get, path = "/api/v1/sources/{id}/removal", tag = "catalog", operation_id = "planRemoval",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 200, description = "{source, sources, entities}", body = Object), (status = 404, body = ErrorBody, description = "No such source")))]
pub(crate) async fn removal(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    let found = state.app.source_state(&caller, &id).await?;
    let sources: Vec<&str> = found.children.iter().map(|child| child.id.as_str()).collect();
    Ok(Json(json!({"source": id, "sources": sources, "entities": found.entities})))
}

/// A configuration of Backstage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportConfiguration {
    /// The text of an `app-config.yaml`. Nothing is substituted in it here: variables and files of the server are
    /// not Backstage's.
    config: String,
    /// The digest of the plan to carry out; without it, the plan is shown and nothing is done.
    #[schema(required = false)]
    digest: Option<String>,
}

/// Plan the import of Backstage's configuration; with the plan's digest, carry it out.
#[utoipa::path(post, path = "/api/v1/sources/import", tag = "catalog", operation_id = "importConfiguration", request_body = ImportConfiguration,
    responses((status = 200, description = "{digest, sources, credentials, notes, applied}", body = Object),
        (status = 400, body = ErrorBody, description = "It is no configuration"), (status = 409, body = ErrorBody, description = "The plan is another one now")))]
pub(crate) async fn import(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<ImportConfiguration>,
) -> Result<Json<Value>, ApiFailure> {
    let plan = match &request.digest {
        None => state.app.plan_import(&caller, &request.config)?,
        Some(digest) => state.app.apply_import(&caller, &request.config, digest).await?,
    };
    let mut body = json!(plan);
    add(&mut body, "applied", json!(request.digest.is_some()));
    Ok(Json(body))
}

/// A credential to make.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PutCredential {
    /// Where the secret is: `env:NAME`, `file:/path` or `stored`.
    secret: String,
    /// The places that may see it, for example `github.com/acme`.
    places: Vec<String>,
    /// The user for git over HTTP, where the host wants to know.
    #[schema(required = false)]
    user: Option<String>,
    /// Whether the secret is a private key for SSH.
    #[serde(default)]
    ssh_key: bool,
    /// Lines of a `known_hosts` file, for SSH.
    #[schema(required = false)]
    known_hosts: Option<String>,
    /// Where the secret is that webhooks are signed with: `env:NAME`, `file:/path` or `stored`.
    #[schema(required = false)]
    webhook: Option<String>,
    /// The secret itself, when it is to be stored.
    #[schema(required = false)]
    value: Option<String>,
    /// The webhooks' secret itself, when it is to be stored.
    #[schema(required = false)]
    webhook_value: Option<String>,
}

/// The credentials for other forges; never a secret.
#[utoipa::path(get, path = "/api/v1/credentials", tag = "catalog", operation_id = "listCredentials",
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn credentials(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    Ok(Json(json!({"items": state.app.credentials(&caller)?})))
}

/// Make or replace a credential.
#[utoipa::path(put, path = "/api/v1/credentials/{name}", tag = "catalog", operation_id = "putCredential", request_body = PutCredential,
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, description = "The credential, without its secret", body = Object), (status = 400, body = ErrorBody, description = "It cannot be like that"), (status = 403, body = ErrorBody, description = "Only administrators make credentials")))]
pub(crate) async fn put_credential(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(name): Path<String>,
    Body(request): Body<PutCredential>,
) -> Result<Json<Value>, ApiFailure> {
    use fairway_app::credentials::{CredentialForm, CredentialRequest};
    let form = if request.ssh_key {
        CredentialForm::SshKey { known_hosts: request.known_hosts }
    } else {
        CredentialForm::Token { user: request.user }
    };
    let request = CredentialRequest {
        name,
        secret: request.secret.parse()?,
        form,
        places: request.places,
        webhook: request.webhook.as_deref().map(str::parse).transpose()?,
        value: request.value.map(fairway_domain::Secret::new),
        webhook_value: request.webhook_value.map(fairway_domain::Secret::new),
    };
    Ok(Json(json!(state.app.put_credential(&caller, request).await?)))
}

/// Forget a credential, and its secret where Fairway kept it.
#[utoipa::path(delete, path = "/api/v1/credentials/{name}", tag = "catalog", operation_id = "removeCredential",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "Gone"), (status = 403, body = ErrorBody, description = "Only administrators forget credentials"), (status = 404, body = ErrorBody, description = "No such credential")))]
pub(crate) async fn remove_credential(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiFailure> {
    state.app.remove_credential(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
