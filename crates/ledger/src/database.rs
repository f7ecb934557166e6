//! Connections: how the two databases are opened, and statement texts that insert many rows.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use fairway_domain::{Digest, Timestamp};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _, Row as _};

use crate::location::{Location, sqlite_url};
use crate::{Backend, Head, LedgerError};

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// How long a server may take until it answers.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Enough for pages and followers; a replica more is the way to more throughput.
const POSTGRES_CONNECTIONS: u32 = 10;
const SQLITE_READERS: u32 = 4;

/// What the writer's connection is told. `secure_delete` overwrites what is deleted, so that an erased body is
/// no longer in the file.
const SQLITE_WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON";
const SQLITE_READER: &str = "PRAGMA query_only = ON";
const POSTGRES_READER: &str = "SET default_transaction_read_only = on";

/// The two ways to the database. `writer` is missing when it was opened for reading only.
pub(crate) struct Pools {
    pub(crate) reader: AnyPool,
    pub(crate) writer: Option<AnyPool>,
}

impl Pools {
    /// Connects, and brings the tables up to date.
    pub(crate) async fn open(location: &Location) -> Result<Self, LedgerError> {
        install_drivers();
        let failed = |source| open_error(location, source);
        match location {
            Location::Memory => {
                // Every connection would be a database of its own, so one serves all.
                let pool = options(1, Some("PRAGMA secure_delete = ON"))
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .connect_with(connect_options("sqlite::memory:").map_err(failed)?)
                    .await
                    .map_err(failed)?;
                let mut connection = pool.acquire().await.map_err(failed)?;
                migrate(&mut connection, location).await?;
                drop(connection);
                Ok(Self { reader: pool.clone(), writer: Some(pool) })
            }
            Location::File(path) => {
                let connect = connect_options(&sqlite_url(path, "rwc")).map_err(failed)?;
                prepare(&connect, Some(SQLITE_WRITER), location).await?;
                let writer = options(1, Some(SQLITE_WRITER))
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .test_before_acquire(false)
                    .connect_lazy_with(connect);
                Ok(Self { reader: sqlite_reader(path).map_err(failed)?, writer: Some(writer) })
            }
            Location::Postgres(url) => {
                let connect = connect_options(url.as_str()).map_err(failed)?;
                prepare(&connect, None, location).await?;
                let pool = options(POSTGRES_CONNECTIONS, None)
                    .acquire_timeout(CONNECT_TIMEOUT)
                    .connect_lazy_with(connect);
                Ok(Self { reader: pool.clone(), writer: Some(pool) })
            }
        }
    }

    /// Connects for reading. The database must be there, with tables that this version knows.
    pub(crate) async fn open_read_only(location: &Location) -> Result<Self, LedgerError> {
        install_drivers();
        let failed = |source| open_error(location, source);
        let reader = match location {
            Location::Memory => {
                return Err(LedgerError::Address {
                    address: location.to_string(),
                    why: "what is in the memory of a process cannot be read by another".to_owned(),
                });
            }
            Location::File(path) => {
                // SQLite only says "unable to open database file".
                if let Err(source) = std::fs::File::open(path) {
                    return Err(LedgerError::File { path: path.clone(), source: Arc::new(source) });
                }
                let connect = connect_options(&sqlite_url(path, "ro")).map_err(failed)?;
                check_present(&connect).await.map_err(failed)?;
                sqlite_reader(path).map_err(failed)?
            }
            Location::Postgres(url) => {
                let connect = connect_options(url.as_str()).map_err(failed)?;
                check_present(&connect).await.map_err(failed)?;
                options(POSTGRES_CONNECTIONS, Some(POSTGRES_READER)).connect_lazy_with(connect)
            }
        };
        Ok(Self { reader, writer: None })
    }
}

fn install_drivers() {
    static ONCE: Once = Once::new();
    ONCE.call_once(sqlx::any::install_default_drivers);
}

fn connect_options(url: &str) -> Result<AnyConnectOptions, sqlx::Error> {
    // Statements hold facts, and a slow one is not a fault of the operator's.
    Ok(url.parse::<AnyConnectOptions>()?.disable_statement_logging())
}

fn options(connections: u32, prepare: Option<&'static str>) -> AnyPoolOptions {
    let options = AnyPoolOptions::new().max_connections(connections);
    let Some(statements) = prepare else { return options };
    options.after_connect(move |connection, _| {
        Box::pin(async move { connection.execute(statements).await.map(drop) })
    })
}

fn sqlite_reader(path: &Path) -> Result<AnyPool, sqlx::Error> {
    let connect = connect_options(&sqlite_url(path, "ro"))?;
    Ok(options(SQLITE_READERS, Some(SQLITE_READER)).test_before_acquire(false).connect_lazy_with(connect))
}

/// Sets up a database on a connection of its own: a pool would try again for half a minute whatever the reason,
/// and then not tell it.
async fn prepare(
    options: &AnyConnectOptions,
    statements: Option<&'static str>,
    location: &Location,
) -> Result<(), LedgerError> {
    let failed = |source| open_error(location, source);
    let mut connection = first_connection(options).await.map_err(failed)?;
    if let Some(statements) = statements {
        connection.execute(statements).await.map_err(failed)?;
    }
    migrate(&mut connection, location).await?;
    let _ = connection.close().await;
    Ok(())
}

/// Whether there is a ledger at all.
async fn check_present(options: &AnyConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = first_connection(options).await?;
    sqlx::query("SELECT sequence FROM chain").fetch_optional(&mut connection).await?;
    connection.close().await
}

async fn first_connection(options: &AnyConnectOptions) -> Result<AnyConnection, sqlx::Error> {
    tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

fn open_error(location: &Location, source: sqlx::Error) -> LedgerError {
    let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
    let hint = match (location, code.as_deref(), &source) {
        (Location::Postgres(_), Some("28P01" | "28000"), _) => {
            "check the user and the password in the address"
        }
        (Location::Postgres(_), Some("3D000"), _) => "create the database first, for example with createdb",
        (_, Some("42P01"), _) => "there is no ledger in this database; `fairway serve` makes one",
        (Location::Postgres(_), _, sqlx::Error::Tls(_)) => "check sslmode and sslrootcert in the address",
        (Location::Postgres(_), _, _) => "check that the server runs and that host and port are right",
        (_, Some("26"), _) => "the file is not a SQLite database; choose another one",
        (_, Some("5"), _) => "another program holds the file; close it and try again",
        _ => "check that the file is a ledger and that Fairway may read and write it and its folder",
    };
    LedgerError::Open { ledger: location.to_string(), hint, source: Arc::new(source) }
}

async fn migrate(connection: &mut AnyConnection, location: &Location) -> Result<(), LedgerError> {
    // Not `run`, whose bounds on lifetimes would keep the future from being `Send`.
    MIGRATOR.run_direct(None, connection, false).await.map_err(|source| match source {
        sqlx::migrate::MigrateError::Execute(source) if source.as_database_error().is_some() => {
            open_error(location, source)
        }
        source => LedgerError::Migrate { ledger: location.to_string(), source: Arc::new(source) },
    })?;
    let failed = |source| open_error(location, source);
    let present = sqlx::query("SELECT sequence FROM chain").fetch_optional(&mut *connection).await;
    if present.map_err(failed)?.is_none() {
        // Only where there is no journal either: a missing row beside a journal is for `verify` to tell.
        sqlx::query(
            "INSERT INTO chain (id, sequence, hash) SELECT 1, 0, $1 \
             WHERE NOT EXISTS (SELECT 1 FROM journal) ON CONFLICT (id) DO NOTHING",
        )
        .bind(Head::EMPTY.hash.as_bytes().to_vec())
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    Ok(())
}

impl Backend {
    /// How a transaction begins that will write: SQLite must take its lock at once, or a second writer's wait
    /// would end in an error instead of a turn.
    pub(crate) const fn begin_writing(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            // Whatever the server's default: waiting for the row of the chain must end in a turn.
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// How a transaction begins that sees one moment of the database only.
    pub(crate) const fn begin_snapshot(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// The texts of one `INSERT` for 64, 8 and 1 rows: few enough that each stays prepared.
pub(crate) struct RowInsert {
    many: String,
    some: String,
    one: String,
}

impl RowInsert {
    /// SQLite looks each parameter up among all of a statement's.
    const MANY: usize = 16;
    const SOME: usize = 4;

    /// `head` ends with `VALUES`, `tail` may hold an `ON CONFLICT` clause.
    pub(crate) fn new(head: &str, columns: usize, tail: &str) -> Self {
        let text = |rows: usize| {
            let mut text = head.to_owned();
            for row in 0..rows {
                text.push_str(if row == 0 { " (" } else { ", (" });
                for column in 0..columns {
                    let separator = if column == 0 { "" } else { ", " };
                    let _ = write!(text, "{separator}${}", row * columns + column + 1);
                }
                text.push(')');
            }
            text.push(' ');
            text + tail
        };
        Self { many: text(Self::MANY), some: text(Self::SOME), one: text(1) }
    }

    /// Splits off as many rows as the largest text takes, and gives that text.
    pub(crate) fn next<'rows, T>(&self, rows: &'rows [T]) -> Option<(&str, &'rows [T], &'rows [T])> {
        let (text, count) = match rows.len() {
            0 => return None,
            count if count >= Self::MANY => (&self.many, Self::MANY),
            count if count >= Self::SOME => (&self.some, Self::SOME),
            _ => (&self.one, 1),
        };
        let (now, later) = rows.split_at(count);
        Some((text, now, later))
    }
}

/// A column that holds a digest.
pub(crate) fn digest(row: &sqlx::any::AnyRow, column: &str) -> Result<Digest, String> {
    let bytes: Vec<u8> = row.try_get(column).map_err(|error| error.to_string())?;
    let length = bytes.len();
    bytes
        .try_into()
        .map(Digest::from_bytes)
        .map_err(|_| format!("the column {column} holds {length} bytes, not the 32 of a digest"))
}

/// The moment with the precision that is stored.
pub(crate) fn truncated(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// A stored moment.
pub(crate) fn moment(microseconds: i64) -> Result<Timestamp, String> {
    Timestamp::from_microsecond(microseconds).map_err(|error| error.to_string())
}

/// The word that `value` is written as in JSON (`portal`, `admin`).
pub(crate) fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// The reverse of [`word`].
pub(crate) fn from_word<T: serde::de::DeserializeOwned>(word: String) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| error.to_string())
}
