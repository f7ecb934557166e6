//! The golden path end to end: a short request, and a service that is in the catalog, delivered and on record.

use std::path::Path;

use fairway_ledger::testing::TestDatabase;
use serde_json::{Value, json};

use crate::command::{fairway, git};
use crate::server::{Server, Start};

const NAME: &str = "gift-cards";

#[tokio::test]
async fn a_service_is_created_by_one_request() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    create_and_look(&server, folder.path()).await;
    server.stop().await;
    let verified = fairway(&["audit", "verify", "--data", data.to_str().unwrap()]).await.ok();
    assert!(!verified.out.is_empty() || !verified.err.is_empty());
}

#[tokio::test]
async fn a_service_is_created_by_one_request_on_postgres() {
    let Some(database) = TestDatabase::create().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).with(&["--database", database.url()]).server().await;
    create_and_look(&server, folder.path()).await;
    server.stop().await;
    assert!(!data.join("fairway.db").exists(), "everything is in Postgres");
    fairway(&["audit", "verify", "--database", database.url()]).await.ok();
}

async fn create_and_look(server: &Server, folder: &Path) {
    let request = json!({
        "name": NAME,
        "team": "checkout",
        "template": "python-fastapi-service",
        "database": "postgresql",
        "environments": ["staging", "production"],
    });
    let asked = server.request(reqwest::Method::POST, "/api/v1/services").json(&request);
    let asked = asked.header("x-fairway-reason", "gift cards for the winter sale");
    let created = server.send(asked).await.expect(201);
    assert_eq!(created["service"], NAME);
    assert_eq!(created["status"], "delivered", "{created:#}");
    assert_eq!(created["environments"], json!(["staging", "production"]));
    assert_eq!(created["resources"], json!(["postgres:cloudnative-pg"]));
    assert_eq!(created["repository"], server.clone_address("acme/gift-cards", None));

    let status = server.get(&format!("/api/v1/services/{NAME}/status")).await.expect(200);
    for (deployment, environment) in
        status["deployments"].as_array().unwrap().iter().zip(["staging", "production"])
    {
        assert_eq!(deployment["environment"], environment);
        assert_eq!(deployment["version"], "0.1.0");
        assert_eq!(deployment["syncStatus"], "Rendered");
        assert_eq!(deployment["healthStatus"], "Unknown", "no cluster is connected that could tell");
    }
    assert_eq!(status["infrastructure"].as_array().unwrap().len(), 2, "{status:#}");

    let entity = server.entity(&format!("component/default/{NAME}")).await;
    let owned = json!({"type": "ownedBy", "targetRef": "group:default/checkout"});
    assert!(entity["relations"].as_array().unwrap().contains(&owned), "{entity:#}");
    assert_ne!(server.entity(&format!("resource/default/{NAME}-db")).await, Value::Null);
    let page = server.get(&format!("/catalog/default/component/{NAME}")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains(NAME));

    look_at_the_repositories(server, folder).await;
    look_at_metrics(server).await;
    look_at_the_audit_log(server, created["run"].as_str().unwrap()).await;
}

async fn look_at_the_repositories(server: &Server, folder: &Path) {
    git(folder, &["clone", "--quiet", &server.clone_address("acme/gift-cards", None)]).await.ok();
    for file in
        ["catalog-info.yaml", "score.yaml", "Dockerfile", "mkdocs.yml", "app/main.py", ".fairway/origin.yaml"]
    {
        assert!(folder.join(NAME).join(file).is_file(), "the repository has no {file}");
    }
    git(folder, &["clone", "--quiet", &server.clone_address("platform/environments", None)]).await.ok();
    for environment in ["staging", "production"] {
        let delivered = folder.join("environments").join(environment).join(NAME);
        let mut text = String::new();
        for file in std::fs::read_dir(&delivered).unwrap() {
            text.push_str(&std::fs::read_to_string(file.unwrap().path()).unwrap());
        }
        for part in [
            "kind: Deployment",
            "kind: Service",
            "kind: Cluster",
            "runAsNonRoot: true",
            "registry.acme.example/acme/gift-cards:0.1.0",
        ] {
            assert!(text.contains(part), "{environment} has no \"{part}\":\n{text}");
        }
    }
}

async fn look_at_metrics(server: &Server) {
    let text = server.get("/metrics").await.text;
    let line = r#"platform_service_creations_total{template="python-fastapi-service",team="checkout",status="success"} 1"#;
    assert!(text.contains(line), "{text}");
    let line = r#"platform_provisioning_duration_seconds_count{resource_type="postgres",provider="cloudnative-pg"} 2"#;
    assert!(text.contains(line), "{text}");
    for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "fairway_http_requests_total"]
    {
        assert!(text.contains(&format!("\n{name}")), "there is no {name}");
    }
    assert!(text.ends_with("# EOF\n"));
}

async fn look_at_the_audit_log(server: &Server, run: &str) {
    let records = server.get(&format!("/api/v1/audit?kind=run&subject={run}")).await.expect(200);
    let first = records["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(first["actor"], json!({"type": "guest"}));
    assert_eq!(first["origin"], "api");
    assert_eq!(first["address"], "127.0.0.1");
    assert_eq!(first["reason"], "gift cards for the winter sale");
    let verified = server.get("/api/v1/audit/verify").await.expect(200);
    assert_eq!(verified["intact"], true, "{verified:#}");
}

#[tokio::test]
async fn a_service_is_created_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let ended = fairway(&[
        "new",
        "python-fastapi-service",
        "name=gift-cards",
        "description=Sells gift cards",
        "owner=group:default/checkout",
        "database=postgresql",
        "--yes",
        "--reason",
        "the winter sale",
        "--url",
        &server.url(""),
    ])
    .await
    .ok();
    let said = format!("{}{}", ended.out, ended.err);
    assert!(said.contains(&server.clone_address("acme/gift-cards", None)), "{said}");
    assert_ne!(server.entity("component/default/gift-cards").await, Value::Null);
    let runs = server.get("/api/v1/runs").await.expect(200);
    let run = &runs["items"][0];
    assert_eq!((run["origin"].as_str(), run["status"].as_str()), (Some("cli"), Some("completed")), "{run:#}");
    assert_eq!(run["reason"], "the winter sale");
}
