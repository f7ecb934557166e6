//! A process that is killed at any moment of a run: the next one takes the run up, and ends where it would have.

use std::path::{Path, PathBuf};

use futures::future::join_all;
use serde_json::{Value, json};

use crate::command::copy_folder;
use crate::server::{Server, Start, pause, try_send};
use crate::world::{Detail, World};

/// How many boundaries are tried at the same time.
const ABREAST: u32 = 4;

fn inputs() -> Value {
    json!({
        "name": "gift-cards",
        "description": "Sells gift cards",
        "owner": "group:default/checkout",
        "database": "postgresql",
        "environments": ["staging", "production"],
    })
}

/// A data folder with the example organisation, from which every attempt starts.
async fn prepared(folder: &Path) -> PathBuf {
    let data = folder.join("prepared");
    let server = Start::new(&data).at_fixed_address().server().await;
    server.stop().await;
    data
}

/// A server that ends at a boundary, or by itself stays when there is no such boundary.
async fn until_killed(mut server: Server, run: &str) -> bool {
    loop {
        if server.has_ended() {
            return true;
        }
        let request = server.request(reqwest::Method::GET, &format!("/api/v1/runs/{run}"));
        if let Ok(answer) = try_send(request).await
            && matches!(answer.json()["status"].as_str(), Some("completed" | "failed" | "undone"))
        {
            // The last boundary comes after the run has settled.
            for _ in 0..10 {
                pause().await;
            }
            return server.has_ended();
        }
        pause().await;
    }
}

async fn plan_and_begin(server: &Server) -> String {
    let plan = server.plan("python-fastapi-service", &inputs()).await;
    let digest = plan["digest"].as_str().unwrap();
    let run = server.post(&format!("/api/v1/plans/{digest}/apply"), &json!({})).await.expect(202);
    run["id"].as_str().unwrap().to_owned()
}

/// Tries every boundary, some at a time, until one is never reached. Returns how many there are.
async fn at_every_boundary<F>(attempt: impl Fn(u32) -> F) -> u32
where
    F: Future<Output = bool>,
{
    let mut next = 1;
    loop {
        let killed = join_all((next..next + ABREAST).map(&attempt)).await;
        if let Some(survived) = killed.iter().position(|killed| !killed) {
            return next - 1 + u32::try_from(survived).unwrap();
        }
        next += ABREAST;
        assert!(next < 200, "the run never ends");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_at_any_boundary_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let prepared = prepared(folder.path()).await;

    let undisturbed = folder.path().join("undisturbed");
    copy_folder(&prepared, &undisturbed);
    let server = Start::new(&undisturbed).at_fixed_address().server().await;
    let run = plan_and_begin(&server).await;
    assert_eq!(server.settled(&run).await["status"], "completed");
    let expected = World::seen(&server, &undisturbed, Detail::Content).await;
    assert!(
        expected.repositories.contains_key("acme/gift-cards")
            && expected.repositories.contains_key("platform/environments")
    );
    server.stop().await;

    let boundaries = at_every_boundary(|boundary| {
        let (prepared, data) = (prepared.clone(), folder.path().join(format!("killed-{boundary}")));
        let expected = &expected;
        async move {
            copy_folder(&prepared, &data);
            let start = Start::new(&data).at_fixed_address().killed_at_boundary(boundary);
            let server = start.server().await;
            let run = plan_and_begin(&server).await;
            let killed = until_killed(server, &run).await;
            let server = Start::new(&data).at_fixed_address().server().await;
            let settled = server.settled(&run).await;
            assert_eq!(settled["status"], "completed", "boundary {boundary}: {settled:#}");
            let seen = World::seen(&server, &data, Detail::Content).await;
            assert_eq!(seen, *expected, "after the end at boundary {boundary}");
            assert_eq!(
                server.get("/api/v1/audit/verify").await.expect(200)["intact"],
                true,
                "boundary {boundary}"
            );
            drop(server);
            std::fs::remove_dir_all(&data).unwrap();
            killed
        }
    })
    .await;
    assert!(boundaries >= 15, "only {boundaries} boundaries were found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_that_is_killed_at_any_boundary_leaves_the_world_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let prepared = prepared(folder.path()).await;
    let server = Start::new(&prepared).at_fixed_address().server().await;
    let before = World::seen(&server, &prepared, Detail::Identity).await;
    let run = plan_and_begin(&server).await;
    assert_eq!(server.settled(&run).await["status"], "completed");
    server.stop().await;

    let boundaries = at_every_boundary(|boundary| {
        let (prepared, data) = (prepared.clone(), folder.path().join(format!("killed-{boundary}")));
        let (before, run) = (&before, &run);
        async move {
            copy_folder(&prepared, &data);
            let start = Start::new(&data).at_fixed_address().killed_at_boundary(boundary);
            let server = start.server().await;
            server.post(&format!("/api/v1/runs/{run}/undo"), &json!({})).await.expect(202);
            let killed = until_killed(server, run).await;
            let server = Start::new(&data).at_fixed_address().server().await;
            let settled = server.settled(run).await;
            assert_eq!(settled["status"], "undone", "boundary {boundary}: {settled:#}");
            let seen = World::seen(&server, &data, Detail::Identity).await;
            assert_eq!(seen, *before, "after the end at boundary {boundary}");
            drop(server);
            std::fs::remove_dir_all(&data).unwrap();
            killed
        }
    })
    .await;
    assert!(boundaries >= 10, "only {boundaries} boundaries were found");
}

#[tokio::test]
async fn a_server_that_is_killed_from_outside_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).at_fixed_address().server().await;
    let run = plan_and_begin(&server).await;
    // Somewhere in the middle: the first effect has begun, the last has not ended.
    loop {
        let seen = server.get(&format!("/api/v1/runs/{run}")).await.expect(200);
        if seen["effects"].as_array().unwrap().iter().any(|effect| effect["status"] != "pending") {
            break;
        }
    }
    server.kill();
    let server = Start::new(&data).at_fixed_address().server().await;
    assert_eq!(server.settled(&run).await["status"], "completed");
    assert_ne!(server.entity("component/default/gift-cards").await, Value::Null);
    assert_eq!(server.get("/api/v1/audit/verify").await.expect(200)["intact"], true);
}

#[tokio::test]
async fn a_platform_that_moves_to_another_address_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Start::new(&data).server().await;
    let run = plan_and_begin(&server).await;
    assert_eq!(server.settled(&run).await["status"], "completed");
    server.stop().await;
    // Another port is another address.
    let server = Start::new(&data).server().await;
    let second = json!({"name": "loyalty", "team": "checkout", "template": "go-service"});
    let created = server.post("/api/v1/services", &second).await.expect(201);
    assert_eq!(created["repository"], server.clone_address("acme/loyalty", None));
    let promoted = json!({"service": "gift-cards", "environment": "staging", "version": "0.2.0"});
    let plan = server.post("/api/v1/deployments", &promoted).await.expect(200);
    server.complete(&plan).await;
    let entity = server.entity("component/default/gift-cards").await;
    let view = entity["metadata"]["annotations"]["backstage.io/view-url"].as_str().unwrap();
    assert!(view.starts_with(&server.url("/")), "{view}");
    let undone = server.undo(&run).await;
    let effects = undone["effects"].as_array().unwrap();
    assert!(effects.iter().any(|effect| effect["status"] == "undone"), "{undone:#}");
}
