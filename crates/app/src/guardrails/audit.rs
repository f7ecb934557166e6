//! The fleet's audit: what each policy found, day by day, and since when each finding stands. Noted only when it
//! changed, so that a quiet fleet costs nothing.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::finding::Outcome;
use fairway_domain::{Caller, Permission, Timestamp};
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Fleet, service_of};
use crate::effects::to_value;
use crate::projection::View;
use crate::{App, AppError};

/// Findings of one service whose beginning is kept.
const MOST_STANDING: usize = 1_000;

/// What one policy found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyCounts {
    /// Violations that no waiver lets pass.
    pub open: usize,
    /// Findings that a waiver lets pass.
    pub waived: usize,
    /// Objects on which it could not be evaluated.
    pub not_evaluated: usize,
}

impl PolicyCounts {
    /// All of them.
    pub const fn total(self) -> usize {
        self.open + self.waived + self.not_evaluated
    }
}

/// What the audit counted when it last changed on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditDay {
    /// How many objects were looked at.
    pub objects: usize,
    /// What each policy found, by its name.
    pub policies: BTreeMap<String, PolicyCounts>,
}

/// Since when findings of a service stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The moment at which each was first seen, by the finding's identifier.
    pub since: BTreeMap<String, Timestamp>,
}

/// One day of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrendDay {
    /// The day in UTC.
    pub day: String,
    /// What it found; `None` before anything was counted.
    pub counts: Option<PolicyCounts>,
}

fn day_of(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

impl Fleet {
    /// What each policy found, also those that found nothing.
    pub fn counts(&self) -> BTreeMap<String, PolicyCounts> {
        let mut counts: BTreeMap<String, PolicyCounts> =
            self.policies.iter().map(|info| (info.name.clone(), PolicyCounts::default())).collect();
        for finding in &self.findings {
            // A rule of a policy counts for the policy.
            let names = std::iter::successors(Some(finding.rule.as_str()), |name| {
                name.rsplit_once('/').map(|(before, _)| before)
            });
            let known = names.into_iter().find(|name| counts.contains_key(*name));
            let entry = counts.entry(known.unwrap_or(&finding.rule).to_owned()).or_default();
            match (&finding.waiver, &finding.outcome) {
                (Some(_), _) => entry.waived += 1,
                (None, Outcome::Violation) => entry.open += 1,
                (None, Outcome::NotEvaluated { .. }) => entry.not_evaluated += 1,
            }
        }
        counts
    }
}

/// The facts that bring the record up to what stands now; none when it is.
fn changes(view: &View, fleet: &Fleet, now: Timestamp) -> Result<Vec<NewFact>, AppError> {
    let system = Caller::system();
    let mut facts = Vec::new();
    let day = AuditDay { objects: fleet.objects, policies: fleet.counts() };
    let last = view.audit_days.values().next_back().map(AsRef::as_ref);
    if last != Some(&day) && (last.is_some() || !day.policies.is_empty()) {
        let subject = day_of(now).to_string();
        facts.push(NewFact::by(&system, kind::AUDIT, subject, Some(to_value(&day)?)));
    }
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for finding in &fleet.findings {
        let of_service = ids.entry(service_of(finding)).or_default();
        if of_service.len() < MOST_STANDING {
            of_service.insert(finding.id());
        }
    }
    for (service, ids) in &ids {
        let known = view.standing.get(*service);
        let first = |id: &String| known.and_then(|known| known.since.get(id).copied()).unwrap_or(now);
        let standing = Standing { since: ids.iter().map(|id| (id.clone(), first(id))).collect() };
        if known.is_none_or(|known| **known != standing) {
            facts.push(NewFact::by(&system, kind::STANDING, *service, Some(to_value(&standing)?)));
        }
    }
    for service in view.standing.keys().filter(|service| !ids.contains_key(service.as_str())) {
        facts.push(NewFact::by(&system, kind::STANDING, service.clone(), None));
    }
    Ok(facts)
}

impl App {
    /// Evaluates the fleet and notes what changed since the last time; says how many facts that were.
    pub async fn audit_fleet(&self) -> Result<usize, AppError> {
        let fleet = self.fleet(&Caller::system()).await?;
        let view = self.view();
        let now = self.now();
        let facts = tokio::task::spawn_blocking(move || changes(&view, &fleet, now))
            .await
            .map_err(|error| AppError::Internal(format!("the audit ended without an answer: {error}")))??;
        let count = facts.len();
        self.append(facts).await?;
        Ok(count)
    }

    /// What a policy found over the last days, the oldest first; a day on which nothing changed is as the one before.
    pub fn trend(&self, caller: &Caller, policy: &str, days: u16) -> Result<Vec<TrendDay>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let today = day_of(self.now());
        let first = today.saturating_sub(i64::from(days.max(1) - 1).days());
        let counts_of = |day: &AuditDay| day.policies.get(policy).copied();
        let before = view.audit_days.range(..first.to_string()).next_back();
        let mut counts = before.and_then(|(_, day)| counts_of(day));
        let mut trend = Vec::new();
        for day in first.series(1.day()).take(usize::from(days)).take_while(|day| *day <= today) {
            let day = day.to_string();
            if let Some(noted) = view.audit_days.get(&day) {
                counts = counts_of(noted);
            }
            trend.push(TrendDay { day, counts });
        }
        Ok(trend)
    }
}
