//! Questions about the journal.

use std::fmt::Write as _;

use fairway_domain::fact::Record;
use futures::TryStreamExt as _;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _};

use crate::entry::{Entry, journal_columns};
use crate::{Ledger, LedgerError};

/// Longer texts are cut: SQLite bounds the length of a pattern.
const PATTERN_LIMIT: usize = 200;

/// Which records to read. Every condition that is set must hold; the default is the newest 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only these kinds; empty for every kind.
    pub kinds: Vec<String>,
    /// Only kinds that begin with this, for example `catalog.`.
    pub kind_prefix: Option<String>,
    /// Only this subject.
    pub subject: Option<String>,
    /// Only actors whose reference, name or token's identifier contains this; upper and lower case are the same.
    pub actor: Option<String>,
    /// Only sequences below this one.
    pub before: Option<i64>,
    /// Only sequences above this one.
    pub after: Option<i64>,
    /// At most so many; [`count`](Ledger::count) does not look at it.
    pub limit: usize,
    /// The oldest first instead of the newest.
    pub oldest_first: bool,
}

impl Default for RecordQuery {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            kind_prefix: None,
            subject: None,
            actor: None,
            before: None,
            after: None,
            limit: 100,
            oldest_first: false,
        }
    }
}

enum Value {
    Text(String),
    Number(i64),
}

/// The conditions as SQL. Only placeholders are written into it, never a value.
struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    fn of(query: &RecordQuery) -> Self {
        let mut conditions = Self { text: String::new(), values: Vec::new() };
        if !query.kinds.is_empty() {
            let places: Vec<String> =
                query.kinds.iter().map(|kind| conditions.place(Value::Text(kind.clone()))).collect();
            conditions.and(&format!("kind IN ({})", places.join(", ")));
        }
        if let Some(prefix) = &query.kind_prefix {
            let length = conditions.place(Value::Number(prefix.chars().count() as i64));
            let prefix = conditions.place(Value::Text(prefix.clone()));
            conditions.and(&format!("SUBSTR(kind, 1, CAST({length} AS INTEGER)) = {prefix}"));
        }
        if let Some(subject) = &query.subject {
            let subject = conditions.place(Value::Text(subject.clone()));
            conditions.and(&format!("subject = {subject}"));
        }
        if let Some(actor) = &query.actor {
            let pattern = conditions.place(Value::Text(containing(actor)));
            conditions.and(&format!("actor_text LIKE {pattern} ESCAPE '!'"));
        }
        if let Some(before) = query.before {
            let before = conditions.place(Value::Number(before));
            conditions.and(&format!("sequence < {before}"));
        }
        if let Some(after) = query.after {
            let after = conditions.place(Value::Number(after));
            conditions.and(&format!("sequence > {after}"));
        }
        conditions
    }

    fn place(&mut self, value: Value) -> String {
        // A NUL cannot be stored, so nothing matches it; Postgres would refuse the question.
        self.values.push(match value {
            Value::Text(text) => Value::Text(text.replace('\0', "\u{fffd}")),
            number @ Value::Number(_) => number,
        });
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        let word = if self.text.is_empty() { " WHERE" } else { " AND" };
        let _ = write!(self.text, "{word} {condition}");
    }
}

/// The pattern that finds `text` anywhere.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars().take(PATTERN_LIMIT) {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

fn bound(text: String, values: Vec<Value>) -> Query<'static, Any, AnyArguments> {
    values.into_iter().fold(sqlx::query(AssertSqlSafe(text)), |statement, value| match value {
        Value::Text(text) => statement.bind(text),
        Value::Number(number) => statement.bind(number),
    })
}

impl Ledger {
    /// The records that the query asks for.
    pub async fn records(&self, query: &RecordQuery) -> Result<Vec<Record>, LedgerError> {
        let mut conditions = Conditions::of(query);
        let limit = conditions.place(Value::Number(i64::try_from(query.limit).unwrap_or(i64::MAX)));
        let order = if query.oldest_first { "ASC" } else { "DESC" };
        let text = format!(
            concat!("SELECT ", journal_columns!(), " FROM journal{} ORDER BY sequence {} LIMIT {}"),
            conditions.text, order, limit
        );
        let failed = LedgerError::database("read the journal");
        let mut rows = bound(text, conditions.values).fetch(self.reader());
        let mut records = Vec::new();
        while let Some(row) = rows.try_next().await.map_err(&failed)? {
            let record = Entry::from_row(&row).and_then(Entry::into_record).map_err(LedgerError::damaged)?;
            records.push(record);
        }
        Ok(records)
    }

    /// How many records the query asks for, whatever its limit.
    pub async fn count(&self, query: &RecordQuery) -> Result<i64, LedgerError> {
        let failed = LedgerError::database("count the records of the journal");
        let conditions = Conditions::of(query);
        let text = format!("SELECT COUNT(*) AS records FROM journal{}", conditions.text);
        let row = bound(text, conditions.values).fetch_one(self.reader()).await.map_err(&failed)?;
        row.try_get("records").map_err(&failed)
    }
}
