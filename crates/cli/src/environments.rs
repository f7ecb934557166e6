//! `fairway environments`: what runs where.

use fairway_domain::delivery::Deployment;
use serde_json::Value;

use crate::client::ConnectionArguments;
use crate::failure::CliError;
use crate::output::{OutputArguments, harmless};
use crate::runs::clock;

/// Show which version of which service is in which environment
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway environments\n  fairway environments --output json | jq '.services[].service'"
)]
pub struct EnvironmentsArguments {
    /// One service only, with the time and the reason of each deployment
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway environments`.
pub async fn environments(arguments: EnvironmentsArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    if let Some(service) = &arguments.service {
        let path = format!("/api/v1/services/{}/deployments", crate::client::segment(service));
        let answer: Value = client.get(&path).await?;
        return arguments.output.print(&answer, || history(service, &answer));
    }
    let answer: Value = client.get("/api/v1/environments").await?;
    arguments.output.print(&answer, || matrix(&answer))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The columns are the environments, so the table has as many as there are.
fn matrix(answer: &Value) -> String {
    let mut header = vec!["SERVICE".to_owned()];
    header.extend(list(answer, "environments").iter().map(|it| text(it, "name").to_uppercase()));
    let mut rows = vec![header];
    for service in list(answer, "services") {
        let mut row = vec![text(service, "service").to_owned()];
        row.extend(list(service, "deployments").iter().map(|cell| {
            let version = cell.pointer("/deployment/version").and_then(Value::as_str).unwrap_or("-");
            match cell.get("promotableFrom").and_then(Value::as_str) {
                Some(from) => format!("{version} (promote from {from})"),
                None => version.to_owned(),
            }
        }));
        rows.push(row);
    }
    if rows.len() == 1 {
        return "Nothing is delivered to any environment yet.".to_owned();
    }
    aligned(&rows)
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let lines = rows.iter().map(|row| {
        let cells =
            row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    harmless(&lines.collect::<Vec<_>>().join("\n"))
}

fn history(service: &str, answer: &Value) -> String {
    let deployments: Vec<Deployment> =
        list(answer, "items").iter().filter_map(|item| serde_json::from_value(item.clone()).ok()).collect();
    let rows = deployments.iter().map(|it| {
        let kind = serde_json::to_value(it.intent.kind).ok();
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        let undone = if it.undone { "undone" } else { "" };
        [
            clock(it.at),
            it.intent.environment.clone(),
            it.intent.version.clone(),
            kind,
            it.commit.short().to_owned(),
            undone.to_owned(),
        ]
    });
    let empty = format!("{service} was never delivered.");
    crate::output::table(["when (UTC)", "environment", "version", "by", "commit", ""], rows.collect(), &empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_matrix_has_a_column_for_each_environment() {
        let answer = json!({
            "environments": [{"name": "staging"}, {"name": "production"}],
            "services": [{"service": "shop", "deployments": [
                {"environment": "staging", "deployment": {"version": "2"}, "promotableFrom": null},
                {"environment": "production", "deployment": null, "promotableFrom": "staging"},
            ]}]
        });
        assert_eq!(
            super::matrix(&answer),
            "SERVICE  STAGING  PRODUCTION\nshop     2        - (promote from staging)"
        );
    }
}
