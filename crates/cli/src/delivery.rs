//! `fairway deploy`, `promote` and `rollback`: versions of services, brought to environments by plans.

use serde_json::{Value, json};

use crate::apply::{DecisionArguments, carry_out};
use crate::client::ConnectionArguments;
use crate::failure::CliError;
use crate::output::OutputArguments;
use crate::plan::OfferedPlan;

/// What all three take.
#[derive(Clone, Debug, clap::Args)]
pub struct DeliveryArguments {
    /// Print the plan and do nothing
    #[arg(long, conflicts_with = "yes")]
    plan_only: bool,
    #[command(flatten)]
    decision: DecisionArguments,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Bring a version of a service to an environment
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway deploy gift-cards --environment staging --version 0.2.0\n  fairway deploy gift-cards --environment staging --version 0.2.0 --commit 4f1c2d… --yes"
)]
pub struct DeployArguments {
    /// The service's name
    service: String,
    /// The environment's name
    #[arg(long, short = 'e', value_name = "NAME")]
    environment: String,
    /// The version, which is the tag of the service's image
    #[arg(long)]
    version: String,
    /// The commit of the service's repository to render; the head of main by default
    #[arg(long)]
    commit: Option<String>,
    #[command(flatten)]
    delivery: DeliveryArguments,
}

/// Bring the version of the environment before to an environment
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway promote gift-cards --to production\n  fairway promote gift-cards --to production --reason \"Tested by QA\" --yes"
)]
pub struct PromoteArguments {
    /// The service's name
    service: String,
    /// The environment to bring it to
    #[arg(long, value_name = "ENVIRONMENT")]
    to: String,
    #[command(flatten)]
    delivery: DeliveryArguments,
}

/// Return to an earlier version, with its manifests as they were then
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway rollback gift-cards --environment production\n  fairway rollback gift-cards --environment production --version 0.1.0 --yes"
)]
pub struct RollbackArguments {
    /// The service's name
    service: String,
    /// The environment's name
    #[arg(long, short = 'e', value_name = "NAME")]
    environment: String,
    /// The version to return to; the one before the current one by default
    #[arg(long)]
    version: Option<String>,
    #[command(flatten)]
    delivery: DeliveryArguments,
}

/// Runs `fairway deploy`.
pub async fn deploy(arguments: DeployArguments) -> Result<(), CliError> {
    // An absent value is sent as null, which the server reads as absent.
    let body = json!({
        "service": arguments.service,
        "environment": arguments.environment,
        "version": arguments.version,
        "commit": arguments.commit,
    });
    deliver("/api/v1/deployments", &body, &arguments.delivery).await
}

/// Runs `fairway promote`.
pub async fn promote(arguments: PromoteArguments) -> Result<(), CliError> {
    let body = json!({"service": arguments.service, "to": arguments.to});
    deliver("/api/v1/promotions", &body, &arguments.delivery).await
}

/// Runs `fairway rollback`.
pub async fn roll_back(arguments: RollbackArguments) -> Result<(), CliError> {
    let body = json!({
        "service": arguments.service,
        "environment": arguments.environment,
        "version": arguments.version,
    });
    deliver("/api/v1/rollbacks", &body, &arguments.delivery).await
}

async fn deliver(path: &str, body: &Value, arguments: &DeliveryArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let offered = OfferedPlan::read(client.post(path, body).await?)?;
    if arguments.plan_only {
        return offered.print(arguments.output);
    }
    carry_out(&client, &offered, arguments.decision, arguments.output).await
}
