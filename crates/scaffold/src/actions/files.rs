//! `fs:delete`, `fs:rename` and `fs:readdir`: files of the workspace.

use std::collections::BTreeSet;

use fairway_domain::tree::{Tree, TreePath};
use glob_match::glob_match;
use serde_json::{Value, json};

use super::input::{flag, no_output, nothing, required_text, texts};
use crate::action::{Action, ActionExample};
use crate::context::{StepContext, folder_in_workspace, path_in_workspace};
use crate::error::ActionError;

/// Deletes files and folders.
pub(super) struct FsDelete;

impl Action for FsDelete {
    fn id(&self) -> &'static str {
        "fs:delete"
    }

    fn description(&self) -> &'static str {
        "Deletes files and folders of the workspace; globs are allowed."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["files"], "properties": {
            "files": {"type": "array", "items": {"type": "string"}, "description": "Paths or globs"}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Deletes a folder and all logs",
            input: json!({"files": ["tmp", "**/*.log"]}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        for pattern in texts(input, "files") {
            // The pattern is held to the rules of a path, so that it cannot even name what lies outside.
            let pattern = path_in_workspace(&pattern)?;
            let gone: Vec<TreePath> = context
                .workspace
                .iter()
                .map(|(path, _)| path)
                .filter(|path| names(pattern.as_str(), path))
                .cloned()
                .collect();
            context.log.push(format!("Deleting {} files that match {pattern}", gone.len()));
            for path in gone {
                context.workspace.remove(&path);
            }
        }
        Ok(nothing())
    }
}

/// Whether the glob names the file, or a folder that it lies in.
fn names(pattern: &str, path: &TreePath) -> bool {
    let mut current = Some(path.clone());
    while let Some(path) = current {
        if glob_match(pattern, path.as_str()) {
            return true;
        }
        current = path.parent();
    }
    false
}

/// Renames files and folders.
pub(super) struct FsRename;

impl Action for FsRename {
    fn id(&self) -> &'static str {
        "fs:rename"
    }

    fn description(&self) -> &'static str {
        "Renames or moves files and folders of the workspace."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["files"], "properties": {
            "files": {"type": "array", "items": {"type": "object", "required": ["from", "to"], "properties": {
                "from": {"type": "string"}, "to": {"type": "string"},
                "overwrite": {"type": "boolean", "description": "Whether what is there is replaced; false by default"}
            }}}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Renames a file",
            input: json!({"files": [{"from": "gitignore", "to": ".gitignore"}]}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        for file in input.get("files").and_then(Value::as_array).into_iter().flatten() {
            let from = path_in_workspace(required_text(file, "from"))?;
            let to = path_in_workspace(required_text(file, "to"))?;
            rename(context.workspace, &from, &to, flag(file, "overwrite"))?;
            context.log.push(format!("Renaming {from} to {to}"));
        }
        Ok(nothing())
    }
}

fn rename(tree: &mut Tree, from: &TreePath, to: &TreePath, overwrite: bool) -> Result<(), ActionError> {
    let moves: Vec<(TreePath, TreePath)> = tree
        .iter()
        .filter_map(|(path, _)| {
            let target = if path == from { to.clone() } else { path.strip_prefix(from)?.below(to) };
            Some((path.clone(), target))
        })
        .collect();
    if moves.is_empty() {
        return Err(ActionError::new(format!("the workspace has no file or folder {from}")));
    }
    if from == to {
        return Ok(());
    }
    if to.strip_prefix(from).is_some() {
        return Err(ActionError::new(format!("{from} cannot be moved into itself, to {to}")));
    }
    let there: Vec<TreePath> = tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| *path == to || path.strip_prefix(to).is_some())
        .cloned()
        .collect();
    if !there.is_empty() && !overwrite {
        return Err(ActionError::new(format!("{to} is there already"))
            .with_hint("set `overwrite: true` to replace it"));
    }
    for path in there.iter().filter(|path| !moves.iter().any(|(from, _)| from == *path)) {
        tree.remove(path);
    }
    for (path, target) in moves {
        if let Some(file) = tree.remove(&path) {
            tree.insert(target, file);
        }
    }
    Ok(())
}

/// Lists files and folders.
pub(super) struct FsReaddir;

impl Action for FsReaddir {
    fn id(&self) -> &'static str {
        "fs:readdir"
    }

    fn description(&self) -> &'static str {
        "Lists the files and folders of folders in the workspace."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["paths"], "properties": {
            "paths": {"type": "array", "items": {"type": "string"}},
            "recursive": {"type": "boolean"}
        }})
    }

    fn output_schema(&self) -> Value {
        let entries = json!({"type": "array", "items": {"type": "object", "properties": {
            "name": {"type": "string"}, "path": {"type": "string"}, "fullPath": {"type": "string"}
        }}});
        json!({"type": "object", "properties": {"files": entries, "folders": entries}})
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Lists everything",
            input: json!({"paths": ["."], "recursive": true}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let recursive = flag(input, "recursive");
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        for text in texts(input, "paths") {
            let folder = folder_in_workspace(Some(&text))?;
            let tree = context.workspace.subtree(folder.as_ref());
            if tree.is_empty() && folder.is_some() {
                return Err(ActionError::new(format!("the workspace has no folder {text}")));
            }
            let place =
                |path: TreePath| folder.as_ref().map_or_else(|| path.clone(), |folder| path.below(folder));
            for (path, _) in tree.iter() {
                if recursive || path.parent().is_none() {
                    files.insert(place(path.clone()));
                }
                let mut parent = path.parent();
                while let Some(path) = parent {
                    if recursive || path.parent().is_none() {
                        folders.insert(place(path.clone()));
                    }
                    parent = path.parent();
                }
            }
        }
        let list = |paths: BTreeSet<TreePath>| -> Vec<Value> {
            paths
                .iter()
                .map(|path| {
                    let folder = path.parent().map(|parent| parent.to_string()).unwrap_or_default();
                    json!({"name": path.file_name(), "path": folder, "fullPath": path.as_str()})
                })
                .collect()
        };
        Ok(json!({"files": list(files), "folders": list(folders)}))
    }
}
