//! `/tokens`, `/sign-in` and `/sign-out`.

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{HeaderMap, HeaderValue, SET_COOKIE};
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use fairway_app::tokens::TokenRequest;
use fairway_app::{AppError, access};
use fairway_domain::{Actor, Caller, Origin, Permission, Secret};
use fairway_portal::access::TokenRow;
use fairway_portal::{IssuedToken, Section, SignInView, TokensView};

use crate::caller::{COOKIE_NAME, PageCaller, local_name, session_cookie};
use crate::failure::{OrPage, PageFailure};
use crate::page::{Page, chrome, html};
use crate::pairs::Pairs;
use crate::state::ServerState;

const SCOPES: [Permission; 7] = [
    Permission::Read,
    Permission::Create,
    Permission::Deliver,
    Permission::Push,
    Permission::ManageCatalog,
    Permission::Audit,
    Permission::Administer,
];

/// A permission by its word.
pub(crate) fn permission(word: &str) -> Option<Permission> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

fn tokens_view(state: &ServerState, caller: &Caller, uri: &Uri) -> Result<TokensView, PageFailure> {
    let tokens = state.app.tokens(caller).or_page(state, uri, caller)?;
    Ok(TokensView {
        tokens: tokens
            .into_iter()
            .map(|token| TokenRow {
                id: token.id,
                name: token.name,
                owner: token.owner.name().to_owned(),
                scopes: Some(token.scopes),
                created_at: token.created_at,
                expires_at: Some(token.expires_at),
                used_at: None,
            })
            .collect(),
        grantable: SCOPES.into_iter().filter(|scope| caller.may(*scope)).collect(),
        blocked: matches!(caller.actor, Actor::Token { .. })
            .then(|| "You signed in with a token, and a token cannot make tokens".to_owned()),
        base_url: state.app.config().base_url.clone(),
        ..TokensView::default()
    })
}

pub(crate) async fn tokens(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
) -> Page {
    let view = tokens_view(&state, &caller, &uri)?;
    let chrome = chrome(&state, &caller, &uri, "Tokens", Section::Elsewhere);
    Ok(html(fairway_portal::tokens(&chrome, &view)))
}

pub(crate) async fn issue_token(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    uri: Uri,
    body: Bytes,
) -> Page {
    let pairs = Pairs::of_form(&body);
    let name = pairs.get("name").unwrap_or_default().to_owned();
    let request = TokenRequest {
        name: name.clone(),
        scopes: pairs.all("scope").iter().filter_map(|word| permission(word)).collect(),
        days: pairs.get("days").and_then(|text| text.parse().ok()).unwrap_or(90),
    };
    let issued = state.app.issue_token(&caller, request).await;
    let mut view = tokens_view(&state, &caller, &uri)?;
    let mut status = StatusCode::OK;
    match issued {
        Ok(issued) => view.issued = Some(IssuedToken { name: issued.stored.name, secret: issued.secret }),
        Err(error) => {
            status = crate::failure::status(&error);
            view.error = Some(error.to_string());
            view.name = name;
        }
    }
    let chrome = chrome(&state, &caller, &uri, "Tokens", Section::Elsewhere);
    // Not kept anywhere: this page shows a secret once.
    Ok((status, Html(fairway_portal::tokens(&chrome, &view))).into_response())
}

pub(crate) async fn revoke_token(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    axum::extract::Path(id): axum::extract::Path<String>,
    uri: Uri,
) -> Page {
    state.app.revoke_token(&caller, &id).await.or_page(&state, &uri, &caller)?;
    Ok(Redirect::to("/tokens").into_response())
}

/// Only addresses of this site are returned to.
pub(crate) fn return_to(pairs: &Pairs) -> String {
    let asked = pairs.get("return_to").unwrap_or("/");
    // Browsers leave line breaks and tabs in an address out, so that "/\t/" is "//" to them.
    let own = asked.starts_with('/')
        && !asked.starts_with("//")
        && !asked.contains(|character: char| character == '\\' || character.is_control());
    if own { asked.to_owned() } else { "/".to_owned() }
}

fn stranger(state: &ServerState) -> (Caller, bool) {
    let mut caller = access::guest(Origin::Portal, None);
    caller.role = fairway_domain::Role::Reader;
    (caller, state.options.guest)
}

pub(crate) async fn sign_in_page(State(state): State<ServerState>, headers: HeaderMap, uri: Uri) -> Response {
    let pairs = Pairs::of_query(&uri);
    let (caller, guest) = stranger(&state);
    let view = SignInView {
        return_to: return_to(&pairs),
        error: None,
        guest_allowed: guest && local_name(&headers),
    };
    let chrome = chrome(&state, &caller, &uri, "Sign in", Section::Elsewhere);
    html(fairway_portal::sign_in(&chrome, &view))
}

pub(crate) async fn sign_in(
    State(state): State<ServerState>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    let pairs = Pairs::of_form(&body);
    let secret = Secret::new(pairs.get("secret").unwrap_or_default().to_owned());
    let name = pairs.get("name").unwrap_or("admin");
    match state.app.sign_in(name, &secret, Some(peer.ip().to_string())).await {
        Ok(cookie) => {
            let secure = if state.app.config().base_url.starts_with("https:") { "; Secure" } else { "" };
            let text = format!(
                "{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200{secure}",
                cookie.expose()
            );
            let mut response = Redirect::to(&return_to(&pairs)).into_response();
            if let Ok(value) = HeaderValue::from_str(&text) {
                response.headers_mut().insert(SET_COOKIE, value);
            }
            response
        }
        Err(error) => {
            let (caller, guest) = stranger(&state);
            let view = SignInView {
                return_to: return_to(&pairs),
                error: Some(error.to_string()),
                guest_allowed: guest && local_name(&headers),
            };
            let chrome = chrome(&state, &caller, &uri, "Sign in", Section::Elsewhere);
            (crate::failure::status(&error), Html(fairway_portal::sign_in(&chrome, &view))).into_response()
        }
    }
}

pub(crate) async fn sign_out(
    State(state): State<ServerState>,
    PageCaller(caller): PageCaller,
    headers: HeaderMap,
    uri: Uri,
) -> Page {
    if let Some(cookie) = session_cookie(&headers) {
        state.app.sign_out(&caller, &cookie).await.or_page(&state, &uri, &caller)?;
    }
    let mut response = Redirect::to("/").into_response();
    let gone = format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    let value = HeaderValue::from_str(&gone)
        .map_err(|error| AppError::Internal(error.to_string()))
        .or_page(&state, &uri, &caller)?;
    response.headers_mut().insert(SET_COOKIE, value);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::return_to;
    use crate::pairs::Pairs;

    #[test]
    fn signing_in_leads_to_this_site_only() {
        let to = |text: &str| return_to(&Pairs(vec![("return_to".to_owned(), text.to_owned())]));
        assert_eq!(to("/runs?status=failed"), "/runs?status=failed");
        for text in
            ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil", "x"]
        {
            assert_eq!(to(text), "/", "{text:?}");
        }
    }
}
