//! Mends texts by the patches of findings: what `fairway check --fix` does, and what a change request proposes.

use std::collections::{BTreeMap, BTreeSet};

use fairway_domain::finding::{Finding, ObjectRef};
use fairway_yaml::{Document, Limits};
use serde_json::Value;

/// Files that are mended, a round at a time: what one patch changes may make another finding go, or come.
#[derive(Default)]
pub struct Mending {
    texts: BTreeMap<String, String>,
    /// What was mended, so that nothing is mended twice.
    places: BTreeSet<Place>,
    changed: BTreeSet<String>,
}

/// The file, the document in it, the rule, the path and the message of a finding.
type Place = (String, usize, String, Option<String>, String);

impl Mending {
    /// Files by their paths.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { texts: files.into_iter().collect(), ..Self::default() }
    }

    /// How many findings were mended.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The policies whose findings were mended, by rule, with how many those were.
    pub fn rules(&self) -> BTreeMap<&str, usize> {
        let mut rules = BTreeMap::new();
        for (_, _, rule, ..) in &self.places {
            *rules.entry(rule.as_str()).or_default() += 1;
        }
        rules
    }

    /// All files as they are now.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files that changed.
    pub fn changed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| self.changed.contains(*path))
    }

    /// Applies the patches of findings that no waiver lets pass to YAML files; of patches that touch the same place only
    /// the first, since the others speak of what was there before. The answer is how many were applied.
    pub fn apply(&mut self, findings: &[Finding]) -> usize {
        let mut touched: BTreeMap<(String, usize), Vec<String>> = BTreeMap::new();
        let mut applied = 0;
        for finding in findings.iter().filter(|it| !it.patch.is_empty() && it.waiver.is_none()) {
            let Some(file) = finding.object.file.as_deref().filter(|file| is_yaml(file)) else { continue };
            let Some(text) = self.texts.get_mut(file) else { continue };
            let reading = fairway_yaml::read(file, text, &Limits::default());
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
            let reached: Vec<String> = finding.patch.iter().map(|it| reach(it.path())).collect();
            let overlaps =
                |path: &String| known.iter().any(|other| is_within(other, path) || is_within(path, other));
            if self.places.contains(&place) || reached.iter().any(overlaps) {
                continue;
            }
            let Some(mended) = fairway_yaml::patch(text, document.index, &finding.patch) else { continue };
            known.extend(reached);
            *text = mended;
            self.places.insert(place);
            self.changed.insert(file.to_owned());
            applied += 1;
        }
        applied
    }
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
    #![allow(clippy::unwrap_used)]
    use fairway_domain::finding::Finding;
    use serde_json::json;

    use super::Mending;

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
        let mut mending =
            Mending::new([("a.yaml".to_owned(), content.to_owned()), ("b.yaml".to_owned(), String::new())]);
        assert_eq!(mending.apply(&[finding("one", "x"), finding("two", "y")]), 1);
        let changed: Vec<(&str, &str)> = mending.changed().collect();
        assert_eq!(changed, [("a.yaml", format!("{content}spec:\n  x: 1\n").as_str())]);
        // What was applied once and is still found would be applied for ever.
        assert_eq!(mending.apply(&[finding("one", "x")]), 0);
        assert_eq!(mending.count(), 1);
        assert_eq!(mending.rules(), [("one", 1)].into_iter().collect());
    }
}
