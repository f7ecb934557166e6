//! The help is complete: every command says what it is for and shows an example.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

/// Every command below `command` with its full name.
fn leaves(command: &clap::Command, name: &str, found: &mut Vec<(String, clap::Command)>) {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = format!("{name} {}", sub.get_name());
        found.push((name.clone(), sub.clone()));
        leaves(sub, &name, found);
    }
}

#[test]
fn every_command_says_what_it_is_for_and_shows_an_example() {
    let root = fairway_cli::command();
    root.clone().debug_assert();
    let mut commands = Vec::new();
    leaves(&root, "fairway", &mut commands);
    assert!(commands.len() > 20, "{}", commands.len());
    for (name, command) in commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.len() > 10, "{name} says nothing about itself");
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let example = format!("  {name}");
        let shown = after.starts_with("Examples:\n") && (after.contains(&example) || after.contains(&name));
        assert!(shown || name.ends_with("exit-codes"), "{name} has no example of itself: {after:?}");
        for argument in command.get_arguments().filter(|it| !it.is_hide_set()) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{name}: {} says nothing about itself", argument.get_id());
        }
    }
}

#[test]
fn every_reading_command_prints_for_programs_too() {
    let root = fairway_cli::command();
    for path in [
        &["runs"][..],
        &["plan"],
        &["catalog", "list"],
        &["catalog", "validate"],
        &["check"],
        &["environments"],
        &["findings"],
        &["template", "render"],
        &["template", "explain"],
        &["audit", "list"],
        &["audit", "verify"],
        &["token", "list"],
        &["bench"],
    ] {
        let command = path.iter().fold(&root, |command, name| command.find_subcommand(name).unwrap());
        assert!(command.get_arguments().any(|it| it.get_id() == "output"), "{path:?}");
    }
}

#[test]
fn exit_codes_are_a_promise() {
    let fairway = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_fairway"))
            .args(arguments)
            .env_remove("FAIRWAY_URL")
            .env_remove("FAIRWAY_TOKEN")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, _) = fairway(&["help", "exit-codes"]);
    assert!(code == 0 && out.contains("Exit codes:") && out.contains("  4  "), "{out}");
    assert_eq!(fairway(&["no-such-command"]).0, 2);
    // Nothing listens on the discard port of this machine.
    let (code, out, error) = fairway(&["runs", "--url", "http://127.0.0.1:9"]);
    assert!(code == 3 && out.is_empty() && error.contains("fairway up"), "{code} {error}");
    let (code, _, error) = fairway(&["up", "--host", "0.0.0.0", "--port", "0", "--data", "/nonexistent/x"]);
    assert!(code == 2 && error.contains("--base-url"), "{code} {error}");
}
