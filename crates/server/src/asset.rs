//! Style sheets, scripts and icons: names hold a hash of the content, so they may be kept for ever.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};

pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = fairway_portal::asset(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    let kind = HeaderValue::from_static(asset.content_type);
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, kept)], asset.bytes).into_response()
}

/// Which links a browser may open before they are clicked: pages, never what changes something.
pub(crate) async fn speculation_rules() -> Response {
    const RULES: &str = r#"{"prerender":[{"where":{"and":[{"href_matches":"/*"},{"not":{"href_matches":"/api/*"}},{"not":{"href_matches":"/git/*"}},{"not":{"href_matches":"/sign-out"}},{"not":{"selector_matches":"[data-no-prerender]"}}]},"eagerness":"moderate"}]}"#;
    let kind = HeaderValue::from_static("application/speculationrules+json");
    let kept = HeaderValue::from_static("public, max-age=3600");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, kept)], RULES).into_response()
}

/// Browsers ask for this name whatever the page says.
pub(crate) async fn icon() -> axum::response::Redirect {
    axum::response::Redirect::permanent(&fairway_portal::asset_path("favicon.svg"))
}
