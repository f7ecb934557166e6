//! What time makes of waivers: warnings before their end, and the end.

use fairway_domain::waiver::{Waiver, WaiverDecision, WaiverStanding};
use fairway_domain::{Caller, EntityRef, Timestamp};

use super::{about, fact, message};
use crate::{App, AppError};

fn told(waiver: &Waiver) -> impl Iterator<Item = EntityRef> {
    waiver.owner.clone().into_iter().chain([waiver.requested_by.clone()])
}

impl App {
    /// Does what is due by now: tells owners of waivers that end soon, and notes those that ended. Says when it should
    /// be called next, when time alone will make something of any. What a waiver lets pass does not depend on it.
    pub async fn settle_waivers(&self) -> Result<Option<Timestamp>, AppError> {
        let _one_at_a_time = self.inner.deciding.lock().await;
        let (view, now) = (self.view(), self.now());
        let system = Caller::system();
        let mut facts = Vec::new();
        let mut next: Option<Timestamp> = None;
        for waiver in view.waivers.values().filter(|waiver| waiver.is_open()) {
            let mut waiver = Waiver::clone(waiver);
            if waiver.standing(now) == WaiverStanding::Expired {
                let title = if waiver.decision == WaiverDecision::Requested {
                    format!("Nobody decided on the waiver of {} in time", about(&waiver))
                } else {
                    format!("The waiver of {} has ended", about(&waiver))
                };
                waiver.decision = WaiverDecision::Expired;
                facts.push(fact(&system, &waiver)?);
                facts.extend(message(self, &system, &waiver, told(&waiver), title, "high")?);
                continue;
            }
            if let Some(days) = waiver.due_warning(now) {
                waiver.warned.push(days);
                let title = format!(
                    "The waiver of {} ends on {}",
                    about(&waiver),
                    waiver.until.strftime("%-d %B %Y")
                );
                facts.push(fact(&system, &waiver)?);
                let severity = if days <= 3 { "high" } else { "normal" };
                facts.extend(message(self, &system, &waiver, told(&waiver), title, severity)?);
            }
            let moment = waiver.next_moment(now);
            next = next.into_iter().chain(moment).min();
        }
        self.append(facts).await?;
        Ok(next)
    }
}
