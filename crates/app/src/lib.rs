//! The use cases: a caller first, a typed result out; authorise, plan, apply, append facts.
//!
//! Every face (portal, REST, command line, git) calls this room and nothing below it. It must not know HTTP,
//! HTML or a terminal.

pub mod access;
pub mod ancestry;
pub mod app_config;
pub mod apply;
pub mod audit;
mod catalog_index;
pub mod change_requests;
pub mod clock;
pub mod config;
pub mod create;
pub mod credentials;
pub mod deliver;
pub mod discovery;
pub mod edits;
pub mod effects;
pub mod environments;
pub mod error;
pub mod example;
pub mod guardrails;
pub mod history;
pub mod home;
pub mod housekeeping;
pub mod identity;
pub mod link_check;
pub mod links;
pub mod locations;
mod manifests;
pub mod moment;
mod own_address;
pub mod permissions;
pub mod plans;
pub mod projection;
pub mod proposals;
mod push_judge;
pub mod questions;
pub mod releases;
pub mod repositories;
pub mod saved_views;
pub mod scheduler;
pub mod search;
mod search_document;
mod secret_scan;
pub mod services;
pub mod source_state;
pub mod sources;
pub mod stars;
pub mod supply;
pub mod sync;
pub mod tokens;
pub mod truth;
pub mod undo;
pub mod validation;
pub mod waivers;
pub mod webhooks;
mod world;

use std::sync::Arc;

use fairway_domain::Clock;
use fairway_ledger::Ledger;
use fairway_remote::{Forge, Reach};
use fairway_scaffold::ActionRegistry;
use tokio::sync::{Mutex, Notify, Semaphore};

pub use config::{AppConfig, CatalogOptions};
pub use error::AppError;
pub use projection::{Projection, View};
pub use push_judge::PushAnswer;
pub use secret_scan::findings_of as secret_findings;

/// Far below the number of threads that may block, which planning and git share.
const PLANS_AT_ONCE: usize = 32;

/// The whole application: ledger, forge, projections and the use cases over them. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: AppConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ledger: Ledger,
    pub(crate) forge: Forge,
    /// Which addresses of other machines may be read.
    pub(crate) reach: Reach,
    /// The clients of other forges, with their budgets.
    pub(crate) hosting: discovery::Clients,
    /// When sources are read, and how that went.
    pub(crate) scheduler: scheduler::Scheduler,
    pub(crate) projection: Projection,
    /// What people look for, in step with the projection.
    pub(crate) catalog_index: catalog_index::CatalogIndex,
    pub(crate) actions: ActionRegistry,
    /// Wakes the worker that applies runs.
    pub(crate) work: Notify,
    /// Plans of golden paths that may be made at once.
    pub(crate) planning: Semaphore,
    /// One synchronisation of the catalog at a time, so that two cannot decide on the same old state.
    pub(crate) syncing: Mutex<()>,
    /// One decision to apply or undo at a time, so that nothing is begun twice.
    pub(crate) deciding: Mutex<()>,
    pub(crate) sign_in_guard: access::SignInGuard,
    pub(crate) findings: guardrails::FindingsCache,
    pub(crate) admission: guardrails::AdmissionDesk,
    /// What the fleet is made of.
    pub(crate) supply: supply::index::SupplyIndexCell,
    /// What identities are signed with; read from the ledger when it is first needed.
    pub(crate) signing_key: identity::SigningKeyCell,
    pub(crate) past: moment::PastViews,
    pub(crate) truth: truth::TruthCache,
    pub(crate) links: link_check::LinkCache,
}

impl App {
    /// Opens the ledger and the forge, folds the journal into projections and starts following it.
    pub async fn open(mut config: AppConfig, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        let forge_root = config.data.join("repositories");
        let (ledger, forge) =
            tokio::join!(Ledger::open(&config.database, Arc::clone(&clock)), Forge::open(&forge_root));
        let (ledger, forge) = (ledger?, forge?.with_push_limit(config.push_limit));
        let moved = own_address::note(&ledger, &mut config).await?;
        let projection = Projection::start(&ledger).await?;
        let catalog_index = projection.index()?;
        let actions = create::actions();
        let reach = Reach::with_hosts(config.source_hosts.iter().map(String::as_str));
        let inner = Inner {
            config,
            clock,
            ledger,
            forge,
            reach,
            hosting: discovery::Clients::default(),
            scheduler: scheduler::Scheduler::default(),
            projection,
            catalog_index,
            actions,
            work: Notify::new(),
            planning: Semaphore::new(PLANS_AT_ONCE),
            syncing: Mutex::new(()),
            deciding: Mutex::new(()),
            sign_in_guard: access::SignInGuard::default(),
            findings: guardrails::FindingsCache::default(),
            admission: guardrails::AdmissionDesk::default(),
            supply: supply::index::SupplyIndexCell::default(),
            signing_key: identity::SigningKeyCell::default(),
            past: moment::PastViews::default(),
            truth: truth::TruthCache::default(),
            links: link_check::LinkCache::default(),
        };
        let app = Self { inner: Arc::new(inner) };
        if moved {
            app.move_in().await?;
        }
        Ok(app)
    }

    /// What the projections know now.
    pub fn view(&self) -> Arc<View> {
        self.inner.projection.view()
    }

    /// The settings this application was opened with.
    pub fn config(&self) -> &AppConfig {
        &self.inner.config
    }

    /// The current moment.
    pub fn now(&self) -> fairway_domain::Timestamp {
        self.inner.clock.now()
    }

    /// The action registry, for the reference and the forms.
    pub fn actions(&self) -> &ActionRegistry {
        &self.inner.actions
    }

    /// The journal's records as they are appended, here or by another replica.
    pub fn follow(&self) -> tokio::sync::broadcast::Receiver<Arc<fairway_domain::fact::Record>> {
        self.inner.ledger.follow()
    }

    /// Finishes what is being written and closes the ledger.
    pub async fn close(&self) {
        self.inner.ledger.close().await;
    }

    /// Appends facts and waits until the projections show them, so that a caller reads what it wrote.
    pub(crate) async fn append(&self, facts: Vec<fairway_domain::fact::NewFact>) -> Result<(), AppError> {
        if facts.is_empty() {
            return Ok(());
        }
        let records = self.inner.ledger.append_shared(facts).await?;
        if let Some(last) = records.last() {
            self.inner.projection.wait_for(last.sequence).await;
        }
        Ok(())
    }

    /// Appends many facts, a part at a time: each part as a whole or not at all. What is computed for a part is given
    /// up before the next, and the view keeps up.
    pub(crate) async fn append_parts(
        &self,
        facts: impl Iterator<Item = Result<fairway_domain::fact::NewFact, AppError>> + Send + 'static,
    ) -> Result<(), AppError> {
        const PART: usize = 4_096;
        let mut facts = facts;
        let mut reached = Vec::new();
        loop {
            let taken = tokio::task::spawn_blocking(move || {
                let part: Result<Vec<_>, AppError> = facts.by_ref().take(PART).collect();
                (part, facts)
            });
            let part;
            (part, facts) = taken
                .await
                .map_err(|error| AppError::Internal(format!("writing facts ended early: {error}")))?;
            let part = part?;
            let is_last = part.len() < PART;
            if !part.is_empty() {
                let records = self.inner.ledger.append_shared(part).await?;
                reached.extend(records.last().map(|record| record.sequence));
            }
            // Two parts behind at the most, so that nothing has to be read a second time.
            if let Some(sequence) = reached.iter().rev().nth(1) {
                self.inner.projection.wait_until_taken(*sequence).await;
            }
            if let Some(sequence) = reached.last().filter(|_| is_last) {
                self.inner.projection.wait_for(*sequence).await;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

impl App {
    /// The end of the chain; an error when the ledger does not answer.
    pub async fn ledger_head(&self) -> Result<fairway_ledger::Head, AppError> {
        Ok(self.inner.ledger.head().await?)
    }

    /// Waits until the projections have folded the record with this number in.
    pub async fn caught_up(&self, sequence: i64) {
        self.inner.projection.wait_for(sequence).await;
    }
}
