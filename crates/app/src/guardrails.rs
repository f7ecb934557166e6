//! Guardrails: policies from the catalog, evaluated over plans, over files, and over everything delivered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use fairway_catalog::CatalogEntity;
use fairway_domain::finding::Finding;
use fairway_domain::plan::RenderedEnvironment;
use fairway_domain::repository::BranchName;
use fairway_domain::{Caller, Diagnostic, Digest, Permission, canonical};
use fairway_policy::{PolicyDocument, PolicyInfo, PolicyObject, PolicySet};
use fairway_remote::{RemoteError, TreeLimits};
use serde_json::Value;

use crate::environments::{classes_of, environments_of};
use crate::manifests::objects_of;
use crate::projection::View;
use crate::releases::Checked;
use crate::{App, AppError};

/// Compiled policies, kept as long as their sources do not change.
pub(crate) struct Compiled {
    pub(crate) set: PolicySet,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// What was computed last, and from what.
#[derive(Default)]
pub struct FindingsCache {
    compiled: Mutex<Option<(Digest, Arc<Compiled>)>>,
    fleet: Mutex<Option<(String, Arc<Fleet>)>>,
}

/// What the policies say about everything delivered.
pub struct Fleet {
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// The policies that were asked.
    pub policies: Vec<PolicyInfo>,
    /// Policies that cannot be used, and why.
    pub broken_policies: Vec<Diagnostic>,
    /// How many objects were looked at.
    pub objects: usize,
}

fn is_policy(found: &CatalogEntity) -> bool {
    fairway_catalog::is_policy(found.api_version())
}

impl App {
    pub(crate) fn policies(&self, view: &View) -> Arc<Compiled> {
        let documents: Vec<PolicyDocument> = view
            .catalog
            .iter()
            .filter(|found| is_policy(found))
            .map(|found| PolicyDocument {
                value: found.entity().to_value(),
                file: Some(found.file().to_owned()),
            })
            .collect();
        let values: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
        let key = canonical::digest(&values).unwrap_or_else(|| Digest::of(b""));
        let mut cached =
            self.inner.findings.compiled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((known, compiled)) = cached.as_ref()
            && *known == key
        {
            return Arc::clone(compiled);
        }
        let (set, diagnostics) = PolicySet::compile(documents);
        let compiled = Arc::new(Compiled { set, diagnostics });
        *cached = Some((key, Arc::clone(&compiled)));
        compiled
    }

    /// Findings and cost of what a plan renders.
    pub(crate) fn check_environments(
        &self,
        view: &View,
        environments: &[RenderedEnvironment],
        contents: &BTreeMap<Digest, Vec<u8>>,
    ) -> Result<Checked, AppError> {
        let compiled = self.policies(view);
        let known = environments_of(view);
        let classes = classes_of(view);
        let mut objects = Vec::new();
        let mut estimates = Vec::new();
        for rendered in environments {
            let mut values = Vec::new();
            for file in &rendered.files {
                let Some(bytes) = file.content.as_ref().and_then(|digest| contents.get(digest)) else {
                    continue;
                };
                let text = String::from_utf8_lossy(bytes);
                let reading = fairway_yaml::read(file.path.as_str(), &text, &fairway_yaml::Limits::default());
                if !reading.diagnostics.is_empty() {
                    return Err(AppError::Diagnostics(reading.diagnostics));
                }
                for document in reading.documents {
                    values.push(document.value.clone());
                    objects.push(PolicyObject {
                        value: document.value,
                        file: Some(file.path.to_string()),
                        environment: Some(rendered.environment.clone()),
                    });
                }
            }
            let environment = known.iter().find(|environment| environment.name == rendered.environment);
            if let Some(environment) = environment {
                estimates.extend(fairway_insight::cost::estimate(
                    environment,
                    &values,
                    &rendered.resources,
                    &classes,
                ));
            }
        }
        let mut findings = compiled.set.evaluate(&objects);
        worst_first(&mut findings);
        Ok(Checked {
            findings,
            policies: u32::try_from(compiled.set.policies().len()).unwrap_or(u32::MAX),
            cost: fairway_insight::cost::total(&estimates),
        })
    }

    /// What the policies say about given manifests, for `fairway check` and CI.
    pub fn check(&self, caller: &Caller, files: &[(String, String)]) -> Result<Checks, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let compiled = self.policies(&view);
        let mut objects = Vec::new();
        let mut diagnostics = Vec::new();
        for (file, text) in files {
            let reading = fairway_yaml::read(file, text, &fairway_yaml::Limits::default());
            diagnostics.extend(reading.diagnostics);
            objects.extend(reading.documents.into_iter().map(|document| PolicyObject {
                value: document.value,
                file: Some(file.clone()),
                environment: None,
            }));
        }
        let mut findings = compiled.set.evaluate(&objects);
        worst_first(&mut findings);
        Ok(Checks { findings, diagnostics, objects: objects.len(), policies: compiled.set.policies().len() })
    }

    /// What the policies say about everything that is delivered to any environment.
    pub async fn fleet(&self, caller: &Caller) -> Result<Arc<Fleet>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let compiled = self.policies(&view);
        let environments = environments_of(&view);
        let mut key = format!("{:p}", Arc::as_ptr(&compiled));
        let mut heads = BTreeMap::new();
        for environment in &environments {
            let repository = &environment.spec.delivery.repository;
            if !heads.contains_key(repository) {
                let head = if self.inner.forge.exists(repository).await? {
                    self.inner.forge.head(repository, &BranchName::main()).await?
                } else {
                    None
                };
                let _ = write!(key, "|{repository}@{head:?}");
                heads.insert(repository.clone(), head);
            }
        }
        {
            let cached = self.inner.findings.fleet.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some((known, fleet)) = cached.as_ref()
                && *known == key
            {
                return Ok(Arc::clone(fleet));
            }
        }
        let mut objects = Vec::new();
        for environment in &environments {
            let delivery = &environment.spec.delivery;
            let Some(Some(head)) = heads.get(&delivery.repository) else { continue };
            let forge = &self.inner.forge;
            let folder = Some(&delivery.path);
            let tree =
                match forge.tree(&delivery.repository, head.as_str(), folder, TreeLimits::default()).await {
                    Ok(tree) => tree,
                    // Nothing was delivered to this environment yet.
                    Err(RemoteError::FolderMissing { .. }) => continue,
                    Err(error) => return Err(error.into()),
                };
            for (path, value) in objects_of(&tree)? {
                objects.push(PolicyObject {
                    value,
                    file: Some(format!("{}/{path}", delivery.path)),
                    environment: Some(environment.name.clone()),
                });
            }
        }
        let count = objects.len();
        let fleet = tokio::task::spawn_blocking(move || {
            let mut findings = compiled.set.evaluate(&objects);
            worst_first(&mut findings);
            Fleet {
                findings,
                policies: compiled.set.policies().to_vec(),
                broken_policies: compiled.diagnostics.clone(),
                objects: count,
            }
        })
        .await
        .map_err(|error| AppError::Internal(format!("the evaluation ended without an answer: {error}")))?;
        let fleet = Arc::new(fleet);
        let mut cached = self.inner.findings.fleet.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *cached = Some((key, Arc::clone(&fleet)));
        Ok(fleet)
    }
}

/// What a check of files came to.
pub struct Checks {
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// Files that cannot be read.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects were looked at.
    pub objects: usize,
    /// How many policies were asked.
    pub policies: usize,
}

/// What denies first, then by severity, then in a stable order.
fn worst_first(findings: &mut [Finding]) {
    findings.sort_by(|one, two| {
        two.enforcement.cmp(&one.enforcement).then(two.severity.cmp(&one.severity)).then_with(|| one.cmp(two))
    });
}
