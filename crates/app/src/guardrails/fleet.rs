//! Policies on everything that is delivered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use fairway_domain::finding::Finding;
use fairway_domain::repository::BranchName;
use fairway_domain::{Caller, Diagnostic, Permission};
use fairway_policy::{PolicyInfo, PolicyObject};
use fairway_remote::{RemoteError, TreeLimits};

use super::worst_first;
use crate::environments::environments_of;
use crate::manifests::objects_of;
use crate::{App, AppError};

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

impl App {
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
