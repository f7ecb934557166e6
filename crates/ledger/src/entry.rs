//! A row of the journal as it is stored, its hash, and the record that it stands for.

use fairway_domain::Digest;
use fairway_domain::fact::Record;
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::{digest, from_word, moment};

/// Every column, in the order of the table.
macro_rules! journal_columns {
    () => {
        "sequence, appended_at, actor, actor_text, origin, address, reason, kind, subject, body, salt, \
         body_digest, erases, erased_by, previous, hash"
    };
}
pub(crate) use journal_columns;

/// What the hash of a record covers.
pub(crate) struct HashedFields<'entry> {
    pub(crate) sequence: i64,
    pub(crate) at: i64,
    pub(crate) actor: &'entry str,
    pub(crate) actor_text: &'entry str,
    pub(crate) origin: &'entry str,
    pub(crate) address: Option<&'entry str>,
    pub(crate) reason: Option<&'entry str>,
    pub(crate) kind: &'entry str,
    pub(crate) subject: &'entry str,
    pub(crate) body_digest: &'entry Digest,
    pub(crate) erases: Option<i64>,
    pub(crate) previous: &'entry Digest,
}

impl HashedFields<'_> {
    /// The hash, see the documentation of the crate for the bytes.
    pub(crate) fn hash(&self) -> Digest {
        let mut hasher = Sha256::new();
        let text = |hasher: &mut Sha256, text: &str| {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        };
        let optional_text = |hasher: &mut Sha256, field: Option<&str>| match field {
            None => hasher.update([0]),
            Some(field) => {
                hasher.update([1]);
                text(hasher, field);
            }
        };
        hasher.update(b"fairway.record.v1\n");
        hasher.update(self.sequence.to_be_bytes());
        hasher.update(self.at.to_be_bytes());
        text(&mut hasher, self.actor);
        text(&mut hasher, self.actor_text);
        text(&mut hasher, self.origin);
        optional_text(&mut hasher, self.address);
        optional_text(&mut hasher, self.reason);
        text(&mut hasher, self.kind);
        text(&mut hasher, self.subject);
        hasher.update(self.body_digest.as_bytes());
        match self.erases {
            None => hasher.update([0]),
            Some(sequence) => {
                hasher.update([1]);
                hasher.update(sequence.to_be_bytes());
            }
        }
        hasher.update(self.previous.as_bytes());
        Digest::from_bytes(hasher.finalize().into())
    }
}

/// A row of the journal.
pub(crate) struct Entry {
    pub(crate) sequence: i64,
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) actor_text: String,
    pub(crate) origin: String,
    pub(crate) address: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) body: Option<String>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) body_digest: Digest,
    pub(crate) erases: Option<i64>,
    pub(crate) erased_by: Option<i64>,
    pub(crate) previous: Digest,
    pub(crate) hash: Digest,
}

impl Entry {
    /// Reads the columns; an error says in which way they cannot be what was written.
    pub(crate) fn from_row(row: &AnyRow) -> Result<Self, String> {
        let read = || -> Result<_, sqlx::Error> {
            Ok(Self {
                sequence: row.try_get("sequence")?,
                at: row.try_get("appended_at")?,
                actor: row.try_get("actor")?,
                actor_text: row.try_get("actor_text")?,
                origin: row.try_get("origin")?,
                address: row.try_get("address")?,
                reason: row.try_get("reason")?,
                kind: row.try_get("kind")?,
                subject: row.try_get("subject")?,
                body: row.try_get("body")?,
                salt: row.try_get("salt")?,
                erases: row.try_get("erases")?,
                erased_by: row.try_get("erased_by")?,
                body_digest: Digest::from_bytes([0; 32]),
                previous: Digest::from_bytes([0; 32]),
                hash: Digest::from_bytes([0; 32]),
            })
        };
        Ok(Self {
            body_digest: digest(row, "body_digest")?,
            previous: digest(row, "previous")?,
            hash: digest(row, "hash")?,
            ..read().map_err(|error| error.to_string())?
        })
    }

    pub(crate) fn hashed_fields(&self) -> HashedFields<'_> {
        HashedFields {
            sequence: self.sequence,
            at: self.at,
            actor: &self.actor,
            actor_text: &self.actor_text,
            origin: &self.origin,
            address: self.address.as_deref(),
            reason: self.reason.as_deref(),
            kind: &self.kind,
            subject: &self.subject,
            body_digest: &self.body_digest,
            erases: self.erases,
            previous: &self.previous,
        }
    }

    /// The record; an error says which column makes no sense.
    pub(crate) fn into_record(self) -> Result<Record, String> {
        let within = |column: &str| {
            let place = format!("record {}, {column}", self.sequence);
            move |error: String| format!("{place}: {error}")
        };
        Ok(Record {
            sequence: self.sequence,
            at: moment(self.at).map_err(within("appended_at"))?,
            actor: serde_json::from_str(&self.actor).map_err(|error| within("actor")(error.to_string()))?,
            body: self
                .body
                .as_deref()
                .map(serde_json::from_str)
                .transpose()
                .map_err(|error| within("body")(error.to_string()))?,
            origin: {
                let failed = within("origin");
                from_word(self.origin).map_err(failed)?
            },
            address: self.address,
            reason: self.reason,
            kind: self.kind,
            subject: self.subject,
            erased: self.erased_by.is_some(),
            body_digest: self.body_digest,
            previous: self.previous,
            hash: self.hash,
        })
    }
}
