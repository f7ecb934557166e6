//! Tokens.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fairway_app::AppError;
use fairway_app::tokens::{StoredToken, TokenRequest};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::api::ErrorBody;
use crate::body::Body;
use crate::caller::ApiCaller;
use crate::failure::{ApiFailure, add};
use crate::page::access::permission;
use crate::state::ServerState;

fn token_body(token: &StoredToken) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "owner": token.owner,
        "role": token.role,
        "scopes": token.scopes,
        "createdAt": token.created_at,
        "expiresAt": token.expires_at,
    })
}

/// The caller's tokens; every token for an administrator.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access", operation_id = "listTokens",
    responses((status = 200, description = "{items}", body = Object)))]
pub(crate) async fn tokens(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
) -> Result<Json<Value>, ApiFailure> {
    let items: Vec<Value> = state.app.tokens(&caller)?.iter().map(token_body).collect();
    Ok(Json(json!({ "items": items })))
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
pub(crate) struct IssueToken {
    /// What it is for.
    name: String,
    /// What it may do: `read`, `create`, `deliver`, `push`, `manage-catalog`, `audit`, `administer`.
    scopes: Vec<String>,
    /// How many days it lives, 90 by default.
    days: Option<i64>,
}

/// Make a token. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", operation_id = "issueToken", request_body = IssueToken,
    responses((status = 201, description = "{token, …}", body = Object), (status = 400, body = ErrorBody, description = "The request is wrong")))]
pub(crate) async fn issue(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Body(request): Body<IssueToken>,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let mut scopes = Vec::new();
    for word in &request.scopes {
        scopes.push(
            permission(word).ok_or_else(|| AppError::invalid(format!("there is no scope \"{word}\"")))?,
        );
    }
    let days = request.days.unwrap_or(90);
    let issued = state.app.issue_token(&caller, TokenRequest { name: request.name, scopes, days }).await?;
    let mut body = token_body(&issued.stored);
    add(&mut body, "token", json!(issued.secret.expose()));
    Ok((StatusCode::CREATED, Json(body)))
}

/// End a token's life.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "access", operation_id = "revokeToken",
    params(("id" = String, Path, description = "Its identifier")),
    responses((status = 204, description = "Gone"), (status = 404, body = ErrorBody, description = "No such token")))]
pub(crate) async fn revoke(
    State(state): State<ServerState>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiFailure> {
    state.app.revoke_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
