//! The one model that all formats are read into.

use std::collections::BTreeSet;

use fairway_domain::Timestamp;
use fairway_domain::finding::Severity;
use serde::{Deserialize, Serialize};

/// The most entries of one list of a document; what is more is counted, not kept.
pub(crate) const ENTRIES: usize = 100_000;
/// The longest text that is kept, in characters.
pub(crate) const TEXT: usize = 1000;

/// What kind of thing a document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// What the artefact is made of.
    Sbom,
    /// What a scanner found.
    Scan,
    /// How it was built.
    Provenance,
    /// That somebody signed it.
    Signature,
}

impl EvidenceKind {
    /// The word for it in addresses and facts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sbom => "sbom",
            Self::Scan => "scan",
            Self::Provenance => "provenance",
            Self::Signature => "signature",
        }
    }
}

/// The format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Static Analysis Results Interchange Format 2.1.0.
    Sarif,
    /// Trivy's own JSON.
    Trivy,
    /// CycloneDX, JSON or XML.
    CycloneDx,
    /// SPDX 2, JSON or tag-value.
    Spdx,
    /// An in-toto statement, alone or in a DSSE envelope.
    InToto,
    /// A Sigstore bundle.
    SigstoreBundle,
    /// The bundle of cosign before Sigstore bundles, which lacks what offline verification needs.
    CosignLegacy,
}

impl Format {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sarif => "SARIF",
            Self::Trivy => "Trivy",
            Self::CycloneDx => "CycloneDX",
            Self::Spdx => "SPDX",
            Self::InToto => "in-toto",
            Self::SigstoreBundle => "Sigstore bundle",
            Self::CosignLegacy => "cosign (before bundles)",
        }
    }
}

/// An artefact that a document is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// As the document names it.
    pub name: String,
    /// Its digest as `sha256:…`, when the document has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A library or package in an artefact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Component {
    /// The package URL, when the document has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// The name, with its group or namespace: `org.acme/shop`.
    pub name: String,
    /// The version; empty when the document has none.
    pub version: String,
    /// Licences as SPDX expressions or names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
}

/// A known weakness of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vulnerability {
    /// For example `CVE-2021-44228`.
    pub id: String,
    /// How bad; `None` when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The highest base score of CVSS that the document has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<f64>,
    /// The component's name.
    pub package: String,
    /// The component's version.
    pub version: String,
    /// The component's package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// The version without it, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// One line for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
}

/// A finding of a scanner that is about code or settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanResult {
    /// The scanner's rule.
    pub rule: String,
    /// How bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// What is wrong. Of a secret only its kind.
    pub message: String,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Whether it is about a secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
}

/// What went into a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// Where it is from.
    pub uri: String,
    /// Its digest as `algorithm:value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// How an artefact was built, as its builder says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// Who built it.
    pub builder: String,
    /// How such builds are described.
    pub build_type: String,
    /// The repository that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The commit that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The run of the builder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// What went in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<Material>,
}

/// What a bundle claims about a signature. Nothing of it is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureClaim {
    /// Who signed, by the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Who vouched for the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What an attestation says, by its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// Whether a log entry with an inclusion proof is in the bundle.
    pub logged: bool,
}

/// How many of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityCounts {
    /// To be mended now.
    pub critical: usize,
    /// To be mended soon.
    pub high: usize,
    /// Should be mended.
    pub medium: usize,
    /// Good to mend.
    pub low: usize,
    /// Nobody said.
    pub unknown: usize,
}

impl SeverityCounts {
    /// Counts severities.
    pub fn of(severities: impl Iterator<Item = Option<Severity>>) -> Self {
        let mut counts = Self::default();
        for severity in severities {
            match severity {
                Some(Severity::Critical) => counts.critical += 1,
                Some(Severity::High) => counts.high += 1,
                Some(Severity::Medium) => counts.medium += 1,
                Some(Severity::Low) => counts.low += 1,
                None => counts.unknown += 1,
            }
        }
        counts
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.critical + self.high + self.medium + self.low + self.unknown
    }
}

/// A document, read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// What kind of thing it says.
    pub kind: EvidenceKind,
    /// The format.
    pub format: Format,
    /// Who made it, with version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// When it was made, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// What is known to be weak.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vulnerabilities: Vec<Vulnerability>,
    /// What a scanner says of code and settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ScanResult>,
    /// How it was built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub builds: Vec<Build>,
    /// Who signed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureClaim>,
    /// How many entries were left out, because there were more than anybody has.
    #[serde(default)]
    pub left_out: usize,
}

impl Evidence {
    pub(crate) fn new(kind: EvidenceKind, format: Format) -> Self {
        Self {
            kind,
            format,
            tool: None,
            created_at: None,
            subjects: Vec::new(),
            components: Vec::new(),
            vulnerabilities: Vec::new(),
            results: Vec::new(),
            builds: Vec::new(),
            signatures: Vec::new(),
            left_out: 0,
        }
    }

    /// Sorted, each entry once, none longer or more than the limits.
    pub(crate) fn settle(mut self) -> Self {
        let mut left_out = 0;
        let components: BTreeSet<Component> = std::mem::take(&mut self.components).into_iter().collect();
        left_out += components.len().saturating_sub(ENTRIES);
        self.components = components.into_iter().take(ENTRIES).collect();
        let key = |it: &Vulnerability| (it.id.clone(), it.package.clone(), it.version.clone());
        self.vulnerabilities.sort_by_key(key);
        self.vulnerabilities.dedup_by_key(|it| key(it));
        for list in [self.vulnerabilities.len(), self.results.len()] {
            left_out += list.saturating_sub(ENTRIES);
        }
        self.vulnerabilities.truncate(ENTRIES);
        self.results.truncate(ENTRIES);
        self.subjects.sort();
        self.subjects.dedup();
        self.subjects.truncate(1000);
        self.left_out += left_out;
        self
    }

    /// Vulnerabilities by severity.
    pub fn severities(&self) -> SeverityCounts {
        SeverityCounts::of(self.vulnerabilities.iter().map(|it| it.severity))
    }
}

/// At most [`TEXT`] characters, on one line, without what moves a terminal.
pub(crate) fn text(from: &str) -> String {
    let clean = from.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(TEXT).collect()
}

/// A time as tools write it; `None` for what is no time.
pub(crate) fn time(from: &str) -> Option<Timestamp> {
    from.trim().parse::<jiff::Timestamp>().ok()
}
