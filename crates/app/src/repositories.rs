//! Repositories of the embedded forge, to browse and to push to.

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::repository::{CommitId, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};
use fairway_domain::{Caller, Permission};
use fairway_remote::{CommitInfo, FileDiff, FolderEntry, Forge, RefUpdate, RepositoryInfo};
use serde_json::json;

use crate::{App, AppError};

impl App {
    /// Every repository, by name.
    pub async fn repositories(&self, caller: &Caller) -> Result<Vec<RepositoryInfo>, AppError> {
        caller.authorise(Permission::Read)?;
        Ok(self.inner.forge.list().await?)
    }

    /// One repository.
    pub async fn repository(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
    ) -> Result<RepositoryInfo, AppError> {
        caller.authorise(Permission::Read)?;
        let all = self.inner.forge.list().await?;
        let near = all
            .iter()
            .filter(|info| info.repository.name() == repository.name())
            .map(|info| info.repository.to_string())
            .collect();
        all.into_iter().find(|info| info.repository == *repository).ok_or_else(|| AppError::NotFound {
            what: "repository",
            name: repository.to_string(),
            near,
        })
    }

    /// The branches with their heads.
    pub async fn branches(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
    ) -> Result<Vec<(fairway_domain::repository::BranchName, CommitId)>, AppError> {
        caller.authorise(Permission::Read)?;
        Ok(self.inner.forge.branches(repository).await?)
    }

    /// What is in a folder at a revision.
    pub async fn folder(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        revision: &str,
        folder: Option<&TreePath>,
    ) -> Result<Vec<FolderEntry>, AppError> {
        caller.authorise(Permission::Read)?;
        Ok(self.inner.forge.list_folder(repository, revision, folder).await?)
    }

    /// A file at a revision.
    pub async fn file(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        revision: &str,
        path: &TreePath,
    ) -> Result<TreeFile, AppError> {
        caller.authorise(Permission::Read)?;
        self.inner.forge.file(repository, revision, path).await?.ok_or_else(|| AppError::NotFound {
            what: "file",
            name: format!("{repository}/{path}"),
            near: Vec::new(),
        })
    }

    /// The commits of a revision, newest first.
    pub async fn commits(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        revision: &str,
        limit: usize,
        skip: usize,
    ) -> Result<Vec<CommitInfo>, AppError> {
        caller.authorise(Permission::Read)?;
        Ok(self.inner.forge.log(repository, revision, None, limit, skip).await?)
    }

    /// One commit with what it changed against its first parent.
    pub async fn commit_with_diff(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        commit: &CommitId,
    ) -> Result<(CommitInfo, Vec<FileDiff>), AppError> {
        caller.authorise(Permission::Read)?;
        let info = self.inner.forge.commit_info(repository, commit.as_str()).await?;
        let diff = self.inner.forge.diff(repository, info.parents.first(), commit).await?;
        Ok((info, diff))
    }

    /// The forge, for serving git itself, once the caller may.
    pub async fn forge_for_git(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        push: bool,
    ) -> Result<Forge, AppError> {
        caller.authorise(if push { Permission::Push } else { Permission::Read })?;
        if !self.inner.forge.exists(repository).await? {
            return Err(AppError::NotFound {
                what: "repository",
                name: repository.to_string(),
                near: Vec::new(),
            });
        }
        let forge = self.inner.forge.clone();
        if !push {
            return Ok(forge);
        }
        let trunk = forge.info(repository).await?.default_branch;
        Ok(match self.push_judge(repository, trunk) {
            Some(judge) => forge.with_judge(judge),
            None => forge,
        })
    }

    /// A push ended: it is recorded, and the catalog reads what changed.
    pub async fn pushed(
        &self,
        caller: &Caller,
        repository: &RepositoryRef,
        updates: &[RefUpdate],
    ) -> Result<(), AppError> {
        if updates.is_empty() {
            return Ok(());
        }
        let (branches, others): (Vec<&RefUpdate>, Vec<&RefUpdate>) =
            updates.iter().partition(|update| update.branch.is_some());
        let branches: Vec<_> = branches
            .into_iter()
            .map(|update| json!({"branch": update.branch, "before": update.before, "after": update.after}))
            .collect();
        let mut body = json!({"branches": branches});
        let others: Vec<_> = others
            .into_iter()
            .map(|update| json!({"name": update.name, "before": update.before, "after": update.after}))
            .collect();
        // Tags for the most part.
        if let (false, Some(body)) = (others.is_empty(), body.as_object_mut()) {
            body.insert("others".to_owned(), others.into());
        }
        self.append(vec![NewFact::by(caller, kind::PUSH, repository.to_string(), Some(body))]).await?;
        self.follow_push(caller, repository, updates).await?;
        self.refresh_repository(caller, repository).await;
        Ok(())
    }
}
