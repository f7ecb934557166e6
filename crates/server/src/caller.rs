//! Who makes a request: a token, a session, or a guest on the same machine.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::request::Parts;
use base64::Engine as _;
use fairway_app::{AppError, access};
use fairway_domain::{Actor, Caller, Origin, Secret};

use crate::failure::{ApiFailure, PageFailure};
use crate::state::ServerState;

/// The name of the session's cookie.
pub(crate) const COOKIE_NAME: &str = "fairway_session";
/// The header in which the command line says that it is it, so that the audit log can.
const CLIENT: &str = "x-fairway-client";
/// The header in which a caller says why.
const REASON: &str = "x-fairway-reason";

/// The caller of a page.
pub(crate) struct PageCaller(pub(crate) Caller);
/// The caller of the REST API.
pub(crate) struct ApiCaller(pub(crate) Caller);

impl FromRequestParts<ServerState> for PageCaller {
    type Rejection = PageFailure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, PageFailure> {
        identify(parts, state, Origin::Portal)
            .await
            .map(Self)
            .map_err(|error| PageFailure::unidentified(state.clone(), parts.uri.clone(), error))
    }
}

impl FromRequestParts<ServerState> for ApiCaller {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiFailure> {
        let cli = parts.headers.get(CLIENT).is_some_and(|client| client.as_bytes().starts_with(b"cli"));
        let origin = if cli { Origin::Cli } else { Origin::Api };
        let mut caller = identify(parts, state, origin).await?;
        caller.reason = parts
            .headers
            .get(REASON)
            .map(|reason| String::from_utf8_lossy(reason.as_bytes()).chars().take(1_000).collect());
        Ok(Self(caller))
    }
}

/// The address that a request came from.
pub(crate) fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<Secret<String>> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| Secret::new(value.to_owned()))
}

/// The secret of `Authorization: Bearer …`, or the password of `Basic …` as git sends it.
pub(crate) fn presented_token(headers: &HeaderMap) -> Option<Secret<String>> {
    let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Secret::new(rest.trim().to_owned()));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        return text.split_once(':').map(|(_, password)| Secret::new(password.to_owned()));
    }
    None
}

/// Whether the name in the Host header is one of this machine, and no proxy passed the request on. A page of
/// another site that points its own name at 127.0.0.1 does not become a guest by it, nor does a stranger whose
/// tunnel or proxy rewrites the header.
pub(crate) fn local_name(headers: &HeaderMap) -> bool {
    if passed_on(headers) {
        return false;
    }
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, "")) => (name, "0"),
        Some((name, rest)) => (name, rest.strip_prefix(':').unwrap_or_default()),
        None => host.rsplit_once(':').unwrap_or((host, "0")),
    };
    if port.parse::<u16>().is_err() {
        return false;
    }
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a proxy says that it passed the request on. Then the connection comes from the proxy's machine, which
/// says nothing about where the request comes from.
fn passed_on(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

pub(crate) async fn identify(parts: &Parts, state: &ServerState, origin: Origin) -> Result<Caller, AppError> {
    let peer = peer(parts);
    let address = peer.map(|peer| peer.ip().to_string());
    let local = || {
        state.options.guest && peer.is_some_and(|peer| peer.ip().is_loopback()) && local_name(&parts.headers)
    };
    if let Some(token) = presented_token(&parts.headers) {
        if token.expose().trim_start().starts_with("fwy_") {
            return state.app.caller_of_token(token.expose(), origin, address);
        }
        let caller = state.app.caller_of_identity(token.expose(), origin, address).await?;
        // A guest's identity opens nothing elsewhere, and nothing when guests are not let in any more.
        if matches!(caller.actor, Actor::Guest) && !local() {
            return Err(AppError::Unauthenticated("a guest is let in on this machine only".to_owned()));
        }
        return Ok(caller);
    }
    if parts.headers.contains_key(AUTHORIZATION) {
        // Whoever presents something wants to be known by it, not to be let in as somebody else.
        let message = "the Authorization header holds no token: send \"Bearer <token>\"";
        return Err(AppError::Unauthenticated(message.to_owned()));
    }
    if let Some(cookie) = session_cookie(&parts.headers)
        && let Some(caller) = state.app.caller_of_session(&cookie, origin, address.clone()).await?
    {
        return Ok(caller);
    }
    if local() {
        return Ok(access::guest(origin, address));
    }
    Err(AppError::Unauthenticated("Sign in first".to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use axum::http::HeaderMap;

    use super::{local_name, presented_token};

    #[test]
    fn only_names_of_this_machine_are_local() {
        let check = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            local_name(&headers)
        };
        for host in ["127.0.0.1:7007", "localhost", "LOCALHOST:80", "[::1]:7007", "127.9.9.9", "[::1]"] {
            assert!(check(host), "{host}");
        }
        for host in [
            "evil.example:7007",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "",
            "[::1].evil.example",
            "[::1]evil",
            "localhost:7007@evil.example",
            "localhost:",
        ] {
            assert!(!check(host), "{host}");
        }
    }

    #[test]
    fn what_a_proxy_passed_on_does_not_come_from_this_machine() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "127.0.0.1:7007".parse().unwrap());
        assert!(local_name(&headers));
        headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
        assert!(!local_name(&headers));
    }

    #[test]
    fn git_sends_the_token_as_a_password() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Basic YWRhOmZ3eV9hX2I=".parse().unwrap());
        assert_eq!(presented_token(&headers).unwrap().expose(), "fwy_a_b");
    }
}
