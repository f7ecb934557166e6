//! What people keep: stars, views with names, and what they looked at last.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use fairway_domain::EntityRef;

use crate::caller::PageCaller;
use crate::cookie;
use crate::failure::OrPage;
use crate::page::Page;
use crate::page::access::return_to;
use crate::page::row::entity_url;
use crate::pairs::Pairs;
use crate::state::ServerState;

/// The cookie with what was looked at last; scripts write it, too.
const RECENT: &str = "fairway_recent";
/// As many come back to mind.
const REMEMBERED: usize = 12;

/// What was looked at last in this browser, the newest first.
pub(crate) fn recent(headers: &HeaderMap) -> Vec<EntityRef> {
    let value = cookie::value(headers, RECENT).unwrap_or_default();
    value.split('~').filter_map(|part| cookie::decoded(part).parse().ok()).take(REMEMBERED).collect()
}

/// Notes that somebody looks at an entity. A page that is fetched ahead of a click has nobody who does.
pub(crate) fn note(headers: &HeaderMap, response: &mut Response, seen: &EntityRef) {
    let is_ahead = headers
        .get("sec-purpose")
        .and_then(|purpose| purpose.to_str().ok())
        .is_some_and(|purpose| purpose.contains("prefetch"));
    if is_ahead {
        return;
    }
    let before = recent(headers);
    let all = std::iter::once(seen).chain(before.iter().filter(|it| *it != seen)).take(REMEMBERED);
    let value: Vec<String> = all.map(|it| cookie::encoded(it.as_str())).collect();
    cookie::keep(response, RECENT, &value.join("~"));
}

/// Puts a star on an entity or takes it away.
pub(crate) async fn star(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path((namespace, kind, name)): Path<(String, String, String)>,
    uri: Uri,
    body: Bytes,
) -> Page {
    let reference = EntityRef::new(&kind, &namespace, &name);
    let starred = Pairs::of_form(&body).get("starred") != Some("false");
    state
        .app
        .star(&caller, std::slice::from_ref(&reference), starred)
        .await
        .or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&entity_url(&reference)).into_response())
}

/// Keeps a view, and shows it.
pub(crate) async fn save_view(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let (name, question) = (pairs.get("name").unwrap_or_default(), pairs.get("question").unwrap_or_default());
    let shared = pairs.get("shared").is_some();
    let saved = state.app.save_view(&caller, name, question, shared).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to(&format!("/catalog?view={}", saved.id)).into_response())
}

/// Gives a view up.
pub(crate) async fn remove_view(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    Path(id): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Page {
    state.app.remove_view(&caller, &id).await.or_page(&state, &uri, &caller)?;
    let pairs = Pairs::of_form(&body);
    let back = if pairs.get("return_to").is_some() { return_to(&pairs) } else { "/catalog".to_owned() };
    Ok(Redirect::to(&back).into_response())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::HeaderMap;
    use axum::response::IntoResponse;
    use fairway_domain::EntityRef;

    use super::{note, recent};

    #[test]
    fn what_was_looked_at_last_comes_first_and_only_once() {
        let mut headers = HeaderMap::new();
        let reference = |name: &str| EntityRef::new("component", "default", name);
        for name in ["a", "b", "a"] {
            let mut response = "".into_response();
            note(&headers, &mut response, &reference(name));
            let kept = response.headers().get("set-cookie").unwrap().to_str().unwrap().to_owned();
            headers.insert("cookie", kept.split(';').next().unwrap().parse().unwrap());
        }
        assert_eq!(recent(&headers), [reference("a"), reference("b")]);
        // As a script encodes it.
        headers.insert("cookie", "fairway_recent=api%3Adefault%2Fx~nonsense~".parse().unwrap());
        assert_eq!(recent(&headers), [EntityRef::new("api", "default", "x")]);
        headers.insert("sec-purpose", "prefetch;prerender".parse().unwrap());
        let mut response = "".into_response();
        note(&headers, &mut response, &reference("a"));
        assert!(response.headers().get("set-cookie").is_none());
    }
}
