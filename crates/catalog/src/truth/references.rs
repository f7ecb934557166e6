//! Entities against each other: owners, references, names, and entities that are defined twice.

use std::collections::BTreeSet;

use fairway_domain::EntityRef;
use fairway_domain::finding::Severity;

use super::{Found, ProposedFix, TruthCheck, TruthFinding, finding};
use crate::edit::FieldEdit;
use crate::entity::CatalogEntity;
use crate::rename::{references_to, renamed_text};
use crate::snapshot::Snapshot;

pub(super) fn check(snapshot: &Snapshot) -> Vec<TruthFinding> {
    let mut findings = owners(snapshot);
    findings.extend(dangling(snapshot));
    findings.extend(old_names(snapshot));
    findings.extend(conflicts(snapshot));
    findings
}

/// Owners who are not in the catalog, and groups in which nobody is.
fn owners(snapshot: &Snapshot) -> Vec<TruthFinding> {
    let owners: BTreeSet<&EntityRef> = snapshot.iter().filter_map(|it| it.owner()).collect();
    let dead = owners.into_iter().filter_map(|owner| {
        let message = match snapshot.get(owner) {
            None if owner.kind() == "user" => {
                format!("{owner} is not in the catalog: they left, or never were")
            }
            None => format!("{owner} is not in the catalog"),
            Some(_) if owner.kind() == "group" && snapshot.members_of(owner).is_empty() => {
                format!("{owner} has no members, nor do the groups below it")
            }
            Some(_) => return None,
        };
        Some((owner, message))
    });
    dead.flat_map(|(owner, message)| {
        let owned = snapshot.owned_by(std::slice::from_ref(owner));
        let evidence = vec![format!("{} entities have this owner", owned.len())];
        owned
            .into_iter()
            .map(|entity| {
                let found = Found {
                    check: TruthCheck::DeadOwner,
                    severity: Severity::High,
                    entity: entity.reference(),
                    path: Some("/spec/owner".to_owned()),
                    message: format!("Its owner {message}"),
                    evidence: evidence.clone(),
                    fix: None,
                };
                finding(snapshot, found)
            })
            .collect::<Vec<_>>()
    })
    .collect()
}

/// Relations to what does not exist; owners are told above.
fn dangling(snapshot: &Snapshot) -> Vec<TruthFinding> {
    let dangling = snapshot.dangling().into_iter().filter(|it| it.relation.relation_type != "ownedBy");
    dangling
        .map(|it| {
            let entity = snapshot.get(&it.from).map(CatalogEntity::entity);
            let fields = entity
                .as_ref()
                .map(|entity| references_to(snapshot.kinds(), entity, &it.relation.target))
                .unwrap_or_default();
            let field = fields.into_iter().next();
            let path = field.as_ref().map(|(path, _)| path.clone());
            let found = Found {
                check: TruthCheck::DanglingReference,
                severity: Severity::Medium,
                entity: &it.from,
                // Two references may stand in one list.
                path: Some(format!("{}:{}", path.as_deref().unwrap_or_default(), it.relation.target)),
                message: format!(
                    "It names {} ({}), which is not in the catalog",
                    it.relation.target, it.relation.relation_type
                ),
                evidence: field.map(|(path, text)| format!("{path} is \"{text}\"")).into_iter().collect(),
                fix: None,
            };
            TruthFinding { path, ..finding(snapshot, found) }
        })
        .collect()
}

/// References to what has another name now. Nothing to look for when nothing was renamed.
fn old_names(snapshot: &Snapshot) -> Vec<TruthFinding> {
    let mut findings = Vec::new();
    for (old, new) in snapshot.renames() {
        let users: BTreeSet<&EntityRef> = snapshot.relations_of(new).iter().map(|it| &it.target).collect();
        for user in users.into_iter().filter_map(|user| snapshot.get(user)) {
            for (path, text) in references_to(snapshot.kinds(), &user.entity(), old) {
                let written = renamed_text(&text, old, new);
                let fix = ProposedFix {
                    summary: format!("Write \"{written}\" instead of \"{text}\""),
                    edits: vec![FieldEdit::set(path.clone(), written)],
                };
                let found = Found {
                    check: TruthCheck::OldName,
                    severity: Severity::Low,
                    entity: user.reference(),
                    path: Some(path.clone()),
                    message: format!("It points to the old name of {new}"),
                    evidence: vec![format!("{path} is \"{text}\"")],
                    fix: Some(fix),
                };
                findings.push(finding(snapshot, found));
            }
        }
    }
    findings
}

/// Entities that a second source gives too.
fn conflicts(snapshot: &Snapshot) -> Vec<TruthFinding> {
    let drafts = snapshot.drafts().iter();
    drafts
        .filter_map(|draft| {
            let entity = draft.conflict.as_ref()?;
            let first = snapshot.get(entity)?;
            let found = Found {
                check: TruthCheck::Conflict,
                severity: Severity::High,
                entity,
                path: Some(format!(":{}", draft.location)),
                message: format!("Another file defines it too; the one from {} counts", first.location()),
                evidence: vec![format!("{} line {}", draft.location, draft.line)],
                fix: None,
            };
            Some(TruthFinding { path: None, since: draft.first_seen, ..finding(snapshot, found) })
        })
        .collect()
}
