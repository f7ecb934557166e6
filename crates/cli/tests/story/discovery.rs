//! Discovery against an emulator of GitHub's REST API that nobody here wrote: repositories, people and teams,
//! signed events, a repository that goes, and a forge that is gone.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use base64::Engine as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::command::installed;
use crate::server::{Answer, PATIENCE, Server, Start, pause, try_send};

struct GitHub {
    child: Child,
    port: u16,
    client: Client,
}

impl GitHub {
    /// `None`, and says so, where the emulator is not installed.
    fn start() -> Option<Self> {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/emulate"));
        if !installed("node") || !folder.join("node_modules/emulate").is_dir() {
            eprintln!("skipped: the emulator of GitHub is not installed; scripts/setup-tests.sh installs it");
            return None;
        }
        fairway_remote::api::install_tls();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new("node")
            .arg("github.mjs")
            .arg(port.to_string())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("url"), "the emulator did not start: {line}");
        let client = Client::builder().no_proxy().build().unwrap();
        Some(Self { child, port, client })
    }

    fn web(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.web()));
        try_send(request.bearer_auth("t0ken").json(body)).await.unwrap()
    }

    /// Commits a file to a repository of ada's.
    async fn write(&self, repository: &str, path: &str, text: &str) {
        let place = format!("/repos/ada/{repository}/contents/{path}");
        let known = self.ask(Method::GET, &place, &json!({})).await;
        let mut body = json!({
            "message": "A change",
            "branch": "main",
            "content": base64::engine::general_purpose::STANDARD.encode(text),
        });
        if known.status == 200 {
            body["sha"] = known.json()["sha"].clone();
        }
        let written = self.ask(Method::PUT, &place, &body).await;
        assert!(matches!(written.status, 200 | 201), "{}", written.text);
    }

    fn stop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        self.stop();
    }
}

fn component(name: &str, lifecycle: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: service\n  \
         lifecycle: {lifecycle}\n  owner: checkout\n---\napiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata:\n  \
         name: {name}\nspec:\n  target: ./docs/more.yaml\n  presence: optional\n"
    )
}

async fn wait_for(server: &Server, path: &str, seen: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let entity = server.entity(path).await;
        if seen(&entity) {
            return entity;
        }
        assert!(Instant::now() < deadline, "{path} stays {entity:#}\n{}", server.log());
        pause().await;
    }
}

async fn register(server: &Server, target: &str) -> Value {
    server.post("/api/v1/sources", &json!({"target": target})).await.expect(201)
}

/// Whether a folder holds these bytes anywhere but in the store of secrets.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if entry.file_name() == "secrets" {
            return false;
        }
        if path.is_dir() {
            return holds(&path, bytes);
        }
        std::fs::read(&path).is_ok_and(|content| content.windows(bytes.len()).any(|part| part == bytes))
    })
}

#[tokio::test]
async fn a_forge_is_discovered_followed_by_events_and_survived() {
    let Some(mut github) = GitHub::start() else { return };
    github.write("shop", "catalog-info.yaml", &component("shop", "experimental")).await;
    github.write("shop", "docs/more.yaml", "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: shop-api\nspec:\n  type: openapi\n  lifecycle: production\n  owner: checkout\n  definition: { $text: ./api.txt }\n").await;
    github.write("shop", "docs/api.txt", "openapi: 3.1.0\n").await;
    github.write("cart", "catalog-info.yaml", &component("cart", "production")).await;
    let team = github.ask(Method::POST, "/orgs/acme/teams", &json!({"name": "Checkout"})).await;
    assert_eq!(team.status, 201, "{}", team.text);
    github.ask(Method::PUT, "/orgs/acme/teams/checkout/memberships/ben", &json!({"role": "member"})).await;

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let host = format!("localhost:{}", github.port);
    let server = Start::new(&data).with(&["--no-example", "--source-host", &host]).server().await;
    let cookie = server.administrator().await;
    let credential = json!({
        "secret": "stored", "value": "t0ken", "places": [host], "webhook": "stored", "webhookValue": "hook-s3cret",
    });
    let request = server.request(Method::PUT, "/api/v1/credentials/emulator").header("cookie", &cookie);
    let made = server.send(request.json(&credential)).await.expect(200);
    assert!(!made.to_string().contains("t0ken"), "{made:#}");

    // Repositories with a catalog file become sources, with what the file leads to.
    let web = github.web();
    let target = format!("github-discovery:{web}/ada/*/blob/-/catalog-info.yaml?api={web}");
    let source = register(&server, &target).await;
    let id = source["id"].as_str().unwrap();
    assert_eq!(source["last"]["entities"], 5, "{source:#}");
    let api = server.entity("api/default/shop-api").await;
    assert_eq!(api["spec"]["definition"], "openapi: 3.1.0\n");
    let state = server.get(&format!("/api/v1/sources/{id}")).await.expect(200);
    assert_eq!(state["children"].as_array().unwrap().len(), 2, "notes has no catalog file: {state:#}");
    assert_eq!(state["credential"], "emulator");
    assert_eq!(state["budget"]["limit"], 5000, "{state:#}");

    // People and teams.
    register(&server, &format!("github-org:{web}/acme?api={web}")).await;
    let group = server.entity("group/default/checkout").await;
    assert_eq!(group["spec"]["members"], json!(["ben"]), "{group:#}");
    assert_ne!(server.entity("user/default/ada").await, Value::Null);

    // A signed event makes a push visible; an unsigned one does nothing.
    let hook = json!({
        "config": {"url": server.url("/webhooks/github"), "secret": "hook-s3cret", "content_type": "json"},
        "events": ["push"],
    });
    let hooked = github.ask(Method::POST, "/repos/ada/shop/hooks", &hook).await;
    assert_eq!(hooked.status, 201, "{}", hooked.text);
    github.write("shop", "catalog-info.yaml", &component("shop", "production")).await;
    wait_for(&server, "component/default/shop", |it| it["spec"]["lifecycle"] == "production").await;
    let forged = server.request(Method::POST, "/webhooks/github").header("x-github-event", "push");
    let forged = forged.header("x-hub-signature-256", format!("sha256={}", "0".repeat(64)));
    let body = json!({"ref": "refs/heads/main", "repository": {"full_name": "ada/shop"}});
    server.send(forged.json(&body)).await.expect(401);

    // A repository that goes is shown as gone, and what it gave stays until somebody says otherwise.
    github.ask(Method::DELETE, "/repos/ada/cart", &json!({})).await;
    let refresh = format!("/api/v1/sources/{id}/refresh");
    server.post(&refresh, &json!({})).await.expect(200);
    let state = server.get(&format!("/api/v1/sources/{id}")).await.expect(200);
    let gone = &state["children"][0];
    assert!(gone["missingSince"].is_string(), "{state:#}");
    assert!(gone["last"]["failure"].as_str().unwrap().contains("ada/cart"), "{gone:#}");
    assert_ne!(server.entity("component/default/cart").await, Value::Null);
    server.post(&format!("{refresh}?accept=true"), &json!({})).await.expect(200);
    assert_eq!(server.entity("component/default/cart").await, Value::Null);

    // A forge that is gone takes nothing with it.
    github.stop();
    let failing = server.post(&refresh, &json!({})).await.expect(200);
    assert!(failing["last"]["failure"].is_string(), "{failing:#}");
    assert_ne!(server.entity("component/default/shop").await, Value::Null);
    let state = server.get(&format!("/api/v1/sources/{id}")).await.expect(200);
    assert!(state["history"].as_array().unwrap().len() >= 3, "{state:#}");

    for secret in ["t0ken", "hook-s3cret"] {
        assert!(!server.log().contains(secret), "{}", server.log());
        assert!(!holds(&data, secret.as_bytes()), "a secret is outside of its store");
    }
}
