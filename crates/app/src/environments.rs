//! What runs where: environments in promotion order, services, versions and resources.

use std::collections::BTreeSet;

use fairway_catalog::CatalogEntity;
use fairway_domain::delivery::Deployment;
use fairway_domain::environment::{Environment, ResourceClass};
use fairway_domain::fact::kind;
use fairway_domain::plan::PlannedResource;
use fairway_domain::{Caller, EntityRef, Permission, Timestamp};
use fairway_ledger::RecordQuery;
use serde::{Deserialize, Serialize};

use crate::projection::View;
use crate::{App, AppError};

/// A resource that came with a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRecord {
    /// The service's name.
    pub service: String,
    /// The environment's name.
    pub environment: String,
    /// What it is.
    #[serde(flatten)]
    pub resource: PlannedResource,
    /// The run that declared it.
    pub run: String,
    /// When somebody said yes.
    pub requested_at: Timestamp,
    /// When its manifests were committed. What a provider then makes of them is its own word.
    pub declared_at: Timestamp,
}

/// Where one service stands in one environment.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What is there.
    pub deployment: Option<Deployment>,
    /// The environment that a promotion would come from, when it has another version.
    pub promotable_from: Option<String>,
    /// Whether there is an earlier version to return to.
    pub can_roll_back: bool,
}

/// One service over all environments.
#[derive(Clone, Debug)]
pub struct Row {
    /// The service's name.
    pub service: String,
    /// Its entity, when the catalog has one.
    pub entity: Option<EntityRef>,
    /// Its owner, when known.
    pub owner: Option<EntityRef>,
    /// One cell an environment.
    pub cells: Vec<Cell>,
}

/// Services by environments.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// The environments in promotion order.
    pub environments: Vec<Environment>,
    /// The services by name.
    pub rows: Vec<Row>,
}

/// The environments of the catalog, in promotion order. Broken ones are left out; the catalog shows why.
pub fn environments_of(view: &View) -> Vec<Environment> {
    let mut environments: Vec<Environment> = of_kind(view, "Environment");
    environments.sort_by(|one, two| one.spec.order.cmp(&two.spec.order).then(one.name.cmp(&two.name)));
    environments
}

/// The resource classes of the catalog.
pub fn classes_of(view: &View) -> Vec<ResourceClass> {
    of_kind(view, "ResourceClass")
}

fn of_kind<T>(view: &View, kind: &str) -> Vec<T>
where
    T: for<'entity> TryFrom<&'entity fairway_domain::Entity>,
{
    view.catalog.of_kind(kind).filter_map(|found| T::try_from(&found.entity()).ok()).collect()
}

/// The entity that a service's name means: the component of that name, in the default namespace first.
pub fn service_entity(view: &View, service: &str) -> Option<EntityRef> {
    let usual = EntityRef::new("component", "default", service);
    if view.catalog.get(&usual).is_some() {
        return Some(usual);
    }
    let name = service.to_lowercase();
    view.catalog
        .of_kind("component")
        .map(CatalogEntity::reference)
        .find(|reference| reference.name() == name)
        .cloned()
}

pub(crate) fn environment_named(view: &View, name: &str) -> Result<Environment, AppError> {
    let all = environments_of(view);
    let near = all.iter().map(|environment| environment.name.clone()).collect();
    all.into_iter().find(|environment| environment.name == name).ok_or_else(|| AppError::NotFound {
        what: "environment",
        name: name.to_owned(),
        near,
    })
}

impl App {
    /// The environments in promotion order.
    pub fn environments(&self, caller: &Caller) -> Result<Vec<Environment>, AppError> {
        caller.authorise(Permission::Read)?;
        Ok(environments_of(&self.view()))
    }

    /// Services by environments, with what may be done in each place.
    pub fn matrix(&self, caller: &Caller) -> Result<Matrix, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let environments = environments_of(&view);
        let services: BTreeSet<&str> =
            view.deployments.values().map(|deployment| deployment.intent.service.as_str()).collect();
        let rows = services
            .into_iter()
            .map(|service| {
                let at = |environment: &str| view.deployments.get(&format!("{service}/{environment}"));
                let cells = environments
                    .iter()
                    .map(|environment| {
                        let deployment = at(&environment.name).map(|found| Deployment::clone(found));
                        let from = environment
                            .spec
                            .promotes_from
                            .as_deref()
                            .and_then(|from| Some((from, at(from)?)));
                        let promotable_from = from
                            .filter(|(_, source)| {
                                deployment
                                    .as_ref()
                                    .is_none_or(|there| there.intent.version != source.intent.version)
                            })
                            .map(|(from, _)| from.to_owned());
                        let can_roll_back = deployment.as_ref().is_some_and(|there| {
                            there
                                .intent
                                .replaces
                                .as_ref()
                                .is_some_and(|before| *before != there.intent.version)
                        });
                        Cell { deployment, promotable_from, can_roll_back }
                    })
                    .collect();
                let entity = service_entity(&view, service);
                let owner = entity
                    .as_ref()
                    .and_then(|entity| view.catalog.get(entity))
                    .and_then(|found| found.entity().owner());
                Row { service: service.to_owned(), entity, owner, cells }
            })
            .collect();
        Ok(Matrix { environments, rows })
    }

    /// Every deployment of a service that was recorded, newest first; those whose run was undone are marked.
    pub async fn deployments_of(
        &self,
        caller: &Caller,
        service: &str,
        environment: Option<&str>,
    ) -> Result<Vec<Deployment>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let names: Vec<String> = match environment {
            Some(environment) => vec![environment.to_owned()],
            None => environments_of(&view).into_iter().map(|environment| environment.name).collect(),
        };
        let mut deployments: Vec<Deployment> = Vec::new();
        for name in names {
            let query = RecordQuery {
                kinds: vec![kind::DEPLOYMENT.to_owned()],
                subject: Some(format!("{service}/{name}")),
                limit: 500,
                ..RecordQuery::default()
            };
            for record in self.inner.ledger.records(&query).await? {
                let Some(body) = record.body else { continue };
                if let Ok(mut deployment) = serde_json::from_value::<Deployment>(body) {
                    deployment.undone = view
                        .runs
                        .get(&deployment.run)
                        .is_some_and(|run| run.status == fairway_domain::run::RunStatus::Undone);
                    // An undo records the earlier deployment again; the history names it once.
                    let known = deployments.iter().any(|known| {
                        known.run == deployment.run
                            && known.intent.environment == deployment.intent.environment
                    });
                    if !known {
                        deployments.push(deployment);
                    }
                }
            }
        }
        deployments.sort_by_key(|deployment| std::cmp::Reverse(deployment.at));
        Ok(deployments)
    }
}
