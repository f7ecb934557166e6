//! Change requests on the embedded forge: opened, talked about, reviewed, checked, merged.

mod check;
mod edit;
mod propose;

use std::fmt::Write as _;
use std::sync::Arc;

use fairway_domain::change_request::{ChangeRequest, ChangeState, Comment, CommentPlace, Review, Verdict};
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_remote::{CommitInfo, FileDiff, MergeOutcome, MergeRequest, RefUpdate};

pub use check::{Check, CheckStatus};
pub use edit::{EditField, EntityEdit, EntityForm};
pub use propose::Proposal;

use crate::effects::to_value;
use crate::sources::SourceTarget;
use crate::{App, AppError};

/// The most characters of a title, and of a description or comment.
const MAX_TITLE: usize = 200;
const MAX_TEXT: usize = 64 * 1024;

/// Commits of a change request that are listed.
const MAX_COMMITS: usize = 250;

/// Comments and reviews of one change request, so that one fact stays of a size that can be read.
const MAX_REMARKS: usize = 500;

/// A change request that somebody opens.
#[derive(Clone, Debug)]
pub struct NewChangeRequest {
    /// The branch with the change.
    pub source: BranchName,
    /// Where it should go; the default branch when absent.
    pub target: Option<BranchName>,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
}

/// A change request with everything that is known of it now.
pub struct ChangeDetails {
    /// What the ledger has.
    pub request: Arc<ChangeRequest>,
    /// Its commits, newest first, at most 250.
    pub commits: Vec<CommitInfo>,
    /// What it changes against the place where the branches parted.
    pub diff: Vec<FileDiff>,
    /// Files that cannot be merged; empty once it is settled.
    pub conflicts: Vec<TreePath>,
    /// What the checks say about its newest commit; empty once it is settled.
    pub checks: Vec<Check>,
    /// Why it cannot be merged now, in sentences; empty when it can.
    pub obstacles: Vec<String>,
}

impl App {
    /// The change requests of one repository, or of all, the newest first; only those in a state, when named.
    pub fn change_requests(
        &self,
        caller: &Caller,
        repository: Option<&RepositoryRef>,
        state: Option<&str>,
    ) -> Result<Vec<Arc<ChangeRequest>>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let wanted = |request: &&Arc<ChangeRequest>| {
            repository.is_none_or(|repository| request.repository == *repository)
                && state.is_none_or(|state| request.state.word() == state)
        };
        let mut found: Vec<_> = view.change_requests.values().filter(wanted).cloned().collect();
        found.sort_by_key(|request| std::cmp::Reverse((request.opened_at, request.number)));
        Ok(found)
    }

    /// The open change requests that change an entity, the newest first.
    pub fn changes_of_entity(&self, reference: &EntityRef) -> Vec<Arc<ChangeRequest>> {
        let view = self.view();
        let about =
            |request: &&Arc<ChangeRequest>| request.is_open() && request.entity.as_ref() == Some(reference);
        let mut found: Vec<_> = view.change_requests.values().filter(about).cloned().collect();
        found.sort_by_key(|request| std::cmp::Reverse((request.opened_at, request.number)));
        found
    }

    /// One change request with its commits, its diff and whether it can be merged.
    pub async fn change_request(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        number: u64,
    ) -> Result<ChangeDetails, AppError> {
        caller.authorise(Permission::Read)?;
        let request = self.known_change(repository, number)?;
        let forge = &self.inner.forge;
        let target = forge.head(repository, &request.target).await?;
        let base = match (&request.state, &target) {
            // What came into the target branch later is not part of it.
            (ChangeState::Merged { commit, .. }, _) => {
                forge.commit_info(repository, commit.as_str()).await?.parents.into_iter().next()
            }
            (_, Some(target)) => forge.merge_base(repository, target, &request.head).await?,
            (_, None) => None,
        };
        let Some(base) = base else {
            return Err(AppError::Conflict {
                message: format!("{} and {} have nothing in common", request.source, request.target),
                hint: Some(
                    "close this change request and open one for a branch of this repository".to_owned(),
                ),
            });
        };
        let (commits, diff) = tokio::join!(
            forge.commits_between(repository, &base, &request.head, MAX_COMMITS),
            forge.diff(repository, Some(&base), &request.head),
        );
        let (mut conflicts, mut checks, mut obstacles) = (Vec::new(), Vec::new(), Vec::new());
        if request.is_open() {
            if let Some(target) = &target {
                conflicts = forge.conflicts(repository, target, &request.head).await?;
            }
            checks = self.checks_of(&request).await?;
            obstacles = obstacles_of(&request, &conflicts, &checks);
        }
        Ok(ChangeDetails { request, commits: commits?, diff: diff?, conflicts, checks, obstacles })
    }

    /// Opens a change request for a branch that is there.
    pub async fn open_change(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        new: NewChangeRequest,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let info = self.repository(caller, repository).await?;
        let target = new.target.unwrap_or(info.default_branch);
        let _one_at_a_time = self.inner.deciding.lock().await;
        let request =
            self.prepared(caller, repository, &new.source, target, &new.title, &new.description).await?;
        self.record_change(caller, request).await
    }

    /// Everything of a new change request but its fact.
    async fn prepared(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        source: &BranchName,
        target: BranchName,
        title: &str,
        description: &str,
    ) -> Result<ChangeRequest, AppError> {
        let title = one_line(title)?;
        let description = bounded("description", description)?;
        if *source == target {
            return Err(AppError::invalid(format!("{source} cannot be merged into itself")));
        }
        let head = self.branch_head(repository, source).await?;
        let into = self.branch_head(repository, &target).await?;
        let view = self.view();
        let same = |request: &&Arc<ChangeRequest>| {
            request.is_open()
                && request.repository == *repository
                && request.source == *source
                && request.target == target
        };
        if let Some(known) = view.change_requests.values().find(same) {
            return Err(AppError::Conflict {
                message: format!("{} already asks to merge {source} into {target}", known.id()),
                hint: Some("push to the branch: the change request shows the new commits".to_owned()),
            });
        }
        let forge = &self.inner.forge;
        if forge.merge_base(repository, &into, &head).await?.as_ref() == Some(&head) {
            return Err(AppError::Conflict {
                message: format!("{target} already has everything of {source}"),
                hint: Some(format!("commit to {source} and push it first")),
            });
        }
        let number = forge.claim_change(repository, &head).await?;
        let now = self.now();
        Ok(ChangeRequest {
            repository: repository.clone(),
            number,
            title,
            description,
            author: caller.actor.user(),
            source: source.clone(),
            target,
            head,
            state: ChangeState::Open,
            opened_at: now,
            updated_at: now,
            entity: None,
            fields: Vec::new(),
            comments: Vec::new(),
            reviews: Vec::new(),
        })
    }

    /// Says something about a change request, or about a line of it.
    pub async fn comment_on_change(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        number: u64,
        text: &str,
        place: Option<CommentPlace>,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let text = required("comment", text)?;
        self.alter(caller, repository, number, |request, app| {
            room_for_more(request)?;
            let comment = Comment {
                number: request.comments.len() as u64 + 1,
                author: caller.actor.user(),
                at: app.now(),
                text,
                place,
            };
            request.comments.push(comment);
            Ok(())
        })
        .await
    }

    /// Approves what stands at `commit`, or asks for changes. Nobody reviews a commit that they have not seen: when
    /// the branch has moved on, the answer is a conflict.
    pub async fn review_change(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        number: u64,
        verdict: Verdict,
        text: &str,
        commit: Option<&CommitId>,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let text = bounded("review", text)?;
        let text = if verdict == Verdict::RequestChanges { required("review", &text)? } else { text };
        self.alter(caller, repository, number, |request, app| {
            room_for_more(request)?;
            must_be_open(request)?;
            must_be_at(request, commit)?;
            let author = caller.actor.user();
            if verdict == Verdict::Approve && author == request.author {
                return Err(AppError::Conflict {
                    message: "an approval is somebody else's to give".to_owned(),
                    hint: Some("ask a colleague to look at it".to_owned()),
                });
            }
            request.reviews.push(Review {
                author,
                at: app.now(),
                verdict,
                text,
                commit: request.head.clone(),
            });
            Ok(())
        })
        .await
    }

    /// Gives a change request up, or takes it up again.
    pub async fn set_change_open(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        number: u64,
        open: bool,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let head = match self.known_change(repository, number) {
            Ok(known) if open && !matches!(known.state, ChangeState::Merged { .. }) => {
                Some(self.branch_head(repository, &known.source).await?)
            }
            _ => None,
        };
        self.alter(caller, repository, number, |request, app| {
            match (&request.state, open) {
                (ChangeState::Merged { .. }, _) => return Err(settled(request)),
                (ChangeState::Open, true) | (ChangeState::Closed { .. }, false) => return Ok(()),
                (ChangeState::Open, false) => {
                    request.state = ChangeState::Closed { by: caller.actor.user(), at: app.now() };
                }
                (ChangeState::Closed { .. }, true) => request.state = ChangeState::Open,
            }
            if let Some(head) = head {
                request.head = head;
            }
            Ok(())
        })
        .await
    }

    /// Merges a change request, if it still is at `commit` and nothing stands in the way, and removes its branch.
    pub async fn merge_change(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        number: u64,
        commit: Option<&CommitId>,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let merged = {
            let _one_at_a_time = self.inner.deciding.lock().await;
            let details = self.change_request(caller, repository, number).await?;
            let mut request = ChangeRequest::clone(&details.request);
            must_be_open(&request)?;
            must_be_at(&request, commit)?;
            if let Some(first) = details.obstacles.first() {
                return Err(AppError::Conflict {
                    message: format!("{} cannot be merged: {first}", request.id()),
                    hint: Some("see what is in the way on its page".to_owned()),
                });
            }
            let forge = &self.inner.forge;
            let expected = self.branch_head(repository, &request.target).await?;
            let (author_name, author_email) = self.person(&caller.actor.user());
            let outcome = forge
                .merge(&MergeRequest {
                    repository: repository.clone(),
                    into: request.target.clone(),
                    expected: expected.clone(),
                    from: request.head.clone(),
                    message: message_of(&request),
                    author_name,
                    author_email,
                    at: self.now(),
                })
                .await?;
            let commit = match outcome {
                MergeOutcome::Merged(commit) => commit,
                MergeOutcome::UpToDate => expected,
                MergeOutcome::Conflicts(paths) => {
                    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
                    return Err(AppError::Conflict {
                        message: format!("both branches changed {}", names.join(", ")),
                        hint: Some(format!("merge {} into {} and push", request.target, request.source)),
                    });
                }
            };
            request.state = ChangeState::Merged { commit, by: caller.actor.user(), at: self.now() };
            let merged = self.record_change(caller, request).await?;
            // The branch did its work; its commits stay under the number. Somebody may just have pushed to it.
            let is_needed = self.is_followed(repository, &merged.source).await?;
            if !is_needed
                && let Err(error) = forge.move_branch(repository, &merged.source, &merged.head, None).await
            {
                tracing::info!(%error, "the branch {} of {repository} stays: {error}", merged.source);
            }
            merged
        };
        self.refresh_repository(caller, repository).await;
        Ok(merged)
    }

    /// Whether a branch is what clones check out, or what a source of the catalog reads.
    async fn is_followed(&self, repository: &RepositoryRef, branch: &BranchName) -> Result<bool, AppError> {
        let view = self.view();
        let is_read = view.sources.values().any(|source| match &source.target {
            SourceTarget::Forge { repository: of, branch: read, .. } => of == repository && read == branch,
            _ => false,
        });
        Ok(is_read || self.inner.forge.info(repository).await?.default_branch == *branch)
    }

    /// A push moved branches: open change requests follow, and those whose commits arrived are merged.
    pub(crate) async fn follow_push(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        updates: &[RefUpdate],
    ) -> Result<(), AppError> {
        let moved: Vec<&BranchName> = updates.iter().filter_map(|update| update.branch.as_ref()).collect();
        let _one_at_a_time = self.inner.deciding.lock().await;
        let view = self.view();
        let concerned = |request: &&Arc<ChangeRequest>| {
            request.is_open()
                && request.repository == *repository
                && (moved.contains(&&request.source) || moved.contains(&&request.target))
        };
        for known in view.change_requests.values().filter(concerned) {
            let mut request = ChangeRequest::clone(known);
            let forge = &self.inner.forge;
            let (source, target) = tokio::join!(
                forge.head(repository, &request.source),
                forge.head(repository, &request.target)
            );
            let (source, target) = (source?, target?);
            if let Some(head) = source {
                request.head = head;
            }
            if let Some(target) = target
                && forge.merge_base(repository, &target, &request.head).await?.as_ref() == Some(&request.head)
            {
                request.state =
                    ChangeState::Merged { commit: target, by: caller.actor.user(), at: self.now() };
            }
            if request != **known {
                self.record_change(caller, request).await?;
            }
        }
        Ok(())
    }

    fn known_change(&self, repository: &RepositoryRef, number: u64) -> Result<Arc<ChangeRequest>, AppError> {
        let id = format!("{repository}#{number}");
        self.view().change_requests.get(&id).cloned().ok_or(AppError::NotFound {
            what: "change request",
            name: id,
            near: Vec::new(),
        })
    }

    async fn branch_head(
        &self,
        repository: &RepositoryRef,
        branch: &BranchName,
    ) -> Result<CommitId, AppError> {
        let head = self.inner.forge.head(repository, branch).await?;
        head.ok_or_else(|| AppError::NotFound {
            what: "branch",
            name: format!("{branch} of {repository}"),
            near: Vec::new(),
        })
    }

    async fn alter(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        number: u64,
        change: impl FnOnce(&mut ChangeRequest, &Self) -> Result<(), AppError>,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        let _one_at_a_time = self.inner.deciding.lock().await;
        let known = self.known_change(repository, number)?;
        let mut request = ChangeRequest::clone(&known);
        change(&mut request, self)?;
        if request == *known {
            return Ok(known);
        }
        self.record_change(caller, request).await
    }

    async fn record_change(
        &self,
        caller: &Caller,
        mut request: ChangeRequest,
    ) -> Result<Arc<ChangeRequest>, AppError> {
        request.updated_at = self.now();
        self.inner.forge.keep_change(&request.repository, request.number, &request.head).await?;
        let fact = NewFact::by(caller, kind::CHANGE_REQUEST, request.id(), Some(to_value(&request)?));
        self.append(vec![fact]).await?;
        Ok(Arc::new(request))
    }
}

/// The merge commit's message: what git's users expect, and who agreed.
fn message_of(request: &ChangeRequest) -> String {
    let mut message = format!("Merge #{}: {}\n", request.number, request.title);
    for approver in request.approvals() {
        let _ = write!(message, "\nApproved-By: {approver}");
    }
    message.push('\n');
    message
}

fn obstacles_of(request: &ChangeRequest, conflicts: &[TreePath], checks: &[Check]) -> Vec<String> {
    let mut obstacles = Vec::new();
    if !conflicts.is_empty() {
        let names: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
        obstacles.push(format!("both branches changed {}", names.join(", ")));
    }
    for objector in request.objections() {
        obstacles.push(format!("{} asks for changes", objector.name()));
    }
    for check in checks.iter().filter(|check| check.status == CheckStatus::Failed) {
        obstacles.push(format!("the check \"{}\" fails: {}", check.name, check.summary));
    }
    obstacles
}

fn settled(request: &ChangeRequest) -> AppError {
    AppError::Conflict { message: format!("{} is {}", request.id(), request.state.word()), hint: None }
}

fn must_be_open(request: &ChangeRequest) -> Result<(), AppError> {
    if request.is_open() { Ok(()) } else { Err(settled(request)) }
}

fn must_be_at(request: &ChangeRequest, seen: Option<&CommitId>) -> Result<(), AppError> {
    match seen {
        Some(seen) if *seen != request.head => Err(AppError::Conflict {
            message: format!("{} has new commits: it is at {} now", request.id(), request.head.short()),
            hint: Some("look at them, then decide".to_owned()),
        }),
        _ => Ok(()),
    }
}

fn room_for_more(request: &ChangeRequest) -> Result<(), AppError> {
    if request.comments.len() + request.reviews.len() < MAX_REMARKS {
        return Ok(());
    }
    Err(AppError::Conflict {
        message: format!("{} already has {MAX_REMARKS} comments and reviews", request.id()),
        hint: Some("merge or close it".to_owned()),
    })
}

fn one_line(title: &str) -> Result<String, AppError> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() {
        return Err(AppError::invalid("a change request needs a title"));
    }
    if title.chars().count() > MAX_TITLE {
        return Err(AppError::invalid(format!("a title has at most {MAX_TITLE} characters")));
    }
    Ok(title)
}

fn bounded(what: &str, text: &str) -> Result<String, AppError> {
    if text.len() > MAX_TEXT {
        return Err(AppError::invalid(format!("a {what} has at most {MAX_TEXT} bytes")));
    }
    Ok(text.trim().replace("\r\n", "\n"))
}

fn required(what: &str, text: &str) -> Result<String, AppError> {
    let text = bounded(what, text)?;
    if text.is_empty() { Err(AppError::invalid(format!("a {what} needs a text"))) } else { Ok(text) }
}
