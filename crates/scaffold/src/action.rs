//! What an action is: a name, schemas, documentation and code that says what it would do.

use serde_json::Value;

use crate::context::StepContext;
use crate::error::ActionError;

/// An example for the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionExample {
    /// What it shows.
    pub description: &'static str,
    /// The step's input.
    pub input: Value,
}

/// One action of the registry. Actions are plain values: they may keep no state between steps.
pub trait Action: Send + Sync {
    /// The name that templates use, for example `fetch:template`.
    fn id(&self) -> &str;

    /// What it does, in one or two sentences.
    fn description(&self) -> &str;

    /// The JSON schema (draft 7) of its input.
    fn input_schema(&self) -> Value;

    /// The JSON schema (draft 7) of its output.
    fn output_schema(&self) -> Value;

    /// Examples for the reference.
    fn examples(&self) -> Vec<ActionExample> {
        Vec::new()
    }

    /// Plans one step. `input` is rendered and fits the schema. Changes the workspace and adds effects; the
    /// result is the step's output, an object.
    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError>;
}
