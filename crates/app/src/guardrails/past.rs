//! Plans, deployments and pushes of the past weeks with the manifests that they were about: who would have been
//! blocked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fairway_domain::fact::{Record, kind};
use fairway_domain::finding::Finding;
use fairway_domain::plan::RenderedEnvironment;
use fairway_domain::repository::{CommitId, RepositoryRef};
use fairway_domain::tree::TreePath;
use fairway_domain::{Digest, EntityRef, Timestamp};
use fairway_ledger::RecordQuery;
use fairway_policy::{KnownObjects, OtherObjects, PolicyObject};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::compiled::CompiledUnit;
use super::delivered::{Delivered, is_manifest, objects_in};
use super::object::StoredObject;
use super::verdicts::{Stop, VerdictCache, locked};
use super::what_if::UnitPair;
use crate::plans::StoredPlan;
use crate::projection::View;
use crate::supply::chain::{SUPPLY_CHAIN, is_chain};
use crate::{App, AppError};

/// How many records are read together, and at most.
const RECORDS: usize = 200;
const MAX_RECORDS: usize = 50_000;
/// What all the different manifests of the past may weigh in memory.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Files of one push that are looked at, and what they may weigh.
const PUSHED_FILES: usize = 500;
const PUSHED_BYTES: u64 = 16 * 1024 * 1024;
/// Blocked plans and pushes that are listed.
const LISTED: usize = 200;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PastKind {
    /// A plan that rendered manifests.
    Plan,
    /// A deployment whose plan is older.
    Deployment,
    /// A push that changed manifests.
    Push,
}

/// Something that would have been blocked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastBlock {
    /// When it was.
    pub at: Timestamp,
    /// Whose it was.
    pub by: EntityRef,
    /// What it was.
    pub kind: PastKind,
    /// For people.
    pub title: String,
    /// The plan's digest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan: Option<Digest>,
    /// The repository of a push.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repository: Option<RepositoryRef>,
    /// The services.
    pub services: BTreeSet<String>,
    /// The environments.
    pub environments: BTreeSet<String>,
    /// Whether the plan was applied.
    pub applied: bool,
    /// How many findings would have blocked.
    pub findings: usize,
    /// What one of them says.
    pub message: String,
}

/// What a change would have done in the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastImpact {
    /// The first moment that counts.
    pub since: Timestamp,
    /// How many plans, deployments and pushes with manifests there were.
    pub events: usize,
    /// How many of them would have been blocked, and were not by the policy as it is now.
    pub blocked: usize,
    /// The people among them.
    pub people: usize,
    /// The latest of them.
    pub latest: Vec<PastBlock>,
    /// What could not be read any more.
    pub unreadable: usize,
    /// Whether everything since then was looked at.
    pub complete: bool,
}

/// Something that happened, with its manifests.
struct Event {
    at: Timestamp,
    by: EntityRef,
    kind: PastKind,
    title: String,
    plan: Option<Digest>,
    repository: Option<RepositoryRef>,
    services: BTreeSet<String>,
    environments: BTreeSet<String>,
    objects: Vec<Arc<StoredObject>>,
}

/// What was read of the past, the latest first.
#[derive(Default)]
pub(crate) struct Past {
    events: Vec<Arc<Event>>,
    /// The last record that was looked at, and the moment of the first.
    last: i64,
    since: Option<Timestamp>,
    unreadable: usize,
    is_cut: bool,
}

/// What files held, by the digests of their contents: plans repeat one another.
type Contents = BTreeMap<Digest, Vec<Arc<StoredObject>>>;

/// Kinds of what platform people push beside manifests: none of a cluster's business.
fn is_of_the_platform(object: &StoredObject) -> bool {
    let value = object.value();
    let version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let group = version.split('/').next().unwrap_or_default();
    ["backstage.io", "scaffolder.backstage.io", "fairway.dev", "score.dev"].contains(&group)
        || fairway_catalog::is_policy(version)
}

impl App {
    /// What happened since a moment.
    pub(crate) async fn past(&self, since: Timestamp) -> Result<Arc<Past>, AppError> {
        let mut kept = self.inner.findings.past.lock().await;
        let reaches_back = kept.since.is_some_and(|known| known <= since);
        let mut past = if reaches_back {
            Past {
                events: kept.events.iter().filter(|event| event.at >= since).cloned().collect(),
                last: kept.last,
                since: kept.since,
                unreadable: kept.unreadable,
                is_cut: kept.is_cut,
            }
        } else {
            Past { since: Some(since), ..Past::default() }
        };
        let records = self.records_since(since, past.last, &mut past.is_cut).await?;
        if records.is_empty() && reaches_back {
            *kept = Arc::new(past);
            return Ok(Arc::clone(&kept));
        }
        past.last = records.first().map_or(past.last, |record| record.sequence);
        let mut weight = 0;
        let mut counted = BTreeSet::new();
        let mut weigh = |event: &Event| {
            for object in &event.objects {
                if counted.insert(object.number) {
                    weight += object.weight();
                }
            }
            weight <= MAX_BYTES
        };
        let mut events = Vec::new();
        let mut read = Contents::new();
        let mut planned: BTreeSet<Digest> = past.events.iter().filter_map(|event| event.plan).collect();
        planned.extend(
            records
                .iter()
                .filter(|it| it.kind == kind::PLAN)
                .filter_map(|it| it.subject.parse::<Digest>().ok()),
        );
        for record in &records {
            let found = match record.kind.as_str() {
                kind::PLAN => self.past_plan(record, &mut read).await?,
                kind::DEPLOYMENT => self.past_deployment(record, &mut planned, &mut read).await?,
                _ => self.past_push(record).await?,
            };
            let Some(event) = found else {
                past.unreadable += 1;
                continue;
            };
            if event.objects.is_empty() {
                continue;
            }
            if !weigh(&event) {
                past.is_cut = true;
                break;
            }
            events.push(Arc::new(event));
        }
        for event in past.events {
            if past.is_cut || !weigh(&event) {
                past.is_cut = true;
                break;
            }
            events.push(event);
        }
        past.events = events;
        *kept = Arc::new(past);
        Ok(Arc::clone(&kept))
    }

    /// Records after `last` and not older than `since`, the latest first.
    async fn records_since(
        &self,
        since: Timestamp,
        last: i64,
        is_cut: &mut bool,
    ) -> Result<Vec<Record>, AppError> {
        let mut found: Vec<Record> = Vec::new();
        let mut before = None;
        loop {
            let query = RecordQuery {
                kinds: [kind::PLAN, kind::DEPLOYMENT, kind::PUSH].map(str::to_owned).to_vec(),
                before,
                after: Some(last),
                limit: RECORDS,
                ..RecordQuery::default()
            };
            let page = self.inner.ledger.records(&query).await?;
            before = page.last().map(|record| record.sequence);
            let is_last = page.len() < RECORDS || page.last().is_some_and(|record| record.at < since);
            found.extend(page.into_iter().filter(|record| record.at >= since));
            *is_cut |= found.len() >= MAX_RECORDS;
            if is_last || *is_cut {
                return Ok(found);
            }
        }
    }

    async fn past_plan(&self, record: &Record, read: &mut Contents) -> Result<Option<Event>, AppError> {
        let Some(stored) =
            record.body.clone().and_then(|body| serde_json::from_value::<StoredPlan>(body).ok())
        else {
            return Ok(None);
        };
        let Some(objects) = self.rendered_objects(&stored.plan.environments, read).await? else {
            return Ok(None);
        };
        Ok(Some(Event {
            at: record.at,
            by: stored.created_by,
            kind: PastKind::Plan,
            title: stored.plan.title,
            plan: record.subject.parse().ok(),
            repository: None,
            services: stored.plan.environments.iter().map(|it| it.service.clone()).collect(),
            environments: stored.plan.environments.iter().map(|it| it.environment.clone()).collect(),
            objects,
        }))
    }

    /// A deployment, unless its plan is looked at itself.
    async fn past_deployment(
        &self,
        record: &Record,
        planned: &mut BTreeSet<Digest>,
        read: &mut Contents,
    ) -> Result<Option<Event>, AppError> {
        let nothing = Event {
            at: record.at,
            by: record.actor.user(),
            kind: PastKind::Deployment,
            title: String::new(),
            plan: None,
            repository: None,
            services: BTreeSet::new(),
            environments: BTreeSet::new(),
            objects: Vec::new(),
        };
        let run = record.body.as_ref().and_then(|body| body.get("run")?.as_str());
        let Some(plan) = run.and_then(|run| self.view().runs.get(run).map(|run| run.plan)) else {
            return Ok(None);
        };
        if !planned.insert(plan) {
            return Ok(Some(nothing));
        }
        let Some(stored) = self.read_plan(&plan).await? else { return Ok(None) };
        let Some(objects) = self.rendered_objects(&stored.plan.environments, read).await? else {
            return Ok(None);
        };
        Ok(Some(Event {
            title: stored.plan.title,
            plan: Some(plan),
            services: stored.plan.environments.iter().map(|it| it.service.clone()).collect(),
            environments: stored.plan.environments.iter().map(|it| it.environment.clone()).collect(),
            objects,
            ..nothing
        }))
    }

    /// The objects that a plan rendered; `None` when the ledger does not have them all any more.
    async fn rendered_objects(
        &self,
        environments: &[RenderedEnvironment],
        read: &mut Contents,
    ) -> Result<Option<Vec<Arc<StoredObject>>>, AppError> {
        let mut objects = Vec::new();
        for file in environments.iter().flat_map(|environment| &environment.files) {
            let Some(content) = &file.content else { continue };
            if let Some(known) = read.get(content) {
                objects.extend(known.iter().cloned());
                continue;
            }
            let Some(bytes) = self.inner.ledger.blob(content).await? else { return Ok(None) };
            let (found, _) = objects_in(&self.inner.findings.store, &file.path, &bytes);
            objects.extend(found.iter().cloned());
            read.insert(*content, found);
        }
        Ok(Some(objects))
    }

    async fn past_push(&self, record: &Record) -> Result<Option<Event>, AppError> {
        let Ok(repository) = record.subject.parse::<RepositoryRef>() else { return Ok(None) };
        let branches = record.body.as_ref().and_then(|body| body.get("branches")?.as_array().cloned());
        let mut objects = Vec::new();
        for branch in branches.unwrap_or_default() {
            let commit = |key: &str| branch.get(key)?.as_str()?.parse::<CommitId>().ok();
            // A new branch repeats what others hold, and one that is gone holds nothing.
            let (Some(before), Some(after)) = (commit("before"), commit("after")) else { continue };
            let forge = &self.inner.forge;
            let Ok(changed) = forge.changed_files(&repository, &before, &after).await else {
                return Ok(None);
            };
            let (paths, names): (Vec<TreePath>, Vec<String>) = changed
                .into_iter()
                .filter(|file| is_manifest(&file.path))
                .filter_map(|file| Some((file.path, file.content?)))
                .take(PUSHED_FILES)
                .unzip();
            if names.is_empty() {
                continue;
            }
            let Ok(contents) = forge.contents(&repository, &names, PUSHED_BYTES).await else {
                return Ok(None);
            };
            for (path, bytes) in paths.iter().zip(contents) {
                let (found, _) = objects_in(&self.inner.findings.store, path, &bytes.unwrap_or_default());
                objects.extend(found.into_iter().filter(|object| !is_of_the_platform(object)));
            }
        }
        Ok(Some(Event {
            at: record.at,
            by: record.actor.user(),
            kind: PastKind::Push,
            title: format!("Push to {repository}"),
            plan: None,
            repository: Some(repository),
            services: BTreeSet::new(),
            environments: BTreeSet::new(),
            objects,
        }))
    }
}

impl Past {
    /// Who would have been blocked by units as they would be, and was not by them as they are.
    pub(crate) fn impact(
        &self,
        view: &View,
        since: Timestamp,
        pairs: &[UnitPair],
        verdicts: &VerdictCache,
        chains: &[PolicyObject],
        stop: &Stop,
    ) -> PastImpact {
        let objects: BTreeMap<u32, Arc<StoredObject>> = self
            .events
            .iter()
            .flat_map(|event| &event.objects)
            .map(|object| (object.number, Arc::clone(object)))
            .collect();
        let then = Delivered { objects, ..Delivered::default() };
        let sides = pairs.iter().flat_map(|(before, after)| [before, after]).flatten();
        let alone: BTreeMap<Digest, Arc<CompiledUnit>> = sides
            .filter(|unit| *unit.unit.other_objects() == OtherObjects::None)
            .map(|unit| (unit.unit.digest, Arc::clone(unit)))
            .collect();
        let alone: Vec<Arc<CompiledUnit>> = alone.into_values().collect();
        let mut complete = verdicts.bring_up(&alone, None, &then, stop) && !self.is_cut;
        let applied: BTreeSet<Digest> = view.runs.values().map(|run| run.plan).collect();
        let (mut blocked, mut latest, mut people) = (0, Vec::new(), BTreeSet::new());
        for event in &self.events {
            if stop.is_over() {
                complete = false;
                break;
            }
            let mut findings = 0;
            let mut message = None;
            for (before, after) in pairs {
                let blocks = |unit: &Option<Arc<CompiledUnit>>| {
                    unit.as_ref().map_or((0, None), |unit| event.blocked_by(unit, verdicts, chains))
                };
                let (count, first) = blocks(after);
                if count > 0 && blocks(before).0 == 0 {
                    findings += count;
                    message = message.or(first);
                }
            }
            if findings == 0 {
                continue;
            }
            blocked += 1;
            people.insert(event.by.clone());
            if latest.len() < LISTED {
                latest.push(PastBlock {
                    at: event.at,
                    by: event.by.clone(),
                    kind: event.kind,
                    title: event.title.clone(),
                    plan: event.plan,
                    repository: event.repository.clone(),
                    services: event.services.clone(),
                    environments: event.environments.clone(),
                    applied: event.plan.is_some_and(|plan| applied.contains(&plan)),
                    findings,
                    message: message.unwrap_or_default(),
                });
            }
        }
        let since = if self.is_cut { self.events.last().map_or(since, |event| event.at) } else { since };
        PastImpact {
            since,
            events: self.events.len(),
            blocked,
            people: people.len(),
            latest,
            unreadable: self.unreadable,
            complete,
        }
    }
}

impl Event {
    /// How many findings of a unit would block, and what the first says.
    fn blocked_by(
        &self,
        unit: &CompiledUnit,
        verdicts: &VerdictCache,
        chains: &[PolicyObject],
    ) -> (usize, Option<String>) {
        let mut count = 0;
        let mut first = None;
        let mut add = |finding: &Finding| {
            if finding.blocks() {
                count += 1;
                first.get_or_insert_with(|| finding.message.clone());
            }
        };
        if *unit.unit.other_objects() == OtherObjects::None {
            let known = verdicts.of(unit);
            let known = locked(&known);
            for object in &self.objects {
                known.findings.get(&object.number).into_iter().flatten().for_each(&mut add);
            }
        } else if self.objects.iter().any(|object| unit.unit.may_concern(&object.kind)) {
            // As the plan was checked then: beside its own objects, and what is known of images.
            let objects: Vec<PolicyObject> = self
                .objects
                .iter()
                .map(|object| PolicyObject { value: object.value(), file: None, environment: None })
                .collect();
            let mut beside: Vec<PolicyObject> = Vec::new();
            if unit.unit.other_objects().include(SUPPLY_CHAIN) {
                beside.extend_from_slice(chains);
            }
            beside.extend(objects.iter().filter(|it| !is_chain(&it.value)).cloned());
            let found = unit.set.evaluate_among(&objects, &KnownObjects::of(&beside));
            found.iter().for_each(&mut add);
        }
        (count, first)
    }
}
