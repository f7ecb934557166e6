//! Errors in the form that Backstage's clients read: `{error: {name, message}, request: {method, url}, response:
//! {statusCode}}`, where the address is told without the plugin's own prefix.

use axum::Json;
use axum::extract::Request;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fairway_app::AppError;
use serde_json::json;

/// An error, until the request that it answers is known.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    status: StatusCode,
    name: &'static str,
    message: String,
}

impl Failure {
    /// The request is wrong.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, name: "InputError", message: message.into() }
    }

    /// There is no such thing.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, name: "NotFoundError", message: message.into() }
    }

    /// The caller may not.
    pub(super) fn not_allowed(message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, name: "NotAllowedError", message: message.into() }
    }

    /// Nobody said who they are, or not in a way that can be believed.
    pub(super) fn authentication(message: impl Into<String>) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, name: "AuthenticationError", message: message.into() }
    }

    /// There is no such ability.
    pub(super) fn not_implemented(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_IMPLEMENTED, name: "NotImplementedError", message: message.into() }
    }

    /// An error with a status of its own.
    pub(super) fn with_status(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into() }
    }

    fn respond(self, method: &Method, uri: &Uri) -> Response {
        let url = uri.path_and_query().map_or("/", |whole| whole.as_str());
        let body = json!({
            "error": {"name": self.name, "message": self.message},
            "request": {"method": method.as_str(), "url": url},
            "response": {"statusCode": self.status.as_u16()},
        });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let (status, name) = match crate::failure::status(&error) {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                (StatusCode::BAD_REQUEST, "InputError")
            }
            StatusCode::UNAUTHORIZED => (StatusCode::UNAUTHORIZED, "AuthenticationError"),
            StatusCode::FORBIDDEN => (StatusCode::FORBIDDEN, "NotAllowedError"),
            StatusCode::NOT_FOUND => (StatusCode::NOT_FOUND, "NotFoundError"),
            StatusCode::CONFLICT => (StatusCode::CONFLICT, "ConflictError"),
            StatusCode::SERVICE_UNAVAILABLE => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableError"),
            StatusCode::TOO_MANY_REQUESTS => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsError"),
            other => (other, "Error"),
        };
        if status.is_server_error() {
            tracing::error!(code = error.code(), "a request failed: {error}");
        }
        // What went wrong is said, also when it is the server's fault: a masked error helps nobody who has to
        // find it. Messages hold no secrets.
        Self { status, name, message: error.to_string() }
    }
}

impl From<fairway_catalog::QueryError> for Failure {
    fn from(error: fairway_catalog::QueryError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<fairway_domain::caller::Forbidden> for Failure {
    fn from(error: fairway_domain::caller::Forbidden) -> Self {
        AppError::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of an error, now that the request is known.
pub(super) async fn tell(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure.respond(&method, &uri),
        None => response,
    }
}

/// An address that does not exist has no body.
pub(super) async fn nothing() -> StatusCode {
    StatusCode::NOT_FOUND
}
