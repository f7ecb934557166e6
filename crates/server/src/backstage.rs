//! `/api/{catalog,search,auth,permission}` as Backstage answers them, so that its clients, its front end and the
//! tools around it work against Fairway. What is answered otherwise, and why, is in
//! `docs/reference/backstage.md`.

mod answer;
mod caller;
mod entities;
mod failure;
mod health;
mod identity;
mod input;
mod locations;
mod parameters;
mod permission;
mod search;
mod validation;

use axum::body::Body;
use axum::middleware::from_fn;
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::json;

use crate::state::ServerState;

pub(crate) fn routes() -> Router<ServerState> {
    Router::new()
        .nest("/api/auth", plugin(identity::routes()))
        .nest("/api/permission", plugin(permission::routes()))
        .nest("/api/catalog", plugin(catalog()))
        .nest("/api/search", plugin(search()))
        .merge(health::routes())
        .route("/api/{*rest}", any(failure::nothing))
}

fn catalog() -> Router<ServerState> {
    entities::routes()
        .merge(locations::routes())
        .merge(validation::routes())
        .merge(permission::catalog_routes())
        .route(
            "/openapi.json",
            get(|| async { description(include_bytes!("backstage/catalog.openapi.json")) }),
        )
}

fn search() -> Router<ServerState> {
    search::routes().route(
        "/openapi.json",
        get(|| async { description(include_bytes!("backstage/search.openapi.json")) }),
    )
}

/// The description of an interface.
fn description(text: &'static [u8]) -> Response {
    answer::json_body(Body::from(text))
}

/// The routes of one plugin: errors are told in Backstage's form, and what does not exist has no body.
fn plugin(routes: Router<ServerState>) -> Router<ServerState> {
    routes
        .merge(infrastructure())
        .fallback(failure::nothing)
        .method_not_allowed_fallback(failure::nothing)
        .layer(from_fn(failure::tell))
}

/// What every plugin of Backstage has beside its own routes. Fairway gives its plugins no keys and no actions of their
/// own, and says so.
fn infrastructure() -> Router<ServerState> {
    Router::new()
        .route("/.backstage/auth/v1/jwks.json", get(|| async { Json(json!({"keys": []})) }))
        .route("/.backstage/actions/v1/actions", get(|| async { Json(json!({"actions": []})) }))
}
