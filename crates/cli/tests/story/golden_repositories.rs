//! What the golden paths generate is code that runs: each is created, cloned, and tested with its own tests.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::command::git;
use crate::server::Start;

/// Set to run this story, which installs packages and compiles: minutes, not seconds.
const VARIABLE: &str = "FAIRWAY_GOLDEN";

#[tokio::test]
async fn generated_services_pass_their_own_tests() {
    if std::env::var_os(VARIABLE).is_none() {
        eprintln!("skipped: set {VARIABLE}=1 to test what the golden paths generate");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/test-golden-paths.sh");
    if !script.is_file() {
        eprintln!("skipped: {} is not there", script.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Start::new(&folder.path().join("data")).server().await;
    let clones = folder.path().join("clones");
    std::fs::create_dir(&clones).unwrap();
    for template in ["python-fastapi-service", "nodejs-typescript-service", "go-service", "rust-service"] {
        let request =
            json!({"name": template, "team": "checkout", "template": template, "database": "postgresql"});
        server.post("/api/v1/services", &request).await.expect(201);
        git(&clones, &["clone", "--quiet", &server.clone_address(&format!("acme/{template}"), None)])
            .await
            .ok();
    }
    // Not isolated: the services' own tools need the settings of whoever runs the tests, for example a proxy.
    let status = tokio::task::spawn_blocking(move || Command::new(script).arg(&clones).status())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success(), "{status}");
}
