//! `fairway plan`: what a golden path would do, without doing it.

use std::path::PathBuf;

use fairway_domain::Digest;
use fairway_domain::plan::Plan;
use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::answers::Answer;
use crate::client::ConnectionArguments;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::OutputArguments;
use crate::plan_text::plan_text;
use crate::{answers, new};

/// Plan a golden path and print what it would do
///
/// Nothing changes. The digest at the end is what `fairway apply` takes: a plan computed again gives the same
/// digest, or apply refuses. Ends with 4 when policies deny the plan.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway plan python-fastapi-service name=gift-cards owner=checkout description=\"Gift cards\"\n  fairway plan go-service --values answers.yaml --output json"
)]
pub struct PlanArguments {
    /// The golden path, by name
    template: String,
    /// Answers to its form, as name=value; repeat a name, or separate by commas, for several values
    #[arg(value_name = "NAME=VALUE", value_parser = answers::parse_answer)]
    answers: Vec<Answer>,
    /// A YAML or JSON file with answers
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// A plan that the server keeps.
pub struct OfferedPlan {
    /// What is applied.
    pub digest: Digest,
    /// What would happen.
    pub plan: Plan,
    /// Whether policies deny it.
    pub blocked: bool,
    /// The server's whole answer.
    pub answer: Value,
}

impl OfferedPlan {
    /// Reads the server's answer.
    pub fn read(answer: Value) -> Result<Self, CliError> {
        let unreadable = |what: &str| {
            CliError::failed(
                format!("the server's plan cannot be understood: {what}"),
                Some("use the command line of the server's version"),
            )
        };
        let digest = answer.get("digest").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let plan = answer.get("plan").cloned().unwrap_or_default();
        Ok(Self {
            digest: digest.ok_or_else(|| unreadable("it has no digest"))?,
            plan: serde_json::from_value(plan).map_err(|error| unreadable(&error.to_string()))?,
            blocked: answer.get("blocked").and_then(Value::as_bool).unwrap_or(false),
            answer,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        plan_text(&self.plan, &self.digest.to_string())
    }

    /// Prints it as data; ends with a conflict when policies deny it.
    pub fn print(&self, output: OutputArguments) -> Result<(), CliError> {
        output.print(&self.answer, || self.text())?;
        if self.blocked { Err(CliError::Said(Exit::Conflict)) } else { Ok(()) }
    }
}

/// Asks the server to plan a golden path.
pub async fn make(client: &ApiClient, template: &str, inputs: &Value) -> Result<OfferedPlan, CliError> {
    let body = json!({"template": template, "inputs": inputs});
    OfferedPlan::read(client.post("/api/v1/plans", &body).await?)
}

/// Runs `fairway plan`.
pub async fn plan(arguments: PlanArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let template = new::fetch_template(&client, &arguments.template).await?;
    let values = answers::collect(&template, arguments.values.as_deref(), &arguments.answers)?;
    make(&client, &template.reference.to_string(), &values).await?.print(arguments.output)
}
