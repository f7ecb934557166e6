//! Undo: what a run did is taken back in reverse order, and nothing that it did not do is touched.

use std::collections::BTreeSet;

use fairway_domain::delivery::Deployment;
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::plan::{Effect, FileAction, FileChange, Plan};
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::run::{EffectOutcome, EffectStatus, Run, RunStatus};
use fairway_domain::{Caller, Digest, Permission};
use fairway_ledger::RecordQuery;
use fairway_remote::{CommitRequest, RemoteError};

use crate::apply::{UNDO, run_fact};
use crate::plans::needed;
use crate::projection::RESOURCE;
use crate::sources::SourceTarget;
use crate::{App, AppError};

/// What undoing one effect would do, or why it would not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoPreview {
    /// The effect's position in the plan.
    pub index: usize,
    /// What the effect did.
    pub effect: String,
    /// What would happen.
    pub action: String,
    /// Whether it stays, for the reason that `action` gives.
    pub kept: bool,
}

enum Undoing {
    Done,
    Kept(String),
}

impl App {
    /// What undoing a run would do, newest effect first. Changes nothing.
    pub async fn undo_preview(&self, caller: &Caller, id: &str) -> Result<Vec<UndoPreview>, AppError> {
        let run = self.run(caller, id)?;
        let plan = self.stored_plan(caller, &run.plan).await?.plan;
        let mut previews = Vec::new();
        for (index, effect) in plan.effects.iter().enumerate().rev() {
            let Some(EffectStatus::Done { outcome }) = run.effects.get(index).map(|state| &state.status)
            else {
                continue;
            };
            let reason = self.obstacle(&run, &plan, index, outcome).await?;
            let kept = reason.is_some();
            let action = reason.unwrap_or_else(|| reversal(effect));
            previews.push(UndoPreview { index, effect: effect.summary(), action, kept });
        }
        Ok(previews)
    }

    /// Begins to undo a settled run. One's own run needs the permission that it began with; another's, to
    /// administer as well.
    pub async fn undo(&self, caller: &Caller, id: &str) -> Result<Run, AppError> {
        caller.authorise(Permission::Read)?;
        let _one_at_a_time = self.inner.deciding.lock().await;
        let mut run = self.run(caller, id)?;
        let stored = self.stored_plan(caller, &run.plan).await?;
        caller.authorise(needed(&stored.request))?;
        if run.actor.user() != caller.actor.user() {
            caller.authorise(Permission::Administer)?;
        }
        match run.status {
            RunStatus::Completed | RunStatus::Failed => {}
            RunStatus::Undone => {
                return Err(AppError::Conflict {
                    message: "The run was undone already".to_owned(),
                    hint: None,
                });
            }
            RunStatus::Running | RunStatus::Undoing => {
                return Err(AppError::Conflict {
                    message: "The run is still moving".to_owned(),
                    hint: Some("wait until it settles".to_owned()),
                });
            }
        }
        run.status = RunStatus::Undoing;
        run.ended_at = None;
        self.say(&mut run, None, &format!("{} began to undo the run", caller.actor));
        self.enqueue(UNDO, &run.id).await?;
        self.append(vec![run_fact(caller, &run)?]).await?;
        self.inner.work.notify_one();
        Ok(run)
    }

    pub(crate) async fn go_back(&self, mut run: Run, plan: &Plan) -> Result<(), AppError> {
        let caller = crate::apply::caller_of(&run);
        for (index, effect) in plan.effects.iter().enumerate().rev() {
            let Some(status) = run.effects.get(index).map(|state| state.status.clone()) else { continue };
            let outcome = match status {
                EffectStatus::Done { outcome } => outcome,
                EffectStatus::Pending
                | EffectStatus::Began
                | EffectStatus::Failed { .. }
                | EffectStatus::Undone { .. }
                | EffectStatus::Kept { .. } => continue,
            };
            self.boundary();
            let status = match self.undo_effect(&caller, &run, plan, index, &outcome).await {
                Ok(Undoing::Done) => EffectStatus::Undone { outcome },
                Ok(Undoing::Kept(reason)) => EffectStatus::Kept { reason },
                Err(error @ AppError::Ledger(_)) => return Err(error),
                Err(error) => EffectStatus::Kept { reason: error.to_string() },
            };
            let message = match &status {
                EffectStatus::Kept { reason } => format!("Kept: {}. {reason}", effect.summary()),
                _ => format!("Undone: {}", effect.summary()),
            };
            self.say(&mut run, None, &message);
            self.boundary();
            self.mark(&mut run, index, status);
            self.save(&caller, &run).await?;
        }
        run.status = RunStatus::Undone;
        run.ended_at = Some(self.now());
        let kept =
            run.effects.iter().filter(|effect| matches!(effect.status, EffectStatus::Kept { .. })).count();
        let message = match kept {
            0 => "Everything that the run did is undone".to_owned(),
            1 => "Undone, except for one thing".to_owned(),
            count => format!("Undone, except for {count} things"),
        };
        self.say(&mut run, None, &message);
        self.save(&caller, &run).await
    }

    async fn undo_effect(
        &self,
        caller: &Caller,
        run: &Run,
        plan: &Plan,
        index: usize,
        outcome: &EffectOutcome,
    ) -> Result<Undoing, AppError> {
        let Some(effect) = plan.effects.get(index) else { return Ok(Undoing::Done) };
        if let Some(reason) = self.obstacle(run, plan, index, outcome).await? {
            return Ok(Undoing::Kept(reason));
        }
        match effect {
            Effect::CreateRepository { repository, .. } => {
                if self.inner.forge.exists(repository).await? {
                    self.inner.forge.delete(repository).await?;
                }
            }
            Effect::Commit { repository, branch, files, message, rebase, .. } => {
                if *rebase || !created_here(run, plan, repository) {
                    let undo = CommitUndo { repository, branch, files, message };
                    self.undo_commit(run, &undo, outcome).await?;
                    self.refresh_repository(caller, repository).await;
                }
            }
            Effect::RegisterLocation { .. } => {
                if let (Some(source), false) = (&outcome.identifier, outcome.existed) {
                    self.remove_source_facts(caller, source).await?;
                }
            }
            Effect::RecordDeployment { .. } => {
                if let Some(subject) = &outcome.identifier {
                    self.undo_deployment(caller, run, subject).await?;
                }
            }
            Effect::Notify { .. } => {
                if let Some(id) = &outcome.identifier {
                    self.append(vec![NewFact::by(caller, kind::NOTIFICATION, id.clone(), None)]).await?;
                }
            }
            Effect::Wait { .. } => {}
        }
        Ok(Undoing::Done)
    }

    /// Why an effect has to stay, if it has to.
    async fn obstacle(
        &self,
        run: &Run,
        plan: &Plan,
        index: usize,
        outcome: &EffectOutcome,
    ) -> Result<Option<String>, AppError> {
        let Some(effect) = plan.effects.get(index) else { return Ok(None) };
        match effect {
            Effect::CreateRepository { repository, .. } => self.foreign_work(run, repository).await,
            // The first content of a repository goes or stays with the repository. What was added to a shared
            // branch is taken back by itself.
            Effect::Commit { repository, rebase: false, .. } if created_here(run, plan, repository) => {
                self.foreign_work(run, repository).await
            }
            // Manifests stay as long as a deployment that is recorded stands on them, even if somebody later
            // committed the very same bytes again.
            Effect::Commit { .. } if self.is_stood_upon(run, plan, index) => {
                Ok(Some("a later run changed the version since; roll back instead".to_owned()))
            }
            Effect::Commit { repository, branch, files, .. } => {
                self.built_upon(repository, branch, files, outcome).await
            }
            Effect::RegisterLocation { .. } if outcome.existed => {
                Ok(Some("the location was registered before the run".to_owned()))
            }
            Effect::RegisterLocation { target, .. } => {
                // An entity whose repository stays keeps its place in the catalog.
                let repository = SourceTarget::parse(target, &self.inner.config)
                    .ok()
                    .and_then(|target| target.repository().cloned());
                match repository {
                    Some(repository) if created_here(run, plan, &repository) => {
                        let reason = self.foreign_work(run, &repository).await?;
                        Ok(reason.map(|_| format!("the repository {repository} stays")))
                    }
                    _ => Ok(None),
                }
            }
            Effect::RecordDeployment { .. } => {
                let current = self.deployed_since(run, outcome);
                Ok(current.map(|current| {
                    format!("a later run ({current}) changed the version since; roll back instead")
                }))
            }
            _ => Ok(None),
        }
    }

    /// The run that recorded a deployment in the same place since.
    fn deployed_since(&self, run: &Run, outcome: &EffectOutcome) -> Option<String> {
        let subject = outcome.identifier.as_ref()?;
        let current = self.view().deployments.get(subject)?.run.clone();
        (current != run.id).then_some(current)
    }

    /// Whether the deployment that was recorded for the manifests of this commit has to stay.
    fn is_stood_upon(&self, run: &Run, plan: &Plan, index: usize) -> bool {
        let next = plan.effects.get(index + 1).zip(run.effects.get(index + 1));
        match next {
            Some((Effect::RecordDeployment { .. }, state)) => match &state.status {
                EffectStatus::Kept { .. } => true,
                EffectStatus::Done { outcome } => self.deployed_since(run, outcome).is_some(),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a repository of this run holds commits that the run did not make.
    async fn foreign_work(&self, run: &Run, repository: &RepositoryRef) -> Result<Option<String>, AppError> {
        let forge = &self.inner.forge;
        if !forge.exists(repository).await? {
            return Ok(None);
        }
        if forge.created_by(repository).await?.as_deref() != Some(run.id.as_str()) {
            return Ok(Some(format!("{repository} was not created by this run")));
        }
        let own: BTreeSet<&CommitId> = run
            .effects
            .iter()
            .filter_map(|state| match &state.status {
                EffectStatus::Done { outcome } | EffectStatus::Undone { outcome } => outcome.commit.as_ref(),
                _ => None,
            })
            .collect();
        for (branch, _) in forge.branches(repository).await? {
            // Every commit counts, not the newest: the run's own undo may stand on top of others' work. What a
            // commit's message says does not count, since an amended commit keeps it.
            let commits = forge.log(repository, branch.as_str(), None, own.len() + 1, 0).await?;
            if !commits.iter().all(|commit| own.contains(&commit.id)) {
                return Ok(Some(format!(
                    "{repository} has commits that the run did not make (branch {branch}); delete it by hand if nobody needs them"
                )));
            }
        }
        Ok(None)
    }

    /// Whether somebody changed, after the run, what its commit wrote.
    async fn built_upon(
        &self,
        repository: &RepositoryRef,
        branch: &BranchName,
        files: &[FileChange],
        outcome: &EffectOutcome,
    ) -> Result<Option<String>, AppError> {
        let forge = &self.inner.forge;
        if !forge.exists(repository).await? {
            return Ok(None);
        }
        let head = forge.head(repository, branch).await?;
        if head == outcome.commit || head == outcome.parent {
            return Ok(None);
        }
        let Some(head) = head else { return Ok(None) };
        for file in files {
            let there = forge.file(repository, head.as_str(), &file.path).await?;
            let digest = there.map(|file| Digest::of(&file.bytes));
            if digest != file.content && digest != file.before {
                return Ok(Some(format!("{} in {repository} was changed since", file.path)));
            }
        }
        Ok(None)
    }

    async fn undo_commit(
        &self,
        run: &Run,
        commit: &CommitUndo<'_>,
        outcome: &EffectOutcome,
    ) -> Result<(), AppError> {
        let forge = &self.inner.forge;
        let Some(made) = &outcome.commit else { return Ok(()) };
        if !forge.exists(commit.repository).await? {
            return Ok(());
        }
        let head = forge.head(commit.repository, commit.branch).await?;
        if head == outcome.parent {
            return Ok(());
        }
        if head.as_ref() == Some(made) {
            // Nobody has built on it: the branch goes back to exactly where it was.
            forge.move_branch(commit.repository, commit.branch, made, outcome.parent.as_ref()).await?;
            return Ok(());
        }
        let mut changes = Vec::new();
        for file in commit.files {
            let before = match (file.action, file.before) {
                (FileAction::Add, _) | (_, None) => None,
                (_, Some(digest)) => {
                    let bytes = self.inner.ledger.blob(&digest).await?.ok_or_else(|| {
                        AppError::Internal(format!(
                            "the earlier content of {} is not in the ledger",
                            file.path
                        ))
                    })?;
                    Some(fairway_domain::tree::TreeFile { mode: file.mode, bytes: bytes.into() })
                }
            };
            changes.push((file.path.clone(), before));
        }
        let (author_name, author_email) = self.author(run);
        let summary = commit.message.lines().next().unwrap_or_default();
        let request = CommitRequest {
            repository: commit.repository.clone(),
            branch: commit.branch.clone(),
            parent: head,
            message: format!("Undo \"{summary}\"\n\nFairway-Run: {}\n", run.id),
            author_name,
            author_email,
            at: self.now(),
            changes,
        };
        match forge.commit(&request).await {
            Ok(_) => Ok(()),
            Err(error @ RemoteError::BranchMoved { .. }) => {
                Err(AppError::Conflict { message: error.to_string(), hint: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What was known of a resource before the run.
    async fn resource_before(&self, run: &Run, key: &str) -> Result<Option<serde_json::Value>, AppError> {
        let query = RecordQuery {
            kinds: vec![RESOURCE.to_owned()],
            subject: Some(key.to_owned()),
            limit: 50,
            ..RecordQuery::default()
        };
        let records = self.inner.ledger.records(&query).await?;
        let before = records.into_iter().find(|record| !declared_by(record.body.as_ref(), &run.id));
        Ok(before.and_then(|record| record.body))
    }

    /// Brings back what was recorded before the run, or nothing.
    async fn undo_deployment(&self, caller: &Caller, run: &Run, subject: &str) -> Result<(), AppError> {
        let query = RecordQuery {
            kinds: vec![kind::DEPLOYMENT.to_owned()],
            subject: Some(subject.to_owned()),
            limit: 50,
            ..RecordQuery::default()
        };
        let before = self
            .inner
            .ledger
            .records(&query)
            .await?
            .into_iter()
            .find(|record| !deployed_by(record.body.as_ref(), &run.id))
            .and_then(|record| record.body);
        let mut facts = vec![NewFact::by(caller, kind::DEPLOYMENT, subject, before)];
        let view = self.view();
        let prefix = format!("{subject}/");
        for (key, record) in view.resources.iter().filter(|(key, _)| key.starts_with(&prefix)) {
            if record.run == run.id {
                let before = self.resource_before(run, key).await?;
                facts.push(NewFact::by(caller, RESOURCE, key.clone(), before));
            }
        }
        self.append(facts).await?;
        Ok(())
    }
}

fn declared_by(body: Option<&serde_json::Value>, run: &str) -> bool {
    body.and_then(|body| body.get("run")).and_then(serde_json::Value::as_str) == Some(run)
}

fn deployed_by(body: Option<&serde_json::Value>, run: &str) -> bool {
    body.and_then(|body| serde_json::from_value::<Deployment>(body.clone()).ok())
        .is_some_and(|deployment| deployment.run == run)
}

struct CommitUndo<'a> {
    repository: &'a RepositoryRef,
    branch: &'a BranchName,
    files: &'a [FileChange],
    message: &'a str,
}

/// Whether this run created the repository and the creation still stands, so that deleting the repository
/// takes the commit with it.
fn created_here(run: &Run, plan: &Plan, repository: &RepositoryRef) -> bool {
    plan.effects.iter().zip(&run.effects).any(|(effect, state)| {
        matches!(effect, Effect::CreateRepository { repository: created, .. } if created == repository)
            && matches!(state.status, EffectStatus::Done { .. })
    })
}

fn reversal(effect: &Effect) -> String {
    match effect {
        Effect::CreateRepository { repository, .. } => format!("Delete the repository {repository}"),
        Effect::Commit { repository, branch, .. } => {
            format!("Take the commit back from {repository}, branch {branch}")
        }
        Effect::RegisterLocation { .. } => "Take the location and its entities out of the catalog".to_owned(),
        Effect::RecordDeployment { deployment } => match &deployment.replaces {
            Some(version) => {
                format!("Record {} {version} for {} again", deployment.service, deployment.environment)
            }
            None => format!("Record nothing of {} for {}", deployment.service, deployment.environment),
        },
        Effect::Notify { title, .. } => format!("Withdraw the message \"{title}\""),
        Effect::Wait { .. } => "Nothing to undo".to_owned(),
    }
}
