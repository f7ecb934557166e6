//! What change requests need of git: a number that nobody else has, and what keeps their commits.

use fairway_domain::repository::{CommitId, RepositoryRef};

use super::Forge;
use crate::RemoteError;
use crate::git::Task;

/// The commits of change requests, by number: `refs/changes/12` can be fetched even when its branch is gone.
const CHANGES: &str = "refs/changes/";

/// How often a number that somebody else was faster to take is followed by the next one.
const ATTEMPTS: u64 = 100;

impl Forge {
    /// Takes the next number of the repository's change requests and keeps `head` under it. Git decides who gets a
    /// number, so two processes on one folder never get the same.
    pub async fn claim_change(
        &self,
        repository: &RepositoryRef,
        head: &CommitId,
    ) -> Result<u64, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let listing = Task::new("list the change requests of", &on).within(&place).arguments([
            "for-each-ref",
            "--format=%(refname)",
            CHANGES,
        ]);
        let output = self.git.run(listing).await?;
        let text = String::from_utf8_lossy(&output);
        let last = text.lines().filter_map(|line| line.strip_prefix(CHANGES)?.parse::<u64>().ok()).max();
        let first = last.unwrap_or_default() + 1;
        let mut refused = None;
        for number in first..first + ATTEMPTS {
            let line = format!("create {CHANGES}{number} {head}\n");
            let task = Task::new("number a change request of", &on)
                .within(&place)
                .arguments(["update-ref", "--stdin"])
                .input(line.into_bytes());
            match self.git.run(task).await {
                Ok(_) => return Ok(number),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| RemoteError::Git {
            doing: "number a change request of",
            on,
            message: "no number is free".to_owned(),
        }))
    }

    /// Keeps the newest commit of a change request, so that it can be read when its branch is gone.
    pub async fn keep_change(
        &self,
        repository: &RepositoryRef,
        number: u64,
        head: &CommitId,
    ) -> Result<(), RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let line = format!("update {CHANGES}{number} {head}\n");
        let task = Task::new("keep a change request of", &on)
            .within(&place)
            .arguments(["update-ref", "--stdin"])
            .input(line.into_bytes());
        self.git.run(task).await.map(drop)
    }

    /// Where two lines of work parted; `None` when they have nothing in common.
    pub async fn merge_base(
        &self,
        repository: &RepositoryRef,
        one: &CommitId,
        other: &CommitId,
    ) -> Result<Option<CommitId>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let task = Task::new("compare branches of", &on).within(&place).arguments([
            "merge-base",
            one.as_str(),
            other.as_str(),
        ]);
        let output = self.git.finish(task).await?;
        Ok(String::from_utf8_lossy(&output.output).trim().parse().ok())
    }
}
