//! Policies divided into units find what they find together, though each unit sees only what it can be about.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fairway_domain::finding::Finding;
use fairway_policy::{OtherObjects, PolicyDocument, PolicyObject, PolicySet, PolicyUnit};
use serde_json::Value;

fn documents(folder: &Path, found: &mut Vec<Value>) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let reading = fairway_yaml::read("x.yaml", &text, &fairway_yaml::Limits::default());
            found.extend(reading.documents.into_iter().map(|document| document.value));
        }
    }
}

fn is_policy(value: &Value) -> bool {
    let version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    ["gatekeeper.sh/", "kyverno.io/", "admissionregistration.k8s.io/"].iter().any(|it| version.contains(it))
}

fn kind(object: &PolicyObject) -> &str {
    object.value.get("kind").and_then(Value::as_str).unwrap_or_default()
}

/// As the fleet does it: alone where nothing else counts, beside the others that count where something does.
fn unit_by_unit(policies: &[PolicyDocument], objects: &[PolicyObject]) -> BTreeSet<Finding> {
    let mut all = BTreeSet::new();
    for unit in PolicyUnit::divide(policies) {
        let (set, _) = PolicySet::compile(unit.documents.clone());
        let concerned = |object: &&PolicyObject| unit.may_concern(kind(object));
        if *unit.other_objects() == OtherObjects::None {
            for object in objects.iter().filter(concerned) {
                all.extend(set.evaluate(std::slice::from_ref(object)));
            }
        } else {
            let seen =
                |object: &&PolicyObject| concerned(object) || unit.other_objects().include(kind(object));
            let seen: Vec<PolicyObject> = objects.iter().filter(seen).cloned().collect();
            all.extend(set.evaluate(&seen).into_iter().filter(|it| unit.may_concern(&it.object.kind)));
        }
    }
    all
}

fn holds(policies: Vec<PolicyDocument>, objects: &[PolicyObject], place: &Path) -> usize {
    let apart = unit_by_unit(&policies, objects);
    let (set, _) = PolicySet::compile(policies);
    let together: BTreeSet<Finding> = set.evaluate(objects).into_iter().collect();
    let differing: Vec<&Finding> = together.symmetric_difference(&apart).collect();
    assert!(differing.is_empty(), "{}: not found both ways: {differing:#?}", place.display());
    together.len()
}

fn divided(values: Vec<Value>) -> (Vec<PolicyDocument>, Vec<PolicyObject>) {
    let (policies, objects): (Vec<Value>, Vec<Value>) = values.into_iter().partition(is_policy);
    (
        policies.into_iter().map(|value| PolicyDocument { value, file: None }).collect(),
        objects
            .into_iter()
            .enumerate()
            .map(|(index, value)| PolicyObject { value, file: Some(index.to_string()), environment: None })
            .collect(),
    )
}

#[test]
fn units_find_what_all_policies_find_together() {
    let cases = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let mut findings = 0;
    for (library, depth) in [("policy/gatekeeper-library", 2), ("policy/kyverno-policies", 2)] {
        let top = cases.join(library);
        if !top.is_dir() {
            eprintln!("skipped: {} is missing", top.display());
            continue;
        }
        let mut folders = vec![top];
        for _ in 0..depth {
            folders = folders
                .iter()
                .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
                .filter(|path| path.is_dir())
                .collect();
        }
        folders.sort();
        for folder in folders {
            let mut values = Vec::new();
            documents(&folder, &mut values);
            let (policies, objects) = divided(values);
            findings += holds(policies, &objects, &folder);
        }
    }
    eprintln!("{findings} findings");
}

#[test]
fn a_change_of_one_policy_changes_its_unit_alone() {
    let text = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: owner}
spec: {rules: [{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: m, pattern: {metadata: {labels: {owner: '?*'}}}}}]}
---
apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: e, namespace: x}
spec: {exceptions: [{policyName: 'own*', ruleNames: ['*']}], match: {any: [{resources: {kinds: [Pod]}}]}}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sLabels
metadata: {name: c}
spec: {match: {kinds: [{apiGroups: [apps], kinds: [Deployment]}], namespaceSelector: {matchLabels: {a: b}}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: replicas}
";
    let units = |text: &str| -> BTreeMap<String, PolicyUnit> {
        let reading = fairway_yaml::read("x.yaml", text, &fairway_yaml::Limits::default());
        let policies: Vec<PolicyDocument> = reading
            .documents
            .into_iter()
            .map(|document| PolicyDocument { value: document.value, file: None })
            .collect();
        PolicyUnit::divide(&policies).into_iter().map(|unit| (unit.key.clone(), unit)).collect()
    };
    let before = units(text);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        ["admission/replicas", "kyverno/owner", "template/K8sLabels"]
    );
    assert_eq!(before["kyverno/owner"].documents.len(), 2, "with its exception");
    assert!(
        before["kyverno/owner"].may_concern("CronJob") && !before["kyverno/owner"].may_concern("Service")
    );
    assert!(!before["template/K8sLabels"].may_concern("Pod"));
    assert_eq!(*before["template/K8sLabels"].other_objects(), OtherObjects::Namespaces);
    let after = units(&text.replace("'own*'", "'owner'"));
    let changed: Vec<&String> =
        before.keys().filter(|key| before[*key].digest != after[*key].digest).collect();
    assert_eq!(changed, ["kyverno/owner"]);
}
