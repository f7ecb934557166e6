//! Whom a change of policies hits: findings that come, go and stay, by service, owner and environment.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::EntityRef;
use fairway_domain::finding::{Finding, Waived};
use fairway_domain::repository::RepositoryRef;
use serde::{Deserialize, Serialize};

use super::delivered::{Delivered, Placement};
use super::fleet::placed;
use super::verdicts::Verdicts;
use crate::projection::View;

/// The most files with a fix that are listed.
const FIXES: usize = 500;

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingChange {
    /// It is not there now, and would be.
    New,
    /// It is there now, and would not be.
    Solved,
    /// It is there both ways.
    Same,
}

/// How many findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpactCounts {
    /// That are not there now.
    pub new: usize,
    /// That are there now, and would not be.
    pub solved: usize,
    /// That are there both ways.
    pub same: usize,
    /// That would block, of the new and the same.
    pub blocking: usize,
}

impl ImpactCounts {
    fn add(&mut self, change: FindingChange, blocks: bool) {
        match change {
            FindingChange::New => self.new += 1,
            FindingChange::Solved => self.solved += 1,
            FindingChange::Same => self.same += 1,
        }
        self.blocking += usize::from(blocks && change != FindingChange::Solved);
    }
}

/// What a service would see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceImpact {
    /// The service's name.
    pub service: String,
    /// Its entity, when the catalog has it.
    pub entity: Option<EntityRef>,
    /// Whose it is.
    pub owner: Option<EntityRef>,
    /// Where, in the order of their names.
    pub environments: BTreeSet<String>,
    /// How many findings.
    #[serde(flatten)]
    pub counts: ImpactCounts,
}

/// What an owner or an environment would see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupImpact {
    /// The owner or the environment; empty for services without an owner.
    pub name: String,
    /// How many services have findings.
    pub services: usize,
    /// How many findings.
    #[serde(flatten)]
    pub counts: ImpactCounts,
}

/// A finding with what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedFinding {
    /// What becomes of it.
    pub change: FindingChange,
    /// The service that it is about.
    pub service: String,
    /// The finding, as the policy would say it; a solved one as it is said now.
    pub finding: Finding,
}

/// A delivered file that a change request can mend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferedFix {
    /// The repository, which is on the embedded forge.
    pub repository: RepositoryRef,
    /// The file.
    pub file: String,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// How many findings it mends.
    pub findings: usize,
}

/// Whom a change hits today.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Impact {
    /// In all.
    pub counts: ImpactCounts,
    /// By service, those with the most new findings first.
    pub services: Vec<ServiceImpact>,
    /// By owner, in the order of their names.
    pub owners: Vec<GroupImpact>,
    /// By environment, in the order of their names.
    pub environments: Vec<GroupImpact>,
    /// New ones first, then solved ones, then the others.
    pub findings: Vec<ChangedFinding>,
    /// How many findings are not listed.
    pub left_off: usize,
    /// Findings that would be there and come with what mends them.
    pub fixable: usize,
    /// The files that a change request can mend, at most 500.
    pub fixes: Vec<OfferedFix>,
}

/// What becomes of the findings about one object, under one unit of policies.
fn changes<'f>(before: &'f [Finding], after: &'f [Finding]) -> Vec<(FindingChange, &'f Finding)> {
    let mut old: Vec<&Finding> = before.iter().collect();
    let mut changes = Vec::new();
    let mut unknown: Vec<&Finding> = Vec::new();
    let same = |one: &Finding, two: &Finding| {
        one.rule == two.rule
            && one.path == two.path
            && one.message == two.message
            && one.outcome == two.outcome
    };
    for finding in after {
        match old.iter().position(|known| same(known, finding)) {
            Some(position) => {
                old.remove(position);
                changes.push((FindingChange::Same, finding));
            }
            None => unknown.push(finding),
        }
    }
    // Other words about the same place do not make it another finding.
    for finding in unknown {
        let reworded = |known: &&Finding| {
            known.rule == finding.rule
                && known.path == finding.path
                && std::mem::discriminant(&known.outcome) == std::mem::discriminant(&finding.outcome)
        };
        match old.iter().position(reworded) {
            Some(position) => {
                old.remove(position);
                changes.push((FindingChange::Same, finding));
            }
            None => changes.push((FindingChange::New, finding)),
        }
    }
    changes.extend(old.into_iter().map(|finding| (FindingChange::Solved, finding)));
    changes
}

/// Verdicts of one unit, as it is and as it would be.
pub(crate) type Pair<'v> = (Option<&'v Verdicts>, Option<&'v Verdicts>);

fn found(verdicts: Option<&Verdicts>, number: u32) -> &[Finding] {
    verdicts.and_then(|verdicts| verdicts.findings.get(&number)).map_or(&[], Vec::as_slice)
}

/// Puts verdicts side by side. `waived` says what lets a finding in its place pass.
pub(crate) fn impact(
    view: &View,
    delivered: &Delivered,
    pairs: &[Pair<'_>],
    listed: usize,
    waived: &impl Fn(&Finding, &Placement) -> Option<Waived>,
) -> Impact {
    let mut all: Vec<(FindingChange, bool, &Placement, &Finding)> = Vec::new();
    for (before, after) in pairs {
        let numbers: BTreeSet<u32> = [before, after]
            .into_iter()
            .flatten()
            .flat_map(|verdicts| verdicts.findings.keys().copied())
            .collect();
        for number in numbers {
            for (change, finding) in changes(found(*before, number), found(*after, number)) {
                for placement in delivered.places_of(number) {
                    let blocks = finding.blocks() && waived(finding, placement).is_none();
                    all.push((change, blocks, placement, finding));
                }
            }
        }
    }
    all.sort_by(|one, two| {
        let key = |it: &(FindingChange, bool, &Placement, &Finding)| {
            (it.0, !it.1, std::cmp::Reverse(it.3.severity))
        };
        key(one)
            .cmp(&key(two))
            .then_with(|| {
                (&one.2.service, &one.2.environment, &one.2.file).cmp(&(
                    &two.2.service,
                    &two.2.environment,
                    &two.2.file,
                ))
            })
            .then_with(|| one.3.cmp(two.3))
    });
    let mut impact = Impact::default();
    let mut services: BTreeMap<&str, ServiceImpact> = BTreeMap::new();
    let mut environments: BTreeMap<&str, (BTreeSet<&str>, ImpactCounts)> = BTreeMap::new();
    let mut fixes: BTreeMap<(&str, &str), OfferedFix> = BTreeMap::new();
    for (change, blocks, placement, finding) in &all {
        impact.counts.add(*change, *blocks);
        let service = services.entry(&placement.service).or_insert_with(|| ServiceImpact {
            service: placement.service.to_string(),
            entity: None,
            owner: None,
            environments: BTreeSet::new(),
            counts: ImpactCounts::default(),
        });
        if !service.environments.contains(&*placement.environment) {
            service.environments.insert(placement.environment.to_string());
        }
        service.counts.add(*change, *blocks);
        let environment = environments.entry(&placement.environment).or_default();
        environment.0.insert(&placement.service);
        environment.1.add(*change, *blocks);
        if *change != FindingChange::Solved && !finding.patch.is_empty() {
            impact.fixable += 1;
            if let Some(repository) = delivered.repositories.get(&placement.environment) {
                fixes
                    .entry((&placement.environment, &placement.file))
                    .or_insert_with(|| OfferedFix {
                        repository: repository.clone(),
                        file: placement.file.to_string(),
                        service: placement.service.to_string(),
                        environment: placement.environment.to_string(),
                        findings: 0,
                    })
                    .findings += 1;
            }
        }
    }
    name(view, &mut services);
    let mut owners: BTreeMap<String, GroupImpact> = BTreeMap::new();
    for service in services.values() {
        let name = service.owner.as_ref().map(ToString::to_string).unwrap_or_default();
        let owner =
            owners.entry(name.clone()).or_insert_with(|| GroupImpact { name, ..GroupImpact::default() });
        owner.services += 1;
        let (sum, own) = (&mut owner.counts, service.counts);
        sum.new += own.new;
        sum.solved += own.solved;
        sum.same += own.same;
        sum.blocking += own.blocking;
    }
    impact.services = services.into_values().collect();
    impact.services.sort_by_key(|it| {
        (std::cmp::Reverse((it.counts.new, it.counts.solved, it.counts.same)), it.service.clone())
    });
    impact.owners = owners.into_values().collect();
    impact.environments = environments
        .into_iter()
        .map(|(name, (services, counts))| GroupImpact {
            name: name.to_owned(),
            services: services.len(),
            counts,
        })
        .collect();
    impact.fixes = fixes.into_values().take(FIXES).collect();
    impact.left_off = all.len().saturating_sub(listed);
    impact.findings = all
        .into_iter()
        .take(listed)
        .map(|(change, _, placement, finding)| ChangedFinding {
            change,
            service: placement.service.to_string(),
            finding: Finding { waiver: waived(finding, placement), ..placed(finding, placement) },
        })
        .collect();
    impact
}

/// Finds the services' entities and owners.
fn name(view: &View, services: &mut BTreeMap<&str, ServiceImpact>) {
    if services.is_empty() {
        return;
    }
    for component in view.catalog.of_kind("component") {
        let reference = component.reference();
        let Some(service) = services.get_mut(reference.name()) else { continue };
        // Of several, that of the default namespace is meant.
        if service.entity.is_none() || reference.namespace() == "default" {
            service.entity = Some(reference.clone());
            service.owner = component.owner().cloned();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::finding::Finding;
    use serde_json::json;

    use super::{FindingChange, changes};

    fn finding(rule: &str, path: &str, message: &str) -> Finding {
        serde_json::from_value(json!({
            "policy": "P", "rule": rule, "severity": "low", "enforcement": "deny", "outcome": {"type": "violation"},
            "object": {"apiVersion": "v1", "kind": "Pod", "name": "a"}, "path": path, "message": message,
        }))
        .unwrap()
    }

    #[test]
    fn other_words_about_the_same_place_are_the_same_finding() {
        let before = [finding("r", "a", "no a"), finding("r", "b", "no b"), finding("r", "c", "no c")];
        let after = [finding("r", "b", "no b"), finding("r", "a", "a is missing"), finding("r", "d", "no d")];
        let words: Vec<(FindingChange, &str)> =
            changes(&before, &after).into_iter().map(|(change, it)| (change, it.message.as_str())).collect();
        assert_eq!(
            words,
            [
                (FindingChange::Same, "no b"),
                (FindingChange::Same, "a is missing"),
                (FindingChange::New, "no d"),
                (FindingChange::Solved, "no c"),
            ]
        );
    }
}
