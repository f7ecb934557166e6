//! `/webhooks/{provider}`: what GitHub, GitLab and Gitea tell about repositories, people and teams.
//!
//! Nobody signs in here; an event is believed by its signature.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use fairway_app::AppError;
use fairway_remote::{Provider, WebhookHeaders};
use serde_json::{Value, json};

use crate::failure::ApiFailure;
use crate::state::ServerState;

/// The largest event that is taken. Forges cut theirs at 25 MB, and those that a catalog cares about are small.
pub(crate) const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// Takes an event in, and says which sources are read because of it.
pub(crate) async fn receive(
    State(state): State<ServerState>,
    Path(word): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiFailure> {
    let provider = Provider::of_word(&word).ok_or_else(|| AppError::NotFound {
        what: "webhook",
        name: word.clone(),
        near: Provider::ALL.map(|provider| provider.word().to_owned()).into(),
    })?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let headers = WebhookHeaders::of(provider, header);
    let answer = state.app.webhook(provider, &headers, &body).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "sources": answer.sources }))))
}
