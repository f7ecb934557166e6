//! What Sigstore bundles, and cosign's before them, say of themselves. Nothing is verified here.

use serde_json::Value;
use sigstore_verify::types::Bundle;

use crate::error::SupplyError;
use crate::evidence::{Evidence, EvidenceKind, Format, SignatureClaim, Subject, text};
use crate::{cryptography, in_toto};

/// Reads a bundle. Of an attestation, what its statement says is read as well, so that a signed SBOM is an SBOM.
pub(crate) fn read(json: &str) -> Result<Evidence, SupplyError> {
    cryptography::install();
    let wrong = |error: &dyn std::fmt::Display| SupplyError::malformed("Sigstore bundle", error);
    let bundle = Bundle::from_json(json).map_err(|error| wrong(&error))?;
    let value: Value = serde_json::from_str(json).map_err(|error| wrong(&error))?;
    let certificate =
        bundle.signing_certificate().and_then(|it| sigstore_verify::crypto::parse_certificate_info(it).ok());
    let mut claim = SignatureClaim {
        identity: certificate.as_ref().and_then(|it| Some(text(it.identity.as_ref()?.as_str()))),
        issuer: certificate.as_ref().and_then(|it| Some(text(it.issuer.as_ref()?))),
        predicate: None,
        logged: bundle.has_inclusion_proof(),
    };
    let mut evidence = if let Some(envelope) = value.get("dsseEnvelope") {
        let bytes = serde_json::to_vec(envelope).map_err(|error| wrong(&error))?;
        let statement = in_toto::payload(&bytes)?;
        claim.predicate = in_toto::predicate_type(&statement);
        in_toto::read_statement(&statement)?
    } else {
        let mut evidence = Evidence::new(EvidenceKind::Signature, Format::SigstoreBundle);
        let digest = value.pointer("/messageSignature/messageDigest/digest").and_then(Value::as_str);
        evidence.subjects.extend(
            digest
                .and_then(hexadecimal)
                .map(|digest| Subject { name: String::new(), digest: Some(format!("sha256:{digest}")) }),
        );
        evidence
    };
    evidence.signatures = vec![claim];
    if evidence.kind == EvidenceKind::Provenance && evidence.builds.is_empty() {
        evidence.kind = EvidenceKind::Signature;
    }
    Ok(evidence)
}

/// What the attestation in a bundle says, when it weighs at most `limit` bytes as compact JSON. Whether it is signed is
/// for [`crate::verify`] to say.
pub fn attested_predicate(bundle: &str, limit: usize) -> Option<Value> {
    let bundle: Value = serde_json::from_str(bundle).ok()?;
    let envelope = serde_json::to_vec(bundle.get("dsseEnvelope")?).ok()?;
    in_toto::predicate(&in_toto::payload(&envelope).ok()?, limit)
}

/// Cosign's bundle before there were Sigstore bundles: a signature and a promise of the log.
pub(crate) fn read_legacy() -> Evidence {
    let mut evidence = Evidence::new(EvidenceKind::Signature, Format::CosignLegacy);
    evidence.signatures = vec![SignatureClaim::default()];
    evidence
}

/// Base64 as hexadecimal digits.
fn hexadecimal(base64: &str) -> Option<String> {
    use base64::Engine as _;
    use std::fmt::Write as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    Some(bytes.iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    }))
}
