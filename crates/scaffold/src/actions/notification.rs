//! `notification:send`.

use fairway_domain::EntityRef;
use fairway_domain::plan::Effect;
use serde_json::{Value, json};

use super::input::{no_output, nothing, required_text, text, texts};
use crate::action::{Action, ActionExample};
use crate::context::StepContext;
use crate::error::ActionError;

/// Sends a message.
pub(super) struct NotificationSend;

impl Action for NotificationSend {
    fn id(&self) -> &'static str {
        "notification:send"
    }

    fn description(&self) -> &'static str {
        "Sends a message to people or teams, or to everybody."
    }

    fn input_schema(&self) -> Value {
        json!({"type": "object", "required": ["recipients", "title"], "properties": {
            "recipients": {"enum": ["broadcast", "entity"], "description": "Everybody, or those that entityRefs names"},
            "entityRefs": {"type": "array", "items": {"type": "string"}},
            "title": {"type": "string"},
            "info": {"type": "string"},
            "link": {"type": "string"},
            "severity": {"enum": ["low", "normal", "high", "critical"], "description": "normal by default"},
            "scope": {"type": "string", "description": "Not used"},
            "optional": {"type": "boolean", "description": "Whether it is fine when the message cannot be sent"}
        }})
    }

    fn output_schema(&self) -> Value {
        no_output()
    }

    fn examples(&self) -> Vec<ActionExample> {
        vec![ActionExample {
            description: "Tells the owners",
            input: json!({"recipients": "entity", "entityRefs": ["${{ parameters.owner }}"], "title": "A new service", "severity": "low"}),
        }]
    }

    fn plan(&self, input: &Value, context: &mut StepContext<'_>) -> Result<Value, ActionError> {
        let recipients = if required_text(input, "recipients") == "entity" {
            texts(input, "entityRefs")
                .iter()
                .map(|text| text.parse::<EntityRef>().map_err(|error| ActionError::new(error.to_string())))
                .collect::<Result<Vec<_>, _>>()?
        } else {
            Vec::new()
        };
        if recipients.is_empty() && required_text(input, "recipients") == "entity" {
            return Err(ActionError::new("entityRefs names nobody")
                .with_hint("name people or groups, or send to everybody with `recipients: broadcast`"));
        }
        context.effects.push(Effect::Notify {
            recipients,
            title: required_text(input, "title").to_owned(),
            info: text(input, "info").map(str::to_owned),
            severity: text(input, "severity").unwrap_or("normal").to_owned(),
            link: text(input, "link").map(str::to_owned),
        });
        Ok(nothing())
    }
}
