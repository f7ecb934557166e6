//! The library that ships: each policy is explained and has tests beside it, and what it offers as a patch mends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fairway_domain::finding::Finding;
use fairway_policy::kyverno::suite;
use fairway_policy::{
    FilePolicies, PolicyDocument, PolicyInfo, PolicyObject, PolicySet, RegoFile, TestCase, TestOutcome,
    gatekeeper_suite, run_tests,
};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && path.extension().is_some_and(|it| it == extension))
        .collect();
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn documents(path: &Path) -> Result<Vec<Value>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let reading = fairway_yaml::read(&stem(path), &text, &fairway_yaml::Limits::default());
    assert_eq!(reading.diagnostics, [], "{}", path.display());
    Ok(reading.documents.into_iter().map(|document| document.value).collect())
}

/// The files of policies, by name.
fn shipped() -> Vec<PathBuf> {
    let is_policy = |path: &PathBuf| stem(path).starts_with("require-") || stem(path).starts_with("forbid-");
    files(&root(), "yaml").into_iter().filter(is_policy).collect()
}

fn set(path: &Path) -> PolicySet {
    let documents = documents(path).unwrap().into_iter();
    let documents = documents.map(|value| PolicyDocument { value, file: Some(stem(path)) });
    let (set, problems) = PolicySet::compile(documents.collect());
    assert_eq!(problems, [], "{}", path.display());
    set
}

fn rego() -> Vec<RegoFile> {
    let folder = root().join("files");
    let mut paths = files(&folder, "rego");
    paths.extend(files(&folder.join("lib"), "rego"));
    let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    paths.iter().map(|path| RegoFile { path: path.display().to_string(), text: text(path) }).collect()
}

#[test]
fn each_policy_is_explained() {
    let explained = |info: &PolicyInfo, name: &str| {
        assert!(info.title.contains(' '), "{name} has no title");
        for (word, text) in [("why", &info.why), ("fix", &info.fix), ("example", &info.example)] {
            assert!(text.as_ref().is_some_and(|text| text.len() > 15), "{name} has no {word}");
        }
        let page = format!("#{name}");
        assert!(info.docs.as_ref().is_some_and(|docs| docs.ends_with(&page)), "{name} has no page");
        assert!(info.controls.len() >= 2, "{name} serves no controls");
    };
    for path in shipped() {
        let set = set(&path);
        assert!(!set.is_empty(), "{} holds no policy", path.display());
        set.policies().iter().for_each(|info| explained(info, &stem(&path)));
    }
    let (set, problems) = FilePolicies::compile(&rego(), &Value::Null);
    assert_eq!(problems, []);
    for info in set.policies() {
        explained(info, &stem(Path::new(info.file.as_ref().unwrap())));
    }
}

fn suite_cases(path: &Path) -> Vec<TestCase> {
    let folder = path.parent().unwrap();
    let suites = documents(path).unwrap();
    let beside = |name: &str| documents(&folder.join(name));
    suites.iter().flat_map(|suite| gatekeeper_suite::run("suite.yaml", suite, &beside)).collect()
}

#[test]
fn the_tests_beside_the_policies_pass_and_every_policy_has_some() {
    let mut wrong = Vec::new();
    for path in shipped() {
        let folder = root().join("tests").join(stem(&path));
        let gatekeeper = folder.join("suite.yaml");
        if gatekeeper.is_file() {
            let cases = suite_cases(&gatekeeper);
            assert!(cases.len() >= 2, "{}", gatekeeper.display());
            wrong.extend(cases.into_iter().filter(|case| case.outcome != TestOutcome::Passed));
            continue;
        }
        let kyverno = folder.join("kyverno-test.yaml");
        let text =
            std::fs::read_to_string(&kyverno).unwrap_or_else(|_| panic!("{} has no test", path.display()));
        let read = |path: &str| {
            let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
            Ok(vec![(path.to_owned(), text)])
        };
        let rows = suite::run(&kyverno.display().to_string(), &text, &read, None).unwrap();
        for expected in ["pass", "fail"] {
            let is_there = rows.iter().any(|row| row.expected == expected);
            assert!(is_there, "{} expects no {expected}", kyverno.display());
        }
        for row in rows {
            assert_eq!(row.outcome, suite::Outcome::Passed, "{} {} {}", row.policy, row.rule, row.resource);
        }
    }
    let cases = run_tests(&rego(), &Value::Null);
    for path in files(&root().join("files"), "rego").iter().filter(|path| !stem(path).ends_with("_test")) {
        let test = path.with_file_name(format!("{}_test.rego", stem(path))).display().to_string();
        assert!(cases.iter().any(|case| case.file == test), "{} has no test", path.display());
    }
    wrong.extend(cases.into_iter().filter(|case| case.outcome != TestOutcome::Passed));
    assert_eq!(wrong, []);
}

/// The files of objects that a policy's tests look at.
fn objects(name: &str) -> Vec<PathBuf> {
    let folder = root().join("tests").join(name);
    let is_object = |path: &PathBuf| !["suite", "kyverno-test"].contains(&stem(path).as_str());
    files(&folder, "yaml").into_iter().filter(is_object).collect()
}

fn findings(set: &PolicySet, text: &str) -> Vec<Finding> {
    let reading = fairway_yaml::read("a.yaml", text, &fairway_yaml::Limits::default());
    let objects: Vec<PolicyObject> = reading
        .documents
        .into_iter()
        .map(|document| PolicyObject { value: document.value, file: None, environment: None })
        .collect();
    set.evaluate(&objects)
}

#[test]
fn what_is_offered_as_a_patch_mends() {
    let mut offered = BTreeSet::new();
    for path in shipped() {
        let name = stem(&path);
        let set = set(&path);
        for object in objects(&name) {
            let text = std::fs::read_to_string(&object).unwrap();
            for document in text.split("---\n") {
                for finding in findings(&set, document).iter().filter(|it| !it.patch.is_empty()) {
                    let mended = fairway_yaml::patch(document, 0, &finding.patch)
                        .unwrap_or_else(|| panic!("{name}: {:?} cannot be applied", finding.patch));
                    let after = findings(&set, &mended);
                    let is_same = |it: &Finding| it.rule == finding.rule && it.message == finding.message;
                    assert!(!after.iter().any(is_same), "{name}: {:?} does not mend", finding.patch);
                    offered.insert(name.clone());
                }
            }
        }
    }
    let wanted = [
        "forbid-host-namespaces",
        "forbid-privileged",
        "forbid-service-account-token",
        "require-backups",
        "require-dropped-capabilities",
        "require-encrypted-storage",
        "require-non-root",
        "require-read-only-root",
        "require-replicas",
        "require-tls-ingress",
    ];
    for name in wanted {
        assert!(offered.contains(name), "{name} offers no patch");
    }
}
