//! Versions: deployed to staging, promoted to production, rolled back; the manifests in Git follow.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{fairway, git};
use crate::server::{Server, Start};
use crate::world::{Detail, World};

const SERVICE: &str = "gift-cards";

/// The tags of the service's image in an environment's manifests.
async fn delivered_version(server: &Server, folder: &Path, environment: &str) -> String {
    let copy = folder.join("environments");
    if copy.exists() {
        git(&copy, &["pull", "--quiet", "--ff-only"]).await.ok();
    } else {
        git(folder, &["clone", "--quiet", &server.clone_address("platform/environments", None)]).await.ok();
    }
    let mut tags = Vec::new();
    for file in std::fs::read_dir(copy.join(environment).join(SERVICE)).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for line in text.lines().filter(|line| line.contains("image: ")) {
            tags.extend(line.rsplit_once(':').map(|(_, tag)| tag.trim_matches(['"', '\'']).to_owned()));
        }
    }
    tags.dedup();
    assert_eq!(tags.len(), 1, "{tags:?}");
    tags.remove(0)
}

async fn history(server: &Server) -> Vec<(String, String, String)> {
    let answer = server.get(&format!("/api/v1/services/{SERVICE}/deployments")).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text(&item["environment"]), text(&item["version"]), text(&item["kind"])))
        .collect()
}

#[tokio::test]
async fn a_service_comes_to_production_by_promotion_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let request =
        json!({"name": SERVICE, "team": "checkout", "template": "go-service", "environments": ["staging"]});
    server.post("/api/v1/services", &request).await.expect(201);
    for page in ["/catalog/default/component/gift-cards", "/environments", "/guardrails", "/"] {
        assert_eq!(server.get(page).await.status, 200, "{page}");
    }
    let plan =
        server.post("/api/v1/promotions", &json!({"service": SERVICE, "to": "production"})).await.expect(200);
    server.complete(&plan).await;
    assert_eq!(delivered_version(&server, folder.path(), "production").await, "0.1.0");
    let rollback = json!({"service": SERVICE, "environment": "production"});
    let refused = server.post("/api/v1/rollbacks", &rollback).await;
    assert_eq!(refused.status, 400, "there is no earlier version: {}", refused.text);
}

#[tokio::test]
async fn a_version_goes_from_staging_to_production_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let request = json!({"name": SERVICE, "team": "checkout", "template": "nodejs-typescript-service"});
    server.post("/api/v1/services", &request).await.expect(201);
    assert_eq!(delivered_version(&server, folder.path(), "staging").await, "0.1.0");

    // Deployed by the API.
    let deploy = json!({"service": SERVICE, "environment": "staging", "version": "0.2.0"});
    let plan = server.post("/api/v1/deployments", &deploy).await.expect(200);
    server.complete(&plan).await;
    assert_eq!(delivered_version(&server, folder.path(), "staging").await, "0.2.0");
    assert_eq!(delivered_version(&server, folder.path(), "production").await, "0.1.0");

    // Promoted; undone; promoted again on the command line.
    let before = World::seen(&server, &data, Detail::Identity).await;
    let promote = json!({"service": SERVICE, "to": "production"});
    let plan = server.post("/api/v1/promotions", &promote).await.expect(200);
    assert_eq!(plan["blocked"], false, "{plan:#}");
    let run = server.complete(&plan).await;
    assert_eq!(delivered_version(&server, folder.path(), "production").await, "0.2.0");
    let again = server.post("/api/v1/promotions", &promote).await;
    assert_eq!(again.status, 409, "it is there already: {}", again.text);
    let undone = server.undo(run["id"].as_str().unwrap()).await;
    assert_eq!(undone["status"], "undone");
    assert_eq!(World::seen(&server, &data, Detail::Identity).await, before, "the promotion is undone");
    std::fs::remove_dir_all(folder.path().join("environments")).unwrap();
    assert_eq!(delivered_version(&server, folder.path(), "production").await, "0.1.0");

    let url = server.url("");
    fairway(&["promote", SERVICE, "--to", "production", "--yes", "--url", &url]).await.ok();
    assert_eq!(delivered_version(&server, folder.path(), "production").await, "0.2.0");
    fairway(&["rollback", SERVICE, "--environment", "production", "--yes", "--url", &url]).await.ok();
    assert_eq!(delivered_version(&server, folder.path(), "production").await, "0.1.0");
    assert_eq!(delivered_version(&server, folder.path(), "staging").await, "0.2.0");

    let history = history(&server).await;
    let there = |environment: &str, version: &str, kind: &str| {
        history.contains(&(environment.to_owned(), version.to_owned(), kind.to_owned()))
    };
    assert!(there("staging", "0.2.0", "deploy"), "{history:?}");
    assert!(there("production", "0.2.0", "promotion"), "{history:?}");
    assert_eq!(history[0], ("production".to_owned(), "0.1.0".to_owned(), "rollback".to_owned()));
    let matrix = fairway(&["environments", "--output", "json", "--url", &url]).await.ok();
    assert!(matrix.out.contains(SERVICE), "{}", matrix.out);
}
