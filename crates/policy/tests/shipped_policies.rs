//! The policies that ship with Fairway: what Fairway renders passes them all, and each one finds what it is for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::Path;

use fairway_domain::environment::{Environment, ResourceClass};
use fairway_domain::finding::Finding;
use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_domain::{Entity, EntityRef};
use fairway_policy::{
    FileDocument, FileFormat, FilePolicies, PolicyDocument, PolicyObject, PolicySet, RegoFile, read_file,
};
use fairway_template::{FetchTemplate, fetch_template};
use fairway_workload::{RenderRequest, parse_score, render};
use serde_json::{Value, json};

const SCORE: &str = r#"
apiVersion: score.dev/v1b1
metadata:
  name: orders
service:
  ports:
    web: {port: 80, targetPort: 8080}
containers:
  main:
    image: .
    volumes:
      /cache: {source: "${resources.cache}"}
    livenessProbe: {httpGet: {path: /live, port: 8080}}
    readinessProbe: {httpGet: {path: /ready, port: 8080}}
resources:
  dns: {type: dns}
  route: {type: route, params: {host: "${resources.dns.host}", port: 80}}
  cache: {type: volume, params: {accessMode: ReadWriteMany}}
"#;

fn policies() -> Option<PolicySet> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is missing", folder.display());
        return None;
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut documents = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let reading = fairway_yaml::read(&name, &text, &fairway_yaml::Limits::default());
        assert!(reading.diagnostics.is_empty(), "{:?}", reading.diagnostics);
        for document in reading.documents {
            documents.push(PolicyDocument { value: document.value, file: Some(name.clone()) });
        }
    }
    let (set, problems) = PolicySet::compile(documents);
    assert_eq!(problems, []);
    assert!(!set.is_empty());
    Some(set)
}

fn rendered(production: bool) -> Vec<PolicyObject> {
    let score = parse_score("score.yaml", SCORE).unwrap();
    let spec = json!({
        "owner": "group:default/platform", "order": 10, "production": production,
        "delivery": {"repository": "platform/environments", "path": "x"},
        "namespace": "${{ workload.owner }}-x", "domain": "acme.example", "registry": "registry.acme.example",
    });
    let name = if production { "production" } else { "staging" };
    let environment =
        Environment { name: name.into(), title: name.into(), spec: serde_json::from_value(spec).unwrap() };
    let workload = render(&RenderRequest {
        score: &score,
        service: "orders",
        owner: &EntityRef::new("group", "default", "team-a"),
        system: None,
        version: "1.0.0",
        image_repository: "acme/orders",
        environment: &environment,
        classes: &[],
    })
    .unwrap();
    workload
        .objects
        .into_iter()
        .map(|(path, value)| PolicyObject {
            value,
            file: Some(path.to_string()),
            environment: Some(name.into()),
        })
        .collect()
}

#[test]
fn what_is_rendered_passes() {
    let Some(set) = policies() else { return };
    for production in [false, true] {
        assert_eq!(set.evaluate(&rendered(production)), Vec::<Finding>::new(), "production: {production}");
    }
}

fn entities<T: for<'e> TryFrom<&'e Entity>>(folder: &Path, kind: &str) -> Vec<T> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let reading =
            fairway_yaml::read(&path.display().to_string(), &text, &fairway_yaml::Limits::default());
        for document in reading.documents.iter().filter(|document| document.value["kind"] == kind) {
            let entity: Entity = serde_json::from_value(document.value.clone()).unwrap();
            found.extend(T::try_from(&entity));
        }
    }
    assert!(!found.is_empty(), "{} has no {kind}", folder.display());
    found
}

#[test]
fn what_the_golden_paths_render_passes() {
    let Some(set) = policies() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Ok(source) = std::fs::read_to_string(root.join("templates/shared/content/score.yaml")) else {
        eprintln!("skipped: the shared score.yaml is missing");
        return;
    };
    let environments: Vec<Environment> = entities(&root.join("examples/acme/environments"), "Environment");
    let classes: Vec<ResourceClass> = entities(&root.join("examples/acme/resource-classes"), "ResourceClass");
    let owner = EntityRef::new("group", "default", "team-a");
    let engine = fairway_template::Environment::backstage();
    for database in ["none", "postgresql", "redis", "mongodb"] {
        let context = json!({"values": {"name": "orders", "database": database}});
        let text = engine.render(&source, "score.yaml", &context).unwrap();
        let score = parse_score("score.yaml", &text).unwrap();
        for environment in &environments {
            let request = RenderRequest {
                score: &score,
                service: "orders",
                owner: &owner,
                system: None,
                version: "0.1.0",
                image_repository: "acme/orders",
                environment,
                classes: &classes,
            };
            let workload = render(&request).unwrap_or_else(|problems| panic!("{database}: {}", problems[0]));
            assert_eq!(workload.warnings, Vec::<String>::new());
            let objects: Vec<PolicyObject> = workload
                .objects
                .into_iter()
                .map(|(path, value)| PolicyObject {
                    value,
                    file: Some(path.to_string()),
                    environment: Some(environment.name.clone()),
                })
                .collect();
            assert_eq!(set.evaluate(&objects), Vec::<Finding>::new(), "{database} in {}", environment.name);
        }
    }
}

fn tree(folder: &Path) -> Tree {
    fn collect(root: &Path, folder: &Path, tree: &mut Tree) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, tree);
            } else {
                let inside: TreePath = path.strip_prefix(root).unwrap().to_str().unwrap().parse().unwrap();
                tree.insert(inside, TreeFile::regular(std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Tree::new();
    collect(folder, folder, &mut found);
    found
}

/// What a golden path puts into a new repository.
fn repository(templates: &Path, template: &str, language: &str, database: &str) -> Tree {
    let values = json!({
        "name": "orders", "description": "Takes: \"orders\"", "owner": "group:default/checkout", "team": "checkout",
        "system": "", "database": database, "environments": ["staging", "production"], "language": language,
        "tags": [language], "organisation": "acme", "registry": "registry.acme.example",
    });
    let mut workspace = Tree::new();
    let folders = [
        "shared/content".to_owned(),
        format!("{template}/content"),
        format!("{template}/database/{database}"),
    ];
    for folder in folders.iter().map(|folder| templates.join(folder)).filter(|folder| folder.is_dir()) {
        let options = FetchTemplate { values: values.clone(), replace: true, ..FetchTemplate::default() };
        fetch_template(&tree(&folder), &mut workspace, &options).unwrap();
    }
    workspace
}

#[test]
fn repositories_of_the_golden_paths_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (Some(set), true) = (policies(), root.join("templates").is_dir()) else { return };
    let (files, problems) = FilePolicies::compile(&rego_files(), &Value::Null);
    assert_eq!(problems, []);
    for (template, language) in [
        ("go-service", "go"),
        ("nodejs-typescript-service", "nodejs"),
        ("python-fastapi-service", "python"),
        ("rust-service", "rust"),
    ] {
        for database in ["none", "postgresql", "redis", "mongodb"] {
            let workspace = repository(&root.join("templates"), template, language, database);
            let names: Vec<String> = workspace.iter().map(|(path, _)| path.to_string()).collect();
            let own = json!({
                "apiVersion": "fairway.dev/v1", "kind": "Repository", "metadata": {"name": "orders"},
                "spec": {"files": names},
            });
            let mut documents = vec![FileDocument::of_value("orders", own)];
            for (path, file) in workspace.iter().filter(|(path, _)| FileFormat::of(path.as_str()).is_some()) {
                let (found, problems) = read_file(path.as_str(), file.text().unwrap());
                // Some tools write JSON with comments.
                assert!(
                    problems.is_empty() || FileFormat::of(path.as_str()) == Some(FileFormat::Json),
                    "{}",
                    problems[0]
                );
                documents.extend(found);
            }
            let place = format!("{template} with {database}");
            assert!(documents.iter().any(|document| document.format == FileFormat::Dockerfile), "{place}");
            assert_eq!(files.evaluate(&documents), Vec::<Finding>::new(), "{place}");
            let objects: Vec<PolicyObject> = documents
                .iter()
                .filter(|document| document.format == FileFormat::Yaml)
                .map(|it| PolicyObject {
                    value: it.value.clone(),
                    file: Some(it.path.clone()),
                    environment: None,
                })
                .collect();
            assert_eq!(set.evaluate(&objects), Vec::<Finding>::new(), "{place}");
        }
    }
}

fn rego_files() -> Vec<RegoFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/files");
    let files = tree(&folder);
    let source = |(path, file): (&TreePath, &TreeFile)| RegoFile {
        path: path.to_string(),
        text: file.text().unwrap().to_owned(),
    };
    files.iter().filter(|(path, _)| path.as_str().strip_suffix(".rego").is_some()).map(source).collect()
}
