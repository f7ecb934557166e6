//! Input that nobody here wrote: the examples that Backstage ships to its own new users, unchanged.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::command::{git, installed, run};
use crate::server::Start;

const PACKAGE: &str = "@backstage/create-app@0.9.2";

/// Fetches the package; `None` when it cannot be had here.
async fn examples(folder: &Path) -> Option<PathBuf> {
    if !installed("npm") || !installed("tar") {
        return None;
    }
    // A shell, because this is the one command that may use the proxy of whoever runs the tests.
    let packed = tokio::task::spawn_blocking({
        let folder = folder.to_owned();
        move || Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(folder).output()
    });
    let packed = packed.await.unwrap().unwrap();
    let archive = String::from_utf8_lossy(&packed.stdout).trim().to_owned();
    if !packed.status.success() || archive.is_empty() {
        eprintln!("skipped: npm cannot fetch {PACKAGE}: {}", String::from_utf8_lossy(&packed.stderr));
        return None;
    }
    let mut unpack = Command::new("tar");
    unpack.current_dir(folder).args(["-xzf", &archive]);
    run(unpack).await.ok();
    Some(folder.join("package/templates/default-app/examples"))
}

#[tokio::test]
async fn the_examples_of_backstage_are_read_and_their_template_runs_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let Some(examples) = examples(folder.path()).await else { return };
    let data = folder.path().join("data");
    let server = Start::new(&data).with(&["--no-example", "--forge-host", "github.com"]).server().await;
    let cookie = server.administrator().await;
    for file in ["entities.yaml", "org.yaml", "template/template.yaml"] {
        let source = server.register_file(&cookie, &examples.join(file)).await.expect(201);
        assert_eq!(source["last"]["broken"], 0, "{file}: {source:#}");
        assert!(source["last"]["failure"].is_null(), "{file}: {source:#}");
    }
    for entity in [
        "system/default/examples",
        "component/default/example-website",
        "api/default/example-grpc-api",
        "user/default/guest",
        "group/default/guests",
        "template/default/example-nodejs-template",
    ] {
        assert_ne!(server.entity(entity).await, Value::Null, "{entity} is not there");
    }
    let api = server.entity("api/default/example-grpc-api").await;
    assert!(api["spec"]["definition"].as_str().unwrap().contains("syntax = \"proto3\""));
    let component = server.entity("component/default/example-website").await;
    let provides = json!({"type": "providesApi", "targetRef": "api:default/example-grpc-api"});
    assert!(component["relations"].as_array().unwrap().contains(&provides), "{component:#}");

    let inputs = json!({"name": "x", "repoUrl": "github.com?owner=acme&repo=x"});
    let plan = server.plan("example-nodejs-template", &inputs).await;
    let run = server.complete(&plan).await;
    git(folder.path(), &["clone", "--quiet", &server.clone_address("acme/x", None)]).await.ok();
    let copy = folder.path().join("x");
    let package: Value =
        serde_json::from_str(&std::fs::read_to_string(copy.join("package.json")).unwrap()).unwrap();
    assert_eq!(package["name"], "x");
    assert_eq!(std::fs::read_to_string(copy.join("index.js")).unwrap(), "console.log('Hello from x!');\n");
    let created = server.entity("component/default/x").await;
    assert_eq!(created["spec"]["type"], "service");
    assert!(
        run["links"].as_array().unwrap().iter().any(|link| link["entityRef"] == "component:default/x"),
        "{run:#}"
    );
}
