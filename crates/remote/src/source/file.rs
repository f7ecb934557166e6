//! Files and folders of this machine, read without leaving them.

use std::path::{Component, Path, PathBuf};

use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};

use crate::RemoteError;
use crate::forge::blocking;
use crate::forge::folder::TreeLimits;

/// Folders that hold other people's or generated files: version control, dependencies, build output.
pub(crate) const SKIPPED: [&str; 5] = [".git", ".hg", ".svn", "node_modules", "target"];
/// Folders may nest this deep.
const DEPTH: usize = 64;
/// A pattern is given up after looking at this many entries.
const LOOKED_AT: usize = 200_000;

/// Reads a folder with everything below it. Symbolic links are carried as links and never followed; version
/// control, `node_modules` and `target` are left out, and so are names that are no [`TreePath`].
///
/// # Errors
/// [`RemoteError::TooLarge`] beyond the limits, [`RemoteError::Folder`] for what cannot be read.
pub async fn read_folder(path: &Path, limits: TreeLimits) -> Result<Tree, RemoteError> {
    let path = path.to_owned();
    blocking(move || {
        let mut reading = Reading { root: path.clone(), limits, tree: Tree::new(), bytes: 0 };
        reading.folder(&path, None, 0)?;
        Ok(reading.tree)
    })
    .await
}

struct Reading {
    root: PathBuf,
    limits: TreeLimits,
    tree: Tree,
    bytes: u64,
}

impl Reading {
    fn folder(&mut self, path: &Path, within: Option<&TreePath>, depth: usize) -> Result<(), RemoteError> {
        if depth > DEPTH {
            return Err(self.too_large(format!("{DEPTH} nested folders")));
        }
        for entry in std::fs::read_dir(path).map_err(RemoteError::folder("list", path))? {
            let entry = entry.map_err(RemoteError::folder("list", path))?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !SKIPPED.contains(name)) else { continue };
            let Ok(name) = name.parse::<TreePath>() else { continue };
            let inside = within.map_or(name.clone(), |folder| name.below(folder));
            let file = entry.path();
            let kind = entry.file_type().map_err(RemoteError::folder("read", &file))?;
            if kind.is_dir() {
                self.folder(&file, Some(&inside), depth + 1)?;
            } else if kind.is_symlink() {
                let target =
                    std::fs::read_link(&file).map_err(RemoteError::folder("read the link", &file))?;
                let bytes = target.to_string_lossy().into_owned().into_bytes();
                self.keep(inside, TreeFile { mode: FileMode::Symlink, bytes: bytes.into() })?;
            } else if kind.is_file() {
                let left = self.limits.bytes.saturating_sub(self.bytes);
                let Some(found) = read_file(&file, left)? else {
                    return Err(self.too_large(format!("{} bytes", self.limits.bytes)));
                };
                self.keep(inside, found)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, path: TreePath, file: TreeFile) -> Result<(), RemoteError> {
        self.bytes += file.bytes.len() as u64;
        self.tree.insert(path, file);
        if self.bytes > self.limits.bytes {
            return Err(self.too_large(format!("{} bytes", self.limits.bytes)));
        }
        if self.tree.len() > self.limits.files {
            return Err(self.too_large(format!("{} files", self.limits.files)));
        }
        Ok(())
    }

    fn too_large(&self, limit: String) -> RemoteError {
        RemoteError::TooLarge { doing: "read the folder", on: self.root.display().to_string(), limit }
    }
}

/// A file of at most `left` bytes; `None` when it has more. The size is not asked for beforehand, as the file
/// may grow meanwhile.
fn read_file(path: &Path, left: u64) -> Result<Option<TreeFile>, RemoteError> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(RemoteError::folder("open", path))?;
    let metadata = file.metadata().map_err(RemoteError::folder("read", path))?;
    let mut bytes = Vec::new();
    file.take(left.saturating_add(1)).read_to_end(&mut bytes).map_err(RemoteError::folder("read", path))?;
    let mode = if is_executable(&metadata) { FileMode::Executable } else { FileMode::Regular };
    Ok((bytes.len() as u64 <= left).then(|| TreeFile { mode, bytes: bytes.into() }))
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}

/// The files that a path names, in path order. The path may have `*` and `?` (within one segment) and `**`
/// (any number of folders). A path without them must exist.
///
/// A link that a pattern finds is followed as long as it stays below the pattern's fixed beginning (mounted
/// configuration is often a link beside itself); folders that are links are not entered.
///
/// # Errors
/// [`RemoteError::TooLarge`] beyond the limits, [`RemoteError::Folder`] for what cannot be read.
pub async fn read_files(pattern: &str, limits: TreeLimits) -> Result<Vec<(PathBuf, TreeFile)>, RemoteError> {
    let pattern = pattern.to_owned();
    blocking(move || {
        let mut bytes = 0;
        let mut files = Vec::new();
        for path in matching(&pattern)? {
            let too_large =
                |limit: String| RemoteError::TooLarge { doing: "read", on: pattern.clone(), limit };
            let found = read_file(&path, limits.bytes.saturating_sub(bytes))?;
            let found = found.ok_or_else(|| too_large(format!("{} bytes", limits.bytes)))?;
            bytes += found.bytes.len() as u64;
            files.push((path, found));
            if files.len() > limits.files {
                return Err(too_large(format!("{} files", limits.files)));
            }
        }
        Ok(files)
    })
    .await
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>, RemoteError> {
    let wild = |part: &str| part.contains(['*', '?']);
    if !wild(pattern) {
        return Ok(vec![PathBuf::from(pattern)]);
    }
    let (mut base, mut parts) = (PathBuf::new(), Vec::new());
    for component in Path::new(pattern).components() {
        match component {
            Component::Normal(part) if !parts.is_empty() || part.to_str().is_some_and(wild) => {
                parts.push(part.to_string_lossy().into_owned());
            }
            Component::CurDir => {}
            other if parts.is_empty() => base.push(other),
            _ => {
                return Err(RemoteError::BadUrl {
                    url: pattern.chars().take(300).collect(),
                    reason: "\"..\" cannot follow \"*\" in a path".to_owned(),
                });
            }
        }
    }
    if base.as_os_str().is_empty() {
        base.push(".");
    }
    let real = base.canonicalize().map_err(RemoteError::folder("find", &base))?;
    let mut search = Search { real, pattern, looked_at: 0, found: Vec::new() };
    search.folder(&base, &parts, 0)?;
    search.found.sort();
    search.found.dedup();
    Ok(search.found)
}

struct Search<'a> {
    real: PathBuf,
    pattern: &'a str,
    looked_at: usize,
    found: Vec<PathBuf>,
}

impl Search<'_> {
    fn folder(&mut self, path: &Path, parts: &[String], depth: usize) -> Result<(), RemoteError> {
        let Some((part, rest)) = parts.split_first() else { return Ok(()) };
        if part == "**" {
            // Repeated "**" mean the same as one.
            self.folder(path, rest, depth)?;
        }
        if depth > DEPTH {
            return Ok(());
        }
        let mut entries = std::fs::read_dir(path)
            .map_err(RemoteError::folder("list", path))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(RemoteError::folder("list", path))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            self.looked_at += 1;
            if self.looked_at > LOOKED_AT {
                return Err(RemoteError::TooLarge {
                    doing: "search",
                    on: self.pattern.to_owned(),
                    limit: format!("{LOOKED_AT} files and folders to look at"),
                });
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let kind = entry.file_type().map_err(RemoteError::folder("read", entry.path()))?;
            if kind.is_dir() {
                if SKIPPED.contains(&name) {
                    continue;
                }
                if part == "**" {
                    self.folder(&entry.path(), parts, depth + 1)?;
                } else if segment_matches(part, name) {
                    self.folder(&entry.path(), rest, depth + 1)?;
                }
            } else if rest.is_empty() && part != "**" && segment_matches(part, name) {
                let file = entry.path();
                let real = file.canonicalize();
                if real.is_ok_and(|real| real.starts_with(&self.real) && real.is_file()) {
                    self.found.push(file);
                }
            }
        }
        Ok(())
    }
}

/// `*` for any characters, `?` for one; linear in both by going back to the last `*` only. Hidden files want
/// their dot written, as in a shell.
fn segment_matches(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut seen, mut star) = (0, 0, None);
    while let Some(&character) = name.get(seen) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == character => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, from)) = star else { return false };
                star = Some((star_at, from + 1));
                at = star_at + 1;
                seen = from + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::segment_matches;

    #[test]
    fn segments_match_as_in_a_shell() {
        for (pattern, name) in
            [("*", "a.yaml"), ("*.yaml", "a.yaml"), ("c?t*-*.y*", "cat-info.yaml"), ("a", "a"), (".*", ".x")]
        {
            assert!(segment_matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("*.yaml", "a.yml"), ("?", ""), ("a*b*c", "a-b-"), ("*", ".hidden"), ("", "a")]
        {
            assert!(!segment_matches(pattern, name), "{pattern} {name}");
        }
        assert!(!segment_matches(&"*a".repeat(100), &"a".repeat(99)));
    }
}
