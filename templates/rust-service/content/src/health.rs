//! The two questions that a cluster asks.

{% if values.database != 'none' -%}
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tracing::warn;

use crate::database::Connection;

/// A kubelet gives up after one second; answer before that.
const PATIENCE: Duration = Duration::from_millis(900);

pub fn router(database: Arc<dyn Connection>) -> Router {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).with_state(database)
}
{%- else -%}
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

pub fn router() -> Router {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}
{%- endif %}

/// Does the process work? It must not depend on anything else: a no restarts it.
async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

{% if values.database != 'none' -%}
/// Can it serve? A no keeps requests away until it can again.
async fn ready(State(database): State<Arc<dyn Connection>>) -> (StatusCode, Json<Value>) {
    let problem = match tokio::time::timeout(PATIENCE, database.ping()).await {
        Ok(Ok(())) => return (StatusCode::OK, Json(json!({ "status": "ok", "database": "ok" }))),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer in {PATIENCE:?}"),
    };
    warn!(error = problem, "the database does not answer");
    let answer = json!({ "status": "unavailable", "database": "does not answer" });
    (StatusCode::SERVICE_UNAVAILABLE, Json(answer))
}
{%- else -%}
/// Can it serve? Ask here whatever it cannot serve without.
async fn ready() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
{%- endif %}
