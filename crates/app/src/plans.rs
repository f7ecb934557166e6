//! Plans: computed from a request, stored with the bytes they name, computed again before they are applied.

use std::collections::BTreeMap;

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::plan::{Effect, Plan};
use fairway_domain::repository::CommitId;
use fairway_domain::{Caller, Digest, EntityRef, Permission, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{App, AppError};

/// What somebody wants. A plan is a function of this and of the state of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum PlanRequest {
    /// Walk a golden path.
    Template {
        /// The Template entity.
        template: EntityRef,
        /// The answers, with defaults filled in.
        values: Value,
        /// Who asks; templates may read it.
        user: EntityRef,
    },
    /// Bring a version of a service to an environment.
    Deploy {
        /// The service's name.
        service: String,
        /// The environment's name.
        environment: String,
        /// The version.
        version: String,
        /// The commit of the service's repository to render.
        commit: CommitId,
    },
    /// Bring the version of the environment before to `to`.
    Promote {
        /// The service's name.
        service: String,
        /// The environment's name.
        to: String,
    },
    /// Return to an earlier version.
    Rollback {
        /// The service's name.
        service: String,
        /// The environment's name.
        environment: String,
        /// The version; the one before the current one when absent.
        version: Option<String>,
    },
    /// Give an entity another name or namespace.
    Rename {
        /// The entity.
        entity: EntityRef,
        /// Its new reference, of the same kind.
        to: EntityRef,
    },
    /// Change an entity's file so that an earlier version comes back.
    Restore {
        /// The entity.
        entity: EntityRef,
        /// The record of the version.
        sequence: i64,
    },
    /// Change an entity's file so that a finding about it no longer stands.
    Mend {
        /// The finding, by its identifier.
        finding: String,
    },
}

/// A plan as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredPlan {
    /// What was asked.
    pub request: PlanRequest,
    /// What would happen.
    pub plan: Plan,
    /// Who asked.
    pub created_by: EntityRef,
    /// When.
    pub created_at: Timestamp,
}

/// A plan and the bytes that it names by digest.
pub(crate) struct Computed {
    pub(crate) plan: Plan,
    pub(crate) contents: BTreeMap<Digest, Vec<u8>>,
}

impl App {
    /// Computes a plan and keeps it. Changes nothing else.
    pub async fn plan(&self, caller: &Caller, request: PlanRequest) -> Result<StoredPlan, AppError> {
        caller.authorise(needed(&request))?;
        let computed = self.compute(&request).await?;
        let digest = computed.plan.digest();
        if let Some(known) = self.read_plan(&digest).await? {
            return Ok(known);
        }
        self.inner.ledger.put_blobs(computed.contents.into_values().collect()).await?;
        let stored = StoredPlan {
            request,
            plan: computed.plan,
            created_by: caller.actor.user(),
            created_at: self.now(),
        };
        let body = serde_json::to_value(&stored).map_err(|error| AppError::Internal(error.to_string()))?;
        self.append(vec![NewFact::by(caller, kind::PLAN, digest.to_string(), Some(body))]).await?;
        Ok(stored)
    }

    /// A plan that was made before.
    pub async fn stored_plan(&self, caller: &Caller, digest: &Digest) -> Result<StoredPlan, AppError> {
        caller.authorise(Permission::Read)?;
        self.read_plan(digest).await?.ok_or_else(|| AppError::NotFound {
            what: "plan",
            name: digest.to_string(),
            near: Vec::new(),
        })
    }

    pub(crate) async fn read_plan(&self, digest: &Digest) -> Result<Option<StoredPlan>, AppError> {
        let Some(state) = self.inner.ledger.state(kind::PLAN, &digest.to_string()).await? else {
            return Ok(None);
        };
        serde_json::from_value(state.body)
            .map(Some)
            .map_err(|error| AppError::Internal(format!("the stored plan {digest} cannot be read: {error}")))
    }

    /// The bytes of a file that a plan names, before or after.
    pub async fn plan_file(
        &self,
        caller: &Caller,
        plan: &Plan,
        content: &Digest,
    ) -> Result<Vec<u8>, AppError> {
        caller.authorise(Permission::Read)?;
        // Blobs are shared, so only those are given out that the plan itself names.
        let named = plan.effects.iter().any(|effect| match effect {
            Effect::Commit { files, .. } => {
                files.iter().any(|file| file.content == Some(*content) || file.before == Some(*content))
            }
            _ => false,
        });
        let missing =
            || AppError::NotFound { what: "file of the plan", name: content.short(), near: Vec::new() };
        if !named {
            return Err(missing());
        }
        self.inner.ledger.blob(content).await?.ok_or_else(missing)
    }

    /// Computes what a request comes to now. Reads only.
    pub(crate) async fn compute(&self, request: &PlanRequest) -> Result<Computed, AppError> {
        match request {
            PlanRequest::Template { template, values, user } => {
                self.compute_template(template, values, user).await
            }
            PlanRequest::Deploy { service, environment, version, commit } => {
                self.compute_deploy(service, environment, version, commit).await
            }
            PlanRequest::Promote { service, to } => self.compute_promotion(service, to).await,
            PlanRequest::Rollback { service, environment, version } => {
                self.compute_rollback(service, environment, version.as_deref()).await
            }
            PlanRequest::Rename { entity, to } => self.compute_rename(entity, to).await,
            PlanRequest::Mend { finding } => self.compute_mend(finding).await,
            PlanRequest::Restore { entity, sequence } => self.compute_restore(entity, *sequence).await,
        }
    }
}

/// The permission that making and applying a plan needs.
pub(crate) const fn needed(request: &PlanRequest) -> Permission {
    match request {
        PlanRequest::Template { .. } => Permission::Create,
        PlanRequest::Deploy { .. } | PlanRequest::Promote { .. } | PlanRequest::Rollback { .. } => {
            Permission::Deliver
        }
        PlanRequest::Rename { .. } | PlanRequest::Restore { .. } | PlanRequest::Mend { .. } => {
            Permission::Push
        }
    }
}
