//! `fairway apply`, and the way from a plan over a yes to the end of its run.

use fairway_domain::run::{Run, RunStatus};
use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, segment};
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::follow::follow;
use crate::output::{OutputArguments, talk};
use crate::plan::OfferedPlan;
use crate::question::agree_or_end;
use crate::run_text::run_text;

/// What may be decided about a plan on the command line.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct DecisionArguments {
    /// Apply without asking
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Return as soon as the run has begun
    #[arg(long)]
    pub detach: bool,
}

/// Apply a plan that was made before
///
/// The plan is computed again first; when anything it depends on has changed, nothing happens and the command
/// ends with 4. Otherwise the run is followed to its end.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway apply sha256:4f1c…\n  fairway apply \"$(fairway plan go-service --values answers.yaml -o json | jq -r .digest)\" --yes"
)]
pub struct ApplyArguments {
    /// The digest that `fairway plan` printed
    digest: String,
    #[command(flatten)]
    decision: DecisionArguments,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway apply`.
pub async fn apply(arguments: ApplyArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let answer: Value = client.get(&format!("/api/v1/plans/{}", segment(arguments.digest.trim()))).await?;
    carry_out(&client, &OfferedPlan::read(answer)?, arguments.decision, arguments.output).await
}

/// Shows a plan, asks, applies it, follows the run and prints what came of it.
pub async fn carry_out(
    client: &ApiClient,
    offered: &OfferedPlan,
    decision: DecisionArguments,
    output: OutputArguments,
) -> Result<(), CliError> {
    talk(&offered.text());
    if offered.blocked {
        talk(
            "\nerror: policies deny this plan, so it cannot be applied\n  = mend what DENIED says, and plan again",
        );
        return Err(CliError::Said(Exit::Conflict));
    }
    talk("");
    agree_or_end("Apply this plan?", decision.yes)?;
    let run: Run = client.post(&format!("/api/v1/plans/{}/apply", offered.digest), &json!({})).await?;
    end_of_run(client, run, Some(offered), decision.detach, output).await
}

/// Follows a run unless `detach` is set, prints it, and fails when it failed.
pub async fn end_of_run(
    client: &ApiClient,
    run: Run,
    offered: Option<&OfferedPlan>,
    detach: bool,
    output: OutputArguments,
) -> Result<(), CliError> {
    let plan = offered.map(|offered| &offered.plan);
    let run = if detach { run } else { follow(client, run, plan).await? };
    output.print(&json!(run), || run_text(&run, plan, client.base_url()))?;
    if run.status == RunStatus::Failed { Err(CliError::Said(Exit::Failed)) } else { Ok(()) }
}
