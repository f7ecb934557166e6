//! Errors as responses: a page for people, an object with code, message and hint for programs.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use fairway_app::AppError;
use fairway_domain::{Caller, EntityRef};
use fairway_portal::row::Link;
use fairway_portal::{FailureView, Section};
use fairway_remote::RemoteError;
use serde_json::{Value, json};

use crate::page::chrome;
use crate::state::ServerState;

/// The status that fits an error.
pub(crate) fn status(error: &AppError) -> StatusCode {
    match error {
        AppError::Forbidden(_) => StatusCode::FORBIDDEN,
        AppError::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        AppError::NotFound { .. }
        | AppError::Moved { .. }
        | AppError::Remote(
            RemoteError::RepositoryMissing { .. }
            | RemoteError::RevisionMissing { .. }
            | RemoteError::FolderMissing { .. },
        ) => StatusCode::NOT_FOUND,
        AppError::Invalid { .. }
        | AppError::Query(_)
        | AppError::Fields(_)
        | AppError::Diagnostics(_)
        | AppError::Remote(RemoteError::BadUrl { .. }) => StatusCode::BAD_REQUEST,
        AppError::Plan(_) | AppError::Blocked(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AppError::Conflict { .. } | AppError::Remote(RemoteError::BranchMoved { .. }) => StatusCode::CONFLICT,
        AppError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        AppError::Remote(RemoteError::Timeout { .. } | RemoteError::Busy { .. }) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        AppError::Ledger(_) => StatusCode::SERVICE_UNAVAILABLE,
        AppError::Remote(_) | AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// An error of the REST API.
pub(crate) struct ApiFailure(pub(crate) AppError);

impl<E: Into<AppError>> From<E> for ApiFailure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The body of an error: `{"error": {code, message, hint, details}}`.
pub(crate) fn body(error: &AppError) -> Value {
    let details = match error {
        AppError::Fields(fields) => {
            json!(
                fields.iter().map(|it| json!({"field": it.field, "message": it.message})).collect::<Vec<_>>()
            )
        }
        AppError::Diagnostics(diagnostics) => json!(diagnostics),
        AppError::Query(error) => json!([error.to_diagnostic()]),
        AppError::Blocked(findings) => json!(findings),
        AppError::Moved { to, .. } => json!({"movedTo": to}),
        AppError::Plan(error) => json!([error.to_diagnostic()]),
        _ => Value::Null,
    };
    let mut object = json!({"code": error.code(), "message": error.to_string()});
    if let Some(hint) = error.hint() {
        add(&mut object, "hint", json!(hint));
    }
    if !details.is_null() {
        add(&mut object, "details", details);
    }
    json!({ "error": object })
}

/// Adds a field to an object.
pub(crate) fn add(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(key.to_owned(), value);
    }
}

fn log(error: &AppError) {
    if status(error).is_server_error() {
        tracing::error!(code = error.code(), "a request failed: {error}");
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        log(&self.0);
        (status(&self.0), Json(body(&self.0))).into_response()
    }
}

/// An error of a page, with what the page needs to be drawn. Boxed, since most pages have none.
pub(crate) struct PageFailure(Box<Failed>);

struct Failed {
    state: ServerState,
    uri: Uri,
    caller: Option<Caller>,
    error: AppError,
}

impl PageFailure {
    pub(crate) fn unidentified(state: ServerState, uri: Uri, error: AppError) -> Self {
        Self(Box::new(Failed { state, uri, caller: None, error }))
    }
}

/// Turns errors of use cases into pages, with what a page needs to be drawn.
pub(crate) trait OrPage<T> {
    /// The value, or the error's page.
    fn or_page(self, state: &ServerState, uri: &Uri, caller: &Caller) -> Result<T, PageFailure>;
}

impl<T, E: Into<AppError>> OrPage<T> for Result<T, E> {
    fn or_page(self, state: &ServerState, uri: &Uri, caller: &Caller) -> Result<T, PageFailure> {
        self.map_err(|error| {
            PageFailure(Box::new(Failed {
                state: state.clone(),
                uri: uri.clone(),
                caller: Some(caller.clone()),
                error: error.into(),
            }))
        })
    }
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        let failed = *self.0;
        log(&failed.error);
        let Some(caller) = failed.caller else {
            let back: String =
                url::form_urlencoded::byte_serialize(failed.uri.to_string().as_bytes()).collect();
            return Redirect::to(&format!("/sign-in?return_to={back}")).into_response();
        };
        let status = status(&failed.error);
        let title = match &failed.error {
            AppError::NotFound { what, .. } => format!("No such {what}"),
            AppError::Forbidden(_) => "Not allowed".to_owned(),
            AppError::Conflict { .. } => "In the way".to_owned(),
            AppError::Blocked(_) => "Blocked by guardrails".to_owned(),
            AppError::Plan(_) => "The template cannot be planned".to_owned(),
            _ if status.is_server_error() => "Something broke".to_owned(),
            _ => "That does not work".to_owned(),
        };
        let nearest = nearest(&failed.error);
        let diagnostics = match &failed.error {
            AppError::Diagnostics(diagnostics) => diagnostics.clone(),
            AppError::Plan(error) => vec![error.to_diagnostic()],
            _ => Vec::new(),
        };
        let view = FailureView {
            status: status.as_u16(),
            title: title.clone(),
            message: failed.error.to_string(),
            hint: failed.error.hint(),
            nearest,
            diagnostics,
            request_id: None,
        };
        let chrome = chrome(&failed.state, &caller, &failed.uri, &title, Section::Elsewhere);
        (status, Html(fairway_portal::failure(&chrome, &view))).into_response()
    }
}

/// Places that may have been meant.
fn nearest(error: &AppError) -> Vec<Link> {
    let AppError::NotFound { what, near, .. } = error else { return Vec::new() };
    let address = |name: &String| {
        Some(match *what {
            "template" => format!("/create/default/{name}"),
            "entity" => crate::page::row::entity_url(&name.parse::<EntityRef>().ok()?),
            "environment" => format!("/environments/{name}"),
            "delivered service" => format!("/environments/services/{name}"),
            "repository" => format!("/repositories/{name}"),
            "page" => name.clone(),
            _ => return None,
        })
    };
    let links = near.iter().take(5).filter_map(|name| {
        Some(Link { title: name.trim_start_matches('/').to_owned(), url: address(name)?, icon: None })
    });
    links.collect()
}
