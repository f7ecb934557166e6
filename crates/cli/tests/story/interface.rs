//! The REST interface is what its description says.

use std::path::PathBuf;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::command::run;
use crate::server::{Server, Start};

/// What stands for a parameter of a path, so that what is asked for exists.
async fn subjects(server: &Server) -> Value {
    let request = json!({"name": "gift-cards", "team": "checkout", "template": "go-service"});
    let created = server.post("/api/v1/services", &request).await.expect(201);
    let digest = created["plan"].as_str().unwrap();
    let plan = server.get(&format!("/api/v1/plans/{digest}")).await.expect(200);
    let commit =
        plan["plan"]["effects"].as_array().unwrap().iter().find(|it| it["type"] == "commit").unwrap().clone();
    let token =
        server.post("/api/v1/tokens", &json!({"name": "a story", "scopes": ["read"]})).await.expect(201);
    let sources = server.get("/api/v1/sources").await.expect(200);
    let policies = sources["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["address"].as_str().unwrap().contains("policies"));
    let history =
        server.get("/api/v1/catalog/entities/component/default/gift-cards/history").await.expect(200);
    let edit = json!({"values": {"metadata.title": "Presents"}});
    let edits = "/api/v1/catalog/entities/component/default/gift-cards/edits";
    let change = server.post(edits, &edit).await.expect(201);
    let policies_in_force = server.get("/api/v1/policies").await.expect(200);
    let scope = json!({"policy": policies_in_force["items"][0]["name"], "service": "gift-cards"});
    let request = json!({"scope": scope, "reason": "Only while this story lasts", "days": 1});
    let waiver = server.post("/api/v1/waivers", &request).await.expect(201);
    let bill = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "left-pad", "version": "1.3.0", "purl": "pkg:npm/left-pad@1.3.0"},
    ]});
    let sent = server.request(Method::POST, "/api/v1/evidence?entity=component:default/gift-cards");
    let evidence = server.send(sent.body(bill.to_string())).await.expect(201);
    json!({
        "waiver": waiver["id"],
        "document": evidence["document"],
        "sequence": history["items"][0]["sequence"].to_string(),
        "change": change["repository"],
        "digest": digest,
        "content": commit["files"][0]["content"],
        "run": created["run"],
        "token": token["id"],
        "source": policies.unwrap()["id"],
    })
}

fn filled(path: &str, operation: &str, subjects: &Value) -> String {
    let text = |name: &str| subjects[name].as_str().unwrap().to_owned();
    let identifier = if path.contains("/sources/") {
        text("source")
    } else if path.contains("/tokens/") {
        text("token")
    } else if path.contains("/waivers/") {
        text("waiver")
    } else {
        text("run")
    };
    let (owner, repository) = subjects["change"].as_str().unwrap().split_once('/').unwrap();
    let name = match path {
        _ if path.contains("/templates/") => "go-service",
        _ if path.contains("/repositories/") => repository,
        _ => "gift-cards",
    };
    let sequence = if path.contains("/entities/") { text("sequence") } else { "2".to_owned() };
    let path = path
        .replace("{digest}", &text("digest"))
        .replace("{content}", &text("content"))
        .replace("{document}", &text("document"))
        .replace("{id}", &identifier)
        .replace("{kind}", "component")
        .replace("{namespace}", "default")
        .replace("{name}", name)
        .replace("{owner}", owner)
        .replace("{number}", "1")
        .replace("{sequence}", &sequence);
    assert!(!path.contains('{'), "{operation} has a parameter that this story does not know: {path}");
    // What has to be asked for by name.
    if operation == "whereIsComponent" { path + "?name=left-pad" } else { path }
}

fn body(operation: &str) -> Value {
    match operation {
        "createService" => json!({"name": "loyalty", "team": "checkout", "template": "go-service"}),
        "makePlan" => {
            json!({"template": "go-service", "inputs": {"name": "loyalty", "description": "Points", "owner": "group:default/checkout"}})
        }
        "planDeployment" => json!({"service": "gift-cards", "environment": "staging", "version": "0.2.0"}),
        "planPromotion" => json!({"service": "gift-cards", "to": "production"}),
        "planRollback" | "mendFindings" => json!({"service": "gift-cards", "environment": "production"}),
        "registerSource" => json!({"target": "https://fairway/acme/catalog/blob/main/catalog-info.yaml"}),
        "check" => {
            json!({"files": [{"path": "a.yaml", "content": "kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n"}]})
        }
        "importConfiguration" => json!({"config": "catalog: {locations: []}"}),
        "putCredential" => json!({"secret": "env:A_TOKEN", "places": ["git.example"]}),
        "issueToken" => json!({"name": "another", "scopes": ["read"]}),
        "openChangeRequest" => json!({"source": "main", "title": "Into itself"}),
        "commentOnChangeRequest" => json!({"text": "Look"}),
        "reviewChangeRequest" => json!({"verdict": "request-changes", "text": "Not yet"}),
        "setChangeRequestOpen" => json!({"open": true}),
        "proposeEdit" => json!({"values": {"metadata.title": "Gifts"}}),
        "eraseRecord" => json!({"reason": "a story"}),
        _ => json!({}),
    }
}

#[tokio::test]
async fn every_described_operation_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let document = server.get("/api/v1/openapi.json").await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let subjects = subjects(&server).await;
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                operation["responses"].as_object().is_some_and(|it| !it.is_empty()),
                "{method} {path} has no responses"
            );
            assert!(
                operation["summary"].as_str().is_some_and(|it| !it.is_empty()),
                "{method} {path} says nothing"
            );
            let id = operation["operationId"].as_str().unwrap().to_owned();
            operations.push((method.to_uppercase(), path.clone(), id, operation["responses"].clone()));
        }
    }
    // What reads comes first, what takes away last.
    operations.sort_by_key(|(method, path, ..)| {
        let takes_away = method == "DELETE" || path.ends_with("/undo");
        // A part goes before the whole.
        (takes_away, method != "GET", if takes_away { usize::MAX - path.len() } else { 0 })
    });
    assert!(operations.len() >= 30, "only {} operations are described", operations.len());
    let mut wrong = Vec::new();
    for (method, path, id, responses) in operations {
        let path = filled(&path, &id, &subjects);
        let mut request = server.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
        if !matches!(method.as_str(), "GET" | "DELETE") {
            request = request.json(&body(&id));
        }
        let answer = server.send(request).await;
        let described = responses.get(answer.status.to_string()).is_some();
        if matches!(answer.status, 404 | 405 | 500..) || !described {
            wrong.push(format!("{id}: {method} {path}: {} {}", answer.status, answer.text));
        } else if answer.status >= 400 {
            let error = &answer.json()["error"];
            assert!(error["code"].is_string() && error["message"].is_string(), "{id}: {}", answer.text);
        }
    }
    assert!(wrong.is_empty(), "not there, broken, or not described:\n{}", wrong.join("\n"));
    let missing = server.get("/api/v1/nothing").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["error"]["code"], "not-found");
    let put = server.request(Method::PUT, "/api/v1/services");
    assert_eq!(server.send(put).await.status, 405);
}

/// The validator of the OpenAPI initiative's schemas, where the set-up of the tests has put it or it is installed.
fn validator() -> Option<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/.venv/bin/openapi-spec-validator");
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(own)
        .chain(std::env::split_paths(&path).map(|folder| folder.join("openapi-spec-validator")))
        .find(|program| program.is_file())
}

#[tokio::test]
async fn the_description_is_valid_openapi() {
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).with(&["--no-example"]).server().await;
    let document = server.get("/api/v1/openapi.json").await.expect(200);
    every_reference_leads_somewhere(&document, &document);
    let Some(validator) = validator() else {
        eprintln!("skipped in part: openapi-spec-validator is not installed");
        return;
    };
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let mut command = Command::new(validator);
    command.arg(&file);
    run(command).await.ok();
}

fn every_reference_leads_somewhere(document: &Value, part: &Value) {
    match part {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            fields.values().for_each(|value| every_reference_leads_somewhere(document, value));
        }
        Value::Array(items) => items.iter().for_each(|item| every_reference_leads_somewhere(document, item)),
        _ => {}
    }
}
