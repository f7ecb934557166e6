//! Plans: pure values that list everything that would happen.
//!
//! A plan holds no time, no random identifier and no secret, so the same inputs give the same bytes, and its
//! digest is what a person approves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cost::CostEstimate;
use crate::delivery::DeploymentIntent;
use crate::finding::Finding;
use crate::repository::{BranchName, CommitId, RepositoryRef};
use crate::tree::{FileMode, TreePath};
use crate::{Digest, EntityRef, canonical};

/// What a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Purpose {
    /// A golden path.
    Template {
        /// The Template entity.
        template: EntityRef,
        /// The digest of the template entity and of every file it read.
        digest: Digest,
    },
    /// A new version in an environment.
    Deploy {
        /// The service's name.
        service: String,
        /// The environment's name.
        environment: String,
        /// The version.
        version: String,
    },
    /// A version moves on.
    Promotion {
        /// The service's name.
        service: String,
        /// The environment it comes from.
        from: String,
        /// The environment it goes to.
        to: String,
        /// The version.
        version: String,
    },
    /// A return to an earlier version.
    Rollback {
        /// The service's name.
        service: String,
        /// The environment's name.
        environment: String,
        /// The version to return to.
        version: String,
    },
    /// A change of an entity's own files: another name, or a return to an earlier version.
    Edit {
        /// The entity, as it was called before.
        entity: EntityRef,
    },
}

/// What a commit does to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileAction {
    /// The file is new.
    Add,
    /// The file changes.
    Change,
    /// The file goes.
    Delete,
}

/// One file of a commit. Contents live beside the plan, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// Where.
    pub path: TreePath,
    /// What happens to it.
    pub action: FileAction,
    /// How it is kept.
    pub mode: FileMode,
    /// The digest of the new content; absent for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// The size of the new content in bytes.
    pub size: u64,
    /// The digest of the content before, for a change or deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
}

/// One change to the world. Texts in it may hold `${pending:…}` marks for values that exist only once an
/// earlier effect was applied (a commit's name).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Effect {
    /// A repository comes to be on the embedded forge; refused when it exists.
    #[serde(rename_all = "camelCase")]
    CreateRepository {
        /// Which.
        repository: RepositoryRef,
        /// One line for people.
        description: String,
        /// The branch that clones check out.
        default_branch: BranchName,
    },
    /// A commit on a branch of the embedded forge.
    #[serde(rename_all = "camelCase")]
    Commit {
        /// Where.
        repository: RepositoryRef,
        /// On which branch; it is created when the repository is empty.
        branch: BranchName,
        /// The commit that the plan was made on. `None` for an empty branch. If `rebase` is false, apply
        /// refuses when the branch has moved.
        base: Option<CommitId>,
        /// Whether the commit may go on top of a branch that moved meanwhile, as long as no file that it
        /// touches did.
        rebase: bool,
        /// The message; its first line is the summary.
        message: String,
        /// The files.
        files: Vec<FileChange>,
    },
    /// A location is registered as a source of the catalog, and read.
    #[serde(rename_all = "camelCase")]
    RegisterLocation {
        /// The address of the file.
        target: String,
        /// The entities that are in it, as planned.
        entities: Vec<EntityRef>,
        /// Whether a missing file is fine.
        optional: bool,
    },
    /// A version of a service is recorded as meant for an environment. Comes after the commit of its
    /// manifests.
    RecordDeployment {
        /// What is recorded.
        deployment: DeploymentIntent,
    },
    /// A message to people.
    Notify {
        /// Who gets it; empty for everybody.
        recipients: Vec<EntityRef>,
        /// The first line.
        title: String,
        /// The rest.
        info: Option<String>,
        /// `low`, `normal`, `high` or `critical`.
        severity: String,
        /// Where it leads.
        link: Option<String>,
    },
    /// Time passes.
    #[serde(rename_all = "camelCase")]
    Wait {
        /// How long, in milliseconds; at most ten minutes.
        milliseconds: u64,
    },
}

impl Effect {
    /// The stable word for the kind of effect.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CreateRepository { .. } => "create-repository",
            Self::Commit { .. } => "commit",
            Self::RegisterLocation { .. } => "register-location",
            Self::RecordDeployment { .. } => "record-deployment",
            Self::Notify { .. } => "notify",
            Self::Wait { .. } => "wait",
        }
    }

    /// One sentence for people, without a full stop.
    pub fn summary(&self) -> String {
        match self {
            Self::CreateRepository { repository, .. } => format!("Create the repository {repository}"),
            Self::Commit { repository, branch, files, .. } => {
                let files = match files.len() {
                    1 => "1 file".to_owned(),
                    count => format!("{count} files"),
                };
                format!("Commit {files} to {repository}, branch {branch}")
            }
            Self::RegisterLocation { entities, .. } if !entities.is_empty() => {
                let names: Vec<String> = entities.iter().map(ToString::to_string).collect();
                format!("Register {} in the catalog", names.join(", "))
            }
            Self::RegisterLocation { target, .. } => format!("Register {target} in the catalog"),
            Self::RecordDeployment { deployment } => {
                format!("Record {} {} for {}", deployment.service, deployment.version, deployment.environment)
            }
            Self::Notify { title, .. } => format!("Send the message \"{title}\""),
            Self::Wait { milliseconds } => format!("Wait {} s", *milliseconds as f64 / 1000.0),
        }
    }
}

/// One step of a plan, in the order of the template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedStep {
    /// The step's identifier in the template.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The action, for example `publish:git`.
    pub action: String,
    /// Why it does nothing, when it is skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// The positions of its effects in [`Plan::effects`].
    pub effects: Vec<usize>,
    /// What it says while it is planned, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
}

/// A link that a run ends with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputLink {
    /// The text.
    pub title: String,
    /// The address, or the entity's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_ref: Option<EntityRef>,
    /// An icon's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
}

/// A text that a run ends with, in Markdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputText {
    /// The heading.
    pub title: String,
    /// Markdown.
    pub content: String,
}

/// What a service gets rendered for one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderedEnvironment {
    /// The environment's name.
    pub environment: String,
    /// The service's name.
    pub service: String,
    /// The version.
    pub version: String,
    /// The namespace.
    pub namespace: String,
    /// The files relative to the service's folder, with the digests of their contents.
    pub files: Vec<FileChange>,
    /// Resources besides the workload, for example `postgres db (cloudnative-pg, small)`.
    pub resources: Vec<PlannedResource>,
}

/// A resource that comes with a workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedResource {
    /// The name in `score.yaml`.
    pub name: String,
    /// The Score type.
    #[serde(rename = "type")]
    pub resource_type: String,
    /// The class entity's name.
    pub class: String,
    /// What provides it.
    pub provider: String,
    /// The size, when the class has sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

/// Everything that would happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The version of this format.
    pub format: u32,
    /// What it is for.
    pub purpose: Purpose,
    /// One line for people.
    pub title: String,
    /// Whoever the result will belong to, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<EntityRef>,
    /// The answers that it was made from, without secrets.
    pub inputs: Value,
    /// The steps.
    pub steps: Vec<PlannedStep>,
    /// The effects, in the order they will be applied.
    pub effects: Vec<Effect>,
    /// What each environment gets.
    #[serde(default)]
    pub environments: Vec<RenderedEnvironment>,
    /// What the policies say.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// How many policies were asked, so that "no findings" can be told from "nothing was asked".
    #[serde(default)]
    pub policies_evaluated: u32,
    /// What it costs per month, when prices are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostEstimate>,
    /// Links that the run ends with.
    #[serde(default)]
    pub links: Vec<OutputLink>,
    /// Texts that the run ends with.
    #[serde(default)]
    pub texts: Vec<OutputText>,
    /// What the person should know before they say yes.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl Plan {
    /// The version of the format that this code writes.
    pub const FORMAT: u32 = 1;

    /// The canonical bytes; two plans are the same exactly when these are.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_value(self).map(|value| canonical::text(&value).into_bytes()).unwrap_or_default()
    }

    /// The digest of the canonical bytes: what a person approves.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The findings that stop it.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.blocks())
    }
}
