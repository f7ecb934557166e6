//! SPDX 2 as tag-value: `Tag: value` lines, where a value may be `<text>` over several.

use crate::error::SupplyError;
use crate::evidence::Evidence;
use crate::spdx::{Checksum, ExternalReference, Package, build};

/// Whether a text begins as such a document does.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    let look = bytes.get(..bytes.len().min(16 * 1024)).unwrap_or(bytes);
    String::from_utf8_lossy(look).lines().any(|line| line.trim_start().starts_with("SPDXVersion:"))
}

pub(crate) fn read(bytes: &[u8]) -> Result<Evidence, SupplyError> {
    let source = std::str::from_utf8(bytes).map_err(|error| SupplyError::malformed("SPDX", error))?;
    let mut document = Document::default();
    let mut in_text = false;
    for line in source.lines() {
        if in_text {
            in_text = !line.contains("</text>");
            continue;
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((tag, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let value = match value.strip_prefix("<text>") {
            Some(rest) => rest.split_once("</text>").map_or_else(
                || {
                    in_text = true;
                    rest
                },
                |(inside, _)| inside,
            ),
            None => value,
        };
        document.take(tag.trim(), value);
    }
    document.finish()
}

#[derive(Default)]
struct Document {
    version: String,
    name: String,
    created: String,
    tool: Option<String>,
    packages: Vec<Package>,
    described: Vec<String>,
    /// Whether the lines are about a package; those of files and snippets have some of the same tags.
    in_package: bool,
}

impl Document {
    fn take(&mut self, tag: &str, value: &str) {
        let owned = || value.to_owned();
        match tag {
            "SPDXVersion" => self.version = owned(),
            "DocumentName" => self.name = owned(),
            "Created" => self.created = owned(),
            "Creator" => {
                if let Some(tool) = value.strip_prefix("Tool:") {
                    self.tool.get_or_insert_with(|| tool.trim().to_owned());
                }
            }
            "Relationship" => {
                let mut words = value.split_whitespace();
                if let (Some("SPDXRef-DOCUMENT"), Some("DESCRIBES"), Some(it)) =
                    (words.next(), words.next(), words.next())
                {
                    self.described.push(it.to_owned());
                }
            }
            "PackageName" => {
                self.packages.push(Package { name: owned(), ..Package::default() });
                self.in_package = true;
            }
            "FileName" | "SnippetSPDXID" | "LicenseID" => self.in_package = false,
            _ if self.in_package => self.take_of_package(tag, value),
            _ => {}
        }
    }

    fn take_of_package(&mut self, tag: &str, value: &str) {
        let Some(package) = self.packages.last_mut() else { return };
        match tag {
            "SPDXID" => value.clone_into(&mut package.id),
            "PackageVersion" => package.version_info = Some(value.to_owned()),
            "PackageLicenseConcluded" => package.license_concluded = Some(value.to_owned()),
            "PackageLicenseDeclared" => package.license_declared = Some(value.to_owned()),
            "PackageChecksum" => {
                if let Some((algorithm, digest)) = value.split_once(':') {
                    package.checksums.push(Checksum {
                        algorithm: algorithm.trim().to_owned(),
                        checksum_value: digest.trim().to_owned(),
                    });
                }
            }
            "ExternalRef" => {
                let mut words = value.split_whitespace().skip(1);
                if let (Some(kind), Some(locator)) = (words.next(), words.next()) {
                    package.external_refs.push(ExternalReference {
                        reference_type: kind.to_owned(),
                        reference_locator: locator.to_owned(),
                    });
                }
            }
            _ => {}
        }
    }

    fn finish(self) -> Result<Evidence, SupplyError> {
        build(&self.version, &self.name, &self.created, self.tool.as_deref(), &self.packages, &self.described)
    }
}
