//! Entities against the repositories that they are in, or say they are in.

use fairway_domain::finding::Severity;
use fairway_domain::{EntityRef, Timestamp};

use super::codeowners::owners_of;
use super::{Evidence, Found, ProposedFix, TruthCheck, TruthFinding, finding};
use crate::edit::FieldEdit;
use crate::entity::CatalogEntity;
use crate::snapshot::Snapshot;

/// A repository without a commit for as long looks abandoned.
const QUIET_DAYS: i64 = 365;
const DAY: i64 = 86_400;

pub(super) fn check(snapshot: &Snapshot, evidence: &Evidence, now: Timestamp) -> Vec<TruthFinding> {
    let mut findings = Vec::new();
    for (entity, repository) in &evidence.repository_of {
        let (Some(found), Some(seen)) = (snapshot.get(entity), evidence.repositories.get(repository)) else {
            continue;
        };
        if !seen.exists {
            let found = Found {
                check: TruthCheck::MissingRepository,
                severity: Severity::High,
                entity,
                path: Some("/metadata/annotations/backstage.io~1source-location".to_owned()),
                message: format!("Its repository {repository} is gone"),
                evidence: vec![format!("the forge has no repository {repository}")],
                fix: None,
            };
            findings.push(finding(snapshot, found));
            continue;
        }
        if let Some(last) = seen.last_commit
            && found.kind() == "Component"
            && now.as_second() - last.as_second() > QUIET_DAYS * DAY
        {
            let found = Found {
                check: TruthCheck::NoCommit,
                severity: Severity::Low,
                entity,
                path: None,
                message: format!("Nobody committed to {repository} for a year; it may be abandoned"),
                evidence: vec![format!("the last commit is from {last}")],
                fix: None,
            };
            findings.push(TruthFinding { since: last, ..finding(snapshot, found) });
        }
        if let Some((path, text)) = &seen.code_owners {
            findings.extend(code_owners(snapshot, found, repository, path, text));
        }
    }
    findings
}

/// The owners that CODEOWNERS names for the entity's file against `spec.owner`. Names are compared by their last
/// part; nothing is said where none of them is in the catalog, since then nobody can tell who they are.
fn code_owners(
    snapshot: &Snapshot,
    entity: &CatalogEntity,
    repository: &str,
    path: &str,
    text: &str,
) -> Option<TruthFinding> {
    let owner = entity.owner()?;
    let named = owners_of(text, entity.file());
    let known = |name: &String| {
        let short = name.trim_start_matches('@').rsplit('/').next()?.to_owned();
        let reference = |kind| EntityRef::new(kind, "default", &short);
        [reference("group"), reference("user")].into_iter().find(|it| snapshot.get(it).is_some())
    };
    let known: Vec<EntityRef> = named.iter().filter_map(known).collect();
    let first = known.first()?;
    let agrees = known.iter().any(|it| {
        it == owner || snapshot.groups_of(it).contains(owner) || snapshot.groups_of(owner).contains(it)
    });
    if agrees {
        return None;
    }
    let text = if first.kind() == "group" { first.name().to_owned() } else { first.to_string() };
    let found = Found {
        check: TruthCheck::CodeOwners,
        severity: Severity::Medium,
        entity: entity.reference(),
        path: Some("/spec/owner".to_owned()),
        message: format!("{path} names {} and spec.owner names {owner}", named.join(", ")),
        evidence: vec![format!("{repository}/{path}, for {}", entity.file())],
        fix: Some(ProposedFix {
            summary: format!("Set spec.owner to {text}, as {path} has it"),
            edits: vec![FieldEdit::set("/spec/owner", text)],
        }),
    };
    Some(finding(snapshot, found))
}
