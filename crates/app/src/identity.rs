//! Identities in the form that Backstage's clients and services know: JSON Web Tokens for an hour, whose keys are
//! published.
//!
//! They are given to people who are known already (a session, a guest on this machine) and never widen what these
//! may do. Tokens of the platform itself are in [`tokens`](crate::tokens).

mod key;

use std::sync::Arc;

use fairway_domain::{Actor, Caller, EntityRef, Origin, Role, Secret};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{App, AppError};
use key::SigningKey;

/// How long an identity is good, in seconds.
pub const IDENTITY_SECONDS: i64 = 3_600;
/// What Backstage calls the token of a person.
const USER: &str = "vnd.backstage.user";
/// What Backstage calls a token that only says who somebody is.
const LIMITED_USER: &str = "vnd.backstage.limited-user";
const AUDIENCE: &str = "backstage";
const PURPOSE: &str = "identity";

/// Holds the signing key once it is known.
pub(crate) type SigningKeyCell = OnceCell<Arc<SigningKey>>;

/// A fresh identity.
pub struct IssuedIdentity {
    /// The token.
    pub token: Secret<String>,
    /// Whose it is.
    pub user: EntityRef,
    /// The references through which the person owns things: their own, then their groups.
    pub ownership: Vec<EntityRef>,
    /// How long it is good, in seconds.
    pub expires_in: i64,
}

/// Who an identity stands for.
pub struct IdentityClaims {
    /// The person.
    pub user: EntityRef,
    /// The references through which the person owns things.
    pub ownership: Vec<EntityRef>,
    /// When the identity ends, in seconds since 1970.
    pub expires_at: i64,
}

/// Who Backstage's clients take a guest for.
fn guest_reference() -> EntityRef {
    EntityRef::new("user", "development", "guest")
}

fn refused() -> AppError {
    AppError::Unauthenticated("the token is not valid: it is unknown, was changed or has expired".to_owned())
}

impl App {
    /// An identity for somebody who is signed in or a guest. A token gets none: it would outlive its revocation.
    pub async fn issue_identity(&self, caller: &Caller) -> Result<IssuedIdentity, AppError> {
        let user = match &caller.actor {
            Actor::Guest => guest_reference(),
            Actor::User { reference } => reference.clone(),
            Actor::Token { .. } | Actor::System => {
                return Err(AppError::Invalid {
                    message: "a token cannot be exchanged for an identity".to_owned(),
                    hint: Some("send the token itself as \"Authorization: Bearer <token>\"".to_owned()),
                });
            }
        };
        let key = self.signing_key().await?;
        let now = self.now().as_second();
        let expires_at = now + IDENTITY_SECONDS;
        let no_random = || AppError::Internal("the system gave no random numbers".to_owned());
        let subject = user.to_string();
        // Backstage's services make a token that only tells who somebody is out of this signature.
        let limited = json!({"sub": subject, "iat": now, "exp": expires_at});
        let proof = key.signature(LIMITED_USER, &limited).ok_or_else(no_random)?;
        let claims = json!({
            "iss": self.issuer(),
            "sub": subject,
            "aud": AUDIENCE,
            "iat": now,
            "exp": expires_at,
            "uip": proof,
            "fairway": {"guest": matches!(caller.actor, Actor::Guest), "role": caller.role},
        });
        let token = key.sign(USER, &claims).ok_or_else(no_random)?;
        let ownership = self.ownership(&user);
        Ok(IssuedIdentity { token, user, ownership, expires_in: IDENTITY_SECONDS - 1 })
    }

    /// The caller that an identity stands for. For a guest, whoever asks must see to it that the request comes
    /// from this machine, as for a guest without one.
    pub async fn caller_of_identity(
        &self,
        token: &str,
        origin: Origin,
        address: Option<String>,
    ) -> Result<Caller, AppError> {
        let (claims, user) = self.verified(token).await?;
        let own = claims.get("fairway").ok_or_else(refused)?;
        let role: Role =
            own.get("role").and_then(|role| serde_json::from_value(role.clone()).ok()).ok_or_else(refused)?;
        let guest = own.get("guest").and_then(Value::as_bool).ok_or_else(refused)?;
        let actor = if guest { Actor::Guest } else { Actor::User { reference: user } };
        Ok(Caller { actor, origin, address, role, scopes: None, reason: None })
    }

    /// What an identity says, for services that ask who somebody is.
    pub async fn identity_claims(&self, token: &str) -> Result<IdentityClaims, AppError> {
        let (claims, user) = self.verified(token).await?;
        let expires_at = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        Ok(IdentityClaims { ownership: self.ownership(&user), user, expires_at })
    }

    /// The published keys as a JSON Web Key Set; empty until an identity was issued.
    pub async fn identity_keys(&self) -> Result<Value, AppError> {
        let known = match self.inner.signing_key.get() {
            Some(key) => Some(Arc::clone(key)),
            None => match self.inner.ledger.signing_key(PURPOSE).await? {
                Some(_) => Some(self.signing_key().await?),
                None => None,
            },
        };
        let keys: Vec<Value> = known.iter().map(|key| key.published()).collect();
        Ok(json!({ "keys": keys }))
    }

    /// Who issues identities, as their claim `iss` has it.
    pub fn issuer(&self) -> String {
        issuer_at(&self.inner.config.base_url)
    }

    async fn verified(&self, token: &str) -> Result<(Value, EntityRef), AppError> {
        let key = match self.inner.signing_key.get() {
            Some(key) => Arc::clone(key),
            // Without a key there is no token that could be good.
            None if self.inner.ledger.signing_key(PURPOSE).await?.is_none() => return Err(refused()),
            None => self.signing_key().await?,
        };
        let claims = key.verify(USER, token).ok_or_else(refused)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let config = &self.inner.config;
        let ours = std::iter::once(&config.base_url)
            .chain(&config.former_base_urls)
            .any(|base| issuer_at(base) == text("iss"));
        let ends = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        if !ours || text("aud") != AUDIENCE || ends <= self.now().as_second() {
            return Err(refused());
        }
        let user = text("sub").parse().map_err(|_| refused())?;
        Ok((claims, user))
    }

    fn ownership(&self, user: &EntityRef) -> Vec<EntityRef> {
        let view = self.view();
        let mut ownership = vec![user.clone()];
        // What the organisation says of its guest holds for the guest by the other name.
        let known = if *user == guest_reference() { Actor::Guest.user() } else { user.clone() };
        if known != *user && view.catalog.get(&known).is_some() {
            ownership.push(known.clone());
        }
        ownership.extend(view.catalog.groups_of(&known));
        ownership
    }

    async fn signing_key(&self) -> Result<Arc<SigningKey>, AppError> {
        let key = self.inner.signing_key.get_or_try_init(|| async {
            let broken = || AppError::Internal("the signing key cannot be made or read".to_owned());
            let kept = if let Some(kept) = self.inner.ledger.signing_key(PURPOSE).await? {
                kept
            } else {
                let fresh = SigningKey::generate().ok_or_else(broken)?;
                self.inner.ledger.keep_signing_key(PURPOSE, &fresh).await?
            };
            SigningKey::read(&kept).map(Arc::new).ok_or_else(broken)
        });
        key.await.map(Arc::clone)
    }
}

fn issuer_at(base: &str) -> String {
    format!("{base}/api/auth")
}
