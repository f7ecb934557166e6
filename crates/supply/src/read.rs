//! Tells the format of a document by what is in it, and reads it.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::SupplyError;
use crate::evidence::Evidence;
use crate::{bundle, cyclonedx, cyclonedx_xml, in_toto, sarif, spdx, spdx_text, trivy};

/// The largest document that is read, in bytes.
pub const DOCUMENT_BYTES: usize = 64 * 1024 * 1024;

/// The members that tell formats of JSON apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Peek {
    #[serde(rename = "bomFormat")]
    bom_format: Option<String>,
    #[serde(rename = "spdxVersion")]
    spdx_version: Option<String>,
    #[serde(rename = "@context")]
    context: Option<IgnoredAny>,
    #[serde(rename = "SchemaVersion")]
    trivy_version: Option<u64>,
    #[serde(rename = "Results")]
    trivy_results: Option<IgnoredAny>,
    runs: Option<IgnoredAny>,
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    #[serde(rename = "payloadType")]
    payload_type: Option<IgnoredAny>,
    #[serde(rename = "_type")]
    statement_type: Option<IgnoredAny>,
    #[serde(rename = "predicateType")]
    predicate_type: Option<IgnoredAny>,
    #[serde(rename = "base64Signature")]
    legacy_signature: Option<IgnoredAny>,
    #[serde(rename = "rekorBundle")]
    legacy_log: Option<IgnoredAny>,
}

/// Reads a document of any known format.
pub fn read(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    if bytes.len() > DOCUMENT_BYTES {
        return Err(SupplyError::TooLarge { bytes: bytes.len(), limit: DOCUMENT_BYTES });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let evidence = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => read_json(bytes),
        Some(b'<') => cyclonedx_xml::read(bytes),
        Some(_) if spdx_text::is_one(bytes) => spdx_text::read(bytes),
        _ => Err(SupplyError::UnknownFormat),
    };
    evidence.map(Evidence::settle)
}

fn read_json(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let peek: Peek = serde_json::from_slice(bytes).map_err(|error| SupplyError::malformed("JSON", error))?;
    let as_text = || std::str::from_utf8(bytes).map_err(|error| SupplyError::malformed("JSON", error));
    if peek.bom_format.is_some_and(|it| it.eq_ignore_ascii_case("CycloneDX")) {
        cyclonedx::read(bytes)
    } else if peek.media_type.is_some_and(|it| it.contains("sigstore.bundle")) {
        bundle::read(as_text()?)
    } else if peek.spdx_version.is_some() {
        spdx::read(bytes)
    } else if peek.payload_type.is_some() {
        in_toto::read_envelope(bytes)
    } else if peek.statement_type.is_some() || peek.predicate_type.is_some() {
        in_toto::read_statement(bytes)
    } else if peek.trivy_version.is_some() || peek.trivy_results.is_some() {
        trivy::read(bytes)
    } else if peek.runs.is_some() {
        sarif::read(bytes)
    } else if peek.legacy_signature.is_some() || peek.legacy_log.is_some() {
        Ok(bundle::read_legacy())
    } else if peek.context.is_some() {
        Err(SupplyError::UnknownVersion {
            format: "SPDX",
            version: "3".to_owned(),
            known: "2.2 and 2.3 are, as JSON and as tag-value",
        })
    } else {
        Err(SupplyError::UnknownFormat)
    }
}
