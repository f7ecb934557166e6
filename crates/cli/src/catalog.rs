//! `fairway catalog`: entities and where they come from.

use std::path::PathBuf;

use clap::Subcommand;
use fairway_catalog::StoredDraft;
use fairway_remote::ApiClient;
use serde_json::{Value, json};

use crate::catalog_credentials::{self, CredentialsArguments};
use crate::catalog_export::{ExportArguments, export};
use crate::catalog_graph::{GraphArguments, graph};
use crate::catalog_history::{HistoryCommand, history, path_of};
use crate::catalog_import::{self, ImportArguments};
use crate::catalog_list::{self, ListArguments, QueryArguments, list};
use crate::catalog_sources::{self, SourcesArguments};
use crate::catalog_validate::{ReportFormat, validate};
use crate::client::{ConnectionArguments, query, segment};
use crate::completion::references;
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::findings::read;
use crate::output::{OutputArguments, harmless, table, talk};

/// Look into the catalog, and tend its sources
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway catalog list kind:component owner:checkout\n  fairway catalog graph orders --breaks\n  fairway catalog validate ."
)]
pub struct CatalogArguments {
    #[command(subcommand)]
    command: CatalogCommand,
}

/// What to do with the catalog.
#[derive(Debug, Subcommand)]
enum CatalogCommand {
    #[command(flatten)]
    History(HistoryCommand),
    List(ListArguments),
    Query(QueryArguments),
    Graph(GraphArguments),
    Export(ExportArguments),
    /// Show one entity
    #[command(
        after_help = "Examples:\n  fairway catalog get orders\n  fairway catalog get group:default/platform --output json"
    )]
    Get {
        /// The entity: [KIND:][NAMESPACE/]NAME; a component when no kind is given
        #[arg(add = references())]
        entity: String,
        /// As of a moment: 2026-03-01T12:00:00Z, 2026-03-01, 7d, or #1234 for a record
        #[arg(long, value_name = "MOMENT")]
        at: Option<String>,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Tend the sources of the catalog; without a command, list them and how they fare
    Sources(SourcesArguments),
    /// Tend the credentials that other forges are read with
    Credentials(CredentialsArguments),
    /// Take over the sources and credentials of Backstage's configuration
    Import(ImportArguments),
    /// Show the files of sources that are broken, with line and column; ends with 1 when there are any
    #[command(after_help = "Examples:\n  fairway catalog drafts")]
    Drafts {
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Register a source and read it
    #[command(
        after_help = "Examples:\n  fairway catalog register http://127.0.0.1:7007/repositories/acme/shop/blob/main/catalog-info.yaml\n  fairway catalog register /srv/organisation/catalog-info.yaml"
    )]
    Register {
        /// The address of a catalog-info.yaml, or of a repository that has one at its top
        target: String,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Read a source again now; every source when none is named
    #[command(
        after_help = "Examples:\n  fairway catalog refresh\n  fairway catalog refresh 3f0c2a… --accept"
    )]
    Refresh {
        /// The source, by its identifier
        source: Option<String>,
        /// Also carry out a removal that looks like a mistake
        #[arg(long, requires = "source")]
        accept: bool,
        #[command(flatten)]
        output: OutputArguments,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Take a source out of the catalog, with the entities that only it gives
    #[command(after_help = "Examples:\n  fairway catalog remove 3f0c2a…")]
    Remove {
        /// The source, by its identifier
        source: String,
        #[command(flatten)]
        connection: ConnectionArguments,
    },
    /// Check entity files without a server; ends with 1 when something is wrong
    ///
    /// A folder is read through its catalog-info.yaml and whatever that leads to; without one, every
    /// catalog-info.yaml below it is. A file is checked with the files beside it, so that its placeholders and
    /// targets are found.
    #[command(
        after_help = "Examples:\n  fairway catalog validate .\n  fairway catalog validate catalog-info.yaml 'org/**/*.yaml'\n  fairway catalog validate . --output sarif > catalog.sarif"
    )]
    Validate {
        /// Files, folders and patterns
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// How the result is printed on standard output
        #[arg(
            long,
            short = 'o',
            value_enum,
            default_value_t,
            env = "FAIRWAY_OUTPUT",
            value_name = "FORMAT",
            help_heading = "Output"
        )]
        output: ReportFormat,
    },
}

/// Runs `fairway catalog`.
pub async fn catalog(arguments: CatalogArguments) -> Result<(), CliError> {
    match arguments.command {
        CatalogCommand::History(command) => history(command).await,
        CatalogCommand::List(arguments) => list(arguments).await,
        CatalogCommand::Query(arguments) => catalog_list::query(arguments).await,
        CatalogCommand::Graph(arguments) => graph(arguments).await,
        CatalogCommand::Export(arguments) => export(arguments).await,
        CatalogCommand::Get { entity, at, output, connection } => {
            get(&connection.client()?, &entity, at.as_deref(), output).await
        }
        CatalogCommand::Sources(arguments) => catalog_sources::sources(arguments).await,
        CatalogCommand::Credentials(arguments) => catalog_credentials::credentials(arguments).await,
        CatalogCommand::Import(arguments) => catalog_import::import(arguments).await,
        CatalogCommand::Drafts { output, connection } => drafts(&connection.client()?, output).await,
        CatalogCommand::Register { target, output, connection } => {
            let body = json!({"target": absolute(&target)});
            let source: Value = connection.client()?.post("/api/v1/sources", &body).await?;
            show_sources(&source, std::slice::from_ref(&source), output)
        }
        CatalogCommand::Refresh { source, accept, output, connection } => {
            refresh(&connection.client()?, source.as_deref(), accept, output).await
        }
        CatalogCommand::Remove { source, connection } => {
            connection.client()?.delete::<()>(&format!("/api/v1/sources/{}", segment(&source))).await?;
            talk(&format!("The source {source} is out of the catalog."));
            Ok(())
        }
        CatalogCommand::Validate { paths, output } => validate(&paths, output).await,
    }
}

async fn get(
    client: &ApiClient,
    entity: &str,
    at: Option<&str>,
    output: OutputArguments,
) -> Result<(), CliError> {
    let path = query(&path_of(entity)?, &[("at", at)]);
    let answer: Value = client.get(&path).await?;
    // An entity reads best as what it was written in.
    output.print(&answer, || harmless(&fairway_yaml::write(&answer)))
}

/// Lists the sources.
pub async fn list_sources(client: &ApiClient, output: OutputArguments) -> Result<(), CliError> {
    let answer: Value = client.get("/api/v1/sources").await?;
    let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    show_sources(&answer, &items, output)
}

/// Prints sources as a table.
pub fn show_sources(answer: &Value, items: &[Value], output: OutputArguments) -> Result<(), CliError> {
    let rows = items.iter().map(|item| {
        let text =
            |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |pointer: &str| item.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        let state = match text("/last/failure") {
            failure if !failure.is_empty() => failure,
            _ if item.get("pausedAt").is_some() => "paused".to_owned(),
            _ if item.pointer("/last").is_none_or(Value::is_null) => "not read yet".to_owned(),
            _ if number("/last/broken") > 0 => format!("{} broken", number("/last/broken")),
            _ => "ok".to_owned(),
        };
        [text("/id"), number("/last/entities").to_string(), state, text("/address")]
    });
    output.print(answer, || {
        table(["source", "entities", "state", "address"], rows.collect(), "The catalog has no sources yet.")
    })
}

async fn drafts(client: &ApiClient, output: OutputArguments) -> Result<(), CliError> {
    let answer: Value = client.get("/api/v1/catalog/drafts").await?;
    let drafts: Vec<StoredDraft> = read(&answer, "items")?;
    output.print(&answer, || {
        if drafts.is_empty() {
            return "Every file of every source is right.".to_owned();
        }
        let texts = drafts.iter().map(|draft| {
            let diagnostics: Vec<String> = draft.diagnostics.iter().map(ToString::to_string).collect();
            format!("{}\n{}", draft.location, diagnostics.join("\n"))
        });
        harmless(&texts.collect::<Vec<_>>().join("\n\n"))
    })?;
    if drafts.is_empty() { Ok(()) } else { Err(CliError::Said(Exit::Failed)) }
}

/// Reads sources again.
pub async fn refresh(
    client: &ApiClient,
    source: Option<&str>,
    accept: bool,
    output: OutputArguments,
) -> Result<(), CliError> {
    let ids: Vec<String> = if let Some(id) = source {
        vec![id.to_owned()]
    } else {
        let answer: Value = client.get("/api/v1/sources").await?;
        let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        items.iter().filter_map(|item| Some(item.get("id")?.as_str()?.to_owned())).collect()
    };
    let accept = accept.then_some("true");
    let mut read_again = Vec::new();
    for id in ids {
        let path = query(&format!("/api/v1/sources/{}/refresh", segment(&id)), &[("accept", accept)]);
        read_again.push(client.post::<_, Value>(&path, &json!({})).await?);
    }
    show_sources(&json!({ "items": read_again }), &read_again, output)
}

/// A path of this machine in full, since the server may run in another folder; everything else as it is.
pub fn absolute(target: &str) -> String {
    let path = std::path::Path::new(target);
    let is_path = !target.contains("://")
        && !target.starts_with("url:")
        && !target.starts_with("file:")
        && path.exists();
    match is_path.then(|| std::path::absolute(path)) {
        Some(Ok(path)) => path.display().to_string(),
        _ => target.to_owned(),
    }
}
