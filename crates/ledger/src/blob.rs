//! Bytes by their digest: file contents, plans, logs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fairway_domain::Digest;
use sqlx::{Connection as _, Row as _};

use crate::database::RowInsert;
use crate::{Ledger, LedgerError};

const BLOB_LIMIT: usize = 64 * 1024 * 1024;

impl Ledger {
    /// Keeps the bytes, all or none, and gives their digests in the same order. Bytes that are there already are
    /// kept once.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Refused`] for a blob above 64 MiB.
    pub async fn put_blobs(&self, blobs: Vec<Vec<u8>>) -> Result<Vec<Digest>, LedgerError> {
        static INSERT: LazyLock<RowInsert> = LazyLock::new(|| {
            RowInsert::new("INSERT INTO blob (digest, bytes) VALUES", 2, "ON CONFLICT (digest) DO NOTHING")
        });
        let writer = self.writer()?;
        if let Some(large) = blobs.iter().find(|bytes| bytes.len() > BLOB_LIMIT) {
            let length = large.len();
            return Err(LedgerError::refused(format!(
                "a blob has {length} bytes, the limit is {BLOB_LIMIT}"
            )));
        }
        let (digests, blobs) = tokio::task::spawn_blocking(move || {
            let digests: Vec<Digest> = blobs.iter().map(|bytes| Digest::of(bytes)).collect();
            // In the order of the digests, so that two replicas never wait for each other's rows.
            let blobs: BTreeMap<Digest, Vec<u8>> = digests.iter().copied().zip(blobs).collect();
            (digests, blobs.into_iter().collect::<Vec<_>>())
        })
        .await
        .map_err(|_| LedgerError::Closed)?;

        let failed = LedgerError::database("keep blobs");
        let mut connection = writer.acquire().await.map_err(&failed)?;
        let result = async {
            let mut transaction = connection.begin_with(self.backend().begin_writing()).await?;
            let mut rest = blobs.as_slice();
            while let Some((text, rows, later)) = INSERT.next(rest) {
                let mut statement = sqlx::query(text);
                for (digest, bytes) in rows {
                    statement = statement.bind(digest.as_bytes().to_vec()).bind(bytes.clone());
                }
                statement.execute(&mut *transaction).await?;
                rest = later;
            }
            transaction.commit().await
        }
        .await;
        if let Err(error) = result {
            self.give_up(connection).await;
            return Err(failed(error));
        }
        Ok(digests)
    }

    /// The bytes with this digest.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Damaged`] when the stored bytes are not those that were kept.
    pub async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, LedgerError> {
        let failed = LedgerError::database("read a blob");
        let row = sqlx::query("SELECT bytes FROM blob WHERE digest = $1")
            .bind(digest.as_bytes().to_vec())
            .fetch_optional(self.reader())
            .await
            .map_err(&failed)?;
        let Some(row) = row else { return Ok(None) };
        let bytes: Vec<u8> = row.try_get("bytes").map_err(&failed)?;
        if Digest::of(&bytes) == *digest {
            Ok(Some(bytes))
        } else {
            Err(LedgerError::damaged(format!("the bytes of blob {digest} are others than those kept")))
        }
    }
}
