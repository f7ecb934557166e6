//! CycloneDX as JSON, of any version from 1.2 on: the members that are read have kept their form since.
//! <https://cyclonedx.org/docs/1.6/json/>

use serde::Deserialize;
use serde_json::Value;

use crate::error::SupplyError;
use crate::evidence::{Component, Evidence, EvidenceKind, Format, Subject, Vulnerability, text, time};
use crate::purl::Purl;
use crate::severity;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Bom {
    metadata: Metadata,
    components: Vec<BomComponent>,
    vulnerabilities: Vec<BomVulnerability>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    timestamp: Option<String>,
    tools: Value,
    component: Option<BomComponent>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BomComponent {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    group: Option<String>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    licenses: Option<Vec<Value>>,
    hashes: Option<Vec<Value>>,
    components: Vec<BomComponent>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BomVulnerability {
    id: String,
    ratings: Option<Vec<Rating>>,
    description: Option<String>,
    affects: Option<Vec<Affected>>,
    recommendation: Option<String>,
    analysis: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Rating {
    score: Option<f64>,
    severity: Option<String>,
    method: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
}

/// A component, however it was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) reference: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) purl: Option<String>,
    pub(crate) licences: Vec<String>,
}

impl Written {
    /// `None` when it has no name.
    pub(crate) fn component(&self) -> Option<Component> {
        let purl = self.purl.as_deref().and_then(Purl::parse);
        let group = self.group.as_deref().map(str::trim).filter(|group| !group.is_empty());
        let name = match (group, self.name.trim()) {
            (_, "") => purl.as_ref()?.full_name(),
            (Some(group), name) => format!("{group}/{name}"),
            (None, name) => name.to_owned(),
        };
        let version = self.version.as_deref().map(str::trim).unwrap_or_default();
        let version = match (version, &purl) {
            ("", Some(purl)) => purl.version.clone(),
            (version, _) => version.to_owned(),
        };
        Some(Component {
            purl: self.purl.as_deref().map(text),
            name: text(&name),
            version: text(&version),
            licences: self.licences.iter().take(20).map(|it| text(it)).collect(),
        })
    }
}

pub(crate) fn read(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let bom: Bom =
        serde_json::from_slice(bytes).map_err(|error| SupplyError::malformed("CycloneDX", error))?;
    let mut evidence = Evidence::new(EvidenceKind::Sbom, Format::CycloneDx);
    evidence.created_at = bom.metadata.timestamp.as_deref().and_then(time);
    evidence.tool = tool(&bom.metadata.tools);
    if let Some(component) = &bom.metadata.component {
        let digest = component.hashes.iter().flatten().find_map(|hash| {
            let is_sha256 = hash.get("alg").and_then(Value::as_str) == Some("SHA-256");
            is_sha256.then(|| {
                format!("sha256:{}", hash.get("content").and_then(Value::as_str).unwrap_or_default())
            })
        });
        let digest = digest.or_else(|| digest_in(component.purl.as_deref()?));
        let name = written(component).component().map(|it| it.name).unwrap_or_default();
        evidence.subjects = vec![Subject { name, digest }];
    }
    let mut all = Vec::new();
    let mut waiting: Vec<&BomComponent> = bom.components.iter().rev().collect();
    waiting.extend(bom.metadata.component.iter().flat_map(|it| it.components.iter()));
    while let Some(component) = waiting.pop() {
        waiting.extend(component.components.iter().rev());
        all.push(written(component));
    }
    for vulnerability in &bom.vulnerabilities {
        evidence.vulnerabilities.extend(weaknesses(vulnerability, &all));
    }
    evidence.components = all.iter().filter_map(Written::component).collect();
    Ok(evidence)
}

/// The digest of a container image stands in its package URL: `pkg:oci/shop@sha256:…`, escaped or not.
fn digest_in(purl: &str) -> Option<String> {
    let version = Purl::parse(purl)?.version;
    version.starts_with("sha256:").then_some(version)
}

fn written(component: &BomComponent) -> Written {
    let licences = component.licenses.iter().flatten().filter_map(|it| {
        let licence = it.get("license");
        let named = licence.and_then(|it| it.get("id").or_else(|| it.get("name")));
        named.or_else(|| it.get("expression")).and_then(Value::as_str).map(str::to_owned)
    });
    Written {
        reference: component.reference.clone(),
        group: component.group.clone(),
        name: component.name.clone(),
        version: component.version.clone(),
        purl: component.purl.clone(),
        licences: licences.collect(),
    }
}

/// `tools` is a list up to 1.4, and an object with components since 1.5.
fn tool(tools: &Value) -> Option<String> {
    let list = tools.as_array().or_else(|| tools.get("components")?.as_array())?;
    let first = list.first()?;
    let part = |key: &str| first.get(key).and_then(Value::as_str).unwrap_or_default();
    Some(text(&format!("{} {}", part("name"), part("version"))))
}

fn weaknesses(vulnerability: &BomVulnerability, components: &[Written]) -> Vec<Vulnerability> {
    // What somebody analysed and found not to be affected is no weakness of this artefact.
    let state = vulnerability.analysis.get("state").and_then(Value::as_str).unwrap_or_default();
    if matches!(state, "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree") {
        return Vec::new();
    }
    let ratings = vulnerability.ratings.as_deref().unwrap_or_default();
    let cvss = ratings
        .iter()
        .filter(|rating| rating.method.as_deref().is_none_or(|method| method.starts_with("CVSS")))
        .filter_map(|rating| rating.score)
        .filter(|score| (0.0..=10.0).contains(score))
        .max_by(f64::total_cmp);
    let words = ratings.iter().filter_map(|rating| severity::of_word(rating.severity.as_deref()?));
    let severity = words.max().or_else(|| severity::of_score(cvss?));
    let about = |component: Option<Component>, reference: &str| {
        let purl = Purl::parse(reference);
        let component = component.unwrap_or_else(|| Component {
            purl: purl.as_ref().map(|_| text(reference)),
            name: purl.as_ref().map_or_else(|| text(reference), Purl::full_name),
            version: purl.map(|it| it.version).unwrap_or_default(),
            licences: Vec::new(),
        });
        Vulnerability {
            id: text(&vulnerability.id),
            severity,
            cvss,
            package: component.name,
            version: component.version,
            purl: component.purl,
            fixed: None,
            title: text(
                vulnerability
                    .description
                    .as_deref()
                    .or(vulnerability.recommendation.as_deref())
                    .unwrap_or_default(),
            )
            .chars()
            .take(200)
            .collect(),
        }
    };
    let affected = vulnerability.affects.as_deref().unwrap_or_default();
    if affected.is_empty() {
        return vec![about(None, "")];
    }
    let find = |reference: &str| {
        components.iter().find(|it| it.reference.as_deref() == Some(reference)).and_then(Written::component)
    };
    affected.iter().take(1000).map(|it| about(find(&it.reference), &it.reference)).collect()
}
