//! An example: replace it with what the service is for.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tracing::info;

const LONGEST: usize = 50;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Greeting {
    pub message: String,
}

pub fn router() -> Router {
    Router::new().route("/v1/greetings/{name}", get(greet))
}

/// Greets somebody by name.
async fn greet(Path(name): Path<String>) -> Result<Json<Greeting>, (StatusCode, String)> {
    let length = name.chars().count();
    if length > LONGEST {
        let message = format!("the name has {length} characters, but at most {LONGEST} are allowed");
        return Err((StatusCode::BAD_REQUEST, message));
    }
    info!(length, "greeting");
    Ok(Json(Greeting { message: format!("Hello, {name}") }))
}
