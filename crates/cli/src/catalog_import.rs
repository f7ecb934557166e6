//! `fairway catalog import`: Backstage's configuration, with its variables and files filled in here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fairway_app::app_config::{Surroundings, merge};
use serde_json::{Value, json};

use crate::client::ConnectionArguments;
use crate::failure::CliError;
use crate::output::{OutputArguments, harmless, talk};

/// The largest file of a configuration.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Take over the sources and credentials of Backstage's configuration
///
/// Reads `catalog.locations`, `catalog.providers` and `integrations`; later files override earlier ones. Variables
/// and included files are filled in here; secrets are not read, only where they are. Without --yes, the plan is
/// shown and nothing is done.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway catalog import app-config.yaml\n  fairway catalog import app-config.yaml app-config.production.yaml --yes"
)]
pub struct ImportArguments {
    /// The files, in the order in which Backstage is given them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Carry the plan out
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// This machine, as the configuration sees it.
struct Here;

impl Surroundings for Here {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
        if size > FILE_BYTES {
            return Err(format!("it has more than {FILE_BYTES} bytes"));
        }
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }

    fn exists(&self, path: &Path) -> bool {
        // Of a pattern, the folder before it.
        let fixed: PathBuf = path
            .components()
            .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
            .collect();
        fixed.exists()
    }
}

/// Runs `fairway catalog import`.
pub async fn import(arguments: ImportArguments) -> Result<(), CliError> {
    let absolute = |file: &PathBuf| std::path::absolute(file).unwrap_or_else(|_| file.clone());
    let files: Vec<PathBuf> = arguments.files.iter().map(absolute).collect();
    let merged = merge(&files, &Here)?;
    let config = serde_json::to_string(&merged).unwrap_or_default();
    let client = arguments.connection.client()?;
    let mut answer: Value = client.post("/api/v1/sources/import", &json!({"config": config})).await?;
    if arguments.yes {
        let digest = answer.get("digest").cloned().unwrap_or_default();
        answer = client.post("/api/v1/sources/import", &json!({"config": config, "digest": digest})).await?;
    }
    arguments.output.print(&answer, || shown(&answer))?;
    if arguments.yes {
        talk("Done. The sources are read now; fairway catalog sources shows how they fare.");
    } else {
        talk("Nothing was done. Add --yes to carry this out.");
    }
    Ok(())
}

fn shown(answer: &Value) -> String {
    let items = |name: &str| answer.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut out = String::new();
    let mark = |item: &Value| if item.get("known") == Some(&Value::Bool(true)) { "=" } else { "+" };
    let text =
        |item: &Value, name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for item in items("credentials") {
        let _ = writeln!(
            out,
            "{} credential {} for {} from {}",
            mark(&item),
            text(&item, "name"),
            text(&item, "place"),
            text(&item, "secret")
        );
    }
    for item in items("sources") {
        let _ = writeln!(out, "{} source {}", mark(&item), text(&item, "target"));
    }
    for item in items("notes") {
        let _ = writeln!(out, "! {}: {}", text(&item, "from"), text(&item, "message"));
    }
    if out.is_empty() {
        "There is nothing to take over.".clone_into(&mut out);
    }
    harmless(&out)
}
