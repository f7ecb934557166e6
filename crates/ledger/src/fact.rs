//! Facts before they are linked to the chain: checked, written out and salted.

use fairway_domain::fact::NewFact;
use fairway_domain::{Actor, Digest};
use sha2::{Digest as _, Sha256};

use crate::LedgerError;

/// Postgres cannot index more than about 2,700 bytes, and kind and subject share an index.
const KIND_LIMIT: usize = 128;
const SUBJECT_LIMIT: usize = 2_048;
const ACTOR_LIMIT: usize = 8 * 1024;
const ADDRESS_LIMIT: usize = 1_024;
const REASON_LIMIT: usize = 16 * 1024;
const BODY_LIMIT: usize = 16 * 1024 * 1024;

pub(crate) const SALT_LENGTH: usize = 16;

/// A fact that is ready to be linked.
pub(crate) struct PreparedFact {
    pub(crate) fact: NewFact,
    pub(crate) actor: String,
    pub(crate) actor_text: String,
    pub(crate) body: Option<String>,
    pub(crate) salt: [u8; SALT_LENGTH],
    pub(crate) body_digest: Digest,
}

impl PreparedFact {
    /// Checks the sizes, writes actor and body out, and salts the body.
    pub(crate) fn new(fact: NewFact) -> Result<Self, LedgerError> {
        if fact.kind.is_empty() {
            return Err(LedgerError::refused("the fact has no kind"));
        }
        storable("kind", &fact.kind, KIND_LIMIT)?;
        storable("subject", &fact.subject, SUBJECT_LIMIT)?;
        storable("address", fact.address.as_deref().unwrap_or_default(), ADDRESS_LIMIT)?;
        storable("reason", fact.reason.as_deref().unwrap_or_default(), REASON_LIMIT)?;
        let actor = serde_json::to_string(&fact.actor)
            .map_err(|error| LedgerError::refused(format!("the actor cannot be written: {error}")))?;
        storable("actor", &actor, ACTOR_LIMIT)?;
        let body = fact.body.as_ref().map(ToString::to_string);
        if let Some(body) = &body {
            storable("body", body, BODY_LIMIT).map_err(|error| match error {
                LedgerError::Refused { what } => {
                    LedgerError::refused(format!("{what} ({} {})", fact.kind, fact.subject))
                }
                other => other,
            })?;
        }
        let mut salt = [0_u8; SALT_LENGTH];
        getrandom::fill(&mut salt).map_err(LedgerError::Random)?;
        let body_digest = body_digest(&salt, body.as_deref());
        Ok(Self { actor_text: actor_text(&fact.actor), actor, body, salt, body_digest, fact })
    }
}

/// Refuses a text that is too long, or holds a NUL character (which Postgres cannot store).
pub(crate) fn storable(field: &str, text: &str, limit: usize) -> Result<(), LedgerError> {
    if text.len() > limit {
        let length = text.len();
        return Err(LedgerError::refused(format!("the {field} has {length} bytes, the limit is {limit}")));
    }
    if text.contains('\0') {
        return Err(LedgerError::refused(format!("the {field} holds a NUL character")));
    }
    Ok(())
}

/// What a search for an actor looks into: the reference, the name as people see it, a token's identifier; in
/// lower case, since the two databases do not agree on how to lower the case of a text.
fn actor_text(actor: &Actor) -> String {
    let mut text = format!("{} {actor}", actor.user());
    if let Actor::Token { id, .. } = actor {
        text.push(' ');
        text.push_str(id);
    }
    text.to_lowercase().replace('\0', " ")
}

/// The salted digest of a body, see the documentation of the crate.
pub(crate) fn body_digest(salt: &[u8], body: Option<&str>) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(b"fairway.body.v1\n");
    hasher.update(salt);
    match body {
        None => hasher.update([0]),
        Some(text) => {
            hasher.update([1]);
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        }
    }
    Digest::from_bytes(hasher.finalize().into())
}
