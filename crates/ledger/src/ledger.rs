//! The handle that every other room holds.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fairway_domain::fact::{NewFact, Record};
use fairway_domain::{Clock, Digest, Timestamp};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool, Row as _};
use tokio::sync::{Notify, broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::database::{Pools, digest, truncated};
use crate::fact::PreparedFact;
use crate::follower;
use crate::location::Location;
use crate::lock::FileLock;
use crate::writer::{Append, Erasure, Work, Writer};
use crate::{Backend, LedgerError};

/// How many batches may wait for the writer before callers wait to hand theirs over.
const QUEUE: usize = 1_024;
/// How many records a follower may fall behind before it misses some.
const FOLLOWER_BUFFER: usize = 16_384;
/// From how many facts on a batch is prepared off the async threads.
const LARGE_BATCH: usize = 256;

/// The end of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The sequence of the last record; 0 when there is none.
    pub sequence: i64,
    /// Its hash.
    pub hash: Digest,
}

impl Head {
    /// The head of a journal without records.
    pub const EMPTY: Self = Self { sequence: 0, hash: Digest::from_bytes([0; 32]) };
}

/// The journal, latest state, blobs, jobs and sessions. A clone is another handle to the same ledger.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    location: Location,
    reader: AnyPool,
    writer: Option<AnyPool>,
    clock: Option<Arc<dyn Clock>>,
    queue: Mutex<Option<mpsc::Sender<Work>>>,
    writing: Mutex<Option<JoinHandle<()>>>,
    following: Vec<JoinHandle<()>>,
    records: broadcast::Sender<Arc<Record>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.following {
            task.abort();
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ledger({})", self.inner.location)
    }
}

impl Ledger {
    /// Opens the ledger at `url` for reading and writing, makes it if it is not there, and brings its tables up
    /// to date. `sqlite:/path/to/fairway.db` (with its folder), `sqlite::memory:` (gone when it is closed), or
    /// `postgres://user:password@host/database`.
    ///
    /// # Errors
    ///
    /// When the address makes no sense, the database cannot be reached, or another process writes to the same
    /// SQLite file; [`LedgerError::hint`] says what to do.
    pub async fn open(url: &str, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let mut location = Location::parse(url)?;
        let mut lock = None;
        if let Location::File(path) = &location {
            let (taken, path) = FileLock::take(path)?;
            lock = Some(taken);
            location = Location::File(path);
        }
        let pools = Pools::open(&location).await?;
        let Some(writer_pool) = pools.writer.clone() else { return Err(LedgerError::ReadOnly) };

        let (records, _) = broadcast::channel(FOLLOWER_BUFFER);
        let mut following = Vec::new();
        let mut nudge = None;
        if let Location::Postgres(url) = &location {
            let head = read_head(&pools.reader).await?;
            let poke = Arc::new(Notify::new());
            nudge = Some(Arc::clone(&poke));
            following.push(tokio::spawn(follower::listen(url.to_string(), Arc::clone(&poke))));
            following.push(tokio::spawn(follower::publish(
                pools.reader.clone(),
                poke,
                records.clone(),
                head.sequence,
            )));
        }
        let (queue, work) = mpsc::channel(QUEUE);
        let writer = Writer {
            pool: writer_pool,
            location: location.clone(),
            clock: Arc::clone(&clock),
            records: records.clone(),
            nudge,
            _lock: lock,
        };
        let writing = tokio::spawn(writer.run(work));
        Ok(Self {
            inner: Arc::new(Inner {
                location,
                reader: pools.reader,
                writer: pools.writer,
                clock: Some(clock),
                queue: Mutex::new(Some(queue)),
                writing: Mutex::new(Some(writing)),
                following,
                records,
            }),
        })
    }

    /// Opens a ledger that is there for reading only, also while another process writes to it.
    pub async fn open_read_only(url: &str) -> Result<Self, LedgerError> {
        let location = Location::parse(url)?;
        let pools = Pools::open_read_only(&location).await?;
        let (records, _) = broadcast::channel(1);
        Ok(Self {
            inner: Arc::new(Inner {
                location,
                reader: pools.reader,
                writer: None,
                clock: None,
                queue: Mutex::new(None),
                writing: Mutex::new(None),
                following: Vec::new(),
                records,
            }),
        })
    }

    /// Appends the facts in their order, all or none, and updates the latest state. Returns once they are on
    /// the disk.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Refused`] when a fact is too large (kind 128 bytes, subject 2 KiB, address 1 KiB, reason
    /// 16 KiB, body 16 MiB) or holds a NUL character outside its body. When the database fails, nothing of the
    /// batch is written, and neither is anything of the batches that shared its transaction.
    pub async fn append(&self, facts: Vec<NewFact>) -> Result<Vec<Record>, LedgerError> {
        let records = self.append_shared(facts).await?;
        Ok(records.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    /// The same as [`append`](Self::append), without copying what followers are told. For those who append many.
    pub async fn append_shared(&self, facts: Vec<NewFact>) -> Result<Vec<Arc<Record>>, LedgerError> {
        let queue = self.queue()?;
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let many = facts.len() > LARGE_BATCH;
        let prepare = || facts.into_iter().map(PreparedFact::new).collect::<Result<Vec<_>, _>>();
        let facts = if many {
            tokio::task::spawn_blocking(prepare).await.map_err(|_| LedgerError::Closed)??
        } else {
            prepare()?
        };
        let (answer, answered) = oneshot::channel();
        queue.send(Work::Append(Append { facts, answer })).await.map_err(|_| LedgerError::Closed)?;
        drop(queue);
        answered.await.map_err(|_| LedgerError::Closed)?
    }

    /// Erases the body of a record, in the journal and in the latest state, and appends `by` as the fact that
    /// says so. The chain still verifies, since it covers the digest of the body and not the body.
    ///
    /// A SQLite file is overwritten where the body was; Postgres does so when it next vacuums the tables.
    /// Backups, and copies of the body in other records, are the caller's to think of.
    ///
    /// # Errors
    ///
    /// [`LedgerError::NotFound`] and [`LedgerError::NothingToErase`]; then nothing is appended.
    pub async fn erase(&self, sequence: i64, by: NewFact) -> Result<Record, LedgerError> {
        let queue = self.queue()?;
        let fact = PreparedFact::new(by)?;
        let (answer, answered) = oneshot::channel();
        let work = Work::Erase(Box::new(Erasure { sequence, fact, answer }));
        queue.send(work).await.map_err(|_| LedgerError::Closed)?;
        drop(queue);
        answered.await.map_err(|_| LedgerError::Closed)?.map(Arc::unwrap_or_clone)
    }

    /// Every record that is appended from now on, by this process or another replica, once and in the order of
    /// the sequence. A receiver that falls more than 16,384 records behind gets
    /// [`Lagged`](broadcast::error::RecvError::Lagged), and finds what it missed with
    /// [`records`](Self::records) after the last sequence it saw.
    pub fn follow(&self) -> broadcast::Receiver<Arc<Record>> {
        self.inner.records.subscribe()
    }

    /// The end of the journal.
    pub async fn head(&self) -> Result<Head, LedgerError> {
        read_head(&self.inner.reader).await
    }

    /// Which database holds the ledger.
    pub fn backend(&self) -> Backend {
        self.inner.location.backend()
    }

    /// The address, without a password.
    pub fn location(&self) -> String {
        self.inner.location.to_string()
    }

    /// Finishes what waits, closes the connections and frees the file. Later calls are answered with an error.
    pub async fn close(&self) {
        drop(self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writing = self.inner.writing.lock().unwrap_or_else(PoisonError::into_inner).take();
        for task in &self.inner.following {
            task.abort();
        }
        if matches!(self.inner.location, Location::File(_)) {
            // Before the writer: the last connection to a file empties the write-ahead log, if it may write.
            self.inner.reader.close().await;
        }
        if let Some(writing) = writing {
            let _ = writing.await;
        }
        self.inner.reader.close().await;
    }

    pub(crate) fn reader(&self) -> &AnyPool {
        &self.inner.reader
    }

    pub(crate) fn writer(&self) -> Result<&AnyPool, LedgerError> {
        self.inner.writer.as_ref().ok_or(LedgerError::ReadOnly)
    }

    /// The current moment, with the precision that is stored.
    pub(crate) fn now(&self) -> Result<Timestamp, LedgerError> {
        self.inner.clock.as_ref().map(|clock| truncated(clock.now())).ok_or(LedgerError::ReadOnly)
    }

    /// Parts with a connection on which a transaction failed: SQLite may have rolled back by itself, which the
    /// pool does not notice. The connection to a database in memory is that database, and stays.
    pub(crate) async fn give_up(&self, connection: PoolConnection<Any>) {
        if self.inner.location != Location::Memory {
            let _ = connection.close().await;
        }
    }

    fn queue(&self) -> Result<mpsc::Sender<Work>, LedgerError> {
        let closed = if self.inner.writer.is_some() { LedgerError::Closed } else { LedgerError::ReadOnly };
        self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(closed)
    }
}

async fn read_head(reader: &AnyPool) -> Result<Head, LedgerError> {
    let row = sqlx::query("SELECT sequence, hash FROM chain WHERE id = 1")
        .fetch_optional(reader)
        .await
        .map_err(LedgerError::database("read the head of the journal"))?;
    let row = row.ok_or_else(|| LedgerError::damaged("the row of the table chain is missing"))?;
    head_of(&row)
}

/// The head in a row of the table `chain`.
pub(crate) fn head_of(row: &sqlx::any::AnyRow) -> Result<Head, LedgerError> {
    let damaged = |error: String| LedgerError::damaged(format!("the row of the table chain: {error}"));
    Ok(Head {
        sequence: row.try_get("sequence").map_err(|error| damaged(error.to_string()))?,
        hash: digest(row, "hash").map_err(damaged)?,
    })
}
