//! Whether an entity would be good, before it is anywhere.

use fairway_domain::{Caller, Diagnostic, Permission};
use serde_json::Value;

use crate::{App, AppError};

impl App {
    /// What is wrong with an entity by the kinds that are known now; nothing when it would be taken.
    pub fn validate_entity(&self, caller: &Caller, entity: Value) -> Result<Vec<Diagnostic>, AppError> {
        caller.authorise(Permission::Read)?;
        let view = self.view();
        Ok(fairway_catalog::validate_entity(entity, view.catalog.kinds()))
    }
}
