//! Requests that cannot be: each ends in words at the place where it is wrong, and nothing was created.

use serde_json::{Value, json};

use crate::command::{commit_and_push, fairway, git};
use crate::server::{Answer, Server, Start};
use crate::template_source::{DELIVER, GoldenPaths, RENDER_AND_PUBLISH};
use crate::world::{Detail, World};

async fn try_plan(server: &Server, template: &str, inputs: &Value) -> Answer {
    server.post("/api/v1/plans", &json!({"template": template, "inputs": inputs})).await
}

#[tokio::test]
async fn wrong_answers_are_named_field_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let before = World::seen(&server, &data, Detail::Identity).await;
    let inputs = json!({"name": "Gift Cards!", "owner": "group:default/checkout", "database": "oracle", "environments": []});
    let refused = try_plan(&server, "python-fastapi-service", &inputs).await;
    let error = &refused.expect(400)["error"];
    assert_eq!(error["code"], "invalid");
    let fields: Vec<&str> =
        error["details"].as_array().unwrap().iter().filter_map(|it| it["field"].as_str()).collect();
    for field in ["name", "description", "database", "environments"] {
        assert!(fields.contains(&field), "{field} is not among {fields:?}");
    }
    let ended =
        fairway(&["new", "python-fastapi-service", "name=Gift Cards!", "--yes", "--url", &server.url("")])
            .await;
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("name"), "{}", ended.err);

    let unknown = try_plan(&server, "python-service", &json!({})).await;
    assert_eq!(unknown.status, 404, "{}", unknown.text);
    assert!(unknown.text.contains("python-fastapi-service"), "the near name is offered: {}", unknown.text);
    let team = json!({"name": "gift-cards", "team": "nobody", "template": "go-service"});
    assert_eq!(server.post("/api/v1/services", &team).await.status, 404);
    let malformed = server
        .request(reqwest::Method::POST, "/api/v1/plans")
        .header("content-type", "application/json")
        .body("{");
    let malformed = server.send(malformed).await;
    assert!(matches!(malformed.status, 400 | 422), "{}", malformed.text);
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before);
}

#[tokio::test]
async fn a_repository_that_exists_is_found_before_anything_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service"});
    server.post("/api/v1/services", &request).await.expect(201);
    let before = World::seen(&server, &data, Detail::Identity).await;
    let refused = server.post("/api/v1/services", &request).await;
    assert!(matches!(refused.status, 409 | 422), "{}: {}", refused.status, refused.text);
    assert!(refused.message().contains("acme/gift-cards"), "{}", refused.text);
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before);
    assert_eq!(server.get("/api/v1/runs").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_undefined_variable_is_shown_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let golden_paths = GoldenPaths::cloned(&server, folder.path()).await;
    golden_paths
        .write("story/content/docs/index.md", "# ${{ values.name }}\n\nOwned by ${{ values.ownr }}.\n");
    golden_paths.publish("story", RENDER_AND_PUBLISH).await;
    let before = World::seen(&server, &data, Detail::Identity).await;
    let refused = try_plan(&server, "story", &json!({"name": "gift-cards"})).await;
    let error = refused.expect(422)["error"].clone();
    let place = &error["details"][0]["location"];
    assert!(place["file"].as_str().unwrap().ends_with("docs/index.md"), "{error:#}");
    assert_eq!(place["line"], 3);
    let expression = 14..32;
    assert!(expression.contains(&place["column"].as_u64().unwrap()), "{error:#}");
    assert_eq!(error["details"][0]["sourceLine"], "Owned by ${{ values.ownr }}.");
    assert!(refused.message().contains("ownr"), "{error:#}");
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before);
}

#[tokio::test]
async fn a_template_cannot_leave_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let golden_paths = GoldenPaths::cloned(&server, folder.path()).await;
    let fetch = |action: &str, url: &str, target: &str| {
        format!(
            "    - id: fetch\n      name: Fetch\n      action: {action}\n      input:\n        url: {url}\n        targetPath: {target}\n"
        )
    };
    golden_paths.write("story/content/a.txt", "a\n");
    golden_paths.write("evil/content/a.txt", "a\n");
    std::os::unix::fs::symlink("/etc/passwd", golden_paths.copy.join("evil/content/passwd")).unwrap();
    std::os::unix::fs::symlink("../../../..", golden_paths.copy.join("evil/content/up")).unwrap();
    let publish = "    - id: publish\n      name: Publish\n      action: publish:git\n      input:\n        repoUrl: fairway?owner=acme&repo=escaped\n";
    let cases = [
        ("up", fetch("fetch:template", "../../../../../../etc", "."), ""),
        ("absolute", fetch("fetch:plain", "/etc", "."), ""),
        ("file", fetch("fetch:plain", "file:///etc/", "."), ""),
        ("target-up", fetch("fetch:plain", "../story/content", "../../elsewhere"), ""),
        ("target-absolute", fetch("fetch:template", "../story/content", "/tmp/elsewhere"), ""),
        (
            "rename",
            fetch("fetch:plain", "../story/content", "."),
            "    - id: rename\n      name: Rename\n      action: fs:rename\n      input:\n        files:\n          - from: a.txt\n            to: ../../../tmp/escaped\n",
        ),
    ];
    for (name, steps, more) in &cases {
        golden_paths.publish(name, &format!("{steps}{more}{publish}")).await;
    }
    let before = World::seen(&server, &data, Detail::Identity).await;
    for (name, _, _) in &cases {
        let refused = try_plan(&server, name, &json!({"name": "x"})).await;
        assert_eq!(refused.status, 422, "{name}: {}", refused.text);
        assert!(!refused.message().is_empty() && !refused.text.contains("root:"), "{name}: {}", refused.text);
    }

    // Links are never followed: what they point to does not come into a plan.
    golden_paths.publish("evil", &format!("{}{publish}", fetch("fetch:template", "./content", "."))).await;
    let answer = try_plan(&server, "evil", &json!({"name": "x"})).await;
    if answer.status == 200 {
        let plan = answer.json();
        for file in plan["plan"]["effects"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|it| it["files"].as_array().cloned().unwrap_or_default())
        {
            let Some(content) = file["content"].as_str() else { continue };
            let bytes = server
                .get(&format!("/api/v1/plans/{}/files/{content}", plan["digest"].as_str().unwrap()))
                .await;
            assert!(!bytes.text.contains("root:"), "{file:#}");
            assert!(!file["path"].as_str().unwrap().starts_with("up/"), "{file:#}");
        }
    } else {
        assert_eq!(answer.status, 422, "{}", answer.text);
    }
    let after = World::seen(&server, &data, Detail::Identity).await;
    assert!(!after.repositories.contains_key("acme/escaped"));
    assert_eq!(after.repositories.len(), before.repositories.len());
}

const SCORE: &str = "apiVersion: score.dev/v1b1
metadata:
  name: ${{ values.name }}
containers:
  main:
    image: .
    livenessProbe: {httpGet: {path: /healthz, port: 8080}}
    readinessProbe: {httpGet: {path: /readyz, port: 8080}}
";

/// The platform team asks for a limit of the processor as well, which nobody fills in by default.
async fn require_limits(server: &Server, folder: &std::path::Path) {
    let token = server.token(&["read", "push"]).await;
    git(folder, &["clone", "--quiet", &server.clone_address("acme/policies", Some(&token))]).await.ok();
    let file = folder.join("policies/require-resources.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let strict = text.replace("limits: [memory]", "limits: [memory, cpu]");
    assert_ne!(strict, text);
    std::fs::write(file, strict).unwrap();
    commit_and_push(&folder.join("policies"), "Require limits").await.ok();
}

#[tokio::test]
async fn a_policy_that_requires_limits_blocks_a_template_without_them_before_anything_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let golden_paths = GoldenPaths::cloned(&server, folder.path()).await;
    // An environment that adds no defaults of its own, so that the workload's own words count.
    golden_paths.write(
        "bare/environment.yaml",
        "apiVersion: fairway.dev/v1\nkind: Environment\nmetadata:\n  name: bare\nspec:\n  owner: group:default/platform\n  order: 5\n  \
         delivery: {repository: platform/bare, path: bare}\n  namespace: bare\n  domain: bare.acme.example\n  registry: registry.acme.example\n",
    );
    golden_paths.list("./bare/environment.yaml");
    golden_paths.write("story/content/score.yaml", SCORE);
    let deliver = DELIVER.replace("[staging]", "[bare]");
    golden_paths.publish("story", &format!("{RENDER_AND_PUBLISH}{deliver}")).await;
    require_limits(&server, folder.path()).await;
    let before = World::seen(&server, &data, Detail::Identity).await;

    let made = server.plan("story", &json!({"name": "gift-cards"})).await;
    assert_eq!(made["blocked"], true, "{made:#}");
    let findings = made["plan"]["findings"].as_array().unwrap();
    let finding = findings.iter().find(|it| it["message"].as_str().unwrap().contains("no limit for cpu"));
    let finding = finding.unwrap_or_else(|| panic!("{findings:#?}"));
    assert_eq!(finding["enforcement"], "deny");
    assert_eq!(finding["object"]["kind"], "Deployment", "{finding:#}");
    assert_eq!(finding["object"]["name"], "gift-cards");
    let digest = made["digest"].as_str().unwrap();
    let refused = server.post(&format!("/api/v1/plans/{digest}/apply"), &json!({})).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(refused.json()["error"]["code"], "blocked");
    let ended = fairway(&["new", "story", "name=gift-cards", "--yes", "--url", &server.url("")]).await;
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.out, ended.err);
    let page = server.get(&format!("/plans/{digest}")).await;
    assert!(page.status == 200 && page.text.contains("no limit for cpu"), "{}", page.status);
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before);

    // With limits it passes.
    golden_paths.write(
        "story/content/score.yaml",
        &format!("{SCORE}    resources:\n      requests: {{cpu: 50m, memory: 64Mi}}\n      limits: {{memory: 64Mi, cpu: 200m}}\n"),
    );
    commit_and_push(&golden_paths.copy, "Say what it needs").await.ok();
    let made = server.plan("story", &json!({"name": "gift-cards"})).await;
    assert_eq!((&made["blocked"], &made["plan"]["findings"]), (&json!(false), &json!([])));
    server.complete(&made).await;
}
