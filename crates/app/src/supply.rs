//! Evidence of the supply chain: taken in, kept as facts with the documents as blobs, and asked about.

pub mod chain;
pub mod index;
mod questions;

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::fact::{NewFact, kind};
use fairway_domain::{Caller, Digest, EntityRef, Permission, Timestamp};
use fairway_secrets::AllowList;
use fairway_supply::{
    Artefact, Build, Evidence, EvidenceKind, Format, SeverityCounts, SignatureClaim, TrustRoot, Verifying,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use questions::{ComponentPlace, ComponentQuestion, KnownVulnerability, VulnerabilityQuestion};

use crate::{App, AppError};

/// The largest document that is taken in, in bytes.
pub const UPLOAD_BYTES: usize = 32 * 1024 * 1024;
/// How many signatures and provenances of one entity are kept; one or two come with each release.
const KEPT: usize = 40;
/// The largest predicate of an attestation that policies are told, in bytes.
const PREDICATE_BYTES: usize = 8 * 1024;
/// The most vulnerabilities whose first sight is noted.
const NOTED: usize = 5_000;

/// What a document is about, as its sender says.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct EvidenceAbout {
    /// The entity, for example `component:default/shop`.
    pub entity: Option<String>,
    /// The image's digest, `sha256:…`, or a reference that ends with one.
    pub image: Option<String>,
    /// The environment, when it holds for one only.
    pub environment: Option<String>,
    /// The version that was built.
    pub version: Option<String>,
}

/// Whether a signature held when the document came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum SignatureState {
    /// It holds, with the platform's trust root.
    Verified {
        /// Who signed.
        identity: Option<String>,
        /// Who vouched for it.
        issuer: Option<String>,
        /// When.
        signed_at: Option<Timestamp>,
        /// What kind of thing is attested.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        predicate_type: Option<String>,
        /// What is attested, where it is small.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        predicate: Option<Value>,
    },
    /// It does not hold.
    Refused {
        /// Why.
        reason: String,
    },
    /// Nobody could say.
    NotVerified {
        /// Why not.
        reason: String,
    },
}

/// A document that was taken in. The bytes are a blob.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredEvidence {
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityRef>,
    /// The digest of the image that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The environment that it holds for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The version that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What kind of thing it says.
    pub kind: EvidenceKind,
    /// Its format.
    pub format: Format,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// When it was made, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// The document.
    pub document: Digest,
    /// Its size in bytes.
    pub bytes: usize,
    /// Whether only what was read of it is kept, as the document itself holds secrets.
    #[serde(default)]
    pub reduced: bool,
    /// How many components it names.
    pub components: usize,
    /// Its vulnerabilities by severity.
    pub vulnerabilities: SeverityCounts,
    /// What it says of code and settings, by severity.
    pub results: SeverityCounts,
    /// How it was built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<Build>,
    /// Who claims to have signed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureClaim>,
    /// Whether the signature held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureState>,
    /// When vulnerabilities that were known before were first seen, by `id|package`; the others at `received_at`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub first_seen: BTreeMap<String, Timestamp>,
}

impl StoredEvidence {
    /// When a vulnerability was first seen.
    pub fn seen_since(&self, id: &str, package: &str) -> Timestamp {
        self.first_seen.get(&format!("{id}|{package}")).copied().unwrap_or(self.received_at)
    }

    /// The key of the fact: a newer document of the same kind and tool about the same thing takes its place. Signatures
    /// and provenance stay, one for each image, signer and kind of statement; one that does not hold never takes the
    /// place of one that does.
    pub(crate) fn key(&self) -> String {
        let about =
            self.entity.as_ref().map_or_else(|| self.image.clone().unwrap_or_default(), ToString::to_string);
        let tool = self.tool.as_deref().and_then(|it| it.split([' ', '-', '/']).next()).unwrap_or_default();
        let format = serde_json::to_value(self.format).ok();
        let format = format.as_ref().and_then(|it| it.as_str()).unwrap_or_default();
        let of_image = matches!(self.kind, EvidenceKind::Signature | EvidenceKind::Provenance);
        let image = self.image.as_deref().filter(|_| of_image && self.entity.is_some()).unwrap_or("-");
        let environment = self.environment.as_deref().unwrap_or("-");
        let key = format!("{about} {} {format} {environment} {image}", self.kind.word());
        let Some(claim) = self.signatures.first().filter(|_| of_image) else {
            return format!("{key} {}", tool.to_lowercase());
        };
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let refused = match self.signature {
            Some(SignatureState::Refused { .. }) => " refused",
            _ => "",
        };
        format!("{key} {} {}{refused}", part(&claim.predicate), part(&claim.identity))
    }
}

/// `sha256:` and 64 digits, also from the end of a reference.
fn image_digest(text: &str) -> Result<String, AppError> {
    let digest = text.rsplit_once('@').map_or(text, |(_, digest)| digest);
    let digits = digest.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    {
        return Ok(digest.to_owned());
    }
    Err(AppError::Invalid {
        message: "the image is no digest".to_owned(),
        hint: Some(
            "give sha256: with 64 hexadecimal digits, or a reference that ends with @sha256:…".to_owned(),
        ),
    })
}

fn plain(what: &str, text: Option<String>) -> Result<Option<String>, AppError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-/".contains(c);
    if text.len() > 128 || !text.chars().all(fits) {
        return Err(AppError::invalid(format!(
            "the {what} may have letters, digits and . _ + - /, at most 128"
        )));
    }
    Ok(Some(text))
}

impl App {
    /// Takes in a document of evidence: reads it, verifies a signature when the platform has a trust root, and keeps
    /// it. The same document again changes nothing but the time.
    pub async fn add_evidence(
        &self,
        caller: &Caller,
        about: EvidenceAbout,
        bytes: Vec<u8>,
    ) -> Result<StoredEvidence, AppError> {
        caller.authorise(Permission::Deliver)?;
        if bytes.len() > UPLOAD_BYTES {
            return Err(AppError::invalid(format!("the document has more than {UPLOAD_BYTES} bytes")));
        }
        let view = self.view();
        let entity = about.entity.as_deref().filter(|text| !text.is_empty());
        let entity = entity.map(|text| EntityRef::parse(text, Some("component"), "default"));
        let entity = entity.transpose().map_err(|error| AppError::invalid(format!("entity: {error}")))?;
        if let Some(entity) = &entity
            && view.catalog.get(entity).is_none()
        {
            return Err(AppError::NotFound { what: "entity", name: entity.to_string(), near: Vec::new() });
        }
        let image = about.image.as_deref().filter(|it| !it.is_empty()).map(image_digest).transpose()?;
        let environment = plain("environment", about.environment)?;
        let version = plain("version", about.version)?;
        let root = self.inner.config.trust_root.clone();
        let asked = image.clone();
        let read = tokio::task::spawn_blocking(move || read(bytes, asked, root.as_deref()));
        let read = read
            .await
            .map_err(|error| AppError::Internal(format!("reading a document ended early: {error}")))??;
        let Read { evidence, bytes, reduced, image: named, signature } = read;
        let image = image.or(named);
        if entity.is_none() && image.is_none() {
            return Err(AppError::Invalid {
                message: "the document does not say what it is about".to_owned(),
                hint: Some(
                    "name the entity (--entity component:default/shop), the image's digest, or both"
                        .to_owned(),
                ),
            });
        }
        let mut stored = StoredEvidence {
            entity,
            image,
            environment,
            version,
            kind: evidence.kind,
            format: evidence.format,
            tool: evidence.tool.clone(),
            created_at: evidence.created_at,
            received_at: self.now(),
            document: Digest::of(&bytes),
            bytes: bytes.len(),
            reduced,
            components: evidence.components.len(),
            vulnerabilities: evidence.severities(),
            results: SeverityCounts::of(evidence.results.iter().map(|it| it.severity)),
            builds: evidence
                .builds
                .iter()
                .take(20)
                .cloned()
                .map(|build| Build { materials: Vec::new(), ..build })
                .collect(),
            signatures: evidence.signatures.clone(),
            signature,
            first_seen: BTreeMap::new(),
        };
        self.note_first_sight(&mut stored, &evidence).await?;
        self.inner.ledger.put_blobs(vec![bytes]).await?;
        let key = stored.key();
        let body = serde_json::to_value(&stored).map_err(|error| AppError::Internal(error.to_string()))?;
        let mut facts: Vec<NewFact> = self
            .outdated(&stored, &key)
            .into_iter()
            .map(|old| NewFact::by(caller, kind::EVIDENCE, old, None))
            .collect();
        facts.push(NewFact::by(caller, kind::EVIDENCE, key, Some(body)));
        self.append(facts).await?;
        Ok(stored)
    }

    /// What was taken in about an entity, or about everything, by kind and the newest first.
    pub fn evidence_of(
        &self,
        caller: &Caller,
        entity: Option<&EntityRef>,
    ) -> Result<Vec<StoredEvidence>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        let mut found: Vec<StoredEvidence> = view
            .evidence
            .values()
            .filter(|it| entity.is_none_or(|entity| it.entity.as_ref() == Some(entity)))
            .map(|it| it.as_ref().clone())
            .collect();
        found.sort_by(|one, two| one.kind.cmp(&two.kind).then(two.received_at.cmp(&one.received_at)));
        Ok(found)
    }

    /// A document as it is kept.
    pub async fn evidence_document(&self, caller: &Caller, document: &Digest) -> Result<Vec<u8>, AppError> {
        caller.authorise(Permission::Read)?;
        let missing = || AppError::NotFound { what: "document", name: document.short(), near: Vec::new() };
        // Blobs are shared, so only those are given out that are evidence.
        if !self.view().evidence.values().any(|it| it.document == *document) {
            return Err(missing());
        }
        self.inner.ledger.blob(document).await?.ok_or_else(missing)
    }

    /// Signatures and provenance beyond those that are kept, the oldest first.
    fn outdated(&self, new: &StoredEvidence, key: &str) -> Vec<String> {
        if !matches!(new.kind, EvidenceKind::Signature | EvidenceKind::Provenance) {
            return Vec::new();
        }
        let view = self.view();
        let mut same: Vec<(Timestamp, &String)> = view
            .evidence
            .iter()
            .filter(|(known, it)| {
                *known != key && it.kind == new.kind && it.entity == new.entity && it.entity.is_some()
            })
            .map(|(known, it)| (it.received_at, known))
            .collect();
        same.sort();
        let surplus = (same.len() + 1).saturating_sub(KEPT);
        same.into_iter().take(surplus).map(|(_, known)| known.clone()).collect()
    }

    /// Notes when the vulnerabilities of a new document were first seen in the ones before it.
    async fn note_first_sight(&self, new: &mut StoredEvidence, evidence: &Evidence) -> Result<(), AppError> {
        if evidence.vulnerabilities.is_empty() {
            return Ok(());
        }
        let index = self.supply_index().await?;
        let wanted: BTreeSet<(&str, &str)> =
            evidence.vulnerabilities.iter().map(|it| (it.id.as_str(), it.package.as_str())).collect();
        let view = self.view();
        for (key, old) in view.evidence.iter() {
            let same = if new.entity.is_some() { old.entity == new.entity } else { old.image == new.image };
            if !same || old.environment != new.environment {
                continue;
            }
            for weak in index.vulnerabilities_of(key) {
                if wanted.contains(&(weak.id.as_str(), weak.package.as_str())) && new.first_seen.len() < NOTED
                {
                    let since = old.seen_since(&weak.id, &weak.package);
                    let known =
                        new.first_seen.entry(format!("{}|{}", weak.id, weak.package)).or_insert(since);
                    *known = since.min(*known);
                }
            }
        }
        Ok(())
    }
}

/// A document, read and ready to be kept.
struct Read {
    evidence: Evidence,
    bytes: Vec<u8>,
    reduced: bool,
    image: Option<String>,
    signature: Option<SignatureState>,
}

fn read(bytes: Vec<u8>, image: Option<String>, root: Option<&str>) -> Result<Read, AppError> {
    let evidence = fairway_supply::read(&bytes).map_err(|error| AppError::invalid(error.to_string()))?;
    let named =
        evidence.subjects.iter().find_map(|it| it.digest.clone().filter(|it| it.starts_with("sha256:")));
    let image = image.or(named.filter(|it| image_digest(it).is_ok()));
    let signature = signature_of(&bytes, &evidence, image.as_deref(), root);
    // A scanner's report may quote the secret that it found. What was read of it does not.
    let scanned = matches!(evidence.format, Format::Trivy | Format::Sarif);
    let quotes = scanned && (evidence.results.iter().any(|it| it.is_secret) || may_hold_secrets(&bytes));
    let bytes = if quotes {
        serde_json::to_vec(&evidence).map_err(|error| AppError::Internal(error.to_string()))?
    } else {
        bytes
    };
    Ok(Read { evidence, bytes, reduced: quotes, image, signature })
}

/// Whether a report holds a secret, or was not looked at as a whole.
fn may_hold_secrets(bytes: &[u8]) -> bool {
    let seen = fairway_secrets::scan("report.env", bytes, &AllowList::default());
    !seen.findings.is_empty() || seen.skipped.is_some()
}

fn signature_of(
    bytes: &[u8],
    evidence: &Evidence,
    image: Option<&str>,
    root: Option<&str>,
) -> Option<SignatureState> {
    if evidence.signatures.is_empty() {
        return None;
    }
    let unknown = |reason: &str| Some(SignatureState::NotVerified { reason: reason.to_owned() });
    if evidence.format == Format::CosignLegacy {
        return unknown("it is of cosign before Sigstore bundles; sign with --new-bundle-format");
    }
    let Some(root) = root else {
        return unknown("the platform has no trust root; start it with --trust-root");
    };
    let Some(image) = image else {
        return unknown("it names no image; give its digest");
    };
    let Ok(text) = std::str::from_utf8(bytes) else { return unknown("it is no text") };
    let root = match TrustRoot::read(root) {
        Ok(root) => root,
        Err(refusal) => return unknown(&refusal.to_string()),
    };
    let anybody = Verifying::Keyless { identity: None, issuer: None };
    match fairway_supply::verify(Artefact::Digest(image), text, &root, &anybody) {
        Ok(verified) => Some(SignatureState::Verified {
            identity: verified.identity,
            issuer: verified.issuer,
            signed_at: verified.signed_at,
            predicate_type: verified.predicate,
            predicate: fairway_supply::attested_predicate(text, PREDICATE_BYTES),
        }),
        Err(refusal @ fairway_supply::Refusal::Unsupported(_)) => unknown(&refusal.to_string()),
        Err(refusal) => Some(SignatureState::Refused { reason: refusal.to_string() }),
    }
}
