//! Kubernetes manifests in files and folders of this machine.

use std::path::{Path, PathBuf};

use fairway_remote::{TreeLimits, read_folder};

use crate::failure::CliError;

/// A file of manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFile {
    /// Its path, as the person would write it.
    pub path: String,
    /// What is in it.
    pub content: String,
}

/// The largest file that is looked at, in bytes.
const FILE_BYTES: u64 = 3 * 1024 * 1024;

/// Reads YAML and JSON files: those named, and those below the folders named.
pub async fn read(paths: &[PathBuf]) -> Result<Vec<ManifestFile>, CliError> {
    read_matching(paths, is_manifest).await
}

/// Reads the files named, and those below the folders named whose paths are wanted.
pub async fn read_matching(
    paths: &[PathBuf],
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<ManifestFile>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        let kind = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if !kind.is_dir() {
            files.push(read_one(path)?);
            continue;
        }
        let tree = read_folder(path, TreeLimits::default()).await?;
        for (inside, file) in tree.iter() {
            let Some(text) = file.text().filter(|_| wanted(inside.as_str())) else { continue };
            let shown = path.join(inside.as_str()).display().to_string();
            files.push(ManifestFile { path: shown, content: text.to_owned() });
        }
    }
    Ok(files)
}

/// The names of all files below a folder.
pub async fn names(folder: &Path) -> Result<Vec<String>, CliError> {
    let tree = read_folder(folder, TreeLimits::default()).await?;
    Ok(tree.iter().map(|(inside, _)| inside.to_string()).collect())
}

/// Whether a file is one of YAML or JSON, by its name.
pub fn is_manifest(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn read_one(path: &Path) -> Result<ManifestFile, CliError> {
    let size = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if size > FILE_BYTES {
        return Err(CliError::usage(
            format!("{} is larger than {FILE_BYTES} bytes", path.display()),
            Some("split it into several files"),
        ));
    }
    let content = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok(ManifestFile { path: path.display().to_string(), content })
}

fn unreadable(path: &Path, error: &std::io::Error) -> CliError {
    CliError::usage(
        format!("{} cannot be read: {error}", path.display()),
        Some("name files or folders that exist"),
    )
}

#[cfg(test)]
mod tests {
    use super::is_manifest;

    #[test]
    fn manifests_are_yaml_or_json() {
        assert!(is_manifest("a/b.yaml") && is_manifest("a.YML") && is_manifest("x.json"));
        assert!(!is_manifest("README.md") && !is_manifest("yaml") && !is_manifest("a.yaml.tpl"));
    }
}
