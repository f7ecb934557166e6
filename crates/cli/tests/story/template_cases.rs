//! Golden paths are tested by the cases beside them, without a server: the plan, the golden tree, policies, secrets and
//! the catalog.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{Ended, fairway};

/// A golden path of a repository with one file, and what else is in its content.
const TEMPLATE: &str = r#"apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: hello
  annotations: {fairway.dev/strict: "true"}
spec:
  owner: group:default/platform
  type: service
  parameters:
    required: [name]
    properties:
      name: {title: Name, type: string, maxLength: 12, examples: [first]}
  steps:
    - id: content
      action: fetch:template
      input: {url: ./content, values: {name: "${{ parameters.name }}"}}
    - id: publish
      action: publish:git
      input: {repoUrl: "fairway?owner=acme&repo=${{ parameters.name }}"}
    - id: register
      action: catalog:register
      input: {repoContentsUrl: "${{ steps.publish.output.repoContentsUrl }}"}
"#;

const COMPONENT: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: \"${{ values.name }}\"}\nspec: {type: service, lifecycle: production, owner: platform}\n";

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let place = folder.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
}

/// A folder with the template, and one case that answers `name: shop`.
fn golden_path(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("template.yaml", TEMPLATE),
            ("content/README.md", "# ${{ values.name }}\n\nSays hello.\n"),
            ("content/catalog-info.yaml", COMPONENT),
            ("tests/shop/case.yaml", "values: {name: shop}\n"),
        ],
    );
    write(folder.path(), files);
    folder
}

async fn test(folder: &Path, more: &[&str]) -> Ended {
    let mut arguments = vec!["template", "test", folder.to_str().unwrap()];
    arguments.extend(more);
    fairway(&arguments).await
}

/// The last line: how many cases passed and failed.
#[track_caller]
fn counts(ended: &Ended) -> &str {
    ended.out.lines().last().unwrap_or_default()
}

#[tokio::test]
async fn the_golden_paths_that_ship_keep_their_promises() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let ended = test(&templates, &["--repository", "--output", "json"]).await.ok();
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let cases = report["cases"].as_array().unwrap();
    for template in ["python-fastapi-service", "nodejs-typescript-service", "go-service", "rust-service"] {
        let own: Vec<&Value> = cases.iter().filter(|case| case["test"] == template).collect();
        assert!(own.len() >= 4, "{template}: {} cases", own.len());
        assert!(own.iter().all(|case| case["warnings"] == serde_json::json!([])), "{own:#?}");
    }
    assert_eq!((&report["passed"], &report["counts"]["skipped"]), (&true.into(), &0.into()));
    let report = test(&templates, &["--output", "junit"]).await.ok();
    let head = format!("<testsuites tests=\"{}\" failures=\"0\" skipped=\"0\">", cases.len());
    assert!(report.out.contains(&head), "{}", report.out);
}

#[tokio::test]
async fn the_golden_tree_is_written_compared_and_written_anew() {
    let folder = golden_path(&[]);
    let root = folder.path();
    let expected = root.join("tests/shop/expected/acme/shop");
    assert_eq!(counts(&test(root, &[]).await.ok()), "1 passed, 0 failed, 0 skipped");
    assert!(!expected.exists(), "nothing is written unless it is asked for");
    let written = test(root, &["--update"]).await.ok();
    assert!(
        written.out.contains("new ") && written.out.contains("expected/acme/shop/README.md"),
        "{}",
        written.out
    );
    assert!(
        !expected.join(".fairway").exists(),
        "what changes with every word of the template is no part of it"
    );
    test(root, &[]).await.ok();

    write(
        root,
        &[("content/README.md", "# ${{ values.name }}\n\nSays goodbye.\n"), ("content/run.sh", "x\n")],
    );
    fs::remove_file(root.join("content/catalog-info.yaml")).unwrap();
    let template = TEMPLATE.replace("repoContentsUrl: \"${{", "optional: true, repoContentsUrl: \"${{");
    write(root, &[("template.yaml", &template)]);
    let broken = test(root, &[]).await.with_code(1);
    for part in [
        "(--update accepts them)",
        "acme/shop/README.md differs",
        "-Says hello.",
        "+Says goodbye.",
        "acme/shop/catalog-info.yaml is no longer made",
        "acme/shop/run.sh is new",
        "0 passed, 1 failed, 0 skipped",
    ] {
        assert!(broken.out.contains(part), "{part} is missing in\n{}", broken.out);
    }
    let updated = test(root, &["--update"]).await.ok();
    assert!(
        updated.out.contains("removed ") && updated.err.contains("3 files"),
        "{}{}",
        updated.out,
        updated.err
    );
    assert!(!expected.join("catalog-info.yaml").exists() && expected.join("run.sh").exists());
    test(root, &[]).await.ok();

    // A golden tree that lies elsewhere is not written to.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::remove_dir_all(root.join("tests/shop/expected")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), root.join("tests/shop/expected")).unwrap();
    let refused = test(root, &["--update"]).await.with_code(1);
    assert!(refused.out.contains("is in the way of the golden tree"), "{}", refused.out);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_breaks_a_policy_holds_a_secret_or_is_no_entity_fails() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: shop, namespace: shop}\nspec:\n  containers:\n    - name: shop\n      image: registry.acme.example/shop:1.0.0\n      securityContext: {privileged: true}\n";
    let folder = golden_path(&[("content/deploy/pod.yaml", pod)]);
    let denied = test(folder.path(), &[]).await.with_code(1);
    assert!(denied.out.contains("DENIED  No container is privileged or can become so"), "{}", denied.out);
    assert!(denied.out.contains("in acme/shop/deploy/pod.yaml:"), "{}", denied.out);
    // By other policies it may pass; what warns is shown.
    let policies = tempfile::tempdir().unwrap();
    let rego =
        "package main\nwarn contains msg if { input.kind == \"Pod\"; msg := \"pods are run by others\" }\n";
    write(policies.path(), &[("pods.rego", rego)]);
    let passed = test(folder.path(), &["--policies", policies.path().to_str().unwrap()]).await.ok();
    assert!(
        passed.out.contains("pods are run by others") && passed.out.contains("pass  shop"),
        "{}",
        passed.out
    );

    let key = format!("key = \"AKIA{}\"\n", "Q3EGRIHA7KZTNW5P");
    let folder = golden_path(&[("content/settings.py", &key)]);
    let leaked = test(folder.path(), &[]).await.with_code(1);
    assert!(leaked.out.contains("No secrets in code"), "{}", leaked.out);
    assert!(!leaked.out.contains("Q3EGRIHA7KZTNW5P"), "a secret is never shown");

    let no_owner = COMPONENT.replace(", owner: platform", "");
    let folder = golden_path(&[("content/catalog-info.yaml", &no_owner)]);
    let invalid = test(folder.path(), &[]).await.with_code(1);
    assert!(
        invalid.out.contains("owner") && invalid.out.contains("--> acme/shop/catalog-info.yaml:4:"),
        "{}",
        invalid.out
    );

    // What cannot be read has not passed, unless the case says that it need not be readable.
    let chart = (
        "content/chart/service.yaml",
        "kind: {% raw %}{{ .Values.kind }}{% endraw %}\n{% raw %}{{ end }}{% endraw %}: [\n",
    );
    let folder = golden_path(&[chart]);
    let unreadable = test(folder.path(), &[]).await.with_code(1);
    assert!(unreadable.out.contains("--> acme/shop/chart/service.yaml:"), "{}", unreadable.out);
    let case = "values: {name: shop}\nexpect: {unreadable: [\"acme/*/chart/*\"]}\n";
    write(folder.path(), &[("tests/shop/case.yaml", case)]);
    test(folder.path(), &[]).await.ok();
}

#[tokio::test]
async fn a_case_says_which_error_has_to_be_given() {
    let folder = golden_path(&[
        ("tests/long/case.yaml", "values: {name: much-too-long-for-it}\nexpect: {error: at most 12}\n"),
        ("tests/none/case.yaml", "expect: {error: at most 12}\n"),
        (
            "tests/taken/case.yaml",
            "values: {name: shop}\nexisting: [acme/shop]\nexpect: {error: exists already}\n",
        ),
        ("tests/typo/case.yaml", "values: {name: shop}\nexpects: {}\n"),
        ("tests/later/case.yaml", "skip: until the registry is there\n"),
    ]);
    let ended = test(folder.path(), &["--verbose"]).await.with_code(1);
    assert_eq!(counts(&ended), "3 passed, 2 failed, 1 skipped", "{}", ended.out);
    for part in
        ["pass  long", "pass  taken", "no error says \"at most 12\"", "case.yaml:2:1", "did you mean expect?"]
    {
        assert!(ended.out.contains(part), "{part} is missing in\n{}", ended.out);
    }
    assert!(ended.out.contains("skip  later (until the registry is there)"), "{}", ended.out);
}

#[tokio::test]
async fn without_cases_the_form_is_filled_in_or_that_is_said() {
    let folder = golden_path(&[]);
    fs::remove_dir_all(folder.path().join("tests")).unwrap();
    let ended = test(folder.path(), &["--verbose"]).await.ok();
    assert!(ended.out.contains("pass  defaults"), "{}", ended.out);
    write(folder.path(), &[("template.yaml", &TEMPLATE.replace(", examples: [first]", ""))]);
    let missing = test(folder.path(), &[]).await.with_code(1);
    assert!(missing.out.contains("there are no cases"), "{}", missing.out);
    let allowed = test(folder.path(), &["--allow-missing"]).await.ok();
    assert_eq!(counts(&allowed), "0 passed, 0 failed, 1 skipped");
    let empty = tempfile::tempdir().unwrap();
    let nothing = test(empty.path(), &[]).await.with_code(2);
    assert!(nothing.err.contains("holds no golden path"), "{}", nothing.err);
}

#[tokio::test]
async fn a_test_reads_nothing_outside_of_the_repository_and_no_network() {
    let outer = tempfile::tempdir().unwrap();
    write(outer.path(), &[("secret/key.txt", "private")]);
    let inner: PathBuf = outer.path().join("repository/hello");
    let with = |url: &str| TEMPLATE.replace("./content", url);
    write(
        &inner,
        &[("content/catalog-info.yaml", COMPONENT), ("tests/shop/case.yaml", "values: {name: shop}\n")],
    );
    fs::create_dir_all(outer.path().join("repository/.git")).unwrap();
    fs::create_dir_all(outer.path().join("repository/shared")).unwrap();
    std::os::unix::fs::symlink(outer.path().join("secret"), outer.path().join("repository/link")).unwrap();
    for (url, said) in [
        ("../../secret", "is outside of"),
        ("../link", "is outside of"),
        ("../nowhere", "does not exist"),
        ("https://git.example/acme/skeleton", "reads files of this machine only"),
    ] {
        write(&inner, &[("template.yaml", &with(url))]);
        let refused = test(&inner, &[]).await.with_code(1);
        assert!(refused.out.contains(said), "{url}: {}", refused.out);
        assert!(refused.out.contains("template.yaml:16:"), "{url}: {}", refused.out);
    }
    write(&outer.path().join("repository/shared"), &[("catalog-info.yaml", COMPONENT)]);
    write(&inner, &[("template.yaml", &with("../shared"))]);
    test(&inner, &[]).await.ok();
    let wrong = test(&inner, &["--root", outer.path().join("secret").to_str().unwrap()]).await.with_code(2);
    assert!(wrong.err.contains("is not below"), "{}", wrong.err);
}
