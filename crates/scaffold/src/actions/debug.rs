//! `debug:log` and `debug:wait`.

use fairway_domain::plan::Effect;
use serde_json::{Value, json};

use super::input::{no_output, nothing, text};
use crate::action::{Action, ActionExample};
use crate::context::StepContext;
use crate::error::ActionError;

/// The longest wait.
const MOST_MILLISECONDS: f64 = 600_000.0;

/// The most characters of one file that a listing shows.
const MOST_SHOWN: usize = 2_000;

/// Says something.
pub(super) struct DebugLog;

impl Action for DebugLog {
    fn id(&self) -> &'static str {
        "debug:log"
    }

    fn description(&self) -> &'static str {
        "Writes a message into the log, and the workspace's files if asked."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "properties": {
            "message": {"type": "string"},
            "listWorkspace": {"anyOf": [{"type": "boolean"}, {"enum": ["with-filenames", "with-contents"]}]},
            "extra": {"description": "Anything; written as JSON"}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Says hello and lists the files",
            input: json!({"message": "Hello ${{ user.ref }}", "listWorkspace": true}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        if let Some(message) = text(input, "message") {
            context.log.extend(message.lines().map(str::to_owned));
        }
        if let Some(extra) = input.get("extra") {
            context.log.push(extra.to_string());
        }
        let (names, contents) = match input.get("listWorkspace") {
            Some(Value::Bool(true)) => (true, false),
            Some(Value::String(how)) => (true, how == "with-contents"),
            _ => (false, false),
        };
        if names {
            context.log.push("Workspace:".to_owned());
        }
        for (path, file) in context.workspace.iter().filter(|_| names) {
            context.log.push(format!("  - {path}"));
            if contents {
                let shown: String = file.text().unwrap_or("(binary)").chars().take(MOST_SHOWN).collect();
                context.log.extend(shown.lines().map(|line| format!("    {line}")));
            }
        }
        Ok(nothing())
    }
}

/// Lets time pass.
pub(super) struct DebugWait;

impl Action for DebugWait {
    fn id(&self) -> &'static str {
        "debug:wait"
    }

    fn description(&self) -> &'static str {
        "Waits before the next effect, at most ten minutes."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "properties": {
            "minutes": {"type": "number", "minimum": 0},
            "seconds": {"type": "number", "minimum": 0},
            "milliseconds": {"type": "number", "minimum": 0}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample { description: "Waits five seconds", input: json!({"seconds": 5}) }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let part = |key: &str, factor: f64| input.get(key).and_then(Value::as_f64).unwrap_or(0.0) * factor;
        let total = part("minutes", 60_000.0) + part("seconds", 1_000.0) + part("milliseconds", 1.0);
        if !(0.0..=MOST_MILLISECONDS).contains(&total) {
            return Err(ActionError::new("a wait is at most ten minutes long"));
        }
        let milliseconds = total.round() as u64;
        if milliseconds > 0 {
            context.effects.push(Effect::Wait { milliseconds });
        }
        Ok(nothing())
    }
}
