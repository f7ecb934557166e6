//! Waivers: exceptions from a policy that somebody asked for, somebody else allowed, and time ends.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Waived};
use crate::{EntityRef, Timestamp};

/// So many days before its end the owner is told, each time once.
pub const WARNINGS: [i64; 2] = [14, 3];

/// What a waiver lets pass. All that is said has to fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaiverScope {
    /// The policy by its name, or one of its rules: `K8sContainerLimits/container-limits`.
    pub policy: String,
    /// The kind of the object; `None` for every object of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The object's namespace, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The object's name; `None` for every object of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service, by the label of its objects; needed where no object is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The environments; empty for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// The path in the object, or one above it; `None` for the whole object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl WaiverScope {
    /// Whether a finding is within the scope. A finding whose environment is not known is only within a scope of all
    /// environments.
    pub fn covers(&self, finding: &Finding) -> bool {
        let object = &finding.object;
        let is = |wanted: Option<&String>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        // A scope that names neither an object nor a service would let everything pass.
        (self.name.is_some() || self.service.is_some())
            && self.covers_policy(&finding.rule)
            && is(self.kind.as_ref(), &object.kind)
            && is(self.namespace.as_ref(), &object.namespace)
            && is(self.name.as_ref(), &object.name)
            && (self.service.is_none() || self.service == object.service)
            && (self.environments.is_empty()
                || object.environment.as_ref().is_some_and(|it| self.environments.contains(it)))
            && self.path.as_ref().is_none_or(|path| finding.path.as_deref().is_some_and(|it| below(it, path)))
    }

    /// Whether a rule is the scope's policy or one of its rules.
    pub fn covers_policy(&self, rule: &str) -> bool {
        rule.strip_prefix(&self.policy).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a path is another one or below it.
fn below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What was decided last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverDecision {
    /// Somebody asked.
    Requested,
    /// An approver allowed it.
    Approved,
    /// An approver did not.
    Rejected,
    /// It was taken back before its end.
    Revoked,
    /// Its time is over, and everybody was told.
    Expired,
}

/// How a waiver stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverStanding {
    /// Waits for an approver.
    Requested,
    /// Lets findings pass.
    Active,
    /// Lets findings pass, and ends within the days of the first warning.
    Expiring,
    /// Over: its time came, also while it waited.
    Expired,
    /// Was not allowed.
    Rejected,
    /// Was taken back.
    Revoked,
}

impl WaiverStanding {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
        }
    }
}

/// Who decided, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaiverWord {
    /// Who.
    pub by: EntityRef,
    /// When.
    pub at: Timestamp,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An exception from a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiver {
    /// Its identifier.
    pub id: String,
    /// What it lets pass.
    pub scope: WaiverScope,
    /// The policy's title when it was asked for.
    pub title: String,
    /// The entity that it is about, when the catalog has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityRef>,
    /// Whose entity it is: who is told before it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<EntityRef>,
    /// What was found when it was asked for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why it is needed.
    pub reason: String,
    /// When it ends.
    pub until: Timestamp,
    /// Who asked.
    pub requested_by: EntityRef,
    /// When.
    pub requested_at: Timestamp,
    /// What was decided last.
    pub decision: WaiverDecision,
    /// Who approved or rejected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<WaiverWord>,
    /// Who took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<WaiverWord>,
    /// The warnings that were given, as days before the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned: Vec<i64>,
}

impl Waiver {
    /// How it stands at a moment. The end counts when it comes, whether or not anybody has noted it yet.
    pub fn standing(&self, now: Timestamp) -> WaiverStanding {
        match self.decision {
            WaiverDecision::Rejected => WaiverStanding::Rejected,
            WaiverDecision::Revoked => WaiverStanding::Revoked,
            WaiverDecision::Expired => WaiverStanding::Expired,
            _ if self.until <= now => WaiverStanding::Expired,
            WaiverDecision::Requested => WaiverStanding::Requested,
            WaiverDecision::Approved => match WARNINGS.first() {
                Some(days) if self.before(*days) <= now => WaiverStanding::Expiring,
                _ => WaiverStanding::Active,
            },
        }
    }

    /// Whether it lets findings pass at a moment.
    pub fn is_active(&self, now: Timestamp) -> bool {
        matches!(self.standing(now), WaiverStanding::Active | WaiverStanding::Expiring)
    }

    /// Whether something will come of it by time alone.
    pub const fn is_open(&self) -> bool {
        matches!(self.decision, WaiverDecision::Requested | WaiverDecision::Approved)
    }

    /// So many days before its end.
    fn before(&self, days: i64) -> Timestamp {
        self.until.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(self.until)
    }

    /// The warning that is due: the least number of days whose time has come. One that is given late stands for those
    /// before it; one whose time came before the waiver was approved is given at once.
    pub fn due_warning(&self, now: Timestamp) -> Option<i64> {
        if !self.is_active(now) {
            return None;
        }
        let due = WARNINGS.iter().copied().filter(|days| self.before(*days) <= now).min()?;
        let told = self.warned.iter().any(|known| *known <= due);
        (!told).then_some(due)
    }

    /// When time alone makes something of it next; `None` when nothing will.
    pub fn next_moment(&self, now: Timestamp) -> Option<Timestamp> {
        if !self.is_open() {
            return None;
        }
        let warnings = WARNINGS.iter().map(|days| self.before(*days));
        let warnings = warnings.filter(|_| self.decision == WaiverDecision::Approved);
        warnings.chain([self.until]).filter(|moment| *moment > now).min().or(Some(now))
    }

    /// What a finding says that it lets pass.
    pub fn note(&self) -> Waived {
        Waived { id: self.id.clone(), until: self.until, reason: self.reason.clone() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::{Waiver, WaiverDecision, WaiverScope, WaiverStanding};
    use crate::Timestamp;
    use crate::finding::Finding;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn waiver() -> Waiver {
        serde_json::from_value(json!({
            "id": "w1", "title": "Limits", "reason": "the vendor mends it in May", "until": "2027-03-01T00:00:00Z",
            "scope": {"policy": "Limits/limits", "kind": "Deployment", "namespace": "shop", "name": "shop"},
            "requestedBy": "user:default/ada", "requestedAt": "2027-01-01T00:00:00Z", "decision": "approved",
        }))
        .unwrap()
    }

    fn finding() -> Finding {
        serde_json::from_value(json!({
            "policy": "Limits", "rule": "Limits/limits", "severity": "high", "enforcement": "deny",
            "outcome": {"type": "violation"}, "message": "no limits", "path": "spec.containers[0].resources",
            "object": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "shop",
                "environment": "staging", "service": "shop"},
        }))
        .unwrap()
    }

    #[test]
    fn it_stands_by_the_clock_whether_or_not_its_end_was_noted() {
        let mut waiver = waiver();
        let standing = |waiver: &Waiver, moment: &str| waiver.standing(at(moment));
        assert_eq!(standing(&waiver, "2027-02-14T23:59:59Z"), WaiverStanding::Active);
        assert_eq!(standing(&waiver, "2027-02-15T00:00:00Z"), WaiverStanding::Expiring);
        assert_eq!(standing(&waiver, "2027-02-28T23:59:59Z"), WaiverStanding::Expiring);
        assert_eq!(standing(&waiver, "2027-03-01T00:00:00Z"), WaiverStanding::Expired);
        waiver.decision = WaiverDecision::Requested;
        assert_eq!(standing(&waiver, "2027-02-20T00:00:00Z"), WaiverStanding::Requested);
        assert_eq!(
            standing(&waiver, "2027-03-01T00:00:00Z"),
            WaiverStanding::Expired,
            "nobody answered in time"
        );
        waiver.decision = WaiverDecision::Revoked;
        assert_eq!(standing(&waiver, "2027-01-02T00:00:00Z"), WaiverStanding::Revoked);
    }

    #[test]
    fn each_warning_is_due_once_and_a_late_one_stands_for_those_before() {
        let mut waiver = waiver();
        assert_eq!(waiver.due_warning(at("2027-02-14T00:00:00Z")), None);
        assert_eq!(waiver.next_moment(at("2027-02-14T00:00:00Z")), Some(at("2027-02-15T00:00:00Z")));
        assert_eq!(waiver.due_warning(at("2027-02-15T00:00:00Z")), Some(14));
        waiver.warned.push(14);
        assert_eq!(waiver.due_warning(at("2027-02-20T00:00:00Z")), None);
        assert_eq!(waiver.next_moment(at("2027-02-20T00:00:00Z")), Some(at("2027-02-26T00:00:00Z")));
        assert_eq!(waiver.due_warning(at("2027-02-26T00:00:00Z")), Some(3));
        waiver.warned = vec![3];
        assert_eq!(waiver.due_warning(at("2027-02-27T00:00:00Z")), None);
        assert_eq!(waiver.next_moment(at("2027-02-27T00:00:00Z")), Some(at("2027-03-01T00:00:00Z")));
        assert_eq!(waiver.due_warning(at("2027-03-02T00:00:00Z")), None, "what is over is not warned of");
    }

    #[test]
    fn a_scope_fits_when_all_that_it_says_does() {
        let finding = finding();
        let scope = waiver().scope;
        assert!(scope.covers(&finding));
        let fits = |change: fn(&mut WaiverScope)| {
            let mut changed = scope.clone();
            change(&mut changed);
            changed.covers(&finding)
        };
        assert!(fits(|it| it.path = Some("spec.containers[0]".to_owned())));
        assert!(fits(|it| it.path = Some("spec.containers".to_owned())));
        assert!(!fits(|it| it.path = Some("spec.containers[0].res".to_owned())));
        assert!(fits(|it| it.environments = vec!["staging".to_owned()]));
        assert!(!fits(|it| it.environments = vec!["production".to_owned()]));
        assert!(!fits(|it| it.policy = "Limits/lim".to_owned()));
        assert!(fits(|it| it.policy = "Limits".to_owned()));
        assert!(!fits(|it| it.namespace = Some("elsewhere".to_owned())));
        let whole =
            |it: &mut WaiverScope| (it.kind, it.name, it.service) = (None, None, Some("shop".to_owned()));
        assert!(fits(whole));
        assert!(!fits(|it| (it.kind, it.name, it.service) = (None, None, Some("pay".to_owned()))));
        assert!(!fits(|it| (it.kind, it.name) = (None, None)), "what names nothing lets nothing pass");
        let mut elsewhere = finding.clone();
        elsewhere.object.environment = None;
        let mut narrow = scope;
        narrow.environments = vec!["staging".to_owned()];
        assert!(!narrow.covers(&elsewhere), "an environment that is not known is not the one that was meant");
    }
}
