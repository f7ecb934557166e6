//! Publishes what any replica appends, on Postgres.

use std::sync::Arc;
use std::time::Duration;

use fairway_domain::fact::Record;
use sqlx::postgres::PgListener;
use sqlx::{AnyPool, Row as _};
use tokio::sync::{Notify, broadcast};

use crate::entry::{Entry, journal_columns};

/// The channel of `LISTEN` and `NOTIFY`.
pub(crate) const CHANNEL: &str = "fairway_ledger";
/// How often the journal is looked at without a notification: some poolers between here and Postgres swallow
/// them.
const POLL: Duration = Duration::from_secs(5);
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// A database that is back is listened to within this: replicas agree within a second from then on.
const RETRY_LAST: Duration = Duration::from_millis(500);
const PAGE: i64 = 500;

/// Wakes the publisher whenever a replica has appended, and after every reconnection, since what was appended
/// meanwhile was notified to nobody. Runs until it is aborted.
pub(crate) async fn listen(url: String, wake: Arc<Notify>) {
    let mut pause = RETRY_FIRST;
    loop {
        match connect(&url).await {
            Ok(mut listener) => {
                pause = RETRY_FIRST;
                wake.notify_one();
                // `None` is a lost connection; the listener connects again by itself.
                while let Ok(_notification) = listener.try_recv().await.inspect_err(
                    |error| tracing::warn!(%error, "lost the notifications of the ledger's database"),
                ) {
                    wake.notify_one();
                }
            }
            Err(error) => tracing::warn!(%error, "cannot listen to the ledger's database; trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_LAST);
    }
}

async fn connect(url: &str) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Sends every record after `last` to the followers, in order, once. Runs until it is aborted.
pub(crate) async fn publish(
    reader: AnyPool,
    wake: Arc<Notify>,
    records: broadcast::Sender<Arc<Record>>,
    mut last: i64,
) {
    loop {
        let _ = tokio::time::timeout(POLL, wake.notified()).await;
        if let Err(error) = catch_up(&reader, &records, &mut last).await {
            tracing::warn!(%error, "cannot read what was appended to the ledger; trying again");
            tokio::time::sleep(RETRY_FIRST).await;
            wake.notify_one();
        }
    }
}

/// Transactions that append take turns, so whatever is visible has no gap before it.
async fn catch_up(
    reader: &AnyPool,
    records: &broadcast::Sender<Arc<Record>>,
    last: &mut i64,
) -> Result<(), sqlx::Error> {
    let row = sqlx::query("SELECT sequence FROM chain WHERE id = 1").fetch_one(reader).await?;
    let head: i64 = row.try_get("sequence")?;
    while *last < head {
        // In this order: whoever follows after the head was read is owed nothing up to it.
        if records.receiver_count() == 0 {
            *last = head;
            return Ok(());
        }
        let rows = sqlx::query(concat!(
            "SELECT ",
            journal_columns!(),
            " FROM journal WHERE sequence > $1 ORDER BY sequence LIMIT $2"
        ))
        .bind(*last)
        .bind(PAGE)
        .fetch_all(reader)
        .await?;
        if rows.is_empty() {
            // The journal was cut off behind its head; there is nothing to publish, and `verify` tells.
            *last = head;
        }
        for row in rows {
            *last = row.try_get("sequence")?;
            match Entry::from_row(&row).and_then(Entry::into_record) {
                Ok(record) => drop(records.send(Arc::new(record))),
                Err(error) => tracing::error!(sequence = *last, error, "a record cannot be read"),
            }
        }
    }
    Ok(())
}
