//! JSON bodies as Backstage reads them; what is wrong is said in the words of its validator.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::backstage::failure::Failure;
use crate::state::ServerState;

/// A JSON object.
#[derive(Clone, Debug, Default)]
pub(super) struct Input(pub(super) Map<String, Value>);

impl FromRequest<ServerState> for Input {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Failure> {
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence == "application/json" || essence.ends_with("+json");
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.status();
            let name = if status == StatusCode::PAYLOAD_TOO_LARGE { "PayloadTooLargeError" } else { "Error" };
            Failure::with_status(status, name, rejection.body_text())
        })?;
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        if !is_json {
            let message = format!("unsupported media type {essence}: send application/json");
            return Err(Failure::with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Error", message));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Failure::input("request/body must be object")),
            Err(error) => {
                Err(Failure::with_status(StatusCode::BAD_REQUEST, "SyntaxError", error.to_string()))
            }
        }
    }
}

fn wrong(name: &str, what: &str) -> Failure {
    Failure::input(format!("request/body/{name} must be {what}"))
}

impl Input {
    /// Refuses fields that are not among these.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Failure> {
        match self.0.keys().find(|key| !names.contains(&key.as_str())) {
            Some(key) => Err(Failure::input(format!(
                "request/body must NOT have additional properties: {}",
                key.chars().take(100).collect::<String>()
            ))),
            None => Ok(()),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&Value, Failure> {
        self.0
            .get(name)
            .ok_or_else(|| Failure::input(format!("request/body must have required property '{name}'")))
    }

    pub(super) fn required_text(&self, name: &str) -> Result<&str, Failure> {
        match self.required(name)?.as_str() {
            Some("") => {
                Err(Failure::input(format!("request/body/{name} must NOT have fewer than 1 characters")))
            }
            Some(text) => Ok(text),
            None => Err(wrong(name, "string")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        self.0.get(name).map(|value| value.as_str().ok_or_else(|| wrong(name, "string"))).transpose()
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<&Value>, Failure> {
        match self.0.get(name) {
            Some(value) if !value.is_object() => Err(wrong(name, "object")),
            found => Ok(found),
        }
    }

    pub(super) fn array(&self, name: &str) -> Result<Option<&Vec<Value>>, Failure> {
        self.0.get(name).map(|value| value.as_array().ok_or_else(|| wrong(name, "array"))).transpose()
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let Some(items) = self.array(name)? else { return Ok(None) };
        let texts = items.iter().enumerate().map(|(index, item)| {
            item.as_str().map(str::to_owned).ok_or_else(|| wrong(&format!("{name}/{index}"), "string"))
        });
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// A whole number that is at least `minimum`.
    pub(super) fn integer(&self, name: &str, minimum: i64) -> Result<Option<usize>, Failure> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let number = value.as_i64().ok_or_else(|| wrong(name, "integer"))?;
        if number < minimum {
            return Err(wrong(name, &format!(">= {minimum}")));
        }
        Ok(Some(usize::try_from(number).unwrap_or(usize::MAX)))
    }

    /// One of several words.
    pub(super) fn choice(&self, name: &str, words: &[&str]) -> Result<Option<&str>, Failure> {
        match self.text(name)? {
            Some(word) if !words.contains(&word) => {
                Err(wrong(name, &format!("equal to one of the allowed values: {}", words.join(", "))))
            }
            found => Ok(found),
        }
    }
}
