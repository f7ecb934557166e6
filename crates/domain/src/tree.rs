//! Trees of files held in memory: what a template renders, a repository holds, a commit changes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// A relative path inside a tree: `/`-separated, no empty, `.`, `..` or `.git` segment, no backslash, no NUL.
/// A value of this type cannot leave the folder that it is joined to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(try_from = "String", into = "String")]
pub struct TreePath(String);

/// Why a text is no path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreePathError {
    /// The path is absolute or climbs out with `..`.
    #[error("the path \"{0}\" leaves its folder; use a relative path without \"..\"")]
    Escapes(String),
    /// A segment is empty, `.`, `.git`, too long or holds a forbidden character.
    #[error(
        "the path \"{0}\" is not allowed; use plain segments separated by \"/\", not \".git\", backslashes or control characters"
    )]
    Forbidden(String),
}

impl TreePath {
    /// Parses a path after dropping `./` at its start, repeated slashes and a slash at its end.
    pub fn lenient(text: &str) -> Result<Self, TreePathError> {
        if text.starts_with('/') {
            return Err(TreePathError::Escapes(text.chars().take(300).collect()));
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        parts.join("/").parse()
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folder that holds it, `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// This path inside `folder`.
    #[must_use]
    pub fn below(&self, folder: &Self) -> Self {
        Self(format!("{}/{}", folder.0, self.0))
    }

    /// The rest after `folder/`, when it lies below `folder`.
    pub fn strip_prefix(&self, folder: &Self) -> Option<Self> {
        self.0.strip_prefix(&folder.0)?.strip_prefix('/').map(|rest| Self(rest.to_owned()))
    }
}

impl FromStr for TreePath {
    type Err = TreePathError;

    fn from_str(text: &str) -> Result<Self, TreePathError> {
        let shown = || text.chars().take(300).collect::<String>();
        if text.starts_with('/') || text.split('/').any(|part| part == "..") {
            return Err(TreePathError::Escapes(shown()));
        }
        let allowed = text.len() <= 4096
            && text.split('/').all(|part| {
                !part.is_empty()
                    && part != "."
                    && part.len() <= 255
                    && !part.eq_ignore_ascii_case(".git")
                    && !part.chars().any(|c| c == '\\' || c.is_control())
            });
        if allowed { Ok(Self(text.to_owned())) } else { Err(TreePathError::Forbidden(shown())) }
    }
}

impl TryFrom<String> for TreePath {
    type Error = TreePathError;

    fn try_from(text: String) -> Result<Self, TreePathError> {
        text.parse()
    }
}

impl From<TreePath> for String {
    fn from(path: TreePath) -> Self {
        path.0
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How a file is kept, as git knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileMode {
    /// An ordinary file (`100644`).
    Regular,
    /// A file that may be run (`100755`).
    Executable,
    /// A symbolic link whose content is its target (`120000`). Links are carried, never followed.
    Symlink,
}

impl FileMode {
    /// The mode as git writes it.
    pub const fn git(self) -> &'static str {
        match self {
            Self::Regular => "100644",
            Self::Executable => "100755",
            Self::Symlink => "120000",
        }
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// How it is kept.
    pub mode: FileMode,
    /// What is in it; shared, so that trees are cheap to copy.
    pub bytes: Arc<[u8]>,
}

impl TreeFile {
    /// An ordinary file.
    pub fn regular(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { mode: FileMode::Regular, bytes: bytes.into() }
    }

    /// The content as text, when it is UTF-8 without NUL.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok().filter(|text| !text.contains('\0'))
    }
}

/// A tree of files, in path order. Folders exist by their files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<TreePath, TreeFile>,
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file, replacing one that is there.
    pub fn insert(&mut self, path: TreePath, file: TreeFile) -> Option<TreeFile> {
        self.files.insert(path, file)
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &TreePath) -> Option<TreeFile> {
        self.files.remove(path)
    }

    /// A file by its path.
    pub fn get(&self, path: &TreePath) -> Option<&TreeFile> {
        self.files.get(path)
    }

    /// A file by its path's text.
    pub fn get_text(&self, path: &str) -> Option<&str> {
        self.files.get(&TreePath::lenient(path).ok()?)?.text()
    }

    /// The files in path order.
    pub fn iter(&self) -> impl Iterator<Item = (&TreePath, &TreeFile)> {
        self.files.iter()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The sum of all sizes in bytes.
    pub fn size(&self) -> usize {
        self.files.values().map(|file| file.bytes.len()).sum()
    }

    /// The part below `folder`, with paths relative to it; the whole tree for `None`.
    #[must_use]
    pub fn subtree(&self, folder: Option<&TreePath>) -> Self {
        let Some(folder) = folder else { return self.clone() };
        let files = self
            .files
            .iter()
            .filter_map(|(path, file)| path.strip_prefix(folder).map(|path| (path, file.clone())))
            .collect();
        Self { files }
    }

    /// A digest over paths, modes and contents.
    pub fn digest(&self) -> Digest {
        let mut listing = String::new();
        for (path, file) in &self.files {
            listing.push_str(file.mode.git());
            listing.push(' ');
            listing.push_str(&Digest::of(&file.bytes).hex());
            listing.push(' ');
            listing.push_str(path.as_str());
            listing.push('\n');
        }
        Digest::of(listing.as_bytes())
    }
}

impl FromIterator<(TreePath, TreeFile)> for Tree {
    fn from_iter<I: IntoIterator<Item = (TreePath, TreeFile)>>(files: I) -> Self {
        Self { files: files.into_iter().collect() }
    }
}

impl IntoIterator for Tree {
    type Item = (TreePath, TreeFile);
    type IntoIter = std::collections::btree_map::IntoIter<TreePath, TreeFile>;

    fn into_iter(self) -> Self::IntoIter {
        self.files.into_iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Tree, TreeFile, TreePath, TreePathError};

    #[test]
    fn paths_that_leave_the_folder_do_not_exist_as_values() {
        for text in ["/etc/passwd", "../x", "a/../../x", "a/.."] {
            assert!(matches!(text.parse::<TreePath>(), Err(TreePathError::Escapes(_))), "{text}");
        }
        for text in ["", "a//b", "./a", ".git/config", "a/.GIT/hooks/x", "a\\b", "a\0b", "a\nb"] {
            assert!(text.parse::<TreePath>().is_err(), "{text}");
        }
        assert_eq!(TreePath::lenient("./a//b/").unwrap().as_str(), "a/b");
        assert!(TreePath::lenient("/a").is_err());
    }

    #[test]
    fn the_digest_sees_paths_modes_and_bytes() {
        let tree = |path: &str, text: &str| -> Tree {
            [(path.parse().unwrap(), TreeFile::regular(text.as_bytes()))].into_iter().collect()
        };
        assert_eq!(tree("a", "1").digest(), tree("a", "1").digest());
        assert_ne!(tree("a", "1").digest(), tree("a", "2").digest());
        assert_ne!(tree("a", "1").digest(), tree("b", "1").digest());
    }
}
