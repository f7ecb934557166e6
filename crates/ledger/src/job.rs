//! Durable jobs: work that outlives the process, done by at most one worker at a time.

use std::fmt;

use fairway_domain::Timestamp;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::moment;
use crate::fact::storable;
use crate::{Ledger, LedgerError};

const KIND_LIMIT: usize = 128;
const SUBJECT_LIMIT: usize = 2_048;
const WORKER_LIMIT: usize = 256;
const PAYLOAD_LIMIT: usize = 1024 * 1024;
const ERROR_LIMIT: usize = 4_096;
/// How often another job is looked for when another replica was faster.
const CLAIM_ATTEMPTS: usize = 16;

/// Work to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// What kind of work.
    pub kind: String,
    /// On what. There is one open job for a kind and subject.
    pub subject: String,
    /// What the worker needs to know.
    pub payload: Value,
    /// Not before this moment.
    pub run_at: Timestamp,
}

/// Names a job and, in a claimed [`Job`], the attempt: a worker whose lease ran out and was given to another
/// one can no longer finish the job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId {
    id: String,
    attempt: i64,
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.id)
    }
}

/// A job that a worker holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Which job, and which attempt.
    pub id: JobId,
    /// What kind of work.
    pub kind: String,
    /// On what.
    pub subject: String,
    /// What the worker needs to know.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// Until when the worker holds it, unless it extends the lease.
    pub lease_until: Timestamp,
    /// Why the attempt before failed.
    pub error: Option<String>,
}

impl Ledger {
    /// Adds a job. When there is an open one for the same kind and subject, that one stays as it is, except that
    /// it runs at the earlier of the two moments, and its identifier is given. A job that a worker holds is still
    /// open.
    pub async fn enqueue(&self, job: NewJob) -> Result<JobId, LedgerError> {
        storable("job's kind", &job.kind, KIND_LIMIT)?;
        storable("job's subject", &job.subject, SUBJECT_LIMIT)?;
        let payload = job.payload.to_string();
        storable("job's payload", &payload, PAYLOAD_LIMIT)?;
        let now = self.now()?.as_microsecond();
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(LedgerError::Random)?;
        let failed = LedgerError::database("add a job");
        let row = sqlx::query(
            "INSERT INTO job (id, kind, subject, payload, run_at, created_at, attempt) \
             VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (kind, subject) DO UPDATE SET run_at = \
             CASE WHEN excluded.run_at < job.run_at THEN excluded.run_at ELSE job.run_at END RETURNING id",
        )
        .bind(format!("{now:016x}{:016x}", u64::from_be_bytes(random)))
        .bind(job.kind)
        .bind(job.subject)
        .bind(payload)
        .bind(job.run_at.as_microsecond())
        .bind(now)
        .fetch_one(self.writer()?)
        .await
        .map_err(&failed)?;
        Ok(JobId { id: row.try_get("id").map_err(&failed)?, attempt: 0 })
    }

    /// Takes the job that has waited longest, for as long as `lease`; a job whose lease ran out may be taken
    /// again. `worker` names the process in the table. `None` when nothing is to be done now.
    pub async fn claim(&self, worker: &str, lease: jiff::SignedDuration) -> Result<Option<Job>, LedgerError> {
        storable("worker's name", worker, WORKER_LIMIT)?;
        let failed = LedgerError::database("claim a job");
        for _ in 0..CLAIM_ATTEMPTS {
            let now = self.now()?;
            let until = now
                .checked_add(lease)
                .map_err(|error| LedgerError::refused(format!("the lease: {error}")))?;
            let row = sqlx::query(
                "UPDATE job SET worker = $1, lease_until = $2, attempt = attempt + 1 WHERE id = (SELECT id FROM job \
                 WHERE run_at <= $3 AND (worker IS NULL OR lease_until <= $3) ORDER BY run_at, id LIMIT 1) \
                 AND (worker IS NULL OR lease_until <= $3) \
                 RETURNING id, kind, subject, payload, attempt, lease_until, error",
            )
            .bind(worker.to_owned())
            .bind(until.as_microsecond())
            .bind(now.as_microsecond())
            .fetch_optional(self.writer()?)
            .await
            .map_err(&failed)?;
            if let Some(row) = row {
                return Job::from_row(&row).map(Some);
            }
            // Nothing: either nothing waits, or another replica took the same one first.
            if self.next_job_at().await?.is_none_or(|next| next > now) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Gives back every job that a worker of this name holds. For a process that starts: where only one at a
    /// time can have the ledger open (SQLite), what its predecessor of the same name held is free at once.
    pub async fn release(&self, worker: &str) -> Result<u64, LedgerError> {
        let done = sqlx::query("UPDATE job SET worker = NULL, lease_until = NULL WHERE worker = $1")
            .bind(worker.to_owned())
            .execute(self.writer()?)
            .await
            .map_err(LedgerError::database("release jobs"))?;
        Ok(done.rows_affected())
    }

    /// When the next job can be claimed, so that a worker knows how long it may rest.
    pub async fn next_job_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        let failed = LedgerError::database("look for the next job");
        let row = sqlx::query(
            "SELECT MIN(CASE WHEN worker IS NULL OR lease_until < run_at THEN run_at ELSE lease_until END) AS next \
             FROM job",
        )
        .fetch_one(self.reader())
        .await
        .map_err(&failed)?;
        let next: Option<i64> = row.try_get("next").map_err(&failed)?;
        next.map(moment).transpose().map_err(LedgerError::damaged)
    }

    /// Holds a claimed job for as long as `lease` from now; `false` when the lease is lost, so the worker must
    /// stop.
    pub async fn extend(&self, id: &JobId, lease: jiff::SignedDuration) -> Result<bool, LedgerError> {
        let until = self.now()?.checked_add(lease);
        let until = until.map_err(|error| LedgerError::refused(format!("the lease: {error}")))?;
        let done = sqlx::query(
            "UPDATE job SET lease_until = $3 WHERE id = $1 AND attempt = $2 AND worker IS NOT NULL",
        )
        .bind(id.id.clone())
        .bind(id.attempt)
        .bind(until.as_microsecond())
        .execute(self.writer()?)
        .await
        .map_err(LedgerError::database("extend a lease"))?;
        Ok(done.rows_affected() > 0)
    }

    /// The claimed job is done and goes away; `false` when the lease was lost, and the job is another worker's.
    pub async fn finish(&self, id: &JobId) -> Result<bool, LedgerError> {
        let done = sqlx::query("DELETE FROM job WHERE id = $1 AND attempt = $2 AND worker IS NOT NULL")
            .bind(id.id.clone())
            .bind(id.attempt)
            .execute(self.writer()?)
            .await
            .map_err(LedgerError::database("finish a job"))?;
        Ok(done.rows_affected() > 0)
    }

    /// Gives the claimed job back, to be tried again at `at`, and remembers why; `false` when the lease was
    /// lost.
    pub async fn retry_at(&self, id: &JobId, at: Timestamp, error: &str) -> Result<bool, LedgerError> {
        let error: String = error.replace('\0', " ").chars().take(ERROR_LIMIT).collect();
        let done = sqlx::query(
            "UPDATE job SET worker = NULL, lease_until = NULL, run_at = $3, error = $4 \
             WHERE id = $1 AND attempt = $2 AND worker IS NOT NULL",
        )
        .bind(id.id.clone())
        .bind(id.attempt)
        .bind(at.as_microsecond())
        .bind(error)
        .execute(self.writer()?)
        .await
        .map_err(LedgerError::database("put a job back"))?;
        Ok(done.rows_affected() > 0)
    }
}

impl Job {
    fn from_row(row: &AnyRow) -> Result<Self, LedgerError> {
        let damaged = |error: String| LedgerError::damaged(format!("a row of the table job: {error}"));
        let read = || -> Result<_, sqlx::Error> {
            Ok((
                row.try_get::<String, _>("id")?,
                row.try_get::<String, _>("kind")?,
                row.try_get::<String, _>("subject")?,
                row.try_get::<String, _>("payload")?,
                row.try_get::<i64, _>("attempt")?,
                row.try_get::<i64, _>("lease_until")?,
                row.try_get::<Option<String>, _>("error")?,
            ))
        };
        let (id, kind, subject, payload, attempt, lease_until, error) =
            read().map_err(|error| damaged(error.to_string()))?;
        Ok(Self {
            id: JobId { id, attempt },
            kind,
            subject,
            payload: serde_json::from_str(&payload).map_err(|error| damaged(error.to_string()))?,
            attempt,
            lease_until: moment(lease_until).map_err(damaged)?,
            error,
        })
    }
}
