//! `fairway runs`: what was applied, and how it went.

use std::fmt::Write as _;

use fairway_domain::run::{Run, RunStatus};
use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, query, segment};
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::follow::follow;
use crate::output::{OutputArguments, table};
use crate::plan::OfferedPlan;
use crate::run_text::{duration, run_text, status_word};

/// List runs, show one, or follow it
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway runs\n  fairway runs 0199c0de-7a3e-7c11-9d55-6f0d1c2b3a49 --follow\n  fairway runs --limit 5 --output json"
)]
pub struct RunsArguments {
    /// One run, by its identifier
    id: Option<String>,
    /// Wait until the run ends, and show its lines as they come
    #[arg(long, short = 'f', requires = "id")]
    follow: bool,
    /// At most this many, newest first
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: u32,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway runs`. With one run, ends with 1 when it failed.
pub async fn runs(arguments: RunsArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let Some(id) = &arguments.id else { return list(&client, &arguments).await };
    let mut run: Run = client.get(&format!("/api/v1/runs/{}", segment(id))).await?;
    // A plan whose body was erased leaves its run readable.
    let plan = stored_plan(&client, &run).await.ok();
    if arguments.follow {
        run = follow(&client, run, plan.as_ref().map(|offered| &offered.plan)).await?;
    }
    let plan = plan.as_ref().map(|offered| &offered.plan);
    arguments.output.print(&json!(run), || {
        let mut text = run_text(&run, plan, client.base_url());
        if !arguments.follow {
            text.push_str("\n\nLog\n");
            for line in &run.log {
                let step = line.step.as_deref().unwrap_or("run");
                let _ = writeln!(text, "  {}  {step:<12} {}", clock(line.at), line.message);
            }
        }
        text
    })?;
    if run.status == RunStatus::Failed { Err(CliError::Said(Exit::Failed)) } else { Ok(()) }
}

/// The plan that a run applies.
pub async fn stored_plan(client: &ApiClient, run: &Run) -> Result<OfferedPlan, CliError> {
    OfferedPlan::read(client.get(&format!("/api/v1/plans/{}", run.plan)).await?)
}

/// The second of a moment, in UTC.
pub fn clock(at: fairway_domain::Timestamp) -> String {
    let text = at.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let time: String = time.chars().take(8).collect();
    format!("{date} {time}")
}

async fn list(client: &ApiClient, arguments: &RunsArguments) -> Result<(), CliError> {
    let limit = arguments.limit.to_string();
    let answer: Value = client.get(&query("/api/v1/runs", &[("limit", Some(&limit))])).await?;
    let items = answer.get("items").cloned().unwrap_or_default();
    let runs: Vec<Run> = serde_json::from_value(items).map_err(|error| {
        CliError::failed(format!("the server's runs cannot be understood: {error}"), None)
    })?;
    arguments.output.print(&answer, || {
        let rows = runs.iter().map(|run| {
            let by = format!("{} ({})", run.actor, run.origin);
            [
                run.id.clone(),
                status_word(run.status).to_owned(),
                run.title.clone(),
                by,
                clock(run.started_at),
                duration(run),
            ]
        });
        table(
            ["run", "status", "title", "by", "started (UTC)", "took"],
            rows.collect(),
            "No runs yet. `fairway new` makes one.",
        )
    })
}
