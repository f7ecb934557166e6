//! Plans: the same for the same request, changing nothing, refused when the world moved.

use serde_json::{Value, json};

use crate::command::{commit_and_push, fairway};
use crate::server::Start;
use crate::template_source::GoldenPaths;
use crate::world::{Detail, World};

fn inputs(name: &str) -> Value {
    json!({"name": name, "description": "Sells gift cards", "owner": "group:default/checkout", "database": "postgresql"})
}

#[tokio::test]
async fn a_plan_computed_twice_is_byte_identical_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).at_fixed_address().server().await;
    let before = World::seen(&server, &data, Detail::Identity).await;
    let first = server.plan("python-fastapi-service", &inputs("gift-cards")).await;
    let second = server.plan("python-fastapi-service", &inputs("gift-cards")).await;
    assert_eq!(first["plan"].to_string(), second["plan"].to_string());
    assert_eq!(first["digest"], second["digest"]);
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before);
    assert_ne!(server.plan("python-fastapi-service", &inputs("loyalty")).await["digest"], first["digest"]);
    server.stop().await;

    // Another process, another empty ledger, the same organisation: the same plan to the byte.
    let elsewhere = Start::new(&folder.path().join("elsewhere")).at_fixed_address().server().await;
    let third = elsewhere.plan("python-fastapi-service", &inputs("gift-cards")).await;
    assert_eq!(first["plan"].to_string(), third["plan"].to_string());
    assert_eq!(first["digest"], third["digest"]);
}

#[tokio::test]
async fn a_plan_shows_everything_before_it_happens() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    for template in ["python-fastapi-service", "nodejs-typescript-service", "go-service", "rust-service"] {
        let made = server.plan(template, &inputs("gift-cards")).await;
        let plan = &made["plan"];
        assert_eq!(made["blocked"], false, "{template}: {:#}", plan["findings"]);
        assert_eq!(plan["findings"], json!([]), "{template} passes every guardrail without a remark");
        assert!(plan["policiesEvaluated"].as_u64().unwrap() >= 10, "{}", plan["policiesEvaluated"]);
        let environments: Vec<&str> = plan["environments"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|it| it["environment"].as_str())
            .collect();
        assert_eq!(environments, ["staging", "production"]);
        let monthly = plan["cost"].as_object().unwrap();
        assert!(!monthly.is_empty());
        let kinds: Vec<&str> =
            plan["effects"].as_array().unwrap().iter().filter_map(|it| it["type"].as_str()).collect();
        for kind in ["create-repository", "commit", "register-location", "record-deployment"] {
            assert!(kinds.contains(&kind), "{template} has no {kind}: {kinds:?}");
        }
        // Every file can be read before anything is there.
        let file = &plan["effects"].as_array().unwrap().iter().find(|it| it["type"] == "commit").unwrap()["files"]
            [0];
        let (digest, content) = (made["digest"].as_str().unwrap(), file["content"].as_str().unwrap());
        let bytes = server.get(&format!("/api/v1/plans/{digest}/files/{content}")).await;
        assert_eq!((bytes.status, bytes.text.len() as u64), (200, file["size"].as_u64().unwrap()));
    }
    assert_eq!(server.get("/api/v1/runs").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_template_that_changed_between_plan_and_apply_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let plan = server.plan("python-fastapi-service", &inputs("gift-cards")).await;
    let digest = plan["digest"].as_str().unwrap();

    let golden_paths = GoldenPaths::cloned(&server, folder.path()).await;
    let file = "python-fastapi-service/content/README.md";
    let text = std::fs::read_to_string(golden_paths.copy.join(file)).unwrap();
    golden_paths.write(file, &format!("{text}\nOne more line.\n"));
    commit_and_push(&golden_paths.copy, "Say one more thing").await.ok();

    let before = World::seen(&server, &data, Detail::Identity).await;
    let refused = server.post(&format!("/api/v1/plans/{digest}/apply"), &json!({})).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.message().contains("no longer holds"), "{}", refused.text);
    let ended = fairway(&["apply", digest, "--yes", "--url", &server.url("")]).await.with_code(4);
    assert!(ended.err.contains("no longer holds"), "{}", ended.err);
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before);
    assert_eq!(server.get("/api/v1/runs").await.expect(200)["items"], json!([]));

    // A new plan holds.
    let plan = server.plan("python-fastapi-service", &inputs("gift-cards")).await;
    assert_ne!(plan["digest"], digest);
    server.complete(&plan).await;
}
