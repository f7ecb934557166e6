//! What needs somebody: what they own, what is broken, what was said to them.

use std::sync::Arc;

use fairway_catalog::StoredDraft;
use fairway_domain::run::Run;
use fairway_domain::{Caller, EntityRef, Permission, Timestamp};
use serde::{Deserialize, Serialize};

use crate::projection::View;
use crate::{App, AppError};

/// A message that a run sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Its identifier, which sorts by run and effect.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who gets it; empty for everybody.
    pub recipients: Vec<EntityRef>,
    /// The first line.
    pub title: String,
    /// The rest.
    pub info: Option<String>,
    /// `low`, `normal`, `high` or `critical`.
    pub severity: String,
    /// Where it leads.
    pub link: Option<String>,
    /// The run that sent it.
    pub run: String,
}

/// The caller's place in the organisation and what waits there.
pub struct Home {
    /// What the answer was read from.
    pub view: Arc<View>,
    /// The person.
    pub user: EntityRef,
    /// The groups they belong to, also through other groups.
    pub groups: Vec<EntityRef>,
    /// What they or their groups own.
    pub owned: Vec<EntityRef>,
    /// Broken files that concern what they own.
    pub drafts: Vec<StoredDraft>,
    /// Messages to them or their groups, newest first.
    pub notifications: Vec<Notification>,
    /// The newest runs, newest first.
    pub runs: Vec<Run>,
}

impl App {
    /// What the caller should see first.
    pub fn home(&self, caller: &Caller) -> Result<Home, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let user = caller.actor.user();
        let groups = view.catalog.groups_of(&user);
        let mut owners = groups.clone();
        owners.push(user.clone());
        let owned: Vec<EntityRef> =
            view.catalog.owned_by(&owners).into_iter().map(|found| found.reference().clone()).collect();
        let drafts = view
            .drafts
            .values()
            .filter(|draft| {
                draft.reference.as_ref().is_some_and(|reference| owned.contains(reference))
                    || draft.owner.as_ref().is_some_and(|owner| owners.contains(owner))
            })
            .map(|draft| StoredDraft::clone(draft))
            .collect();
        let notifications = view
            .notifications
            .values()
            .rev()
            .filter(|message| {
                message.recipients.is_empty()
                    || message.recipients.iter().any(|recipient| owners.contains(recipient))
            })
            .take(20)
            .map(|message| Notification::clone(message))
            .collect();
        let runs = view.runs.values().rev().take(10).map(|run| Run::clone(run)).collect();
        Ok(Home { view, user, groups, owned, drafts, notifications, runs })
    }
}
