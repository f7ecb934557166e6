//! A push whose objects are there, and whose branches have not moved: what somebody who judges it can look at.

use std::path::PathBuf;

use fairway_domain::repository::{BranchName, CommitId};
use fairway_domain::tree::TreePath;

use super::content::{ListedFile, changed, listed};
use super::judge::THINKING;
use super::wire::RefUpdate;
use crate::RemoteError;
use crate::git::objects::{Budget, ObjectReader};
use crate::git::{Git, Task};

/// The longest list of files, in bytes of git's answer.
const LIST_BYTES: usize = 64 * 1024 * 1024;
/// How many bytes of files are held at once.
const BATCH_BYTES: u64 = 32 * 1024 * 1024;

/// A file in a commit that no branch had before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewFile {
    /// Its path in that commit.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    id: String,
}

/// A push whose objects are there, and whose branches have not moved.
pub struct ProposedPush {
    /// What it wants to move.
    pub updates: Vec<RefUpdate>,
    pub(super) git: Git,
    /// The repository's folder.
    pub(super) place: PathBuf,
    /// Where its objects wait.
    pub(super) quarantine: PathBuf,
    /// The repository's name, for people.
    pub(super) on: String,
}

impl ProposedPush {
    fn task(&self) -> Task<'_> {
        Task::new("look at a push to", &self.on)
            .within(&self.place)
            .variable("GIT_OBJECT_DIRECTORY", &self.quarantine)
            .variable("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.place.join("objects"))
            .timeout(THINKING)
    }

    /// The files of all commits that no branch, tag or change request had before, by path.
    pub async fn new_files(&self) -> Result<Vec<NewFile>, RemoteError> {
        let mut question: String =
            self.updates.iter().filter_map(|update| Some(format!("{}\n", update.after.as_ref()?))).collect();
        if question.is_empty() {
            return Ok(Vec::new());
        }
        question.push_str("--not\n--all\n");
        let task = self.task().arguments(["rev-list", "--objects", "--filter=object:type=blob", "--stdin"]);
        let answer = self.git.run(task.input(question.into_bytes()).limit(LIST_BYTES)).await?;
        let mut named: Vec<(String, String)> = answer
            .split(|byte| *byte == b'\n')
            .filter_map(|line| {
                let line = String::from_utf8_lossy(line);
                let (id, path) = line.split_once(' ')?;
                Some((path.to_owned(), id.to_owned()))
            })
            .collect();
        named.sort();
        let ids: Vec<String> = named.iter().map(|(_, id)| id.clone()).collect();
        let headers = ObjectReader::open(&self.git, self.task()).await?.headers(&ids).await?;
        let files = named.into_iter().zip(headers).filter_map(|((path, id), header)| {
            let header = header.filter(|header| header.kind == "blob")?;
            Some(NewFile { path, size: header.size, id })
        });
        Ok(files.collect())
    }

    /// Hands the bytes of files to `look`, a few at a time; those larger than `largest` are left out.
    pub async fn look_at(
        &self,
        files: &[NewFile],
        largest: u64,
        mut look: impl FnMut(&NewFile, &[u8]) + Send,
    ) -> Result<(), RemoteError> {
        let mut reader = ObjectReader::open(&self.git, self.task()).await?;
        for batch in batches(files, largest) {
            let ids: Vec<String> = batch.iter().map(|file| file.id.clone()).collect();
            let bytes: u64 = batch.iter().map(|file| file.size).sum();
            let objects = reader.contents(&ids, &mut Budget::new(bytes.max(BATCH_BYTES))).await?;
            for (file, object) in batch.into_iter().zip(objects) {
                if let Some(object) = object {
                    look(file, &object.bytes);
                }
            }
        }
        Ok(())
    }

    /// The regular files that an update gives a branch or changes: against where it was, and for a new branch against
    /// where it left `trunk`. Without either these are all of its files, and for a deletion none.
    pub async fn changed_files(
        &self,
        update: &RefUpdate,
        trunk: &BranchName,
    ) -> Result<Vec<ListedFile>, RemoteError> {
        let Some(after) = &update.after else { return Ok(Vec::new()) };
        let before = match &update.before {
            Some(before) => Some(before.to_string()),
            None => self.fork(after, trunk).await,
        };
        let Some(before) = before else { return self.listed_files(after).await };
        let task = self.task().arguments(["diff-tree", "-r", "-z", "--raw", "--full-index", "--no-renames"]);
        let task = task.arguments(["--end-of-options", &before, after.as_str()]).limit(LIST_BYTES);
        let changed = changed(&self.git.run(task).await?);
        Ok(changed
            .into_iter()
            .filter_map(|file| Some(ListedFile { path: file.path, content: file.content? }))
            .collect())
    }

    /// The commit that a branch began at, seen from another.
    async fn fork(&self, commit: &CommitId, trunk: &BranchName) -> Option<String> {
        let trunk = format!("refs/heads/{trunk}");
        let task = self.task().arguments(["merge-base", "--end-of-options", &trunk, commit.as_str()]);
        // Without a trunk, or anything in common with it, git says no more than that it failed.
        let answer = self.git.run(task).await.ok()?;
        Some(String::from_utf8_lossy(&answer).trim().to_owned()).filter(|found| !found.is_empty())
    }

    /// The regular files of a commit.
    pub async fn listed_files(&self, commit: &CommitId) -> Result<Vec<ListedFile>, RemoteError> {
        let task = self.task().arguments(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options"]);
        let task = task.arguments([commit.as_str()]).limit(LIST_BYTES);
        Ok(listed(&self.git.run(task).await?))
    }

    /// What files hold, in the order asked.
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] when they weigh more than `bytes` together.
    pub async fn contents(
        &self,
        files: &[ListedFile],
        bytes: u64,
    ) -> Result<Vec<Option<Vec<u8>>>, RemoteError> {
        let names: Vec<String> = files.iter().map(|file| file.content.clone()).collect();
        let mut reader = ObjectReader::open(&self.git, self.task()).await?;
        let found = reader.contents(&names, &mut Budget::new(bytes)).await?;
        Ok(found.into_iter().map(|object| object.map(|object| object.bytes)).collect())
    }

    /// A file of a commit, of the push or of before; `None` when there is none.
    pub async fn file(
        &self,
        commit: &CommitId,
        path: &str,
        largest: u64,
    ) -> Result<Option<Vec<u8>>, RemoteError> {
        // Only what can be a path of a tree becomes part of a question to git.
        let Ok(path) = path.parse::<TreePath>() else { return Ok(None) };
        let name = format!("{commit}:{path}");
        let mut reader = ObjectReader::open(&self.git, self.task()).await?;
        let header = reader.headers(std::slice::from_ref(&name)).await?.pop().flatten();
        if header.is_none_or(|header| header.kind != "blob" || header.size > largest) {
            return Ok(None);
        }
        Ok(reader.content(name, &mut Budget::new(largest)).await?.map(|object| object.bytes))
    }
}

/// Files that may be held together.
fn batches(files: &[NewFile], largest: u64) -> Vec<Vec<&NewFile>> {
    let mut batches: Vec<Vec<&NewFile>> = Vec::new();
    let mut bytes = 0;
    for file in files.iter().filter(|file| file.size <= largest) {
        bytes += file.size;
        match batches.last_mut() {
            Some(batch) if bytes <= BATCH_BYTES => batch.push(file),
            _ => {
                bytes = file.size;
                batches.push(vec![file]);
            }
        }
    }
    batches
}
