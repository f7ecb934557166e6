//! What is done to every request and response: cross-site requests are refused, headers protect the reader.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::caller::presented_token;
use crate::state::ServerState;

const POLICY: &str = "default-src 'self'; script-src 'self' 'inline-speculation-rules'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// A browser says where a request that changes something comes from; one that comes from another site is
/// refused. Programs that present a token are not browsers on a stranger's page.
pub(crate) async fn same_origin(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || presented_token(request.headers()).is_some() || is_same_origin(&state, &request) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "This request came from another site, so nothing was done.\n").into_response()
}

fn is_same_origin(state: &ServerState, request: &Request) -> bool {
    let headers = request.headers();
    let origin = headers.get(ORIGIN);
    let allowed = |origin: &HeaderValue| {
        state.options.allowed_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    };
    if origin.is_some_and(allowed) {
        return true;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = origin else {
        // Neither header: not a browser (curl, the command line).
        return true;
    };
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let origin = origin.to_str().unwrap_or_default();
    origin == state.app.config().base_url
        || origin.split_once("://").is_some_and(|(_, authority)| !host.is_empty() && authority == host)
}

/// Headers that every response carries.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(CONTENT_SECURITY_POLICY, POLICY);
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(X_FRAME_OPTIONS, "DENY");
    put(REFERRER_POLICY, "same-origin");
    // Other sites neither embed what is served here nor keep a handle on its windows.
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(CACHE_CONTROL, "no-store");
    response
}
