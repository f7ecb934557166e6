//! Who is there: guests on the same machine, people with a session, the administrator's code.

use std::collections::VecDeque;
use std::sync::Mutex;

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Actor, Caller, Digest, EntityRef, Origin, Role, Secret, Timestamp};
use fairway_ledger::StoredSession;
use jiff::SignedDuration;
use serde_json::json;

use crate::{App, AppError};

/// How long a session lives.
const SESSION_HOURS: i64 = 12;
/// Wrong codes or tokens in a minute before sign-in pauses.
const ATTEMPTS: usize = 10;
const ADMIN_CODE: &str = "admin-code";

/// Slows down guessing, over all addresses: codes are few and people are patient.
#[derive(Default)]
pub struct SignInGuard {
    failures: Mutex<VecDeque<Timestamp>>,
}

impl SignInGuard {
    fn check(&self, now: Timestamp) -> Result<(), AppError> {
        let mut failures = self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while failures.front().is_some_and(|first| now.duration_since(*first) > SignedDuration::from_mins(1))
        {
            failures.pop_front();
        }
        if failures.len() >= ATTEMPTS {
            return Err(AppError::TooMany("too many wrong attempts; wait a minute and try again".to_owned()));
        }
        Ok(())
    }

    fn failed(&self, now: Timestamp) {
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_back(now);
    }
}

/// 256 random bits as 64 hexadecimal digits.
pub(crate) fn random_text() -> Result<String, AppError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| AppError::Internal(format!("the system gave no random numbers: {error}")))?;
    Ok(Digest::from_bytes(bytes).hex())
}

/// A caller on the same machine who has not signed in. May create and deliver, so that a laptop needs no
/// set-up; may not administer.
pub fn guest(origin: Origin, address: Option<String>) -> Caller {
    Caller { actor: Actor::Guest, origin, address, role: Role::Member, scopes: None, reason: None }
}

impl App {
    /// A new administrator's code, when nobody has claimed the platform yet. Only its digest is kept, so this
    /// is the one time to print it. `renew` makes one even so.
    pub async fn admin_code(&self, renew: bool) -> Result<Option<Secret<String>>, AppError> {
        let known = self.inner.ledger.state(kind::SETUP, ADMIN_CODE).await?;
        let claimed = known.is_some_and(|state| state.body.get("claimedBy").is_some());
        if claimed && !renew {
            return Ok(None);
        }
        let text = random_text()?.to_uppercase();
        let groups: Vec<&str> = [(0, 4), (4, 8), (8, 12), (12, 16)]
            .iter()
            .filter_map(|(from, to)| text.get(*from..*to))
            .collect();
        let code = groups.join("-");
        let body = json!({"digest": Digest::of(code.as_bytes())});
        self.append(vec![NewFact::by(&Caller::system(), kind::SETUP, ADMIN_CODE, Some(body))]).await?;
        Ok(Some(Secret::new(code)))
    }

    /// Signs somebody in with the administrator's code (which then is used up) or a token. Returns the secret
    /// for the cookie.
    pub async fn sign_in(
        &self,
        name: &str,
        secret: &Secret<String>,
        address: Option<String>,
    ) -> Result<Secret<String>, AppError> {
        let now = self.now();
        self.inner.sign_in_guard.check(now)?;
        let attempt = secret.expose().trim();
        let caller = if attempt.starts_with("fwy_") {
            self.caller_of_token(attempt, Origin::Portal, address.clone())
        } else {
            self.claim(name, attempt, address.clone()).await
        };
        let caller = caller.inspect_err(|_| self.inner.sign_in_guard.failed(now))?;
        let cookie = random_text()?;
        let session = StoredSession {
            id_hash: Digest::of(cookie.as_bytes()),
            actor: caller.actor.clone(),
            role: caller.role,
            created_at: now,
            expires_at: now + SignedDuration::from_hours(SESSION_HOURS),
        };
        self.inner.ledger.put_session(session).await?;
        let subject = caller.actor.user().to_string();
        let body = json!({"event": "signed-in", "role": caller.role});
        self.append(vec![NewFact::by(&caller, kind::SESSION, subject, Some(body))]).await?;
        Ok(Secret::new(cookie))
    }

    async fn claim(&self, name: &str, code: &str, address: Option<String>) -> Result<Caller, AppError> {
        let refused =
            || AppError::Unauthenticated("the code is not valid: it is wrong or was used already".to_owned());
        let reference =
            EntityRef::parse(name, Some("user"), "default").map_err(|error| AppError::Invalid {
                message: error.to_string(),
                hint: Some("give your user name, for example ada".to_owned()),
            })?;
        let state = self.inner.ledger.state(kind::SETUP, ADMIN_CODE).await?.ok_or_else(refused)?;
        let expected: Digest =
            state.body.get("digest").and_then(|text| text.as_str()?.parse().ok()).ok_or_else(refused)?;
        if Digest::of(code.to_uppercase().as_bytes()) != expected {
            return Err(refused());
        }
        let caller = Caller {
            actor: Actor::User { reference: reference.clone() },
            origin: Origin::Portal,
            address,
            role: Role::Admin,
            scopes: None,
            reason: Some("claimed the platform with the administrator's code".to_owned()),
        };
        let body = json!({"claimedBy": reference});
        self.append(vec![NewFact::by(&caller, kind::SETUP, ADMIN_CODE, Some(body))]).await?;
        Ok(caller)
    }

    /// The caller that a session's cookie stands for.
    pub async fn caller_of_session(
        &self,
        cookie: &Secret<String>,
        origin: Origin,
        address: Option<String>,
    ) -> Result<Option<Caller>, AppError> {
        let id = Digest::of(cookie.expose().as_bytes());
        let Some(session) = self.inner.ledger.session(&id).await? else { return Ok(None) };
        // A session that began with a token lasts no longer than the token and stays as narrow.
        let scopes = match &session.actor {
            Actor::Token { id, .. } => {
                let view = self.view();
                let Some(token) = view.tokens.get(id).filter(|token| token.expires_at > self.now()) else {
                    return Ok(None);
                };
                Some(token.scopes.clone())
            }
            _ => None,
        };
        Ok(Some(Caller { actor: session.actor, origin, address, role: session.role, scopes, reason: None }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, caller: &Caller, cookie: &Secret<String>) -> Result<(), AppError> {
        self.inner.ledger.delete_session(&Digest::of(cookie.expose().as_bytes())).await?;
        let subject = caller.actor.user().to_string();
        let body = json!({"event": "signed-out"});
        self.append(vec![NewFact::by(caller, kind::SESSION, subject, Some(body))]).await?;
        Ok(())
    }
}
