//! Private keys that tokens are signed with. Replicas share them, so that one verifies what another signed; they
//! are kept beside the journal and not in it, since auditors read the journal.

use fairway_domain::Secret;
use sqlx::Row as _;

use crate::fact::storable;
use crate::{Ledger, LedgerError};

const PURPOSE_LIMIT: usize = 128;

impl Ledger {
    /// The private key for a purpose, when one is kept.
    pub async fn signing_key(&self, purpose: &str) -> Result<Option<Secret<Vec<u8>>>, LedgerError> {
        let row = sqlx::query("SELECT private_key FROM signing_key WHERE purpose = $1")
            .bind(purpose)
            .fetch_optional(self.reader())
            .await
            .map_err(LedgerError::database("read a signing key"))?;
        row.map(|row| row.try_get("private_key").map(Secret::new))
            .transpose()
            .map_err(LedgerError::database("read a signing key"))
    }

    /// Keeps a private key for a purpose that has none yet. Of several replicas that do so at once, one is the
    /// first; the key that counts is returned.
    pub async fn keep_signing_key(
        &self,
        purpose: &str,
        fresh: &Secret<Vec<u8>>,
    ) -> Result<Secret<Vec<u8>>, LedgerError> {
        storable("purpose", purpose, PURPOSE_LIMIT)?;
        sqlx::query(
            "INSERT INTO signing_key (purpose, private_key, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (purpose) DO NOTHING",
        )
        .bind(purpose)
        .bind(fresh.expose().clone())
        .bind(self.now()?.as_microsecond())
        .execute(self.writer()?)
        .await
        .map_err(LedgerError::database("keep a signing key"))?;
        let kept = self.signing_key(purpose).await?;
        kept.ok_or_else(|| LedgerError::damaged(format!("the signing key \"{purpose}\" is gone")))
    }
}
