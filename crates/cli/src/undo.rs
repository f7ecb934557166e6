//! `fairway undo`: takes back what a run made.

use std::fmt::Write as _;

use fairway_domain::run::Run;
use serde_json::{Value, json};

use crate::apply::{DecisionArguments, end_of_run};
use crate::client::{ConnectionArguments, segment};
use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{OutputArguments, harmless, talk};
use crate::question::agree_or_end;
use crate::runs::stored_plan;

/// Take back what a run made, in reverse order
///
/// Shows first what would be taken back and what would be kept, and why. Only what the run itself created is
/// touched.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  fairway undo 0199c0de-7a3e-7c11-9d55-6f0d1c2b3a49\n  fairway undo 0199c0de-7a3e-7c11-9d55-6f0d1c2b3a49 --preview --output json"
)]
pub struct UndoArguments {
    /// The run, by its identifier
    run: String,
    /// Show what would be done, and do nothing
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    decision: DecisionArguments,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// Runs `fairway undo`.
pub async fn undo(arguments: UndoArguments) -> Result<(), CliError> {
    let client = arguments.connection.client()?;
    let path = format!("/api/v1/runs/{}", segment(&arguments.run));
    let run: Run = client.get(&path).await?;
    let preview: Value = client.get(&format!("{path}/undo")).await?;
    let text = preview_text(&run.title, &preview);
    if arguments.preview {
        return arguments.output.print(&preview, || text);
    }
    talk(&text);
    if preview.get("items").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        return Err(CliError::Said(Exit::Conflict));
    }
    talk("");
    agree_or_end("Take this back?", arguments.decision.yes)?;
    let plan = stored_plan(&client, &run).await.ok();
    let run: Run = client.post(&format!("{path}/undo"), &json!({})).await?;
    end_of_run(&client, run, plan.as_ref(), arguments.decision.detach, arguments.output).await
}

fn preview_text(title: &str, preview: &Value) -> String {
    let items = preview.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return format!("{title}: there is nothing to take back");
    }
    let mut text = format!("Taking back \"{title}\"\n");
    for item in items {
        let part = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let word = if item.get("kept").and_then(Value::as_bool) == Some(true) { "kept" } else { "undo" };
        let _ = writeln!(text, "  {word}   {}\n           {}", part("effect"), part("action"));
    }
    harmless(text.trim_end())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_preview_tells_what_is_kept_and_why() {
        let preview = json!({"items": [
            {"index": 1, "effect": "Commit 3 files", "action": "Revert the commit", "kept": false},
            {"index": 0, "effect": "Create the repository a/b", "action": "somebody pushed to it", "kept": true},
        ]});
        let text = super::preview_text("Create b", &preview);
        assert!(text.contains("undo   Commit 3 files\n           Revert the commit"), "{text}");
        assert!(
            text.contains("kept   Create the repository a/b\n           somebody pushed to it"),
            "{text}"
        );
    }
}
