//! SPDX 2 as JSON. <https://spdx.github.io/spdx-spec/v2.3/>

use serde::Deserialize;

use crate::error::SupplyError;
use crate::evidence::{Component, Evidence, EvidenceKind, Format, Subject, text, time};
use crate::purl::Purl;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    #[serde(rename = "spdxVersion")]
    version: String,
    name: String,
    creation_info: CreationInfo,
    #[serde(rename = "documentDescribes")]
    described: Vec<String>,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CreationInfo {
    created: String,
    creators: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    #[serde(rename = "relationshipType")]
    kind: String,
    related_spdx_element: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Package {
    #[serde(rename = "SPDXID")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version_info: Option<String>,
    pub(crate) license_concluded: Option<String>,
    pub(crate) license_declared: Option<String>,
    pub(crate) external_refs: Vec<ExternalReference>,
    pub(crate) checksums: Vec<Checksum>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ExternalReference {
    pub(crate) reference_type: String,
    pub(crate) reference_locator: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Checksum {
    pub(crate) algorithm: String,
    pub(crate) checksum_value: String,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let document: Document =
        serde_json::from_slice(bytes).map_err(|error| SupplyError::malformed("SPDX", error))?;
    let described = document.relationships.iter().filter_map(|it| {
        let describes = it.kind == "DESCRIBES" && it.spdx_element_id == "SPDXRef-DOCUMENT";
        describes.then(|| it.related_spdx_element.clone())
    });
    let described: Vec<String> = document.described.iter().cloned().chain(described).collect();
    let tool = document.creation_info.creators.iter().find_map(|it| it.strip_prefix("Tool: "));
    build(
        &document.version,
        &document.name,
        &document.creation_info.created,
        tool,
        &document.packages,
        &described,
    )
}

/// The evidence of a document, however it was written.
pub(crate) fn build(
    version: &str,
    name: &str,
    created: &str,
    tool: Option<&str>,
    packages: &[Package],
    described: &[String],
) -> Result<Evidence, SupplyError> {
    if !version.starts_with("SPDX-2.") {
        return Err(SupplyError::UnknownVersion {
            format: "SPDX",
            version: text(version),
            known: "2.2 and 2.3 are, as JSON and as tag-value",
        });
    }
    let mut evidence = Evidence::new(EvidenceKind::Sbom, Format::Spdx);
    evidence.created_at = time(created);
    evidence.tool = tool.map(text);
    let described: std::collections::BTreeSet<&str> = described.iter().map(String::as_str).collect();
    for package in packages {
        if described.contains(package.id.as_str()) {
            let sha256 = package.checksums.iter().find(|it| it.algorithm == "SHA256");
            let digest = sha256.map(|it| format!("sha256:{}", text(&it.checksum_value)));
            evidence.subjects.push(Subject { name: text(&package.name), digest });
            continue;
        }
        evidence.components.extend(component(package));
    }
    if evidence.subjects.is_empty() && !name.is_empty() {
        evidence.subjects.push(Subject { name: text(name), digest: None });
    }
    Ok(evidence)
}

fn component(package: &Package) -> Option<Component> {
    let purl =
        package.external_refs.iter().find(|it| it.reference_type == "purl").map(|it| &it.reference_locator);
    let parsed = purl.and_then(|it| Purl::parse(it));
    let name =
        if package.name.trim().is_empty() { parsed.as_ref()?.full_name() } else { text(&package.name) };
    let version = package.version_info.as_deref().map(str::trim).filter(|it| !is_nothing(it));
    let licence = [&package.license_concluded, &package.license_declared]
        .into_iter()
        .filter_map(Option::as_deref)
        .find(|it| !is_nothing(it));
    Some(Component {
        purl: purl.map(|it| text(it)),
        name,
        version: version.map(text).or_else(|| parsed.map(|it| it.version)).unwrap_or_default(),
        licences: licence.map(text).into_iter().collect(),
    })
}

fn is_nothing(text: &str) -> bool {
    matches!(text.trim(), "" | "NOASSERTION" | "NONE")
}
