//! Pushes to a registered repository, until the catalog has what was pushed.

use std::path::Path;
use std::time::{Duration, Instant};

use fairway_remote::ApiClient;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::bench::child::{self, Child};
use crate::failure::CliError;

/// A repository of the example organisation that is a source of the catalog.
const REPOSITORY: &str = "acme/catalog";
/// How long a push may take to be seen before the measurement is given up.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(2);

/// From the end of `git push` to the pushed entity in the catalog and in the search, so many times.
pub async fn pushes(server: &Child, times: usize) -> Result<Vec<Duration>, CliError> {
    let client = server.client()?;
    let folder = child::folder()?;
    let request = json!({ "name": "bench", "scopes": ["read", "push"] });
    let token: Value = client.post("/api/v1/tokens", &request).await?;
    let token = token.get("token").and_then(Value::as_str).unwrap_or_default();
    let address = format!("http://bench:{token}@{}/git/{REPOSITORY}", server.authority());
    git(folder.path(), &["clone", "--quiet", &address, "."]).await?;
    let mut durations = Vec::new();
    for index in 0..times {
        let name = format!("bench-newcomer-{index}");
        add(folder.path(), &name)?;
        git(
            folder.path(),
            &["-c", "user.name=Bench", "-c", "user.email=bench@example.com", "commit", "-qam", &name],
        )
        .await?;
        git(folder.path(), &["push", "--quiet", "origin", "HEAD"]).await?;
        let began = Instant::now();
        seen(&client, &name).await?;
        durations.push(began.elapsed());
    }
    Ok(durations)
}

fn add(folder: &Path, name: &str) -> Result<(), CliError> {
    let file = folder.join("catalog-info.yaml");
    let failed = |error: std::io::Error| CliError::failed(format!("{}: {error}", file.display()), None);
    let text = std::fs::read_to_string(&file).map_err(failed)?;
    let entity = format!(
        "{{apiVersion: backstage.io/v1alpha1, kind: Component, metadata: {{name: {name}}}, \
         spec: {{type: service, lifecycle: production, owner: checkout}}}}"
    );
    std::fs::write(&file, format!("{}\n---\n{entity}\n", text.trim_end())).map_err(failed)
}

async fn seen(client: &ApiClient, name: &str) -> Result<(), CliError> {
    let paths = [
        (format!("/api/catalog/entities/by-query?limit=1&filter=metadata.name={name}"), "/items/0"),
        (format!("/api/search/query?term={name}"), "/results/0"),
    ];
    let began = Instant::now();
    for (path, pointer) in paths {
        loop {
            let answer: Value = client.get(&path).await?;
            let found = answer.pointer(pointer);
            if found.is_some_and(|found| found.to_string().contains(name)) {
                break;
            }
            if began.elapsed() > PATIENCE {
                return Err(CliError::failed(format!("{name} was pushed and is not seen at {path}"), None));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

async fn git(folder: &Path, arguments: &[&str]) -> Result<(), CliError> {
    let hint = Some("git is needed to measure a push");
    let done = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .await;
    match done {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            Err(CliError::failed(format!("git {} failed: {said}", arguments.first().unwrap_or(&"")), hint))
        }
        Err(error) => Err(CliError::failed(format!("git cannot be started: {error}"), hint)),
    }
}
