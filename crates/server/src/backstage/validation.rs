//! `/api/catalog/validate-entity`.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::backstage::caller::Reader;
use crate::backstage::failure::Failure;
use crate::backstage::input::Input;
use crate::state::ServerState;

pub(super) fn routes() -> Router<ServerState> {
    Router::new().route("/validate-entity", post(validate))
}

async fn validate(
    State(state): State<ServerState>,
    Reader(caller): Reader,
    input: Input,
) -> Result<Response, Failure> {
    let entity = input.required("entity")?;
    let location = input.required_text("location")?;
    if !entity.is_object() {
        return Err(Failure::input("request/body/entity must be object"));
    }
    if location.split_once(':').is_none_or(|(kind, target)| kind.is_empty() || target.is_empty()) {
        let location: String = location.chars().take(200).collect();
        return Ok(refused(&[format!(
            "Unable to parse location ref '{location}', expected '<type>:<target>', e.g. 'url:https://host/path'"
        )]));
    }
    let diagnostics = state.app.validate_entity(&caller, entity.clone())?;
    if diagnostics.is_empty() {
        return Ok(StatusCode::OK.into_response());
    }
    Ok(refused(&diagnostics.iter().map(|found| found.message.clone()).collect::<Vec<_>>()))
}

fn refused(messages: &[String]) -> Response {
    let errors: Vec<Value> =
        messages.iter().map(|message| json!({"name": "InputError", "message": message})).collect();
    (StatusCode::BAD_REQUEST, Json(json!({ "errors": errors }))).into_response()
}
