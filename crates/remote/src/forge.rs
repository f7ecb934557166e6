//! The embedded forge: bare repositories in one folder, made, found, described and deleted.
//!
//! On disk: `repositories/<owner>/<name>.git`, and beside it `aside` (repositories being made) and `trash`
//! (repositories being deleted), so that a repository appears and disappears in one rename.

pub mod branch;
mod change;
pub mod commit;
pub mod content;
pub mod diff;
pub mod folder;
pub mod history;
pub mod judge;
pub mod merge;
mod pack_line;
pub mod proposed;
pub mod wire;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use fairway_domain::Timestamp;
use fairway_domain::repository::{BranchName, RepositoryRef};
use futures::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};

use crate::RemoteError;
use crate::git::{Git, Task};

/// The file with Fairway's own notes inside a bare repository.
const NOTES: &str = "fairway.json";
/// What a push may weigh unless the operator says otherwise: 256 MiB.
pub const PUSH_BYTES: u64 = 256 * 1024 * 1024;
/// The longest description that is kept, in characters.
const DESCRIPTION: usize = 1000;
/// A repository half made for this long belongs to a process that is gone.
const ABANDONED: Duration = Duration::from_hours(1);

/// The embedded forge. Clones are handles to the same forge.
#[derive(Clone)]
pub struct Forge {
    git: Git,
    root: Arc<Path>,
    push_bytes: u64,
    updates: Arc<Mutex<Updates>>,
    judge: Option<judge::PushJudge>,
}

/// What a new repository is to be.
#[derive(Debug, Clone)]
pub struct NewRepository {
    /// Where.
    pub repository: RepositoryRef,
    /// One line for people.
    pub description: String,
    /// The branch that clones check out.
    pub default_branch: BranchName,
    /// The marker of the run that makes it, by which a repeated run knows its own work.
    pub created_by: String,
}

/// A repository of the forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepositoryInfo {
    /// Its owner and name.
    pub repository: RepositoryRef,
    /// One line for people; may be empty.
    pub description: String,
    /// The branch that clones check out. It may have no commit yet.
    pub default_branch: BranchName,
    /// Bytes on disk; measured by [`Forge::info`] only.
    pub size: Option<u64>,
    /// The time of the newest commit on any branch; `None` while there is none.
    pub updated_at: Option<Timestamp>,
}

/// What Fairway notes about a repository.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Notes {
    description: String,
    created_by: Option<String>,
}

/// The branch files with their times and sizes: while they are the same, no branch moved.
type BranchFiles = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// When each repository was updated, as of its branch files then.
type Updates = BTreeMap<RepositoryRef, (BranchFiles, Option<Timestamp>)>;

impl Forge {
    /// Opens the forge in `root`, which is created when missing.
    ///
    /// # Errors
    /// [`RemoteError::GitMissing`] and [`RemoteError::GitTooOld`] when git cannot be used, or the folder's error.
    pub async fn open(root: &Path) -> Result<Self, RemoteError> {
        let git = Git::new();
        let (version, root) = tokio::join!(git.check(), prepare(root));
        let root = root?;
        version?;
        let emptied = root.clone();
        // Nothing depends on the leftovers of an earlier process, so nobody waits for their removal.
        tokio::task::spawn_blocking(move || remove_leftovers(&emptied));
        Ok(Self { git, root: root.into(), push_bytes: PUSH_BYTES, updates: Arc::default(), judge: None })
    }

    /// The same forge with another limit for the size of one push, in bytes.
    #[must_use]
    pub fn with_push_limit(mut self, bytes: u64) -> Self {
        self.push_bytes = bytes;
        self
    }

    /// The same forge, where somebody looks at each push before a branch moves.
    #[must_use]
    pub fn with_judge(mut self, judge: judge::PushJudge) -> Self {
        self.judge = Some(judge);
        self
    }

    /// Makes an empty repository: there completely or not at all.
    ///
    /// # Errors
    /// [`RemoteError::RepositoryExists`] with the marker of whoever made the one that is there.
    pub async fn create(&self, new: &NewRepository) -> Result<(), RemoteError> {
        let place = self.place(&new.repository);
        if tokio::fs::try_exists(&place).await.unwrap_or(false) {
            return Err(self.exists_already(&new.repository).await);
        }
        let aside = self.root.join("aside");
        let built = tempfile::Builder::new()
            .prefix("new-")
            .tempdir_in(&aside)
            .map_err(RemoteError::folder("create a folder in", &aside))?;
        let bare = built.path().join("bare.git");
        let on = new.repository.to_string();
        let branch = format!("--initial-branch={}", new.default_branch);
        let task = Task::new("create the repository", &on).arguments([
            "init",
            "--bare",
            "--quiet",
            "--template=",
            "--object-format=sha1",
            &branch,
            "--",
        ]);
        self.git.run(task.arguments([&bare])).await?;
        let notes = Notes {
            description: new.description.chars().take(DESCRIPTION).collect(),
            created_by: Some(new.created_by.clone()),
        };
        let text = serde_json::to_vec_pretty(&notes).unwrap_or_default();
        let file = bare.join(NOTES);
        tokio::fs::write(&file, text).await.map_err(RemoteError::folder("write", &file))?;
        self.put_in_place(&bare, &place, &new.repository).await
    }

    async fn put_in_place(
        &self,
        bare: &Path,
        place: &Path,
        repository: &RepositoryRef,
    ) -> Result<(), RemoteError> {
        let owner = place.parent().unwrap_or(place);
        // The owner's folder may be removed by a deletion between the two steps.
        for _ in 0..3 {
            tokio::fs::create_dir_all(owner).await.map_err(RemoteError::folder("create", owner))?;
            let Err(source) = tokio::fs::rename(bare, place).await else { return Ok(()) };
            match source.kind() {
                io::ErrorKind::NotFound => {}
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
                    return Err(self.exists_already(repository).await);
                }
                _ => return Err(RemoteError::folder("put in place", place)(source)),
            }
        }
        Err(RemoteError::folder("put in place", place)(io::ErrorKind::NotFound.into()))
    }

    async fn exists_already(&self, repository: &RepositoryRef) -> RemoteError {
        let created_by = self.notes(repository).await.created_by;
        RemoteError::RepositoryExists { repository: repository.clone(), created_by }
    }

    /// The marker of the run that made the repository; `None` when it was not made by a run or is not there.
    pub async fn created_by(&self, repository: &RepositoryRef) -> Result<Option<String>, RemoteError> {
        Ok(self.notes(repository).await.created_by)
    }

    /// Deletes a repository: it is gone at once, its bytes soon after.
    pub async fn delete(&self, repository: &RepositoryRef) -> Result<(), RemoteError> {
        let place = self.place(repository);
        let trash = self.root.join("trash");
        let folder = tempfile::Builder::new()
            .prefix("old-")
            .tempdir_in(&trash)
            .map_err(RemoteError::folder("create a folder in", &trash))?;
        match tokio::fs::rename(&place, folder.path().join("bare.git")).await {
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                return Err(RemoteError::RepositoryMissing { repository: repository.clone() });
            }
            moved => moved.map_err(RemoteError::folder("delete", &place))?,
        }
        if let Some(owner) = place.parent() {
            // Only an empty owner goes; one with other repositories refuses, as it should.
            let _ = tokio::fs::remove_dir(owner).await;
        }
        self.updates.lock().unwrap_or_else(PoisonError::into_inner).remove(repository);
        tokio::task::spawn_blocking(move || drop(folder));
        Ok(())
    }

    /// Whether there is such a repository.
    pub async fn exists(&self, repository: &RepositoryRef) -> Result<bool, RemoteError> {
        let head = self.place(repository).join("HEAD");
        tokio::fs::try_exists(&head).await.map_err(RemoteError::folder("look for", head))
    }

    /// All repositories by owner and name, without their sizes.
    pub async fn list(&self) -> Result<Vec<RepositoryInfo>, RemoteError> {
        let folder = self.root.join("repositories");
        let found = blocking(move || find_repositories(&folder).map_err(RemoteError::folder("list", folder)));
        let repositories = found.await?;
        let described = stream::iter(repositories)
            .map(|repository| async move { self.describe(&repository).await })
            .buffered(8)
            .collect::<Vec<_>>();
        // One that is deleted meanwhile is simply not there.
        Ok(described.await.into_iter().filter_map(Result::ok).collect())
    }

    /// One repository, with its size.
    pub async fn info(&self, repository: &RepositoryRef) -> Result<RepositoryInfo, RemoteError> {
        let mut info = self.describe(repository).await?;
        let place = self.place(repository);
        info.size = Some(blocking(move || Ok(size_of(&place))).await?);
        Ok(info)
    }

    /// Packs a repository's objects when enough of them lie about; for a quiet hour.
    pub async fn maintain(&self, repository: &RepositoryRef) -> Result<(), RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let task = Task::new("pack", &on)
            .within(&place)
            .setting("gc.auto", "2000")
            .setting("gc.packRefs", "false")
            .arguments(["gc", "--auto", "--quiet", "--no-detach"])
            .timeout(Duration::from_mins(15));
        self.git.run(task).await.map(drop)
    }

    async fn describe(&self, repository: &RepositoryRef) -> Result<RepositoryInfo, RemoteError> {
        let place = self.existing(repository).await?;
        let head = place.join("HEAD");
        let text = tokio::fs::read_to_string(&head).await.map_err(RemoteError::folder("read", head))?;
        let default_branch = text.trim().strip_prefix("ref: refs/heads/").and_then(|name| name.parse().ok());
        Ok(RepositoryInfo {
            repository: repository.clone(),
            description: self.notes(repository).await.description,
            default_branch: default_branch.unwrap_or_else(BranchName::main),
            size: None,
            updated_at: self.updated_at(repository, &place).await?,
        })
    }

    /// The newest commit's time, asked of git only when a branch file changed since the last question.
    async fn updated_at(
        &self,
        repository: &RepositoryRef,
        place: &Path,
    ) -> Result<Option<Timestamp>, RemoteError> {
        let folder = place.to_owned();
        let files = blocking(move || Ok(branch_files(&folder))).await?;
        let known = self.updates.lock().unwrap_or_else(PoisonError::into_inner).get(repository).cloned();
        if let Some((seen, updated_at)) = known
            && seen == files
        {
            return Ok(updated_at);
        }
        let on = repository.to_string();
        let task = Task::new("find the newest commit of", &on).within(place).arguments([
            "for-each-ref",
            "--sort=-committerdate",
            "--count=1",
            "--format=%(committerdate:unix)",
            "refs/heads/",
        ]);
        let output = self.git.run(task).await?;
        let seconds = std::str::from_utf8(&output).ok().and_then(|text| text.trim().parse().ok());
        let updated_at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        self.updates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(repository.clone(), (files, updated_at));
        Ok(updated_at)
    }

    async fn notes(&self, repository: &RepositoryRef) -> Notes {
        // A repository that was put here by hand has no notes, and that is fine.
        let text = tokio::fs::read(self.place(repository).join(NOTES)).await.unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Where a repository lies or would lie.
    fn place(&self, repository: &RepositoryRef) -> PathBuf {
        let file = format!("{}.git", repository.name());
        self.root.join("repositories").join(repository.owner()).join(file)
    }

    /// Where a repository lies.
    async fn existing(&self, repository: &RepositoryRef) -> Result<PathBuf, RemoteError> {
        if self.exists(repository).await? {
            return Ok(self.place(repository));
        }
        Err(RemoteError::RepositoryMissing { repository: repository.clone() })
    }
}

async fn prepare(root: &Path) -> Result<PathBuf, RemoteError> {
    let root = std::path::absolute(root).map_err(RemoteError::folder("find", root))?;
    for folder in ["repositories", "aside", "trash"] {
        let folder = root.join(folder);
        tokio::fs::create_dir_all(&folder).await.map_err(RemoteError::folder("create", &folder))?;
    }
    Ok(root)
}

/// Runs file work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RemoteError> + Send + 'static,
) -> Result<T, RemoteError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(RemoteError::Pipe {
            doing: "finish",
            on: "reading files".to_owned(),
            source: io::Error::other(error),
        })
    })
}

fn remove_leftovers(root: &Path) {
    let entries = |folder: &str| std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let old = entries("aside").filter(|entry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > ABANDONED))
    });
    for entry in entries("trash").chain(old) {
        if let Err(error) = std::fs::remove_dir_all(entry.path()) {
            tracing::warn!(path = %entry.path().display(), %error, "a deleted repository's files could not be removed");
        }
    }
}

fn find_repositories(folder: &Path) -> io::Result<Vec<RepositoryRef>> {
    let mut found = Vec::new();
    for owner in std::fs::read_dir(folder)? {
        let owner = owner?;
        for repository in std::fs::read_dir(owner.path()).into_iter().flatten().flatten() {
            let (owner, file) = (owner.file_name(), repository.file_name());
            if let (Some(owner), Some(name)) =
                (owner.to_str(), file.to_str().and_then(|file| file.strip_suffix(".git")))
            {
                found.extend(RepositoryRef::new(owner, name));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Everything below `folder`, at most `bound` entries, so that a strange folder costs no more than that.
fn walk(folder: PathBuf, bound: usize) -> Vec<(PathBuf, std::fs::Metadata)> {
    let (mut folders, mut files) = (vec![folder], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if files.len() + folders.len() > bound {
                return files;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                files.push((entry.path(), metadata));
            }
        }
    }
    files
}

fn branch_files(place: &Path) -> BranchFiles {
    let mut files = walk(place.join("refs").join("heads"), 10_000);
    let packed = place.join("packed-refs");
    if let Ok(metadata) = std::fs::metadata(&packed) {
        files.push((packed, metadata));
    }
    let mut seen: BranchFiles =
        files.into_iter().map(|(path, metadata)| (path, metadata.modified().ok(), metadata.len())).collect();
    seen.sort();
    seen
}

/// The bytes of all files below `folder`.
pub(crate) fn size_of(folder: &Path) -> u64 {
    walk(folder.to_owned(), 200_000).iter().map(|(_, metadata)| metadata.len()).sum()
}
