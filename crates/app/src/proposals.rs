//! Removals that look like a mistake: they wait as a proposal until a person accepts or rejects them.

use std::collections::BTreeSet;

use fairway_catalog::RemovalLimit;
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, Digest, EntityRef, Permission, Timestamp};
use serde::{Deserialize, Serialize};

use crate::effects::to_value;
use crate::sources::Source;
use crate::{App, AppError};

/// As many entities are listed in one proposal; the rest is proposed when these are decided on.
const LISTED: usize = 5_000;

/// What a synchronisation may remove.
#[derive(Clone, Debug)]
pub(crate) enum Removals {
    /// What does not look like a mistake.
    Judged,
    /// Everything that is gone.
    All,
    /// Of what is gone, these only.
    Exactly(BTreeSet<EntityRef>),
}

/// Somebody said no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Who.
    pub by: EntityRef,
    /// When.
    pub at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A removal that waits for a person, or that a person rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovalProposal {
    /// Names exactly what is proposed.
    pub digest: Digest,
    /// What would go, sorted; at most 5,000 at once.
    pub removed: Vec<EntityRef>,
    /// How many would go in all.
    pub total: usize,
    /// How many the source gave.
    pub known: usize,
    /// The commit or digest of the source that does not have them.
    pub revision: String,
    /// Since when it waits.
    pub proposed_at: Timestamp,
    /// Who said no; then what is listed stays, until it is accepted or the source has it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Rejection>,
}

/// A proposal and the source that it is about.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingProposal {
    /// The source's identifier.
    pub source: String,
    /// Where it is, for people.
    pub target: String,
    /// The proposal.
    #[serde(flatten)]
    pub proposal: RemovalProposal,
}

/// What is removed now, and what waits.
pub(crate) struct Decided {
    pub(crate) removed: Vec<EntityRef>,
    pub(crate) proposal: Option<RemovalProposal>,
}

/// Decides on what a source does not have any more. What was rejected stays and does not count.
pub(crate) fn decide(
    gone: &[EntityRef],
    known: usize,
    limit: RemovalLimit,
    before: Option<&RemovalProposal>,
    removals: &Removals,
    (now, revision): (Timestamp, &str),
) -> Decided {
    let rejected = before.filter(|before| before.rejected.is_some());
    let kept: BTreeSet<&EntityRef> = rejected.iter().flat_map(|before| &before.removed).collect();
    let (removed, held): (Vec<&EntityRef>, Vec<&EntityRef>) = match removals {
        Removals::All => (gone.iter().collect(), Vec::new()),
        Removals::Exactly(accepted) => gone.iter().partition(|it| accepted.contains(*it)),
        Removals::Judged => {
            let (kept, judged): (Vec<_>, Vec<_>) = gone.iter().partition(|it| kept.contains(*it));
            if limit.is_crossed(judged.len(), known) {
                (Vec::new(), gone.iter().collect())
            } else {
                (judged, kept)
            }
        }
    };
    let mut held: Vec<EntityRef> = held.into_iter().cloned().collect();
    held.sort();
    let total = held.len();
    held.truncate(LISTED);
    let proposal = (!held.is_empty()).then(|| {
        let names: Vec<String> = held.iter().map(ToString::to_string).collect();
        let digest = Digest::of(names.join("\n").as_bytes());
        let same = before.filter(|before| before.digest == digest);
        // Some of what was rejected may be back; the rest stays rejected.
        let still = rejected.filter(|_| held.iter().all(|it| kept.contains(it)));
        RemovalProposal {
            digest,
            removed: held,
            total,
            known,
            revision: same.map_or_else(|| revision.to_owned(), |same| same.revision.clone()),
            proposed_at: same.map_or(now, |same| same.proposed_at),
            rejected: still.or(same).and_then(|it| it.rejected.clone()),
        }
    });
    Decided { removed: removed.into_iter().cloned().collect(), proposal }
}

impl App {
    /// The removals that wait for a decision, and those that were rejected behind them; oldest first.
    pub fn proposals(&self, caller: &Caller) -> Result<Vec<WaitingProposal>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let mut waiting: Vec<WaitingProposal> = view
            .sources
            .values()
            .filter_map(|source| {
                let proposal = source.proposal.clone()?;
                Some(WaitingProposal {
                    source: source.id.clone(),
                    target: source.target.to_string(),
                    proposal,
                })
            })
            .collect();
        waiting
            .sort_by_key(|it| (it.proposal.rejected.is_some(), it.proposal.proposed_at, it.source.clone()));
        Ok(waiting)
    }

    /// Removes what was proposed, as far as the source, read once more, still does not have it. Nothing else is
    /// removed.
    ///
    /// # Errors
    ///
    /// When the proposal is another one by now.
    pub async fn accept_removal(&self, caller: &Caller, id: &str, digest: &str) -> Result<Source, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let (_, proposal) = self.waiting(id, digest)?;
        let accepted = proposal.removed.into_iter().collect();
        self.sync_removing(caller, id, Removals::Exactly(accepted)).await
    }

    /// Keeps what was proposed to go.
    pub async fn reject_removal(
        &self,
        caller: &Caller,
        id: &str,
        digest: &str,
        reason: Option<&str>,
    ) -> Result<Source, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let _one_at_a_time = self.inner.syncing.lock().await;
        let (mut source, mut proposal) = self.waiting(id, digest)?;
        let reason = reason.or(caller.reason.as_deref()).map(str::trim).filter(|it| !it.is_empty());
        proposal.rejected =
            Some(Rejection { by: caller.actor.user(), at: self.now(), reason: reason.map(str::to_owned) });
        source.proposal = Some(proposal);
        if let Some(last) = &mut source.last {
            // It was the failure; what is in the catalog is what a person wants in it.
            last.failure = None;
            last.last_success = Some(last.at);
        }
        self.append(vec![NewFact::by(caller, kind::SOURCE, id, Some(to_value(&source)?))]).await?;
        Ok(source)
    }

    /// Says from where on removals of a source wait for a person; `None` for the usual limit.
    pub async fn limit_removals(
        &self,
        caller: &Caller,
        id: &str,
        limit: Option<RemovalLimit>,
    ) -> Result<Source, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        if limit.is_some_and(|limit| limit.percent > 100) {
            return Err(AppError::invalid("a share is at most 100 per cent"));
        }
        let _one_at_a_time = self.inner.syncing.lock().await;
        let mut source = self.source_named(id)?;
        source.removal_limit = limit;
        self.append(vec![NewFact::by(caller, kind::SOURCE, id, Some(to_value(&source)?))]).await?;
        Ok(source)
    }

    fn source_named(&self, id: &str) -> Result<Source, AppError> {
        let view = self.view();
        let source = view.sources.get(id).map(|source| Source::clone(source));
        source.ok_or_else(|| AppError::NotFound { what: "source", name: id.to_owned(), near: Vec::new() })
    }

    fn waiting(&self, id: &str, digest: &str) -> Result<(Source, RemovalProposal), AppError> {
        let source = self.source_named(id)?;
        let proposal = source.proposal.clone();
        let proposal =
            proposal.filter(|it| it.digest.to_string() == digest).ok_or_else(|| AppError::Conflict {
                message: format!("{} proposes something else by now, or nothing", source.target),
                hint: Some("look at what it proposes now".to_owned()),
            })?;
        Ok((source, proposal))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_catalog::RemovalLimit;
    use fairway_domain::{EntityRef, Timestamp};

    use super::{Decided, Rejection, RemovalProposal, Removals, decide};

    fn names(range: std::ops::Range<usize>) -> Vec<EntityRef> {
        range.map(|it| EntityRef::new("component", "default", &format!("c{it:03}"))).collect()
    }

    fn judge(gone: &[EntityRef], before: Option<&RemovalProposal>, removals: &Removals) -> Decided {
        decide(gone, 100, RemovalLimit::default(), before, removals, (Timestamp::UNIX_EPOCH, "r"))
    }

    #[test]
    fn many_removals_wait_and_few_do_not() {
        assert_eq!(judge(&names(0..20), None, &Removals::Judged).removed.len(), 20);
        let decided = judge(&names(0..21), None, &Removals::Judged);
        assert_eq!((decided.removed.len(), decided.proposal.as_ref().unwrap().total), (0, 21));
        assert_eq!(judge(&names(0..21), decided.proposal.as_ref(), &Removals::All).removed.len(), 21);
    }

    #[test]
    fn only_what_was_proposed_is_removed_when_it_is_accepted() {
        let accepted = names(0..30).into_iter().collect();
        // Two came back meanwhile, and two more are gone.
        let decided = judge(&names(2..32), None, &Removals::Exactly(accepted));
        assert_eq!(decided.removed, names(2..30));
        assert_eq!(decided.proposal.unwrap().removed, names(30..32));
    }

    #[test]
    fn what_was_rejected_stays_and_does_not_count() {
        let mut proposal = judge(&names(0..30), None, &Removals::Judged).proposal.unwrap();
        proposal.rejected = Some(Rejection {
            by: EntityRef::new("user", "default", "ada"),
            at: Timestamp::UNIX_EPOCH,
            reason: None,
        });
        let decided = judge(&names(10..32), Some(&proposal), &Removals::Judged);
        assert_eq!(decided.removed, names(30..32), "what is new is judged by itself");
        let narrowed = decided.proposal.unwrap();
        assert!(narrowed.rejected.is_some());
        assert_eq!(narrowed.removed, names(10..30));
        let many = judge(&names(0..60), Some(&proposal), &Removals::Judged);
        assert!(many.proposal.unwrap().rejected.is_none(), "a larger removal asks again");
    }
}
