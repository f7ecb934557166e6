//! Why a question of a person cannot be read.

use fairway_domain::{Diagnostic, SourceLocation};

/// Longer questions are not quoted as a whole.
const QUOTED: usize = 300;
/// The longest part of a question that a message repeats.
const PART: usize = 60;

/// Why a question cannot be read, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (column {column})")]
pub struct HumanQueryError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: String,
    /// The question, as far as it is worth quoting.
    pub text: String,
}

impl HumanQueryError {
    pub(super) fn new(
        text: &str,
        column: usize,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        // One line, whatever was pasted, and every character in its column.
        let line = text.chars().take(QUOTED).map(|it| if it.is_control() { ' ' } else { it });
        Self { column, message: message.into(), hint: hint.into(), text: line.collect() }
    }

    /// The same for places that show what is wrong with files.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let place = SourceLocation { file: "query".to_owned(), line: 1, column: self.column };
        let quoted = (self.column <= self.text.chars().count() + 1).then(|| self.text.clone());
        Diagnostic::error("query", &*self.message).at(place, quoted).with_hint(&*self.hint)
    }
}

/// A part of a question as messages repeat it.
pub(super) fn quoted(text: &str) -> String {
    let mut part: String = text.chars().take(PART).map(|it| if it.is_control() { ' ' } else { it }).collect();
    if text.chars().nth(PART).is_some() {
        part.push('…');
    }
    part
}
