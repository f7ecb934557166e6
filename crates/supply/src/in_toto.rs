//! in-toto statements, alone or in DSSE envelopes.
//! <https://github.com/in-toto/attestation/tree/main/spec>

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;
use serde_json::Value;

use crate::error::SupplyError;
use crate::evidence::{Evidence, EvidenceKind, Format, Subject, text};
use crate::{cyclonedx, provenance, spdx};

const NAME: &str = "in-toto statement";

#[derive(Deserialize)]
struct Statement {
    #[serde(default)]
    subject: Vec<StatementSubject>,
    #[serde(default, rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: Value,
}

#[derive(Deserialize)]
struct StatementSubject {
    #[serde(default)]
    name: String,
    #[serde(default)]
    digest: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Envelope {
    payload: String,
    #[serde(default, rename = "payloadType")]
    payload_type: String,
}

/// The statement's `predicateType`; `None` for what is no statement.
pub(crate) fn predicate_type(statement: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Peek {
        #[serde(rename = "predicateType")]
        predicate_type: String,
    }
    serde_json::from_slice::<Peek>(statement).ok().map(|it| text(&it.predicate_type))
}

/// The statement's `predicate`; `None` where it weighs more than `limit` bytes as compact JSON.
pub(crate) fn predicate(statement: &[u8], limit: usize) -> Option<Value> {
    let statement: Statement = serde_json::from_slice(statement).ok()?;
    let weight = serde_json::to_vec(&statement.predicate).ok()?.len();
    (weight <= limit && !statement.predicate.is_null()).then_some(statement.predicate)
}

/// Reads what is in a DSSE envelope. Its signature is not looked at.
pub(crate) fn read_envelope(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    read_statement(&payload(bytes)?)
}

/// The in-toto statement in a DSSE envelope, as bytes.
pub(crate) fn payload(bytes: &[u8]) -> Result<Vec<u8>, SupplyError> {
    let envelope: Envelope =
        serde_json::from_slice(bytes).map_err(|error| SupplyError::malformed("DSSE envelope", error))?;
    if !envelope.payload_type.contains("in-toto") {
        let reason =
            format!("the payload is {:?}, and only in-toto statements are read", envelope.payload_type);
        return Err(SupplyError::malformed("DSSE envelope", reason));
    }
    STANDARD
        .decode(&envelope.payload)
        .or_else(|_| URL_SAFE.decode(&envelope.payload))
        .map_err(|error| SupplyError::malformed("DSSE envelope", error))
}

/// Reads a statement: who it is about, and what its predicate says when that is a known one.
pub(crate) fn read_statement(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let statement: Statement =
        serde_json::from_slice(bytes).map_err(|error| SupplyError::malformed(NAME, error))?;
    let kind = statement.predicate_type.as_str();
    let again =
        |value: &Value| serde_json::to_vec(value).map_err(|error| SupplyError::malformed(NAME, error));
    let mut evidence = if kind.contains("slsa.dev/provenance") {
        provenance::read(kind, &statement.predicate)?
    } else if kind.contains("cyclonedx.org/bom") {
        cyclonedx::read(&again(&statement.predicate)?)?
    } else if kind.contains("spdx.dev/Document") {
        // Some tools put the document into the predicate as text.
        match &statement.predicate {
            Value::String(inner) => spdx::read(inner.as_bytes())?,
            other => spdx::read(&again(other)?)?,
        }
    } else {
        let mut evidence = Evidence::new(EvidenceKind::Provenance, Format::InToto);
        evidence.tool = Some(text(kind));
        evidence
    };
    let subjects = statement.subject.into_iter().take(1000).map(|subject| Subject {
        name: text(&subject.name),
        digest: ["sha256", "sha512", "sha1", "gitCommit"]
            .iter()
            .find_map(|algorithm| Some(format!("{algorithm}:{}", text(subject.digest.get(*algorithm)?)))),
    });
    evidence.subjects = subjects.collect();
    Ok(evidence)
}
