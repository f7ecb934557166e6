//! Whether an entity would be good, before it is anywhere.

use fairway_domain::{Caller, Diagnostic, Permission};
use fairway_yaml::Limits;
use serde_json::Value;

use crate::{App, AppError};

impl App {
    /// What is wrong with an entity; nothing when it would be taken.
    pub fn validate_entity(&self, caller: &Caller, entity: &Value) -> Result<Vec<Diagnostic>, AppError> {
        caller.authorise(Permission::Read)?;
        // JSON is YAML, so that one reader and one set of limits serve both.
        let text =
            serde_json::to_string_pretty(entity).map_err(|error| AppError::Internal(error.to_string()))?;
        let reading = fairway_yaml::read("entity.json", &text, &Limits::default());
        let mut diagnostics: Vec<Diagnostic> =
            reading.broken.into_iter().flat_map(|broken| broken.diagnostics).collect();
        for document in &reading.documents {
            if let Err(found) = fairway_catalog::validate(document) {
                diagnostics.extend(found);
            }
        }
        if diagnostics.is_empty() && reading.documents.is_empty() {
            diagnostics.push(Diagnostic::error("entity-envelope", "there is no entity"));
        }
        Ok(diagnostics)
    }
}
