//! Whether everything in the ledger is what was written, and where it first is not.

use std::collections::BTreeMap;

use fairway_domain::Digest;
use futures::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Row as _};

use crate::database::digest;
use crate::entry::{Entry, HashedFields, journal_columns};
use crate::fact::body_digest;
use crate::ledger::head_of;
use crate::{Backend, Head, Ledger, LedgerError};

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Every record, state and blob is what was written.
    Intact {
        /// How many records the journal has.
        records: i64,
        /// How many blobs there are.
        blobs: i64,
        /// The end of the journal. Compare it with one noted elsewhere to rule out that all was replaced.
        head: Head,
    },
    /// Something was changed, dropped, reordered, inserted or cut off.
    Broken {
        /// The first record concerned, when it is one.
        sequence: Option<i64>,
        /// That record's kind, as it stands there.
        kind: Option<String>,
        /// That record's subject, as it stands there.
        subject: Option<String>,
        /// What is wrong, in a sentence without a full stop.
        what: String,
    },
}

impl Verification {
    /// Whether nothing is wrong.
    pub const fn is_intact(&self) -> bool {
        matches!(self, Self::Intact { .. })
    }

    fn at(entry: &Entry, what: impl Into<String>) -> Fault {
        Fault::Broken(Self::Broken {
            sequence: Some(entry.sequence),
            kind: Some(entry.kind.clone()),
            subject: Some(entry.subject.clone()),
            what: what.into(),
        })
    }

    fn place(sequence: Option<i64>, what: impl Into<String>) -> Fault {
        Fault::Broken(Self::Broken { sequence, kind: None, subject: None, what: what.into() })
    }
}

/// Why a check ends early.
enum Fault {
    Broken(Verification),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl Fault {
    /// What cannot even be read was changed as well: names the place where the reading ended.
    fn while_reading(error: sqlx::Error, sequence: Option<i64>, place: &str) -> Self {
        let damage = match &error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_damage(&code)),
            _ => false,
        };
        if damage {
            Verification::place(sequence, format!("{place} cannot be read: {error}"))
        } else {
            Self::Database(error)
        }
    }
}

/// Whether an error code says that the database itself is damaged. SQLite: 11 (malformed) and 26 (not a
/// database), with details in the higher bytes. Postgres: `XX001` (data) and `XX002` (index) corrupted.
fn is_damage(code: &str) -> bool {
    if code.len() == 5 {
        return matches!(code, "XX001" | "XX002");
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 11 | 26))
}

impl Ledger {
    /// Reads the whole ledger as of one moment and checks it: that the chain has no gap, every record and body
    /// the right hash, every erasure its fact, the journal the end that it should have, the latest state the
    /// latest bodies, every blob its digest, and a SQLite file sound indexes. Names the first record that is wrong. Streams; the time grows
    /// with the size of the ledger.
    ///
    /// # Errors
    ///
    /// Only when the database fails. A ledger that is broken is an answer.
    pub async fn verify(&self) -> Result<Verification, LedgerError> {
        let failed = LedgerError::database("verify the ledger");
        let mut connection = self.reader().acquire().await.map_err(&failed)?;
        let mut snapshot = connection.begin_with(self.backend().begin_snapshot()).await.map_err(&failed)?;
        let result = check(&mut snapshot, self.backend()).await;
        let _ = snapshot.rollback().await;
        match result {
            Ok(verification) | Err(Fault::Broken(verification)) => Ok(verification),
            Err(Fault::Database(error)) => Err(failed(error)),
        }
    }
}

async fn check(connection: &mut AnyConnection, backend: Backend) -> Result<Verification, Fault> {
    let claimed = read_chain(connection).await?;
    let head = check_journal(connection).await?;
    check_head(&claimed?, &head)?;
    check_state(connection).await?;
    let blobs = check_blobs(connection).await?;
    if backend == Backend::Sqlite {
        check_file(connection).await?;
    }
    Ok(Verification::Intact { records: head.sequence, blobs, head })
}

/// What the row of the table `chain` says. That it is wrong is told only after the journal was found in order,
/// which can name a record.
async fn read_chain(connection: &mut AnyConnection) -> Result<Result<Head, Fault>, Fault> {
    let rows = sqlx::query("SELECT id, sequence, hash FROM chain ORDER BY id").fetch_all(connection).await;
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(Fault::while_reading(error, None, "the row of the table chain"))),
    };
    let [row] = rows.as_slice() else {
        let count = rows.len();
        let what =
            format!("the table chain has {count} rows instead of one, so the end of the journal is unknown");
        return Ok(Err(Verification::place(None, what)));
    };
    if row.try_get::<i64, _>("id").ok() != Some(1) {
        return Ok(Err(Verification::place(None, "the column id of the table chain was changed")));
    }
    Ok(head_of(row).map_err(|error| Verification::place(None, error.to_string())))
}

fn check_head(claimed: &Head, found: &Head) -> Result<(), Fault> {
    let Head { sequence, .. } = *claimed;
    let last = found.sequence;
    if last < sequence {
        let what =
            format!("the journal was cut off: it ends with record {last}, and the chain with {sequence}");
        return Err(Verification::place(Some(last + 1), what));
    }
    if last > sequence {
        let what = format!(
            "it stands behind the end of the chain, which is record {sequence}: it was inserted, or \
             the table chain was changed"
        );
        return Err(Verification::place(Some(sequence.saturating_add(1)), what));
    }
    if claimed.hash != found.hash {
        let what = "its hash is not the one in the table chain: the end of the journal was replaced, or the table \
             chain was changed";
        return Err(Verification::place(Some(last), what));
    }
    Ok(())
}

/// Walks the chain and gives its end.
async fn check_journal(connection: &mut AnyConnection) -> Result<Head, Fault> {
    // Records that say they were erased, by the record that must say so too.
    let mut erasures: BTreeMap<i64, i64> = BTreeMap::new();
    let mut head = Head::EMPTY;
    let suspect = {
        let mut rows = sqlx::query(concat!("SELECT ", journal_columns!(), " FROM journal ORDER BY sequence"))
            .fetch(&mut *connection);
        loop {
            let expected = head.sequence + 1;
            let row = rows.try_next().await;
            let row = row.map_err(|error| Fault::while_reading(error, Some(expected), "the record"))?;
            let Some(row) = row else { break None };
            let entry = read_entry(&row, expected)?;
            check_place(&entry, expected)?;
            if entry.previous != head.hash || entry.hashed_fields().hash() != entry.hash {
                break Some(entry);
            }
            check_body(&entry, &mut erasures)?;
            head = Head { sequence: entry.sequence, hash: entry.hash };
        }
    };
    if let Some(entry) = suspect {
        return Err(explain(connection, &entry, &head).await);
    }
    if let Some((by, sequence)) = erasures.into_iter().min_by_key(|(_, sequence)| *sequence) {
        let what = format!("its body is gone, and record {by}, which should say who erased it, is not there");
        return Err(Verification::place(Some(sequence), what));
    }
    Ok(head)
}

fn read_entry(row: &AnyRow, expected: i64) -> Result<Entry, Fault> {
    Entry::from_row(row).map_err(|error| {
        let sequence = row.try_get("sequence").unwrap_or(expected);
        Verification::place(Some(sequence), format!("the record was changed: {error}"))
    })
}

fn check_place(entry: &Entry, expected: i64) -> Result<(), Fault> {
    if entry.sequence == expected {
        return Ok(());
    }
    if entry.sequence < expected {
        return Err(Verification::at(entry, "the record was inserted: a journal begins with record 1"));
    }
    let next = entry.sequence;
    let what =
        format!("the record was dropped, or its sequence changed: the next one in the journal is {next}");
    Err(Verification::place(Some(expected), what))
}

fn check_body(entry: &Entry, erasures: &mut BTreeMap<i64, i64>) -> Result<(), Fault> {
    match (entry.erased_by, &entry.salt, &entry.body) {
        (None, Some(salt), body) if body_digest(salt, body.as_deref()) == entry.body_digest => {}
        (None, Some(_), _) => {
            return Err(Verification::at(entry, "the record was changed: its body has another digest"));
        }
        (None, None, _) => {
            return Err(Verification::at(
                entry,
                "the record was changed: its salt is gone, and nobody erased it",
            ));
        }
        (Some(by), None, None) if by > entry.sequence => {
            if erasures.insert(by, entry.sequence).is_some() {
                let what = format!("the record was changed: record {by} erased another one");
                return Err(Verification::at(entry, what));
            }
        }
        (Some(by), None, None) => {
            let what =
                format!("the record was changed: record {by} came before it and cannot have erased it");
            return Err(Verification::at(entry, what));
        }
        (Some(by), _, _) => {
            let what =
                format!("the record was changed: it should have been erased by record {by}, but is not");
            return Err(Verification::at(entry, what));
        }
    }
    match (erasures.remove(&entry.sequence), entry.erases) {
        (claimed, erases) if claimed == erases => Ok(()),
        (Some(sequence), _) => {
            let by = entry.sequence;
            let what = format!("its body is gone, and record {by}, which should say who erased it, does not");
            Err(Verification::place(Some(sequence), what))
        }
        (None, erases) => {
            let what = format!("record {} erased it, but it does not say so", entry.sequence);
            Err(Verification::place(erases, what))
        }
    }
}

/// In which way a record does not fit behind `head`.
async fn explain(connection: &mut AnyConnection, entry: &Entry, head: &Head) -> Fault {
    let sound = entry.hashed_fields().hash() == entry.hash;
    if entry.previous == head.hash {
        return Verification::at(entry, "the record was changed: its content does not have its hash");
    }
    let relinked = HashedFields { previous: &head.hash, ..entry.hashed_fields() }.hash();
    if relinked == entry.hash {
        return Verification::at(entry, "the record was changed: its column previous is another one");
    }
    let original = sqlx::query("SELECT sequence FROM journal WHERE hash = $1")
        .bind(entry.previous.as_bytes().to_vec())
        .fetch_optional(connection)
        .await;
    let original = match original {
        Ok(row) => row.and_then(|row| row.try_get::<i64, _>("sequence").ok()),
        Err(error) => return Fault::Database(error),
    };
    let before = head.sequence;
    match original {
        Some(other) => Verification::at(
            entry,
            format!(
                "the record was reordered or inserted: it follows what now is record {other}, not record {before}"
            ),
        ),
        None if sound => Verification::at(
            entry,
            format!(
                "the record was inserted, or the one before it replaced: it does not follow record {before}"
            ),
        ),
        None => Verification::at(
            entry,
            format!(
                "the record was changed, or moved here from elsewhere: it does not follow record {before}"
            ),
        ),
    }
}

/// Compares the latest state with the latest bodies of the journal.
async fn check_state(connection: &mut AnyConnection) -> Result<(), Fault> {
    // Rows that no record accounts for, then records whose row is missing, stale or different.
    for (text, what) in [
        (
            "SELECT s.sequence, s.kind, s.subject FROM state s LEFT JOIN journal j ON j.sequence = s.sequence \
             WHERE j.sequence IS NULL OR j.kind <> s.kind OR j.subject <> s.subject ORDER BY s.sequence LIMIT 1",
            "the latest state was changed: no such record of the journal is about this kind and subject",
        ),
        (
            "SELECT l.sequence, l.kind, l.subject FROM \
             (SELECT kind, subject, MAX(sequence) AS sequence FROM journal GROUP BY kind, subject) l \
             JOIN journal j ON j.sequence = l.sequence \
             LEFT JOIN state s ON s.kind = l.kind AND s.subject = l.subject \
             WHERE (s.sequence IS NULL AND j.body IS NOT NULL) OR (s.sequence IS NOT NULL AND (j.body IS NULL \
             OR s.sequence <> j.sequence OR s.appended_at <> j.appended_at OR s.body <> j.body)) \
             ORDER BY l.sequence LIMIT 1",
            "the latest state was changed: it is not what this record, the last one about its subject, says",
        ),
    ] {
        let row = sqlx::query(text).fetch_optional(&mut *connection).await;
        let row = row.map_err(|error| Fault::while_reading(error, None, "the latest state"))?;
        if let Some(row) = row {
            return Err(Fault::Broken(Verification::Broken {
                sequence: row.try_get("sequence").ok(),
                kind: row.try_get("kind").ok(),
                subject: row.try_get("subject").ok(),
                what: what.to_owned(),
            }));
        }
    }
    Ok(())
}

/// Asks SQLite about its file: a damaged index would hide records from questions that use it.
async fn check_file(connection: &mut AnyConnection) -> Result<(), Fault> {
    let row = sqlx::query("PRAGMA integrity_check(1)").fetch_one(connection).await;
    let row = row.map_err(|error| Fault::while_reading(error, None, "the file"))?;
    let answer: String = row.try_get(0).unwrap_or_default();
    if answer == "ok" {
        return Ok(());
    }
    Err(Verification::place(None, format!("the file is damaged: {answer}")))
}

/// Hashes every blob and counts them.
async fn check_blobs(connection: &mut AnyConnection) -> Result<i64, Fault> {
    let mut rows = sqlx::query("SELECT digest, bytes FROM blob ORDER BY digest").fetch(connection);
    let mut blobs = 0;
    loop {
        let row = rows.try_next().await;
        let Some(row) = row.map_err(|error| Fault::while_reading(error, None, "a blob"))? else {
            return Ok(blobs);
        };
        let changed = |error: String| Verification::place(None, format!("a blob was changed: {error}"));
        let name = digest(&row, "digest").map_err(changed)?;
        let bytes: Vec<u8> = row.try_get("bytes").map_err(|error| changed(error.to_string()))?;
        if Digest::of(&bytes) != name {
            return Err(changed(format!("the bytes of {name} have another digest")));
        }
        blobs += 1;
    }
}
