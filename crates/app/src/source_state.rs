//! What a person wants to know of one source: how it fares, when it is read, what it gave, what would go with it.

use std::time::{Duration, SystemTime};

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Actor, Caller, EntityRef, Permission, Timestamp};
use fairway_ledger::RecordQuery;
use serde::{Deserialize, Serialize};

use crate::effects::to_value;
use crate::scheduler::{LONGEST, Pace, SHORTEST_ELSEWHERE, SHORTEST_HERE};
use crate::sources::{Source, SourceTarget, SyncReport, family};
use crate::{App, AppError};

/// How many facts of a source's past are shown.
const HISTORY: usize = 20;

/// Everything about one source.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceState {
    /// The source.
    pub source: Source,
    /// When it was and will be looked at.
    pub pace: Pace,
    /// How often it is looked at in seconds; `None` when only events and people make it read.
    pub interval_seconds: Option<u64>,
    /// The name of the credential that its place has.
    pub credential: Option<String>,
    /// What is left of the forge's budget of requests, when it told.
    pub budget: Option<BudgetState>,
    /// The sources that it discovered.
    pub children: Vec<Source>,
    /// The entities that it and its children give, in the order of their names.
    pub entities: Vec<EntityRef>,
    /// What changed in it, the newest first.
    pub history: Vec<SourceChange>,
}

/// A forge's budget of requests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetState {
    /// The forge.
    pub host: String,
    /// How many requests it allows in a period.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// When the period ends.
    pub resets_at: Option<Timestamp>,
    /// Until when it asked to be left alone.
    pub blocked_until: Option<Timestamp>,
    /// Requests sent since the start.
    pub sent: u64,
    /// Answers that said that nothing changed.
    pub unchanged: u64,
}

/// One moment of a source's past.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceChange {
    /// The record in the journal.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
    /// How it fared then; `None` when it had not been read.
    pub report: Option<SyncReport>,
    /// Whether it was paused then.
    pub paused: bool,
}

/// How a source is to be read from now on; what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceSettings {
    /// Seconds between two looks; 0 for the usual interval of its kind.
    pub interval_seconds: Option<u64>,
    /// Whether only people read it.
    pub paused: Option<bool>,
}

impl App {
    /// Everything about one source.
    pub async fn source_state(&self, caller: &Caller, id: &str) -> Result<SourceState, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let source = view.sources.get(id).map(|source| Source::clone(source));
        let source = source.ok_or_else(|| missing(id))?;
        let (place, owner) = match &source.target {
            SourceTarget::Discovery(target) => (Some(&target.place), target.owner.clone()),
            SourceTarget::Directory(target) => (Some(&target.place), target.organisation.clone()),
            SourceTarget::Hosted(target) => {
                (Some(&target.place), target.repository.rsplit_once('/').map_or("", |(it, _)| it).to_owned())
            }
            SourceTarget::Forge { .. } | SourceTarget::Git { .. } | SourceTarget::File { .. } => {
                (None, String::new())
            }
        };
        let credential = match (&source.target, place) {
            (SourceTarget::Git { url, .. }, _) => self.credential_of_url(url),
            (_, Some(place)) => self.credential_for(&place.host(), &owner).map(|found| found.name.clone()),
            _ => None,
        };
        let budget = place.and_then(|place| {
            let budget = self.hosting_budget(place, &owner)?;
            Some(BudgetState {
                host: place.host(),
                limit: budget.limit,
                remaining: budget.remaining,
                resets_at: budget.resets_at.and_then(moment),
                blocked_until: budget
                    .blocked_until
                    .filter(|until| *until > SystemTime::now())
                    .and_then(moment),
                sent: budget.sent,
                unchanged: budget.unchanged,
            })
        });
        let mut children: Vec<Source> = self.children(id).iter().map(|it| Source::clone(it)).collect();
        children.sort_by_key(|child| (child.missing_since.is_none(), child.target.to_string()));
        Ok(SourceState {
            pace: self.source_pace(id),
            interval_seconds: source.interval().map(|interval| interval.as_secs()),
            entities: self.entities_of(id),
            history: self.source_history(id).await?,
            source,
            credential,
            budget,
            children,
        })
    }

    /// The entities that would go with a source: those that it and the sources that it discovered give.
    pub fn entities_of(&self, id: &str) -> Vec<EntityRef> {
        let view = self.view();
        let ids = family(&view.sources, id);
        let given = view.catalog.iter().filter(|found| ids.contains(found.source()));
        given.map(|found| found.reference().clone()).collect()
    }

    /// Sets how often a source is read, and whether by nobody's order.
    pub async fn configure_source(
        &self,
        caller: &Caller,
        id: &str,
        settings: &SourceSettings,
    ) -> Result<Source, AppError> {
        caller.authorise(Permission::ManageCatalog)?;
        let source = self.view().sources.get(id).map(|source| Source::clone(source));
        let mut source = source.ok_or_else(|| missing(id))?;
        if let Some(seconds) = settings.interval_seconds {
            source.interval_seconds = Self::checked_interval(&source, seconds)?;
        }
        match settings.paused {
            Some(true) if source.paused_at.is_none() => source.paused_at = Some(self.now()),
            Some(false) => source.paused_at = None,
            _ => {}
        }
        self.append(vec![NewFact::by(caller, kind::SOURCE, id, Some(to_value(&source)?))]).await?;
        self.inner.scheduler.reconsider(&source, self.now());
        Ok(source)
    }

    fn checked_interval(source: &Source, seconds: u64) -> Result<Option<u64>, AppError> {
        if seconds == 0 {
            return Ok(None);
        }
        if source.target.usual_interval().is_none() {
            return Err(AppError::Invalid {
                message: "this source is read when something happens to it; it has no interval".to_owned(),
                hint: Some("refresh it, or set the interval of the source that discovered it".to_owned()),
            });
        }
        let here = matches!(source.target, SourceTarget::File { .. });
        let shortest = if here { SHORTEST_HERE } else { SHORTEST_ELSEWHERE };
        if (shortest..=LONGEST).contains(&Duration::from_secs(seconds)) {
            return Ok(Some(seconds));
        }
        Err(AppError::invalid(format!(
            "an interval has {} to {} seconds",
            shortest.as_secs(),
            LONGEST.as_secs()
        )))
    }

    async fn source_history(&self, id: &str) -> Result<Vec<SourceChange>, AppError> {
        let query = RecordQuery {
            kinds: vec![kind::SOURCE.to_owned()],
            subject: Some(id.to_owned()),
            limit: HISTORY,
            ..RecordQuery::default()
        };
        let records = self.inner.ledger.records(&query).await?;
        let changes = records.into_iter().map(|record| {
            let source: Option<Source> = record.body.and_then(|body| serde_json::from_value(body).ok());
            SourceChange {
                sequence: record.sequence,
                at: record.at,
                by: record.actor,
                reason: record.reason,
                paused: source.as_ref().is_some_and(|source| source.paused_at.is_some()),
                report: source.and_then(|source| source.last),
            }
        });
        Ok(changes.collect())
    }
}

fn missing(id: &str) -> AppError {
    AppError::NotFound { what: "source", name: id.to_owned(), near: Vec::new() }
}

fn moment(time: SystemTime) -> Option<Timestamp> {
    Timestamp::try_from(time).ok()
}
