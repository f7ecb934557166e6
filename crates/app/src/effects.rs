//! How each effect is applied, and how one that had begun before a crash is recognised.

use std::collections::BTreeMap;
use std::time::Duration;

use fairway_domain::delivery::{Deployment, DeploymentIntent};
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::plan::{Effect, FileAction, FileChange, Plan};
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::run::{EffectOutcome, EffectStatus, Run};
use fairway_domain::tree::TreeFile;
use fairway_domain::{Caller, Digest};
use fairway_remote::{CommitRequest, NewRepository, RemoteError};

use crate::environments::ResourceRecord;
use crate::home::Notification;
use crate::projection::RESOURCE;
use crate::{App, AppError};

/// The trailer that marks a commit as the work of one effect of one run.
pub(crate) const TRAILER: &str = "Fairway-Effect";
/// How often a commit is tried again when the branch moves under it.
const ATTEMPTS: usize = 5;

/// The value of [`TRAILER`].
pub(crate) fn trailer(run: &Run, index: usize) -> String {
    format!("{}/{index}", run.id)
}

/// Values that were unknown when the plan was made, by their name inside `${pending:…}`.
pub(crate) fn pending_values(run: &Run, plan: &Plan) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (effect, state) in plan.effects.iter().zip(&run.effects) {
        if let (Effect::Commit { repository, .. }, EffectStatus::Done { outcome }) = (effect, &state.status)
            && let Some(commit) = &outcome.commit
        {
            values.insert(format!("commit:{repository}"), commit.to_string());
        }
    }
    values
}

/// Replaces the `${pending:…}` marks whose values are known by now.
pub(crate) fn resolve(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("${{pending:{name}}}"), value);
    }
    text
}

impl App {
    /// Applies one effect. With `began_before`, first looks whether it was already done.
    pub(crate) async fn apply_effect(
        &self,
        caller: &Caller,
        run: &Run,
        plan: &Plan,
        index: usize,
        began_before: bool,
    ) -> Result<EffectOutcome, AppError> {
        let Some(effect) = plan.effects.get(index) else { return Ok(EffectOutcome::default()) };
        let pending = pending_values(run, plan);
        match effect {
            Effect::CreateRepository { repository, description, default_branch } => {
                self.create_repository(run, repository, description, default_branch).await
            }
            Effect::Commit { repository, branch, rebase, message, files, .. } => {
                let commit = CommitEffect { run, index, repository, branch, rebase: *rebase, message, files };
                let outcome = self.commit(&commit, began_before).await?;
                // A file of a source may be among them: the catalog shows it before the effect is done.
                self.refresh_repository(caller, repository).await;
                Ok(outcome)
            }
            Effect::RegisterLocation { target, optional, .. } => {
                let target = resolve(target, &pending);
                self.register_for_run(caller, run, &target, *optional).await
            }
            Effect::RecordDeployment { deployment } => {
                self.record_deployment(caller, run, plan, index, deployment).await
            }
            Effect::Notify { recipients, title, info, severity, link } => {
                let id = format!("{}-{index:03}", run.id);
                let notification = Notification {
                    id: id.clone(),
                    at: self.now(),
                    recipients: recipients.clone(),
                    title: resolve(title, &pending),
                    info: info.as_deref().map(|info| resolve(info, &pending)),
                    severity: severity.clone(),
                    link: link.as_deref().map(|link| resolve(link, &pending)),
                    run: run.id.clone(),
                };
                let body = to_value(&notification)?;
                self.append(vec![NewFact::by(caller, kind::NOTIFICATION, id.clone(), Some(body))]).await?;
                Ok(EffectOutcome { identifier: Some(id), ..EffectOutcome::default() })
            }
            Effect::Wait { milliseconds } => {
                tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
                Ok(EffectOutcome::default())
            }
        }
    }

    async fn create_repository(
        &self,
        run: &Run,
        repository: &RepositoryRef,
        description: &str,
        default_branch: &BranchName,
    ) -> Result<EffectOutcome, AppError> {
        let new = NewRepository {
            repository: repository.clone(),
            description: description.to_owned(),
            default_branch: default_branch.clone(),
            created_by: run.id.clone(),
        };
        match self.inner.forge.create(&new).await {
            Ok(()) => Ok(EffectOutcome::default()),
            // The creation is one rename, so a repository with this run's mark is complete.
            Err(RemoteError::RepositoryExists { created_by, .. })
                if created_by.as_deref() == Some(run.id.as_str()) =>
            {
                Ok(EffectOutcome::default())
            }
            Err(error @ RemoteError::RepositoryExists { .. }) => Err(AppError::Conflict {
                message: error.to_string(),
                hint: Some("choose another name, or delete the repository first".to_owned()),
            }),
            Err(error) => Err(error.into()),
        }
    }

    async fn commit(&self, effect: &CommitEffect<'_>, began_before: bool) -> Result<EffectOutcome, AppError> {
        let forge = &self.inner.forge;
        let mark = trailer(effect.run, effect.index);
        if began_before
            && let Some(commit) =
                forge.commit_with_trailer(effect.repository, effect.branch, TRAILER, &mark).await?
        {
            let info = forge.commit_info(effect.repository, commit.as_str()).await?;
            let parent = info.parents.first().cloned();
            return Ok(EffectOutcome { commit: Some(commit), parent, ..EffectOutcome::default() });
        }
        let mut changes = Vec::with_capacity(effect.files.len());
        for file in effect.files {
            changes.push((file.path.clone(), self.content_of(file).await?));
        }
        let (author_name, author_email) = self.author(effect.run);
        for _ in 0..ATTEMPTS {
            let head = forge.head(effect.repository, effect.branch).await?;
            self.check_base(effect, head.as_ref()).await?;
            let request = CommitRequest {
                repository: effect.repository.clone(),
                branch: effect.branch.clone(),
                parent: head.clone(),
                message: format!(
                    "{}\n\nFairway-Run: {}\n{TRAILER}: {mark}\n",
                    effect.message.trim_end(),
                    effect.run.id
                ),
                author_name: author_name.clone(),
                author_email: author_email.clone(),
                // The run's own time, so that a resumed run makes the commit that it would have made.
                at: effect.run.started_at,
                changes: changes.clone(),
            };
            match forge.commit(&request).await {
                Ok(commit) => {
                    return Ok(EffectOutcome {
                        commit: Some(commit),
                        parent: head,
                        ..EffectOutcome::default()
                    });
                }
                Err(RemoteError::BranchMoved { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Conflict {
            message: format!("The branch {} of {} keeps moving", effect.branch, effect.repository),
            hint: Some("try again in a moment".to_owned()),
        })
    }

    async fn content_of(&self, file: &FileChange) -> Result<Option<TreeFile>, AppError> {
        let Some(digest) = file.content else { return Ok(None) };
        let bytes = self.inner.ledger.blob(&digest).await?.ok_or_else(|| {
            AppError::Internal(format!(
                "the content of {} ({}) is not in the ledger",
                file.path,
                digest.short()
            ))
        })?;
        Ok(Some(TreeFile { mode: file.mode, bytes: bytes.into() }))
    }

    /// Refuses when the branch holds something else than the plan was made on.
    async fn check_base(&self, effect: &CommitEffect<'_>, head: Option<&CommitId>) -> Result<(), AppError> {
        let Some(head) = head else { return Ok(()) };
        let conflict = |message: String| AppError::Conflict {
            message,
            hint: Some("make a new plan on what is there now".to_owned()),
        };
        if !effect.rebase {
            return Err(conflict(format!(
                "The branch {} of {} is not empty, as the plan expects",
                effect.branch, effect.repository
            )));
        }
        for file in effect.files {
            let there = self.inner.forge.file(effect.repository, head.as_str(), &file.path).await?;
            let digest = there.map(|file| Digest::of(&file.bytes));
            let expected = if file.action == FileAction::Add { None } else { file.before };
            if digest != expected {
                return Err(conflict(format!(
                    "{} in {} was changed by somebody else",
                    file.path, effect.repository
                )));
            }
        }
        Ok(())
    }

    /// The name and address of the person who said yes, for the commit.
    pub(crate) fn author(&self, run: &Run) -> (String, String) {
        self.person(&run.actor.user())
    }

    async fn record_deployment(
        &self,
        caller: &Caller,
        run: &Run,
        plan: &Plan,
        index: usize,
        intent: &DeploymentIntent,
    ) -> Result<EffectOutcome, AppError> {
        let pending = pending_values(run, plan);
        let mut intent = intent.clone();
        if intent.source_commit.is_none()
            && let Some(source) = &intent.source
        {
            intent.source_commit =
                pending.get(&format!("commit:{source}")).and_then(|commit| commit.parse().ok());
        }
        // The commit of the manifests is the nearest one before this effect.
        let commit =
            run.effects.get(..index).unwrap_or_default().iter().rev().find_map(|effect| {
                match &effect.status {
                    EffectStatus::Done { outcome } => outcome.commit.clone(),
                    _ => None,
                }
            });
        let Some(commit) = commit else {
            return Err(AppError::Internal(
                "a deployment was planned before the commit of its manifests".to_owned(),
            ));
        };
        let subject = format!("{}/{}", intent.service, intent.environment);
        let mut facts = Vec::new();
        let rendered = plan.environments.iter().find(|rendered| {
            rendered.environment == intent.environment && rendered.service == intent.service
        });
        for resource in rendered.map(|rendered| rendered.resources.as_slice()).unwrap_or_default() {
            let record = ResourceRecord {
                service: intent.service.clone(),
                environment: intent.environment.clone(),
                resource: resource.clone(),
                run: run.id.clone(),
                requested_at: run.started_at,
                declared_at: self.now(),
            };
            let key = format!("{subject}/{}", resource.name);
            // A resource that is there as it is was provisioned by the run that declared it first.
            if self.view().resources.get(&key).is_some_and(|known| known.resource == *resource) {
                continue;
            }
            facts.push(NewFact::by(caller, RESOURCE, key, Some(to_value(&record)?)));
        }
        let deployment = Deployment { intent, at: self.now(), run: run.id.clone(), commit, undone: false };
        facts.push(NewFact::by(caller, kind::DEPLOYMENT, subject.clone(), Some(to_value(&deployment)?)));
        self.append(facts).await?;
        Ok(EffectOutcome { identifier: Some(subject), ..EffectOutcome::default() })
    }
}

struct CommitEffect<'a> {
    run: &'a Run,
    index: usize,
    repository: &'a RepositoryRef,
    branch: &'a BranchName,
    rebase: bool,
    message: &'a str,
    files: &'a [FileChange],
}

pub(crate) fn to_value<T: serde::Serialize>(value: &T) -> Result<serde_json::Value, AppError> {
    serde_json::to_value(value).map_err(|error| AppError::Internal(error.to_string()))
}
