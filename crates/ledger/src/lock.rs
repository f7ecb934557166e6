//! One process at a time writes to a SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::LedgerError;

/// Holds the lock beside a database file until it is dropped. The operating system frees it when the process
/// ends in whatever way, so there is never a stale lock; the file itself stays.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Makes the folder and takes the lock of the database at `path`; returns the lock and the path without
    /// symbolic links, so that two names of one file meet at one lock.
    pub(crate) fn take(path: &Path) -> Result<(Self, PathBuf), LedgerError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source: std::io::Error| LedgerError::File { path: path.clone(), source: Arc::new(source) }
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed(folder))?;
        }
        create_private(path).map_err(failed(path))?;
        let path = path.canonicalize().map_err(failed(path))?;

        let mut lock_path = path.clone().into_os_string();
        lock_path.push(".lock");
        let lock_path = PathBuf::from(lock_path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(failed(&lock_path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = (&file).take(32).read_to_string(&mut holder);
                let process = match holder.trim() {
                    "" => "another process".to_owned(),
                    number => format!("process {number}"),
                };
                return Err(LedgerError::InUse { path, process });
            }
            Err(TryLockError::Error(source)) => return Err(failed(&lock_path)(source)),
        }
        let number = format!("{}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(number.as_bytes())).map_err(failed(&lock_path))?;
        Ok((Self { _file: file }, path))
    }
}

/// Creates an empty file that only its owner may read: the journal holds names and addresses. SQLite gives its
/// side files the same rights.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
