//! What a parser's complaint means for the person who wrote the file.

use granit_parser::{ErrorKind, ScanError};

use crate::Limits;

/// A code, a sentence and, where there is one, the next step.
pub(crate) struct Explanation {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
}

/// Explains a syntax error.
pub(crate) fn explain(error: &ScanError, limits: &Limits) -> Explanation {
    let (code, message, hint) = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => (
            "yaml-tab",
            "a tab stands where YAML wants spaces".to_owned(),
            Some("indent with spaces; a tab is never indentation"),
        ),
        ErrorKind::RecursionLimitExceeded => {
            ("yaml-limit", format!("the document is nested deeper than {} levels", limits.depth), None)
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidMappingValueWhitespace => (
            "yaml-syntax",
            "a \": \" stands where no value may begin".to_owned(),
            Some("quote a text that holds \": \", and check that the key before is indented as its siblings"),
        ),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::SimpleKeyExpected => (
            "yaml-syntax",
            "a \"key: value\" was expected here".to_owned(),
            Some("check the indentation and the colon of this line and the one before"),
        ),
        ErrorKind::ExpectedBlockSequenceEntry => (
            "yaml-syntax",
            "a list item that begins with \"- \" was expected here".to_owned(),
            Some("check the indentation of this line and the one before"),
        ),
        ErrorKind::InvalidIndentation => (
            "yaml-syntax",
            "this line is indented differently from its siblings".to_owned(),
            Some("align it with the lines that belong to the same mapping or list"),
        ),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("yaml-syntax", "a quoted text is not closed".to_owned(), Some("add the closing quote"))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            ("yaml-syntax", format!("a value cannot begin with {character:?}"), Some("quote the text"))
        }
        ErrorKind::UnclosedFlowCollection { open } => (
            "yaml-syntax",
            format!("the \"{open}\" is not closed"),
            Some("close it, or quote a text that begins with a bracket"),
        ),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => (
            "yaml-syntax",
            "a \",\" or the closing bracket was expected here".to_owned(),
            Some("quote a text that begins with a bracket, for example \"{{ name }}\""),
        ),
        _ => ("yaml-syntax", error.info(), None),
    };
    Explanation { code, message, hint }
}
