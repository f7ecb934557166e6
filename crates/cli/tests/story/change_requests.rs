//! Change requests: proposed from an entity's page or a branch, checked, reviewed, merged, seen in the catalog.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{fairway, git};
use crate::server::{Server, Start};

const EDITS: &str = "/api/v1/catalog/entities/component/default/storefront-web/edits";

async fn a_component(server: &Server) -> (String, Value) {
    let listed = server.get("/api/v1/catalog/entities?kind=component").await.expect(200);
    let entity = listed["items"][0].clone();
    let name = entity["metadata"]["name"].as_str().unwrap().to_owned();
    (name, entity)
}

fn edits(name: &str) -> String {
    EDITS.replace("storefront-web", name)
}

async fn title_of(server: &Server, name: &str) -> Value {
    let path = format!("/api/v1/catalog/entities/component/default/{name}");
    server.get(&path).await.expect(200)["metadata"]["title"].clone()
}

#[tokio::test]
async fn an_edit_from_the_page_is_a_change_request_and_its_merge_is_in_the_catalog() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let (name, before) = a_component(&server).await;
    let body = json!({"values": {"metadata.title": "A better name", "metadata.tags": "one, two"}, "description": "It is **clearer**."});
    let change = server.post(&edits(&name), &body).await.expect(201);
    let (repository, number) = (change["repository"].as_str().unwrap(), change["number"].as_u64().unwrap());
    assert_eq!(change["state"]["status"], "open");
    assert_eq!(
        change["fields"][1],
        json!({"field": "metadata.title", "before": before["metadata"]["title"], "after": "A better name"})
    );

    // The pending value is on the entity's page, and the value itself has not changed.
    let page = server.get(&format!("/catalog/default/component/{name}")).await;
    assert!(
        page.text.contains("A better name") && page.text.contains(&format!("/changes/{number}")),
        "{}",
        page.text
    );
    assert_eq!(title_of(&server, &name).await, before["metadata"]["title"]);

    let path = format!("/api/v1/repositories/{repository}/change-requests/{number}");
    let details = server.get(&path).await.expect(200);
    assert_eq!(details["obstacles"], json!([]), "{details:#}");
    assert_eq!(details["checks"][0]["status"], "passed");
    assert_eq!(details["files"].as_array().unwrap().len(), 1);

    let merged =
        fairway(&["change", "merge", &format!("{repository}#{number}"), "--url", &server.url("")]).await.ok();
    assert!(merged.out.contains("merged as"), "{}", merged.out);
    assert_eq!(title_of(&server, &name).await, "A better name");
    let again = server.post(&format!("{path}/merge"), &json!({})).await;
    assert_eq!(again.status, 409, "{}", again.text);
}

#[tokio::test]
async fn an_edit_that_would_break_the_file_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let (name, _) = a_component(&server).await;
    let refused = server.post(&edits(&name), &json!({"values": {"metadata.tags": "Not A Tag"}})).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let refused = server.post(&edits(&name), &json!({"values": {"spec.owner": ""}})).await;
    assert_eq!(refused.status, 400, "an owner is required: {}", refused.text);
    let unchanged = server.post(&edits(&name), &json!({"values": {}})).await;
    assert_eq!(unchanged.status, 400, "{}", unchanged.text);
    assert_eq!(server.get("/api/v1/change-requests").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_branch_is_reviewed_and_what_breaks_the_catalog_is_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let token = server.token(&["read", "push"]).await;
    git(folder.path(), &["clone", "--quiet", &server.clone_address("acme/catalog", Some(&token))]).await.ok();
    let copy = folder.path().join("catalog");
    let file = copy.join("systems/systems.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("kind: System", "kind: system!", 1)).unwrap();
    commit_and_push_to(&copy, "Break it", "broken").await;

    let path = "/api/v1/repositories/acme/catalog/change-requests";
    let opened = server.post(path, &json!({"source": "broken", "title": "Break it"})).await.expect(201);
    assert_eq!(opened["number"], 1);
    let twice = server.post(path, &json!({"source": "broken", "title": "Again"})).await;
    assert_eq!(twice.status, 409, "{}", twice.text);
    let one = format!("{path}/1");
    let details = server.get(&one).await.expect(200);
    assert_eq!(details["checks"][0]["status"], "failed", "{details:#}");
    let refused = server.post(&format!("{one}/merge"), &json!({})).await;
    assert_eq!(refused.status, 409, "{}", refused.text);

    let own = server.post(&format!("{one}/reviews"), &json!({"verdict": "approve"})).await;
    assert_eq!(own.status, 409, "nobody approves their own: {}", own.text);
    server
        .post(
            &format!("{one}/comments"),
            &json!({"text": "See here", "path": "systems/systems.yaml", "line": 2}),
        )
        .await
        .expect(201);
    let page = server.get("/repositories/acme/catalog/changes/1?tab=files").await;
    assert!(page.text.contains("See here") && page.text.contains("systems/systems.yaml:2"), "{}", page.text);

    // Mended on the branch: the change request follows the push, and can be merged.
    std::fs::write(&file, format!("{text}# seen\n")).unwrap();
    commit_and_push_to(&copy, "Mend it", "broken").await;
    let details = server.get(&one).await.expect(200);
    assert_eq!(details["obstacles"], json!([]), "{details:#}");
    assert_eq!(details["commits"].as_array().unwrap().len(), 2);
    let seen = details["commits"][1]["id"].clone();
    let late = server.post(&format!("{one}/merge"), &json!({"commit": seen})).await;
    assert_eq!(late.status, 409, "a commit that nobody looked at is not merged: {}", late.text);
    server
        .post(&format!("{one}/merge"), &json!({"commit": details["changeRequest"]["head"]}))
        .await
        .expect(200);
    let branches = server.get("/repositories/acme/catalog/changes").await;
    assert!(!branches.text.contains("<option>broken"), "the branch is gone");
    // Its commits can still be fetched.
    git(&copy, &["fetch", "--quiet", "origin", "refs/changes/1"]).await.ok();
    // Nobody but the forge gives numbers.
    git(&copy, &["push", "--quiet", "origin", "HEAD:refs/changes/7"]).await.with_code(1);
}

async fn commit_and_push_to(copy: &Path, message: &str, branch: &str) {
    git(copy, &["commit", "--quiet", "--all", "--message", message]).await.ok();
    git(copy, &["push", "--quiet", "origin", &format!("HEAD:{branch}")]).await.ok();
}
