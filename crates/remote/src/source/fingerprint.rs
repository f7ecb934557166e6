//! Whether a folder of this machine changed since it was read, without reading it.

use std::path::Path;
use std::time::UNIX_EPOCH;

use fairway_domain::Digest;

use super::file::SKIPPED;
use crate::RemoteError;
use crate::forge::blocking;
use crate::forge::folder::TreeLimits;

/// Folders may nest this deep.
const DEPTH: usize = 64;

/// A digest over the names, sizes and times of everything below a folder; what [`read_folder`](super::file::read_folder)
/// leaves out is left out here too. Two equal digests mean that there is nothing new to read.
///
/// # Errors
/// [`RemoteError::TooLarge`] beyond the number of files, [`RemoteError::Folder`] for what cannot be listed.
pub async fn folder_fingerprint(path: &Path, limits: TreeLimits) -> Result<Digest, RemoteError> {
    let path = path.to_owned();
    blocking(move || {
        let mut seen = Vec::new();
        let mut files = 0;
        look(&path, 0, limits, &mut seen, &mut files)?;
        // The order of a folder's entries is the file system's own.
        seen.sort_unstable();
        Ok(Digest::of(seen.join("\n").as_bytes()))
    })
    .await
}

fn look(
    path: &Path,
    depth: usize,
    limits: TreeLimits,
    seen: &mut Vec<String>,
    files: &mut usize,
) -> Result<(), RemoteError> {
    let too_large =
        |limit: String| RemoteError::TooLarge { doing: "look at", on: path.display().to_string(), limit };
    if depth > DEPTH {
        return Err(too_large(format!("{DEPTH} nested folders")));
    }
    for entry in std::fs::read_dir(path).map_err(RemoteError::folder("list", path))? {
        let entry = entry.map_err(RemoteError::folder("list", path))?;
        if entry.file_name().to_str().is_none_or(|name| SKIPPED.contains(&name)) {
            continue;
        }
        let place = entry.path();
        let about = entry.metadata().map_err(RemoteError::folder("look at", &place))?;
        if about.is_dir() {
            look(&place, depth + 1, limits, seen, files)?;
            continue;
        }
        *files += 1;
        if *files > limits.files {
            return Err(too_large(format!("{} files", limits.files)));
        }
        let modified = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |since| since.as_nanos());
        seen.push(format!("{}\u{0}{}\u{0}{modified}", place.display(), about.len()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::folder_fingerprint;
    use crate::TreeLimits;

    #[tokio::test]
    async fn a_changed_file_changes_the_fingerprint_and_a_build_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let mark = async || folder_fingerprint(folder.path(), TreeLimits::default()).await.unwrap();
        std::fs::create_dir(folder.path().join("org")).unwrap();
        std::fs::write(folder.path().join("org/a.yaml"), "a").unwrap();
        let first = mark().await;
        assert_eq!(mark().await, first);
        std::fs::create_dir(folder.path().join("target")).unwrap();
        std::fs::write(folder.path().join("target/b.yaml"), "b").unwrap();
        assert_eq!(mark().await, first);
        std::fs::write(folder.path().join("org/a.yaml"), "longer").unwrap();
        assert_ne!(mark().await, first);
    }
}
