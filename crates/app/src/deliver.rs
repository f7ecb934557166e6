//! The action `workload:deliver`: renders a workload for environments and commits the manifests.

use fairway_domain::delivery::{DeliveryKind, DeploymentIntent};
use fairway_domain::environment::{Environment, ResourceClass};
use fairway_domain::plan::{Effect, RenderedEnvironment};
use fairway_domain::repository::BranchName;
use fairway_domain::tree::{Tree, TreePath};
use fairway_domain::{Diagnostic, EntityRef, EntityRefError};
use fairway_scaffold::{Action, ActionError, StepContext};
use fairway_workload::RenderRequest;
use serde_json::{Value, json};

use crate::manifests::{changes_between, listing};
use crate::releases::new_delivery_repository;

/// See the module.
pub struct Deliver;

fn failed(message: impl Into<String>) -> ActionError {
    ActionError::new(message)
}

fn first(diagnostics: Vec<Diagnostic>) -> ActionError {
    let first = diagnostics.into_iter().next();
    first.map_or_else(|| failed("the workload is not valid"), ActionError::from)
}

fn text<'a>(input: &'a Value, key: &str) -> Option<&'a str> {
    input.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

impl Action for Deliver {
    fn id(&self) -> &'static str {
        "workload:deliver"
    }

    fn description(&self) -> &'static str {
        "Renders a Score workload for environments and commits the manifests to their repositories"
    }

    fn input_schema(&self) -> Value {
        json!({
            "type": "object",
            "required": ["service", "owner", "environments", "version"],
            "additionalProperties": false,
            "properties": {
                "service": {"type": "string", "minLength": 1, "title": "The service's name"},
                "owner": {"type": "string", "minLength": 1, "title": "The owning group"},
                "system": {"type": "string", "title": "The system it is part of"},
                "environments": {"type": "array", "items": {"type": "string"}, "title": "Names of Environment entities"},
                "version": {"type": "string", "minLength": 1, "title": "The version, which becomes the image's tag"},
                "scorePath": {"type": "string", "default": "score.yaml", "title": "The workload's file in the workspace"}
            }
        })
    }

    fn output_schema(&self) -> Value {
        json!({"type": "object", "properties": {"environments": {"type": "array", "items": {"type": "string"}}}})
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let service = text(input, "service").ok_or_else(|| failed("service is missing"))?;
        let version = text(input, "version").ok_or_else(|| failed("version is missing"))?;
        let reference = |key: &str, kind: &str| {
            text(input, key).map(|value| EntityRef::parse(value, Some(kind), "default")).transpose()
        };
        let wrong = |error: EntityRefError| failed(error.to_string());
        let owner = reference("owner", "group").map_err(wrong)?.ok_or_else(|| failed("owner is missing"))?;
        let system = reference("system", "system").map_err(wrong)?;
        let path = text(input, "scorePath").unwrap_or("score.yaml");
        let source = context
            .workspace
            .get_text(path)
            .ok_or_else(|| failed(format!("the workspace has no file {path}")))?
            .to_owned();
        let score = fairway_workload::parse_score(path, &source).map_err(first)?;
        let repository = context
            .published()
            .map(|planned| planned.repository.clone())
            .ok_or_else(|| failed("the service is not published yet; put publish:git before this step"))?;
        let classes: Vec<ResourceClass> = context
            .world
            .entities("ResourceClass")
            .iter()
            .filter_map(|entity| ResourceClass::try_from(entity).ok())
            .collect();
        let mut all: Vec<Environment> = context
            .world
            .entities("Environment")
            .iter()
            .filter_map(|entity| Environment::try_from(entity).ok())
            .collect();
        all.sort_by_key(|environment| environment.spec.order);
        let asked: Vec<&str> = input
            .get("environments")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if let Some(unknown) = asked.iter().find(|name| !all.iter().any(|known| known.name == **name)) {
            let names: Vec<&str> = all.iter().map(|known| known.name.as_str()).collect();
            return Err(failed(format!(
                "there is no environment \"{unknown}\"; there are {}",
                names.join(", ")
            )));
        }
        for environment in all.iter().filter(|environment| asked.contains(&environment.name.as_str())) {
            let rendered = fairway_workload::render(&RenderRequest {
                score: &score,
                service,
                owner: &owner,
                system: system.as_ref(),
                version,
                image_repository: &repository.to_string(),
                environment,
                classes: &classes,
            })
            .map_err(first)?;
            let delivery = &environment.spec.delivery;
            let created = context.effects.iter().any(|effect| {
                matches!(effect, Effect::CreateRepository { repository, .. } if *repository == delivery.repository)
            });
            if !created && !context.world.repository_exists(&delivery.repository) {
                context.effects.push(new_delivery_repository(environment));
            }
            let there = delivered(context, delivery.repository.to_string().as_str(), &delivery.path, service);
            let files = changes_between(&there, &rendered.files, &delivery.path, service, context.contents)
                .map_err(|error| failed(error.to_string()))?;
            if !files.is_empty() {
                context.effects.push(Effect::Commit {
                    repository: delivery.repository.clone(),
                    branch: BranchName::main(),
                    base: None,
                    rebase: true,
                    message: format!("Deploy {service} {version} to {}", environment.name),
                    files,
                });
            }
            context.effects.push(Effect::RecordDeployment {
                deployment: DeploymentIntent {
                    service: service.to_owned(),
                    environment: environment.name.clone(),
                    version: version.to_owned(),
                    images: rendered.images.clone(),
                    source: Some(repository.clone()),
                    source_commit: None,
                    manifests: rendered.files.digest(),
                    kind: DeliveryKind::Deploy,
                    replaces: None,
                },
            });
            let listed = listing(&rendered.files, context.contents);
            context.environments.push(RenderedEnvironment {
                environment: environment.name.clone(),
                service: service.to_owned(),
                version: version.to_owned(),
                namespace: rendered.namespace.clone(),
                files: listed,
                resources: rendered.resources.clone(),
            });
            for warning in &rendered.warnings {
                context.log.push(format!("{}: {warning}", environment.name));
            }
            context.log.push(format!("Rendered {} manifests for {}", rendered.files.len(), environment.name));
        }
        Ok(json!({"environments": asked}))
    }
}

/// What is in the environment's repository under the service's name: normally nothing, since the service is
/// new; what an earlier service of that name left is replaced in view of everybody.
fn delivered(context: &StepContext<'_>, repository: &str, folder: &TreePath, service: &str) -> Tree {
    let address =
        format!("{}/repositories/{repository}/tree/main/{folder}/{service}", context.world.base_url());
    context.world.fetch(context.template_base, &address).unwrap_or_default()
}
