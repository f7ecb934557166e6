//! Reading what a revision holds: whole trees, one folder, one file.

use fairway_domain::repository::RepositoryRef;
use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};
use serde::Serialize;

use super::Forge;
use crate::RemoteError;
use crate::git::objects::{Budget, Entry, EntryMode, ObjectReader, folder_name};
use crate::git::{Git, Task};

/// Folder objects of one tree may weigh this much together.
const FOLDER_BYTES: u64 = 64 * 1024 * 1024;
/// One file is read up to this size: 32 MiB.
const FILE_BYTES: u64 = 32 * 1024 * 1024;
/// Folders may nest this deep.
const DEPTH: usize = 100;

/// How much of a tree is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeLimits {
    /// How many files.
    pub files: usize,
    /// How many bytes they have together.
    pub bytes: u64,
}

impl Default for TreeLimits {
    /// 10,000 files and 64 MiB.
    fn default() -> Self {
        Self { files: 10_000, bytes: 64 * 1024 * 1024 }
    }
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A symbolic link, never followed.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FolderEntry {
    /// Its own name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes of a file or link.
    pub size: Option<u64>,
    /// Where it is, from the top of the repository.
    pub path: TreePath,
}

impl Forge {
    /// All files of a revision, or of one folder in it with paths relative to that folder.
    ///
    /// Submodules are left out, and so are names that are no [`TreePath`].
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] beyond the limits; nothing is read in part.
    pub async fn tree(
        &self,
        repository: &RepositoryRef,
        revision: &str,
        folder: Option<&TreePath>,
        limits: TreeLimits,
    ) -> Result<Tree, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        read_tree(&self.git, Task::new("read", &on).within(&place), revision, folder, limits).await
    }

    /// The entries of one folder: folders first, then by name.
    pub async fn list_folder(
        &self,
        repository: &RepositoryRef,
        revision: &str,
        folder: Option<&TreePath>,
    ) -> Result<Vec<FolderEntry>, RemoteError> {
        let (mut reader, on) = self.reader("list a folder of", repository).await?;
        let commit = reader.resolve(revision).await?;
        let found = reader.folder(folder_name(&commit, folder), &mut Budget::new(FOLDER_BYTES)).await?;
        let entries = found.ok_or_else(|| missing_folder(&on, revision, folder))?;
        let ids: Vec<String> = entries
            .iter()
            .filter(|entry| matches!(entry.mode, EntryMode::File(_)))
            .map(|entry| entry.id.clone())
            .collect();
        let mut sizes = reader.headers(&ids).await?.into_iter();
        let mut listed: Vec<FolderEntry> = entries
            .into_iter()
            .filter_map(|entry| {
                // The sizes come in the order of the files, so each file takes one even if it is not shown.
                let size = matches!(entry.mode, EntryMode::File(_)).then(|| sizes.next().flatten()).flatten();
                let kind = match entry.mode {
                    EntryMode::Folder => EntryKind::Folder,
                    EntryMode::File(FileMode::Symlink) => EntryKind::Link,
                    EntryMode::File(_) => EntryKind::File,
                    EntryMode::Submodule => EntryKind::Submodule,
                };
                let path = path_of(folder, &entry.name)?;
                Some(FolderEntry { name: entry.name, kind, size: size.map(|header| header.size), path })
            })
            .collect();
        listed.sort_by(|a, b| {
            (a.kind != EntryKind::Folder, &a.name).cmp(&(b.kind != EntryKind::Folder, &b.name))
        });
        Ok(listed)
    }

    /// One file; `None` when the revision has no file there.
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] above 32 MiB.
    pub async fn file(
        &self,
        repository: &RepositoryRef,
        revision: &str,
        path: &TreePath,
    ) -> Result<Option<TreeFile>, RemoteError> {
        let (mut reader, _) = self.reader("read a file of", repository).await?;
        let commit = reader.resolve(revision).await?;
        let name = folder_name(&commit, path.parent().as_ref());
        let entries = reader.folder(name, &mut Budget::new(FOLDER_BYTES)).await?.unwrap_or_default();
        let Some((id, mode)) = entries.into_iter().find_map(|entry| match entry.mode {
            EntryMode::File(mode) if entry.name == path.file_name() => Some((entry.id, mode)),
            _ => None,
        }) else {
            return Ok(None);
        };
        let object = reader.content(id, &mut Budget::new(FILE_BYTES)).await?;
        Ok(object.map(|object| TreeFile { mode, bytes: object.bytes.into() }))
    }

    async fn reader(
        &self,
        doing: &'static str,
        repository: &RepositoryRef,
    ) -> Result<(ObjectReader, String), RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let reader = ObjectReader::open(&self.git, Task::new(doing, &on).within(&place)).await?;
        Ok((reader, on))
    }

    /// The commit that a branch, tag or (abbreviated) object name stands for, in this order.
    ///
    /// # Errors
    /// [`RemoteError::RevisionMissing`] when there is none.
    pub async fn resolve(
        &self,
        repository: &RepositoryRef,
        revision: &str,
    ) -> Result<fairway_domain::repository::CommitId, RemoteError> {
        self.reader("look into", repository).await?.0.resolve(revision).await
    }
}

fn missing_folder(on: &str, revision: &str, folder: Option<&TreePath>) -> RemoteError {
    RemoteError::FolderMissing {
        repository: on.to_owned(),
        revision: revision.to_owned(),
        path: folder.map(ToString::to_string).unwrap_or_default(),
    }
}

fn path_of(folder: Option<&TreePath>, name: &str) -> Option<TreePath> {
    let name: TreePath = name.parse().ok()?;
    Some(folder.map_or(name.clone(), |folder| name.below(folder)))
}

/// Reads a tree level by level, so that a deep tree costs as many questions as it has levels.
pub(crate) async fn read_tree(
    git: &Git,
    task: Task<'_>,
    revision: &str,
    folder: Option<&TreePath>,
    limits: TreeLimits,
) -> Result<Tree, RemoteError> {
    let (doing, on) = (task.doing, task.on.to_owned());
    let too_large = |limit: String| RemoteError::TooLarge { doing, on: on.clone(), limit };
    let mut reader = ObjectReader::open(git, task).await?;
    let commit = reader.resolve(revision).await?;
    let mut budget = Budget::new(FOLDER_BYTES);
    let top = reader.folder(folder_name(&commit, folder), &mut budget).await?;
    let top = top.ok_or_else(|| missing_folder(&on, revision, folder))?;
    let mut level: Vec<(Option<TreePath>, Vec<Entry>)> = vec![(None, top)];
    let mut files: Vec<(TreePath, FileMode, String)> = Vec::new();
    let mut folders = 0_usize;
    for depth in 0.. {
        let mut below: Vec<(TreePath, String)> = Vec::new();
        for (parent, entries) in std::mem::take(&mut level) {
            for entry in entries {
                let Some(path) = path_of(parent.as_ref(), &entry.name) else {
                    tracing::debug!(repository = %on, name = %entry.name, "a name that cannot be carried is left out");
                    continue;
                };
                match entry.mode {
                    EntryMode::Folder => below.push((path, entry.id)),
                    EntryMode::File(mode) => files.push((path, mode, entry.id)),
                    EntryMode::Submodule => {}
                }
            }
        }
        folders += below.len();
        if files.len() > limits.files || folders > limits.files {
            return Err(too_large(format!("{} files", limits.files)));
        }
        if below.is_empty() {
            break;
        }
        if depth >= DEPTH {
            return Err(too_large(format!("{DEPTH} nested folders")));
        }
        let ids: Vec<String> = below.iter().map(|(_, id)| id.clone()).collect();
        let objects = reader.contents(&ids, &mut budget).await?;
        level = below
            .into_iter()
            .zip(objects)
            .map(|((path, _), object)| {
                (Some(path), object.map(|object| object.entries()).unwrap_or_default())
            })
            .collect();
    }
    let ids: Vec<String> = files.iter().map(|(_, _, id)| id.clone()).collect();
    let objects = reader.contents(&ids, &mut Budget::new(limits.bytes)).await?;
    let found = files.into_iter().zip(objects);
    Ok(found
        .filter_map(|((path, mode, _), object)| Some((path, TreeFile { mode, bytes: object?.bytes.into() })))
        .collect())
}
