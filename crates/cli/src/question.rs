//! Questions to the person at the terminal.

use inquire::{Confirm, InquireError};

use crate::exit_code::Exit;
use crate::failure::CliError;
use crate::output::{can_ask, talk};

/// Whether the person says yes; `yes` answers for them. Where nobody can be asked, nothing is assumed.
pub fn agree(question: &str, yes: bool) -> Result<bool, CliError> {
    if yes {
        return Ok(true);
    }
    if !can_ask() {
        return Err(CliError::usage(
            "this needs a yes, and there is no terminal to ask at",
            Some("look at the plan, then run the command again with --yes"),
        ));
    }
    Confirm::new(question).with_default(false).prompt().map_err(not_answered)
}

/// Ends the command when the person says no.
pub fn agree_or_end(question: &str, yes: bool) -> Result<(), CliError> {
    if agree(question, yes)? {
        return Ok(());
    }
    talk("Nothing was done.");
    Err(CliError::Said(Exit::Failed))
}

/// A question that was left with Escape or Ctrl-C ends the command.
pub fn not_answered(error: InquireError) -> CliError {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            talk("Nothing was done.");
            CliError::Said(Exit::Failed)
        }
        other => CliError::failed(format!("the question could not be asked: {other}"), None),
    }
}
