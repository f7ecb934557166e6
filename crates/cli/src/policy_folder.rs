//! The policies of a folder, in whatever language they are written, and what they say about files.

use std::path::{Path, PathBuf};

use fairway_domain::Diagnostic;
use fairway_domain::finding::Finding;
use fairway_policy::{
    FileDocument, FileFormat, FilePolicies, PolicyDocument, PolicyObject, PolicySet, RegoFile, add_lines,
    read_file,
};
use serde_json::{Map, Value, json};

use crate::example;
use crate::failure::CliError;
use crate::manifests::{self, ManifestFile, is_manifest};

/// What policies say about files.
#[derive(Default)]
pub struct Checks {
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// Files and policies that cannot be read.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects were looked at.
    pub objects: usize,
    /// How many policies were asked.
    pub policies: usize,
}

/// The policies of a folder.
pub struct PolicyFolder {
    /// Those about Kubernetes objects.
    pub objects: PolicySet,
    /// Those about files of any format.
    pub files: FilePolicies,
    /// The policies that cannot be read or compiled.
    pub broken: Vec<Diagnostic>,
}

impl PolicyFolder {
    /// Reads a folder, or a file, and what policies in Rego see as `data`. One that holds no policy is an error.
    pub async fn read(folder: &Path, data: &[PathBuf]) -> Result<Self, CliError> {
        let sources = manifests::read_matching(&[folder.to_owned()], is_source).await?;
        let policies = Self::compile(folder, sources, manifests::read(data).await?);
        if policies.objects.is_empty() && policies.files.is_empty() && policies.broken.is_empty() {
            return Err(CliError::usage(
                format!("{} holds no policy", folder.display()),
                Some(
                    "a policy is a ConstraintTemplate with at least one constraint of its kind, one of Kyverno's, or a rule deny, violation or warn in a .rego file",
                ),
            ));
        }
        Ok(policies)
    }

    /// The policies that ship with Fairway.
    pub fn shipped() -> Result<Self, CliError> {
        let folder = Path::new("policies");
        let sources = example::policies()?
            .iter()
            .filter(|(path, _)| is_source(path.as_str()))
            .filter_map(|(path, file)| {
                let shown = folder.join(path.as_str()).display().to_string();
                Some(ManifestFile { path: shown, content: file.text()?.to_owned() })
            })
            .collect();
        Ok(Self::compile(folder, sources, Vec::new()))
    }

    fn compile(folder: &Path, sources: Vec<ManifestFile>, data: Vec<ManifestFile>) -> Self {
        let mut broken = Vec::new();
        let (mut documents, mut rego) = (Vec::new(), Vec::new());
        let mut seen = Value::Object(Map::new());
        for file in sources {
            if is_rego(&file.path) {
                rego.push(RegoFile { path: file.path, text: file.content });
                continue;
            }
            let values = values(&file, &mut broken);
            if let Some(place) = data_place(folder, &file.path) {
                for value in values {
                    merge(&mut seen, nested(&place, value));
                }
                continue;
            }
            documents.extend(
                values
                    .into_iter()
                    .filter(is_policy)
                    .map(|value| PolicyDocument { value, file: Some(file.path.clone()) }),
            );
        }
        for file in data {
            for value in values(&file, &mut broken) {
                merge(&mut seen, value);
            }
        }
        let (objects, problems) = PolicySet::compile(documents);
        broken.extend(problems);
        let (files, problems) = FilePolicies::compile(&rego, &seen);
        broken.extend(problems);
        Self { objects, files, broken }
    }

    /// What the policies say about files, and about repositories as objects of their own.
    pub fn check(&self, files: &[ManifestFile], repositories: &[FileDocument]) -> Checks {
        let mut checks = Checks { diagnostics: self.broken.clone(), ..Checks::default() };
        let mut documents = repositories.to_vec();
        for file in files {
            let (found, problems) = read_file(&file.path, &file.content);
            documents.extend(found);
            checks.diagnostics.extend(problems);
        }
        let values: Vec<PolicyObject> = documents
            .iter()
            .filter(|document| matches!(document.format, FileFormat::Yaml | FileFormat::Json))
            .flat_map(|document| PolicyObject::listed(&document.value, Some(&document.path), None))
            .collect();
        checks.objects = documents.len();
        checks.policies = self.objects.policies().len() + self.files.policies().len();
        checks.findings = self.objects.evaluate(&values);
        add_lines(&mut checks.findings, documents.iter().filter_map(FileDocument::document));
        checks.findings.extend(self.files.evaluate(&documents));
        checks.findings.sort_by(|one, two| {
            let key = |it: &Finding| (it.enforcement, it.severity);
            key(two).cmp(&key(one)).then_with(|| one.cmp(two))
        });
        checks
    }
}

/// A repository as an object that policies can look at: the names of its files.
pub fn repository(place: &str, name: &str, files: &[String]) -> FileDocument {
    let value = json!({
        "apiVersion": "fairway.dev/v1", "kind": "Repository", "metadata": {"name": name},
        "spec": {"files": files},
    });
    FileDocument::of_value(place, value)
}

fn is_rego(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rego")
}

fn is_source(path: &str) -> bool {
    is_manifest(path) || is_rego(path)
}

fn is_policy(value: &Value) -> bool {
    value.get("apiVersion").and_then(Value::as_str).is_some_and(fairway_catalog::is_policy)
}

fn values(file: &ManifestFile, diagnostics: &mut Vec<Diagnostic>) -> Vec<Value> {
    let reading = fairway_yaml::read(&file.path, &file.content, &fairway_yaml::Limits::default());
    diagnostics.extend(reading.diagnostics);
    reading.documents.into_iter().map(|document| document.value).collect()
}

/// The keys under which OPA puts the file `data.json` or `data.yaml` of a folder: those of its folders.
fn data_place(root: &Path, file: &str) -> Option<Vec<String>> {
    let inside = Path::new(file).strip_prefix(root).ok()?;
    let is_data = ["data.json", "data.yaml", "data.yml"].iter().any(|name| inside.ends_with(name));
    let folders = inside.parent()?.components().map(|it| it.as_os_str().to_string_lossy().into_owned());
    is_data.then(|| folders.collect())
}

fn nested(place: &[String], value: Value) -> Value {
    place.iter().rev().fold(value, |inner, key| Value::Object(Map::from_iter([(key.clone(), inner)])))
}

/// Puts one value over another; mappings are joined.
fn merge(one: &mut Value, two: Value) {
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => {
            for (key, value) in two {
                merge(one.entry(key).or_insert(Value::Null), value);
            }
        }
        (one, two) => *one = two,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use serde_json::json;

    use super::{PolicyFolder, data_place, merge, nested};

    #[test]
    fn the_policies_that_ship_can_be_read() {
        let shipped = PolicyFolder::shipped().unwrap();
        assert!(shipped.broken.is_empty(), "{:?}", shipped.broken);
        assert!(!shipped.objects.is_empty() && !shipped.files.is_empty());
    }

    #[test]
    fn data_stands_below_the_names_of_its_folders() {
        let place = |file: &str| data_place(Path::new("policies"), file);
        assert_eq!(place("policies/teams/data.yaml"), Some(vec!["teams".to_owned()]));
        assert_eq!(place("policies/data.json"), Some(Vec::new()));
        assert_eq!(place("policies/teams.yaml"), None);
        let mut data = json!({"teams": {"a": 1}});
        merge(&mut data, nested(&["teams".to_owned()], json!({"b": 2})));
        assert_eq!(data, json!({"teams": {"a": 1, "b": 2}}));
    }
}
