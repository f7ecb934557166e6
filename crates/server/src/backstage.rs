//! `/api/{catalog,search,auth,permission}` as Backstage answers them, so that its clients, its front end and the
//! tools around it work against Fairway. What is answered otherwise, and why, is in
//! `docs/reference/backstage.md`.

mod caller;
mod failure;
mod health;
mod identity;
mod input;
mod locations;
mod parameters;
mod permission;
mod search;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::any;

use crate::state::ServerState;

pub(crate) fn routes() -> Router<ServerState> {
    Router::new()
        .nest("/api/auth", plugin(identity::routes()))
        .nest("/api/permission", plugin(permission::routes()))
        .nest("/api/catalog", plugin(catalog()))
        .nest("/api/search", plugin(search::routes()))
        .merge(health::routes())
        .route("/api/{*rest}", any(failure::nothing))
}

fn catalog() -> Router<ServerState> {
    locations::routes().merge(permission::catalog_routes())
}

/// The routes of one plugin: errors are told in Backstage's form, and what does not exist has no body.
fn plugin(routes: Router<ServerState>) -> Router<ServerState> {
    routes
        .fallback(failure::nothing)
        .method_not_allowed_fallback(failure::nothing)
        .layer(from_fn(failure::tell))
}
