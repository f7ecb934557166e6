//! The one task that writes to the journal.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use fairway_domain::fact::Record;
use fairway_domain::{Clock, Timestamp};
use sqlx::{AnyConnection, AnyPool, Connection as _, Row as _};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};

use crate::database::{RowInsert, truncated, word};
use crate::entry::{HashedFields, journal_columns};
use crate::fact::{PreparedFact, SALT_LENGTH};
use crate::follower::CHANNEL;
use crate::ledger::head_of;
use crate::location::Location;
use crate::lock::FileLock;
use crate::{Backend, Head, LedgerError};

/// How many facts, and bytes of bodies, are collected into one transaction. A single batch may be larger.
const GROUP_FACTS: usize = 4_096;
const GROUP_BYTES: usize = 16 * 1024 * 1024;
/// How many records are linked before other tasks get a turn.
const LINKED_AT_ONCE: usize = 256;

type Answer<T> = oneshot::Sender<Result<T, LedgerError>>;

/// What the writer is asked to do.
pub(crate) enum Work {
    Append(Append),
    Erase(Box<Erasure>),
}

pub(crate) struct Append {
    pub(crate) facts: Vec<PreparedFact>,
    pub(crate) answer: Answer<Vec<Arc<Record>>>,
}

impl Append {
    fn bytes(&self) -> usize {
        self.facts.iter().filter_map(|fact| fact.body.as_ref()).map(String::len).sum()
    }
}

pub(crate) struct Erasure {
    pub(crate) sequence: i64,
    pub(crate) fact: PreparedFact,
    pub(crate) answer: Answer<Arc<Record>>,
}

/// A record with the columns that only the table has.
struct Linked {
    record: Record,
    actor: String,
    actor_text: String,
    body: Option<String>,
    salt: [u8; SALT_LENGTH],
    erases: Option<i64>,
}

pub(crate) struct Writer {
    pub(crate) pool: AnyPool,
    pub(crate) location: Location,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) records: broadcast::Sender<Arc<Record>>,
    /// Wakes the task that publishes what is in the journal; without it the writer publishes itself.
    pub(crate) nudge: Option<Arc<Notify>>,
    /// Held for as long as something may be written.
    pub(crate) _lock: Option<FileLock>,
}

impl Writer {
    /// Works until every sender of the queue is gone and everything in it is done.
    pub(crate) async fn run(self, mut queue: mpsc::Receiver<Work>) {
        let mut next = queue.recv().await;
        while let Some(work) = next.take() {
            match work {
                Work::Erase(erasure) => self.erase(*erasure).await,
                Work::Append(append) => {
                    let (mut facts, mut bytes) = (append.facts.len(), append.bytes());
                    let mut group = vec![append];
                    while facts < GROUP_FACTS && bytes < GROUP_BYTES {
                        match queue.try_recv() {
                            Ok(Work::Append(append)) => {
                                facts += append.facts.len();
                                bytes += append.bytes();
                                group.push(append);
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.append(group).await;
                }
            }
            if next.is_none() {
                next = queue.recv().await;
            }
        }
        self.pool.close().await;
    }

    async fn append(&self, group: Vec<Append>) {
        let mut answers = Vec::with_capacity(group.len());
        let mut facts = Vec::new();
        for append in group {
            answers.push((append.answer, append.facts.len()));
            facts.extend(append.facts.into_iter().map(|fact| (fact, None)));
        }
        match self.write(facts, None).await {
            Ok(records) => {
                self.publish(&records);
                let mut records = records.into_iter();
                for (answer, count) in answers {
                    let _ = answer.send(Ok(records.by_ref().take(count).collect()));
                }
            }
            Err(error) => {
                for (answer, _) in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }

    async fn erase(&self, erasure: Erasure) {
        let Erasure { sequence, fact, answer } = erasure;
        let result = self.write(vec![(fact, Some(sequence))], Some(sequence)).await;
        if let Ok(records) = &result {
            self.publish(records);
            if self.location.backend() == Backend::Sqlite {
                // The write-ahead log still holds the erased body. Readers may be in the way; then the next
                // checkpoint does it.
                let truncated = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&self.pool).await;
                if let Err(error) = truncated {
                    tracing::warn!(%error, "the write-ahead log could not be emptied after an erasure");
                }
            }
        }
        let record = result.and_then(|records| records.into_iter().next().ok_or(LedgerError::Closed));
        let _ = answer.send(record);
    }

    fn publish(&self, records: &[Arc<Record>]) {
        if let Some(nudge) = &self.nudge {
            nudge.notify_one();
        } else if self.records.receiver_count() > 0 {
            for record in records {
                let _ = self.records.send(Arc::clone(record));
            }
        }
    }

    /// One transaction. After a failure the connection is given up: SQLite may have rolled back by itself,
    /// which the pool does not notice.
    async fn write(
        &self,
        facts: Vec<(PreparedFact, Option<i64>)>,
        erased: Option<i64>,
    ) -> Result<Vec<Arc<Record>>, LedgerError> {
        let at = truncated(self.clock.now());
        let mut connection =
            self.pool.acquire().await.map_err(LedgerError::database("reach the database"))?;
        let result = async {
            let mut transaction = connection
                .begin_with(self.location.backend().begin_writing())
                .await
                .map_err(LedgerError::database("begin a transaction"))?;
            let head = lock_chain(&mut transaction).await?;
            if let Some(sequence) = erased {
                check_erasable(&mut transaction, sequence).await?;
            }
            let linked = link(facts, head, at).await;
            self.store(&mut transaction, &linked).await?;
            if let (Some(sequence), Some(by)) = (erased, linked.first()) {
                erase_body(&mut transaction, sequence, by.record.sequence).await?;
            }
            transaction.commit().await.map_err(LedgerError::database("commit to the journal"))?;
            Ok(linked.into_iter().map(|linked| Arc::new(linked.record)).collect())
        }
        .await;
        if matches!(result, Err(LedgerError::Database { .. })) && self.location != Location::Memory {
            let _ = connection.close().await;
        }
        result
    }

    async fn store(&self, connection: &mut AnyConnection, linked: &[Linked]) -> Result<(), LedgerError> {
        let Some(last) = linked.last() else { return Ok(()) };
        insert_journal(connection, linked).await.map_err(LedgerError::database("append to the journal"))?;
        update_state(connection, linked).await.map_err(LedgerError::database("update the latest state"))?;
        sqlx::query("UPDATE chain SET sequence = $1, hash = $2 WHERE id = 1")
            .bind(last.record.sequence)
            .bind(last.record.hash.as_bytes().to_vec())
            .execute(&mut *connection)
            .await
            .map_err(LedgerError::database("move the head of the journal"))?;
        if self.location.backend() == Backend::Postgres {
            // Delivered to the other replicas when, and only if, the transaction commits.
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(CHANNEL)
                .bind(last.record.sequence.to_string())
                .execute(&mut *connection)
                .await
                .map_err(LedgerError::database("notify the other replicas"))?;
        }
        Ok(())
    }
}

/// Locks the row of the chain until the transaction ends, and reads the head.
async fn lock_chain(connection: &mut AnyConnection) -> Result<Head, LedgerError> {
    let row = sqlx::query("UPDATE chain SET sequence = sequence WHERE id = 1 RETURNING sequence, hash")
        .fetch_optional(connection)
        .await
        .map_err(LedgerError::database("lock the head of the journal"))?;
    head_of(&row.ok_or_else(|| LedgerError::damaged("the row of the table chain is missing"))?)
}

async fn link(facts: Vec<(PreparedFact, Option<i64>)>, head: Head, at: Timestamp) -> Vec<Linked> {
    let Head { mut sequence, hash: mut previous } = head;
    let mut linked = Vec::with_capacity(facts.len());
    for (prepared, erases) in facts {
        sequence += 1;
        let PreparedFact { fact, actor, actor_text, body, salt, body_digest } = prepared;
        let hash = HashedFields {
            sequence,
            at: at.as_microsecond(),
            actor: &actor,
            actor_text: &actor_text,
            origin: &word(&fact.origin),
            address: fact.address.as_deref(),
            reason: fact.reason.as_deref(),
            kind: &fact.kind,
            subject: &fact.subject,
            body_digest: &body_digest,
            erases,
            previous: &previous,
        }
        .hash();
        let record = Record {
            sequence,
            at,
            actor: fact.actor,
            origin: fact.origin,
            address: fact.address,
            reason: fact.reason,
            kind: fact.kind,
            subject: fact.subject,
            body: fact.body,
            erased: false,
            body_digest,
            previous,
            hash,
        };
        previous = hash;
        linked.push(Linked { record, actor, actor_text, body, salt, erases });
        if linked.len() % LINKED_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
    }
    linked
}

async fn insert_journal(connection: &mut AnyConnection, linked: &[Linked]) -> Result<(), sqlx::Error> {
    static INSERT: LazyLock<RowInsert> = LazyLock::new(|| {
        RowInsert::new(concat!("INSERT INTO journal (", journal_columns!(), ") VALUES"), 16, "")
    });
    let mut rest = linked;
    while let Some((text, rows, later)) = INSERT.next(rest) {
        let mut statement = sqlx::query(text);
        for Linked { record, actor, actor_text, body, salt, erases } in rows {
            statement = statement
                .bind(record.sequence)
                .bind(record.at.as_microsecond())
                .bind(actor.clone())
                .bind(actor_text.clone())
                .bind(word(&record.origin))
                .bind(record.address.clone())
                .bind(record.reason.clone())
                .bind(record.kind.clone())
                .bind(record.subject.clone())
                .bind(body.clone())
                .bind(salt.to_vec())
                .bind(record.body_digest.as_bytes().to_vec())
                .bind(*erases)
                .bind(None::<i64>)
                .bind(record.previous.as_bytes().to_vec())
                .bind(record.hash.as_bytes().to_vec());
        }
        statement.execute(&mut *connection).await?;
        rest = later;
    }
    Ok(())
}

/// Of several facts about one thing the last one counts; one statement must not touch a row twice.
async fn update_state(connection: &mut AnyConnection, linked: &[Linked]) -> Result<(), sqlx::Error> {
    static UPSERT: LazyLock<RowInsert> = LazyLock::new(|| {
        RowInsert::new(
            "INSERT INTO state (kind, subject, sequence, appended_at, body) VALUES",
            5,
            "ON CONFLICT (kind, subject) DO UPDATE SET sequence = excluded.sequence, \
             appended_at = excluded.appended_at, body = excluded.body",
        )
    });
    let latest: BTreeMap<(&str, &str), &Linked> = linked
        .iter()
        .map(|linked| ((linked.record.kind.as_str(), linked.record.subject.as_str()), linked))
        .collect();
    let mut present = Vec::new();
    for ((kind, subject), linked) in latest {
        if let Some(body) = &linked.body {
            present.push((&linked.record, body));
        } else {
            sqlx::query("DELETE FROM state WHERE kind = $1 AND subject = $2")
                .bind(kind.to_owned())
                .bind(subject.to_owned())
                .execute(&mut *connection)
                .await?;
        }
    }
    let mut rest = present.as_slice();
    while let Some((text, rows, later)) = UPSERT.next(rest) {
        let mut statement = sqlx::query(text);
        for (record, body) in rows {
            statement = statement
                .bind(record.kind.clone())
                .bind(record.subject.clone())
                .bind(record.sequence)
                .bind(record.at.as_microsecond())
                .bind((*body).clone());
        }
        statement.execute(&mut *connection).await?;
        rest = later;
    }
    Ok(())
}

async fn check_erasable(connection: &mut AnyConnection, sequence: i64) -> Result<(), LedgerError> {
    let row = sqlx::query(
        "SELECT CASE WHEN erased_by IS NOT NULL THEN 2 WHEN body IS NULL THEN 1 ELSE 0 END AS obstacle \
         FROM journal WHERE sequence = $1",
    )
    .bind(sequence)
    .fetch_optional(connection)
    .await
    .map_err(LedgerError::database("look for the record to erase"))?;
    let obstacle = row.ok_or(LedgerError::NotFound { sequence })?.try_get::<i32, _>("obstacle");
    match obstacle.map_err(LedgerError::database("read the record to erase"))? {
        0 => Ok(()),
        1 => Err(LedgerError::NothingToErase { sequence, why: "the record says that its subject is gone" }),
        _ => Err(LedgerError::NothingToErase { sequence, why: "it was erased before" }),
    }
}

async fn erase_body(connection: &mut AnyConnection, sequence: i64, by: i64) -> Result<(), LedgerError> {
    let failed = LedgerError::database("erase a body");
    let row = sqlx::query(
        "UPDATE journal SET body = NULL, salt = NULL, erased_by = $2 WHERE sequence = $1 RETURNING kind, subject",
    )
    .bind(sequence)
    .bind(by)
    .fetch_one(&mut *connection)
    .await
    .map_err(&failed)?;
    sqlx::query("DELETE FROM state WHERE kind = $1 AND subject = $2 AND sequence = $3")
        .bind(row.try_get::<String, _>("kind").map_err(&failed)?)
        .bind(row.try_get::<String, _>("subject").map_err(&failed)?)
        .bind(sequence)
        .execute(connection)
        .await
        .map_err(&failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use fairway_domain::fact::NewFact;
    use fairway_domain::{Caller, Clock, Timestamp};
    use serde_json::json;

    use crate::{Ledger, LedgerError, Verification};

    struct Epoch;

    impl Clock for Epoch {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    fn fact(size: usize) -> NewFact {
        NewFact::by(&Caller::system(), "load", "one", Some(json!("x".repeat(size))))
    }

    /// A database that may not grow behaves as one on a full disk.
    #[tokio::test]
    async fn a_full_disk_fails_the_batch_and_leaves_the_chain_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("fairway.db").display());
        let ledger = Ledger::open(&url, Arc::new(Epoch)).await.unwrap();
        ledger.append(vec![fact(10)]).await.unwrap();
        let head = ledger.head().await.unwrap();
        let mut follower = ledger.follow();

        let writer = ledger.writer().unwrap();
        sqlx::query("PRAGMA max_page_count = 60").fetch_all(writer).await.unwrap();
        let append = |size| ledger.append(vec![fact(10), fact(size)]);
        let results = futures::future::join_all([append(1_000_000), append(10), append(10)]).await;
        for result in results {
            let error = result.unwrap_err();
            assert!(matches!(error, LedgerError::Database { .. }), "{error}");
            assert!(error.to_string().contains("full"), "{error}");
        }
        assert_eq!(ledger.head().await.unwrap(), head);
        let intact = Verification::Intact { records: 1, blobs: 0, head };
        assert_eq!(ledger.verify().await.unwrap(), intact);

        // The limit went with the connection, as if room had been made.
        let records = ledger.append(vec![fact(1_000_000)]).await.unwrap();
        assert_eq!(records.first().map(|record| record.previous), Some(head.hash));
        assert_eq!(follower.recv().await.unwrap().sequence, 2, "nobody heard of what failed");
        assert!(ledger.verify().await.unwrap().is_intact());
    }
}
