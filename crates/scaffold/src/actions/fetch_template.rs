//! `fetch:template` and `fetch:template:file`: files whose names and contents are templates.

use fairway_domain::tree::TreeFile;
use fairway_template::{Budget, Environment, FetchTemplate, fetch_template};
use serde_json::{Map, Value, json};

use super::input::{flag, no_output, nothing, required_text, text, texts};
use crate::action::{Action, ActionExample};
use crate::context::{StepContext, folder_in_workspace, path_in_workspace};
use crate::error::ActionError;

/// Renders a folder into the workspace.
pub(super) struct FetchTemplateFolder;

fn shared_properties() -> Map<String, Value> {
    let schema = json!({
        "url": {"type": "string", "title": "Fetch URL", "description": "A path relative to the template's folder, or an address"},
        "values": {"type": "object", "title": "Template values", "description": "What the templates see as `values`"},
        "cookiecutterCompat": {"type": "boolean", "description": "Delimiters {{ }} and values under `cookiecutter`, as Cookiecutter has them"},
        "replace": {"type": "boolean", "description": "Whether files that are there are replaced; false by default"},
        "trimBlocks": {"type": "boolean", "description": "Drops the first line break after a block tag"},
        "lstripBlocks": {"type": "boolean", "description": "Drops the white space before a block tag"},
        "token": {"type": "string", "description": "Not used: sources are configured by the operator"}
    });
    schema.as_object().cloned().unwrap_or_default()
}

fn values(input: &Value) -> Value {
    input.get("values").cloned().unwrap_or_else(nothing)
}

impl Action for FetchTemplateFolder {
    fn id(&self) -> &'static str {
        "fetch:template"
    }

    fn description(&self) -> &'static str {
        "Renders the names and contents of a folder's files with `values`, and puts them into the workspace. \
         A file whose rendered name is empty is left out; binary files and symbolic links are copied."
    }

    fn input_schema(&self) -> Value {
        let mut properties = shared_properties();
        let more = json!({
            "targetPath": {"type": "string", "description": "The folder of the workspace to render into"},
            "copyWithoutTemplating": {"type": "array", "items": {"type": "string"}, "description": "Globs of files whose names are rendered and whose contents are not"},
            "copyWithoutRender": {"type": "array", "items": {"type": "string"}, "description": "Globs of files that are copied as they are, names and contents; not together with copyWithoutTemplating"},
            "templateFileExtension": {"type": ["string", "boolean"], "description": "Renders only files that end like this (true: .njk), and drops the ending"}
        });
        properties.extend(more.as_object().cloned().unwrap_or_default());
        json!({"type": "object", "required": ["url"], "properties": properties})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Renders the folder content beside the template",
            input: json!({"url": "./content", "values": {"name": "${{ parameters.name }}"}}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let url = required_text(input, "url");
        let target =
            folder_in_workspace(text(input, "targetPath")).map_err(|error| error.at_field("targetPath"))?;
        let copy_without_templating = texts(input, "copyWithoutTemplating");
        let copy_without_render = texts(input, "copyWithoutRender");
        let template_file_extension = match input.get("templateFileExtension") {
            Some(Value::Bool(true)) => Some(".njk".to_owned()),
            Some(Value::String(extension)) if extension.starts_with('.') => Some(extension.clone()),
            Some(Value::String(extension)) if !extension.is_empty() => Some(format!(".{extension}")),
            _ => None,
        };
        let template = context.fetch(url)?;
        let options = FetchTemplate {
            values: values(input),
            copy_without_templating,
            copy_without_render,
            cookiecutter_compat: flag(input, "cookiecutterCompat"),
            template_file_extension,
            replace: flag(input, "replace"),
            trim_blocks: flag(input, "trimBlocks"),
            lstrip_blocks: flag(input, "lstripBlocks"),
            strict_undefined: context.strict,
            target_path: target.map(|folder| folder.to_string()),
            budget: Budget::default(),
        };
        let report = fetch_template(&template, context.workspace, &options)?;
        let (written, kept, skipped) = (report.written.len(), report.kept.len(), report.skipped.len());
        context.log.push(format!(
            "Rendered {written} files of {url}; {kept} were there already and stay, {skipped} are left out"
        ));
        Ok(nothing())
    }
}

/// Renders one file into the workspace.
pub(super) struct FetchTemplateFile;

impl Action for FetchTemplateFile {
    fn id(&self) -> &'static str {
        "fetch:template:file"
    }

    fn description(&self) -> &'static str {
        "Renders one file with `values` to `targetPath` in the workspace."
    }

    fn input_schema(&self) -> Value {
        let mut properties = shared_properties();
        properties.insert(
            "targetPath".to_owned(),
            json!({"type": "string", "description": "The file of the workspace to write"}),
        );
        json!({"type": "object", "required": ["url", "targetPath"], "properties": properties})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Renders one file beside the template",
            input: json!({"url": "./Dockerfile.njk", "targetPath": "Dockerfile", "values": {"port": 8080}}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let url = required_text(input, "url");
        let target = path_in_workspace(required_text(input, "targetPath"))
            .map_err(|error| error.at_field("targetPath"))?;
        if context.workspace.get(&target).is_some() && !flag(input, "replace") {
            context.log.push(format!("{target} is there already and stays as it is"));
            return Ok(nothing());
        }
        let mut file = context.fetch_file(url).map_err(|error| error.at_field("url"))?;
        let rendered = file.text().map(|source| {
            let (environment, root) = if flag(input, "cookiecutterCompat") {
                (Environment::cookiecutter_compat(), "cookiecutter")
            } else {
                (Environment::backstage(), "values")
            };
            environment
                .with_trim_blocks(flag(input, "trimBlocks"))
                .with_lstrip_blocks(flag(input, "lstripBlocks"))
                .with_strict_undefined(context.strict)
                .render(source, url, &json!({root: values(input)}))
        });
        if let Some(text) = rendered.transpose()? {
            file = TreeFile { bytes: text.into_bytes().into(), ..file };
        }
        context.workspace.insert(target, file);
        Ok(nothing())
    }
}
