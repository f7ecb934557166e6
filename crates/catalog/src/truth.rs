//! Whether the catalog says what is: checks of entities against each other and against what was seen of their
//! repositories. Pure functions; whoever asks brings the evidence.

mod codeowners;
mod links;
mod references;
mod repositories;

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::finding::Severity;
use fairway_domain::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::edit::FieldEdit;
use crate::entity::CatalogEntity;
use crate::snapshot::Snapshot;

pub use codeowners::owners_of;
pub use links::links;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TruthCheck {
    /// The owner is unknown, or a group without members.
    DeadOwner,
    /// A reference leads to nothing.
    DanglingReference,
    /// A reference leads to what has another name now.
    OldName,
    /// Two sources give the same entity.
    Conflict,
    /// The repository that the entity names is gone.
    MissingRepository,
    /// CODEOWNERS names somebody else than `spec.owner`.
    CodeOwners,
    /// Nobody committed to the repository for a year.
    NoCommit,
    /// An address in an annotation or a link leads nowhere.
    DeadLink,
}

impl TruthCheck {
    /// For people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::DeadOwner => "Owner who is not there",
            Self::DanglingReference => "Reference to nothing",
            Self::OldName => "Reference by an old name",
            Self::Conflict => "Defined twice",
            Self::MissingRepository => "Repository that is gone",
            Self::CodeOwners => "CODEOWNERS says somebody else",
            Self::NoCommit => "No commit for a year",
            Self::DeadLink => "Link that leads nowhere",
        }
    }
}

/// A change of the entity's file that would mend it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedFix {
    /// What it does, for people.
    pub summary: String,
    /// The fields.
    pub edits: Vec<FieldEdit>,
}

/// Something that the catalog says and that is not so.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TruthFinding {
    /// Names it for as long as it stands: check, entity and field.
    pub id: String,
    /// What was looked at.
    pub check: TruthCheck,
    /// How bad.
    pub severity: Severity,
    /// Which entity.
    pub entity: EntityRef,
    /// Who is to mend it: its owner, or nobody when there is none who could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<EntityRef>,
    /// The field, as a JSON pointer, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// One sentence without a full stop.
    pub message: String,
    /// What was seen.
    pub evidence: Vec<String>,
    /// Since when, at the latest.
    pub since: Timestamp,
    /// What would mend it, for people; a plan writes it where the file is on the embedded forge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix_summary: Option<String>,
    /// The change that would mend it.
    #[serde(skip)]
    pub fix: Option<ProposedFix>,
}

/// What was seen of a repository of the embedded forge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RepositoryEvidence {
    /// Whether it exists.
    pub exists: bool,
    /// When somebody last committed to its default branch.
    pub last_commit: Option<Timestamp>,
    /// The place and text of its CODEOWNERS file.
    pub code_owners: Option<(String, String)>,
}

/// An address whose server says that nothing is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLink {
    /// The HTTP status, 404 or 410.
    pub status: u16,
    /// When it was first seen so.
    pub since: Timestamp,
    /// When it was last seen so.
    pub seen: Timestamp,
}

/// What is known of the world beside the catalog.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Repositories of the embedded forge, `owner/name`.
    pub repositories: BTreeMap<String, RepositoryEvidence>,
    /// The repository of each entity that has one there.
    pub repository_of: BTreeMap<EntityRef, String>,
    /// Addresses that lead nowhere.
    pub dead_links: Arc<BTreeMap<String, DeadLink>>,
}

/// Every finding, the worst first, then by entity.
pub fn check_truth(snapshot: &Snapshot, evidence: &Evidence, now: Timestamp) -> Vec<TruthFinding> {
    let mut findings = references::check(snapshot);
    findings.extend(repositories::check(snapshot, evidence, now));
    findings.extend(links::check(snapshot, evidence));
    findings.sort_by(|one, other| {
        (other.severity, &one.entity, one.check, &one.path).cmp(&(
            one.severity,
            &other.entity,
            other.check,
            &other.path,
        ))
    });
    findings.dedup_by(|one, other| one.id == other.id);
    findings
}

/// What a check found.
struct Found<'a> {
    check: TruthCheck,
    severity: Severity,
    entity: &'a EntityRef,
    path: Option<String>,
    message: String,
    evidence: Vec<String>,
    fix: Option<ProposedFix>,
}

fn finding(snapshot: &Snapshot, found: Found<'_>) -> TruthFinding {
    let entity = snapshot.get(found.entity);
    // Whoever is not there cannot mend anything.
    let owner = entity.and_then(|it| it.owner()).filter(|owner| snapshot.get(owner).is_some()).cloned();
    let check = serde_json::to_value(found.check).ok();
    let check = check.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let at = found.path.as_deref().unwrap_or_default();
    TruthFinding {
        id: format!("{check}:{}{at}", found.entity),
        check: found.check,
        severity: found.severity,
        entity: found.entity.clone(),
        owner,
        path: found.path,
        message: found.message,
        evidence: found.evidence,
        since: entity.map_or(Timestamp::UNIX_EPOCH, CatalogEntity::last_seen),
        fix_summary: found.fix.as_ref().map(|fix| fix.summary.clone()),
        fix: found.fix,
    }
}
