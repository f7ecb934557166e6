//! `command-line.md`: every command with its arguments, from the command line's own description.

use clap::{Arg, Command};

use super::table::{code, table};

const BEGINNING: &str = "# Command line

<!-- Made by `cargo xtask reference` from the command line's own description. Change the code, not this page. -->

One binary, `fairway`. `fairway up` and `fairway serve` start the server; the other commands talk to a running server,
or work on files alone. What a command prints for programs goes to standard output, what it says to people to standard
error. `fairway help COMMAND` shows the same as this page.

";

/// The headings of options that many commands share; they are described once.
const SHARED: [&str; 2] = ["Output", "Connection"];

/// The page.
pub fn page() -> String {
    let mut root = fairway_cli::command();
    root.build();
    let mut text = vec![BEGINNING.to_owned()];
    if let Some(codes) = root.get_after_help() {
        let codes = codes.to_string();
        let codes = codes.trim_end().strip_prefix("Exit codes:\n").unwrap_or(&codes).to_owned();
        text.push(format!("## Exit codes\n\n```text\n{codes}\n```\n\n"));
    }
    text.push(shared(&root));
    for command in visible(&root) {
        section(command, "fairway", 2, &mut text);
    }
    text.concat()
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help")
}

/// The options that many commands take, as the first one that has them describes them.
fn shared(root: &Command) -> String {
    let mut text = vec!["## Options that many commands take\n\n".to_owned()];
    let Some(example) = visible(root).find(|it| arguments(it).any(|arg| is_shared(arg, "Connection"))) else {
        return String::new();
    };
    let rows: Vec<[String; 3]> = arguments(example)
        .filter(|arg| SHARED.iter().any(|heading| is_shared(arg, heading)))
        .map(row)
        .collect();
    text.push(table(["option", "environment", "meaning"], &rows));
    text.concat()
}

fn is_shared(argument: &Arg, heading: &str) -> bool {
    argument.get_help_heading() == Some(heading)
}

fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| {
        !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
            || arg.get_id() == "version" && takes_value(arg)
    })
}

fn takes_value(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}

fn section(command: &Command, parents: &str, level: usize, text: &mut Vec<String>) {
    let name = format!("{parents} {}", command.get_name());
    text.push(format!("\n{} {name}\n\n", "#".repeat(level)));
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    text.push(format!("{}\n", paragraphs(&about)));
    if command.get_subcommands().next().is_none() {
        let usage = command.clone().render_usage().to_string();
        text.push(format!("\n```text\n{}\n```\n", usage.trim_start_matches("Usage: ").trim()));
    }
    let own =
        |arg: &&Arg| command.get_name() == "render" || !SHARED.iter().any(|heading| is_shared(arg, heading));
    let positional: Vec<[String; 2]> = arguments(command)
        .filter(|arg| arg.is_positional())
        .map(|arg| [code(&value_name(arg)), meaning(arg)])
        .collect();
    if !positional.is_empty() {
        text.push(format!("\n{}", table(["argument", "meaning"], &positional)));
    }
    let options: Vec<[String; 3]> =
        arguments(command).filter(|arg| !arg.is_positional()).filter(own).map(row).collect();
    if !options.is_empty() {
        text.push(format!("\n{}", table(["option", "environment", "meaning"], &options)));
    }
    let takes: Vec<&str> = SHARED
        .into_iter()
        .filter(|heading| {
            command.get_name() != "render" && arguments(command).any(|arg| is_shared(arg, heading))
        })
        .map(|heading| if heading == "Output" { "`--output`" } else { "the options of the connection" })
        .collect();
    if !takes.is_empty() {
        text.push(format!("\nAlso takes {}.\n", takes.join(" and ")));
    }
    if let Some(examples) = command.get_after_help().map(ToString::to_string)
        && let Some(lines) = examples.trim_end().strip_prefix("Examples:\n")
    {
        let lines: Vec<&str> = lines.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        text.push(format!("\n```sh\n{}\n```\n", lines.join("\n")));
    }
    for subcommand in visible(command) {
        section(subcommand, &name, level + 1, text);
    }
}

/// The first line of a help text has no full stop; here it is a sentence.
fn paragraphs(text: &str) -> String {
    let text = text.trim();
    match text.split_once("\n\n") {
        Some((first, rest)) => format!("{}.\n\n{rest}", first.trim_end_matches('.')),
        None => format!("{}.", text.trim_end_matches('.')),
    }
}

fn value_name(argument: &Arg) -> String {
    let names: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    if names.is_empty() { argument.get_id().as_str().to_uppercase() } else { names.join(" ") }
}

fn row(argument: &Arg) -> [String; 3] {
    let long = argument.get_long().map(|long| format!("--{long}")).unwrap_or_default();
    let value = if takes_value(argument) { format!(" {}", value_name(argument)) } else { String::new() };
    let mut shown = code(&format!("{long}{value}"));
    if let Some(short) = argument.get_short() {
        shown = format!("{}, {shown}", code(&format!("-{short}")));
    }
    let variable = argument.get_env().map(|name| code(&name.to_string_lossy())).unwrap_or_default();
    [shown, variable, meaning(argument)]
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut parts = vec![help.lines().next().unwrap_or_default().to_owned()];
    if takes_value(argument) {
        let values: Vec<String> = argument
            .get_possible_values()
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| code(value.get_name()))
            .collect();
        if !values.is_empty() {
            parts.push(format!("one of {}", values.join(", ")));
        }
        let defaults: Vec<String> =
            argument.get_default_values().iter().map(|value| code(&value.to_string_lossy())).collect();
        if !defaults.is_empty() {
            parts.push(format!("{} by default", defaults.join(", ")));
        }
        if argument.is_required_set() && !argument.is_positional() {
            parts.push("required".to_owned());
        }
    }
    parts.join("; ")
}
