//! Runs: a plan that was approved is applied, effect by effect, and survives the end of the process.
//!
//! Before and after each effect the whole run is appended to the ledger. A run that was interrupted is taken
//! up by whoever next holds its job: an effect that had begun is verified before it is applied again, so
//! nothing happens twice.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::plan::{OutputLink, Plan, Purpose};
use fairway_domain::run::{EffectStatus, Run, RunEffect, RunLine, RunStatus};
use fairway_domain::{Caller, Digest, Permission};
use fairway_ledger::{Job, NewJob};
use jiff::SignedDuration;
use serde_json::json;

use crate::plans::{StoredPlan, needed};
use crate::{App, AppError};

/// The kinds of the durable jobs. Two, because a run may be undone while the job that applied it still ends.
pub(crate) const APPLY: &str = "run.apply";
pub(crate) const UNDO: &str = "run.undo";
/// How long a worker may go without a sign of life before another takes its run up.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// How often it gives one.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How long a worker rests that has nothing to do and is not woken.
const IDLE: Duration = Duration::from_secs(2);
/// When a job is looked at again whose run is still being written.
const SOON: Duration = Duration::from_millis(20);
/// How often that is done.
const PATIENCE: i64 = 100;
/// When a job is tried again that the ledger's failure interrupted.
const LATER: Duration = Duration::from_secs(2);

/// What came of a job.
enum Progress {
    /// It is done.
    Made,
    /// A job is written before its run; this one was claimed between the two.
    TooEarly,
}

static BOUNDARIES: AtomicU32 = AtomicU32::new(0);

impl App {
    /// Says yes to a plan. The plan is computed again first; when it differs, or a policy denies it, nothing
    /// happens. Returns the run, which goes on by itself.
    pub async fn apply(&self, caller: &Caller, digest: &Digest) -> Result<Run, AppError> {
        let stored = self.stored_plan(caller, digest).await?;
        caller.authorise(needed(&stored.request))?;
        let asked_at = self.now();
        let computed = self.compute(&stored.request).await.map_err(|error| match error {
            AppError::Ledger(_) | AppError::Internal(_) => error,
            other => AppError::Conflict {
                message: format!("The plan no longer holds: {other}"),
                hint: Some("make a new plan".to_owned()),
            },
        })?;
        let now = computed.plan.digest();
        if now != *digest {
            return Err(AppError::Conflict {
                message: format!(
                    "The plan no longer holds: {}. It was {} and would now be {}",
                    difference(&stored.plan, &computed.plan),
                    digest.short(),
                    now.short()
                ),
                hint: Some("make a new plan, look at it, and apply that".to_owned()),
            });
        }
        let blocking: Vec<_> = stored.plan.blocking().cloned().collect();
        if !blocking.is_empty() {
            return Err(AppError::Blocked(blocking));
        }
        let _one_at_a_time = self.inner.deciding.lock().await;
        // What was computed above does not know of a run that was begun meanwhile.
        let other =
            |run: &Run| run.plan == *digest && (!run.status.is_settled() || run.started_at >= asked_at);
        if let Some(run) = self.view().runs.values().find(|run| other(run)) {
            return Err(AppError::Conflict {
                message: format!("The plan is being applied already, by the run {}", run.id),
                hint: Some("look at that run".to_owned()),
            });
        }
        let run = self.begin(caller, *digest, &stored).await?;
        self.inner.work.notify_one();
        Ok(run)
    }

    async fn begin(&self, caller: &Caller, digest: Digest, stored: &StoredPlan) -> Result<Run, AppError> {
        let plan = &stored.plan;
        let now = self.now();
        let template = match &plan.purpose {
            Purpose::Template { template, .. } => Some(template.clone()),
            _ => None,
        };
        let run = Run {
            id: uuid::Uuid::now_v7().to_string(),
            plan: digest,
            title: plan.title.clone(),
            template,
            owner: plan.owner.clone(),
            actor: caller.actor.clone(),
            origin: caller.origin,
            reason: caller.reason.clone(),
            started_at: now,
            ended_at: None,
            status: RunStatus::Running,
            effects: plan
                .effects
                .iter()
                .map(|_| RunEffect { status: EffectStatus::Pending, began_at: None, ended_at: None })
                .collect(),
            log: vec![RunLine {
                at: now,
                step: None,
                message: format!("{} began with {}", plan.title, counted(plan.effects.len(), "effect")),
            }],
            links: Vec::new(),
            texts: Vec::new(),
            resumed: 0,
        };
        // The job comes first: a job without a run ends soon, while a run without a job would not move.
        self.enqueue(APPLY, &run.id).await?;
        self.append(vec![run_fact(caller, &run)?]).await?;
        Ok(run)
    }

    pub(crate) async fn enqueue(&self, job: &str, run: &str) -> Result<(), AppError> {
        let job =
            NewJob { kind: job.to_owned(), subject: run.to_owned(), payload: json!({}), run_at: self.now() };
        self.inner.ledger.enqueue(job).await?;
        Ok(())
    }

    /// A run by its identifier.
    pub fn run(&self, caller: &Caller, id: &str) -> Result<Run, AppError> {
        caller.authorise(Permission::Read)?;
        self.view().runs.get(id).map(|run| Run::clone(run)).ok_or_else(|| AppError::NotFound {
            what: "run",
            name: id.to_owned(),
            near: Vec::new(),
        })
    }

    /// The newest runs first.
    pub fn runs(&self, caller: &Caller, limit: usize) -> Result<Vec<Run>, AppError> {
        caller.authorise(Permission::Read)?;
        Ok(self.view().runs.values().rev().take(limit).map(|run| Run::clone(run)).collect())
    }

    /// Waits until a run settles, for at most `patience`; returns it as it stands then.
    pub async fn wait_for_run(&self, caller: &Caller, id: &str, patience: Duration) -> Result<Run, AppError> {
        let mut records = self.follow();
        let settled = async {
            loop {
                if self.view().runs.get(id).is_some_and(|run| run.status.is_settled()) {
                    return;
                }
                match records.recv().await {
                    Ok(record) if record.subject == id => {
                        self.inner.projection.wait_for(record.sequence).await;
                    }
                    Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                }
            }
        };
        let _ = tokio::time::timeout(patience, settled).await;
        self.run(caller, id)
    }

    /// Applies runs until the process ends. One worker in a process is enough: effects are quick, and in
    /// order.
    pub async fn work(&self, worker: &str) {
        // What a predecessor of the same name held when it was killed is taken up at once.
        if let Err(error) = self.inner.ledger.release(worker).await {
            tracing::error!(%error, "jobs of an earlier process could not be released: {error}");
        }
        if let Err(error) = self.take_up_runs().await {
            tracing::error!(%error, "interrupted runs could not be taken up: {error}");
        }
        loop {
            match self.inner.ledger.claim(worker, LEASE).await {
                Ok(Some(job)) => self.do_job(&job).await,
                Ok(None) => {
                    let rested = tokio::time::timeout(IDLE, self.inner.work.notified()).await;
                    // A run that lost its job (its writing failed half-way) is not forgotten.
                    if rested.is_err()
                        && let Err(error) = self.take_up_runs().await
                    {
                        tracing::error!(%error, "interrupted runs could not be taken up: {error}");
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "no job could be claimed: {error}");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                }
            }
        }
    }

    async fn do_job(&self, job: &Job) {
        if job.kind != APPLY && job.kind != UNDO {
            tracing::warn!(kind = job.kind, "a job of the unknown kind {} was dropped", job.kind);
        } else {
            match self.advance_with_heartbeat(job).await {
                Ok(Progress::Made) => {}
                Ok(Progress::TooEarly) if job.attempt < PATIENCE => {
                    return self.put_back(job, SOON, "").await;
                }
                Ok(Progress::TooEarly) => tracing::warn!(run = job.subject, "a job came without its run"),
                Err(error) => {
                    // The ledger itself failed (a full disk, a lost database): the run stands where it was.
                    tracing::error!(run = job.subject, %error, "run {} could not go on: {error}", job.subject);
                    return self.put_back(job, LATER, &error.to_string()).await;
                }
            }
        }
        if let Err(error) = self.inner.ledger.finish(&job.id).await {
            tracing::error!(%error, "the job could not be finished: {error}");
        }
    }

    /// Puts a job back and rests for as long.
    async fn put_back(&self, job: &Job, rest: Duration, reason: &str) {
        let again = SignedDuration::try_from(rest).map_or_else(|_| self.now(), |rest| self.now() + rest);
        if let Err(error) = self.inner.ledger.retry_at(&job.id, again, reason).await {
            tracing::error!(%error, "the job could not be put back: {error}");
        }
        tokio::time::sleep(rest).await;
    }

    /// Moves a run on, holding its job; stops when another worker took it.
    async fn advance_with_heartbeat(&self, job: &Job) -> Result<Progress, AppError> {
        let work = self.advance(job);
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = tokio::time::sleep(HEARTBEAT) => {
                    if !self.inner.ledger.extend(&job.id, LEASE).await? {
                        return Ok(Progress::Made);
                    }
                }
            }
        }
    }

    /// Sees to it that every run that has not settled has a job. Called once at the start: a process may have
    /// ended between any two writes.
    pub async fn take_up_runs(&self) -> Result<usize, AppError> {
        let view = self.view();
        let mut count = 0;
        for run in view.runs.values() {
            let job = match run.status {
                RunStatus::Running => APPLY,
                RunStatus::Undoing => UNDO,
                RunStatus::Completed | RunStatus::Failed | RunStatus::Undone => continue,
            };
            self.enqueue(job, &run.id).await?;
            count += 1;
        }
        Ok(count)
    }

    async fn advance(&self, job: &Job) -> Result<Progress, AppError> {
        let id = &job.subject;
        // The projection may be a moment behind the ledger, so the run is read from the ledger itself.
        let Some(state) = self.inner.ledger.state(kind::RUN, id).await? else {
            return Ok(Progress::TooEarly);
        };
        let run: Run = serde_json::from_value(state.body)
            .map_err(|error| AppError::Internal(format!("the run {id} cannot be read: {error}")))?;
        let Some(stored) = self.read_plan(&run.plan).await? else {
            return Err(AppError::Internal(format!("the plan of run {id} is gone")));
        };
        match run.status {
            RunStatus::Running => self.go_on(run, &stored.plan).await?,
            RunStatus::Undoing => self.go_back(run, &stored.plan).await?,
            // The word that it is to be undone follows the job.
            RunStatus::Completed | RunStatus::Failed if job.kind == UNDO => return Ok(Progress::TooEarly),
            RunStatus::Completed | RunStatus::Failed | RunStatus::Undone => {}
        }
        Ok(Progress::Made)
    }

    async fn go_on(&self, mut run: Run, plan: &Plan) -> Result<(), AppError> {
        let caller = caller_of(&run);
        let interrupted = run.effects.iter().any(|effect| !matches!(effect.status, EffectStatus::Pending));
        if interrupted {
            run.resumed += 1;
            self.say(&mut run, None, "Taken up again after an interruption");
        }
        for (index, effect) in plan.effects.iter().enumerate() {
            let step = plan.steps.iter().find(|step| step.effects.contains(&index));
            let Some(status) = run.effects.get(index).map(|effect| effect.status.clone()) else { break };
            let began_before = match status {
                EffectStatus::Done { .. } => continue,
                EffectStatus::Began => true,
                _ => false,
            };
            if !began_before {
                self.say(&mut run, step.map(|step| step.id.clone()), &effect.summary());
                self.mark(&mut run, index, EffectStatus::Began);
                self.save(&caller, &run).await?;
            }
            self.boundary();
            match self.apply_effect(&caller, &run, plan, index, began_before).await {
                Ok(outcome) => {
                    self.boundary();
                    self.mark(&mut run, index, EffectStatus::Done { outcome });
                }
                Err(error @ AppError::Ledger(_)) => return Err(error),
                Err(error) => {
                    let message =
                        error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}. {hint}"));
                    self.say(&mut run, step.map(|step| step.id.clone()), &message);
                    self.mark(&mut run, index, EffectStatus::Failed { message });
                    return self.settle(&caller, run, plan, RunStatus::Failed).await;
                }
            }
            self.save(&caller, &run).await?;
            self.boundary();
        }
        self.settle(&caller, run, plan, RunStatus::Completed).await
    }

    async fn settle(
        &self,
        caller: &Caller,
        mut run: Run,
        plan: &Plan,
        status: RunStatus,
    ) -> Result<(), AppError> {
        run.status = status;
        run.ended_at = Some(self.now());
        let message = match status {
            RunStatus::Completed => "Done".to_owned(),
            _ => "Stopped. What was done stands, and can be undone".to_owned(),
        };
        self.say(&mut run, None, &message);
        if status == RunStatus::Completed {
            let pending = crate::effects::pending_values(&run, plan);
            run.links = plan
                .links
                .iter()
                .map(|link| OutputLink {
                    url: link.url.as_deref().map(|url| crate::effects::resolve(url, &pending)),
                    ..link.clone()
                })
                .collect();
            run.texts.clone_from(&plan.texts);
            for text in &mut run.texts {
                text.content = crate::effects::resolve(&text.content, &pending);
            }
        }
        self.save(caller, &run).await?;
        self.boundary();
        Ok(())
    }

    pub(crate) fn say(&self, run: &mut Run, step: Option<String>, message: &str) {
        run.log.push(RunLine { at: self.now(), step, message: message.to_owned() });
    }

    pub(crate) fn mark(&self, run: &mut Run, index: usize, status: EffectStatus) {
        let now = self.now();
        if let Some(effect) = run.effects.get_mut(index) {
            match status {
                EffectStatus::Began => effect.began_at = Some(now),
                _ => effect.ended_at = Some(now),
            }
            effect.status = status;
        }
    }

    pub(crate) async fn save(&self, caller: &Caller, run: &Run) -> Result<(), AppError> {
        self.append(vec![run_fact(caller, run)?]).await?;
        Ok(())
    }

    /// A place where the process may end without warning; debug builds can be told to do so.
    pub(crate) fn boundary(&self) {
        if cfg!(debug_assertions)
            && let Some(limit) = self.inner.config.kill_at_boundary
            && BOUNDARIES.fetch_add(1, Ordering::SeqCst) + 1 == limit
        {
            std::process::abort();
        }
    }
}

/// The caller on whose behalf a run goes on: the person who said yes.
pub(crate) fn caller_of(run: &Run) -> Caller {
    Caller {
        actor: run.actor.clone(),
        origin: run.origin,
        address: None,
        // The decision was authorised when it was made; a resumed run does not ask again.
        role: fairway_domain::Role::Admin,
        scopes: None,
        reason: Some(match &run.reason {
            Some(reason) => format!("{reason} (run {})", run.id),
            None => format!("run {}", run.id),
        }),
    }
}

pub(crate) fn run_fact(caller: &Caller, run: &Run) -> Result<NewFact, AppError> {
    let body = serde_json::to_value(run).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(NewFact::by(caller, kind::RUN, run.id.clone(), Some(body)))
}

pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Says in a few words what differs between two plans for the same request.
fn difference(before: &Plan, now: &Plan) -> String {
    match (&before.purpose, &now.purpose) {
        (Purpose::Template { digest: one, .. }, Purpose::Template { digest: two, .. }) if one != two => {
            return "the template changed since".to_owned();
        }
        _ => {}
    }
    if before.effects != now.effects {
        return "its effects would be others".to_owned();
    }
    if before.findings != now.findings || before.policies_evaluated != now.policies_evaluated {
        return "the policies say something else".to_owned();
    }
    if before.cost != now.cost {
        return "its cost would be another".to_owned();
    }
    "something that it depends on changed since".to_owned()
}
