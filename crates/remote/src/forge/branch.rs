//! Branches: where they are, and moving them only from where the caller believes they are.

use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};

use super::Forge;
use crate::RemoteError;
use crate::git::Task;

impl Forge {
    /// The commit a branch is at; `None` when there is no such branch.
    pub async fn head(
        &self,
        repository: &RepositoryRef,
        branch: &BranchName,
    ) -> Result<Option<CommitId>, RemoteError> {
        let reference = format!("refs/heads/{branch}");
        let found = self.references(repository, &reference).await?;
        Ok(found.into_iter().find(|(name, _)| name == branch).map(|(_, commit)| commit))
    }

    /// All branches by name with the commits they are at.
    pub async fn branches(
        &self,
        repository: &RepositoryRef,
    ) -> Result<Vec<(BranchName, CommitId)>, RemoteError> {
        self.references(repository, "refs/heads/").await
    }

    async fn references(
        &self,
        repository: &RepositoryRef,
        below: &str,
    ) -> Result<Vec<(BranchName, CommitId)>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let task = Task::new("list the branches of", &on).within(&place).arguments([
            "for-each-ref",
            "--format=%(objectname) %(refname)",
            "--end-of-options",
            below,
        ]);
        let output = self.git.run(task).await?;
        let text = String::from_utf8_lossy(&output);
        let branches = text.lines().filter_map(|line| {
            let (commit, name) = line.split_once(' ')?;
            // A branch with a name that the domain does not know came by a push and cannot be addressed here.
            Some((name.strip_prefix("refs/heads/")?.parse().ok()?, commit.parse().ok()?))
        });
        Ok(branches.collect())
    }

    /// Makes a new branch at a commit.
    ///
    /// # Errors
    /// [`RemoteError::BranchMoved`] when there is a branch of that name elsewhere.
    pub async fn create_branch(
        &self,
        repository: &RepositoryRef,
        branch: &BranchName,
        at: &CommitId,
    ) -> Result<(), RemoteError> {
        self.compare_and_swap(repository, branch, None, Some(at)).await
    }

    /// Moves a branch that is at `from`; to nowhere, which deletes it, for `None`.
    ///
    /// # Errors
    /// [`RemoteError::BranchMoved`] when it is not at `from`.
    pub async fn move_branch(
        &self,
        repository: &RepositoryRef,
        branch: &BranchName,
        from: &CommitId,
        to: Option<&CommitId>,
    ) -> Result<(), RemoteError> {
        self.compare_and_swap(repository, branch, Some(from), to).await
    }

    /// Succeeds as well when the branch is already where it should go: then somebody did the same.
    pub(super) async fn compare_and_swap(
        &self,
        repository: &RepositoryRef,
        branch: &BranchName,
        expected: Option<&CommitId>,
        wanted: Option<&CommitId>,
    ) -> Result<(), RemoteError> {
        let (place, on) = (self.existing(repository).await?, format!("{branch} of {repository}"));
        let nowhere = "0".repeat(expected.or(wanted).map_or(40, |commit| commit.as_str().len()));
        let name = |commit: Option<&CommitId>| commit.map_or(nowhere.clone(), ToString::to_string);
        let line = format!("update refs/heads/{branch} {} {}\n", name(wanted), name(expected));
        let task = Task::new("move the branch", &on)
            .within(&place)
            .arguments(["update-ref", "--stdin"])
            .input(line.into_bytes());
        let Err(refused) = self.git.run(task).await else { return Ok(()) };
        let found = self.head(repository, branch).await?;
        if found.as_ref() == wanted {
            return Ok(());
        }
        if found.as_ref() == expected {
            return Err(refused);
        }
        Err(RemoteError::BranchMoved {
            repository: repository.clone(),
            branch: branch.clone(),
            expected: expected.cloned(),
            found,
        })
    }
}
