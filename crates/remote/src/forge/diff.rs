//! What changed between two commits, file by file and bounded.

use std::collections::BTreeSet;

use fairway_domain::repository::{CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;
use serde::Serialize;

use super::Forge;
use crate::RemoteError;
use crate::git::Task;

/// Patches of one diff weigh at most this much together; later files come without theirs.
const PATCH_BYTES: usize = 4 * 1024 * 1024;
/// A diff names at most this many files.
const DIFF_FILES: usize = 3_000;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiffStatus {
    /// It is new.
    Added,
    /// Its content or mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It moved, perhaps with changes.
    Renamed,
    /// It became another kind of file, such as a link.
    Retyped,
}

/// One file's part of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// Where it is now, or was when deleted.
    pub path: String,
    /// Where it was, when renamed.
    pub old_path: Option<String>,
    /// What happened.
    pub status: DiffStatus,
    /// There are no lines to compare.
    pub binary: bool,
    /// The patch is cut or left out, because the diff is too large.
    pub truncated: bool,
    /// The changed places.
    pub hunks: Vec<Hunk>,
}

/// One changed place with the lines around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hunk {
    /// The first line's number before.
    pub old_start: u32,
    /// The first line's number after.
    pub new_start: u32,
    /// What git found to name the place, such as a function's head.
    pub heading: String,
    /// The lines in order.
    pub lines: Vec<DiffLine>,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// Whether it stayed, came or went.
    pub kind: DiffLineKind,
    /// Its text without the line break.
    pub text: String,
}

/// Whether a line stayed, came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiffLineKind {
    /// It is on both sides.
    Context,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Git's remark that the file has no line break at its end.
    Remark,
}

impl FileDiff {
    /// How many lines came and how many went.
    pub fn counts(&self) -> (usize, usize) {
        let count =
            |kind| self.hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == kind).count();
        (count(DiffLineKind::Added), count(DiffLineKind::Removed))
    }
}

impl Forge {
    /// What changed from `from` to `to`; for `None` from the first parent of `to` (or from nothing).
    ///
    /// # Errors
    /// [`RemoteError::TooLarge`] above 3,000 files; beyond 4 MiB of patch, files come without theirs.
    pub async fn diff(
        &self,
        repository: &RepositoryRef,
        from: Option<&CommitId>,
        to: &CommitId,
    ) -> Result<Vec<FileDiff>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let task = |form: &'static [&'static str]| {
            let base = Task::new("compare commits of", &on)
                .within(&place)
                .setting("core.bigFileThreshold", "4m")
                .arguments(["diff-tree", "-r", "-M", "-l400", "--no-commit-id", "--root"])
                .arguments(form);
            match from {
                Some(from) => base.arguments(["--end-of-options", from.as_str(), to.as_str()]),
                None => base.arguments(["--diff-merges=first-parent", "--end-of-options", to.as_str()]),
            }
        };
        let patch = task(&["-p", "--no-ext-diff", "--no-textconv", "--no-color", "--full-index"]);
        let (names, patch) =
            tokio::join!(self.git.run(task(&["--raw", "-z"])), self.git.finish(patch.limit(PATCH_BYTES)),);
        let (mut files, patch) = (parse_names(&names?), patch?);
        if files.len() > DIFF_FILES {
            return Err(RemoteError::TooLarge {
                doing: "compare commits of",
                on,
                limit: format!("{DIFF_FILES} changed files"),
            });
        }
        if !patch.truncated && !patch.success {
            return Err(RemoteError::Git { doing: "compare commits of", on, message: patch.complaint });
        }
        attach_patches(&mut files, &String::from_utf8_lossy(&patch.output), patch.truncated);
        Ok(files)
    }

    /// The paths that differ between two commits; a moved file counts with both.
    pub async fn changed_paths(
        &self,
        repository: &RepositoryRef,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Vec<TreePath>, RemoteError> {
        let (place, on) = (self.existing(repository).await?, repository.to_string());
        let task = Task::new("compare commits of", &on).within(&place).arguments([
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            "--end-of-options",
            from.as_str(),
            to.as_str(),
        ]);
        let output = self.git.run(task).await?;
        let text = String::from_utf8_lossy(&output);
        let paths: BTreeSet<TreePath> = text.split('\0').filter_map(|path| path.parse().ok()).collect();
        Ok(paths.into_iter().collect())
    }
}

/// Reads `:mode mode id id STATUS NUL path NUL [path NUL]` records.
fn parse_names(output: &[u8]) -> Vec<FileDiff> {
    let text = String::from_utf8_lossy(output);
    let mut fields = text.split('\0');
    let mut files = Vec::new();
    while let Some(head) = fields.next().filter(|head| !head.is_empty()) {
        let letter = head.rsplit(' ').next().and_then(|status| status.chars().next());
        let status = match letter {
            Some('A' | 'C') => DiffStatus::Added,
            Some('D') => DiffStatus::Deleted,
            Some('R') => DiffStatus::Renamed,
            Some('T') => DiffStatus::Retyped,
            _ => DiffStatus::Modified,
        };
        let Some(first) = fields.next() else { break };
        let second = matches!(letter, Some('R' | 'C')).then(|| fields.next()).flatten();
        files.push(FileDiff {
            path: second.unwrap_or(first).to_owned(),
            old_path: second.map(|_| first.to_owned()),
            status,
            binary: false,
            truncated: false,
            hunks: Vec::new(),
        });
    }
    files
}

/// Gives each file its part of the patch. Git writes both in the same order; a file that became another kind
/// has two parts, its deletion and its creation.
fn attach_patches(files: &mut [FileDiff], patch: &str, truncated: bool) {
    let mut parts = split_patch(patch).into_iter().peekable();
    for file in files {
        for _ in 0..if file.status == DiffStatus::Retyped { 2 } else { 1 } {
            let Some(part) = parts.next() else {
                file.truncated = truncated;
                break;
            };
            read_part(file, part);
            file.truncated |= truncated && parts.peek().is_none();
        }
    }
}

/// Splits before each `diff --git`; a line of content never begins with it, as it has a sign in front.
fn split_patch(patch: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = patch.match_indices("\ndiff --git ").map(|(at, _)| at + 1).collect();
    if patch.starts_with("diff --git ") {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([patch.len()]);
    starts.iter().zip(ends).filter_map(|(&start, end)| patch.get(start..end)).collect()
}

fn read_part(file: &mut FileDiff, part: &str) {
    let mut within: Option<Hunk> = None;
    for line in part.split_inclusive('\n') {
        let line = line.strip_suffix('\n').unwrap_or(line);
        if let Some(hunk) = parse_hunk(line) {
            file.hunks.extend(within.replace(hunk));
            continue;
        }
        let Some(hunk) = &mut within else {
            file.binary |= line.starts_with("Binary files ");
            continue;
        };
        let kind = match line.bytes().next() {
            Some(b'+') => DiffLineKind::Added,
            Some(b'-') => DiffLineKind::Removed,
            Some(b'\\') => DiffLineKind::Remark,
            _ => DiffLineKind::Context,
        };
        hunk.lines.push(DiffLine { kind, text: line.get(1..).unwrap_or_default().to_owned() });
    }
    file.hunks.extend(within);
}

fn parse_hunk(line: &str) -> Option<Hunk> {
    let (ranges, heading) = line.strip_prefix("@@ -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let start = |range: &str| range.split(',').next().and_then(|number| number.parse().ok());
    Some(Hunk {
        old_start: start(old)?,
        new_start: start(new)?,
        heading: heading.trim().to_owned(),
        lines: Vec::new(),
    })
}
