//! The journal as evidence: who did what, when, from where and why, and whether it was tampered with.

use fairway_domain::fact::{NewFact, Record};
use fairway_domain::{Caller, Permission};
use fairway_ledger::{RecordQuery, Verification};

use crate::{App, AppError};

/// A body was taken away. Subject: the number of its record.
pub(crate) const ERASURE: &str = "ledger.erasure";

impl App {
    /// Records of the journal.
    pub async fn audit(&self, caller: &Caller, query: &RecordQuery) -> Result<Vec<Record>, AppError> {
        caller.authorise(Permission::Audit)?;
        Ok(self.inner.ledger.records(query).await?)
    }

    /// How many records a query finds, without its limit.
    pub async fn audit_count(&self, caller: &Caller, query: &RecordQuery) -> Result<i64, AppError> {
        caller.authorise(Permission::Audit)?;
        Ok(self.inner.ledger.count(query).await?)
    }

    /// Checks the whole chain.
    pub async fn verify(&self, caller: &Caller) -> Result<Verification, AppError> {
        caller.authorise(Permission::Audit)?;
        Ok(self.inner.ledger.verify().await?)
    }

    /// Takes the body of a record away, for example because it holds personal data. The chain still verifies.
    pub async fn erase(&self, caller: &Caller, sequence: i64, reason: &str) -> Result<Record, AppError> {
        caller.authorise(Permission::Administer)?;
        if reason.trim().is_empty() {
            return Err(AppError::invalid("an erasure needs a reason"));
        }
        let mut by = NewFact::by(caller, ERASURE, sequence.to_string(), None);
        by.reason = Some(reason.trim().to_owned());
        let record = self.inner.ledger.erase(sequence, by).await?;
        self.inner.projection.wait_for(record.sequence).await;
        Ok(record)
    }
}
