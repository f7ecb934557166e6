//! Approving, rejecting and taking back.

use fairway_domain::waiver::{Waiver, WaiverDecision, WaiverStanding, WaiverWord};
use fairway_domain::{Caller, Permission};

use super::{SeenWaiver, about, check_decision, fact, may_revoke, message, missing, refused};
use crate::{App, AppError};

/// Characters of a reason.
const REASON: usize = 1_000;

impl App {
    /// Lets a waiver hold from now on. By its policy's approvers, and not by who asked.
    pub async fn approve_waiver(
        &self,
        caller: &Caller,
        id: &str,
        reason: Option<&str>,
    ) -> Result<SeenWaiver, AppError> {
        self.decide(caller, id, WaiverDecision::Approved, reason).await
    }

    /// Refuses a waiver, with the reason.
    pub async fn reject_waiver(
        &self,
        caller: &Caller,
        id: &str,
        reason: &str,
    ) -> Result<SeenWaiver, AppError> {
        self.decide(caller, id, WaiverDecision::Rejected, Some(reason)).await
    }

    async fn decide(
        &self,
        caller: &Caller,
        id: &str,
        decision: WaiverDecision,
        reason: Option<&str>,
    ) -> Result<SeenWaiver, AppError> {
        caller.authorise(Permission::Read)?;
        let _one_at_a_time = self.inner.deciding.lock().await;
        let (view, now) = (self.view(), self.now());
        let mut waiver = Waiver::clone(view.waivers.get(id).ok_or_else(|| missing(id))?);
        let rules = self.waiver_rules(&view, &waiver.scope.policy);
        check_decision(&view, caller, &rules, &waiver)?;
        if waiver.standing(now) != WaiverStanding::Requested {
            return Err(settled(&waiver, waiver.standing(now)));
        }
        let reason = checked(reason, decision == WaiverDecision::Rejected)?;
        waiver.decision = decision;
        waiver.decided = Some(WaiverWord { by: caller.actor.user(), at: now, reason });
        let word = if decision == WaiverDecision::Approved { "approved" } else { "rejected" };
        let title = format!("{} {word} the waiver of {}", caller.actor, about(&waiver));
        let mut facts = vec![fact(caller, &waiver)?];
        facts.extend(message(self, caller, &waiver, [waiver.requested_by.clone()], title, "normal")?);
        self.append(facts).await?;
        self.waiver(caller, id)
    }

    /// Takes a waiver back before its end, also one that waits: whoever asked, whose entity it is, or who decides.
    pub async fn revoke_waiver(
        &self,
        caller: &Caller,
        id: &str,
        reason: Option<&str>,
    ) -> Result<SeenWaiver, AppError> {
        caller.authorise(Permission::Deliver)?;
        let _one_at_a_time = self.inner.deciding.lock().await;
        let (view, now) = (self.view(), self.now());
        let mut waiver = Waiver::clone(view.waivers.get(id).ok_or_else(|| missing(id))?);
        let rules = self.waiver_rules(&view, &waiver.scope.policy);
        if !may_revoke(&view, caller, &rules, &waiver) {
            let why = "it is for whoever asked, whose service it is, and who decides on such waivers";
            return Err(refused(caller, "take this waiver back", why));
        }
        let standing = waiver.standing(now);
        if standing != WaiverStanding::Requested && !waiver.is_active(now) {
            return Err(settled(&waiver, standing));
        }
        waiver.decision = WaiverDecision::Revoked;
        let reason = checked(reason, false)?;
        waiver.revoked = Some(WaiverWord { by: caller.actor.user(), at: now, reason });
        let title = format!("{} took the waiver of {} back", caller.actor, about(&waiver));
        let told = waiver.owner.clone().into_iter().chain([waiver.requested_by.clone()]);
        let mut facts = vec![fact(caller, &waiver)?];
        facts.extend(message(self, caller, &waiver, told, title, "high")?);
        self.append(facts).await?;
        self.waiver(caller, id)
    }
}

fn settled(waiver: &Waiver, standing: WaiverStanding) -> AppError {
    AppError::Conflict {
        message: format!("the waiver {} is {} already", waiver.id, standing.word()),
        hint: None,
    }
}

fn checked(reason: Option<&str>, needed: bool) -> Result<Option<String>, AppError> {
    let reason = reason.map(str::trim).filter(|text| !text.is_empty());
    if reason.is_some_and(|text| text.chars().count() > REASON) {
        return Err(AppError::invalid(format!("a reason has at most {REASON} characters")));
    }
    if needed && reason.is_none() {
        return Err(AppError::Invalid {
            message: "a rejection needs a reason".to_owned(),
            hint: Some("say what should be done instead".to_owned()),
        });
    }
    Ok(reason.map(str::to_owned))
}
