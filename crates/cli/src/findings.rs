//! `fairway findings`: what the policies say about everything that is delivered.

use fairway_domain::Diagnostic;
use fairway_domain::finding::Finding;
use serde_json::Value;

use crate::client::{ConnectionArguments, query};
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{OutputArguments, counted, harmless};
use crate::plan_text::finding_text;

/// Show what the policies say about everything that is delivered
///
/// Ends with 1 when a finding blocks or a policy is broken.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway findings\n  fairway findings --owner group:default/checkout --severity critical\n  fairway findings --waived true\n  fairway findings --output json | jq '.items[].message'"
)]
pub struct FindingsArguments {
    /// Only of this service, by name
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Only of this entity, for example component:default/orders
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    /// Only of what this group or person owns, for example group:default/checkout
    #[arg(long, value_name = "ENTITY")]
    owner: Option<String>,
    /// Only of this policy, or of one of its rules
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Only as bad as this
    #[arg(long, value_parser = ["low", "medium", "high", "critical"])]
    severity: Option<String>,
    /// Only for this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only what a waiver lets pass, or only the rest
    #[arg(long, value_name = "BOOL")]
    waived: Option<bool>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway findings`.
pub async fn findings(arguments: FindingsArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let waived = arguments.waived.map(|waived| waived.to_string());
    let pairs = [
        ("service", arguments.service.as_deref()),
        ("entity", arguments.entity.as_deref()),
        ("owner", arguments.owner.as_deref()),
        ("policy", arguments.policy.as_deref()),
        ("severity", arguments.severity.as_deref()),
        ("environment", arguments.environment.as_deref()),
        ("waived", waived.as_deref()),
    ];
    let answer: Value = client.get(&query("/api/v1/findings", &pairs)).await?;
    let findings: Vec<Finding> = read(&answer, "items")?;
    let broken: Vec<Diagnostic> = read(&answer, "brokenPolicies")?;
    let count = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
    let summary = summary(findings.len(), count("objects"), count("policies"));
    arguments.output.print(&answer, || report(&findings, &broken, &summary))?;
    if broken.is_empty() && !findings.iter().any(Finding::blocks) {
        Ok(())
    } else {
        Err(CliError::Said(Exit::Failed))
    }
}

/// A part of an answer as a type.
pub fn read<T: serde::de::DeserializeOwned>(answer: &Value, name: &str) -> Result<Vec<T>, CliError> {
    let items = answer.get(name).cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    serde_json::from_value(items)
        .map_err(|error| CliError::failed(format!("the server's answer cannot be understood: {error}"), None))
}

/// `2 findings in 14 objects (12 policies asked)`.
pub fn summary(findings: usize, objects: usize, policies: usize) -> String {
    let policies = if policies == 1 { "1 policy".to_owned() } else { format!("{policies} policies") };
    format!("{} in {} ({policies} asked)", counted(findings, "finding"), counted(objects, "object"))
}

/// Diagnostics and findings with a summary below.
pub fn report(findings: &[Finding], diagnostics: &[Diagnostic], summary: &str) -> String {
    let mut parts: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    parts.extend(findings.iter().map(|finding| finding_text(finding, "")));
    parts.push(summary.to_owned());
    harmless(&parts.join("\n\n"))
}
