//! The folds over the journal that answers are read from, held in memory.
//!
//! One task follows the ledger, applies each record in order and publishes an immutable [`View`]. Nobody else
//! writes, so a replica that follows the same ledger shows the same thing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use fairway_catalog::{EntityChange, Snapshot, StoredDraft, StoredEntity};
use fairway_domain::EntityRef;
use fairway_domain::change_request::ChangeRequest;
use fairway_domain::delivery::Deployment;
use fairway_domain::fact::{Record, kind};
use fairway_domain::run::Run;
use fairway_domain::waiver::Waiver;
use fairway_ledger::{Ledger, RecordQuery, StateText};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use crate::AppError;
use crate::catalog_index::CatalogIndex;
use crate::credentials::Credential;
use crate::environments::ResourceRecord;
use crate::guardrails::{AuditDay, Standing};
use crate::home::Notification;
use crate::saved_views::SavedView;
use crate::sources::Source;
use crate::stars::Star;
use crate::supply::StoredEvidence;
use crate::tokens::StoredToken;

/// Facts of the platform about resources that come with a service. Subject: service/environment/resource.
pub(crate) const RESOURCE: &str = "delivery.resource";

/// Days of the fleet's audit that are kept at hand; the ledger has them all.
const AUDIT_DAYS: usize = 400;

/// What is known now. Immutable; a newer one replaces it.
#[derive(Clone, Default)]
pub struct View {
    /// The last record that is folded in.
    pub sequence: i64,
    /// The catalog.
    pub catalog: Arc<Snapshot>,
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
    /// What people starred, by person and entity.
    pub stars: Arc<BTreeMap<String, Arc<Star>>>,
    /// Evidence of the supply chain, by what it is about, kind and tool.
    pub evidence: Arc<BTreeMap<String, Arc<StoredEvidence>>>,
    /// Questions with names, by identifier.
    pub saved_views: Arc<BTreeMap<String, Arc<SavedView>>>,
    /// Waivers, by identifier.
    pub waivers: Arc<BTreeMap<String, Arc<Waiver>>>,
    /// What the fleet's audit counted, by day; the newest ones.
    pub audit_days: Arc<BTreeMap<String, Arc<AuditDay>>>,
    /// Since when findings stand, by service.
    pub standing: Arc<BTreeMap<String, Arc<Standing>>>,
}

fn put<T: DeserializeOwned>(map: &mut Arc<BTreeMap<String, Arc<T>>>, subject: &str, body: Option<&Value>) {
    match body {
        Some(body) => match T::deserialize(body) {
            Ok(value) => {
                Arc::make_mut(map).insert(subject.to_owned(), Arc::new(value));
            }
            Err(error) => unreadable(subject, &error),
        },
        None => {
            Arc::make_mut(map).remove(subject);
        }
    }
}

/// What becomes of the catalog.
#[derive(Default)]
struct CatalogChanges {
    entities: Vec<EntityChange>,
    drafts: bool,
}

impl CatalogChanges {
    fn put(&mut self, subject: &str, body: Option<&Value>) {
        let change = match body.map(StoredEntity::deserialize) {
            Some(Ok(stored)) => EntityChange::put(stored),
            Some(Err(error)) => return unreadable(subject, &error),
            None => match subject.parse::<EntityRef>() {
                Ok(reference) => EntityChange::remove(reference),
                Err(error) => return unreadable(subject, &error),
            },
        };
        self.entities.push(change);
    }
}

/// A body that a newer version wrote is passed over, not fatal: the ledger still has it.
fn unreadable(subject: &str, error: &impl std::fmt::Display) {
    tracing::warn!(subject, %error, "the body of {subject} is of a form this version does not know: {error}");
}

impl View {
    /// Folds one record in, except for what becomes of the catalog.
    fn apply(&mut self, changes: &mut CatalogChanges, fact_kind: &str, subject: &str, body: Option<&Value>) {
        match fact_kind {
            kind::ENTITY => changes.put(subject, body),
            kind::DRAFT => {
                put(&mut self.drafts, subject, body);
                changes.drafts = true;
            }
            kind::SOURCE => put(&mut self.sources, subject, body),
            kind::RUN => put(&mut self.runs, subject, body),
            kind::DEPLOYMENT => put(&mut self.deployments, subject, body),
            kind::CHANGE_REQUEST => put(&mut self.change_requests, subject, body),
            kind::NOTIFICATION => put(&mut self.notifications, subject, body),
            kind::TOKEN => put(&mut self.tokens, subject, body),
            kind::CREDENTIAL => put(&mut self.credentials, subject, body),
            kind::STAR => put(&mut self.stars, subject, body),
            kind::EVIDENCE => put(&mut self.evidence, subject, body),
            kind::VIEW => put(&mut self.saved_views, subject, body),
            kind::WAIVER => put(&mut self.waivers, subject, body),
            kind::STANDING => put(&mut self.standing, subject, body),
            kind::AUDIT => {
                put(&mut self.audit_days, subject, body);
                if self.audit_days.len() > AUDIT_DAYS {
                    Arc::make_mut(&mut self.audit_days).pop_first();
                }
            }
            RESOURCE => put(&mut self.resources, subject, body),
            _ => {}
        }
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
            let mut changes = CatalogChanges::default();
            for (fact_kind, states) in states {
                for state in states {
                    view.apply(&mut changes, fact_kind, &state.subject, Some(&state.body));
                }
            }
            view.stitch(changes);
            view
        })
        .await
        .map_err(|error| AppError::Internal(format!("reading the past ended without an answer: {error}")))
    }

    fn stitch(&mut self, changes: CatalogChanges) {
        if changes.entities.is_empty() && !changes.drafts {
            return;
        }
        let mut catalog = self.catalog.with(changes.entities);
        if changes.drafts {
            catalog = catalog.with_drafts(self.drafts.values().cloned().collect());
        }
        self.catalog = Arc::new(catalog);
    }
}

/// Follows the ledger and holds the newest [`View`].
pub struct Projection {
    view: Arc<ArcSwap<View>>,
    reached: watch::Receiver<i64>,
    taken: watch::Receiver<i64>,
    task: JoinHandle<()>,
}

impl Drop for Projection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// From how many changed entities on the catalog is stitched off the async threads.
const LARGE: usize = 64;

/// What is folded besides entities.
const FOLDED: [&str; 15] = [
    kind::DRAFT,
    kind::SOURCE,
    kind::RUN,
    kind::DEPLOYMENT,
    kind::CHANGE_REQUEST,
    kind::NOTIFICATION,
    kind::TOKEN,
    kind::CREDENTIAL,
    kind::STAR,
    kind::EVIDENCE,
    kind::VIEW,
    kind::WAIVER,
    kind::AUDIT,
    kind::STANDING,
    RESOURCE,
];

impl Projection {
    /// Reads the latest states and begins to follow.
    pub async fn start(ledger: &Ledger) -> Result<Self, AppError> {
        // Follow before reading, so that nothing falls between the two.
        let records = ledger.follow();
        let mut view = View { sequence: ledger.head().await?.sequence, ..View::default() };
        let mut changes = CatalogChanges::default();
        for fact_kind in FOLDED {
            for state in ledger.states(fact_kind).await? {
                view.apply(&mut changes, fact_kind, &state.subject, Some(&state.body));
            }
        }
        view.stitch(changes);
        view.catalog = Arc::new(read_entities(ledger, &view.catalog).await?);
        let (reached_sender, reached) = watch::channel(view.sequence);
        let (taken_sender, taken) = watch::channel(view.sequence);
        let progress = Progress { reached: reached_sender, taken: taken_sender };
        let shared = Arc::new(ArcSwap::from_pointee(view));
        let task = tokio::spawn(follow(ledger.clone(), records, Arc::clone(&shared), progress));
        Ok(Self { view: shared, reached, taken, task })
    }

    /// The newest view.
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// A search index that follows the catalog of this projection.
    pub(crate) fn index(&self) -> Result<CatalogIndex, AppError> {
        CatalogIndex::start(Arc::clone(&self.view), self.reached.clone())
    }

    /// Waits until the view has folded the record with this number in.
    pub async fn wait_for(&self, sequence: i64) {
        let mut reached = self.reached.clone();
        // An error means that the follower ended with the process; there is nothing left to wait for.
        let _ = reached.wait_for(|reached| *reached >= sequence).await;
    }

    /// Waits until the record with this number is taken in, though not yet to be seen: for those who append more than
    /// is kept for followers.
    pub(crate) async fn wait_until_taken(&self, sequence: i64) {
        let mut taken = self.taken.clone();
        let _ = taken.wait_for(|taken| *taken >= sequence).await;
    }
}

/// So many entities are read or parsed together: one step goes on while the one before reads more.
const READ: usize = 2_048;
const PARSED_AT_ONCE: usize = 4;

/// The catalog with the entities that the ledger holds.
async fn read_entities(ledger: &Ledger, catalog: &Snapshot) -> Result<Snapshot, AppError> {
    let ended = |error: JoinError| AppError::Internal(format!("reading the catalog ended: {error}"));
    let mut parsing: VecDeque<JoinHandle<Vec<EntityChange>>> = VecDeque::new();
    let mut changes: Vec<EntityChange> = Vec::new();
    let mut states = ledger.state_texts(kind::ENTITY);
    loop {
        let texts = states.next(READ).await?;
        let is_last = texts.is_empty();
        parsing.push_back(tokio::task::spawn_blocking(move || {
            let read = |state: &StateText| match EntityChange::read(&state.body) {
                Ok(change) => Some(change),
                Err(error) => {
                    unreadable(&state.subject, &error);
                    None
                }
            };
            texts.iter().filter_map(read).collect()
        }));
        while let Some(done) = next_done(&mut parsing, is_last) {
            changes.extend(done.await.map_err(ended)?);
        }
        if is_last {
            let before = catalog.clone();
            // All at once: each reference is looked at once, and nothing is indexed twice.
            return tokio::task::spawn_blocking(move || before.with(changes)).await.map_err(ended);
        }
    }
}

/// The first of the tasks, when it is done or has to be waited for.
fn next_done<T>(tasks: &mut VecDeque<JoinHandle<T>>, wait: bool) -> Option<JoinHandle<T>> {
    let full = tasks.len() >= PARSED_AT_ONCE;
    let take = tasks.front().is_some_and(|task| wait || full || task.is_finished());
    if take { tasks.pop_front() } else { None }
}

/// While many entities change, as when a large source is read, so many are folded in before others see them…
const GATHERED: usize = 131_072;
/// …or for so long: stitching them together costs far less than stitching each part. Nobody waits for it: any other
/// fact, and what says that the source was read, ends the gathering.
const GATHERING: Duration = Duration::from_secs(10);

/// What tells others how far the ledger is folded in.
struct Progress {
    /// Everybody sees it.
    reached: watch::Sender<i64>,
    /// It is on the way.
    taken: watch::Sender<i64>,
}

async fn follow(
    ledger: Ledger,
    mut records: broadcast::Receiver<Arc<Record>>,
    shared: Arc<ArcSwap<View>>,
    progress: Progress,
) {
    let mut view = View::clone(&shared.load());
    let mut changes = CatalogChanges::default();
    let mut until: Option<Instant> = None;
    loop {
        let (mut batch, lagged) = match receive(&mut records, until).await {
            Received::Records { batch, lagged } => (batch, lagged),
            Received::Closed => return,
        };
        if lagged {
            match catch_up(&ledger, view.sequence).await {
                Ok(missed) => batch = missed,
                Err(error) => {
                    tracing::error!(%error, "the projections could not catch up with the ledger: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    records = records.resubscribe();
                    continue;
                }
            }
        }
        let whole = batch.iter().any(|record| record.kind != kind::ENTITY && record.kind != kind::DRAFT);
        (view, changes) = off_thread_if(batch.len() > LARGE, move || {
            for record in batch {
                if record.sequence > view.sequence {
                    view.apply(&mut changes, &record.kind, &record.subject, record.body.as_ref());
                    view.sequence = record.sequence;
                }
            }
            (view, changes)
        })
        .await;
        progress.taken.send_replace(view.sequence);
        let many = changes.entities.len();
        if !whole && (LARGE..GATHERED).contains(&many) && until.is_none_or(|until| Instant::now() < until) {
            until.get_or_insert_with(|| Instant::now() + GATHERING);
            continue;
        }
        until = None;
        let ready = std::mem::take(&mut changes);
        view = off_thread_if(many > LARGE, move || {
            view.stitch(ready);
            view
        })
        .await;
        shared.store(Arc::new(view.clone()));
        progress.reached.send_replace(view.sequence);
    }
}

/// Does work where it may take its time when there is much of it.
async fn off_thread_if<T: Send + 'static>(much: bool, work: impl FnOnce() -> T + Send + 'static) -> T {
    if !much {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // Not cancelled by anybody: it panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

enum Received {
    /// `lagged` when some were missed.
    Records {
        batch: Vec<Arc<Record>>,
        lagged: bool,
    },
    Closed,
}

/// The next records and whatever else is already there; none when nothing comes until a moment.
async fn receive(records: &mut broadcast::Receiver<Arc<Record>>, until: Option<Instant>) -> Received {
    let first = match until {
        Some(until) => match tokio::time::timeout_at(until, records.recv()).await {
            Ok(first) => first,
            Err(_) => return Received::Records { batch: Vec::new(), lagged: false },
        },
        None => records.recv().await,
    };
    let (mut batch, mut lagged) = match first {
        Ok(record) => (vec![record], false),
        Err(RecvError::Lagged(_)) => (Vec::new(), true),
        Err(RecvError::Closed) => return Received::Closed,
    };
    loop {
        match records.try_recv() {
            Ok(record) => batch.push(record),
            Err(TryRecvError::Lagged(_)) => lagged = true,
            Err(_) => return Received::Records { batch, lagged },
        }
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
