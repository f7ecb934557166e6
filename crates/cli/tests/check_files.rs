//! `fairway check` and `fairway policy test` over files of this machine, without a server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const DEPLOYMENT: &str = "# The orders service
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  labels: {app.kubernetes.io/name: orders, fairway.dev/owner: a, fairway.dev/environment: staging}
spec:
  template:
    metadata:
      labels: {app.kubernetes.io/name: orders, fairway.dev/owner: a, fairway.dev/environment: staging}
    spec:
      containers:
        # ours
        - name: main
          image: registry.acme.example/a:1
          readinessProbe: {tcpSocket: {port: 80}}
          livenessProbe: {tcpSocket: {port: 80}}
          resources: {requests: {cpu: 1m, memory: 1Mi}, limits: {memory: 1Mi}}
          securityContext:
            privileged: true # oh no
            capabilities:
              add: [NET_RAW, SYS_ADMIN]
";

fn policies() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").display().to_string()
}

fn fairway(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fairway")).current_dir(folder).args(arguments).output().unwrap()
}

#[test]
fn what_can_be_mended_is_mended_and_comments_stay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deployment.yaml");
    std::fs::write(&file, DEPLOYMENT).unwrap();
    let check = |more: &[&str]| {
        let mut arguments = vec!["check", "deployment.yaml", "--output", "json", "--policies"];
        let policies = policies();
        arguments.push(&policies);
        arguments.extend(more);
        let output = fairway(folder.path(), &arguments);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), answer)
    };
    let (code, answer) = check(&[]);
    assert_eq!(code, Some(1));
    let findings = answer["findings"].as_array().unwrap();
    let privileged = findings.iter().find(|it| it["message"] == "container <main> is privileged").unwrap();
    assert_eq!(privileged["line"], 20);
    assert_eq!(privileged["patch"][0]["op"], "replace");
    let (code, answer) = check(&["--fix"]);
    assert_eq!((code, &answer["passed"]), (Some(0), &Value::Bool(true)), "{answer:#}");
    let mended = std::fs::read_to_string(&file).unwrap();
    for line in ["# The orders service", "        # ours", "            privileged: false # oh no"] {
        assert!(mended.lines().any(|it| it == line), "{mended}");
    }
}

#[test]
fn any_format_is_judged_and_reported_in_each_form() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), "FROM debian:12\nUSER root\n").unwrap();
    std::fs::write(folder.path().join("main.tf"), "provider \"aws\" {\n  region = \"us-east-1\"\n}\n")
        .unwrap();
    let policies = policies();
    let run = |format: &str| {
        let output =
            fairway(folder.path(), &["check", ".", "--repository", "--policies", &policies, "-o", format]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    let log: Value = serde_json::from_str(&run("sarif")).unwrap();
    let places: Vec<(&str, u64)> = log["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["locations"][0]["physicalLocation"])
        .map(|it| {
            (it["artifactLocation"]["uri"].as_str().unwrap(), it["region"]["startLine"].as_u64().unwrap())
        })
        .collect();
    assert!(places.contains(&("Dockerfile", 2)) && places.contains(&("main.tf", 2)), "{places:?}");
    assert!(run("junit").contains("us-east-1"));
    let report = run("policy-report");
    assert!(
        report.contains("kind: ClusterPolicyReport") && report.contains("the run book is missing"),
        "{report}"
    );
}

#[test]
fn the_library_passes_its_own_tests_and_a_missing_file_is_no_pass() {
    let folder = tempfile::tempdir().unwrap();
    let output = fairway(folder.path(), &["policy", "test", &policies()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.trim_end().ends_with(" passed, 0 failed, 0 skipped"), "{text}");
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n    - name: r\n      match: {any: [{resources: {kinds: [Pod]}}]}\n      validate: {message: no, pattern: {metadata: {name: a}}}\n";
    let expectation = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\npolicies: [p.yaml]\nresources: [gone.yaml]\nresults: [{policy: p, rule: r, kind: Pod, resources: [a], result: pass}]\n";
    std::fs::write(folder.path().join("p.yaml"), policy).unwrap();
    std::fs::write(folder.path().join("kyverno-test.yaml"), expectation).unwrap();
    let output = fairway(folder.path(), &["policy", "test", "."]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("gone.yaml") && text.contains("0 passed, 0 failed, 1 skipped"), "{text}");
    assert!(fairway(folder.path(), &["policy", "test", ".", "--allow-missing"]).status.success());
}
