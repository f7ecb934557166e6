//! Two servers on one Postgres: what happens through one is seen through the other.

use std::time::{Duration, Instant};

use fairway_ledger::testing::TestDatabase;
use serde_json::{Value, json};

use crate::server::{Server, Start, pause};

/// Replicas agree within a second; this is for machines that build and test other things meanwhile, and still less
/// than the five seconds after which a replica looks by itself without being told.
const AGREEMENT: Duration = Duration::from_secs(4);

/// After an outage connections are made anew first.
const AGREEMENT_AFTER_OUTAGE: Duration = Duration::from_secs(15);

async fn eventually(server: &Server, path: &str) {
    seen_within(server, path, AGREEMENT).await;
}

async fn seen_within(server: &Server, path: &str, bound: Duration) {
    let began = Instant::now();
    while server.entity(path).await == Value::Null {
        assert!(began.elapsed() < bound, "{path} is not seen after {bound:?}");
        pause().await;
    }
}

#[tokio::test]
async fn what_happens_through_one_is_seen_through_the_other() {
    let Some(database) = TestDatabase::create().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || Start::new(&data).at_fixed_address().with(&["--database", database.url()]);
    let one = start().server().await;
    let two = start().server().await;
    let total = |answer: Value| answer["total"].clone();
    let path = "/api/v1/catalog/entities?limit=1";
    assert_eq!(total(one.get(path).await.expect(200)), total(two.get(path).await.expect(200)));

    let request = json!({"name": "gift-cards", "team": "checkout", "template": "python-fastapi-service", "database": "redis"});
    let created = one.post("/api/v1/services", &request).await.expect(201);
    assert_eq!(created["status"], "delivered");
    eventually(&two, "component/default/gift-cards").await;
    let request = json!({"name": "loyalty", "team": "checkout", "template": "go-service"});
    two.post("/api/v1/services", &request).await.expect(201);
    eventually(&one, "component/default/loyalty").await;

    // A plan made here is applied there; a token made here is good there.
    let plan = one
        .plan(
            "go-service",
            &json!({"name": "wishes", "description": "Wishes", "owner": "group:default/checkout"}),
        )
        .await;
    two.complete(&plan).await;
    eventually(&one, "component/default/wishes").await;
    let token = one.token(&["read"]).await;
    let began = Instant::now();
    loop {
        let request = two.request(reqwest::Method::GET, "/api/v1/runs").bearer_auth(&token);
        if two.send(request).await.status == 200 {
            break;
        }
        assert!(began.elapsed() < AGREEMENT, "the token is not known after {AGREEMENT:?}");
        pause().await;
    }

    // One ends without warning in the middle of a run; the other takes it up when the lease is over, or has it
    // already. Either way nothing is lost, and the chain has one order.
    let undone = two.undo(created["run"].as_str().unwrap()).await;
    assert_eq!(undone["status"], "undone", "{undone:#}");
    one.kill();
    let verified = two.get("/api/v1/audit/verify").await.expect(200);
    assert_eq!(verified["intact"], true, "{verified:#}");
}

/// As long as the database is away in the story below.
const OUTAGE: Duration = Duration::from_secs(10);
/// A database that is back is used again within this.
const RECOVERY: Duration = Duration::from_secs(5);

async fn status(server: &Server, path: &str) -> u16 {
    server.get(path).await.status
}

/// Asks until the server answers this path with 200.
async fn recovered(server: &Server, path: &str) {
    let began = Instant::now();
    while status(server, path).await != 200 {
        assert!(began.elapsed() < RECOVERY, "{path} is not answered {RECOVERY:?} after the database is back");
        pause().await;
    }
}

#[tokio::test]
async fn a_database_that_is_away_for_ten_seconds_costs_nothing_that_was_confirmed() {
    let Some(database) = TestDatabase::create_alone().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || Start::new(&data).at_fixed_address().with(&["--database", database.url()]);
    let one = start().server().await;
    let two = start().server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service"});
    one.post("/api/v1/services", &request).await.expect(201);
    eventually(&two, "component/default/gift-cards").await;

    database.stop().await;
    let down = Instant::now();
    // What is known is in memory, so people go on reading; what cannot be kept is refused and not half done.
    one.get("/api/v1/catalog/entities?limit=1").await.expect(200);
    let refused = one.post("/api/v1/tokens", &json!({"name": "lost", "scopes": ["read"]})).await;
    assert!(refused.status >= 500, "{} {}", refused.status, refused.text);
    // The outage is what this story is about.
    tokio::time::sleep(OUTAGE.saturating_sub(down.elapsed())).await;
    database.start().await;

    recovered(&one, "/api/v1/audit?limit=1").await;
    recovered(&two, "/api/v1/audit?limit=1").await;
    for (writer, reader, name) in [(&one, &two, "loyalty"), (&two, &one, "wishes")] {
        let request = json!({"name": name, "team": "checkout", "template": "go-service"});
        writer.post("/api/v1/services", &request).await.expect(201);
        seen_within(reader, &format!("component/default/{name}"), AGREEMENT_AFTER_OUTAGE).await;
        let old = reader.entity("component/default/gift-cards").await;
        assert_ne!(old, Value::Null, "what was confirmed before is still there");
    }
    let verified = one.get("/api/v1/audit/verify").await.expect(200);
    assert_eq!(verified["intact"], true, "{verified:#}");
}
