//! What a change of policies would do, before it is made: whom it hits today, and whom it would have stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fairway_domain::finding::{Enforcement, Finding, Severity};
use fairway_domain::waiver::Waiver;
use fairway_domain::{Caller, Diagnostic, Digest, Permission};
use fairway_policy::PolicyUnit;
use serde::{Deserialize, Serialize};

use super::Waivers;
use super::chosen::{ChosenObject, ObjectVerdict};
use super::compiled::{Compiled, CompiledUnit};
use super::delivered::{Delivered, Placement};
use super::fleet::placed;
use super::impact::{Impact, impact};
use super::past::PastImpact;
use super::policy_text::{Edited, PolicyFile};
use super::verdicts::{Stop, locked};
use super::waiver_impact::{WaiverImpact, waiver_impact};
use crate::projection::View;
use crate::{App, AppError};

/// How long an answer may take; what is not evaluated by then is said.
const PATIENCE: Duration = Duration::from_secs(30);
/// How far back is looked.
const DAYS: i64 = 90;
/// The most findings that one answer lists.
const MAX_LISTED: usize = 20_000;
/// Who edits at once.
const MAX_SESSIONS: usize = 1_000;

/// What somebody would change.
#[derive(Clone, Debug, Default)]
pub struct WhatIf {
    /// Files of policies. Each document replaces the policy in force of its kind and name.
    pub files: Vec<PolicyFile>,
    /// Policies that would go, as `Kind/name`.
    pub removed: Vec<String>,
    /// The policy whose file the first file takes the place of: what that file held, and the text does not, goes.
    pub edits: Option<String>,
    /// How many findings are listed.
    pub listed: usize,
    /// Whether the past is looked at.
    pub past: bool,
    /// An object that is looked at by itself.
    pub object: Option<ChosenObject>,
    /// Who asks again and again while typing: a newer question of the same name ends the one before.
    pub session: Option<String>,
}

/// What would become of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyChange {
    /// It is not in force now.
    Added,
    /// It says something else.
    Changed,
    /// It is as it is.
    Same,
    /// It would not be in force any more.
    Removed,
}

/// A policy that would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedPolicy {
    /// Its name, as findings name it.
    pub name: String,
    /// For people.
    pub title: String,
    /// What would become of it.
    pub change: PolicyChange,
    /// How bad a violation is.
    pub severity: Severity,
    /// What would follow from a violation.
    pub enforcement: Enforcement,
}

/// What a change would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfReport {
    /// The policies that would change.
    pub policies: Vec<ChangedPolicy>,
    /// What is wrong with the texts, each at its line.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the policies were evaluated: not when a text cannot be read.
    pub evaluated: bool,
    /// Whether all objects were looked at in time.
    pub complete: bool,
    /// How many objects are delivered.
    pub objects: usize,
    /// Who would fail today.
    pub today: Impact,
    /// The waivers that would let nothing pass any more.
    pub waivers: Vec<WaiverImpact>,
    /// Who would have been blocked; absent when it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub past: Option<PastImpact>,
    /// What would be said about the chosen object; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<ObjectVerdict>,
}

/// Units of policies as they are and as they would be.
pub(crate) type UnitPair = (Option<Arc<CompiledUnit>>, Option<Arc<CompiledUnit>>);

/// Ends an evaluation when nobody waits for it any more.
struct Waiting(Arc<Stop>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// A change that was read and compiled.
pub(crate) struct Change {
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) pairs: Vec<UnitPair>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) policies: Vec<ChangedPolicy>,
    pub(crate) is_readable: bool,
}

impl App {
    /// What a change of policies would do. Changes nothing.
    ///
    /// # Errors
    ///
    /// When a policy that should go is not there, the texts are too many, or a newer question of the same session
    /// took the place of this one.
    pub async fn what_if(&self, caller: &Caller, request: WhatIf) -> Result<WhatIfReport, AppError> {
        caller.authorise(Permission::Read)?;
        let stop = Arc::new(Stop::after(PATIENCE));
        let _waiting = Waiting(Arc::clone(&stop));
        if let Some(session) = &request.session {
            self.take_session(format!("{}/{session}", caller.actor.user()), &stop);
        }
        let view = self.view();
        let app = self.clone();
        let (seen, asked) = (Arc::clone(&view), request.clone());
        let change = off_thread(move || app.change(&seen, &asked)).await??;
        let mut report = WhatIfReport {
            policies: change.policies,
            diagnostics: change.diagnostics,
            evaluated: change.is_readable,
            complete: change.is_readable,
            objects: 0,
            today: Impact::default(),
            waivers: Vec::new(),
            past: None,
            object: None,
        };
        if !change.is_readable {
            return Ok(report);
        }
        let delivered = self.everything_delivered(&view).await?;
        report.objects = delivered.placements.len();
        let since = self.now().checked_sub(jiff::SignedDuration::from_hours(24 * DAYS)).unwrap_or(self.now());
        let past = if request.past { Some(self.past(since).await?) } else { None };
        let turn = Arc::clone(&self.inner.findings.turn).lock_owned().await;
        let app = self.clone();
        let (compiled, pairs) = (change.compiled, change.pairs);
        let evaluation = off_thread(move || {
            let _turn = turn;
            let listed = request.listed.min(MAX_LISTED);
            let (today, waivers, mut complete) = app.today(&view, &delivered, &pairs, listed, &stop);
            let verdicts = &app.inner.findings.verdicts;
            let chains = delivered.supply_chains();
            let past = past.map(|past| past.impact(&view, since, &pairs, verdicts, &chains, &stop));
            complete &= past.as_ref().is_none_or(|past: &PastImpact| past.complete) || !stop.is_over();
            let after: Vec<Arc<CompiledUnit>> = pairs.iter().filter_map(|(_, after)| after.clone()).collect();
            let object = request.object.map(|object| object.verdict(&after, &delivered, &stop)).transpose();
            verdicts.keep_units(&compiled);
            object.map(|object| (today, waivers, past, object, complete, stop.is_cancelled()))
        });
        let (today, waivers, past, object, complete, is_cancelled) = evaluation.await??;
        if is_cancelled {
            return Err(AppError::Conflict {
                message: "a newer question took the place of this one".to_owned(),
                hint: None,
            });
        }
        (report.today, report.waivers, report.complete) = (today, waivers, complete);
        (report.past, report.object) = (past, object);
        Ok(report)
    }

    /// Lets the session's evaluation before this one end.
    fn take_session(&self, session: String, stop: &Arc<Stop>) {
        let mut sessions = locked(&self.inner.findings.sessions);
        sessions.retain(|_, stop| stop.strong_count() > 0);
        if sessions.len() >= MAX_SESSIONS {
            return;
        }
        if let Some(before) = sessions.insert(session, Arc::downgrade(stop)).and_then(|it| it.upgrade()) {
            before.cancel();
        }
    }

    /// Reads and compiles a change, and finds the units that it touches.
    pub(crate) fn change(&self, view: &View, request: &WhatIf) -> Result<Change, AppError> {
        let compiled = self.policies(view);
        let replaces = request.edits.as_deref().map(|policy| compiled.place_of(policy)).transpose()?;
        let edited = Edited::new(&compiled, &request.files, &request.removed, replaces.as_ref())?;
        let mut diagnostics = edited.diagnostics.clone();
        let is_readable = !diagnostics.iter().any(Diagnostic::is_error);
        let mut old: BTreeMap<&str, &Arc<CompiledUnit>> =
            compiled.units.iter().map(|unit| (unit.unit.key.as_str(), unit)).collect();
        let mut pairs: Vec<UnitPair> = Vec::new();
        for unit in PolicyUnit::divide(&edited.documents) {
            let before = old.remove(unit.key.as_str());
            if let Some(before) = before.filter(|before| before.unit.digest == unit.digest) {
                if unit.documents.iter().any(|document| edited.is_written(document)) {
                    pairs.push((Some(Arc::clone(before)), Some(Arc::clone(before))));
                }
                continue;
            }
            let after = CompiledUnit::new(unit);
            diagnostics.extend(after.diagnostics.iter().cloned().map(|it| edited.at_its_line(it)));
            pairs.push((before.cloned(), Some(Arc::new(after))));
        }
        pairs.extend(old.into_values().map(|before| (Some(Arc::clone(before)), None)));
        let policies = policies_of(&pairs);
        Ok(Change { compiled, pairs, diagnostics, policies, is_readable })
    }

    fn today(
        &self,
        view: &View,
        delivered: &Delivered,
        pairs: &[UnitPair],
        listed: usize,
        stop: &Stop,
    ) -> (Impact, Vec<WaiverImpact>, bool) {
        let verdicts = &self.inner.findings.verdicts;
        let sides = pairs.iter().flat_map(|(before, after)| [before, after]).flatten();
        let units: BTreeMap<Digest, Arc<CompiledUnit>> =
            sides.map(|unit| (unit.unit.digest, Arc::clone(unit))).collect();
        let units: Vec<Arc<CompiledUnit>> = units.into_values().collect();
        let complete = verdicts.bring_up(&units, None, delivered, stop);
        let kept: BTreeMap<Digest, _> =
            units.iter().map(|unit| (unit.unit.digest, verdicts.of(unit))).collect();
        // One evaluation has the turn, so nobody else holds two of these.
        let guards: BTreeMap<Digest, _> =
            kept.iter().map(|(digest, known)| (*digest, locked(known))).collect();
        let side = |unit: &Option<Arc<CompiledUnit>>| Some(&**guards.get(&unit.as_ref()?.unit.digest)?);
        let sides: Vec<_> = pairs.iter().map(|(before, after)| (side(before), side(after))).collect();
        let waivers = Waivers::of(view, self.now());
        let waived = |finding: &Finding, placement: &Placement| {
            if waivers.is_empty() {
                return None;
            }
            waivers.of_finding(&placed(finding, placement)).map(Waiver::note)
        };
        let lapsing = waiver_impact(&waivers, delivered, &sides);
        (impact(view, delivered, &sides, listed, &waived), lapsing, complete)
    }
}

/// The policies of units that differ.
fn policies_of(pairs: &[UnitPair]) -> Vec<ChangedPolicy> {
    let mut changed = BTreeMap::new();
    for (before, after) in pairs {
        let infos = |unit: &Option<Arc<CompiledUnit>>| {
            unit.as_ref().map(|unit| unit.set.policies().to_vec()).unwrap_or_default()
        };
        let is_same = before.as_ref().zip(after.as_ref()).is_some_and(|(one, two)| Arc::ptr_eq(one, two));
        let (before, after) = (infos(before), infos(after));
        let is_in =
            |list: &[fairway_policy::PolicyInfo], name: &str| list.iter().any(|info| info.name == name);
        for info in after.iter().chain(before.iter().filter(|info| !is_in(&after, &info.name))) {
            let change = match (is_in(&before, &info.name), is_in(&after, &info.name)) {
                (true, true) if is_same => PolicyChange::Same,
                (false, _) => PolicyChange::Added,
                (true, true) => PolicyChange::Changed,
                (true, false) => PolicyChange::Removed,
            };
            changed.insert(
                info.name.clone(),
                ChangedPolicy {
                    name: info.name.clone(),
                    title: info.title.clone(),
                    change,
                    severity: info.severity,
                    enforcement: info.enforcement,
                },
            );
        }
    }
    changed.into_values().collect()
}

/// Runs what takes long where it may block.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| AppError::Internal(format!("the evaluation ended without an answer: {error}")))
}
