//! Reads evidence of the supply chain into one model, and verifies signatures without a network.
//!
//! Evidence is what tools say of an artefact: bills of materials (CycloneDX, SPDX), scans (SARIF, Trivy), provenance
//! (in-toto, SLSA) and signatures (Sigstore bundles). This room must not fetch anything, decide what a vulnerability
//! leads to, or keep what a scanner found in place of saying where. Verification looks at the clock for one thing: a log
//! entry of the future is refused.

mod bundle;
mod cryptography;
mod cyclonedx;
mod cyclonedx_xml;
mod error;
mod evidence;
mod in_toto;
mod provenance;
mod purl;
mod read;
mod sarif;
mod severity;
mod signature;
mod spdx;
mod spdx_text;
mod trivy;
mod version;

pub use bundle::attested_predicate;
pub use error::SupplyError;
pub use evidence::{
    Build, Component, Evidence, EvidenceKind, Format, Material, ScanResult, SeverityCounts, SignatureClaim,
    Subject, Vulnerability,
};
pub use purl::Purl;
pub use read::{DOCUMENT_BYTES, read};
pub use signature::{
    Artefact, ExpectedText, PublicKey, Refusal, TrustRoot, VerifiedSignature, Verifying, verify,
};
pub use version::{VersionRange, compare_versions};
