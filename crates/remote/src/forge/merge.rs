//! Merging one line of work into a branch, without a work tree.

use fairway_domain::Timestamp;
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;

use super::Forge;
use crate::RemoteError;
use crate::git::Task;

/// A merge to be made.
#[derive(Debug, Clone)]
pub struct MergeRequest {
    /// Where.
    pub repository: RepositoryRef,
    /// Into which branch.
    pub into: BranchName,
    /// Where that branch must be.
    pub expected: CommitId,
    /// What to merge.
    pub from: CommitId,
    /// The merge commit's message.
    pub message: String,
    /// Who.
    pub author_name: String,
    /// Their address.
    pub author_email: String,
    /// When; git keeps whole seconds.
    pub at: Timestamp,
}

/// How a merge ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeOutcome {
    /// The branch is now at this merge commit.
    Merged(CommitId),
    /// The branch had everything already.
    UpToDate,
    /// Both sides changed these files differently; nothing moved.
    Conflicts(Vec<TreePath>),
}

impl Forge {
    /// Merges `from` into a branch with a merge commit; the same request gives the same commit.
    ///
    /// # Errors
    /// [`RemoteError::BranchMoved`] when the branch is not where the request expects it.
    pub async fn merge(&self, request: &MergeRequest) -> Result<MergeOutcome, RemoteError> {
        let outcome = self.try_merge(&request.repository, &request.expected, &request.from).await?;
        let tree = match outcome {
            Attempt::UpToDate => return Ok(MergeOutcome::UpToDate),
            Attempt::Conflicts(paths) => return Ok(MergeOutcome::Conflicts(paths)),
            Attempt::Clean(tree) => tree,
        };
        let (place, on) = (self.existing(&request.repository).await?, request.repository.to_string());
        let date = format!("@{} +0000", request.at.as_second().max(0));
        let mut task = Task::new("merge in", &on).within(&place).arguments([
            "commit-tree",
            "-p",
            request.expected.as_str(),
            "-p",
            request.from.as_str(),
            "-F",
            "-",
            &tree,
        ]);
        for (person, name, address) in [
            ("AUTHOR", &request.author_name, &request.author_email),
            ("COMMITTER", &request.author_name, &request.author_email),
        ] {
            // Git refuses empty names and drops what could end one early.
            let or_unknown = |text: &str| {
                let clean: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
                if clean.trim().is_empty() { "unknown".to_owned() } else { clean }
            };
            task = task
                .variable(&format!("GIT_{person}_NAME"), or_unknown(name))
                .variable(&format!("GIT_{person}_EMAIL"), or_unknown(address))
                .variable(&format!("GIT_{person}_DATE"), &date);
        }
        let message = request.message.replace('\0', "");
        let output = self.git.run(task.input(format!("{}\n", message.trim_end()).into_bytes())).await?;
        let text = String::from_utf8_lossy(&output);
        let commit: CommitId = text.trim().parse().map_err(|_| RemoteError::Git {
            doing: "merge in",
            on,
            message: "no commit came out".to_owned(),
        })?;
        self.compare_and_swap(&request.repository, &request.into, Some(&request.expected), Some(&commit))
            .await?;
        Ok(MergeOutcome::Merged(commit))
    }

    /// The paths that would conflict if `from` were merged into `into`; empty when it would go well.
    pub async fn conflicts(
        &self,
        repository: &RepositoryRef,
        into: &CommitId,
        from: &CommitId,
    ) -> Result<Vec<TreePath>, RemoteError> {
        Ok(match self.try_merge(repository, into, from).await? {
            Attempt::Conflicts(paths) => paths,
            Attempt::Clean(_) | Attempt::UpToDate => Vec::new(),
        })
    }

    async fn try_merge(
        &self,
        repository: &RepositoryRef,
        into: &CommitId,
        from: &CommitId,
    ) -> Result<Attempt, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let ancestry = Task::new("merge in", &on).within(&place).arguments([
            "merge-base",
            "--is-ancestor",
            from.as_str(),
            into.as_str(),
        ]);
        let merge = Task::new("merge in", &on).within(&place).arguments([
            "merge-tree",
            "--write-tree",
            "-z",
            "--name-only",
            "--no-messages",
            into.as_str(),
            from.as_str(),
        ]);
        let (ancestry, merge) = tokio::join!(self.git.finish(ancestry), self.git.finish(merge));
        if ancestry?.success {
            return Ok(Attempt::UpToDate);
        }
        let merge = merge?;
        let text = String::from_utf8_lossy(&merge.output).into_owned();
        let mut fields = text.split('\0').map(str::trim);
        let tree = fields.next().filter(|tree| tree.parse::<CommitId>().is_ok());
        let Some(tree) = tree else {
            merge.accepted("merge in", &on)?;
            return Err(RemoteError::Git { doing: "merge in", on, message: "no tree came out".to_owned() });
        };
        if merge.success {
            return Ok(Attempt::Clean(tree.to_owned()));
        }
        let mut paths: Vec<TreePath> = fields.filter_map(|path| path.parse().ok()).collect();
        paths.sort();
        paths.dedup();
        Ok(Attempt::Conflicts(paths))
    }
}

enum Attempt {
    Clean(String),
    UpToDate,
    Conflicts(Vec<TreePath>),
}
