//! Rendered manifests as trees of files: what changes, what they hold, where they lie.

use std::collections::BTreeMap;

use fairway_domain::Digest;
use fairway_domain::plan::{FileAction, FileChange};
use fairway_domain::tree::{FileMode, Tree, TreePath};

use crate::AppError;

/// The file changes that bring `after` into a folder that holds `before`.
pub(crate) fn changes_between(
    before: &Tree,
    after: &Tree,
    folder: &TreePath,
    service: &str,
    contents: &mut BTreeMap<Digest, Vec<u8>>,
) -> Result<Vec<FileChange>, AppError> {
    let mut changes = Vec::new();
    for (path, file) in after.iter() {
        let content = Digest::of(&file.bytes);
        let old = before.get(path).map(|old| (Digest::of(&old.bytes), old));
        if old.as_ref().is_some_and(|(digest, old)| *digest == content && old.mode == file.mode) {
            continue;
        }
        contents.insert(content, file.bytes.to_vec());
        if let Some((digest, old)) = &old {
            contents.insert(*digest, old.bytes.to_vec());
        }
        changes.push(FileChange {
            path: delivered_path(folder, service, path)?,
            action: if old.is_some() { FileAction::Change } else { FileAction::Add },
            mode: file.mode,
            content: Some(content),
            size: file.bytes.len() as u64,
            before: old.map(|(digest, _)| digest),
        });
    }
    for (path, file) in before.iter() {
        if after.get(path).is_none() {
            let digest = Digest::of(&file.bytes);
            contents.insert(digest, file.bytes.to_vec());
            changes.push(FileChange {
                path: delivered_path(folder, service, path)?,
                action: FileAction::Delete,
                mode: file.mode,
                content: None,
                size: 0,
                before: Some(digest),
            });
        }
    }
    changes.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(changes)
}

/// Every file of a tree as an addition, relative to the tree.
pub(crate) fn listing(tree: &Tree, contents: &mut BTreeMap<Digest, Vec<u8>>) -> Vec<FileChange> {
    tree.iter()
        .map(|(path, file)| {
            let content = Digest::of(&file.bytes);
            contents.insert(content, file.bytes.to_vec());
            FileChange {
                path: path.clone(),
                action: FileAction::Add,
                mode: FileMode::Regular,
                content: Some(content),
                size: file.bytes.len() as u64,
                before: None,
            }
        })
        .collect()
}

/// The Kubernetes objects in a folder of rendered manifests.
pub(crate) fn objects_of(files: &Tree) -> Result<Vec<(TreePath, serde_json::Value)>, AppError> {
    let mut objects = Vec::new();
    for (path, file) in files.iter() {
        let Some(text) = file.text() else { continue };
        let reading = fairway_yaml::read(path.as_str(), text, &fairway_yaml::Limits::default());
        if !reading.diagnostics.is_empty() {
            return Err(AppError::Diagnostics(reading.diagnostics));
        }
        objects.extend(reading.documents.into_iter().map(|document| (path.clone(), document.value)));
    }
    Ok(objects)
}

/// The path of a service's file inside its environment's repository.
pub(crate) fn delivered_path(
    folder: &TreePath,
    service: &str,
    file: &TreePath,
) -> Result<TreePath, AppError> {
    format!("{folder}/{service}/{file}")
        .parse()
        .map_err(|error: fairway_domain::tree::TreePathError| AppError::invalid(error.to_string()))
}
