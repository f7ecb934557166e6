//! Tokens for the command line, programs and git: hashed, scoped, expiring, bound to the person who made
//! them.

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Actor, Caller, Digest, EntityRef, Origin, Permission, Role, Secret, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{App, AppError, access};

/// The longest life of a token.
pub const MAX_DAYS: i64 = 366;

/// A token as the ledger keeps it: the digest of its secret, never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredToken {
    /// The public identifier, which is also the first part of the token.
    pub id: String,
    /// What it is for, in its maker's words.
    pub name: String,
    /// The digest of the secret part.
    pub secret_digest: Digest,
    /// Who made it.
    pub owner: EntityRef,
    /// The role it acts with.
    pub role: Role,
    /// What it may do, within the role.
    pub scopes: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A fresh token; the only time its secret is seen.
pub struct IssuedToken {
    /// What is kept.
    pub stored: StoredToken,
    /// `fwy_<id>_<secret>`.
    pub secret: Secret<String>,
}

/// What a new token should be.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// How many days it lives, 1 to [`MAX_DAYS`].
    pub days: i64,
}

impl App {
    /// Makes a token that acts for the caller, with at most the caller's own rights.
    pub async fn issue_token(&self, caller: &Caller, request: TokenRequest) -> Result<IssuedToken, AppError> {
        caller.authorise(Permission::Read)?;
        if matches!(caller.actor, Actor::Token { .. }) {
            return Err(AppError::Invalid {
                message: "a token cannot make tokens".to_owned(),
                hint: Some("sign in to the portal and make it there".to_owned()),
            });
        }
        let name = request.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(AppError::invalid(
                "a token needs a name of 1 to 100 characters that says what it is for",
            ));
        }
        if !(1..=MAX_DAYS).contains(&request.days) {
            return Err(AppError::invalid(format!("a token lives between 1 and {MAX_DAYS} days")));
        }
        if request.scopes.is_empty() {
            return Err(AppError::invalid("a token needs at least one scope"));
        }
        for scope in &request.scopes {
            caller.authorise(*scope)?;
        }
        let id: String = access::random_text()?.chars().take(12).collect();
        let secret = access::random_text()?;
        let now = self.now();
        let stored = StoredToken {
            id: id.clone(),
            name: name.to_owned(),
            secret_digest: Digest::of(secret.as_bytes()),
            owner: caller.actor.user(),
            role: caller.role,
            scopes: request.scopes,
            created_at: now,
            expires_at: now + SignedDuration::from_hours(24 * request.days),
        };
        let body = serde_json::to_value(&stored).map_err(|error| AppError::Internal(error.to_string()))?;
        self.append(vec![NewFact::by(caller, kind::TOKEN, id.clone(), Some(body))]).await?;
        Ok(IssuedToken { stored, secret: Secret::new(format!("fwy_{id}_{secret}")) })
    }

    /// The caller's tokens; every token for an administrator.
    pub fn tokens(&self, caller: &Caller) -> Result<Vec<StoredToken>, AppError> {
        caller.authorise(Permission::Read)?;
        let own = caller.actor.user();
        let all = caller.may(Permission::Administer);
        let view = self.view();
        let mut tokens: Vec<StoredToken> = view
            .tokens
            .values()
            .filter(|token| all || token.owner == own)
            .map(|token| StoredToken::clone(token))
            .collect();
        tokens.sort_by_key(|token| std::cmp::Reverse(token.created_at));
        Ok(tokens)
    }

    /// Ends a token's life. A token may end itself; others only with the permission to administer, whatever the
    /// person behind it may do.
    pub async fn revoke_token(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let known = view
            .tokens
            .get(id)
            .filter(|token| token.owner == caller.actor.user() || caller.may(Permission::Administer));
        if known.is_none() {
            return Err(AppError::NotFound { what: "token", name: id.to_owned(), near: Vec::new() });
        }
        if matches!(&caller.actor, Actor::Token { id: own, .. } if own != id) {
            caller.authorise(Permission::Administer)?;
        }
        self.append(vec![NewFact::by(caller, kind::TOKEN, id, None)]).await?;
        Ok(())
    }

    /// The caller that a token stands for; an error when it is unknown, wrong or too old, always in the same
    /// words.
    pub fn caller_of_token(
        &self,
        text: &str,
        origin: Origin,
        address: Option<String>,
    ) -> Result<Caller, AppError> {
        let refused = || {
            AppError::Unauthenticated(
                "the token is not valid: it is unknown, was revoked or has expired".to_owned(),
            )
        };
        let mut parts = text.trim().strip_prefix("fwy_").ok_or_else(refused)?.splitn(2, '_');
        let (id, secret) = parts.next().zip(parts.next()).ok_or_else(refused)?;
        let view = self.view();
        let token = view.tokens.get(id).ok_or_else(refused)?;
        // Digests are compared, so the time this takes says nothing about the secret.
        if Digest::of(secret.as_bytes()) != token.secret_digest || token.expires_at <= self.now() {
            return Err(refused());
        }
        Ok(Caller {
            actor: Actor::Token {
                id: token.id.clone(),
                name: token.name.clone(),
                owner: token.owner.clone(),
            },
            origin,
            address,
            role: token.role,
            scopes: Some(token.scopes.clone()),
            reason: None,
        })
    }
}
