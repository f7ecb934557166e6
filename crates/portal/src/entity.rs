//! Entity: is it well, whose is it, what next?

use fairway_domain::delivery::DeliveryKind;
use fairway_domain::fact::Record;
use fairway_domain::finding::Finding;
use fairway_domain::repository::RepositoryRef;
use fairway_domain::{Diagnostic, Entity, EntityRef, Timestamp};

use crate::chrome::Chrome;
use crate::graph::GraphView;
use crate::row::{Link, RunRow};
use crate::safe::SafeHtml;

/// The part of the page that is open, `?tab=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntityTab {
    /// `overview`
    #[default]
    Overview,
    /// `api`, for entities with a definition.
    Api,
    /// `yaml`
    Yaml,
    /// `errors`
    Errors,
    /// `history`
    History,
}

impl EntityTab {
    /// The tab of an address; anything unknown is the overview.
    pub fn parse(text: &str) -> Self {
        match text {
            "api" => Self::Api,
            "yaml" => Self::Yaml,
            "errors" => Self::Errors,
            "history" => Self::History,
            _ => Self::Overview,
        }
    }
}

/// Another entity that this one is related to.
#[derive(Clone, Debug)]
pub struct RelatedEntity {
    /// Which.
    pub reference: EntityRef,
    /// Its title, or its name.
    pub title: String,
    /// One line, when it exists and has one.
    pub description: Option<String>,
    /// Whether it does not exist.
    pub missing: bool,
}

/// All relations of one type.
#[derive(Clone, Debug)]
pub struct RelationGroup {
    /// For example `dependsOn`.
    pub relation: String,
    /// The others.
    pub entities: Vec<RelatedEntity>,
}

/// The service in one environment.
#[derive(Clone, Debug)]
pub struct EntityDeployment {
    /// The environment's name.
    pub environment: String,
    /// The environment's title.
    pub title: String,
    /// Whether it is production.
    pub production: bool,
    /// What is there; `None` for nothing.
    pub deployed: Option<DeployedVersion>,
}

/// A version somewhere.
#[derive(Clone, Debug)]
pub struct DeployedVersion {
    /// The version.
    pub version: String,
    /// Since when.
    pub at: Timestamp,
    /// Why it came.
    pub kind: DeliveryKind,
    /// The run that brought it.
    pub run: String,
}

/// Where the entity comes from.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// The source's identifier, for the refresh button.
    pub source: Option<String>,
    /// The source's address or folder.
    pub target: String,
    /// The file in it.
    pub path: String,
    /// The file's page on the embedded forge or elsewhere.
    pub url: Option<String>,
    /// When the source was last read.
    pub seen_at: Option<Timestamp>,
}

/// The page.
#[derive(Clone, Debug)]
pub struct EntityView {
    /// The last good version.
    pub entity: Entity,
    /// The open tab.
    pub tab: EntityTab,
    /// The owner's title, when it exists.
    pub owner_title: Option<String>,
    /// Its relations, as stitched.
    pub relations: Vec<RelationGroup>,
    /// The drawing of its neighbourhood.
    pub graph: GraphView,
    /// `metadata.links` and what annotations lead to.
    pub links: Vec<Link>,
    /// The service by environment, in promotion order; empty for what is not deployed.
    pub deployments: Vec<EntityDeployment>,
    /// The run that made it or changed it last.
    pub last_run: Option<RunRow>,
    /// What is wrong with its file now.
    pub diagnostics: Vec<Diagnostic>,
    /// When the version that is shown was read, when the file is broken since.
    pub last_good_at: Option<Timestamp>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Its repository on the embedded forge.
    pub repository: Option<RepositoryRef>,
    /// The address to clone it from.
    pub clone_url: Option<String>,
    /// What the policies say about its manifests.
    pub findings: Vec<Finding>,
    /// `spec.definition`, highlighted.
    pub definition: Option<SafeHtml>,
    /// The entity as YAML, highlighted.
    pub yaml: SafeHtml,
    /// What the journal has on it, newest first.
    pub history: Vec<Record>,
    /// The README or the description in Markdown, rendered.
    pub readme: Option<SafeHtml>,
}

/// Renders the page.
pub fn entity(chrome: &Chrome, _view: &EntityView) -> String {
    crate::shell::document(chrome, maud::html! {})
}
