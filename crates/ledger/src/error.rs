//! What can go wrong with the ledger, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::migrate::MigrateError;

/// Why the ledger could not do what it was asked. Cheap to clone, since a failed transaction is the answer to
/// several callers.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The address names no database that the ledger can use.
    #[error("\"{address}\" is no address of a ledger: {why}")]
    Address {
        /// The address, without a password.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The folder or file of the database cannot be created or locked.
    #[error("the ledger's file {path} cannot be prepared: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// Another process writes to the same SQLite file.
    #[error("the ledger {path} is in use by {process}")]
    InUse {
        /// The database.
        path: PathBuf,
        /// The other process, for example `process 4711`.
        process: String,
    },
    /// The database does not answer, or is none of Fairway's.
    #[error("the ledger {ledger} cannot be opened: {source}")]
    Open {
        /// The address, without a password.
        ledger: String,
        /// What to do.
        hint: &'static str,
        /// Why.
        source: Arc<sqlx::Error>,
    },
    /// The tables could not be brought up to date.
    #[error("the tables of the ledger {ledger} cannot be brought up to date: {source}")]
    Migrate {
        /// The address, without a password.
        ledger: String,
        /// Why.
        source: Arc<MigrateError>,
    },
    /// Something was to be written, and the ledger was opened for reading only.
    #[error("the ledger was opened for reading only")]
    ReadOnly,
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Closed,
    /// Something that was handed in is too large or holds what cannot be stored. Nothing was written.
    #[error("the ledger refuses this: {what}")]
    Refused {
        /// What is wrong with it.
        what: String,
    },
    /// There is no such record.
    #[error("the journal has no record {sequence}")]
    NotFound {
        /// The sequence that was asked for.
        sequence: i64,
    },
    /// The record has no body that could be erased.
    #[error("the body of record {sequence} cannot be erased: {why}")]
    NothingToErase {
        /// The record.
        sequence: i64,
        /// Why.
        why: &'static str,
    },
    /// What is stored cannot be what was written.
    #[error("the ledger is damaged: {what}")]
    Damaged {
        /// Where, and in which way.
        what: String,
    },
    /// The database failed. Of a transaction nothing was written.
    #[error("the ledger's database failed to {action}: {source}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: Arc<sqlx::Error>,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl LedgerError {
    /// What a person can do next, when there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Address { .. } => Some(
                "use sqlite:/path/to/fairway.db, sqlite::memory: or postgres://user:password@host/database",
            ),
            Self::File { .. } => Some("check that the folder exists and that Fairway may write there"),
            Self::InUse { .. } => Some(
                "stop that process, or choose another file; several processes can share one ledger on Postgres",
            ),
            Self::Open { hint, .. } => Some(hint),
            Self::Migrate { source, .. } => Some(match **source {
                MigrateError::VersionMissing(_) => {
                    "a newer version of Fairway wrote this database: use that version, or restore a backup"
                }
                MigrateError::VersionMismatch(_) => {
                    "another build of Fairway made these tables: use that build, or start with a fresh database"
                }
                _ => "check that the database user may create tables",
            }),
            Self::ReadOnly => Some("open the ledger for writing"),
            Self::Damaged { .. } => Some("run `fairway audit verify`, and compare with a backup"),
            Self::Database { .. } => Some("check that the database runs, and that its disk is not full"),
            Self::Closed
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::NothingToErase { .. }
            | Self::Random(_) => None,
        }
    }

    /// For `map_err`: the database failed while it tried to do `action`.
    pub(crate) fn database(action: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Database { action, source: Arc::new(source) }
    }

    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::Refused { what: what.into() }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}
