//! Reading many files by the names of their contents: what is known already need not be read again.

use fairway_domain::repository::{CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;

use super::Forge;
use crate::RemoteError;
use crate::git::Task;
use crate::git::objects::{Budget, ObjectReader};

/// A regular file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Where it is, from the top of the repository.
    pub path: TreePath,
    /// The name of its content; equal contents have equal names.
    pub content: String,
}

/// A file that differs between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// Where it is, from the top of the repository.
    pub path: TreePath,
    /// The name of its content now; `None` when there is no regular file any more.
    pub content: Option<String>,
}

/// Whether a mode is that of a regular file. Links are never followed.
fn is_regular(mode: &str) -> bool {
    mode.starts_with("100")
}

/// What `git ls-tree -r -z` says.
pub(super) fn listed(output: &[u8]) -> Vec<ListedFile> {
    let listed = |record: &str| {
        let (about, path) = record.split_once('\t')?;
        let mut about = about.split(' ');
        let (mode, _, content) = (about.next()?, about.next()?, about.next()?);
        Some(ListedFile { path: path.parse().ok()?, content: content.to_owned() })
            .filter(|_| is_regular(mode))
    };
    String::from_utf8_lossy(output).split('\0').filter_map(listed).collect()
}

/// What `git diff-tree -r -z --raw --full-index` says.
pub(super) fn changed(output: &[u8]) -> Vec<ChangedFile> {
    let text = String::from_utf8_lossy(output);
    let mut fields = text.split('\0');
    let mut changed = Vec::new();
    // `:mode mode content content STATUS`, then the path.
    while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
        let about: Vec<&str> = about.trim_start_matches(':').split(' ').collect();
        let ([_, mode, _, content, _], Ok(path)) = (about.as_slice(), path.parse()) else { continue };
        let content = is_regular(mode).then(|| (*content).to_owned());
        changed.push(ChangedFile { path, content });
    }
    changed
}

impl Forge {
    /// The regular files of a commit, or of a folder in it; none when there is no such folder. Names that are no
    /// [`TreePath`] are left out.
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] when the list itself weighs more than 32 MiB.
    pub async fn listed_files(
        &self,
        repository: &RepositoryRef,
        commit: &CommitId,
        folder: Option<&TreePath>,
    ) -> Result<Vec<ListedFile>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let task = Task::new("list the files of", &on)
            .within(&place)
            .arguments(["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit.as_str()])
            .arguments(folder.map(|folder| format!("{folder}/")));
        let output = self.git.run(task).await?;
        Ok(listed(&output))
    }

    /// The files that differ between two commits; a moved file counts with both places.
    pub async fn changed_files(
        &self,
        repository: &RepositoryRef,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Vec<ChangedFile>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let task = Task::new("compare commits of", &on).within(&place).arguments([
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--full-index",
            "--no-renames",
            "--end-of-options",
            from.as_str(),
            to.as_str(),
        ]);
        let output = self.git.run(task).await?;
        Ok(changed(&output))
    }

    /// The contents of these names, in the order asked; `None` where there is none.
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] when they weigh more than `bytes` together.
    pub async fn contents(
        &self,
        repository: &RepositoryRef,
        names: &[String],
        bytes: u64,
    ) -> Result<Vec<Option<Vec<u8>>>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let mut reader =
            ObjectReader::open(&self.git, Task::new("read files of", &on).within(&place)).await?;
        let found = reader.contents(names, &mut Budget::new(bytes)).await?;
        Ok(found.into_iter().map(|object| object.map(|object| object.bytes)).collect())
    }
}
