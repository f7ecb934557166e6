//! Asking for a waiver: from a finding of the fleet or of a plan, or with the scope in words.

use fairway_domain::finding::Finding;
use fairway_domain::waiver::{Waiver, WaiverDecision, WaiverScope, WaiverStanding};
use fairway_domain::{Caller, Digest, EntityRef, Permission, Timestamp};
use jiff::SignedDuration;

use super::{SeenWaiver, about, fact, is_among, message, named, refused};
use crate::environments::{environments_of, service_entity};
use crate::guardrails::{WaiverRules, info_of, service_of};
use crate::projection::View;
use crate::{App, AppError, access};

/// Characters of a reason.
const REASON: std::ops::RangeInclusive<usize> = 10..=1_000;
/// Characters of a part of a scope.
const PART: usize = 500;
/// Waivers of one person that may wait at once, and waivers of all that may be open.
const WAITING: usize = 200;
const OPEN: usize = 10_000;

/// How much a waiver lets pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Breadth {
    /// What the policy says about this place in the object.
    Path,
    /// What the policy says about the object.
    #[default]
    Object,
    /// What the policy says about every object of the service.
    Service,
}

/// What a waiver is to let pass.
#[derive(Clone, Debug)]
pub enum WaiverSubject {
    /// A finding, by its identifier.
    Finding {
        /// Which.
        finding: String,
        /// The plan that shows it; the fleet when absent.
        plan: Option<Digest>,
        /// How much beside it.
        breadth: Breadth,
        /// The environments; `None` for that of the finding, empty for all.
        environments: Option<Vec<String>>,
    },
    /// What is said.
    Scope(WaiverScope),
}

/// When a waiver ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaiverEnd {
    /// So many days from now.
    Days(i64),
    /// At a moment.
    At(Timestamp),
}

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct WaiverRequest {
    /// What it is to let pass.
    pub subject: WaiverSubject,
    /// Why.
    pub reason: String,
    /// Until when.
    pub end: WaiverEnd,
}

/// What a waiver could be asked for.
#[derive(Clone, Debug)]
pub struct WaiverOffer {
    /// What was found.
    pub finding: Finding,
    /// The service that it is about.
    pub service: String,
    /// What its policy says about waivers.
    pub rules: WaiverRules,
}

/// What is known of the subject.
struct Subject {
    scope: WaiverScope,
    service: Option<String>,
    /// Whose it will be, while the catalog does not have it yet.
    planned_owner: Option<EntityRef>,
    message: String,
}

fn subject_of(
    finding: &Finding,
    breadth: Breadth,
    environments: Option<Vec<String>>,
) -> Result<Subject, AppError> {
    let object = &finding.object;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let whole = breadth == Breadth::Service;
    if whole && object.service.is_none() {
        return Err(AppError::Invalid {
            message: format!("{} {} does not say which service it belongs to", object.kind, object.name),
            hint: Some("ask for the object alone, or label it with app.kubernetes.io/name".to_owned()),
        });
    }
    if !whole && object.name.is_empty() {
        return Err(AppError::invalid("the object has no name that a waiver could name"));
    }
    let path = match (breadth, &finding.path) {
        (Breadth::Path, None) => {
            return Err(AppError::Invalid {
                message: "the finding does not say where in the object it is".to_owned(),
                hint: Some("ask for the object".to_owned()),
            });
        }
        (Breadth::Path, Some(path)) => Some(path.clone()),
        _ => None,
    };
    // Elsewhere the object is in another namespace; the service then says which one is meant.
    let here: Vec<String> = object.environment.iter().cloned().collect();
    let elsewhere = environments.as_ref().is_some_and(|it| *it != here) && object.service.is_some();
    let scope = WaiverScope {
        policy: finding.rule.clone(),
        kind: given(&object.kind).filter(|_| !whole),
        namespace: given(&object.namespace).filter(|_| !whole && !elsewhere),
        name: given(&object.name).filter(|_| !whole),
        service: object.service.clone(),
        environments: environments.unwrap_or(here),
        path,
    };
    let service = Some(service_of(finding).to_owned());
    Ok(Subject { scope, service, planned_owner: None, message: finding.message.clone() })
}

impl App {
    /// Asks for a waiver, as an owner of what it is about. Whoever approves is told.
    pub async fn request_waiver(
        &self,
        caller: &Caller,
        request: WaiverRequest,
    ) -> Result<SeenWaiver, AppError> {
        caller.authorise(Permission::Deliver)?;
        let subject = self.subject(caller, request.subject).await?;
        let _one_at_a_time = self.inner.deciding.lock().await;
        let (view, now) = (self.view(), self.now());
        let entity = subject.service.as_deref().and_then(|service| service_entity(&view, service));
        let owner = match entity.as_ref().and_then(|it| view.catalog.get(it)) {
            Some(found) => found.owner().cloned(),
            None => subject.planned_owner,
        };
        check_owner(&view, caller, subject.service.as_deref(), owner.as_ref())?;
        let rules = self.waiver_rules(&view, &subject.scope.policy);
        let reason = check_reason(&request.reason)?;
        let until = check_end(now, request.end, &rules)?;
        check_room(&view, caller, &subject.scope, now)?;
        let compiled = self.policies(&view);
        let info = info_of(compiled.set.policies(), &subject.scope.policy);
        let waiver = Waiver {
            id: identifier()?,
            title: info.map_or_else(|| subject.scope.policy.clone(), |info| info.title.clone()),
            scope: subject.scope,
            entity,
            owner,
            message: subject.message.chars().take(*REASON.end()).collect(),
            reason,
            until,
            requested_by: caller.actor.user(),
            requested_at: now,
            decision: WaiverDecision::Requested,
            decided: None,
            revoked: None,
            warned: Vec::new(),
        };
        let title = format!("{} asks for a waiver of {}", caller.actor, about(&waiver));
        let mut facts = vec![fact(caller, &waiver)?];
        facts.extend(message(self, caller, &waiver, rules.approvers, title, "normal")?);
        self.append(facts).await?;
        self.waiver(caller, &waiver.id)
    }

    async fn subject(&self, caller: &Caller, subject: WaiverSubject) -> Result<Subject, AppError> {
        let (id, plan, breadth, environments) = match subject {
            WaiverSubject::Scope(scope) => {
                self.check_scope(&scope)?;
                let service = scope.service.clone();
                return Ok(Subject { scope, service, planned_owner: None, message: String::new() });
            }
            WaiverSubject::Finding { finding, plan, breadth, environments } => {
                (finding, plan, breadth, environments)
            }
        };
        let (found, planned_owner) = self.named_finding(caller, &id, plan).await?;
        let subject = subject_of(&found, breadth, environments)?;
        self.check_scope(&subject.scope)?;
        Ok(Subject { planned_owner, ..subject })
    }

    /// A finding of the fleet or of a plan, and whose the plan's service will be.
    async fn named_finding(
        &self,
        caller: &Caller,
        id: &str,
        plan: Option<Digest>,
    ) -> Result<(Finding, Option<EntityRef>), AppError> {
        let missing = || AppError::NotFound { what: "finding", name: id.to_owned(), near: Vec::new() };
        let among =
            |findings: &[Finding]| findings.iter().find(|it| it.id() == id).cloned().ok_or_else(missing);
        match plan {
            Some(digest) => {
                let stored = self.stored_plan(caller, &digest).await?;
                Ok((among(&stored.plan.findings)?, stored.plan.owner))
            }
            None => Ok((among(&self.fleet(caller).await?.findings)?, None)),
        }
    }

    /// What the form for a waiver shows: the finding, and what its policy says about waivers.
    pub async fn waiver_offer(
        &self,
        caller: &Caller,
        finding: &str,
        plan: Option<Digest>,
    ) -> Result<WaiverOffer, AppError> {
        caller.authorise(Permission::Read)?;
        let (finding, _) = self.named_finding(caller, finding, plan).await?;
        let rules = self.waiver_rules(&self.view(), &finding.rule);
        Ok(WaiverOffer { service: service_of(&finding).to_owned(), rules, finding })
    }

    /// What a scope names has to be there: a waiver with a slip of the pen would let nothing pass, or too much.
    fn check_scope(&self, scope: &WaiverScope) -> Result<(), AppError> {
        let view = self.view();
        let parts = [&scope.kind, &scope.namespace, &scope.name, &scope.service, &scope.path];
        let too_long = |text: &String| text.is_empty() || text.chars().count() > PART;
        if parts.into_iter().flatten().any(too_long) || too_long(&scope.policy) {
            return Err(AppError::invalid(format!("each part of a scope has 1 to {PART} characters")));
        }
        if scope.name.is_none() && scope.service.is_none() {
            return Err(AppError::Invalid {
                message: "a waiver names an object or a service".to_owned(),
                hint: Some("say which object, or which service, it is for".to_owned()),
            });
        }
        if scope.name.is_some() != scope.kind.is_some() {
            return Err(AppError::invalid("an object is named by its kind and its name"));
        }
        let compiled = self.policies(&view);
        let infos = compiled.set.policies();
        if info_of(infos, &scope.policy).is_none() {
            let near = fairway_domain::near_names(&scope.policy, infos.iter().map(|info| info.name.as_str()));
            let near = near.into_iter().map(str::to_owned).collect();
            return Err(AppError::NotFound { what: "policy", name: scope.policy.clone(), near });
        }
        let known = environments_of(&view);
        for name in &scope.environments {
            if !known.iter().any(|environment| environment.name == *name) {
                let near = known.iter().map(|environment| environment.name.clone()).collect();
                return Err(AppError::NotFound { what: "environment", name: name.clone(), near });
            }
        }
        Ok(())
    }
}

/// Refuses whoever neither owns what it is about nor administers the platform.
fn check_owner(
    view: &View,
    caller: &Caller,
    service: Option<&str>,
    owner: Option<&EntityRef>,
) -> Result<(), AppError> {
    if caller.may(Permission::Administer) {
        return Ok(());
    }
    let needed = "ask for this waiver";
    match owner {
        Some(owner) if is_among(view, caller, std::slice::from_ref(owner)) => Ok(()),
        Some(owner) => Err(refused(
            caller,
            needed,
            format!("{} belongs to {}", service.unwrap_or("it"), named(std::slice::from_ref(owner))),
        )),
        None => Err(refused(caller, needed, "nobody owns what it is about, so an administrator has to ask")),
    }
}

fn check_reason(reason: &str) -> Result<String, AppError> {
    let reason = reason.trim();
    if REASON.contains(&reason.chars().count()) {
        return Ok(reason.to_owned());
    }
    Err(AppError::Invalid {
        message: format!("a waiver needs a reason of {} to {} characters", REASON.start(), REASON.end()),
        hint: Some("say why it cannot be mended now, and what will end it".to_owned()),
    })
}

fn check_end(now: Timestamp, end: WaiverEnd, rules: &WaiverRules) -> Result<Timestamp, AppError> {
    let maximum = rules.maximum_days;
    let after = |days: i64| now.checked_add(SignedDuration::from_hours(24 * days)).ok();
    let until = match end {
        WaiverEnd::Days(days @ 1..) if days <= maximum => after(days),
        WaiverEnd::Days(_) => None,
        WaiverEnd::At(moment) => Some(moment),
    };
    until.filter(|until| *until > now && after(maximum).is_some_and(|last| *until <= last)).ok_or_else(|| {
        AppError::Invalid {
            message: format!("a waiver of this policy lasts at least a moment and at most {maximum} days"),
            hint: Some(format!("ask for 1 to {maximum} days; it can be asked for again before it ends")),
        }
    })
}

/// Refuses a second waiver for the same, and floods.
fn check_room(view: &View, caller: &Caller, scope: &WaiverScope, now: Timestamp) -> Result<(), AppError> {
    let open = || view.waivers.values().filter(|it| it.is_open() && it.until > now);
    // One that ends soon may be asked for again before it does.
    let same = open().find(|it| it.scope == *scope && it.standing(now) != WaiverStanding::Expiring);
    if let Some(same) = same {
        return Err(AppError::Conflict {
            message: format!(
                "the waiver {} is about the same, and is {}",
                same.id,
                same.standing(now).word()
            ),
            hint: Some("wait until it is decided on or ends soon, or take it back".to_owned()),
        });
    }
    let user = caller.actor.user();
    let waiting =
        open().filter(|it| it.decision == WaiverDecision::Requested && it.requested_by == user).count();
    if waiting >= WAITING || open().count() >= OPEN {
        return Err(AppError::TooMany("too many waivers are open; have some decided on first".to_owned()));
    }
    Ok(())
}

/// `w-` and eight letters and digits.
fn identifier() -> Result<String, AppError> {
    let random: String = access::random_text()?.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    Ok(format!("w-{}", random.to_ascii_lowercase()))
}
