//! The background of the guardrails: whenever something changes that findings depend on, the fleet is audited, and
//! whenever the time of a waiver comes, what is due is done. One task; changes that come together are one change.

use std::sync::Arc;
use std::time::Duration;

use fairway_domain::Timestamp;
use fairway_domain::fact::{Record, kind};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::App;

/// Changes that come within this time are looked at together.
const TOGETHER: Duration = Duration::from_secs(2);
/// The longest sleep: the machine's clock may have been set meanwhile.
const LONGEST: Duration = Duration::from_hours(1);
/// The rest after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Whether findings may be others after a fact.
fn matters(record: &Record) -> bool {
    match record.kind.as_str() {
        kind::WAIVER | kind::DEPLOYMENT | kind::PUSH | kind::CHANGE_REQUEST => true,
        // Policies, environments, and what else decides where objects are. What is gone no longer says what it was.
        kind::ENTITY => record.body.as_ref().is_none_or(|body| {
            let version = body.pointer("/entity/apiVersion").and_then(serde_json::Value::as_str);
            version.is_none_or(|version| {
                fairway_catalog::is_policy(version) || version.starts_with("fairway.dev/")
            })
        }),
        _ => false,
    }
}

impl App {
    /// Watches until the process ends.
    pub async fn watch_guardrails(&self) {
        let mut records = self.follow();
        loop {
            let mut rest = LONGEST;
            match self.settle_waivers().await {
                Ok(next) => rest = rest.min(next.map_or(LONGEST, |next| self.until(next))),
                Err(error) => {
                    tracing::error!(%error, "the waivers could not be looked at: {error}");
                    rest = AFTER_FAILURE;
                }
            }
            if let Err(error) = self.audit_fleet().await {
                tracing::error!(%error, "the fleet could not be audited: {error}");
                rest = rest.min(AFTER_FAILURE);
            }
            // Rested or woken, it is looked again; only when nobody will wake it any more is it over.
            if let Ok(true) = tokio::time::timeout(rest, closed_or_changed(&mut records)).await {
                return;
            }
            tokio::time::sleep(TOGETHER).await;
            if drained(&mut records) {
                return;
            }
        }
    }

    /// How long until a moment, by the application's clock.
    fn until(&self, moment: Timestamp) -> Duration {
        Duration::try_from(moment.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }
}

/// Waits for a record that matters; `true` when none will come any more.
async fn closed_or_changed(records: &mut broadcast::Receiver<Arc<Record>>) -> bool {
    loop {
        match records.recv().await {
            Ok(record) if !matters(&record) => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return false,
            Err(RecvError::Closed) => return true,
        }
    }
}

/// Takes what is there already; `true` when nothing will come any more.
fn drained(records: &mut broadcast::Receiver<Arc<Record>>) -> bool {
    loop {
        match records.try_recv() {
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Closed) => return true,
        }
    }
}
