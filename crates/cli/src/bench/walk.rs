//! Golden paths: planned again and again, and applied until the catalog has the result.

use std::time::{Duration, Instant};

use fairway_domain::run::{Run, RunStatus};
use fairway_remote::{ApiClient, RemoteError};
use serde_json::{Value, json};

use crate::bench::report::Figure;
use crate::failure::CliError;
use crate::output::counted;
use crate::plan::{self, OfferedPlan};

/// How long an apply may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// The names of the golden paths for services.
pub async fn templates(client: &ApiClient) -> Result<Vec<String>, CliError> {
    let answer: Value = client.get("/api/v1/templates").await?;
    let items = answer.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let services = items.iter().filter(|item| item.get("type").and_then(Value::as_str) == Some("service"));
    Ok(services.filter_map(|item| Some(item.get("name")?.as_str()?.to_owned())).collect())
}

/// The time that a plan takes with everything in it, every time of another service.
pub async fn plans(client: &ApiClient, template: &str, runs: u32) -> Result<Figure, CliError> {
    let mut durations = Vec::new();
    let mut files = 0;
    for index in 0..runs {
        let began = Instant::now();
        let offered = make(client, template, &format!("plan-{index}")).await?;
        durations.push(began.elapsed());
        files = offered
            .plan
            .effects
            .iter()
            .map(|effect| match effect {
                fairway_domain::plan::Effect::Commit { files, .. } => files.len(),
                _ => 0,
            })
            .sum();
    }
    let name = format!("plan {template} ({})", counted(files, "file"));
    Ok(Figure::milliseconds(&name, &durations, 100.0))
}

/// The time from the apply to the component in the catalog.
pub async fn applies(client: &ApiClient, template: &str, runs: u32) -> Result<Figure, CliError> {
    let mut durations = Vec::new();
    for index in 0..runs {
        let service = format!("{}-{index}", template.split('-').next().unwrap_or("service"));
        let offered = make(client, template, &service).await?;
        let began = Instant::now();
        let run: Run = client.post(&format!("/api/v1/plans/{}/apply", offered.digest), &json!({})).await?;
        wait_until_live(client, &service, &run.id).await?;
        durations.push(began.elapsed());
        wait_until_done(client, &run.id).await?;
    }
    Ok(Figure::time(&format!("apply {template} to live in the catalog"), &durations, 2.0))
}

async fn make(client: &ApiClient, template: &str, service: &str) -> Result<OfferedPlan, CliError> {
    let inputs = json!({
        "name": format!("bench-{service}"),
        "description": "Made by a measurement",
        "owner": "group:default/platform",
        "database": "postgresql",
    });
    plan::make(client, template, &inputs).await
}

async fn wait_until_live(client: &ApiClient, service: &str, run: &str) -> Result<(), CliError> {
    let path = format!("/api/v1/catalog/entities/component/default/bench-{service}");
    let began = Instant::now();
    loop {
        match client.get::<Value>(&path).await {
            Ok(_) => return Ok(()),
            Err(RemoteError::Api { status: 404, .. }) if began.elapsed() < PATIENCE => {}
            Err(error) => return Err(error.into()),
        }
        check(client, run).await?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn wait_until_done(client: &ApiClient, run: &str) -> Result<(), CliError> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if check(client, run).await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(CliError::failed(format!("the run {run} took too long"), None))
}

/// Whether the run has ended; an error when it failed.
async fn check(client: &ApiClient, id: &str) -> Result<bool, CliError> {
    let run: Run = client.get(&format!("/api/v1/runs/{id}")).await?;
    if run.status == RunStatus::Failed {
        let last = run.log.last().map(|line| line.message.clone()).unwrap_or_default();
        return Err(CliError::failed(format!("the run {id} failed: {last}"), None));
    }
    Ok(run.status.is_settled())
}
