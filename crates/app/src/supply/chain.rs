//! What is known of the supply chain of each service, as objects that policies look at:
//! `apiVersion: fairway.dev/v1, kind: SupplyChain`, one for each service and environment.

use std::collections::BTreeMap;
use std::sync::Arc;

use fairway_domain::EntityRef;
use fairway_domain::Timestamp;
use fairway_domain::finding::Severity;
use fairway_supply::{EvidenceKind, SeverityCounts};
use serde_json::{Value, json};

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

    /// An object for each version of a service that is delivered somewhere.
    async fn supply_chains(&self, view: &View) -> Result<Vec<SupplyChain>, AppError> {
        let index = self.supply_index().await?;
        let now = self.now();
        let mut by_entity: BTreeMap<&EntityRef, Vec<(&String, &StoredEvidence)>> = BTreeMap::new();
        for (key, evidence) in view.evidence.iter() {
            if let Some(entity) = &evidence.entity {
                by_entity.entry(entity).or_default().push((key, evidence));
            }
        }
        let delivered = view.deployments.values().filter(|it| !it.undone);
        Ok(delivered
            .map(|deployment| {
                let intent = &deployment.intent;
                let entity = service_entity(view, &intent.service);
                let all =
                    entity.as_ref().and_then(|it| by_entity.get(it)).map(Vec::as_slice).unwrap_or_default();
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
                    object: describe(view, &index, now, &subject, all),
                }
            })
            .collect())
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
            .filter(|(_, it)| it.entity.is_some() && it.entity == entity)
            .map(|(key, it)| (key, it.as_ref()))
            .collect();
        let subject = Subject { service, environment, version, images, entity: entity.as_ref() };
        Ok(describe(view, &index, self.now(), &subject, &all))
    }
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
