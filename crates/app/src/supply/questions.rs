//! Where is a library, and what is known to be weak: over the whole fleet.

use std::collections::{BTreeMap, BTreeSet};

use fairway_catalog::CatalogEntity;
use fairway_domain::finding::Severity;
use fairway_domain::{Caller, Digest, EntityRef, Permission, Timestamp};
use fairway_supply::{Component, VersionRange, Vulnerability, compare_versions};
use serde::{Deserialize, Serialize};

use super::StoredEvidence;
use crate::projection::View;
use crate::{App, AppError};

/// Where is a library?
#[derive(Clone, Debug, Deserialize)]
pub struct ComponentQuestion {
    /// Its name (`log4j-core`, `@angular/core`, `org.acme/shop`) or package URL without version.
    pub name: String,
    /// Which versions, for example `<2.17.1`; every one when absent.
    pub version: Option<String>,
    /// Only in this environment.
    pub environment: Option<String>,
}

/// A library in something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentPlace {
    /// The library.
    pub component: Component,
    /// What it is in.
    pub entity: Option<EntityRef>,
    /// Who owns that.
    pub owner: Option<EntityRef>,
    /// The image that it is in.
    pub image: Option<String>,
    /// The version of the service that was built.
    pub version: Option<String>,
    /// Where that is meant to run; empty when it is delivered nowhere, or nobody said which version was looked at.
    pub environments: Vec<String>,
    /// The document that says so.
    pub document: Digest,
    /// When the document came.
    pub received_at: Timestamp,
}

/// What is known to be weak?
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VulnerabilityQuestion {
    /// Of this severity or worse.
    pub severity: Option<Severity>,
    /// Only what this group or person owns.
    pub owner: Option<String>,
    /// Only of this entity.
    pub entity: Option<String>,
    /// Only with this identifier, for example `CVE-2021-44228`.
    pub id: Option<String>,
    /// Only what has been known for so many days.
    pub older_than_days: Option<u32>,
}

/// A vulnerability of something.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownVulnerability {
    /// The vulnerability.
    #[serde(flatten)]
    pub vulnerability: Vulnerability,
    /// What has it.
    pub entity: Option<EntityRef>,
    /// Who owns that.
    pub owner: Option<EntityRef>,
    /// The image that has it.
    pub image: Option<String>,
    /// Where that is meant to run.
    pub environments: Vec<String>,
    /// When it was first seen there.
    pub first_seen: Timestamp,
    /// For how many days it has been known.
    pub age_days: i64,
    /// The document that says so.
    pub document: Digest,
}

/// The environments that a document holds for: the one that it names; else those that the image or the version that it
/// is about was delivered to; else, when it names neither, all that the service is delivered to.
pub(crate) fn environments_of(view: &View, evidence: &StoredEvidence) -> Vec<String> {
    if let Some(environment) = &evidence.environment {
        return vec![environment.clone()];
    }
    let name = evidence.entity.as_ref().map(EntityRef::name);
    let mut found: BTreeSet<String> = BTreeSet::new();
    for deployment in view.deployments.values().filter(|it| !it.undone) {
        let intent = &deployment.intent;
        let of_service = name.is_some_and(|name| intent.service.eq_ignore_ascii_case(name));
        let of_image =
            evidence.image.as_ref().is_some_and(|image| intent.images.iter().any(|it| it.ends_with(image)));
        let of_version = evidence.version.as_ref().is_some_and(|version| *version == intent.version);
        let says_nothing = evidence.image.is_none() && evidence.version.is_none();
        if of_image || (of_service && (of_version || says_nothing)) {
            found.insert(intent.environment.clone());
        }
    }
    found.into_iter().collect()
}

fn owner_of(view: &View, entity: Option<&EntityRef>) -> Option<EntityRef> {
    entity.and_then(|it| view.catalog.get(it)).and_then(|it| CatalogEntity::owner(it).cloned())
}

impl App {
    /// The environments that a document holds for.
    pub fn environments_of_evidence(&self, evidence: &StoredEvidence) -> Vec<String> {
        environments_of(&self.view(), evidence)
    }

    /// Where a library is, over everything that evidence was sent of.
    pub async fn where_is(
        &self,
        caller: &Caller,
        question: &ComponentQuestion,
    ) -> Result<Vec<ComponentPlace>, AppError> {
        caller.authorise(Permission::Read)?;
        let range = question.version.as_deref().filter(|it| !it.trim().is_empty()).map(VersionRange::parse);
        let range = range.transpose().map_err(AppError::invalid)?;
        let index = self.supply_index().await?;
        let view = self.view();
        let all = index.named(&question.name);
        if all.is_empty() {
            let near = index.near(&question.name);
            return Err(AppError::NotFound { what: "component", name: question.name.clone(), near });
        }
        let fits = |component: &Component| range.as_ref().is_none_or(|range| range.holds(&component.version));
        let components: BTreeMap<u32, &Component> = all.into_iter().filter(|(_, it)| fits(it)).collect();
        let numbers: BTreeSet<u32> = components.keys().copied().collect();
        let mut places = Vec::new();
        for (key, found) in index.documents_with(&numbers) {
            let Some(evidence) = view.evidence.get(key) else { continue };
            let environments = environments_of(&view, evidence);
            if question.environment.as_ref().is_some_and(|it| !it.is_empty() && !environments.contains(it)) {
                continue;
            }
            for component in found.iter().filter_map(|number| components.get(number)) {
                places.push(ComponentPlace {
                    component: (*component).clone(),
                    entity: evidence.entity.clone(),
                    owner: owner_of(&view, evidence.entity.as_ref()),
                    image: evidence.image.clone(),
                    version: evidence.version.clone(),
                    environments: environments.clone(),
                    document: evidence.document,
                    received_at: evidence.received_at,
                });
            }
        }
        places.sort_by(|one, two| {
            compare_versions(&one.component.version, &two.component.version)
                .then_with(|| one.component.cmp(&two.component))
                .then_with(|| one.entity.cmp(&two.entity))
                .then_with(|| one.document.cmp(&two.document))
        });
        Ok(places)
    }

    /// What is known to be weak, the worst and oldest first.
    pub async fn vulnerabilities(
        &self,
        caller: &Caller,
        question: &VulnerabilityQuestion,
    ) -> Result<Vec<KnownVulnerability>, AppError> {
        caller.authorise(Permission::Read)?;
        let reference = |text: &Option<String>, kind: &str| {
            let text = text.as_deref().filter(|it| !it.is_empty());
            text.map(|it| EntityRef::parse(it, Some(kind), "default")).transpose()
        };
        let owner =
            reference(&question.owner, "group").map_err(|error| AppError::invalid(error.to_string()))?;
        let entity =
            reference(&question.entity, "component").map_err(|error| AppError::invalid(error.to_string()))?;
        let index = self.supply_index().await?;
        let (view, now) = (self.view(), self.now());
        let mut found = Vec::new();
        for (key, evidence) in view.evidence.iter() {
            if entity.is_some() && evidence.entity != entity {
                continue;
            }
            let own = owner_of(&view, evidence.entity.as_ref());
            if owner.is_some() && own != owner {
                continue;
            }
            let environments = environments_of(&view, evidence);
            for weak in index.vulnerabilities_of(key) {
                let first_seen = evidence.seen_since(&weak.id, &weak.package);
                let age_days = now.duration_since(first_seen).as_hours() / 24;
                let fits = question.severity.is_none_or(|least| weak.severity.is_some_and(|it| it >= least))
                    && question
                        .id
                        .as_ref()
                        .is_none_or(|id| id.is_empty() || weak.id.eq_ignore_ascii_case(id))
                    && question.older_than_days.is_none_or(|days| age_days >= i64::from(days));
                if fits {
                    found.push(KnownVulnerability {
                        vulnerability: weak.clone(),
                        entity: evidence.entity.clone(),
                        owner: own.clone(),
                        image: evidence.image.clone(),
                        environments: environments.clone(),
                        first_seen,
                        age_days,
                        document: evidence.document,
                    });
                }
            }
        }
        found.sort_by(|one, two| {
            let key = |it: &KnownVulnerability| {
                (
                    it.entity.clone(),
                    it.image.clone(),
                    it.vulnerability.id.clone(),
                    it.vulnerability.package.clone(),
                )
            };
            two.vulnerability
                .severity
                .cmp(&one.vulnerability.severity)
                .then(one.first_seen.cmp(&two.first_seen))
                .then_with(|| key(one).cmp(&key(two)))
        });
        // Two scanners that say the same of one thing are one finding.
        found.dedup_by(|two, one| {
            one.entity == two.entity
                && one.image == two.image
                && one.environments == two.environments
                && one.vulnerability.id == two.vulnerability.id
                && one.vulnerability.package == two.vulnerability.package
                && one.vulnerability.version == two.vulnerability.version
        });
        Ok(found)
    }
}
