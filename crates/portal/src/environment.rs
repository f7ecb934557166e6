//! Environments: what runs where, and what may move?

use fairway_domain::delivery::{DeliveryKind, Deployment};
use fairway_domain::repository::RepositoryRef;
use fairway_domain::{EntityRef, Timestamp};

use crate::chrome::Chrome;

/// An environment as a column.
#[derive(Clone, Debug)]
pub struct EnvironmentHead {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// One line.
    pub description: Option<String>,
    /// Whether it is production.
    pub production: bool,
    /// The environment that versions come from.
    pub promotes_from: Option<String>,
    /// Where its manifests are committed.
    pub repository: Option<RepositoryRef>,
    /// The folder in it.
    pub path: String,
    /// Its domain.
    pub domain: Option<String>,
    /// Its entity.
    pub entity: EntityRef,
}

/// One version in one environment.
#[derive(Clone, Debug)]
pub struct DeploymentCell {
    /// The version.
    pub version: String,
    /// Since when.
    pub at: Timestamp,
    /// Why it came.
    pub kind: DeliveryKind,
    /// The run that brought it.
    pub run: String,
    /// The version to go back to, when there is one.
    pub previous: Option<String>,
    /// How many findings its manifests have.
    pub findings: usize,
}

/// One service across the environments.
#[derive(Clone, Debug)]
pub struct ServiceRow {
    /// The service's name.
    pub service: String,
    /// Its component.
    pub entity: Option<EntityRef>,
    /// Whose.
    pub owner: Option<EntityRef>,
    /// What is where, one for each environment in the order of [`EnvironmentsView::environments`].
    pub cells: Vec<Option<DeploymentCell>>,
}

/// The page `/environments`.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentsView {
    /// The environments in promotion order.
    pub environments: Vec<EnvironmentHead>,
    /// The services.
    pub services: Vec<ServiceRow>,
    /// Why this person may not deliver.
    pub blocked: Option<String>,
    /// What was typed in the filter, `?q=`.
    pub q: String,
}

/// The page `/environments/{name}`.
#[derive(Clone, Debug)]
pub struct EnvironmentView {
    /// The environment.
    pub environment: EnvironmentHead,
    /// Every environment, in promotion order.
    pub chain: Vec<EnvironmentHead>,
    /// What is there now.
    pub deployments: Vec<(ServiceInEnvironment, DeploymentCell)>,
    /// What happened, newest first.
    pub history: Vec<Deployment>,
    /// Why this person may not deliver.
    pub blocked: Option<String>,
}

/// The service of a row on an environment's page.
#[derive(Clone, Debug)]
pub struct ServiceInEnvironment {
    /// The service's name.
    pub service: String,
    /// Its component.
    pub entity: Option<EntityRef>,
    /// Whose.
    pub owner: Option<EntityRef>,
}

/// The page `/environments/services/{service}`.
#[derive(Clone, Debug)]
pub struct ServiceHistoryView {
    /// The environments in promotion order.
    pub environments: Vec<EnvironmentHead>,
    /// The service now.
    pub service: ServiceRow,
    /// What happened, newest first.
    pub history: Vec<Deployment>,
    /// Why this person may not deliver.
    pub blocked: Option<String>,
}

/// Renders the page.
pub fn environments(chrome: &Chrome, _view: &EnvironmentsView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn environment(chrome: &Chrome, _view: &EnvironmentView) -> String {
    crate::shell::document(chrome, maud::html! {})
}

/// Renders the page.
pub fn service_history(chrome: &Chrome, _view: &ServiceHistoryView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
