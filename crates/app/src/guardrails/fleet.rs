//! Policies on everything that is delivered.

use std::sync::Arc;

use fairway_domain::finding::Finding;
use fairway_domain::{Caller, Diagnostic, Permission};
use fairway_policy::PolicyInfo;

use super::compiled::{Compiled, CompiledUnit};
use super::delivered::{Delivered, Placement};
use super::verdicts::{Stop, VerdictCache, locked};
use super::{Audited, Waivers, worst_first};
use crate::{App, AppError};

/// What the policies say about everything delivered.
pub struct Fleet {
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// The policies that were asked.
    pub policies: Vec<PolicyInfo>,
    /// Policies that cannot be used, and why.
    pub broken_policies: Vec<Diagnostic>,
    /// Files that were delivered and cannot be read.
    pub unreadable: Vec<Diagnostic>,
    /// How many objects were looked at.
    pub objects: usize,
}

/// A finding about an object, as one about the object in its place.
pub(crate) fn placed(finding: &Finding, placement: &Placement) -> Finding {
    let mut finding = finding.clone();
    finding.object.file = Some(placement.file.to_string());
    finding.object.environment = Some(placement.environment.to_string());
    finding
}

impl VerdictCache {
    /// What units said about everything that is delivered, each finding in each place of its object.
    pub(crate) fn findings(&self, units: &[Arc<CompiledUnit>], delivered: &Delivered) -> Vec<Finding> {
        let mut findings = Vec::new();
        for unit in units {
            let verdicts = self.of(unit);
            for (number, found) in &locked(&verdicts).findings {
                for placement in delivered.places_of(*number) {
                    findings.extend(found.iter().map(|finding| placed(finding, placement)));
                }
            }
        }
        worst_first(&mut findings);
        findings.dedup();
        findings
    }
}

impl App {
    /// What the policies say about everything that is delivered to any environment.
    pub async fn fleet(&self, caller: &Caller) -> Result<Arc<Fleet>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let compiled = self.policies(&view);
        let delivered = self.everything_delivered(&view).await?;
        // What they let pass is said of the delivered findings, and not kept with what policies say about objects.
        let waivers = Waivers::of(&view, self.now());
        let ids = waivers.ids();
        let known = || {
            let cached = locked(&self.inner.findings.fleet);
            let known = cached.as_ref()?;
            let is_same = Arc::ptr_eq(&known.policies, &compiled)
                && known.delivered.key == delivered.key
                && known.waivers == ids;
            is_same.then(|| Arc::clone(&known.fleet))
        };
        if let Some(fleet) = known() {
            return Ok(fleet);
        }
        let turn = Arc::clone(&self.inner.findings.turn).lock_owned().await;
        if let Some(fleet) = known() {
            return Ok(fleet);
        }
        let app = self.clone();
        let fleet = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let verdicts = &app.inner.findings.verdicts;
            verdicts.bring_up(&compiled.units, Some(&|| compiled.together()), &delivered, &Stop::never());
            verdicts.keep_units(&compiled);
            let mut fleet = fleet_of(&compiled, &delivered, verdicts);
            waivers.note_on(&mut fleet.findings);
            worst_first(&mut fleet.findings);
            let fleet = Arc::new(fleet);
            let audited =
                Audited { policies: compiled, delivered, waivers: waivers.ids(), fleet: Arc::clone(&fleet) };
            *locked(&app.inner.findings.fleet) = Some(audited);
            fleet
        });
        fleet
            .await
            .map_err(|error| AppError::Internal(format!("the evaluation ended without an answer: {error}")))
    }
}

fn fleet_of(compiled: &Compiled, delivered: &Delivered, verdicts: &VerdictCache) -> Fleet {
    Fleet {
        findings: verdicts.findings(&compiled.units, delivered),
        policies: compiled.set.policies().to_vec(),
        broken_policies: compiled.diagnostics.clone(),
        unreadable: delivered.unreadable.clone(),
        objects: delivered.placements.len(),
    }
}
