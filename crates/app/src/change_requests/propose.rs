//! Changes that Fairway writes: a branch, a commit and a change request in one step.

use std::sync::Arc;

use fairway_catalog::CatalogEntity;
use fairway_domain::change_request::{ChangeRequest, FieldChange};
use fairway_domain::repository::{BranchName, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};
use fairway_domain::{Caller, EntityRef, Permission};
use fairway_remote::{CommitRequest, RemoteError};

use crate::push_judge::PushAnswer;
use crate::{App, AppError, secret_scan};

/// Branch names that are tried when somebody has the first one.
const ATTEMPTS: usize = 50;

/// Files to be changed, and why.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Where.
    pub repository: RepositoryRef,
    /// Into which branch.
    pub target: BranchName,
    /// New contents by path; `None` deletes.
    pub files: Vec<(TreePath, Option<TreeFile>)>,
    /// One line.
    pub title: String,
    /// Markdown.
    pub description: String,
    /// What the branch is called after, for example `edit-orders-api`.
    pub branch: String,
    /// The entity that is changed, when it is one.
    pub entity: Option<EntityRef>,
    /// Its fields that are changed.
    pub fields: Vec<FieldChange>,
}

impl App {
    /// Commits files to a new branch and opens a change request for it.
    pub async fn propose(&self, caller: &Caller, proposal: Proposal) -> Result<Arc<ChangeRequest>, AppError> {
        caller.authorise(Permission::Push)?;
        let repository = &proposal.repository;
        // What a push may not bring, a form may not either.
        if self.inner.config.secrets_in_pushes == PushAnswer::Refuse {
            self.without_new_secrets(&proposal).await?;
        }
        let head = self.branch_head(repository, &proposal.target).await?;
        let (author_name, author_email) = self.person(&caller.actor.user());
        let mut request = CommitRequest {
            repository: repository.clone(),
            branch: branch_name(&proposal.branch, 1)?,
            parent: None,
            message: format!("{}\n", super::one_line(&proposal.title)?),
            author_name,
            author_email,
            at: self.now(),
            changes: proposal.files,
        };
        let _one_at_a_time = self.inner.deciding.lock().await;
        let forge = &self.inner.forge;
        for attempt in 1..=ATTEMPTS {
            request.branch = branch_name(&proposal.branch, attempt)?;
            match forge.create_branch(repository, &request.branch, &head).await {
                // Somebody's branch of that name may happen to be at the same commit.
                Ok(()) => {
                    request.parent = Some(head.clone());
                    break;
                }
                Err(RemoteError::BranchMoved { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if request.parent.is_none() {
            return Err(AppError::Conflict {
                message: format!("{repository} has {ATTEMPTS} branches like {} already", proposal.branch),
                hint: Some("merge or close their change requests".to_owned()),
            });
        }
        let opened = async {
            forge.commit(&request).await?;
            let prepared = self
                .prepared(
                    caller,
                    repository,
                    &request.branch,
                    proposal.target,
                    &proposal.title,
                    &proposal.description,
                )
                .await?;
            let prepared = ChangeRequest { entity: proposal.entity, fields: proposal.fields, ..prepared };
            self.record_change(caller, prepared).await
        };
        let opened = opened.await;
        if opened.is_err() {
            // What was begun is taken away; the reason why it failed is the answer.
            if let Ok(Some(at)) = forge.head(repository, &request.branch).await {
                let _ = forge.move_branch(repository, &request.branch, &at, None).await;
            }
        }
        opened
    }

    async fn without_new_secrets(&self, proposal: &Proposal) -> Result<(), AppError> {
        for (path, file) in &proposal.files {
            let Some(file) = file else { continue };
            let before = self.inner.forge.file(&proposal.repository, proposal.target.as_str(), path).await;
            let before = before.ok().flatten().map(|file| file.bytes);
            let found = secret_scan::new_secrets(path.as_str(), &file.bytes, before.as_deref());
            if !found.is_empty() {
                return Err(AppError::Diagnostics(found));
            }
        }
        Ok(())
    }

    /// A person's name and address, as commits carry them.
    pub(crate) fn person(&self, user: &EntityRef) -> (String, String) {
        let view = self.view();
        let entity = view.catalog.get(user).map(CatalogEntity::entity);
        let text = |pointer: &str| {
            entity.as_ref().and_then(|entity| entity.spec_pointer(pointer)?.as_str().map(str::to_owned))
        };
        let name = text("/profile/displayName").unwrap_or_else(|| user.name().to_owned());
        let email =
            text("/profile/email").unwrap_or_else(|| format!("{}@users.noreply.fairway.dev", user.name()));
        (name, email)
    }
}

fn branch_name(wish: &str, attempt: usize) -> Result<BranchName, AppError> {
    let safe =
        |letter: char| if letter.is_ascii_alphanumeric() || "-_".contains(letter) { letter } else { '-' };
    let wish: String = wish.chars().take(80).map(safe).collect();
    let wish = wish.trim_matches('-');
    let name = if attempt == 1 { format!("change/{wish}") } else { format!("change/{wish}-{attempt}") };
    name.parse()
        .map_err(|error: fairway_domain::repository::BranchNameError| AppError::invalid(error.to_string()))
}
