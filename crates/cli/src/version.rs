//! `fairway version`.

use serde_json::json;

use crate::failure::CliError;
use crate::output::OutputArguments;

/// Print the version
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  fairway version\n  fairway version --output json")]
pub struct VersionArguments {
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `fairway version`.
pub fn version(arguments: &VersionArguments) -> Result<(), CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let system = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let value = json!({"version": version, "build": build, "system": system});
    arguments.output.print(&value, || format!("fairway {version} ({build}, {system})"))
}
