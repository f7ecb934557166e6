//! The policies that ship with Fairway: what Fairway renders passes them all, and each one finds what it is for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::collections::BTreeSet;
use std::path::Path;

use fairway_domain::environment::{Environment, ResourceClass};
use fairway_domain::finding::{Finding, Outcome};
use fairway_domain::{Entity, EntityRef};
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
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

/// A change to what is rendered for production, and the policy that has to notice it.
fn violations() -> Vec<(&'static str, &'static str, Value)> {
    let container = "/spec/template/spec/containers/0";
    let at = |rest: &str| -> &'static str { Box::leak(format!("{container}{rest}").into_boxed_str()) };
    vec![
        ("FairwayForbiddenHostNamespaces", "/spec/template/spec", json!({"hostNetwork": true})),
        ("FairwayForbiddenPrivileges", at("/securityContext"), json!({"privileged": true})),
        ("FairwayDroppedCapabilities", at("/securityContext"), json!({"capabilities": {"drop": []}})),
        ("FairwayRequiredLabels", "/spec/template/metadata/labels", json!({"fairway.dev/owner": ""})),
        ("FairwayNonRoot", at("/securityContext"), json!({"runAsUser": 0})),
        ("FairwayPinnedImage", at(""), json!({"image": "acme/orders:latest"})),
        ("FairwayRequiredProbes", at(""), json!({"livenessProbe": null})),
        ("FairwayReadOnlyRoot", at("/securityContext"), json!({"readOnlyRootFilesystem": false})),
        ("FairwayProductionReplicas", "/spec", json!({"replicas": 1})),
        ("FairwayRequiredResources", at("/resources"), json!({"limits": {}})),
    ]
}

#[test]
fn each_policy_finds_what_it_is_for() {
    let Some(set) = policies() else { return };
    let mut covered = BTreeSet::new();
    for (kind, pointer, change) in violations() {
        let mut objects = rendered(true);
        // Without the autoscaler the number of replicas is the Deployment's own word.
        objects.retain(|object| object.value["kind"] != "HorizontalPodAutoscaler");
        let deployment = objects.iter_mut().find(|object| object.value["kind"] == "Deployment").unwrap();
        deployment.value["spec"]["replicas"] = json!(2);
        let place = deployment.value.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        for (key, value) in change.as_object().unwrap() {
            place.insert(key.clone(), value.clone());
        }
        let found = set.evaluate(&objects);
        assert!(!found.is_empty(), "{kind} finds nothing");
        for finding in &found {
            assert!(finding.rule.starts_with(&format!("{kind}/")), "{kind}: {finding:?}");
            assert_eq!(finding.outcome, Outcome::Violation);
            assert!(finding.path.is_some() && finding.why.is_some() && finding.fix.is_some(), "{finding:?}");
        }
        covered.insert(kind);
    }
    for policy in set.policies() {
        let kind = policy.name.split('/').next().unwrap();
        assert!(covered.contains(kind), "nothing shows that {} finds anything", policy.name);
    }
}
