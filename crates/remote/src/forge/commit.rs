//! Committing: a set of changes on top of a known head, in two processes whatever the number of files.

use std::collections::BTreeMap;

use fairway_domain::Timestamp;
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::tree::{TreeFile, TreePath};

use super::Forge;
use crate::RemoteError;
use crate::git::Task;

/// The changes of one commit may weigh this much together: 256 MiB.
const COMMIT_BYTES: usize = 256 * 1024 * 1024;
/// A name that only lives while git builds the commit; the same process takes it away.
const SCRATCH: &str = "refs/fairway/scratch";

/// A commit to be made.
#[derive(Debug, Clone)]
pub struct CommitRequest {
    /// Where.
    pub repository: RepositoryRef,
    /// On which branch; made when `parent` is `None`.
    pub branch: BranchName,
    /// Where the branch must be; `None` when it must not exist yet.
    pub parent: Option<CommitId>,
    /// The whole message, with trailers if any.
    pub message: String,
    /// Who.
    pub author_name: String,
    /// Their address.
    pub author_email: String,
    /// When; git keeps whole seconds.
    pub at: Timestamp,
    /// New contents by path; `None` deletes a file or a whole folder.
    pub changes: Vec<(TreePath, Option<TreeFile>)>,
}

impl Forge {
    /// Commits and moves the branch, if it still is at the request's parent.
    ///
    /// The same request gives the same commit, and making it twice is making it once. A path that the parent
    /// has as a folder may become a file and the other way round.
    ///
    /// # Errors
    /// [`RemoteError::BranchMoved`] when the branch is elsewhere; [`RemoteError::BadCommit`] when two changes
    /// contradict each other or a path would be taken for git's own folder on another system.
    pub async fn commit(&self, request: &CommitRequest) -> Result<CommitId, RemoteError> {
        let commit = self.write_commit(request).await?;
        self.compare_and_swap(&request.repository, &request.branch, request.parent.as_ref(), Some(&commit))
            .await?;
        Ok(commit)
    }

    async fn write_commit(&self, request: &CommitRequest) -> Result<CommitId, RemoteError> {
        let (place, on) = (self.existing(&request.repository).await?, request.repository.to_string());
        let script = script(request)?;
        let task = Task::new("commit to", &on)
            .within(&place)
            .arguments(["fast-import", "--quiet", "--done", "--cat-blob-fd=1"])
            .input(script);
        let output = match self.git.run(task).await {
            Ok(output) => output,
            Err(refused) => {
                // A parent that the repository does not have is a branch that is not where it should be.
                let found = self.head(&request.repository, &request.branch).await?;
                return Err(if found == request.parent {
                    refused
                } else {
                    RemoteError::BranchMoved {
                        repository: request.repository.clone(),
                        branch: request.branch.clone(),
                        expected: request.parent.clone(),
                        found,
                    }
                });
            }
        };
        let text = String::from_utf8_lossy(&output);
        text.trim().parse().map_err(|_| RemoteError::Git {
            doing: "commit to",
            on,
            message: format!("{:?} instead of a commit", text.chars().take(100).collect::<String>()),
        })
    }
}

/// The request in the language of `git fast-import`.
fn script(request: &CommitRequest) -> Result<Vec<u8>, RemoteError> {
    let changes = check(request)?;
    let size: usize = changes.values().flatten().map(|file| file.bytes.len()).sum();
    if size > COMMIT_BYTES {
        return Err(RemoteError::TooLarge {
            doing: "commit to",
            on: request.repository.to_string(),
            limit: format!("{COMMIT_BYTES} bytes of changes"),
        });
    }
    let mut script = Vec::with_capacity(size + 128 * (changes.len() + 8));
    let mut message = request.message.replace(['\0', '\r'], "");
    message.truncate(message.trim_end().len());
    message.push('\n');
    let head = format!(
        "commit {SCRATCH}\nmark :1\ncommitter {} <{}> {} +0000\ndata {}\n{message}",
        signature(&request.author_name),
        signature(&request.author_email),
        request.at.as_second().max(0),
        message.len(),
    );
    script.extend_from_slice(head.as_bytes());
    if let Some(parent) = &request.parent {
        script.extend_from_slice(format!("from {parent}\n").as_bytes());
    }
    // Deletions first, so that a folder can make room for a file of its name.
    for path in changes.iter().filter(|(_, file)| file.is_none()).map(|(path, _)| path) {
        script.extend_from_slice(format!("D {}\n", quoted(path)).as_bytes());
    }
    for (path, file) in &changes {
        let Some(file) = file else { continue };
        let line = format!("M {} inline {}\ndata {}\n", file.mode.git(), quoted(path), file.bytes.len());
        script.extend_from_slice(line.as_bytes());
        script.extend_from_slice(&file.bytes);
        script.push(b'\n');
    }
    // The commit's name is asked for, and the scratch name forgotten before it is ever written.
    let tail = format!("\nget-mark :1\nreset {SCRATCH}\nfrom {}\n\ndone\n", "0".repeat(40));
    script.extend_from_slice(tail.as_bytes());
    Ok(script)
}

/// The changes by path, when they do not contradict each other; the last one wins for one path.
fn check(request: &CommitRequest) -> Result<BTreeMap<&TreePath, Option<&TreeFile>>, RemoteError> {
    let bad = |reason: String| RemoteError::BadCommit { repository: request.repository.clone(), reason };
    let changes: BTreeMap<_, _> = request.changes.iter().map(|(path, file)| (path, file.as_ref())).collect();
    for (path, _) in changes.iter().filter(|(_, file)| file.is_some()) {
        if path.as_str().split('/').any(disguises_git) {
            return Err(bad(format!("some systems take a part of the path \"{path}\" for git's own folder")));
        }
        let mut above = path.parent();
        while let Some(folder) = above {
            if changes.get(&folder).is_some_and(Option::is_some) {
                return Err(bad(format!("\"{folder}\" is to be a file and the folder of \"{path}\"")));
            }
            above = folder.parent();
        }
    }
    Ok(changes)
}

/// Whether a path segment becomes `.git` on NTFS (short name, trailing dots and spaces, streams) or HFS+
/// (ignored characters), as git's own fsck has it; clients refuse to check such a tree out.
fn disguises_git(segment: &str) -> bool {
    let ignored = |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let visible: String = segment.chars().filter(|&c| !ignored(c)).collect();
    let name = visible.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

fn quoted(path: &TreePath) -> String {
    format!("\"{}\"", path.as_str().replace('\\', "\\\\").replace('"', "\\\""))
}

/// A name or address without what would end it early.
fn signature(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
    let clean = clean.trim();
    if clean.is_empty() { "unknown".to_owned() } else { clean.chars().take(200).collect() }
}

#[cfg(test)]
mod tests {
    use super::disguises_git;

    #[test]
    fn disguises_of_git_are_seen_and_its_files_are_not() {
        for segment in [".git ", ".GIT.", "git~1", "GIT~1", ".g\u{200c}it", ".git::$INDEX_ALLOCATION"] {
            assert!(disguises_git(segment), "{segment}");
        }
        for segment in [".gitignore", ".github", "git", ".gitattributes", "x.git", "git~10"] {
            assert!(!disguises_git(segment), "{segment}");
        }
    }
}
