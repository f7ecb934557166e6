//! The fleet's findings as people ask for them: whose, since when, of which policy.

use fairway_domain::finding::{Finding, Severity};
use fairway_domain::{Caller, EntityRef, Timestamp};
use serde::Serialize;

use crate::environments::service_entity;
use crate::projection::View;
use crate::{App, AppError};

/// Which findings are asked for; what is not said does not narrow.
#[derive(Clone, Debug, Default)]
pub struct FindingFilter {
    /// The service, by name.
    pub service: Option<String>,
    /// The entity of the service.
    pub entity: Option<EntityRef>,
    /// Whose the service is.
    pub owner: Option<EntityRef>,
    /// A policy by its name, one of its rules, or its title.
    pub policy: Option<String>,
    /// How bad.
    pub severity: Option<Severity>,
    /// Where.
    pub environment: Option<String>,
    /// Only those that a waiver lets pass, or only the others.
    pub waived: Option<bool>,
}

/// A finding of the fleet and what is known around it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundFinding {
    /// Names it as long as it stands.
    pub id: String,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// The service that it is about.
    pub service: String,
    /// The service's entity, when the catalog has it.
    pub entity: Option<EntityRef>,
    /// Whose it is.
    pub owner: Option<EntityRef>,
    /// Since when it stands; `None` until the fleet's audit has seen it.
    pub since: Option<Timestamp>,
}

/// The service that a finding is about: by the object's label, or by the folder `<environment>/<service>/<file>`.
pub fn service_of(finding: &Finding) -> &str {
    let object = &finding.object;
    let folder = || object.file.as_deref().and_then(|file| file.rsplit('/').nth(1));
    object.service.as_deref().or_else(folder).unwrap_or(&object.name)
}

impl FindingFilter {
    /// Whether a finding is asked for.
    pub fn fits(&self, found: &FoundFinding) -> bool {
        let finding = &found.finding;
        let of_policy = |policy: &String| {
            *policy == finding.policy
                || finding.rule.strip_prefix(policy).is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        self.service.as_ref().is_none_or(|service| *service == found.service)
            && self.entity.as_ref().is_none_or(|entity| found.entity.as_ref() == Some(entity))
            && self.owner.as_ref().is_none_or(|owner| found.owner.as_ref() == Some(owner))
            && self.policy.as_ref().is_none_or(of_policy)
            && self.severity.is_none_or(|severity| severity == finding.severity)
            && self.environment.as_ref().is_none_or(|it| finding.object.environment.as_ref() == Some(it))
            && self.waived.is_none_or(|waived| waived == finding.waiver.is_some())
    }
}

/// What is known around a finding.
pub(crate) fn found(view: &View, finding: &Finding) -> FoundFinding {
    let service = service_of(finding).to_owned();
    let entity = service_entity(view, &service);
    let owner =
        entity.as_ref().and_then(|entity| view.catalog.get(entity)).and_then(|it| it.owner().cloned());
    let id = finding.id();
    let since = view.standing.get(&service).and_then(|standing| standing.since.get(&id).copied());
    FoundFinding { id, finding: finding.clone(), service, entity, owner, since }
}

impl App {
    /// The findings on everything that is delivered, as far as they fit; what blocks first, what is waived last.
    pub async fn findings(
        &self,
        caller: &Caller,
        filter: &FindingFilter,
    ) -> Result<Vec<FoundFinding>, AppError> {
        let fleet = self.fleet(caller).await?;
        let view = self.view();
        let all = fleet.findings.iter().map(|finding| found(&view, finding));
        Ok(all.filter(|found| filter.fits(found)).collect())
    }
}
