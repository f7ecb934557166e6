//! The objects of a rendering and the files that hold them, one each.

use std::collections::BTreeMap;

use fairway_domain::tree::{Tree, TreeFile, TreePath};
use serde_json::Value;

use crate::naming::kebab_case;

/// Objects by file name.
#[derive(Default)]
pub(crate) struct Manifests {
    files: BTreeMap<String, Value>,
}

impl Manifests {
    /// Adds an object as `<prefix>-<kind>.yaml`, with a number where that name is taken.
    pub(crate) fn add(&mut self, prefix: Option<&str>, object: Value) {
        let kind = kebab_case(object.get("kind").and_then(Value::as_str).unwrap_or("object"));
        let stem = prefix.map_or_else(|| kind.clone(), |prefix| format!("{prefix}-{kind}"));
        let mut name = format!("{stem}.yaml");
        let mut number = 1;
        while self.files.contains_key(&name) {
            number += 1;
            name = format!("{stem}-{number}.yaml");
        }
        self.files.insert(name, object);
    }

    /// The objects that exist twice, as `kind/name`: a cluster would keep only one of them.
    pub(crate) fn duplicates(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for object in self.files.values() {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let group = text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
            let namespace = text("/metadata/namespace");
            let key = format!("{group} {} {namespace} {}", text("/kind"), text("/metadata/name"));
            *seen.entry(key).or_default() += 1;
        }
        seen.into_iter()
            .filter(|(_, count)| *count > 1)
            .filter_map(|(key, _)| {
                let mut parts = key.split(' ').skip(1);
                let (kind, _, name) = (parts.next()?, parts.next()?, parts.next()?);
                Some(format!("{kind}/{name}"))
            })
            .collect()
    }

    /// The files as YAML, and the objects beside their paths.
    pub(crate) fn finish(self) -> (Tree, Vec<(TreePath, Value)>) {
        let objects: Vec<(TreePath, Value)> =
            self.files.into_iter().filter_map(|(name, object)| Some((name.parse().ok()?, object))).collect();
        let tree = objects
            .iter()
            .map(|(path, object)| (path.clone(), TreeFile::regular(fairway_yaml::write(object).into_bytes())))
            .collect();
        (tree, objects)
    }
}
