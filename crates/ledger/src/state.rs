//! The latest body of every subject.

use fairway_domain::Timestamp;
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::moment;
use crate::{Ledger, LedgerError};

/// What is known of a subject now.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Which thing.
    pub subject: String,
    /// The record that says so.
    pub sequence: i64,
    /// When it was appended.
    pub at: Timestamp,
    /// What is known.
    pub body: Value,
}

impl State {
    pub(crate) fn from_row(row: &AnyRow) -> Result<Self, LedgerError> {
        let read = || -> Result<_, sqlx::Error> {
            Ok((
                row.try_get::<String, _>("subject")?,
                row.try_get::<i64, _>("sequence")?,
                row.try_get::<i64, _>("appended_at")?,
                row.try_get::<String, _>("body")?,
            ))
        };
        let (subject, sequence, at, body) =
            read().map_err(|error| LedgerError::damaged(format!("a row of the table state: {error}")))?;
        let damaged = |error: String| LedgerError::damaged(format!("the latest state of {subject}: {error}"));
        let at = moment(at).map_err(damaged)?;
        let body = serde_json::from_str(&body).map_err(|error| damaged(error.to_string()))?;
        Ok(Self { subject, sequence, at, body })
    }
}

/// What is known of a subject now, as the text that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateText {
    /// Which thing.
    pub subject: String,
    /// What is known, as JSON.
    pub body: String,
}

/// The latest states of a kind, a few at a time and in no order.
pub struct StateTexts<'ledger> {
    rows: BoxStream<'ledger, Result<AnyRow, sqlx::Error>>,
}

impl StateTexts<'_> {
    /// The next states, at most so many; none at the end.
    pub async fn next(&mut self, count: usize) -> Result<Vec<StateText>, LedgerError> {
        let mut states = Vec::new();
        while states.len() < count
            && let Some(row) =
                self.rows.try_next().await.map_err(LedgerError::database("read the latest state"))?
        {
            let damaged =
                |error: sqlx::Error| LedgerError::damaged(format!("a row of the table state: {error}"));
            let subject = row.try_get("subject").map_err(&damaged)?;
            states.push(StateText { subject, body: row.try_get("body").map_err(&damaged)? });
        }
        Ok(states)
    }
}

impl Ledger {
    /// What is known of every subject of a kind, for those who read many.
    pub fn state_texts(&self, kind: &str) -> StateTexts<'_> {
        let rows = sqlx::query("SELECT subject, body FROM state WHERE kind = $1")
            .bind(kind.replace('\0', "\u{fffd}"))
            .fetch(self.reader());
        StateTexts { rows }
    }

    /// What is known of a subject now; `None` when it never was, is gone, or its body was erased.
    pub async fn state(&self, kind: &str, subject: &str) -> Result<Option<State>, LedgerError> {
        if kind.contains('\0') || subject.contains('\0') {
            return Ok(None);
        }
        sqlx::query("SELECT subject, sequence, appended_at, body FROM state WHERE kind = $1 AND subject = $2")
            .bind(kind.to_owned())
            .bind(subject.to_owned())
            .fetch_optional(self.reader())
            .await
            .map_err(LedgerError::database("read the latest state"))?
            .map(|row| State::from_row(&row))
            .transpose()
    }

    /// What is known of every subject of a kind, in the order of the subjects' bytes.
    pub async fn states(&self, kind: &str) -> Result<Vec<State>, LedgerError> {
        if kind.contains('\0') {
            return Ok(Vec::new());
        }
        let mut rows = sqlx::query("SELECT subject, sequence, appended_at, body FROM state WHERE kind = $1")
            .bind(kind.to_owned())
            .fetch(self.reader());
        let mut states = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(LedgerError::database("read the latest state"))? {
            states.push(State::from_row(&row)?);
        }
        // Not in SQL, where the order would be that of the database's language.
        states.sort_unstable_by(|one, two| one.subject.cmp(&two.subject));
        Ok(states)
    }
}
