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
/// Wrong codes or tokens from one address in a minute before sign-in pauses for it.
const ATTEMPTS: usize = 10;
/// The same from all addresses together; bounds what strangers write into the journal, too.
const ATTEMPTS_OF_ALL: usize = 100;
const ADMIN_CODE: &str = "admin-code";
/// Facts about people who were not let in.
const REFUSAL: &str = "access.refusal";

/// Slows down guessing, and sees to it that a code is used once.
#[derive(Default)]
pub struct SignInGuard {
    attempts: Mutex<VecDeque<(Timestamp, Option<String>)>>,
    claiming: tokio::sync::Mutex<()>,
}

impl SignInGuard {
    /// Counts an attempt before it is made, so that many at once are not more than many in a row.
    fn begin(&self, now: Timestamp, address: Option<&str>) -> Result<(), AppError> {
        let mut attempts = self.attempts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let old = |at: &Timestamp| now.duration_since(*at) > SignedDuration::from_mins(1);
        while attempts.front().is_some_and(|(at, _)| old(at)) {
            attempts.pop_front();
        }
        let same = attempts.iter().filter(|(_, from)| from.as_deref() == address).count();
        if same >= ATTEMPTS || attempts.len() >= ATTEMPTS_OF_ALL {
            return Err(AppError::TooMany("too many wrong attempts; wait a minute and try again".to_owned()));
        }
        attempts.push_back((now, address.map(str::to_owned)));
        Ok(())
    }

    /// An attempt that was right does not count.
    fn succeeded(&self, address: Option<&str>) {
        let mut attempts = self.attempts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(last) = attempts.iter().rposition(|(_, from)| from.as_deref() == address) {
            attempts.remove(last);
        }
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
        self.inner.sign_in_guard.begin(now, address.as_deref())?;
        let attempt = secret.expose().trim();
        let caller = if attempt.starts_with("fwy_") {
            self.caller_of_token(attempt, Origin::Portal, address.clone())
        } else {
            self.claim(name, attempt, address.clone()).await
        };
        let caller = match caller {
            Ok(caller) => caller,
            Err(error) => {
                self.refused(attempt.starts_with("fwy_"), address).await?;
                return Err(error);
            }
        };
        self.inner.sign_in_guard.succeeded(address.as_deref());
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

    /// Somebody was not let in. Whom they said they were is not kept, as secrets are typed into wrong fields.
    async fn refused(&self, token: bool, address: Option<String>) -> Result<(), AppError> {
        let caller = Caller { origin: Origin::Portal, address, ..Caller::system() };
        let body = json!({"event": "sign-in-refused", "with": if token { "token" } else { "code" }});
        self.append(vec![NewFact::by(&caller, REFUSAL, "sign-in", Some(body))]).await?;
        Ok(())
    }

    async fn claim(&self, name: &str, code: &str, address: Option<String>) -> Result<Caller, AppError> {
        let refused =
            || AppError::Unauthenticated("the code is not valid: it is wrong or was used already".to_owned());
        let reference =
            EntityRef::parse(name, Some("user"), "default").map_err(|error| AppError::Invalid {
                message: error.to_string(),
                hint: Some("give your user name, for example ada".to_owned()),
            })?;
        // The code is read and used up in one go, or two who send it at the same moment are both let in.
        let _one_at_a_time = self.inner.sign_in_guard.claiming.lock().await;
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
