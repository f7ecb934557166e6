//! Who committed what and when: logs, single commits and the trailers in their messages.

use fairway_domain::Timestamp;
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;
use serde::Serialize;

use super::Forge;
use crate::RemoteError;
use crate::git::Task;

/// At most this many commits in one answer.
const LOG_LIMIT: usize = 10_000;
/// How many of the newest commits are searched for a trailer.
const TRAILER_SEARCH: usize = 200;
/// Six fields per commit, each ended by NUL, which no commit can contain.
const FORMAT: &str = "--format=tformat:%H%x00%P%x00%an%x00%ae%x00%at%x00%B";

/// A commit without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitInfo {
    /// Its object name.
    pub id: CommitId,
    /// What it builds on: none for the first, two or more for a merge.
    pub parents: Vec<CommitId>,
    /// Who wrote it.
    pub author_name: String,
    /// Their address.
    pub author_email: String,
    /// When it was written.
    pub at: Timestamp,
    /// The message's first line.
    pub summary: String,
    /// The rest of the message, trailers included.
    pub body: String,
}

impl CommitInfo {
    /// The trailers (`Key: value` lines of the message's last paragraph) in their order.
    pub fn trailers(&self) -> Vec<(&str, &str)> {
        let last = self.body.rsplit("\n\n").next().unwrap_or_default();
        last.lines()
            .filter_map(|line| line.split_once(':'))
            .filter(|(key, _)| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
            .map(|(key, value)| (key, value.trim()))
            .collect()
    }
}

impl Forge {
    /// Commits from `revision` backwards, newest first; only those that touch `path`, when given.
    pub async fn log(
        &self,
        repository: &RepositoryRef,
        revision: &str,
        path: Option<&TreePath>,
        limit: usize,
        skip: usize,
    ) -> Result<Vec<CommitInfo>, RemoteError> {
        let commit = self.resolve(repository, revision).await?;
        self.log_from(repository, &commit, None, path, limit, skip).await
    }

    /// One commit, by branch, tag or object name.
    pub async fn commit_info(
        &self,
        repository: &RepositoryRef,
        revision: &str,
    ) -> Result<CommitInfo, RemoteError> {
        let found = self.log(repository, revision, None, 1, 0).await?.pop();
        found.ok_or_else(|| RemoteError::RevisionMissing {
            repository: repository.to_string(),
            revision: revision.to_owned(),
        })
    }

    /// The newest commit among the last 200 of a branch whose message has the trailer `key: value`.
    /// So a repeated run finds what it already committed. `None` as well when there is no such branch.
    pub async fn commit_with_trailer(
        &self,
        repository: &RepositoryRef,
        branch: &BranchName,
        key: &str,
        value: &str,
    ) -> Result<Option<CommitId>, RemoteError> {
        let Some(head) = self.head(repository, branch).await? else { return Ok(None) };
        let commits = self.log_from(repository, &head, None, None, TRAILER_SEARCH, 0).await?;
        let wanted = commits.into_iter().find(|commit| {
            commit
                .trailers()
                .into_iter()
                .any(|(its_key, its_value)| its_key.eq_ignore_ascii_case(key) && its_value == value)
        });
        Ok(wanted.map(|commit| commit.id))
    }

    /// The commits that `head` has and `base` has not, newest first.
    pub async fn commits_between(
        &self,
        repository: &RepositoryRef,
        base: &CommitId,
        head: &CommitId,
        limit: usize,
    ) -> Result<Vec<CommitInfo>, RemoteError> {
        self.log_from(repository, head, Some(base), None, limit, 0).await
    }

    async fn log_from(
        &self,
        repository: &RepositoryRef,
        commit: &CommitId,
        without: Option<&CommitId>,
        path: Option<&TreePath>,
        limit: usize,
        skip: usize,
    ) -> Result<Vec<CommitInfo>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let limit = format!("--max-count={}", limit.min(LOG_LIMIT));
        let skip = format!("--skip={skip}");
        let mut task = Task::new("read the log of", &on).within(&place).arguments([
            "log",
            "-z",
            "--no-color",
            "--no-show-signature",
            "--encoding=UTF-8",
            FORMAT,
            &limit,
            &skip,
            "--end-of-options",
            commit.as_str(),
        ]);
        if let Some(without) = without {
            task = task.arguments([format!("^{without}")]);
        }
        task = task.arguments(["--"]);
        if let Some(path) = path {
            task = task.arguments([path.as_str()]);
        }
        let output = self.git.run(task).await?;
        let text = String::from_utf8_lossy(&output);
        let fields: Vec<&str> = text.split('\0').collect();
        Ok(fields.chunks_exact(6).filter_map(parse).collect())
    }
}

fn parse(fields: &[&str]) -> Option<CommitInfo> {
    let [id, parents, author_name, author_email, at, message] = fields else { return None };
    let (summary, body) = message.trim_end().split_once('\n').unwrap_or((message.trim_end(), ""));
    Some(CommitInfo {
        id: id.parse().ok()?,
        parents: parents.split(' ').filter_map(|parent| parent.parse().ok()).collect(),
        author_name: (*author_name).to_owned(),
        author_email: (*author_email).to_owned(),
        at: Timestamp::from_second(at.parse().ok()?).ok()?,
        summary: summary.to_owned(),
        body: body.trim_start_matches('\n').to_owned(),
    })
}
