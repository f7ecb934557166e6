//! What is known of the supply chain of each service, as objects that policies look at:
//! `apiVersion: fairway.dev/v1, kind: SupplyChain`, one for each service and environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::EntityRef;
use fairway_domain::Timestamp;
use fairway_domain::finding::Severity;
use fairway_policy::PolicyObject;
use fairway_supply::{EvidenceKind, SeverityCounts};
use serde_json::{Map, Value, json};

use super::questions::environments_of;
use super::{SignatureState, StoredEvidence};
use crate::environments::service_entity;
use crate::projection::View;
use crate::supply::index::SupplyIndex;
use crate::{App, AppError};

/// The kind of the objects.
pub(crate) const SUPPLY_CHAIN: &str = "SupplyChain";

/// The object of one service in one environment.
pub(crate) struct SupplyChain {
    pub(crate) service: String,
    pub(crate) environment: String,
    pub(crate) object: Value,
    /// Whether it is of a version that is delivered; the others are looked up, and not judged.
    pub(crate) is_delivered: bool,
}

/// The most signatures that an object names, and what all the statements in it may weigh.
const SIGNATURES: usize = 100;
const PREDICATE_BYTES: usize = 32 * 1024;

impl SupplyChain {
    /// As policies see it.
    pub(crate) fn as_object(&self) -> PolicyObject {
        PolicyObject {
            value: self.object.clone(),
            file: None,
            environment: Some(self.environment.clone()).filter(|it| !it.is_empty()),
        }
    }
}

/// Whether an object claims to be one of these.
pub(crate) fn is_chain(object: &Value) -> bool {
    object.get("kind").and_then(Value::as_str) == Some(SUPPLY_CHAIN)
}

/// What was described last, and of which moment: ages are counted in days, so an hour is soon enough.
pub(crate) type DescribedChains = Option<((i64, i64), Arc<Vec<SupplyChain>>)>;

impl App {
    /// The objects for everything that is delivered, as far as anybody is interested: a policy, or whoever sent evidence.
    pub(crate) async fn known_supply_chains(
        &self,
        view: &View,
        known: &mut DescribedChains,
    ) -> Result<Arc<Vec<SupplyChain>>, AppError> {
        if view.evidence.is_empty() && !self.policies(view).asks_supply_chains {
            return Ok(Arc::default());
        }
        let moment = (view.sequence, self.now().as_second() / 3600);
        if let Some((of, chains)) = known
            && *of == moment
        {
            return Ok(Arc::clone(chains));
        }
        let chains = Arc::new(self.supply_chains(view).await?);
        *known = Some((moment, Arc::clone(&chains)));
        Ok(chains)
    }

    /// What policies may look up of supply chains beside the objects that they are asked about: what the platform itself
    /// knows. Objects of that kind from elsewhere prove nothing, as anybody can write them.
    pub(crate) async fn looked_up_chains(&self, view: &View) -> Result<Vec<PolicyObject>, AppError> {
        if !self.policies(view).looks_up_supply_chains {
            return Ok(Vec::new());
        }
        let mut described = self.inner.findings.described_chains.lock().await;
        let chains = self.known_supply_chains(view, &mut described).await?;
        Ok(chains.iter().map(SupplyChain::as_object).collect())
    }

    /// An object for each version of a service that is delivered somewhere.
    async fn supply_chains(&self, view: &View) -> Result<Vec<SupplyChain>, AppError> {
        let index = self.supply_index().await?;
        let now = self.now();
        let mut by_entity: BTreeMap<&EntityRef, Vec<(&String, &StoredEvidence)>> = BTreeMap::new();
        // What names no entity is about whoever has the image.
        let mut by_image: BTreeMap<&str, Vec<(&String, &StoredEvidence)>> = BTreeMap::new();
        for (key, evidence) in view.evidence.iter() {
            match (&evidence.entity, &evidence.image) {
                (Some(entity), _) => by_entity.entry(entity).or_default().push((key, evidence)),
                (None, Some(image)) => by_image.entry(image).or_default().push((key, evidence)),
                (None, None) => {}
            }
        }
        let delivered = view.deployments.values().filter(|it| !it.undone);
        let delivered = delivered.map(|deployment| {
            let intent = &deployment.intent;
            let entity = service_entity(view, &intent.service);
            let mut all = entity.as_ref().and_then(|it| by_entity.get(it)).cloned().unwrap_or_default();
            let digests = intent.images.iter().filter_map(|image| Some(image.rsplit_once('@')?.1));
            all.extend(digests.filter_map(|it| by_image.get(it)).flatten());
            let subject = Subject {
                service: &intent.service,
                environment: &intent.environment,
                version: &intent.version,
                images: &intent.images,
                entity: entity.as_ref(),
            };
            SupplyChain {
                service: intent.service.clone(),
                environment: intent.environment.clone(),
                object: describe(view, &index, now, &subject, &all),
                is_delivered: true,
            }
        });
        Ok(delivered.chain(undelivered(view)).collect())
    }

    /// The object of a version that is about to be delivered.
    pub(crate) async fn supply_chain_of(
        &self,
        view: &View,
        service: &str,
        environment: &str,
        version: &str,
        images: &[String],
    ) -> Result<Value, AppError> {
        let index = self.supply_index().await?;
        let entity = service_entity(view, service);
        let all: Vec<(&String, &StoredEvidence)> = view
            .evidence
            .iter()
            .filter(|(_, it)| match &it.image {
                Some(image) if it.entity.is_none() => images.iter().any(|it| it.ends_with(image.as_str())),
                _ => it.entity.is_some() && it.entity == entity,
            })
            .map(|(key, it)| (key, it.as_ref()))
            .collect();
        let subject = Subject { service, environment, version, images, entity: entity.as_ref() };
        Ok(describe(view, &index, self.now(), &subject, &all))
    }
}

/// Each signature about an image, the newest first: whether it holds, by whom it is, and what is attested as far as
/// that is small.
fn signatures(own: &[(&String, &StoredEvidence)]) -> Vec<Value> {
    let mut signed: Vec<(&StoredEvidence, &SignatureState, &String)> =
        own.iter().filter_map(|(_, it)| Some((*it, it.signature.as_ref()?, it.image.as_ref()?))).collect();
    signed.sort_by(|one, two| {
        two.0.received_at.cmp(&one.0.received_at).then(one.0.document.cmp(&two.0.document))
    });
    let mut room = PREDICATE_BYTES;
    let entry = |(evidence, state, image): (&StoredEvidence, &SignatureState, &String)| {
        let mut entry = Map::new();
        let mut say = |key: &str, text: Option<&str>| {
            entry.extend(text.map(|text| (key.to_owned(), Value::from(text))));
        };
        say("image", Some(image));
        say("version", evidence.version.as_deref());
        say("document", Some(&evidence.document.to_string()));
        match state {
            SignatureState::Verified { identity, issuer, predicate_type, predicate, .. } => {
                say("state", Some("verified"));
                say("identity", identity.as_deref());
                say("issuer", issuer.as_deref());
                say("predicateType", predicate_type.as_deref());
                let weight = predicate.as_ref().map_or(0, |it| it.to_string().len());
                if let (Some(predicate), Some(left)) = (predicate, room.checked_sub(weight)) {
                    room = left;
                    entry.insert("predicate".to_owned(), predicate.clone());
                }
            }
            SignatureState::Refused { reason } => {
                say("state", Some("refused"));
                say("reason", Some(reason));
            }
            SignatureState::NotVerified { reason } => {
                say("state", Some("not-verified"));
                say("reason", Some(reason));
            }
        }
        Value::Object(entry)
    };
    signed.into_iter().take(SIGNATURES).map(entry).collect()
}

/// What is signed, by the entity that it was sent for, whether that is delivered or not: images are asked about before
/// they are delivered.
fn undelivered(view: &View) -> Vec<SupplyChain> {
    let mut by_entity: BTreeMap<Option<&EntityRef>, Vec<(&String, &StoredEvidence)>> = BTreeMap::new();
    for (key, evidence) in view.evidence.iter().filter(|(_, it)| it.signature.is_some()) {
        by_entity.entry(evidence.entity.as_ref()).or_default().push((key, evidence));
    }
    let object = |(entity, own): (Option<&EntityRef>, Vec<(&String, &StoredEvidence)>)| {
        let name = entity.map_or("images", EntityRef::name);
        SupplyChain {
            service: name.to_owned(),
            environment: String::new(),
            object: json!({
                "apiVersion": "fairway.dev/v1",
                "kind": SUPPLY_CHAIN,
                "metadata": {"name": name},
                "spec": {"entity": entity.map(ToString::to_string)},
                "status": {"signatures": signatures(&own)},
            }),
            is_delivered: false,
        }
    };
    by_entity.into_iter().map(object).collect()
}

/// The severity of a vulnerability, since when it is known, and whether a version without it is.
type Known = (Option<Severity>, Timestamp, bool);

struct Subject<'a> {
    service: &'a str,
    environment: &'a str,
    version: &'a str,
    images: &'a [String],
    entity: Option<&'a EntityRef>,
}

impl Subject<'_> {
    /// Whether a document is about this version: it names its image, or the version, or neither.
    fn is_of(&self, view: &View, evidence: &StoredEvidence) -> bool {
        if evidence.environment.as_ref().is_some_and(|it| it != self.environment) {
            return false;
        }
        let of_image =
            evidence.image.as_ref().map(|image| self.images.iter().any(|it| it.ends_with(image.as_str())));
        let of_version = evidence.version.as_ref().map(|version| version == self.version);
        match (of_image, of_version) {
            (Some(true), _) | (_, Some(true)) | (None, None) => true,
            // The image is built elsewhere than it is named by a tag: what was delivered there counts.
            (Some(false), None) => environments_of(view, evidence).iter().any(|it| it == self.environment),
            _ => false,
        }
    }
}

fn days(now: Timestamp, since: Timestamp) -> i64 {
    (now.duration_since(since).as_hours() / 24).max(0)
}

fn describe(
    view: &View,
    index: &SupplyIndex,
    now: Timestamp,
    subject: &Subject<'_>,
    all: &[(&String, &StoredEvidence)],
) -> Value {
    let own: Vec<(&String, &StoredEvidence)> =
        all.iter().filter(|(_, it)| subject.is_of(view, it)).copied().collect();
    let newest = |kind: EvidenceKind| {
        own.iter().filter(|(_, it)| it.kind == kind).map(|(_, it)| *it).max_by_key(|it| it.received_at)
    };
    let sbom = newest(EvidenceKind::Sbom).map_or(Value::Null, |it| {
        json!({"format": it.format, "components": it.components, "ageDays": days(now, it.created_at.unwrap_or(it.received_at))})
    });
    let scan = own
        .iter()
        .filter(|(_, it)| it.kind == EvidenceKind::Scan || it.vulnerabilities.total() > 0)
        .map(|(_, it)| *it)
        .max_by_key(|it| it.received_at);
    let scan = scan.map_or(Value::Null, |it| {
        json!({"tool": it.tool, "ageDays": days(now, it.created_at.unwrap_or(it.received_at)), "results": it.results})
    });
    let provenance = own.iter().flat_map(|(_, it)| &it.builds).next();
    let provenance = provenance.map_or(
        Value::Null,
        |build| json!({"builder": build.builder, "source": build.source, "commit": build.commit}),
    );
    let states = || own.iter().filter_map(|(_, it)| it.signature.as_ref());
    let identities: Vec<Value> = states()
        .filter_map(|it| match it {
            SignatureState::Verified { identity, issuer, .. } => {
                Some(json!({"identity": identity, "issuer": issuer}))
            }
            _ => None,
        })
        .collect();
    let refused: Vec<&str> = states()
        .filter_map(|it| match it {
            SignatureState::Refused { reason } => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    // Scanners that say the same are counted once.
    let mut weak: BTreeMap<(&str, &str, &str), Known> = BTreeMap::new();
    for (key, evidence) in &own {
        for it in index.vulnerabilities_of(key) {
            let since = evidence.seen_since(&it.id, &it.package);
            let known = weak.entry((&it.id, &it.package, &it.version)).or_insert((it.severity, since, false));
            known.0 = known.0.max(it.severity);
            known.1 = known.1.min(since);
            known.2 |= it.fixed.is_some();
        }
    }
    let counts = SeverityCounts::of(weak.values().map(|it| it.0));
    let oldest = |severity: Severity| {
        let since = weak.values().filter(|it| it.0 == Some(severity)).map(|it| it.1).min();
        since.map_or(0, |since| days(now, since))
    };
    let owner =
        subject.entity.and_then(|it| view.catalog.get(it)).and_then(|it| it.owner().map(ToString::to_string));
    json!({
        "apiVersion": "fairway.dev/v1",
        "kind": SUPPLY_CHAIN,
        "metadata": {
            "name": subject.service,
            "namespace": subject.environment,
            "labels": {"app.kubernetes.io/name": subject.service, "fairway.dev/environment": subject.environment},
        },
        "spec": {
            "entity": subject.entity.map(ToString::to_string),
            "owner": owner,
            "environment": subject.environment,
            "version": subject.version,
            "images": subject.images,
        },
        "status": {
            "sbom": sbom,
            "scan": scan,
            "provenance": provenance,
            "signature": {"verified": !identities.is_empty(), "signers": identities, "refused": refused},
            "signatures": signatures(&own),
            "vulnerabilities": {
                "critical": counts.critical,
                "high": counts.high,
                "medium": counts.medium,
                "low": counts.low,
                "unknown": counts.unknown,
                "fixable": weak.values().filter(|it| it.2).count(),
                "oldestCriticalDays": oldest(Severity::Critical),
                "oldestHighDays": oldest(Severity::High),
            },
        },
    })
}
