//! `/api/auth`: identities for guests and for people who are signed in, and the keys to check them with.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use fairway_domain::{Actor, Caller};
use serde_json::{Value, json};

use crate::backstage::caller::Known;
use crate::backstage::failure::Failure;
use crate::caller::presented_token;
use crate::state::ServerState;

/// The provider for whoever is let in without signing in.
const GUEST: &str = "guest";
/// The provider for whoever is signed in to the portal.
const PORTAL: &str = "fairway";

pub(super) fn routes() -> Router<ServerState> {
    Router::new()
        .route("/.well-known/jwks.json", get(keys))
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/v1/userinfo", get(user_info))
        .route("/{provider}/refresh", get(refresh).post(refresh))
        .route("/{provider}/start", get(start))
        .route("/{provider}/handler/frame", any(start))
        .route("/{provider}/logout", post(logout))
        .route("/{provider}", any(unknown))
        .route("/{provider}/{*rest}", any(unknown_below))
}

async fn keys(State(state): State<ServerState>) -> Result<Json<Value>, Failure> {
    Ok(Json(state.app.identity_keys().await?))
}

async fn configuration(State(state): State<ServerState>) -> Json<Value> {
    let issuer = state.app.issuer();
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "userinfo_endpoint": format!("{issuer}/v1/userinfo"),
        "token_endpoint": format!("{issuer}/v1/token"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": [],
        "claims_supported": ["sub", "ent"],
        "grant_types_supported": [],
    }))
}

async fn user_info(State(state): State<ServerState>, headers: HeaderMap) -> Result<Json<Value>, Failure> {
    let token = presented_token(&headers).ok_or_else(|| Failure::authentication("Missing credentials"))?;
    let claims = state.app.identity_claims(token.expose()).await?;
    Ok(Json(json!({"claims": {
        "sub": claims.user.to_string(),
        "ent": claims.ownership.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "exp": claims.expires_at,
    }})))
}

async fn refresh(
    State(state): State<ServerState>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    caller: Result<Known, Failure>,
) -> Result<Json<Value>, Failure> {
    let caller = match provider.as_str() {
        GUEST => guest(&state, caller)?,
        PORTAL => {
            // A page of another site can send the cookie along, and not this header.
            let asked = headers.get("x-requested-with").is_some_and(|by| by == "XMLHttpRequest");
            if !asked {
                return Err(Failure::authentication("Invalid X-Requested-With header"));
            }
            caller?.0
        }
        other => return Err(unknown_provider(other)),
    };
    let issued = state.app.issue_identity(&caller).await?;
    let user = issued.user.to_string();
    let ownership: Vec<String> = issued.ownership.iter().map(ToString::to_string).collect();
    Ok(Json(json!({
        "profile": {},
        "providerInfo": {},
        "backstageIdentity": {
            "token": issued.token.expose(),
            "identity": {"type": "user", "userEntityRef": user, "ownershipEntityRefs": ownership},
            "expiresInSeconds": issued.expires_in,
        },
    })))
}

/// A guest stays a guest, even when the browser also holds somebody's session.
fn guest(state: &ServerState, caller: Result<Known, Failure>) -> Result<Caller, Failure> {
    let refused = || {
        Failure::not_allowed(
            "Guests are let in on the machine that Fairway runs on, and only when it was started with \"fairway up\"",
        )
    };
    if !state.options.guest {
        return Err(refused());
    }
    let Known(caller) = caller.map_err(|_| refused())?;
    if matches!(caller.actor, Actor::Guest) {
        return Ok(caller);
    }
    let address = caller.address.clone();
    Ok(fairway_app::access::guest(caller.origin, address))
}

async fn start(Path(provider): Path<String>) -> Failure {
    match provider.as_str() {
        GUEST | PORTAL => {
            Failure::not_implemented("Not implemented: there is nothing to start for this provider")
        }
        other => unknown_provider(other),
    }
}

async fn logout(Path(provider): Path<String>) -> Response {
    match provider.as_str() {
        // An identity ends by itself; the session ends in the portal.
        GUEST | PORTAL => StatusCode::OK.into_response(),
        other => unknown_provider(other).into_response(),
    }
}

async fn unknown(Path(provider): Path<String>) -> Failure {
    unknown_provider(&provider)
}

async fn unknown_below(Path((provider, _)): Path<(String, String)>) -> Response {
    match provider.as_str() {
        GUEST | PORTAL | "v1" => StatusCode::NOT_FOUND.into_response(),
        other => unknown_provider(other).into_response(),
    }
}

fn unknown_provider(name: &str) -> Failure {
    Failure::not_found(format!("Unknown auth provider '{}'", name.chars().take(100).collect::<String>()))
}
