//! Verifies Sigstore bundles against a trust root that is supplied, without a network.

use std::collections::BTreeSet;

use fairway_domain::Timestamp;
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{
    Artifact, ArtifactDigest, Bundle, DerPublicKey, DigestBytes, HashAlgorithm, SignatureContent,
};
use sigstore_verify::{
    CertificateError, Error, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier,
};

use crate::cryptography;
use crate::evidence::text;

/// The largest bundle or trust root that is read, in bytes.
const DOCUMENT_BYTES: usize = 16 * 1024 * 1024;
/// The largest artefact that is verified by its bytes.
const ARTEFACT_BYTES: usize = 1024 * 1024 * 1024;

/// What was signed.
#[derive(Clone, Copy, Debug)]
pub enum Artefact<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// Its SHA-256 or SHA-512 digest, as `sha256:` or `sha512:` and hexadecimal digits. Enough for attestations, whose
    /// statement names the digest; a signature over the file itself needs the bytes.
    Digest(&'a str),
}

/// What an identity or issuer has to be.
#[derive(Clone, Debug)]
pub enum ExpectedText {
    /// Exactly this.
    Exact(String),
    /// `*` stands for any characters, `?` for one.
    Wildcard(String),
    /// All of it fits this regular expression.
    Pattern(Regex),
}

impl ExpectedText {
    /// A regular expression for the whole text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn pattern(pattern: &str) -> Result<Self, String> {
        let anchored = format!("^(?:{pattern})$");
        let regex = regex::RegexBuilder::new(&anchored).size_limit(1024 * 1024).build();
        regex.map(Self::Pattern).map_err(|error| format!("\"{pattern}\" is no regular expression: {error}"))
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exact(expected) => expected == text,
            Self::Wildcard(pattern) => wildcard(pattern.as_bytes(), text.as_bytes()),
            Self::Pattern(regex) => regex.is_match(text),
        }
    }
}

impl std::fmt::Display for ExpectedText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(text) | Self::Wildcard(text) => formatter.write_str(text),
            Self::Pattern(regex) => {
                let inner = regex.as_str();
                let inner = inner.strip_prefix("^(?:").and_then(|it| it.strip_suffix(")$")).unwrap_or(inner);
                write!(formatter, "/{inner}/")
            }
        }
    }
}

/// Greedy, with one place to come back to: linear for one star, never exponential.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut position) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                back = Some((at, position));
                at += 1;
            }
            Some(byte) if *byte == b'?' || Some(byte) == text.get(position) => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((star, from)) = back else { return false };
                back = Some((star, from + 1));
                at = star + 1;
                position = from + 1;
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// A public key that signatures are made with, when nobody vouches for an identity.
#[derive(Clone, Debug)]
pub struct PublicKey(DerPublicKey);

impl PublicKey {
    /// Reads a PEM block `PUBLIC KEY`.
    pub fn from_pem(pem: &str) -> Result<Self, Refusal> {
        cryptography::install();
        let unreadable = |error: &dyn std::fmt::Display| Refusal::Unreadable {
            what: "public key",
            reason: text(&error.to_string()),
        };
        if pem.len() > 64 * 1024 {
            return Err(unreadable(&"it is larger than a key"));
        }
        DerPublicKey::from_pem(pem).map(Self).map_err(|error| unreadable(&error))
    }
}

/// Whom to trust: certificate authorities, logs and timestamping authorities, as `trusted_root.json` names them.
pub struct TrustRoot {
    verifier: Verifier,
    /// The logs that it names, by their identifiers in base64.
    logs: BTreeSet<String>,
}

impl TrustRoot {
    /// Reads a `trusted_root.json`.
    pub fn read(json: &str) -> Result<Self, Refusal> {
        cryptography::install();
        let unreadable = |error: &dyn std::fmt::Display| Refusal::Unreadable {
            what: "trust root",
            reason: text(&error.to_string()),
        };
        if json.len() > DOCUMENT_BYTES {
            return Err(unreadable(&"it is larger than 16 MiB"));
        }
        let root = TrustedRoot::from_json(json).map_err(|error| unreadable(&error))?;
        let verifier = Verifier::new(&root).map_err(|error| unreadable(&error))?;
        let value: Value = serde_json::from_str(json).map_err(|error| unreadable(&error))?;
        let logs = value.get("tlogs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let logs =
            logs.iter().filter_map(|log| Some(log.pointer("/logId/keyId")?.as_str()?.to_owned())).collect();
        Ok(Self { verifier, logs })
    }
}

impl TrustRoot {
    /// Why a verification failed; that nobody in the root vouches for the bundle comes before how that showed.
    fn explain(&self, bundle: &str, error: Error) -> Refusal {
        let value: Value = serde_json::from_str(bundle).unwrap_or_default();
        let entries = value.pointer("/verificationMaterial/tlogEntries").and_then(Value::as_array);
        let mut logs =
            entries.into_iter().flatten().filter_map(|entry| entry.pointer("/logId/keyId")?.as_str());
        let unknown = logs.find(|log| !self.logs.contains(*log)).map(text);
        match (&error, unknown) {
            (Error::TransparencyLog(_), Some(log)) => {
                Refusal::NotTrusted(format!("the transparency log {log} is not in it"))
            }
            _ => refusal(error),
        }
    }
}

/// What a signature has to be.
#[derive(Clone, Debug)]
pub enum Verifying {
    /// Made with a certificate for an identity, as in keyless signing. What is `None` may be anything.
    Keyless {
        /// Who signed: an address for mail or of a workflow.
        identity: Option<ExpectedText>,
        /// Who vouched for it, for example `https://token.actions.githubusercontent.com`.
        issuer: Option<ExpectedText>,
    },
    /// Made with a key.
    Key {
        /// The key.
        key: PublicKey,
        /// Whether the signature need not be in a transparency log.
        ignore_log: bool,
    },
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedSignature {
    /// Who signed; `None` for a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Who vouched for the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When, as a log or a timestamping authority says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// The repository that the certificate names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The commit that the certificate names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What an attestation says, by its type; `None` for a signature over the artefact itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// What was checked, in words.
    pub checked: Vec<String>,
}

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A document that verification needs cannot be read.
    #[error("the {what} cannot be used: {reason}")]
    Unreadable {
        /// Which.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The signature is about other bytes.
    #[error("the artefact is not the one that was signed: {0}")]
    ArtefactDiffers(String),
    /// The signature does not fit what it says that it signs.
    #[error("the signature does not fit: {0}")]
    SignatureInvalid(String),
    /// Somebody else signed.
    #[error("{expected} was expected to have signed, and {found} did")]
    OtherIdentity {
        /// Who should have.
        expected: String,
        /// Who did.
        found: String,
    },
    /// Somebody else vouched for the identity.
    #[error("{expected} was expected to vouch for the identity, and {found} did")]
    OtherIssuer {
        /// Who should have.
        expected: String,
        /// Who did.
        found: String,
    },
    /// The certificate, its log or the signature's log is of nobody in the trust root.
    #[error("the trust root does not know who vouches for this signature: {0}")]
    NotTrusted(String),
    /// The log does not prove that the signature is in it.
    #[error("the transparency log does not prove the signature: {0}")]
    NotLogged(String),
    /// When it was signed is not proven, or was outside the certificate's time.
    #[error("the time of the signature is not proven: {0}")]
    TimeUnproven(String),
    /// Nothing that is verified here.
    #[error("the bundle asks for something that is not verified here: {0}")]
    Unsupported(String),
}

impl Refusal {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::ArtefactDiffers(_) => "artefact-differs",
            Self::SignatureInvalid(_) => "signature-invalid",
            Self::OtherIdentity { .. } => "other-identity",
            Self::OtherIssuer { .. } => "other-issuer",
            Self::NotTrusted(_) => "not-trusted",
            Self::NotLogged(_) => "not-logged",
            Self::TimeUnproven(_) => "time-unproven",
            Self::Unsupported(_) => "unsupported",
        }
    }
}

/// Verifies a bundle: the certificate's chain to the trust root and its time, its entry in the certificate log, the
/// signature's entry in the transparency log, the signature, and that it is about the artefact; then who signed.
pub fn verify(
    artefact: Artefact<'_>,
    bundle: &str,
    root: &TrustRoot,
    verifying: &Verifying,
) -> Result<VerifiedSignature, Refusal> {
    cryptography::install();
    if bundle.len() > DOCUMENT_BYTES {
        let reason = "it is larger than 16 MiB".to_owned();
        return Err(Refusal::Unreadable { what: "bundle", reason });
    }
    let source = bundle;
    let bundle = Bundle::from_json(bundle)
        .map_err(|error| Refusal::Unreadable { what: "bundle", reason: text(&error.to_string()) })?;
    let ask = |artifact: Artifact<'_>| match verifying {
        // Who signed is judged below, once it is proven who did.
        Verifying::Keyless { .. } => {
            root.verifier.verify(artifact, &bundle, &VerificationPolicy::any_identity())
        }
        Verifying::Key { key, ignore_log } => {
            let policy = PublicKeyVerificationPolicy::new(key.0.clone());
            let policy = if *ignore_log { policy.skip_tlog_unsafe() } else { policy };
            root.verifier.verify(artifact, &bundle, &policy)
        }
    };
    let result = match artefact {
        Artefact::Bytes(bytes) if bytes.len() > ARTEFACT_BYTES => {
            return Err(Refusal::Unsupported("an artefact of more than 1 GiB".to_owned()));
        }
        Artefact::Bytes(bytes) => match &bundle.content {
            SignatureContent::MessageSignature(_) => {
                cryptography::with_message(bytes, || ask(Artifact::from_blob(bytes)))
            }
            _ => ask(Artifact::from_blob(bytes)),
        },
        Artefact::Digest(digest) => ask(Artifact::from_digest(digest_of(digest)?)),
    };
    let result = result.map_err(|error| root.explain(source, error))?;
    judge(&result, verifying)?;
    Ok(verified(&result, &bundle, verifying))
}

fn judge(result: &VerificationResult, verifying: &Verifying) -> Result<(), Refusal> {
    let Verifying::Keyless { identity, issuer } = verifying else { return Ok(()) };
    let found = result.identity().map_or("nobody", |it| it.as_str());
    if let Some(expected) = identity.as_ref().filter(|expected| !expected.fits(found)) {
        return Err(Refusal::OtherIdentity { expected: expected.to_string(), found: text(found) });
    }
    let found = result.issuer().unwrap_or("nobody");
    if let Some(expected) = issuer.as_ref().filter(|expected| !expected.fits(found)) {
        return Err(Refusal::OtherIssuer { expected: expected.to_string(), found: text(found) });
    }
    Ok(())
}

fn verified(result: &VerificationResult, bundle: &Bundle, verifying: &Verifying) -> VerifiedSignature {
    let claims = result.certificate().map(|certificate| &certificate.ci_claims);
    let claim = |value: Option<&String>| value.map(|it| text(it));
    let mut checked = vec!["the signature is about this artefact".to_owned()];
    if result.certificate_verified() {
        checked.push("the certificate is of an authority in the trust root, and was valid then".to_owned());
    }
    if result.sct_verified() {
        checked.push("the certificate is in the certificate log".to_owned());
    }
    if result.tlog_verified() {
        checked.push("the signature is in the transparency log".to_owned());
    }
    if let Verifying::Keyless { identity, issuer } = verifying {
        checked.extend(identity.as_ref().map(|it| format!("the identity is {it}")));
        checked.extend(issuer.as_ref().map(|it| format!("the issuer is {it}")));
    }
    let predicate = match &bundle.content {
        SignatureContent::DsseEnvelope(envelope) => {
            crate::in_toto::predicate_type(envelope.payload.as_bytes())
        }
        _ => None,
    };
    VerifiedSignature {
        identity: result.identity().map(|it| text(it.as_str())),
        issuer: result.issuer().map(text),
        signed_at: result.integrated_time().or_else(|| result.verified_timestamps().first().copied()),
        source: claim(claims.and_then(|it| it.source_repository_uri.as_ref())),
        commit: claim(claims.and_then(|it| it.source_repository_digest.as_ref())),
        predicate,
        checked,
    }
}

fn digest_of(digest: &str) -> Result<ArtifactDigest, Refusal> {
    let wrong = || Refusal::Unreadable {
        what: "artefact's digest",
        reason: "it has to be sha256: or sha512: with hexadecimal digits".to_owned(),
    };
    let (algorithm, digits) = digest.split_once(':').ok_or_else(wrong)?;
    let algorithm = match algorithm {
        "sha256" => HashAlgorithm::Sha2256,
        "sha512" => HashAlgorithm::Sha2512,
        _ => return Err(wrong()),
    };
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) || digits.len() > 128 {
        return Err(wrong());
    }
    let bytes: Option<Vec<u8>> = (0..digits.len() / 2)
        .map(|index| u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok())
        .collect();
    ArtifactDigest::new(algorithm, DigestBytes::new(bytes.ok_or_else(wrong)?)).map_err(|_| wrong())
}

fn refusal(error: Error) -> Refusal {
    let said = text(&error.to_string());
    match error {
        Error::SignatureInvalid(reason) if reason.contains("needs the file itself") => Refusal::Unsupported(
            "a signature over a file needs the file itself, its digest is not enough".to_owned(),
        ),
        Error::SignatureInvalid(_) | Error::Crypto(_) => Refusal::SignatureInvalid(said),
        Error::ArtifactMismatch(_) => Refusal::ArtefactDiffers(said),
        Error::Certificate(CertificateError::NotYetValid { .. } | CertificateError::Expired { .. })
        | Error::Timestamp(_) => Refusal::TimeUnproven(said),
        Error::Certificate(CertificateError::Malformed(_)) => {
            Refusal::Unreadable { what: "certificate", reason: said }
        }
        Error::Certificate(_) => Refusal::NotTrusted(said),
        Error::TransparencyLog(sigstore_verify::TransparencyLogError::UnknownLog { .. }) => {
            Refusal::NotTrusted(said)
        }
        Error::TransparencyLog(sigstore_verify::TransparencyLogError::EntryMismatch(_)) => {
            Refusal::SignatureInvalid(said)
        }
        Error::TransparencyLog(_) => Refusal::NotLogged(said),
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            Refusal::Unreadable { what: "trust root", reason: said }
        }
        Error::UnsupportedBundle(_) | Error::UnsupportedArtifact(_) => Refusal::Unsupported(said),
        _ => Refusal::Unreadable { what: "bundle", reason: said },
    }
}

#[cfg(test)]
mod tests {
    use super::wildcard;

    #[test]
    fn wildcards_stand_for_any_text() {
        for (pattern, text, fits) in [
            ("*", "", true),
            (
                "https://github.com/acme/*@refs/heads/main",
                "https://github.com/acme/x/y@refs/heads/main",
                true,
            ),
            ("https://github.com/acme/*", "https://github.com/evil/acme/", false),
            ("a*b*c", "aXbYbZc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "x", false),
        ] {
            assert_eq!(wildcard(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }
}
