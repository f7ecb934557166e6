//! Facts: what the journal holds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Actor, Digest, Origin, Timestamp};

/// What kind of thing a fact is about. The set is open; these are the ones that Fairway itself appends.
pub mod kind {
    /// An entity as a source last gave it. Subject: entity reference.
    pub const ENTITY: &str = "catalog.entity";
    /// What is wrong with a file of a source. Subject: source and path.
    pub const DRAFT: &str = "catalog.draft";
    /// A source of entities. Subject: the source's identifier.
    pub const SOURCE: &str = "catalog.source";
    /// A plan. Subject: its digest.
    pub const PLAN: &str = "plan";
    /// A run of a plan. Subject: the run's identifier.
    pub const RUN: &str = "run";
    /// A repository of the embedded forge. Subject: owner/name.
    pub const REPOSITORY: &str = "forge.repository";
    /// A push to the embedded forge. Subject: owner/name.
    pub const PUSH: &str = "forge.push";
    /// A change request on the embedded forge. Subject: owner/name#number.
    pub const CHANGE_REQUEST: &str = "forge.change-request";
    /// What runs where. Subject: service/environment.
    pub const DEPLOYMENT: &str = "delivery.deployment";
    /// What policies said of requests to clusters, counted for an hour. Subject: the hour, what followed, the policy
    /// and the object.
    pub const ADMISSION: &str = "guardrail.admission";
    /// A message for somebody. Subject: the notification's identifier.
    pub const NOTIFICATION: &str = "notification";
    /// A token was issued or revoked. Subject: the token's identifier.
    pub const TOKEN: &str = "access.token";
    /// Somebody signed in or out. Subject: the person.
    pub const SESSION: &str = "access.session";
    /// Which secret may be shown to which places of other machines; never the secret. Subject: its name.
    pub const CREDENTIAL: &str = "access.credential";
    /// Somebody marked an entity to come back to it. Subject: the person and the entity, with a space between.
    pub const STAR: &str = "person.star";
    /// A question to the catalog under a name. Subject: the view's identifier.
    pub const VIEW: &str = "catalog.view";
    /// An exception from a policy. Subject: the waiver's identifier.
    pub const WAIVER: &str = "guardrail.waiver";
    /// How many findings each policy had at the end of a day, noted when it changed. Subject: the day.
    pub const AUDIT: &str = "guardrail.audit";
    /// Since when each finding of a service stands. Subject: the service's name.
    pub const STANDING: &str = "guardrail.standing";
    /// A document about what something is made of, how it was built, who signed it or what is wrong with it. Subject: what
    /// it is about, its kind and its tool.
    pub const EVIDENCE: &str = "supply.evidence";
    /// The platform's own set-up, for example that the example organisation was installed. Subject: a name.
    pub const SETUP: &str = "platform.setup";
}

/// A fact that is about to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFact {
    /// What kind of thing it is about, see [`kind`].
    pub kind: String,
    /// Which thing.
    pub subject: String,
    /// What is known of it now; `None` says that it is gone.
    pub body: Option<Value>,
    /// Who made it so.
    pub actor: Actor,
    /// Through which face.
    pub origin: Origin,
    /// From which address.
    pub address: Option<String>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
}

impl NewFact {
    /// A fact by a caller.
    pub fn by(caller: &crate::Caller, kind: &str, subject: impl Into<String>, body: Option<Value>) -> Self {
        Self {
            kind: kind.to_owned(),
            subject: subject.into(),
            body,
            actor: caller.actor.clone(),
            origin: caller.origin,
            address: caller.address.clone(),
            reason: caller.reason.clone(),
        }
    }
}

/// A fact in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The position, from 1, without gaps.
    pub sequence: i64,
    /// When it was appended.
    pub at: Timestamp,
    /// Who made it so.
    pub actor: Actor,
    /// Through which face.
    pub origin: Origin,
    /// From which address.
    pub address: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What kind of thing it is about.
    pub kind: String,
    /// Which thing.
    pub subject: String,
    /// What was known of it; `None` when it was gone, or its body was erased (then `erased` is set).
    pub body: Option<Value>,
    /// Whether the body was erased later, for example because it was personal data.
    pub erased: bool,
    /// The digest of the body, which stays when the body is erased.
    pub body_digest: Digest,
    /// The hash of the record before.
    pub previous: Digest,
    /// The hash of this record.
    pub hash: Digest,
}
