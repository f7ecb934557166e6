//! What a person reads when input is wrong: what happened, where, and what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DiagnosticSeverity {
    /// Worth knowing.
    Note,
    /// It works, and should be mended.
    Warning,
    /// It does not work.
    Error,
}

/// A place in a file. Lines and columns count from 1; columns count characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceLocation {
    /// The file, as the person who wrote it knows it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that is wrong with some input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: DiagnosticSeverity,
    /// A stable word for programs, for example `yaml-syntax`.
    pub code: String,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<SourceLocation>,
    /// The line of the source that `location` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_line: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self {
            severity: DiagnosticSeverity::Error,
            code: code.to_owned(),
            message: message.into(),
            location: None,
            source_line: None,
            hint: None,
        }
    }

    /// A warning without a place yet.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self { severity: DiagnosticSeverity::Warning, ..Self::error(code, message) }
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(mut self, location: SourceLocation, source_line: Option<String>) -> Self {
        self.location = Some(location);
        self.source_line = source_line;
        self
    }

    /// The same, with the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == DiagnosticSeverity::Error
    }
}

/// `error: message`, the place, the quoted line with a caret, and the hint, over several lines.
impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            DiagnosticSeverity::Note => "note",
            DiagnosticSeverity::Warning => "warning",
            DiagnosticSeverity::Error => "error",
        };
        write!(formatter, "{word}: {}", self.message)?;
        if let Some(location) = &self.location {
            write!(formatter, "\n  --> {location}")?;
            if let Some(line) = &self.source_line {
                let number = location.line.to_string();
                let margin = " ".repeat(number.len());
                let before: String = line
                    .chars()
                    .take(location.column.saturating_sub(1))
                    .map(|character| if character == '\t' { '\t' } else { ' ' })
                    .collect();
                write!(formatter, "\n{margin} |\n{number} | {line}\n{margin} | {before}^")?;
            }
        }
        if let Some(hint) = &self.hint {
            write!(formatter, "\n  = {hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, SourceLocation};

    #[test]
    fn quotes_the_line_and_points_at_the_column() {
        let place = SourceLocation { file: "catalog-info.yaml".into(), line: 12, column: 3 };
        let text = Diagnostic::error("entity", "spec.owner is missing")
            .at(place, Some("  type: service".into()))
            .with_hint("add an owner")
            .to_string();
        assert_eq!(
            text,
            "error: spec.owner is missing\n  --> catalog-info.yaml:12:3\n   |\n12 |   type: service\n   |   ^\n  = add an owner"
        );
    }
}
