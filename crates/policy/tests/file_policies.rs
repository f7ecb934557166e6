//! Policies in Rego over files of any format, as conftest runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use fairway_domain::finding::{Enforcement, Finding, Outcome, PatchOperation, Severity};
use fairway_policy::{FileDocument, FilePolicies, RegoFile, TestOutcome, read_file, run_tests};
use serde_json::{Value, json};

fn source(path: &str, text: &str) -> RegoFile {
    RegoFile { path: path.into(), text: text.into() }
}

fn documents(path: &str, text: &str) -> Vec<FileDocument> {
    let (documents, problems) = read_file(path, text);
    assert_eq!(problems, []);
    documents
}

fn findings(sources: &[RegoFile], data: &Value, documents: &[FileDocument]) -> Vec<Finding> {
    let (set, problems) = FilePolicies::compile(sources, data);
    assert_eq!(problems, []);
    set.evaluate(documents)
}

const OLD: &str = r#"package main

# METADATA
# title: Buckets are private
# description: What is public is found.
# custom:
#   severity: critical
#   fix: Set acl to private.
#   controls: [SOC2 CC6.1]
#   patch: [{op: replace, path: "{path}", value: private}]
deny_public[result] {
  bucket := input.resource.aws_s3_bucket[name][i]
  bucket.acl == "public-read"
  result := {"msg": sprintf("%v is public", [name]), "path": sprintf("resource.aws_s3_bucket.%v[%v].acl", [name, i])}
}

warn[msg] {
  count(input.resource.aws_s3_bucket) > data.most
  msg := "many buckets"
}
"#;

#[test]
fn rules_of_rego_0_over_terraform_say_what_where_and_how_to_mend() {
    let file = documents(
        "main.tf",
        "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"x\"\n  acl = \"public-read\"\n}\n",
    );
    let found = findings(&[source("p.rego", OLD)], &json!({"most": 0}), &file);
    let deny = found.iter().find(|it| it.rule == "main/deny_public").unwrap();
    assert_eq!(deny.message, "a is public");
    assert_eq!((deny.policy.as_str(), deny.severity), ("Buckets are private", Severity::Critical));
    assert_eq!(
        (deny.why.as_deref(), deny.fix.as_deref()),
        (Some("What is public is found."), Some("Set acl to private."))
    );
    assert_eq!(
        (deny.line, deny.object.kind.as_str(), deny.object.file.as_deref()),
        (Some(3), "HCL", Some("main.tf"))
    );
    assert_eq!(
        deny.patch,
        [PatchOperation::Replace { path: "/resource/aws_s3_bucket/a/0/acl".into(), value: json!("private") }]
    );
    let warning = found.iter().find(|it| it.rule == "main/warn").unwrap();
    assert_eq!((warning.enforcement, warning.message.as_str()), (Enforcement::Warn, "many buckets"));
    assert_eq!(found.len(), 2);
}

#[test]
fn rules_of_rego_1_libraries_and_exceptions() {
    let policy = "package team.images\n\nimport data.lib.docker\n\ndeny contains msg if {\n  some image in docker.bases\n  endswith(image, \":latest\")\n  msg := sprintf(\"%s moves\", [image])\n}\n\ndeny_root contains \"no user\" if not docker.has_user\n\nexception contains rules if {\n  input[0].Value[0] == \"scratch\"\n  rules := [\"root\"]\n}\n";
    let library = "package lib.docker\n\nbases contains input[i].Value[0] if input[i].Cmd == \"from\"\n\nhas_user if input[_].Cmd == \"user\"\n";
    let sources = [source("images.rego", policy), source("lib/docker.rego", library)];
    let messages = |text: &str| -> Vec<String> {
        let found = findings(&sources, &Value::Null, &documents("Dockerfile", text));
        assert!(
            found.iter().all(|it| it.outcome == Outcome::Violation && it.enforcement == Enforcement::Deny)
        );
        found.into_iter().map(|it| it.message).collect()
    };
    assert_eq!(messages("FROM a:latest\n"), ["a:latest moves", "no user"]);
    assert_eq!(messages("FROM a:1\nUSER 1\n"), Vec::<String>::new());
    assert_eq!(messages("FROM scratch\n"), Vec::<String>::new());
}

#[test]
fn what_is_broken_or_endless_is_said_and_the_rest_still_answers() {
    let sources = [
        source("good.rego", "package good\n\ndeny[msg] {\n  input.a == 1\n  msg := \"one\"\n}\n"),
        source("bad.rego", "package bad\n\ndeny[msg] {\n  msg := (\n}\n"),
        source(
            "slow.rego",
            "package slow\n\ndeny[msg] {\n  r := numbers.range(1, 3000)\n  r[x] * r[y] * r[z] == 7.5\n  msg := \"x\"\n}\n",
        ),
        source("none.rego", "# nothing\n"),
    ];
    let (set, problems) = FilePolicies::compile(&sources, &Value::Null);
    let codes: Vec<&str> = problems.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["policy-rego", "policy-rego"], "{problems:?}");
    assert!(problems.iter().any(|it| it.location.as_ref().is_some_and(|at| at.file == "bad.rego")));
    let found = set.evaluate(&documents("a.json", "{\"a\": 1}"));
    let outcome = |rule: &str| found.iter().find(|it| it.rule == rule).map(|it| it.outcome.clone()).unwrap();
    assert_eq!(outcome("good/deny"), Outcome::Violation);
    assert!(
        matches!(outcome("bad/deny"), Outcome::NotEvaluated { reason } if reason.contains("does not compile"))
    );
    assert!(
        matches!(outcome("slow/deny"), Outcome::NotEvaluated { reason } if reason.contains("within its time"))
    );
}

#[test]
fn tests_beside_policies_run_as_opa_runs_them() {
    let test = r#"package main_test

import data.main

test_public {
  count(main.deny_public) == 1 with input as parse_config("hcl2", "resource \"aws_s3_bucket\" \"a\" { acl = \"public-read\" }")
}

test_wrong {
  count(main.deny_public) == 1 with input as {}
}

todo_test_later { true }
"#;
    let sources = [source("p.rego", OLD), source("p_test.rego", test)];
    let cases = run_tests(&sources, &json!({"most": 1}));
    let outcomes: Vec<(&str, &TestOutcome)> =
        cases.iter().map(|it| (it.case.as_str(), &it.outcome)).collect();
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                ("test_public", TestOutcome::Passed),
                ("test_wrong", TestOutcome::Failed { .. }),
                ("todo_test_later", TestOutcome::Skipped { .. }),
            ]
        ),
        "{outcomes:?}"
    );
}
