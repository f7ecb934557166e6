//! `fairway completion`: what a shell needs to complete the command line. The shell asks this program at every press
//! of the key, so that names, queries and kinds come from the server.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};
use clap_complete::{CompleteEnv, Shell};

use crate::arguments::Arguments;
use crate::completion_server;
use crate::failure::CliError;
use crate::output::data;

/// Names the shell that asks.
const VARIABLE: &str = "FAIRWAY_COMPLETE";
const NAME: &str = "fairway";

/// Print the completion script of a shell
///
/// Entities, kinds and queries are completed from the server at FAIRWAY_URL.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway completion bash > ~/.local/share/bash-completion/completions/fairway\n  fairway completion zsh > \"${fpath[1]}/_fairway\"\n  fairway completion fish > ~/.config/fish/completions/fairway.fish"
)]
pub struct CompletionArguments {
    /// Which shell
    shell: Shell,
}

/// Runs `fairway completion`.
pub fn completion(arguments: &CompletionArguments) -> Result<(), CliError> {
    let shell: &dyn EnvCompleter = match arguments.shell {
        Shell::Bash => &ColonBash,
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Zsh => &Zsh,
        _ => return Err(CliError::usage("there is no completion for this shell", None)),
    };
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, NAME, NAME, NAME, &mut script)
        .map_err(|error| CliError::failed(format!("the script cannot be written: {error}"), None))?;
    data(&String::from_utf8_lossy(&script))
}

/// Answers a shell that asks for completions; says whether one did.
pub fn answered() -> bool {
    if std::env::var_os(VARIABLE).is_none_or(|shell| shell.is_empty()) {
        return false;
    }
    let shells: [&dyn EnvCompleter; 5] = [&ColonBash, &Elvish, &Fish, &Powershell, &Zsh];
    let folder = std::env::current_dir().ok();
    let asked =
        CompleteEnv::with_factory(Arguments::command).var(VARIABLE).completer(NAME).shells(Shells(&shells));
    // A message would stand in the middle of what somebody types.
    asked.try_complete(std::env::args_os(), folder.as_deref()).unwrap_or(true)
}

/// Completes references of entities.
pub fn references() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &std::ffi::OsStr| {
        candidates(typed.to_str().map(completion_server::references))
    })
}

/// Completes queries.
pub fn queries() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &std::ffi::OsStr| {
        candidates(typed.to_str().map(completion_server::queries))
    })
}

/// Completes kinds.
pub fn kinds() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &std::ffi::OsStr| candidates(typed.to_str().map(completion_server::kinds)))
}

fn candidates(found: Option<Vec<(String, String)>>) -> Vec<CompletionCandidate> {
    let candidate = |(order, (text, help)): (usize, (String, String))| {
        CompletionCandidate::new(text).help(Some(help.into())).display_order(Some(order))
    };
    found.unwrap_or_default().into_iter().enumerate().map(candidate).collect()
}

/// Bash breaks words at colons and equals signs, which references and queries are full of: the words are put together
/// again from the line, and of what completes one, only what follows its last break is given back.
struct ColonBash;

impl EnvCompleter for ColonBash {
    fn name(&self) -> &'static str {
        Bash.name()
    }

    fn is(&self, name: &str) -> bool {
        Bash.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        _name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn io::Write,
    ) -> Result<(), io::Error> {
        let script = BASH.replace("VARIABLE", var).replace("COMPLETER", completer).replace("BIN", bin);
        buf.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        cmd: &mut clap::Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn io::Write,
    ) -> Result<(), io::Error> {
        Bash.write_complete(cmd, args, current_dir, buf)
    }
}

const BASH: &str = r#"_BIN() {
    local line="${COMP_LINE:0:COMP_POINT}" words=() at=-1 i part
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if ((at < 0)) || [[ "$line" == [[:space:]]* ]]; then
            at=$((at + 1))
            words[at]=""
            line="${line#"${line%%[![:space:]]*}"}"
        fi
        part="${COMP_WORDS[i]}"
        if ((i == COMP_CWORD)); then
            part="$line"
        fi
        words[at]+="$part"
        line="${line#"$part"}"
    done
    local current="${words[at]}"
    COMPREPLY=()
    IFS=$'\013' read -r -d '' -a COMPREPLY < <(
        _CLAP_IFS=$'\013' _CLAP_COMPLETE_INDEX="$at" VARIABLE=bash COMPLETER -- "${words[@]}" 2>/dev/null
    )
    local before="${current%"${current##*[:=]}"}"
    for i in "${!COMPREPLY[@]}"; do
        COMPREPLY[i]="${COMPREPLY[i]#"$before"}"
    done
    if [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == *[=/:.] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o bashdefault -o nosort -F _BIN BIN
else
    complete -o bashdefault -F _BIN BIN
fi
"#;
