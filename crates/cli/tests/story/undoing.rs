//! Undo: the world as it was before, and nothing touched that the run did not make.

use serde_json::json;

use crate::command::{commit_and_push, fairway, git};
use crate::server::{Server, Start};
use crate::world::{Detail, World};

async fn create(server: &Server, name: &str) -> String {
    let request =
        json!({"name": name, "team": "checkout", "template": "python-fastapi-service", "database": "redis"});
    let created = server.post("/api/v1/services", &request).await.expect(201);
    created["run"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn undo_returns_the_forge_and_the_catalog_to_what_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    // A service from before, whose manifests stand in the same repository.
    create(&server, "loyalty").await;
    let before = World::seen(&server, &data, Detail::Identity).await;

    let run = create(&server, "gift-cards").await;
    let with = World::seen(&server, &data, Detail::Identity).await;
    assert_ne!(with, before);

    let preview = server.get(&format!("/api/v1/runs/{run}/undo")).await.expect(200);
    assert!(preview["items"].as_array().unwrap().iter().all(|item| item["kept"] == false), "{preview:#}");
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, with, "a preview changes nothing");

    fairway(&["undo", &run, "--yes", "--url", &server.url("")]).await.ok();
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before);
    let again = server.post(&format!("/api/v1/runs/{run}/undo"), &json!({})).await;
    assert_eq!(again.status, 409, "{}", again.text);

    // The name is free again.
    create(&server, "gift-cards").await;
}

#[tokio::test]
async fn what_other_people_pushed_meanwhile_stays_and_the_run_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let run = create(&server, "gift-cards").await;
    let token = server.token(&["push", "read"]).await;
    git(folder.path(), &["clone", "--quiet", &server.clone_address("acme/gift-cards", Some(&token))])
        .await
        .ok();
    let copy = folder.path().join("gift-cards");
    std::fs::write(copy.join("work.txt"), "A day's work\n").unwrap();
    commit_and_push(&copy, "A day's work").await.ok();
    let head = git(&copy, &["rev-parse", "HEAD"]).await.ok().out;

    let preview = server.get(&format!("/api/v1/runs/{run}/undo")).await.expect(200);
    let kept = |value: &serde_json::Value| value["kept"] == true;
    assert!(preview["items"].as_array().unwrap().iter().any(kept), "{preview:#}");
    let undone = server.undo(&run).await;
    assert_eq!(undone["status"], "undone");
    let reasons: Vec<&str> =
        undone["effects"].as_array().unwrap().iter().filter_map(|effect| effect["reason"].as_str()).collect();
    assert!(
        reasons.iter().any(|reason| reason.contains("acme/gift-cards has commits that the run did not make")),
        "{undone:#}"
    );

    let there = git(&copy, &["ls-remote", "origin", "refs/heads/main"]).await.ok().out;
    assert_eq!(there.split_whitespace().next(), Some(head.trim()), "the day's work is still there");
    // What nobody else touched is gone: the manifests and the records of the deployments.
    let world = World::seen(&server, &data, Detail::Identity).await;
    assert!(!world.repositories.contains_key("platform/environments"), "{:?}", world.repositories.keys());
    assert!(world.deployments.keys().all(|key| !key.contains("gift-cards")), "{:?}", world.deployments);
}
