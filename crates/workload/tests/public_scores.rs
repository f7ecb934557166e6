//! Public score files: read exactly when their schema allows them, rendered where their resources are known.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::{Path, PathBuf};

use fairway_domain::EntityRef;
use fairway_domain::environment::Environment;
use fairway_workload::{RenderRequest, parse_score, render};
use serde_json::json;

fn cases() -> Option<PathBuf> {
    let folder = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let folder = folder.join("score");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing", folder.display());
    None
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, found);
        } else if name.starts_with("score") && Path::new(&name).extension().is_some_and(|it| it == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn public_scores_are_read_as_their_schema_says_and_rendered() {
    let Some(cases) = cases() else { return };
    let schema = std::fs::read_to_string(cases.join("score-spec+spec/score-v1b1.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let spec = json!({
        "owner": "platform", "order": 1, "delivery": {"repository": "a/b", "path": "c"},
        "namespace": "${{ workload.owner }}", "domain": "acme.example", "registry": "registry.acme.example",
    });
    let environment = Environment {
        name: "staging".into(),
        title: "Staging".into(),
        spec: serde_json::from_value(spec).unwrap(),
    };
    let owner = EntityRef::new("group", "default", "team");
    let mut files = Vec::new();
    collect(&cases, &mut files);
    files.sort();
    let (mut read, mut shown) = (0, 0);
    let mut refused = Vec::new();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(&cases).unwrap().display().to_string();
        let documents = fairway_yaml::read(&name, &text, &fairway_yaml::Limits::default()).documents;
        let allowed = documents.len() == 1 && schema.is_valid(&documents[0].value);
        let score = match parse_score(&name, &text) {
            Ok(score) => score,
            Err(problems) => {
                assert!(!allowed, "{name}: {}", problems[0]);
                continue;
            }
        };
        assert!(allowed, "{name} breaks the schema");
        read += 1;
        let request = RenderRequest {
            score: &score,
            service: &score.name,
            owner: &owner,
            system: None,
            version: "1.0.0",
            image_repository: "acme/x",
            environment: &environment,
            classes: &[],
        };
        match render(&request) {
            Ok(_) => shown += 1,
            Err(problems) => {
                refused.extend(problems.iter().map(|problem| format!("{name}: {}", problem.message)));
            }
        }
    }
    for line in &refused {
        let known = [
            "nothing provides the type",
            "is not carried",
            "must be the number of a service port",
            // A regular expression that one particular router would have understood.
            "params.path \"/my/[^/]+/path\"",
        ];
        assert!(known.iter().any(|known| line.contains(known)), "{line}");
    }
    assert!(read > 0 && shown > 0);
}

#[test]
fn every_rule_of_the_schema_is_kept() {
    let start = "apiVersion: score.dev/v1b1\nmetadata: {name: a1}\ncontainers:\n  main:\n    image: x\n";
    for (rest, expected) in [
        ("extra: 1", "the document has no field \"extra\""),
        ("    imge: x", "containers.main has no field \"imge\""),
        ("    variables: {A: 1}", "containers.main.variables.A must be a string, but it is a number"),
        ("    resources: {limits: {cpu: 1}}", "put it in quotes: \"1\""),
        ("    resources: {limits: {memory: 01Mi}}", "\"01Mi\" is not allowed"),
        ("    files: {/a: {content: x, source: y}}", "exactly one of: content, binaryContent, source"),
        ("    files: {/a: {content: x, mode: \"888\"}}", "\"888\" is not allowed"),
        ("    files: {/a: {binaryContent: '*'}}", "not standard base64"),
        ("    files: {a: {content: x}}", "must be absolute"),
        ("    files: {/a: {content: x, target: /b}}", "has no field \"target\""),
        ("    livenessProbe: {}", "needs httpGet or exec"),
        ("    livenessProbe: {httpGet: {path: /}}", "the field \"port\" is missing"),
        ("    livenessProbe: {httpGet: {path: /, port: 70000}}", "port number from 1 to 65535"),
        ("    before: {other: {ready: soon}}", "\"soon\" is not allowed"),
        ("service: {ports: {w: {port: 1}}}", "the name \"w\" is not allowed"),
        ("service: {ports: {web: {port: 1, protocol: SCTP}}}", "\"SCTP\" is not allowed"),
        ("resources: {db: {class: x1}}", "the field \"type\" is missing"),
        ("resources: {db: {type: t1, id: A.b}}", "\"A.b\" is not allowed"),
        ("resources: {db: {type: t1, metadata: {annotations: {x: y}}}}", "the name \"x\" is not allowed"),
        ("---\na: 1", "exactly one workload"),
    ] {
        let problems = parse_score("score.yaml", &format!("{start}{rest}\n")).expect_err(rest);
        let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(text.iter().any(|text| text.contains(expected)), "{rest}: {}", text.join("\n"));
        assert!(problems.iter().all(|problem| problem.location.is_some()), "{rest}: no place");
    }
    for text in ["", "a: [", "apiVersion: score.dev/v1b2\nmetadata: {name: a1}\ncontainers: {}"] {
        assert!(parse_score("score.yaml", text).is_err(), "{text}");
    }
}
