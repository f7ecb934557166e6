//! Services as one thing: created in one call, asked for in one call.

use std::time::Duration;

use fairway_domain::plan::{Effect, PlannedResource};
use fairway_domain::run::{Run, RunStatus};
use fairway_domain::{Caller, EntityRef, Permission, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::environments::{environments_of, service_entity};
use crate::plans::StoredPlan;
use crate::{App, AppError};

/// How long the call that creates a service waits for the run to settle.
const PATIENCE: Duration = Duration::from_secs(20);

/// What somebody asks for.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceRequest {
    /// The service's name.
    pub name: String,
    /// The owning group.
    pub team: String,
    /// The template, by name.
    pub template: String,
    /// A database, by the template's words.
    pub database: Option<String>,
    /// The environments; every one when absent.
    pub environments: Option<Vec<String>>,
    /// One line for people.
    pub description: Option<String>,
    /// Further answers to the template's form.
    #[serde(default)]
    pub parameters: Map<String, Value>,
}

/// What came of it.
pub struct CreatedService {
    /// The plan.
    pub plan: StoredPlan,
    /// The run, settled or still going.
    pub run: Run,
    /// The address to clone from, when the plan publishes a repository.
    pub repository: Option<String>,
    /// The environments it was rendered for.
    pub environments: Vec<String>,
    /// Its resources, each once.
    pub resources: Vec<PlannedResource>,
}

impl CreatedService {
    /// One word: `provisioning`, `delivered` or `failed`.
    pub fn status(&self) -> &'static str {
        match self.run.status {
            RunStatus::Running => "provisioning",
            RunStatus::Completed => "delivered",
            RunStatus::Failed | RunStatus::Undoing | RunStatus::Undone => "failed",
        }
    }
}

/// Where a service stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// Its name.
    pub service: String,
    /// Its entity, when the catalog has one.
    pub entity: Option<EntityRef>,
    /// One entry an environment.
    pub deployments: Vec<DeploymentStatus>,
    /// One entry a resource and environment.
    pub infrastructure: Vec<ResourceStatus>,
}

/// A version in an environment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentStatus {
    /// The environment.
    pub environment: String,
    /// The version; absent when the service is not there.
    pub version: Option<String>,
    /// `Rendered` when the manifests are committed, `Absent` otherwise. A cluster's own word comes with a
    /// connected cluster.
    pub sync_status: &'static str,
    /// `Unknown` as long as no cluster is connected that could tell.
    pub health_status: &'static str,
    /// When the manifests were committed.
    pub since: Option<Timestamp>,
}

/// A resource in an environment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceStatus {
    /// Its name in the workload.
    pub resource: String,
    /// Its type.
    pub kind: String,
    /// Who provides it.
    pub provider: String,
    /// The environment.
    pub environment: String,
    /// Whether it is declared in the environment's repository.
    pub declared: bool,
    /// Whether its provider says that it is ready; unknown as long as no cluster is connected.
    pub ready: Option<bool>,
}

impl App {
    /// Creates a service: plans the golden path, applies the plan, and waits a while for it to settle.
    pub async fn create_service(
        &self,
        caller: &Caller,
        request: ServiceRequest,
    ) -> Result<CreatedService, AppError> {
        caller.authorise(Permission::Create)?;
        let template = self.template_named(caller, &request.template)?;
        let owner = EntityRef::parse(&request.team, Some("group"), "default")
            .map_err(|error| AppError::invalid(format!("team: {error}")))?;
        if self.view().catalog.get(&owner).is_none() {
            return Err(AppError::NotFound { what: "team", name: request.team, near: Vec::new() });
        }
        let environments = request.environments.unwrap_or_else(|| {
            environments_of(&self.view()).into_iter().map(|environment| environment.name).collect()
        });
        let description =
            request.description.unwrap_or_else(|| format!("{}, owned by {}", request.name, owner.name()));
        let mut values = request.parameters;
        for (key, value) in [
            ("name", json!(request.name)),
            ("owner", json!(owner.to_string())),
            ("description", json!(description)),
            ("environments", json!(environments)),
        ] {
            values.entry(key).or_insert(value);
        }
        if let Some(database) = request.database {
            values.entry("database").or_insert(json!(database));
        }
        // Only what the form asks for: another template may have no environments or no database.
        let form = self.form(caller, &template, &Value::Object(values.clone()))?;
        let asked: Vec<String> =
            form.steps.iter().flat_map(|page| &page.fields).map(|field| field.name.clone()).collect();
        values.retain(|key, _| asked.iter().any(|name| name == key || name.starts_with(&format!("{key}."))));
        let plan = self.plan_template(caller, &template.reference, &Value::Object(values)).await?;
        let run = self.apply(caller, &plan.plan.digest()).await?;
        let run = self.wait_for_run(caller, &run.id, PATIENCE).await?;
        let repository = plan.plan.effects.iter().find_map(|effect| match effect {
            Effect::CreateRepository { repository, .. } => {
                Some(format!("{}/git/{repository}.git", self.inner.config.base_url))
            }
            _ => None,
        });
        let mut resources: Vec<PlannedResource> = Vec::new();
        for resource in plan.plan.environments.iter().flat_map(|rendered| &rendered.resources) {
            if !resources.iter().any(|known| known.name == resource.name) {
                resources.push(resource.clone());
            }
        }
        let environments =
            plan.plan.environments.iter().map(|rendered| rendered.environment.clone()).collect();
        Ok(CreatedService { plan, run, repository, environments, resources })
    }

    /// Where a service stands in every environment.
    pub fn service_status(&self, caller: &Caller, name: &str) -> Result<ServiceStatus, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let entity = service_entity(&view, name);
        let deployments: Vec<DeploymentStatus> = environments_of(&view)
            .into_iter()
            .map(|environment| {
                let found = view.deployments.get(&format!("{name}/{}", environment.name));
                DeploymentStatus {
                    environment: environment.name,
                    version: found.map(|found| found.intent.version.clone()),
                    sync_status: if found.is_some() { "Rendered" } else { "Absent" },
                    health_status: "Unknown",
                    since: found.map(|found| found.at),
                }
            })
            .collect();
        if entity.is_none() && deployments.iter().all(|deployment| deployment.version.is_none()) {
            return Err(AppError::NotFound { what: "service", name: name.to_owned(), near: Vec::new() });
        }
        let prefix = format!("{name}/");
        let infrastructure = view
            .resources
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix))
            .map(|(_, record)| ResourceStatus {
                resource: record.resource.name.clone(),
                kind: record.resource.resource_type.clone(),
                provider: record.resource.provider.clone(),
                environment: record.environment.clone(),
                declared: true,
                ready: None,
            })
            .collect();
        Ok(ServiceStatus { service: name.to_owned(), entity, deployments, infrastructure })
    }
}
