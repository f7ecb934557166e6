//! What was known at a moment that is over.

use fairway_domain::Timestamp;
use futures::TryStreamExt as _;
use sqlx::Row as _;

use crate::state::State;
use crate::{Ledger, LedgerError};

impl Ledger {
    /// The last record that was appended at `moment` or before; 0 when there was none.
    ///
    /// The journal is halved until it is found, which takes as many small reads as the number of records has
    /// binary digits. Where the clocks of replicas disagree, the answer is as exact as they agree.
    pub async fn sequence_at(&self, moment: Timestamp) -> Result<i64, LedgerError> {
        let failed = LedgerError::database("look for a moment in the journal");
        let moment = moment.as_microsecond();
        let (mut known_before, mut known_after) = (0, self.head().await?.sequence + 1);
        while known_after - known_before > 1 {
            let middle = known_before + (known_after - known_before) / 2;
            // Not `sequence = middle`: a gap, which only tampering makes, must not end the search.
            let row = sqlx::query(
                "SELECT sequence, appended_at FROM journal WHERE sequence >= $1 ORDER BY sequence LIMIT 1",
            )
            .bind(middle)
            .fetch_optional(self.reader())
            .await
            .map_err(&failed)?;
            let before = match &row {
                None => false,
                Some(row) => row.try_get::<i64, _>("appended_at").map_err(&failed)? <= moment,
            };
            if before {
                known_before = middle;
            } else {
                known_after = middle;
            }
        }
        Ok(known_before)
    }

    /// The last record of one of these kinds up to `sequence`; 0 when there is none. Two sequences with the same
    /// answer saw the same.
    pub async fn last_change(&self, kinds: &[&str], sequence: i64) -> Result<i64, LedgerError> {
        let failed = LedgerError::database("look for the last change in the journal");
        let mut last = 0;
        for kind in kinds {
            let row =
                sqlx::query("SELECT MAX(sequence) AS last FROM journal WHERE kind = $1 AND sequence <= $2")
                    .bind((*kind).to_owned())
                    .bind(sequence)
                    .fetch_one(self.reader())
                    .await
                    .map_err(&failed)?;
            last = last.max(row.try_get::<Option<i64>, _>("last").map_err(&failed)?.unwrap_or(0));
        }
        Ok(last)
    }

    /// What was known of every subject of a kind when the record `sequence` had been appended, in the order of
    /// the subjects' bytes. A body that was erased since is not known any more.
    pub async fn states_at(&self, kind: &str, sequence: i64) -> Result<Vec<State>, LedgerError> {
        if kind.contains('\0') {
            return Ok(Vec::new());
        }
        let mut rows = sqlx::query(
            "SELECT journal.subject, journal.sequence, journal.appended_at, journal.body FROM journal JOIN \
             (SELECT MAX(sequence) AS last FROM journal WHERE kind = $1 AND sequence <= $2 GROUP BY subject) latest \
             ON journal.sequence = latest.last WHERE journal.body IS NOT NULL",
        )
        .bind(kind.to_owned())
        .bind(sequence)
        .fetch(self.reader());
        let failed = LedgerError::database("read what was known");
        let mut states = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(&failed)? {
            states.push(State::from_row(&row)?);
        }
        states.sort_unstable_by(|one, two| one.subject.cmp(&two.subject));
        Ok(states)
    }
}
