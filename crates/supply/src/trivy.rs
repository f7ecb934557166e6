//! Trivy's own JSON. <https://trivy.dev/latest/docs/configuration/reporting/#json>
//!
//! Of secrets only the kind and the place are read; `Match` and `Code` hold the secret and are passed over.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::SupplyError;
use crate::evidence::{
    Component, Evidence, EvidenceKind, Format, ScanResult, Subject, Vulnerability, text, time,
};
use crate::severity;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Report {
    created_at: String,
    artifact_name: String,
    metadata: Metadata,
    results: Option<Vec<Target>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Metadata {
    repo_digests: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Target {
    #[serde(rename = "Target")]
    file: String,
    packages: Option<Vec<Package>>,
    vulnerabilities: Option<Vec<Found>>,
    misconfigurations: Option<Vec<Misconfiguration>>,
    secrets: Option<Vec<Secret>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Identifier {
    #[serde(rename = "PURL")]
    purl: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Package {
    name: String,
    version: String,
    identifier: Identifier,
    licenses: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Found {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    pkg_name: String,
    pkg_identifier: Identifier,
    installed_version: String,
    fixed_version: Option<String>,
    severity: Option<String>,
    title: Option<String>,
    #[serde(rename = "CVSS")]
    cvss: Option<BTreeMap<String, Scores>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scores {
    #[serde(rename = "V3Score")]
    v3: Option<f64>,
    #[serde(rename = "V40Score")]
    v4: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Misconfiguration {
    #[serde(rename = "ID")]
    id: String,
    title: String,
    message: String,
    severity: Option<String>,
    status: String,
    cause_metadata: Cause,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Cause {
    start_line: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Secret {
    #[serde(rename = "RuleID")]
    rule: String,
    title: String,
    severity: Option<String>,
    start_line: Option<u64>,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let report: Report =
        serde_json::from_slice(bytes).map_err(|error| SupplyError::malformed("Trivy", error))?;
    let mut evidence = Evidence::new(EvidenceKind::Scan, Format::Trivy);
    evidence.tool = Some("Trivy".to_owned());
    evidence.created_at = time(&report.created_at);
    let digests = report.metadata.repo_digests.unwrap_or_default();
    let digest = digests.iter().find_map(|it| Some(text(it.split_once('@')?.1)));
    evidence.subjects = vec![Subject { name: text(&report.artifact_name), digest }];
    for target in report.results.unwrap_or_default() {
        let file = Some(text(&target.file)).filter(|it| !it.is_empty());
        evidence.components.extend(target.packages.into_iter().flatten().map(|package| Component {
            purl: package.identifier.purl.as_deref().map(text),
            name: text(&package.name),
            version: text(&package.version),
            licences: package.licenses.iter().flatten().take(20).map(|it| text(it)).collect(),
        }));
        evidence
            .vulnerabilities
            .extend(target.vulnerabilities.into_iter().flatten().map(|it| vulnerability(&it)));
        let wrong = target.misconfigurations.into_iter().flatten().filter(|it| it.status != "PASS");
        evidence.results.extend(wrong.map(|it| ScanResult {
            rule: text(&it.id),
            severity: severity::of_word(it.severity.as_deref().unwrap_or_default()),
            message: text(if it.message.is_empty() { &it.title } else { &it.message }),
            file: file.clone(),
            line: it.cause_metadata.start_line,
            is_secret: false,
        }));
        evidence.results.extend(target.secrets.into_iter().flatten().map(|it| ScanResult {
            rule: text(&it.rule),
            severity: severity::of_word(it.severity.as_deref().unwrap_or_default()),
            message: text(&it.title),
            file: file.clone(),
            line: it.start_line,
            is_secret: true,
        }));
    }
    Ok(evidence)
}

fn vulnerability(found: &Found) -> Vulnerability {
    let scores = found.cvss.iter().flatten().flat_map(|(_, scores)| [scores.v3, scores.v4]).flatten();
    let cvss = scores.filter(|score| (0.0..=10.0).contains(score)).max_by(f64::total_cmp);
    Vulnerability {
        id: text(&found.id),
        severity: severity::of_word(found.severity.as_deref().unwrap_or_default()),
        cvss,
        package: text(&found.pkg_name),
        version: text(&found.installed_version),
        purl: found.pkg_identifier.purl.as_deref().map(text),
        fixed: found.fixed_version.as_deref().map(text).filter(|it| !it.is_empty()),
        title: found.title.as_deref().map(text).unwrap_or_default().chars().take(200).collect(),
    }
}
