//! Versions of services: deploy, promote, roll back. Each is a plan whose effect is a commit of rendered
//! manifests in the environment's repository, and the record of it.

use std::collections::BTreeMap;

use fairway_domain::EntityRef;
use fairway_domain::cost::CostEstimate;
use fairway_domain::delivery::{DeliveryKind, Deployment, DeploymentIntent};
use fairway_domain::environment::Environment;
use fairway_domain::plan::{Effect, OutputLink, Plan, PlannedStep, Purpose, RenderedEnvironment};
use fairway_domain::repository::{BranchName, CommitId, RepositoryRef};
use fairway_domain::tree::{Tree, TreePath};
use fairway_policy::PolicyObject;
use fairway_remote::{RemoteError, TreeLimits};
use fairway_workload::{RenderRequest, RenderedWorkload};
use serde_json::json;

use crate::environments::{classes_of, environment_named, service_entity};
use crate::manifests::{changes_between, listing, objects_of};
use crate::plans::Computed;
use crate::projection::View;
use crate::{App, AppError};

/// Where a service lives and whose it is.
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) owner: EntityRef,
    pub(crate) system: Option<EntityRef>,
    pub(crate) repository: RepositoryRef,
}

/// The repository and owner of a service, from its entity's source.
fn service_named(view: &View, name: &str) -> Result<Service, AppError> {
    let unknown = || AppError::NotFound { what: "service", name: name.to_owned(), near: Vec::new() };
    let reference = service_entity(view, name).ok_or_else(unknown)?;
    let found = view.catalog.get(&reference).ok_or_else(unknown)?;
    let repository = view
        .sources
        .get(found.source())
        .and_then(|source| source.target.repository().cloned())
        .ok_or_else(|| AppError::Invalid {
            message: format!("The service {name} has no repository on the embedded forge"),
            hint: Some(
                "deliver services whose catalog-info.yaml is registered from the embedded forge".to_owned(),
            ),
        })?;
    let entity = found.entity();
    let owner = entity.owner().unwrap_or_else(|| EntityRef::new("group", "default", "unknown"));
    let system = entity
        .spec_text("system")
        .and_then(|system| EntityRef::parse(system, Some("system"), entity.namespace()).ok());
    Ok(Service { name: entity.name().to_owned(), owner, system, repository })
}

fn recorded_resources(
    view: &View,
    service: &str,
    environment: &str,
) -> Vec<fairway_domain::plan::PlannedResource> {
    let prefix = format!("{service}/{environment}/");
    view.resources
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix))
        .map(|(_, record)| record.resource.clone())
        .collect()
}

impl App {
    async fn render_commit(
        &self,
        view: &View,
        service: &Service,
        environment: &Environment,
        version: &str,
        commit: &CommitId,
    ) -> Result<RenderedWorkload, AppError> {
        let path: TreePath =
            "score.yaml".parse().map_err(|_| AppError::Internal("score.yaml is a path".to_owned()))?;
        let file = self.inner.forge.file(&service.repository, commit.as_str(), &path).await?;
        let text = file.as_ref().and_then(|file| file.text()).ok_or_else(|| AppError::Invalid {
            message: format!("{} has no score.yaml at commit {}", service.repository, commit.short()),
            hint: Some("add a score.yaml (score.dev/v1b1) that says what the workload needs".to_owned()),
        })?;
        let name = format!("{}/score.yaml", service.repository);
        let score = fairway_workload::parse_score(&name, text).map_err(AppError::Diagnostics)?;
        fairway_workload::render(&RenderRequest {
            score: &score,
            service: &service.name,
            owner: &service.owner,
            system: service.system.as_ref(),
            version,
            image_repository: &service.repository.to_string(),
            environment,
            classes: &classes_of(view),
        })
        .map_err(AppError::Diagnostics)
    }

    /// What an environment's repository holds of a service now.
    pub(crate) async fn delivered(&self, environment: &Environment, service: &str) -> Result<Tree, AppError> {
        let repository = &environment.spec.delivery.repository;
        if !self.inner.forge.exists(repository).await? {
            return Ok(Tree::new());
        }
        let Some(head) = self.inner.forge.head(repository, &BranchName::main()).await? else {
            return Ok(Tree::new());
        };
        match self.delivered_at(environment, service, &head).await {
            // Its first version here.
            Err(AppError::Remote(RemoteError::FolderMissing { .. })) => Ok(Tree::new()),
            delivered => delivered,
        }
    }

    async fn delivered_at(
        &self,
        environment: &Environment,
        service: &str,
        commit: &CommitId,
    ) -> Result<Tree, AppError> {
        let delivery = &environment.spec.delivery;
        let folder: TreePath = format!("{}/{service}", delivery.path)
            .parse()
            .map_err(|error: fairway_domain::tree::TreePathError| AppError::invalid(error.to_string()))?;
        let limits = TreeLimits::default();
        Ok(self.inner.forge.tree(&delivery.repository, commit.as_str(), Some(&folder), limits).await?)
    }

    pub(crate) async fn compute_deploy(
        &self,
        service: &str,
        environment: &str,
        version: &str,
        commit: &CommitId,
    ) -> Result<Computed, AppError> {
        check_version(version)?;
        let view = self.view();
        let service = service_named(&view, service)?;
        let environment = environment_named(&view, environment)?;
        let rendered = self.render_commit(&view, &service, &environment, version, commit).await?;
        let purpose = Purpose::Deploy {
            service: service.name.clone(),
            environment: environment.name.clone(),
            version: version.to_owned(),
        };
        let inputs = json!({"service": service.name, "environment": environment.name, "version": version, "commit": commit});
        let title = format!("Deploy {} {version} to {}", service.name, environment.name);
        let request = Release {
            service: &service,
            environment: &environment,
            version,
            source_commit: Some(commit.clone()),
            kind: DeliveryKind::Deploy,
            purpose,
            inputs,
            title,
        };
        self.release(&view, request, rendered).await
    }

    pub(crate) async fn compute_promotion(&self, service: &str, to: &str) -> Result<Computed, AppError> {
        let view = self.view();
        let service = service_named(&view, service)?;
        let environment = environment_named(&view, to)?;
        let from = environment.spec.promotes_from.clone().ok_or_else(|| AppError::Invalid {
            message: format!("Nothing is promoted to {to}: it is the first environment"),
            hint: Some("deploy a version to it instead".to_owned()),
        })?;
        let source =
            view.deployments.get(&format!("{}/{from}", service.name)).ok_or_else(|| AppError::Invalid {
                message: format!("{} is not in {from}, so there is nothing to promote", service.name),
                hint: Some(format!("deploy a version to {from} first")),
            })?;
        let version = source.intent.version.clone();
        if let Some(there) = view.deployments.get(&format!("{}/{to}", service.name))
            && there.intent.version == version
            && there.intent.source_commit == source.intent.source_commit
        {
            return Err(AppError::Conflict {
                message: format!("{} {version} is in {to} already", service.name),
                hint: None,
            });
        }
        let commit = match &source.intent.source_commit {
            Some(commit) => commit.clone(),
            None => self.head_of(&service.repository).await?,
        };
        let rendered = self.render_commit(&view, &service, &environment, &version, &commit).await?;
        let purpose = Purpose::Promotion {
            service: service.name.clone(),
            from: from.clone(),
            to: to.to_owned(),
            version: version.clone(),
        };
        let request = Release {
            service: &service,
            environment: &environment,
            version: &version,
            source_commit: Some(commit),
            kind: DeliveryKind::Promotion,
            purpose,
            inputs: json!({"service": service.name, "from": from, "to": to}),
            title: format!("Promote {} {version} from {from} to {to}", service.name),
        };
        self.release(&view, request, rendered).await
    }

    pub(crate) async fn head_of(&self, repository: &RepositoryRef) -> Result<CommitId, AppError> {
        self.inner.forge.head(repository, &BranchName::main()).await?.ok_or_else(|| AppError::Invalid {
            message: format!("{repository} has no commit on main"),
            hint: Some("push one first".to_owned()),
        })
    }

    pub(crate) async fn compute_rollback(
        &self,
        service: &str,
        environment: &str,
        version: Option<&str>,
    ) -> Result<Computed, AppError> {
        let view = self.view();
        let service = service_named(&view, service)?;
        let environment = environment_named(&view, environment)?;
        let current = view
            .deployments
            .get(&format!("{}/{}", service.name, environment.name))
            .ok_or_else(|| AppError::invalid(format!("{} is not in {}", service.name, environment.name)))?;
        let history = self
            .deployments_of(&fairway_domain::Caller::system(), &service.name, Some(&environment.name))
            .await?;
        let target = earlier(&history, current, version).ok_or_else(|| AppError::Invalid {
            message: match version {
                Some(version) => format!("{} {version} was never in {}", service.name, environment.name),
                None => format!("{} has no earlier version in {}", service.name, environment.name),
            },
            hint: Some("the history of the service lists the versions that were there".to_owned()),
        })?;
        // The manifests as they were committed then, so that nothing is rendered anew under other rules.
        let files = self.delivered_at(&environment, &service.name, &target.commit).await?;
        let rendered = RenderedWorkload {
            namespace: String::new(),
            objects: objects_of(&files)?,
            files,
            resources: recorded_resources(&view, &service.name, &environment.name),
            images: target.intent.images.clone(),
            warnings: Vec::new(),
        };
        let version = target.intent.version.clone();
        let purpose = Purpose::Rollback {
            service: service.name.clone(),
            environment: environment.name.clone(),
            version: version.clone(),
        };
        let request = Release {
            service: &service,
            environment: &environment,
            version: &version,
            source_commit: target.intent.source_commit.clone(),
            kind: DeliveryKind::Rollback,
            purpose,
            inputs: json!({"service": service.name, "environment": environment.name, "version": version}),
            title: format!(
                "Roll {} back from {} to {version} in {}",
                service.name, current.intent.version, environment.name
            ),
        };
        self.release(&view, request, rendered).await
    }

    async fn release(
        &self,
        view: &View,
        release: Release<'_>,
        rendered: RenderedWorkload,
    ) -> Result<Computed, AppError> {
        let Release { service, environment, version, .. } = release;
        let mut contents = BTreeMap::new();
        let delivery = &environment.spec.delivery;
        let there = self.delivered(environment, &service.name).await?;
        let changes = changes_between(&there, &rendered.files, &delivery.path, &service.name, &mut contents)?;
        let mut effects = Vec::new();
        if !self.inner.forge.exists(&delivery.repository).await? {
            effects.push(new_delivery_repository(environment));
        }
        if !changes.is_empty() {
            effects.push(Effect::Commit {
                repository: delivery.repository.clone(),
                branch: BranchName::main(),
                base: None,
                rebase: true,
                message: release.title.clone(),
                files: changes,
            });
        }
        let current = view.deployments.get(&format!("{}/{}", service.name, environment.name));
        let intent = DeploymentIntent {
            service: service.name.clone(),
            environment: environment.name.clone(),
            version: version.to_owned(),
            images: rendered.images.clone(),
            source: Some(service.repository.clone()),
            source_commit: release.source_commit,
            manifests: rendered.files.digest(),
            kind: release.kind,
            replaces: current.map(|current| current.intent.version.clone()),
        };
        if effects.is_empty() {
            return Err(AppError::Conflict {
                message: format!(
                    "{}: the manifests in {} are the same already",
                    release.title, environment.name
                ),
                hint: None,
            });
        }
        effects.push(Effect::RecordDeployment { deployment: intent });
        let environments = vec![RenderedEnvironment {
            environment: environment.name.clone(),
            service: service.name.clone(),
            version: version.to_owned(),
            namespace: rendered.namespace.clone(),
            files: listing(&rendered.files, &mut contents),
            resources: rendered.resources.clone(),
        }];
        let policies = self.policies(view);
        let mut chain = None;
        if policies.asks_supply_chains {
            let object = self
                .supply_chain_of(view, &service.name, &environment.name, version, &rendered.images)
                .await?;
            let environment = Some(environment.name.clone());
            chain = Some(PolicyObject { value: object, file: None, environment });
        }
        let mut checked = self.check_environments(view, &environments, &contents, chain.as_ref()).await?;
        // A way back is never closed by what is known of where it leads.
        if let Some(chain) = chain.filter(|_| release.kind != DeliveryKind::Rollback) {
            checked.findings.extend(policies.set.evaluate(&[chain]));
        }
        let mut plan = Plan {
            format: Plan::FORMAT,
            purpose: release.purpose,
            title: release.title,
            owner: Some(service.owner.clone()),
            inputs: release.inputs,
            steps: vec![PlannedStep {
                id: "deliver".to_owned(),
                name: format!("Deliver to {}", environment.title),
                action: "workload:deliver".to_owned(),
                skipped: None,
                effects: (0..effects.len()).collect(),
                log: Vec::new(),
            }],
            effects,
            environments,
            findings: checked.findings,
            policies_evaluated: checked.policies,
            cost: None,
            links: vec![OutputLink {
                title: "Environments".to_owned(),
                url: Some(format!("{}/environments", self.inner.config.base_url)),
                entity_ref: None,
                icon: None,
            }],
            texts: Vec::new(),
            warnings: rendered.warnings,
        };
        plan.cost = checked.cost;
        Ok(Computed { plan, contents })
    }
}

struct Release<'a> {
    service: &'a Service,
    environment: &'a Environment,
    version: &'a str,
    source_commit: Option<CommitId>,
    kind: DeliveryKind,
    purpose: Purpose,
    inputs: serde_json::Value,
    title: String,
}

/// What looking at rendered environments came to.
pub(crate) struct Checked {
    pub(crate) findings: Vec<fairway_domain::finding::Finding>,
    pub(crate) policies: u32,
    pub(crate) cost: Option<CostEstimate>,
}

/// The repository that an environment's manifests go to, when it does not exist yet.
pub(crate) fn new_delivery_repository(environment: &Environment) -> Effect {
    Effect::CreateRepository {
        repository: environment.spec.delivery.repository.clone(),
        description: "Rendered manifests of every environment; what runs is what is here".to_owned(),
        default_branch: BranchName::main(),
    }
}

/// The latest deployment before the current one that has another version, or the asked one.
fn earlier<'a>(
    history: &'a [Deployment],
    current: &Deployment,
    version: Option<&str>,
) -> Option<&'a Deployment> {
    history
        .iter()
        .filter(|deployment| !deployment.undone && deployment.at < current.at)
        .filter(|deployment| deployment.intent.version != current.intent.version)
        // A version that a rollback left is not one to return to by default.
        .find(|deployment| version.is_none_or(|version| deployment.intent.version == version))
}

fn check_version(version: &str) -> Result<(), AppError> {
    let valid = !version.is_empty()
        && version.len() <= 128
        && version.starts_with(|first: char| first.is_ascii_alphanumeric())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if valid {
        return Ok(());
    }
    Err(AppError::Invalid {
        message: format!("\"{}\" is not a version", version.chars().take(128).collect::<String>()),
        hint: Some("use letters, digits, '.', '_' and '-', at most 128, as an image tag allows".to_owned()),
    })
}

impl App {
    /// The newest commit on `main` of a service's repository.
    pub async fn head_of_service(
        &self,
        caller: &fairway_domain::Caller,
        service: &str,
    ) -> Result<CommitId, AppError> {
        caller.authorise(fairway_domain::Permission::Read)?;
        let service = service_named(&self.view(), service)?;
        self.head_of(&service.repository).await
    }
}
