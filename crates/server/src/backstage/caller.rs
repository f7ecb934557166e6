//! Who asks, told in Backstage's errors when nobody does.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use fairway_app::AppError;
use fairway_domain::{Caller, Origin, Permission};

use crate::backstage::failure::Failure;
use crate::caller::identify;
use crate::state::ServerState;

/// Somebody who may read.
pub(super) struct Reader(pub(super) Caller);

/// Somebody, whatever they may.
pub(super) struct Known(pub(super) Caller);

impl FromRequestParts<ServerState> for Known {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        identify(parts, state, Origin::Api).await.map(Self).map_err(|error| match error {
            AppError::Unauthenticated(_) if !parts.headers.contains_key(AUTHORIZATION) => {
                Failure::authentication("Missing credentials")
            }
            other => other.into(),
        })
    }
}

impl FromRequestParts<ServerState> for Reader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        let Known(caller) = Known::from_request_parts(parts, state).await?;
        caller.authorise(Permission::Read)?;
        Ok(Self(caller))
    }
}
