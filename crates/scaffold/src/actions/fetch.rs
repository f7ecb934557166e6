//! `fetch:plain` and `fetch:plain:file`: files as they are.

use serde_json::{Value, json};

use super::input::{flag, no_output, nothing, required_text, text};
use crate::action::{Action, ActionExample};
use crate::context::{StepContext, folder_in_workspace, path_in_workspace};
use crate::error::ActionError;

/// Copies a folder into the workspace.
pub(super) struct FetchPlain;

impl Action for FetchPlain {
    fn id(&self) -> &'static str {
        "fetch:plain"
    }

    fn description(&self) -> &'static str {
        "Copies a folder into the workspace, or into the folder of it that `targetPath` names."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["url"], "properties": {
            "url": {"type": "string", "title": "Fetch URL", "description": "A path relative to the template's folder, or the address of a folder"},
            "targetPath": {"type": "string", "title": "Target path", "description": "The folder of the workspace to copy into"},
            "token": {"type": "string", "description": "Not used: sources are configured by the operator"}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Copies a shared folder beside the template into docs",
            input: json!({"url": "../shared/docs", "targetPath": "docs"}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let url = required_text(input, "url");
        let target =
            folder_in_workspace(text(input, "targetPath")).map_err(|error| error.at_field("targetPath"))?;
        let tree = context.fetch(url)?;
        context.log.push(format!("Fetched {} files from {url}", tree.len()));
        for (path, file) in tree {
            let path = target.as_ref().map_or_else(|| path.clone(), |folder| path.below(folder));
            context.workspace.insert(path, file);
        }
        Ok(nothing())
    }
}

/// Copies one file into the workspace.
pub(super) struct FetchPlainFile;

impl Action for FetchPlainFile {
    fn id(&self) -> &'static str {
        "fetch:plain:file"
    }

    fn description(&self) -> &'static str {
        "Copies one file to `targetPath` in the workspace."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["url", "targetPath"], "properties": {
            "url": {"type": "string", "title": "Fetch URL", "description": "A path relative to the template's folder, or the address of a file"},
            "targetPath": {"type": "string", "title": "Target path", "description": "The file of the workspace to write"},
            "replace": {"type": "boolean", "description": "Whether a file that is there is replaced; true by default"},
            "token": {"type": "string", "description": "Not used: sources are configured by the operator"}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Copies the licence",
            input: json!({"url": "../shared/LICENSE", "targetPath": "LICENSE"}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let url = required_text(input, "url");
        let target = path_in_workspace(required_text(input, "targetPath"))
            .map_err(|error| error.at_field("targetPath"))?;
        if input.get("replace").is_some()
            && !flag(input, "replace")
            && context.workspace.get(&target).is_some()
        {
            context.log.push(format!("{target} is there already and stays as it is"));
            return Ok(nothing());
        }
        let file = context.fetch_file(url).map_err(|error| error.at_field("url"))?;
        context.workspace.insert(target, file);
        Ok(nothing())
    }
}
