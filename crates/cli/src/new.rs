//! `fairway new`: a golden path from the question to the finished service.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use fairway_domain::{Entity, EntityRef};
use fairway_remote::ApiClient;
use fairway_scaffold::{FormStep, Template};
use inquire::Select;
use serde_json::{Map, Value};

use crate::answers::Answer;
use crate::apply::{DecisionArguments, carry_out};
use crate::client::{ConnectionArguments, segment};
use crate::failure::CliError;
use crate::output::{OutputArguments, can_ask, harmless};
use crate::question::not_answered;
use crate::{answers, form, plan};

/// Make something new by a golden path: ask, plan, apply
///
/// Asks for the answers that are missing, shows the plan, and applies it once you say yes. Then the run is
/// followed to its end and the links are printed. Without a terminal nothing is asked: give the answers and
/// --yes.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway new\n  fairway new python-fastapi-service\n  fairway new python-fastapi-service name=gift-cards owner=checkout description=\"Gift cards\" --yes\n  fairway new go-service --values answers.yaml --plan-only"
)]
pub struct NewArguments {
    /// The golden path, by name; offered to choose from when left out
    template: Option<String>,
    /// Answers to its form, as name=value; repeat a name, or separate by commas, for several values
    #[arg(value_name = "NAME=VALUE", value_parser = answers::parse_answer)]
    answers: Vec<Answer>,
    /// A YAML or JSON file with answers
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
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

/// Runs `fairway new`.
pub async fn new(arguments: NewArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let name = match arguments.template {
        Some(name) => name,
        None => choose(&client).await?,
    };
    let template = fetch_template(&client, &name).await?;
    let mut values = answers::collect(&template, arguments.values.as_deref(), &arguments.answers)?;
    if can_ask() {
        let typed = arguments.answers.iter().map(|answer| answer.name.clone());
        let filed = values.as_object().into_iter().flat_map(Map::keys).cloned();
        let given: BTreeSet<String> = typed.chain(filed).collect();
        values = form::ask(&client, &template, values, &given, arguments.decision.yes).await?;
    }
    let offered = plan::make(&client, &template.reference.to_string(), &values).await?;
    if arguments.plan_only {
        return offered.print(arguments.output);
    }
    carry_out(&client, &offered, arguments.decision, arguments.output).await
}

/// A golden path with its form.
pub async fn fetch_template(client: &ApiClient, name: &str) -> Result<Template, CliError> {
    let answer: Value = client.get(&format!("/api/v1/templates/{}", segment(name))).await?;
    template_of(&answer)
}

/// Reads the server's description of a golden path. What it does stays with the server.
pub fn template_of(answer: &Value) -> Result<Template, CliError> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    let reference =
        text("entityRef").and_then(|text| EntityRef::parse(text, Some("template"), "default").ok());
    let reference = reference.ok_or_else(|| {
        CliError::failed(
            "the server's golden path cannot be understood",
            Some("use the command line of the server's version"),
        )
    })?;
    let pages = answer.get("steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let steps = pages.iter().map(|page| FormStep {
        title: page.get("title").and_then(Value::as_str).unwrap_or_default().to_owned(),
        description: page.get("description").and_then(Value::as_str).map(str::to_owned),
        schema: page.get("schema").cloned().unwrap_or_default(),
    });
    Ok(Template {
        title: text("title").unwrap_or(reference.name()).to_owned(),
        description: text("description").map(str::to_owned),
        tags: Vec::new(),
        template_type: text("type").unwrap_or_default().to_owned(),
        owner: None,
        steps: steps.collect(),
        actions: Vec::new(),
        output: Value::Null,
        strict: false,
        entity: Entity {
            api_version: fairway_scaffold::template::API_VERSION.to_owned(),
            kind: "Template".to_owned(),
            metadata: Map::new(),
            spec: Map::new(),
        },
        warnings: Vec::new(),
        reference,
    })
}

struct Offer {
    reference: String,
    line: String,
}

impl fmt::Display for Offer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.line)
    }
}

/// Offers the golden paths to choose from; without a terminal, names them.
async fn choose(client: &ApiClient) -> Result<String, CliError> {
    let answer: Value = client.get("/api/v1/templates").await?;
    let items = answer.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let offers: Vec<Offer> = items
        .iter()
        .map(|item| {
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
            let line = harmless(&format!("{}  {}", text("name"), text("title")));
            Offer { reference: text("entityRef").to_owned(), line }
        })
        .collect();
    if offers.is_empty() {
        return Err(CliError::failed(
            "there are no golden paths in the catalog",
            Some("register a repository that has some with `fairway catalog register`"),
        ));
    }
    if !can_ask() {
        let names: Vec<String> = offers.iter().map(|offer| format!("\n      {}", offer.line)).collect();
        return Err(CliError::Usage {
            message: "which golden path?".to_owned(),
            hint: Some(format!("name one:{}", names.concat())),
        });
    }
    let chosen = Select::new("Golden path", offers).prompt().map_err(not_answered)?;
    Ok(chosen.reference)
}
