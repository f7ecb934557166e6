//! The folder that templates are rendered into: what is there, and how it is written.
//!
//! Nothing is written outside of the folder: symbolic links on the way end the command. All files are written beside
//! the folder first and then moved in, so that no file is ever half there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fairway_domain::tree::{FileMode, Tree, TreeFile, TreePath};

use crate::failure::CliError;

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there.
    New,
    /// It is replaced.
    Changed,
    /// It is there with the same content.
    Unchanged,
    /// It is there with another content, and stays.
    Kept,
}

impl ChangeKind {
    /// The word for people and programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Kept => "kept",
        }
    }
}

/// A rendered file beside what is there.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its path in the folder.
    pub path: TreePath,
    /// What happens.
    pub kind: ChangeKind,
    /// What was rendered.
    pub file: TreeFile,
    /// What is there.
    pub before: Option<TreeFile>,
}

/// The folder, if there is one.
pub struct Target<'p> {
    folder: Option<&'p Path>,
}

impl<'p> Target<'p> {
    /// A folder that may or may not be there.
    pub const fn new(folder: Option<&'p Path>) -> Self {
        Self { folder }
    }

    /// What happens to each file.
    pub fn compare(&self, rendered: &Tree, replace: bool) -> Result<Vec<Change>, CliError> {
        rendered
            .iter()
            .map(|(path, file)| {
                let before = self.look(path)?;
                let kind = match &before {
                    None => ChangeKind::New,
                    Some(before) if before == file => ChangeKind::Unchanged,
                    Some(_) if replace => ChangeKind::Changed,
                    Some(_) => ChangeKind::Kept,
                };
                Ok(Change { path: path.clone(), kind, file: file.clone(), before })
            })
            .collect()
    }

    /// The file at a path, if there is one. What is in the way of a file ends the command.
    fn look(&self, path: &TreePath) -> Result<Option<TreeFile>, CliError> {
        let Some(folder) = self.folder else { return Ok(None) };
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match fs::metadata(folder) {
            Ok(kind) if kind.is_dir() => {}
            Ok(_) => return Err(in_the_way(folder)),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failed(folder, "read", &error)),
        }
        let mut place = folder.to_owned();
        let mut parts = path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            place.push(part);
            let kind = match fs::symlink_metadata(&place) {
                Ok(kind) => kind,
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(failed(&place, "read", &error)),
            };
            let is_last = parts.peek().is_none();
            if kind.is_dir() == is_last {
                return Err(in_the_way(&place));
            }
            if is_last {
                return read(&place, &kind).map(Some).map_err(|error| failed(&place, "read", &error));
            }
        }
        Ok(None)
    }

    /// Writes what is new or changed.
    pub fn write(&self, changes: &[Change]) -> Result<(), CliError> {
        let Some(folder) = self.folder else { return Ok(()) };
        let beside = beside(folder);
        let result = fill(&beside, changes).and_then(|()| move_in(&beside, folder, changes));
        // Whatever is left there is of no use to anybody.
        let _ = fs::remove_dir_all(&beside);
        result
    }
}

/// A folder beside the folder, on the same file system so that files can be moved.
fn beside(folder: &Path) -> PathBuf {
    let name =
        folder.file_name().map_or_else(|| "out".to_owned(), |name| name.to_string_lossy().into_owned());
    let hidden = format!(".{name}.fairway-{}", std::process::id());
    match folder.file_name() {
        Some(_) => folder.with_file_name(hidden),
        // `.` and `..` have no name of their own.
        None => folder.join(hidden),
    }
}

fn is_written(change: &Change) -> bool {
    matches!(change.kind, ChangeKind::New | ChangeKind::Changed)
}

/// Writes the files to a folder of their own.
fn fill(beside: &Path, changes: &[Change]) -> Result<(), CliError> {
    if let Some(parent) = beside.parent() {
        fs::create_dir_all(parent).map_err(|error| failed(parent, "written", &error))?;
    }
    fs::create_dir(beside).map_err(|error| failed(beside, "written", &error))?;
    for change in changes.iter().filter(|change| is_written(change)) {
        let place = beside.join(change.path.as_str());
        let parent = place.parent().unwrap_or(beside);
        fs::create_dir_all(parent)
            .and_then(|()| put(&place, &change.file))
            .map_err(|error| failed(&place, "written", &error))?;
    }
    Ok(())
}

fn move_in(beside: &Path, folder: &Path, changes: &[Change]) -> Result<(), CliError> {
    if fs::symlink_metadata(folder).is_err() {
        return fs::rename(beside, folder).map_err(|error| failed(folder, "written", &error));
    }
    for change in changes.iter().filter(|change| is_written(change)) {
        let place = folder.join(change.path.as_str());
        let parent = place.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::rename(beside.join(change.path.as_str()), &place))
            .map_err(|error| failed(&place, "written", &error))?;
    }
    Ok(())
}

fn in_the_way(place: &Path) -> CliError {
    CliError::Conflict {
        message: format!("{} is in the way; nothing was written", place.display()),
        hint: Some("render into another folder, or move it away".to_owned()),
    }
}

/// A fault of a place.
pub fn failed(place: &Path, what: &str, error: &io::Error) -> CliError {
    CliError::failed(format!("{} cannot be {what}: {error}", place.display()), None)
}

#[cfg(unix)]
fn put(place: &Path, file: &TreeFile) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, symlink};
    if file.mode == FileMode::Symlink {
        return symlink(String::from_utf8_lossy(&file.bytes).as_ref(), place);
    }
    let mode = if file.mode == FileMode::Executable { 0o777 } else { 0o666 };
    let mut opened = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(place)?;
    io::Write::write_all(&mut opened, &file.bytes)
}

#[cfg(not(unix))]
fn put(place: &Path, file: &TreeFile) -> io::Result<()> {
    fs::write(place, &file.bytes)
}

/// Reads a file or a link.
pub fn read(place: &Path, kind: &fs::Metadata) -> io::Result<TreeFile> {
    if kind.is_symlink() {
        let link = fs::read_link(place)?.to_string_lossy().into_owned();
        return Ok(TreeFile { mode: FileMode::Symlink, bytes: link.into_bytes().into() });
    }
    let mode = if is_executable(kind) { FileMode::Executable } else { FileMode::Regular };
    Ok(TreeFile { mode, bytes: fs::read(place)?.into() })
}

#[cfg(unix)]
fn is_executable(kind: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    kind.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
