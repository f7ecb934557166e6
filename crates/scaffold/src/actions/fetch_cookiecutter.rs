//! `fetch:cookiecutter`: a folder rendered by Cookiecutter's rules, without running Cookiecutter.

use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_template::cookiecutter::{Cookiecutter, generate};
use serde_json::{Map, Value, json};

use super::input::{no_output, nothing, required_text, text, texts};
use crate::action::{Action, ActionExample};
use crate::context::{StepContext, folder_in_workspace};
use crate::error::ActionError;

/// Renders a folder into the workspace.
pub(super) struct FetchCookiecutter;

/// The folder that the fetched one becomes: a name that Cookiecutter takes for a template, and that is always `contents`.
const TEMPLATE: &str = "{{cookiecutter and 'contents'}}";
const CONFIGURATION: &str = "cookiecutter.json";

impl Action for FetchCookiecutter {
    fn id(&self) -> &'static str {
        "fetch:cookiecutter"
    }

    fn description(&self) -> &'static str {
        "Renders a folder as Cookiecutter does, with `values` over the defaults in its `cookiecutter.json`, and puts it \
         into the workspace. Hooks and Python extensions are not run; templates that need the date or random numbers \
         take them as values."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["url"], "properties": {
            "url": {"type": "string", "title": "Fetch URL", "description": "A path relative to the template's folder, or the address of a folder"},
            "targetPath": {"type": "string", "title": "Target Path", "description": "The folder of the workspace to render into"},
            "values": {"type": "object", "title": "Template Values", "description": "What the templates see as `cookiecutter`"},
            "copyWithoutRender": {"type": "array", "items": {"type": "string"}, "title": "Copy Without Render", "description": "Patterns of files and folders that are copied as they are, in names and contents"},
            "extensions": {"type": "array", "items": {"type": "string"}, "title": "Template Extensions", "description": "Jinja's own extensions: jinja2.ext.do and jinja2.ext.loopcontrols"},
            "imageName": {"type": "string", "title": "Cookiecutter Docker image", "description": "Not used: no container is started"}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Renders the Cookiecutter template in the folder content",
            input: json!({"url": "./content", "values": {"name": "${{ parameters.name }}"}}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let url = required_text(input, "url");
        let target =
            folder_in_workspace(text(input, "targetPath")).map_err(|error| error.at_field("targetPath"))?;
        let fetched = context.fetch(url)?;
        let folder = TreePath::lenient(TEMPLATE)?;
        let configuration = TreePath::lenient(CONFIGURATION)?;
        let mut template = Tree::new();
        let written = fetched.get(&configuration).cloned();
        template.insert(configuration, written.unwrap_or_else(|| TreeFile::regular(b"{}".as_slice())));
        for (path, file) in fetched {
            template.insert(path.below(&folder), file);
        }
        let options = Cookiecutter { variables: variables(input), ..Cookiecutter::default() };
        let mut rendered = Tree::new();
        let project = generate(&template, &mut rendered, &options)?.project;
        let files = rendered.subtree(Some(&project));
        context.log.push(format!("Rendered {} files of {url}", files.len()));
        for (path, file) in files {
            let path = target.as_ref().map_or_else(|| path.clone(), |folder| path.below(folder));
            context.workspace.insert(path, file);
        }
        Ok(nothing())
    }
}

/// What is put over `cookiecutter.json`.
fn variables(input: &Value) -> Map<String, Value> {
    let mut variables = input.get("values").and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, name) in [("copyWithoutRender", "_copy_without_render"), ("extensions", "_extensions")] {
        let listed = texts(input, key);
        if !listed.is_empty() {
            variables.insert(name.to_owned(), listed.into());
        }
    }
    if let Some(image) = text(input, "imageName") {
        variables.insert("imageName".to_owned(), image.into());
    }
    variables
}
