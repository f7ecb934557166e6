//! `fairway token`: tokens for programs and for Git.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::client::{ConnectionArguments, segment};
use crate::failure::CliError;
use crate::output::{OutputArguments, OutputFormat, data, table, talk};

/// Make, list and revoke tokens
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway token create ci --scope read --scope push --days 30\n  fairway token list"
)]
pub struct TokenArguments {
    #[command(subcommand)]
    command: TokenCommand,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scope {
    /// Read the catalog, plans, runs, findings and repositories
    Read,
    /// Plan and apply golden paths
    Create,
    /// Deploy, promote and roll back
    Deliver,
    /// Push to repositories
    Push,
    /// Register, refresh and remove sources
    ManageCatalog,
    /// Read and verify the audit log
    Audit,
    /// Administer the platform
    Administer,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token; it is printed once, on standard output, and kept nowhere
    #[command(
        after_help = "Examples:\n  fairway token create ci --scope read --scope push --days 30\n  export FAIRWAY_TOKEN=\"$(fairway token create laptop --scope read,create,deliver)\""
    )]
    Create {
        /// What it is for
        name: String,
        /// What it may do; can be repeated, or separated by commas
        #[arg(long, required = true, value_enum, value_delimiter = ',')]
        scope: Vec<Scope>,
        /// How many days it lives
        #[arg(long, default_value_t = 90)]
        days: i64,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// List your tokens; an administrator sees all
    #[command(after_help = "Examples:\n  fairway token list")]
    List {
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// End a token's life
    #[command(after_help = "Examples:\n  fairway token revoke 3f0c2a9b41d7")]
    Revoke {
        /// Its identifier, as `fairway token list` shows it
        id: String,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
}

/// Runs `fairway token`.
pub async fn token(arguments: TokenArguments) -> Result<(), CliError> {
    match arguments.command {
        TokenCommand::Create { name, scope, days, output, connection } => {
            let scopes: Vec<String> =
                scope.iter().filter_map(|it| Some(it.to_possible_value()?.get_name().to_owned())).collect();
            let body = json!({"name": name, "scopes": scopes, "days": days});
            let made: Value = connection.client()?.post("/api/v1/tokens", &body).await?;
            let text = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default();
            if output.output != OutputFormat::Table {
                return output.print(&made, String::new);
            }
            talk(&format!(
                "The token {} lives until {}. It is shown this once.",
                text("id"),
                text("expiresAt")
            ));
            data(text("token"))
        }
        TokenCommand::List { output, connection } => {
            let answer: Value = connection.client()?.get("/api/v1/tokens").await?;
            let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
            output.print(&answer, || {
                let rows = items.iter().map(row).collect();
                table(["token", "name", "owner", "scopes", "until"], rows, "There are no tokens.")
            })
        }
        TokenCommand::Revoke { id, connection } => {
            connection.client()?.delete::<()>(&format!("/api/v1/tokens/{}", segment(&id))).await?;
            talk(&format!("The token {id} is worth nothing any more."));
            Ok(())
        }
    }
}

fn row(item: &Value) -> [String; 5] {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let scopes = item.get("scopes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
    let until: String = text("expiresAt").chars().take(10).collect();
    [text("id"), text("name"), text("owner"), scopes.join(", "), until]
}
