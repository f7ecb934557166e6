//! The folds over the journal that answers are read from, held in memory.
//!
//! One task follows the ledger, applies each record in order and publishes an immutable [`View`]. Nobody else
//! writes, so a replica that follows the same ledger shows the same thing.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use fairway_catalog::{Snapshot, StoredDraft, StoredEntity};
use fairway_domain::change_request::ChangeRequest;
use fairway_domain::delivery::Deployment;
use fairway_domain::fact::{Record, kind};
use fairway_domain::run::Run;
use fairway_ledger::{Ledger, RecordQuery};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use crate::AppError;
use crate::credentials::Credential;
use crate::environments::ResourceRecord;
use crate::home::Notification;
use crate::sources::Source;
use crate::tokens::StoredToken;

/// Facts of the platform about resources that come with a service. Subject: service/environment/resource.
pub(crate) const RESOURCE: &str = "delivery.resource";

/// What is known now. Immutable; a newer one replaces it.
#[derive(Clone, Default)]
pub struct View {
    /// The last record that is folded in.
    pub sequence: i64,
    /// The catalog.
    pub catalog: Arc<Snapshot>,
    /// The entities as they are stored, by reference.
    entities: Arc<BTreeMap<String, Arc<StoredEntity>>>,
    /// The broken files, by source and path.
    pub drafts: Arc<BTreeMap<String, Arc<StoredDraft>>>,
    /// The sources, by identifier.
    pub sources: Arc<BTreeMap<String, Arc<Source>>>,
    /// The runs, by identifier, which sorts by time.
    pub runs: Arc<BTreeMap<String, Arc<Run>>>,
    /// What runs where, by service/environment.
    pub deployments: Arc<BTreeMap<String, Arc<Deployment>>>,
    /// Resources, by service/environment/resource.
    pub resources: Arc<BTreeMap<String, Arc<ResourceRecord>>>,
    /// Change requests, by repository and number.
    pub change_requests: Arc<BTreeMap<String, Arc<ChangeRequest>>>,
    /// Messages, by identifier, which sorts by time.
    pub notifications: Arc<BTreeMap<String, Arc<Notification>>>,
    /// What may be shown to other machines, by name.
    pub credentials: Arc<BTreeMap<String, Arc<Credential>>>,
    /// Tokens, by identifier.
    pub tokens: Arc<BTreeMap<String, Arc<StoredToken>>>,
}

fn put<T: DeserializeOwned>(map: &mut Arc<BTreeMap<String, Arc<T>>>, subject: &str, body: Option<&Value>) {
    match body {
        Some(body) => match T::deserialize(body) {
            Ok(value) => {
                Arc::make_mut(map).insert(subject.to_owned(), Arc::new(value));
            }
            // A body that a newer version wrote is passed over, not fatal: the ledger still has it.
            Err(error) => {
                tracing::warn!(subject, %error, "the body of {subject} is of a form this version does not know: {error}");
            }
        },
        None => {
            Arc::make_mut(map).remove(subject);
        }
    }
}

impl View {
    /// Folds one record in; says whether the catalog has to be stitched again.
    fn apply(&mut self, fact_kind: &str, subject: &str, body: Option<&Value>) -> bool {
        match fact_kind {
            kind::ENTITY => put(&mut self.entities, subject, body),
            kind::DRAFT => put(&mut self.drafts, subject, body),
            kind::SOURCE => put(&mut self.sources, subject, body),
            kind::RUN => put(&mut self.runs, subject, body),
            kind::DEPLOYMENT => put(&mut self.deployments, subject, body),
            kind::CHANGE_REQUEST => put(&mut self.change_requests, subject, body),
            kind::NOTIFICATION => put(&mut self.notifications, subject, body),
            kind::TOKEN => put(&mut self.tokens, subject, body),
            kind::CREDENTIAL => put(&mut self.credentials, subject, body),
            RESOURCE => put(&mut self.resources, subject, body),
            _ => {}
        }
        matches!(fact_kind, kind::ENTITY | kind::DRAFT)
    }

    /// The fold of what the journal held of `kinds` when the record `sequence` had been appended. What was erased
    /// since is not in it.
    pub(crate) async fn at(ledger: &Ledger, kinds: &[&'static str], sequence: i64) -> Result<Self, AppError> {
        let mut states = Vec::new();
        for fact_kind in kinds {
            states.push((*fact_kind, ledger.states_at(fact_kind, sequence).await?));
        }
        tokio::task::spawn_blocking(move || {
            let mut view = Self { sequence, ..Self::default() };
            for (fact_kind, states) in states {
                for state in states {
                    view.apply(fact_kind, &state.subject, Some(&state.body));
                }
            }
            view.stitch();
            view
        })
        .await
        .map_err(|error| AppError::Internal(format!("reading the past ended without an answer: {error}")))
    }

    fn stitch(&mut self) {
        let entities = self.entities.values().map(|entity| StoredEntity::clone(entity)).collect();
        let drafts = self.drafts.values().map(|draft| StoredDraft::clone(draft)).collect();
        self.catalog = Arc::new(Snapshot::build(entities, drafts));
    }
}

/// Follows the ledger and holds the newest [`View`].
pub struct Projection {
    view: Arc<ArcSwap<View>>,
    reached: watch::Receiver<i64>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Projection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const FOLDED: [&str; 10] = [
    kind::ENTITY,
    kind::DRAFT,
    kind::SOURCE,
    kind::RUN,
    kind::DEPLOYMENT,
    kind::CHANGE_REQUEST,
    kind::NOTIFICATION,
    kind::TOKEN,
    kind::CREDENTIAL,
    RESOURCE,
];

impl Projection {
    /// Reads the latest states and begins to follow.
    pub async fn start(ledger: &Ledger) -> Result<Self, AppError> {
        // Follow before reading, so that nothing falls between the two.
        let records = ledger.follow();
        let mut view = View { sequence: ledger.head().await?.sequence, ..View::default() };
        for fact_kind in FOLDED {
            for state in ledger.states(fact_kind).await? {
                view.apply(fact_kind, &state.subject, Some(&state.body));
            }
        }
        view.stitch();
        let (reached_sender, reached) = watch::channel(view.sequence);
        let shared = Arc::new(ArcSwap::from_pointee(view));
        let task = tokio::spawn(follow(ledger.clone(), records, Arc::clone(&shared), reached_sender));
        Ok(Self { view: shared, reached, task })
    }

    /// The newest view.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Waits until the view has folded the record with this number in.
    pub async fn wait_for(&self, sequence: i64) {
        let mut reached = self.reached.clone();
        // An error means that the follower ended with the process; there is nothing left to wait for.
        let _ = reached.wait_for(|reached| *reached >= sequence).await;
    }
}

async fn follow(
    ledger: Ledger,
    mut records: broadcast::Receiver<Arc<Record>>,
    shared: Arc<ArcSwap<View>>,
    reached: watch::Sender<i64>,
) {
    loop {
        let mut batch = Vec::new();
        match records.recv().await {
            Ok(record) => batch.push(record),
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return,
        }
        // Whatever else is already there is folded in before the catalog is stitched once.
        let mut lagged = batch.is_empty();
        loop {
            match records.try_recv() {
                Ok(record) => batch.push(record),
                Err(broadcast::error::TryRecvError::Lagged(_)) => lagged = true,
                Err(_) => break,
            }
        }
        let mut view = View::clone(&shared.load());
        if lagged {
            match catch_up(&ledger, view.sequence).await {
                Ok(missed) => batch = missed,
                Err(error) => {
                    tracing::error!(%error, "the projections could not catch up with the ledger: {error}");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    records = records.resubscribe();
                    continue;
                }
            }
        }
        let mut stitch = false;
        for record in batch {
            if record.sequence <= view.sequence {
                continue;
            }
            stitch |= view.apply(&record.kind, &record.subject, record.body.as_ref());
            view.sequence = record.sequence;
        }
        if stitch {
            view.stitch();
        }
        let sequence = view.sequence;
        shared.store(Arc::new(view));
        reached.send_replace(sequence);
    }
}

async fn catch_up(ledger: &Ledger, from: i64) -> Result<Vec<Arc<Record>>, AppError> {
    let mut missed = Vec::new();
    let mut after = from;
    loop {
        let query =
            RecordQuery { after: Some(after), limit: 1_000, oldest_first: true, ..RecordQuery::default() };
        let page = ledger.records(&query).await?;
        let Some(last) = page.last() else { return Ok(missed) };
        after = last.sequence;
        missed.extend(page.into_iter().map(Arc::new));
    }
}
