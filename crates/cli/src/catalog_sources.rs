//! `fairway catalog sources`: where the catalog reads from, and how that fares.

use std::fmt::Write as _;

use clap::Subcommand;
use fairway_remote::ApiClient;
use serde_json::{Map, Value, json};

use crate::catalog::{absolute, list_sources, refresh, show_sources};
use crate::client::{ConnectionArguments, segment};
use crate::failure::CliError;
use crate::output::{OutputArguments, counted, harmless, talk};

/// What to do with the sources.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway catalog sources\n  fairway catalog sources add 'github-discovery:https://github.com/acme/*/blob/-/catalog-info.yaml'\n  fairway catalog sources show 3f0c2a…"
)]
pub struct SourcesArguments {
    #[command(subcommand)]
    command: Option<SourcesCommand>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

#[derive(Debug, Subcommand)]
enum SourcesCommand {
    /// List the sources and how they fare
    #[command(after_help = "Examples:\n  fairway catalog sources list --output json")]
    List {
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Show one source: its state, when it is read, the forge's budget, what changed in it
    #[command(after_help = "Examples:\n  fairway catalog sources show 3f0c2a…")]
    Show {
        /// The source, by its identifier
        source: String,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Register a source and read it
    ///
    /// A catalog file on a forge or on the server, with patterns; all repositories of an organisation
    /// (github-discovery:, gitlab-discovery:, gitea-discovery:); its people and teams (github-org:, gitlab-org:,
    /// gitea-org:).
    #[command(
        after_help = "Examples:\n  fairway catalog sources add https://github.com/acme/shop\n  fairway catalog sources add 'gitlab-discovery:https://gitlab.com/acme/*/-/blob/-/catalog-info.yaml?topic=live'\n  fairway catalog sources add github-org:https://github.com/acme"
    )]
    Add {
        /// The address
        target: String,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Read a source again now; every source when none is named
    #[command(after_help = "Examples:\n  fairway catalog sources refresh 3f0c2a… --accept")]
    Refresh {
        /// The source, by its identifier
        source: Option<String>,
        /// Also carry out a removal that looks like a mistake, and remove repositories that are gone
        #[arg(long, requires = "source")]
        accept: bool,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Set how often a source is read, or pause it
    #[command(
        after_help = "Examples:\n  fairway catalog sources configure 3f0c2a… --every 3600\n  fairway catalog sources configure 3f0c2a… --pause"
    )]
    Configure {
        /// The source, by its identifier
        source: String,
        /// Seconds between two looks; 0 for the usual interval of its kind
        #[arg(long, value_name = "SECONDS")]
        every: Option<u64>,
        /// Only people read it from now on
        #[arg(long, conflicts_with = "resume")]
        pause: bool,
        /// It is read in its interval again
        #[arg(long)]
        resume: bool,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Take a source out of the catalog; without --yes, show which entities would go with it
    #[command(
        after_help = "Examples:\n  fairway catalog sources remove 3f0c2a…\n  fairway catalog sources remove 3f0c2a… --yes"
    )]
    Remove {
        /// The source, by its identifier
        source: String,
        /// Do it
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
}

/// Runs `fairway catalog sources`.
pub async fn sources(arguments: SourcesArguments) -> Result<(), CliError> {
    match arguments.command {
        None => list_sources(&arguments.connection.client()?, arguments.output).await,
        Some(SourcesCommand::List { output, connection }) => {
            list_sources(&connection.client()?, output).await
        }
        Some(SourcesCommand::Show { source, output, connection }) => {
            let answer: Value = connection.client()?.get(&address(&source)).await?;
            output.print(&answer, || shown(&answer))
        }
        Some(SourcesCommand::Add { target, output, connection }) => {
            let body = json!({"target": absolute(&target)});
            let source: Value = connection.client()?.post("/api/v1/sources", &body).await?;
            show_sources(&source, std::slice::from_ref(&source), output)
        }
        Some(SourcesCommand::Refresh { source, accept, output, connection }) => {
            refresh(&connection.client()?, source.as_deref(), accept, output).await
        }
        Some(SourcesCommand::Configure { source, every, pause, resume, output, connection }) => {
            let mut settings = Map::new();
            if let Some(seconds) = every {
                settings.insert("intervalSeconds".to_owned(), json!(seconds));
            }
            if pause || resume {
                settings.insert("paused".to_owned(), json!(pause));
            }
            let answer: Value = connection.client()?.patch(&address(&source), &settings).await?;
            show_sources(&answer, std::slice::from_ref(&answer), output)
        }
        Some(SourcesCommand::Remove { source, yes, output, connection }) => {
            remove(&connection.client()?, &source, yes, output).await
        }
    }
}

fn address(source: &str) -> String {
    format!("/api/v1/sources/{}", segment(source))
}

async fn remove(
    client: &ApiClient,
    source: &str,
    yes: bool,
    output: OutputArguments,
) -> Result<(), CliError> {
    let plan: Value = client.get(&format!("{}/removal", address(source))).await?;
    let entities = plan.get("entities").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<&str> = entities.iter().filter_map(Value::as_str).collect();
    if !yes {
        output.print(&plan, || {
            if names.is_empty() {
                return "No entity comes from this source.".to_owned();
            }
            harmless(&names.join("\n"))
        })?;
        talk(&format!("{} would go. Add --yes to take the source out.", entity_count(names.len())));
        return Ok(());
    }
    client.delete::<()>(&address(source)).await?;
    talk(&format!("The source {source} is out of the catalog, and {} with it.", entity_count(names.len())));
    Ok(())
}

fn entity_count(count: usize) -> String {
    if count == 1 { "1 entity".to_owned() } else { format!("{count} entities") }
}

/// One source for people.
fn shown(answer: &Value) -> String {
    let text = |pointer: &str| match answer.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let count = |pointer: &str| answer.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
    let state = match text("/source/last/failure") {
        failure if !failure.is_empty() => failure,
        _ if !text("/source/pausedAt").is_empty() => "paused".to_owned(),
        _ if text("/source/last/at").is_empty() => "not read yet".to_owned(),
        _ => "ok".to_owned(),
    };
    let budget = match answer.get("budget").filter(|budget| !budget.is_null()) {
        Some(_) => format!(
            "{} of {} requests left until {}; {} sent, {} unchanged",
            text("/budget/remaining"),
            text("/budget/limit"),
            text("/budget/resetsAt"),
            text("/budget/sent"),
            text("/budget/unchanged")
        ),
        None => String::new(),
    };
    let every = match answer.get("intervalSeconds").and_then(Value::as_u64) {
        Some(seconds) => format!("about every {}", counted(seconds as usize, "second")),
        None => "when something happens to it".to_owned(),
    };
    let rows = [
        ("address", text("/source/address")),
        ("state", state),
        ("last read well", text("/source/last/lastSuccess")),
        ("last looked at", text("/pace/checkedAt")),
        ("next look", text("/pace/nextAt")),
        ("is read", every),
        ("credential", text("/credential")),
        ("budget", budget),
        ("entities", count("/entities").to_string()),
        ("discovered", count("/children").to_string()),
    ];
    let mut out = String::new();
    for (label, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "{label:<16}{value}");
    }
    let history = answer.get("history").and_then(Value::as_array).cloned().unwrap_or_default();
    for change in history {
        let field =
            |pointer: &str| change.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let entities = change.pointer("/report/entities").and_then(Value::as_u64);
        let outcome = match (field("/report/failure"), entities) {
            (failure, _) if !failure.is_empty() => failure,
            (_, Some(entities)) => entity_count(entities as usize),
            _ => "registered".to_owned(),
        };
        let _ = writeln!(out, "{}  {outcome}", field("/at"));
    }
    harmless(&out)
}
