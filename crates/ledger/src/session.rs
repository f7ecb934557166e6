//! Who is signed in. The ledger never sees a cookie's secret, only its hash.

use fairway_domain::{Actor, Digest, Role, Timestamp};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::{from_word, moment, truncated, word};
use crate::fact::storable;
use crate::{Ledger, LedgerError};

const ACTOR_LIMIT: usize = 8 * 1024;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The hash of the cookie's secret.
    pub id_hash: Digest,
    /// Who signed in.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
    /// When they signed in.
    pub created_at: Timestamp,
    /// Until when the session is good.
    pub expires_at: Timestamp,
}

impl Ledger {
    /// Keeps a session, or replaces the one with the same hash.
    pub async fn put_session(&self, session: StoredSession) -> Result<(), LedgerError> {
        let actor = serde_json::to_string(&session.actor)
            .map_err(|error| LedgerError::refused(format!("the actor cannot be written: {error}")))?;
        storable("actor", &actor, ACTOR_LIMIT)?;
        sqlx::query(
            "INSERT INTO session (id_hash, actor, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (id_hash) DO UPDATE SET actor = excluded.actor, role = excluded.role, \
             created_at = excluded.created_at, expires_at = excluded.expires_at",
        )
        .bind(session.id_hash.as_bytes().to_vec())
        .bind(actor)
        .bind(word(&session.role))
        .bind(truncated(session.created_at).as_microsecond())
        .bind(truncated(session.expires_at).as_microsecond())
        .execute(self.writer()?)
        .await
        .map_err(LedgerError::database("keep a session"))?;
        Ok(())
    }

    /// The session with this hash, unless it has expired.
    pub async fn session(&self, id_hash: &Digest) -> Result<Option<StoredSession>, LedgerError> {
        sqlx::query(
            "SELECT actor, role, created_at, expires_at FROM session WHERE id_hash = $1 AND expires_at > $2",
        )
        .bind(id_hash.as_bytes().to_vec())
        .bind(self.now()?.as_microsecond())
        .fetch_optional(self.reader())
        .await
        .map_err(LedgerError::database("read a session"))?
        .map(|row| StoredSession::from_row(*id_hash, &row))
        .transpose()
    }

    /// Ends a session; `false` when there was none.
    pub async fn delete_session(&self, id_hash: &Digest) -> Result<bool, LedgerError> {
        let done = sqlx::query("DELETE FROM session WHERE id_hash = $1")
            .bind(id_hash.as_bytes().to_vec())
            .execute(self.writer()?)
            .await
            .map_err(LedgerError::database("end a session"))?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes the sessions that have expired, and says how many.
    pub async fn delete_expired_sessions(&self) -> Result<u64, LedgerError> {
        let done = sqlx::query("DELETE FROM session WHERE expires_at <= $1")
            .bind(self.now()?.as_microsecond())
            .execute(self.writer()?)
            .await
            .map_err(LedgerError::database("remove expired sessions"))?;
        Ok(done.rows_affected())
    }
}

impl StoredSession {
    fn from_row(id_hash: Digest, row: &AnyRow) -> Result<Self, LedgerError> {
        let damaged = |error: String| LedgerError::damaged(format!("a row of the table session: {error}"));
        let read = || -> Result<_, sqlx::Error> {
            Ok((
                row.try_get::<String, _>("actor")?,
                row.try_get::<String, _>("role")?,
                row.try_get::<i64, _>("created_at")?,
                row.try_get::<i64, _>("expires_at")?,
            ))
        };
        let (actor, role, created_at, expires_at) = read().map_err(|error| damaged(error.to_string()))?;
        Ok(Self {
            id_hash,
            actor: serde_json::from_str(&actor).map_err(|error| damaged(error.to_string()))?,
            role: from_word(role).map_err(damaged)?,
            created_at: moment(created_at).map_err(damaged)?,
            expires_at: moment(expires_at).map_err(damaged)?,
        })
    }
}
