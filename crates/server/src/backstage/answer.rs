//! JSON answers out of bytes that are there already, with an entity tag that costs nothing: the state of the
//! platform that was read, and what was asked.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use fairway_app::View;

use crate::backstage::failure::Failure;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An answer without an entity tag.
pub(super) fn json_body(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// The entity tag of what an address answers at one state of the platform.
pub(super) struct Tag(String);

impl Tag {
    /// The tag; `None` in the place of the answer when the client has that one already.
    pub(super) fn unless_known(view: &View, uri: &Uri, headers: &HeaderMap) -> Result<Self, NotModified> {
        let mut hasher = DefaultHasher::new();
        (env!("CARGO_PKG_VERSION"), uri.path(), uri.query()).hash(&mut hasher);
        let tag = Self(format!("W/\"{:x}-{:x}\"", view.sequence, hasher.finish()));
        let known = |header: &HeaderValue| {
            header
                .to_str()
                .is_ok_and(|list| list.split(',').any(|one| one.trim() == tag.0 || one.trim() == "*"))
        };
        if headers.get_all(IF_NONE_MATCH).iter().any(known) { Err(NotModified(tag)) } else { Ok(tag) }
    }

    /// The answer, ready to be sent.
    pub(super) fn bytes(&self, body: impl Into<Bytes>) -> Response {
        self.body(Body::from(body.into()))
    }

    /// The answer, sent piece by piece.
    pub(super) fn body(&self, body: Body) -> Response {
        let mut response = json_body(body);
        self.describe(response.headers_mut());
        response
    }

    fn describe(&self, headers: &mut HeaderMap) {
        if let Ok(tag) = HeaderValue::from_str(&self.0) {
            headers.insert(ETAG, tag);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
}

/// The client has the answer already.
pub(super) struct NotModified(Tag);

impl IntoResponse for NotModified {
    fn into_response(self) -> Response {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        self.0.describe(response.headers_mut());
        response
    }
}

/// Why there is no answer of one's own making: an error, or nothing new.
pub(super) enum Instead {
    Failure(Failure),
    NotModified(NotModified),
}

impl From<NotModified> for Instead {
    fn from(nothing: NotModified) -> Self {
        Self::NotModified(nothing)
    }
}

impl<E: Into<Failure>> From<E> for Instead {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl IntoResponse for Instead {
    fn into_response(self) -> Response {
        match self {
            Self::Failure(failure) => failure.into_response(),
            Self::NotModified(nothing) => nothing.into_response(),
        }
    }
}
