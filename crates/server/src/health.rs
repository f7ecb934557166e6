//! Whether the process is alive and ready.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::state::ServerState;

pub(crate) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// Ready means that the ledger answers.
pub(crate) async fn ready(State(state): State<ServerState>) -> Response {
    match state.app.ledger_head().await {
        Ok(head) => Json(json!({"status": "ok", "records": head.sequence})).into_response(),
        Err(error) => {
            let body = json!({"status": "error", "message": error.to_string()});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}
