//! Health as Backstage tells it, for probes that are set up already.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::state::ServerState;

pub(super) fn routes() -> Router<ServerState> {
    Router::new()
        .route("/.backstage/health/v1/liveness", get(alive))
        .route("/.backstage/health/v1/readiness", get(ready))
}

async fn alive() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

async fn ready(State(state): State<ServerState>) -> Response {
    let unready = |message: String| {
        let body = json!({"message": message, "status": "error"});
        (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
    };
    if *state.stopping.borrow() {
        return unready("Backend is shutting down".to_owned());
    }
    match state.app.ledger_head().await {
        Ok(_) => Json(json!({"status": "ok"})).into_response(),
        Err(error) => unready(error.to_string()),
    }
}
