//! Waivers: asked for by whoever owns what a policy found something about, allowed by whom the policy names, ended by
//! time. What they let pass is decided in [`crate::guardrails`].

mod decide;
mod lapse;
mod request;

use fairway_domain::caller::Forbidden;
use fairway_domain::fact::{NewFact, kind};
use fairway_domain::waiver::{Waiver, WaiverStanding};
use fairway_domain::{Caller, EntityRef, Permission};
use serde::Serialize;

pub use request::{Breadth, WaiverEnd, WaiverOffer, WaiverRequest, WaiverSubject};

use crate::effects::to_value;
use crate::guardrails::{WaiverRules, info_of};
use crate::home::Notification;
use crate::projection::View;
use crate::{App, AppError};

/// Where people find waivers.
const PAGE: &str = "/guardrails/waivers";

/// A waiver as the caller sees it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenWaiver {
    /// The waiver.
    #[serde(flatten)]
    pub waiver: Waiver,
    /// The name of its policy, when its scope is one of the policy's rules.
    pub policy: String,
    /// How it stands now.
    pub standing: WaiverStanding,
    /// Who approves; empty for the platform's administrators.
    pub approvers: Vec<EntityRef>,
    /// Whether the caller may approve it or reject it now.
    pub may_decide: bool,
    /// Why not, when it waits and they may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// Whether the caller may take it back now.
    pub may_revoke: bool,
}

/// Which waivers are asked for; what is not said does not narrow.
#[derive(Clone, Debug, Default)]
pub struct WaiverFilter {
    /// How they stand.
    pub standing: Option<WaiverStanding>,
    /// The policy, or one of its rules.
    pub policy: Option<String>,
    /// The entity.
    pub entity: Option<EntityRef>,
}

/// Whether the caller is one of these, or in one of these groups.
fn is_among(view: &View, caller: &Caller, references: &[EntityRef]) -> bool {
    let user = caller.actor.user();
    references.contains(&user) || view.catalog.groups_of(&user).iter().any(|group| references.contains(group))
}

/// Refuses, with the reason.
fn refused(caller: &Caller, needed: &str, why: impl Into<String>) -> AppError {
    let (actor, permission) = (caller.actor.to_string(), needed.to_owned());
    AppError::Forbidden(Forbidden { actor, permission, why: why.into() })
}

fn named(references: &[EntityRef]) -> String {
    references.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Refuses a caller who may not approve or reject.
fn check_decision(
    view: &View,
    caller: &Caller,
    rules: &WaiverRules,
    waiver: &Waiver,
) -> Result<(), AppError> {
    caller.authorise(Permission::Deliver)?;
    let needed = "approve waivers of this policy";
    // A group that is not there must not leave a policy without anybody who decides; people need not be in the catalog.
    let somebody = rules.approvers.iter().any(|it| it.kind() == "user" || view.catalog.get(it).is_some());
    if somebody {
        if !is_among(view, caller, &rules.approvers) {
            return Err(refused(caller, needed, format!("its approvers are {}", named(&rules.approvers))));
        }
    } else if !caller.may(Permission::Administer) {
        return Err(refused(caller, needed, "the platform's administrators decide on them"));
    }
    if rules.four_eyes && waiver.requested_by == caller.actor.user() {
        return Err(refused(caller, needed, "whoever asked for a waiver does not decide on it"));
    }
    Ok(())
}

/// Whether the caller may take a waiver back: whoever asked, whose entity it is, and who decides.
fn may_revoke(view: &View, caller: &Caller, rules: &WaiverRules, waiver: &Waiver) -> bool {
    let mut may = vec![waiver.requested_by.clone()];
    may.extend(waiver.owner.clone());
    may.extend(rules.approvers.iter().cloned());
    caller.may(Permission::Administer) || (caller.may(Permission::Deliver) && is_among(view, caller, &may))
}

impl App {
    /// The waivers that fit, as the caller sees them: what waits first, then what ends first.
    pub fn waivers(&self, caller: &Caller, filter: &WaiverFilter) -> Result<Vec<SeenWaiver>, AppError> {
        caller.authorise(Permission::Read)?;
        let (view, now) = (self.view(), self.now());
        let fits = |waiver: &Waiver| {
            let of = |policy: &String| {
                waiver.scope.covers_policy(policy)
                    || waiver.scope.policy.strip_prefix(policy.as_str()).is_some_and(|it| it.starts_with('/'))
            };
            filter.standing.is_none_or(|standing| standing == waiver.standing(now))
                && filter.policy.as_ref().is_none_or(of)
                && filter.entity.as_ref().is_none_or(|entity| waiver.entity.as_ref() == Some(entity))
        };
        let fitting = view.waivers.values().filter(|waiver| fits(waiver));
        let mut seen: Vec<SeenWaiver> = fitting.map(|waiver| self.seen(&view, caller, waiver)).collect();
        seen.sort_by(|one, two| {
            let key = |it: &SeenWaiver| (it.standing, it.waiver.until);
            key(one).cmp(&key(two)).then_with(|| one.waiver.id.cmp(&two.waiver.id))
        });
        Ok(seen)
    }

    /// One waiver as the caller sees it.
    pub fn waiver(&self, caller: &Caller, id: &str) -> Result<SeenWaiver, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let found = view.waivers.get(id).ok_or_else(|| missing(id))?;
        Ok(self.seen(&view, caller, found))
    }

    fn seen(&self, view: &View, caller: &Caller, waiver: &Waiver) -> SeenWaiver {
        let standing = waiver.standing(self.now());
        let rules = self.waiver_rules(view, &waiver.scope.policy);
        let waits = standing == WaiverStanding::Requested;
        let decision = if waits { check_decision(view, caller, &rules, waiver) } else { Ok(()) };
        let open = waits || waiver.is_active(self.now());
        let compiled = self.policies(view);
        let info = info_of(compiled.set.policies(), &waiver.scope.policy);
        SeenWaiver {
            policy: info.map_or_else(|| waiver.scope.policy.clone(), |info| info.name.clone()),
            standing,
            may_decide: waits && decision.is_ok(),
            blocked: decision.err().map(|error| error.to_string()),
            may_revoke: open && may_revoke(view, caller, &rules, waiver),
            approvers: rules.approvers,
            waiver: waiver.clone(),
        }
    }
}

fn missing(id: &str) -> AppError {
    AppError::NotFound { what: "waiver", name: id.to_owned(), near: Vec::new() }
}

fn fact(caller: &Caller, waiver: &Waiver) -> Result<NewFact, AppError> {
    Ok(NewFact::by(caller, kind::WAIVER, waiver.id.clone(), Some(to_value(waiver)?)))
}

/// A message about a waiver; none when there is nobody to get it.
fn message(
    app: &App,
    caller: &Caller,
    waiver: &Waiver,
    recipients: impl IntoIterator<Item = EntityRef>,
    title: String,
    severity: &str,
) -> Result<Option<NewFact>, AppError> {
    let mut recipients: Vec<EntityRef> = recipients.into_iter().collect();
    recipients.sort();
    recipients.dedup();
    if recipients.is_empty() {
        return Ok(None);
    }
    let notification = Notification {
        id: uuid::Uuid::now_v7().to_string(),
        at: app.now(),
        recipients,
        title,
        info: Some(waiver.reason.clone()),
        severity: severity.to_owned(),
        link: Some(format!("{PAGE}#{}", waiver.id)),
        run: String::new(),
    };
    let body = Some(to_value(&notification)?);
    Ok(Some(NewFact::by(caller, kind::NOTIFICATION, notification.id, body)))
}

/// What a waiver is about, in a few words.
fn about(waiver: &Waiver) -> String {
    let scope = &waiver.scope;
    let what = match (&scope.name, &scope.service) {
        (Some(name), _) => name,
        (None, Some(service)) => service,
        (None, None) => &scope.policy,
    };
    format!("\"{}\" on {what}", waiver.title)
}
