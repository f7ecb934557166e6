//! `fairway completion`: what a shell needs to complete the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::CliError;
use crate::output::data;

/// Print the completion script of a shell
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway completion bash > ~/.local/share/bash-completion/completions/fairway\n  fairway completion fish > ~/.config/fish/completions/fairway.fish"
)]
pub struct CompletionArguments {
    /// Which shell
    shell: Shell,
}

/// Runs `fairway completion`.
pub fn completion(arguments: &CompletionArguments) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "fairway", &mut script);
    data(&String::from_utf8_lossy(&script))
}
