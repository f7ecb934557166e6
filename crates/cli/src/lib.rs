//! Parses the command line, calls the server or the rooms below, and prints.
//!
//! `up` and `serve` start the application; every other command either asks a running server over HTTP or works
//! on files alone. What a command prints for programs goes to standard output, what it says to people to
//! standard error. No decision about the platform is made here.

mod admission;
mod admission_manifest;
mod answers;
mod apply;
mod arguments;
mod audit;
mod bench;
mod catalog;
mod catalog_credentials;
mod catalog_export;
mod catalog_graph;
mod catalog_history;
mod catalog_import;
mod catalog_list;
mod catalog_sources;
mod catalog_validate;
mod change;
mod check;
mod client;
mod column;
mod completion;
mod completion_server;
mod delivery;
mod environments;
mod example;
mod exit_code;
mod failure;
mod findings;
mod follow;
mod form;
mod launch;
mod logs;
mod manifests;
mod new;
mod output;
mod plan;
mod plan_text;
mod policy;
mod policy_folder;
mod policy_test;
mod question;
mod ready;
mod render;
mod run_text;
mod runs;
mod sarif;
mod search;
mod secrets;
mod supply;
mod template;
mod template_explain;
mod template_folder;
mod template_golden;
mod template_render;
mod template_suite;
mod template_test;
mod template_trial;
mod template_view;
mod template_world;
mod test_text;
mod token;
mod undo;
mod up;
mod version;
mod waive;
mod what_if;

use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory as _, Parser as _};

use crate::arguments::{Arguments, Command};
use crate::failure::CliError;

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let started = Instant::now();
    if completion::answered() {
        return ExitCode::SUCCESS;
    }
    // What is no text is told by the parser.
    let words: Result<Vec<String>, _> = std::env::args_os().map(std::ffi::OsString::into_string).collect();
    let arguments = match words {
        Ok(words) => Arguments::parse_from(catalog_list::with_negations(words)),
        Err(_) => Arguments::parse(),
    };
    match execute(arguments.command, started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            error.exit_code().into()
        }
    }
}

/// The command line as it is described, for its tests and for documentation.
pub fn command() -> clap::Command {
    Arguments::command()
}

fn execute(command: Command, started: Instant) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| CliError::failed(format!("the system gives no threads: {error}"), None))?;
    let result = runtime.block_on(dispatch(command, started));
    // What still runs in the background has nothing to say any more.
    runtime.shutdown_background();
    result
}

async fn dispatch(command: Command, started: Instant) -> Result<(), CliError> {
    match command {
        Command::Up(arguments) => up::up(arguments, started).await,
        Command::Serve(arguments) => up::serve(arguments, started).await,
        Command::New(arguments) => new::new(arguments).await,
        Command::Plan(arguments) => plan::plan(arguments).await,
        Command::Apply(arguments) => apply::apply(arguments).await,
        Command::Undo(arguments) => undo::undo(arguments).await,
        Command::Runs(arguments) => runs::runs(arguments).await,
        Command::Search(arguments) => search::search(arguments).await,
        Command::Secrets(arguments) => secrets::secrets(arguments),
        Command::Supply(arguments) => supply::supply(arguments).await,
        Command::Catalog(arguments) => catalog::catalog(arguments).await,
        Command::Admission(arguments) => admission::admission(&arguments),
        Command::Check(arguments) => check::check(arguments).await,
        Command::Policy(arguments) => policy::policy(arguments).await,
        Command::Render(arguments) => render::render(arguments).await,
        Command::Template(arguments) => template::template(arguments).await,
        Command::Deploy(arguments) => delivery::deploy(arguments).await,
        Command::Promote(arguments) => delivery::promote(arguments).await,
        Command::Rollback(arguments) => delivery::roll_back(arguments).await,
        Command::Environments(arguments) => environments::environments(arguments).await,
        Command::Change(arguments) => change::change(arguments).await,
        Command::Findings(arguments) => findings::findings(arguments).await,
        Command::Audit(arguments) => audit::audit(arguments).await,
        Command::Token(arguments) => token::token(arguments).await,
        Command::Bench(arguments) => bench::bench(arguments).await,
        Command::Completion(arguments) => completion::completion(&arguments),
        Command::Version(arguments) => version::version(&arguments),
        Command::ExitCodes => output::data(exit_code::HELP),
    }
}
