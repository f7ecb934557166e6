//! Git over HTTP: clone, push with a token, and what a broken file in a push leads to.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::command::{commit_and_push, git};
use crate::server::{Server, Start};

async fn with_service(folder: &Path) -> Server {
    let server = Start::new(&folder.join("data")).server().await;
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service", "environments": ["staging"]});
    server.post("/api/v1/services", &request).await.expect(201);
    server
}

async fn cloned(server: &Server, folder: &Path, token: Option<&str>) -> PathBuf {
    let address = server.clone_address("acme/gift-cards", token);
    git(folder, &["clone", "--quiet", &address]).await.ok();
    folder.join("gift-cards")
}

#[tokio::test]
async fn a_broken_file_is_seen_at_once_and_the_last_good_version_stays() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_service(folder.path()).await;
    let token = server.token(&["read", "push"]).await;
    let copy = cloned(&server, folder.path(), Some(&token)).await;
    let file = copy.join("catalog-info.yaml");
    let good = std::fs::read_to_string(&file).unwrap();

    // A value of the wrong kind, on a line that is known here.
    let wrong = good.replace("  lifecycle: experimental", "  lifecycle: [experimental]");
    let line = wrong.lines().position(|line| line.contains("lifecycle")).unwrap() + 1;
    std::fs::write(&file, wrong).unwrap();
    commit_and_push(&copy, "Break the lifecycle").await.ok();

    // The push has returned, so nothing has to be waited for.
    let entity = server.entity("component/default/gift-cards").await;
    let error = &entity["fairway"]["errors"][0];
    assert_eq!(error["location"]["file"], "catalog-info.yaml", "{entity:#}");
    assert_eq!(error["location"]["line"], line);
    assert!(error["location"]["column"].as_u64().unwrap() >= 3, "{error:#}");
    assert_eq!(entity["spec"]["lifecycle"], "experimental", "the last good version stays");
    let page = server.get("/catalog/default/component/gift-cards").await.text;
    assert!(page.contains(&format!("catalog-info.yaml:{line}:")), "the page does not say where");

    // A file that is no YAML at all.
    std::fs::write(&file, format!("{good}  lifecycle: \"unclosed\n")).unwrap();
    commit_and_push(&copy, "Break the syntax").await.ok();
    let entity = server.entity("component/default/gift-cards").await;
    assert_eq!(entity["spec"]["lifecycle"], "experimental");
    let drafts = server.get("/api/v1/catalog/drafts").await.expect(200);
    let place = &drafts["items"][0]["diagnostics"][0]["location"];
    assert!(place["line"].as_u64().unwrap() > 1 && place["column"].as_u64().unwrap() > 0, "{drafts:#}");
    assert!(
        !entity["fairway"]["errors"].as_array().unwrap().is_empty(),
        "the entity says that its file is broken"
    );

    std::fs::write(&file, good.replace("experimental", "production")).unwrap();
    commit_and_push(&copy, "Mend it").await.ok();
    let entity = server.entity("component/default/gift-cards").await;
    assert!(entity["fairway"].is_null(), "{entity:#}");
    assert_eq!(entity["spec"]["lifecycle"], "production");
    assert_eq!(server.get("/api/v1/catalog/drafts").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_push_needs_a_token_with_the_scope() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_service(folder.path()).await;
    let copy = cloned(&server, folder.path(), None).await;
    std::fs::write(copy.join("note.txt"), "hello\n").unwrap();
    let refused = commit_and_push(&copy, "A note").await;
    assert_ne!(refused.code, Some(0));
    assert!(
        refused.err.contains("could not read Username") || refused.err.contains("token"),
        "{}",
        refused.err
    );

    let read_only = server.token(&["read"]).await;
    let address = server.clone_address("acme/gift-cards", Some(&read_only));
    git(&copy, &["remote", "set-url", "origin", &address]).await.ok();
    let refused = git(&copy, &["push", "origin", "HEAD:main"]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.err.contains("403"), "{}", refused.err);

    let pushing = server.token(&["read", "push"]).await;
    let address = server.clone_address("acme/gift-cards", Some(&pushing));
    git(&copy, &["remote", "set-url", "origin", &address]).await.ok();
    git(&copy, &["push", "origin", "HEAD:main"]).await.ok();
    let pushes = server.get("/api/v1/audit?kind=forge.push").await.expect(200);
    let push = &pushes["items"][0];
    assert_eq!(push["subject"], "acme/gift-cards");
    assert_eq!(
        (push["origin"].as_str(), push["actor"]["type"].as_str()),
        (Some("git"), Some("token")),
        "{push:#}"
    );
}

#[tokio::test]
async fn a_push_over_the_limit_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_service(folder.path()).await;
    let token = server.token(&["read", "push"]).await;
    let copy = cloned(&server, folder.path(), Some(&token)).await;
    let before = git(&copy, &["rev-parse", "HEAD"]).await.ok().out;
    std::fs::write(copy.join("large.bin"), incompressible(65 * 1024 * 1024)).unwrap();
    let refused = commit_and_push(&copy, "Something large").await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.err.contains("exceeds maximum allowed size"), "{}", refused.err);
    let there = git(&copy, &["ls-remote", "origin", "refs/heads/main"]).await.ok().out;
    assert_eq!(there.split_whitespace().next(), Some(before.trim()), "the branch did not move");
    assert_eq!(server.get("/readyz").await.status, 200);
}

/// Bytes that no compression makes smaller, the same every time.
fn incompressible(count: usize) -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}
