//! `Environment` and `ResourceClass` entities (`fairway.dev/v1`) as types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::repository::RepositoryRef;
use crate::tree::TreePath;
use crate::{Entity, EntityRef};

/// The group and version of Fairway's own kinds.
pub const API_VERSION: &str = "fairway.dev/v1";

/// Where rendered manifests go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The repository, on branch `main`.
    pub repository: RepositoryRef,
    /// The folder; each service has one below it.
    pub path: TreePath,
}

/// How many replicas a workload gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replicas {
    /// At the least.
    pub min: u32,
    /// At the most.
    pub max: u32,
}

impl Default for Replicas {
    fn default() -> Self {
        Self { min: 1, max: 2 }
    }
}

/// Requests and limits of containers that state none, as Kubernetes quantities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerResources {
    /// For example `cpu: 100m`.
    #[serde(default)]
    pub requests: BTreeMap<String, String>,
    /// For example `memory: 256Mi`.
    #[serde(default)]
    pub limits: BTreeMap<String, String>,
}

/// Prices per unit and month, as decimal numbers in the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prices {
    /// ISO 4217 code.
    pub currency: String,
    /// One core for a month.
    pub cpu_core_month: f64,
    /// One GiB of memory for a month.
    pub memory_gib_month: f64,
    /// One GiB of storage for a month.
    pub storage_gib_month: f64,
}

/// A place that workloads run in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentSpec {
    /// Who answers for it.
    pub owner: String,
    /// The position in the promotion chain, ascending.
    pub order: i64,
    /// The environment whose versions may come here.
    #[serde(default)]
    pub promotes_from: Option<String>,
    /// Whether customers depend on it.
    #[serde(default)]
    pub production: bool,
    /// Where rendered manifests go.
    pub delivery: Delivery,
    /// A template for the namespace of a workload.
    pub namespace: String,
    /// The domain below which routes get their hosts.
    pub domain: String,
    /// The registry that images come from.
    pub registry: String,
    /// How many replicas a workload gets.
    #[serde(default)]
    pub replicas: Replicas,
    /// What containers get that state nothing.
    #[serde(default)]
    pub resources: ContainerResources,
    /// Prices, when known.
    #[serde(default)]
    pub prices: Option<Prices>,
}

/// An `Environment` entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The rest.
    pub spec: EnvironmentSpec,
}

/// What a size of a resource is; open numbers and texts for the class's templates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ResourceSize {
    /// The price per month, when known.
    #[serde(default)]
    pub monthly: Option<f64>,
    /// Everything else.
    #[serde(flatten)]
    pub values: serde_json::Map<String, Value>,
}

/// How a resource type is provided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceClassSpec {
    /// Who answers for it.
    pub owner: String,
    /// The Score resource type, for example `postgres`.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The Score resource class.
    #[serde(default = "default_class")]
    pub class: String,
    /// Where it may be used; empty for everywhere.
    #[serde(default)]
    pub environments: Vec<String>,
    /// What provides it, for example `cloudnative-pg`.
    pub provider: String,
    /// The sizes on offer.
    #[serde(default)]
    pub sizes: BTreeMap<String, ResourceSize>,
    /// The size of a workload that asks for none.
    #[serde(default)]
    pub default_size: Option<String>,
    /// The same by environment.
    #[serde(default)]
    pub size_by_environment: BTreeMap<String, String>,
    /// Kubernetes objects whose strings are templates.
    #[serde(default)]
    pub manifests: Vec<Value>,
    /// What a workload may refer to: a text, or `{secret, key}`.
    #[serde(default)]
    pub outputs: BTreeMap<String, Value>,
}

fn default_class() -> String {
    "default".to_owned()
}

/// A `ResourceClass` entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceClass {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The rest.
    pub spec: ResourceClassSpec,
}

/// Why an entity is not of the kind it says it is.
#[derive(Debug, thiserror::Error)]
#[error("{reference}: spec: {message}")]
pub struct KindError {
    /// Which entity.
    pub reference: EntityRef,
    /// What is wrong with its spec.
    pub message: String,
}

fn read_spec<T: serde::de::DeserializeOwned>(entity: &Entity) -> Result<T, KindError> {
    serde_json::from_value(Value::Object(entity.spec.clone()))
        .map_err(|error| KindError { reference: entity.reference(), message: error.to_string() })
}

impl TryFrom<&Entity> for Environment {
    type Error = KindError;

    fn try_from(entity: &Entity) -> Result<Self, KindError> {
        let spec = read_spec(entity)?;
        Ok(Self { name: entity.name().to_owned(), title: entity.title().to_owned(), spec })
    }
}

impl TryFrom<&Entity> for ResourceClass {
    type Error = KindError;

    fn try_from(entity: &Entity) -> Result<Self, KindError> {
        let spec = read_spec(entity)?;
        Ok(Self { name: entity.name().to_owned(), title: entity.title().to_owned(), spec })
    }
}
