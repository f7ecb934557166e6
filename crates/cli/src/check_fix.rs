//! Mends files by the patches of findings, as `fairway check --fix` does.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::finding::{Finding, ObjectRef};
use fairway_yaml::{Document, Limits};
use serde_json::Value;

use crate::failure::CliError;
use crate::manifests::ManifestFile;

/// What was mended, so that nothing is mended twice.
#[derive(Default)]
pub struct Mended {
    places: BTreeSet<(String, usize, String, Option<String>, String)>,
    files: BTreeSet<String>,
}

impl Mended {
    /// How many findings were mended.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// How many files changed.
    pub fn files(&self) -> usize {
        self.files.len()
    }
}

/// Applies the patches of findings to the texts of YAML files; of patches that touch the same place only the first,
/// since the others speak of what was there before. The answer is how many were applied.
pub fn mend(files: &mut [ManifestFile], findings: &[Finding], mended: &mut Mended) -> usize {
    let mut touched: BTreeMap<(String, usize), Vec<String>> = BTreeMap::new();
    let mut applied = 0;
    for finding in findings.iter().filter(|it| !it.patch.is_empty() && it.waiver.is_none()) {
        let Some(file) = finding.object.file.as_deref().filter(|file| is_yaml(file)) else { continue };
        let Some(source) = files.iter_mut().find(|source| source.path == file) else { continue };
        let reading = fairway_yaml::read(file, &source.content, &Limits::default());
        let Some(document) = reading.documents.iter().find(|it| is_about(it, &finding.object)) else {
            continue;
        };
        let place = (
            file.to_owned(),
            document.index,
            finding.rule.clone(),
            finding.path.clone(),
            finding.message.clone(),
        );
        let known = touched.entry((file.to_owned(), document.index)).or_default();
        let places: Vec<String> = finding.patch.iter().map(|it| reach(it.path())).collect();
        let overlaps =
            |path: &String| known.iter().any(|other| is_within(other, path) || is_within(path, other));
        if mended.places.contains(&place) || places.iter().any(overlaps) {
            continue;
        }
        let Some(text) = fairway_yaml::patch(&source.content, document.index, &finding.patch) else {
            continue;
        };
        known.extend(places);
        source.content = text;
        mended.places.insert(place);
        mended.files.insert(file.to_owned());
        applied += 1;
    }
    applied
}

/// Writes the files that changed.
pub fn write(files: &[ManifestFile], mended: &Mended) -> Result<(), CliError> {
    for file in files.iter().filter(|file| mended.files.contains(&file.path)) {
        std::fs::write(&file.path, &file.content).map_err(|error| {
            CliError::failed(
                format!("{} cannot be written: {error}", file.path),
                Some("check its permissions"),
            )
        })?;
    }
    Ok(())
}

fn is_yaml(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
}

fn is_about(document: &Document, object: &ObjectRef) -> bool {
    let text = |pointer: &str| document.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    text("/apiVersion") == object.api_version
        && text("/kind") == object.kind
        && text("/metadata/namespace") == object.namespace
        && text("/metadata/name") == object.name
}

/// What a change at a place touches: for an item of a list the whole list, whose other items may move.
fn reach(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((list, item)) if item == "-" || item.bytes().all(|byte| byte.is_ascii_digit()) => {
            list.to_owned()
        }
        _ => path.to_owned(),
    }
}

fn is_within(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_domain::finding::Finding;
    use serde_json::json;

    use super::{Mended, mend};
    use crate::manifests::ManifestFile;

    #[test]
    fn patches_that_touch_one_place_wait_for_the_next_round() {
        let finding = |rule: &str, key: &str| -> Finding {
            serde_json::from_value(json!({
                "policy": rule, "rule": rule, "severity": "high", "enforcement": "deny",
                "outcome": {"type": "violation"}, "message": rule,
                "object": {"apiVersion": "v1", "kind": "Pod", "name": "a", "file": "a.yaml"},
                "patch": [{"op": "add", "path": "/spec", "value": {key: 1}}],
            }))
            .unwrap()
        };
        let content =
            "apiVersion: v1\nkind: Other\n---\n# mine\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
        let mut files = [ManifestFile { path: "a.yaml".into(), content: content.into() }];
        let mut mended = Mended::default();
        assert_eq!(mend(&mut files, &[finding("one", "x"), finding("two", "y")], &mut mended), 1);
        assert_eq!(files[0].content, format!("{content}spec:\n  x: 1\n"));
        // What was applied once and is still found would be applied for ever.
        assert_eq!(mend(&mut files, &[finding("one", "x")], &mut mended), 0);
        assert_eq!((mended.count(), mended.files()), (1, 1));
    }
}
