//! `fairway findings`: what the policies say about everything that is delivered.

use fairway_domain::Diagnostic;
use fairway_domain::finding::Finding;
use serde_json::Value;

use crate::client::ConnectionArguments;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{OutputArguments, counted, harmless};
use crate::plan_text::finding_text;

/// Show what the policies say about everything that is delivered
///
/// Ends with 1 when a finding blocks or a policy is broken.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway findings\n  fairway findings --output json | jq '.items[].message'"
)]
pub struct FindingsArguments {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway findings`.
pub async fn findings(arguments: FindingsArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let answer: Value = client.get("/api/v1/findings").await?;
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
