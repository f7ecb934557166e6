//! `catalog:register`, `catalog:write` and `catalog:fetch`.

use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use fairway_domain::plan::Effect;
use fairway_domain::tree::{FileMode, TreeFile, TreePath};
use fairway_domain::{Diagnostic, EntityRef};
use serde_json::{Map, Value, json};

use super::input::{flag, no_output, nothing, text, texts};
use crate::action::{Action, ActionExample};
use crate::context::{StepContext, path_in_workspace};
use crate::error::ActionError;

/// Registers a catalog file.
pub(super) struct CatalogRegister;

impl Action for CatalogRegister {
    fn id(&self) -> &'static str {
        "catalog:register"
    }

    fn description(&self) -> &'static str {
        "Registers the entities of a catalog file, usually of the repository that a step before published."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object",
        "anyOf": [{"required": ["catalogInfoUrl"]}, {"required": ["repoContentsUrl"]}],
        "properties": {
            "catalogInfoUrl": {"type": "string", "title": "Catalog info URL", "description": "The address of the file"},
            "repoContentsUrl": {"type": "string", "title": "Repository contents URL", "description": "The output of a publish step"},
            "catalogInfoPath": {"type": "string", "title": "File path", "description": "The file below it; /catalog-info.yaml by default"},
            "optional": {"type": "boolean", "description": "Whether a missing file is fine"}
        }})
    }

    fn output_schema(&self) -> Value {
        json!({"type": "object", "required": ["catalogInfoUrl"], "properties": {
            "entityRef": {"type": "string", "description": "The component, or the first entity"},
            "catalogInfoUrl": {"type": "string", "description": "The address of the file"}
        }})
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Registers what the step \"publish\" published",
            input: json!({"repoContentsUrl": "${{ steps.publish.output.repoContentsUrl }}", "catalogInfoPath": "/catalog-info.yaml"}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let target = find_target(input)?;
        let optional = flag(input, "optional");
        let entities = match read_entities(&target, context) {
            Ok(entities) => entities,
            Err(error) if optional => {
                context.log.push(format!("{target}: {error}"));
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        if entities.is_empty() && !optional {
            return Err(ActionError::new(format!("{target} holds no entity"))
                .with_hint("an entity has apiVersion, kind and metadata.name"));
        }
        for entity in entities.iter().filter(|entity| context.world.entity(entity).is_some()) {
            context.warnings.push(format!(
                "{entity} is in the catalog already, from another source; the catalog keeps the one it has"
            ));
        }
        let mut output = Map::new();
        let generated = |entity: &&EntityRef| entity.name().starts_with("generated-");
        let shown = entities
            .iter()
            .find(|entity| !generated(entity) && entity.kind() == "component")
            .or_else(|| entities.iter().find(|entity| !generated(entity)))
            .or_else(|| entities.first());
        if let Some(entity) = shown {
            output.insert("entityRef".to_owned(), Value::String(entity.to_string()));
        }
        output.insert("catalogInfoUrl".to_owned(), Value::String(target.clone()));
        context.log.push(format!("Registering {target}"));
        context.effects.push(Effect::RegisterLocation { target, entities, optional });
        Ok(Value::Object(output))
    }
}

fn find_target(input: &Value) -> Result<String, ActionError> {
    if let Some(url) = text(input, "catalogInfoUrl") {
        return Ok(url.to_owned());
    }
    let Some(base) = text(input, "repoContentsUrl") else {
        return Err(ActionError::new("neither catalogInfoUrl nor repoContentsUrl says what to register"));
    };
    let path = text(input, "catalogInfoPath").unwrap_or("/catalog-info.yaml");
    let path = TreePath::lenient(path.trim_start_matches('/'))?;
    Ok(format!("{}/{path}", base.trim_end_matches('/')))
}

fn read_entities(target: &str, context: &mut StepContext<'_>) -> Result<Vec<EntityRef>, ActionError> {
    let planned = context
        .repositories
        .iter()
        .find_map(|planned| target.strip_prefix(&planned.contents_url).map(|path| (planned, path)));
    let (name, file) = match planned {
        Some((planned, path)) => {
            let path = path_in_workspace(path)?;
            let Some(file) = planned.tree.get(&path).cloned() else {
                let error = ActionError::new(format!("{} will have no file {path}", planned.repository));
                return Err(
                    error.with_hint("let the template write it, or use catalog:write before publishing")
                );
            };
            (path.to_string(), file)
        }
        None => (target.to_owned(), context.fetch_file(target)?),
    };
    if file.mode == FileMode::Symlink {
        return Err(ActionError::new(format!("{name} is a symbolic link; links are not followed")));
    }
    let Some(text) = file.text() else {
        return Err(ActionError::new(format!("{name} is no UTF-8 text")));
    };
    let reading = fairway_yaml::read(&name, text, &fairway_yaml::Limits::default());
    if let Some(problem) = reading.diagnostics.into_iter().find(Diagnostic::is_error) {
        return Err(problem.into());
    }
    let mut entities = Vec::new();
    for document in &reading.documents {
        let metadata =
            |key: &str| document.value.pointer(&format!("/metadata/{key}")).and_then(Value::as_str);
        let kind = document.value.get("kind").and_then(Value::as_str).filter(|kind| !kind.is_empty());
        let (Some(kind), Some(name)) = (kind, metadata("name").filter(|name| !name.is_empty())) else {
            let missing = if kind.is_none() { "kind" } else { "metadata.name" };
            let pointer = format!("/{}", missing.replace('.', "/"));
            return Err(document.diagnostic(&pointer, "entity", format!("{missing} is missing")).into());
        };
        let reference = EntityRef::new(kind, metadata("namespace").unwrap_or(DEFAULT_NAMESPACE), name);
        if !entities.contains(&reference) {
            entities.push(reference);
        }
    }
    Ok(entities)
}

/// Writes a catalog file.
pub(super) struct CatalogWrite;

impl Action for CatalogWrite {
    fn id(&self) -> &'static str {
        "catalog:write"
    }

    fn description(&self) -> &'static str {
        "Writes an entity as YAML into the workspace."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["entity"], "properties": {
            "entity": {"type": "object", "description": "The entity"},
            "filePath": {"type": "string", "description": "The file; catalog-info.yaml by default"}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Writes a component",
            input: json!({"entity": {
                "apiVersion": "backstage.io/v1alpha1", "kind": "Component",
                "metadata": {"name": "${{ parameters.name }}"},
                "spec": {"type": "service", "lifecycle": "production", "owner": "${{ parameters.owner }}"}
            }}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let path = path_in_workspace(text(input, "filePath").unwrap_or("catalog-info.yaml"))?;
        let Some(entity) = input.get("entity") else { return Err(ActionError::new("entity is missing")) };
        context.log.push(format!("Writing {path}"));
        context.workspace.insert(path, TreeFile::regular(fairway_yaml::write(entity).into_bytes()));
        Ok(nothing())
    }
}

/// Reads entities of the catalog.
pub(super) struct CatalogFetch;

impl Action for CatalogFetch {
    fn id(&self) -> &'static str {
        "catalog:fetch"
    }

    fn description(&self) -> &'static str {
        "Reads one entity or several from the catalog, for later steps to use."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object",
        "anyOf": [{"required": ["entityRef"]}, {"required": ["entityRefs"]}],
        "properties": {
            "entityRef": {"type": "string"},
            "entityRefs": {"type": "array", "items": {"type": "string"}},
            "optional": {"type": "boolean", "description": "Whether a missing entity is fine"},
            "defaultKind": {"type": "string"},
            "defaultNamespace": {"type": "string"}
        }})
    }

    fn output_schema(&self) -> Value {
        json!({"type": "object", "properties": {
            "entity": {"type": "object", "description": "The entity, for entityRef"},
            "entities": {"type": "array", "description": "The entities in the order of entityRefs; null for one that is missing"}
        }})
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Reads the owner",
            input: json!({"entityRef": "${{ parameters.owner }}", "defaultKind": "Group"}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let kind = text(input, "defaultKind");
        let namespace = text(input, "defaultNamespace").unwrap_or(DEFAULT_NAMESPACE);
        let find = |name: &str| -> Result<Option<Value>, ActionError> {
            let reference = EntityRef::parse(name, kind, namespace)
                .map_err(|error| ActionError::new(error.to_string()))?;
            match context.world.entity(&reference) {
                Some(entity) => Ok(Some(entity.to_value())),
                None if flag(input, "optional") => Ok(None),
                None => Err(ActionError::new(format!("{reference} is not in the catalog"))
                    .with_hint("set `optional: true` if the step can do without it")),
            }
        };
        if let Some(name) = text(input, "entityRef") {
            return Ok(find(name)?.map_or_else(nothing, |entity| json!({"entity": entity})));
        }
        let entities = texts(input, "entityRefs")
            .iter()
            .map(|name| Ok(find(name)?.unwrap_or_default()))
            .collect::<Result<Vec<Value>, ActionError>>()?;
        Ok(json!({"entities": entities}))
    }
}
