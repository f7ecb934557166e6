//! What the server says while it runs, on standard error.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::output::colours;

/// How the server's log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object on each line.
    Json,
    /// For people.
    Text,
}

/// Starts logging. `RUST_LOG` says how much; by default, what Fairway itself has to say.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,fairway_app=info,fairway_server=info,fairway_cli=info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Fails only when somebody logs already.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => {
            builder.with_target(false).with_ansi(colours(std::io::stderr().is_terminal())).try_init()
        }
    };
}
