//! What a person sees when a template cannot be rendered.

use std::fmt;

pub use fairway_domain::near_names;

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateErrorKind {
    /// The template is not well formed.
    Syntax,
    /// A filter, test or tag has no such name or is not offered here.
    Unknown,
    /// A value was printed that is not defined, with strictness on.
    Undefined,
    /// An operation was given a value that it cannot work on.
    Value,
    /// A limit on work, output, memory or nesting was reached.
    Budget,
    /// A rendered path is not one inside the workspace, or a file is in the way.
    Path,
    /// The options contradict each other.
    Options,
}

/// Why a template could not be rendered, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// The template's name, usually its path.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line itself.
    pub source_line: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The kind of mistake.
    pub kind: TemplateErrorKind,
}

const QUOTED_CHARACTERS: usize = 160;

impl TemplateError {
    pub(crate) fn locate(fault: Fault, source: &str, name: &str) -> Self {
        let mut position = fault.position.unwrap_or(0).min(source.len());
        while !source.is_char_boundary(position) {
            position -= 1;
        }
        let (before, after) = source.split_at(position);
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let in_line = before.get(start..).unwrap_or_default();
        let rest = after.split(['\n', '\r']).next().unwrap_or_default();
        Self {
            name: name.to_owned(),
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: in_line.chars().count() + 1,
            source_line: format!("{in_line}{rest}"),
            message: fault.message,
            hint: fault.hint,
            kind: fault.kind,
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}: {}", self.name, self.line, self.column, self.message)?;
        if !self.source_line.is_empty() {
            let skipped = self.column.saturating_sub(QUOTED_CHARACTERS / 2);
            let line: String = self
                .source_line
                .chars()
                .skip(skipped)
                .take(QUOTED_CHARACTERS)
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            let caret = " ".repeat(self.column.saturating_sub(skipped + 1));
            write!(formatter, "\n  {line}\n  {caret}^")?;
        }
        if let Some(hint) = &self.hint {
            write!(formatter, "\n{hint}")?;
        }
        Ok(())
    }
}

/// An error on its way to where its place in the source is known.
#[derive(Debug)]
pub struct Fault {
    pub message: String,
    pub hint: Option<String>,
    pub kind: TemplateErrorKind,
    /// Byte offset in the source.
    pub position: Option<usize>,
    /// Set where more nesting was met than the stack at hand allows.
    pub too_deep: bool,
}

/// A result inside the engine.
pub type Outcome<T> = Result<T, Box<Fault>>;

impl Fault {
    pub fn new(kind: TemplateErrorKind, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { message: message.into(), hint: None, kind, position: None, too_deep: false })
    }

    pub fn value(message: impl Into<String>) -> Box<Self> {
        Self::new(TemplateErrorKind::Value, message)
    }

    pub fn syntax(message: impl Into<String>, position: usize) -> Box<Self> {
        Self::new(TemplateErrorKind::Syntax, message).at(position)
    }

    pub fn budget(message: impl Into<String>) -> Box<Self> {
        Self::new(TemplateErrorKind::Budget, message)
            .hint("A template renders text from its values; move heavy work out of it.")
    }

    pub fn too_deep() -> Box<Self> {
        let mut fault = Self::budget("the template nests or calls itself too deeply");
        fault.too_deep = true;
        fault
    }

    /// The same with a next step, unless it has one.
    pub fn hint(mut self: Box<Self>, hint: impl Into<String>) -> Box<Self> {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// The same with a place, unless it has a closer one.
    pub fn at(mut self: Box<Self>, position: usize) -> Box<Self> {
        self.position.get_or_insert(position);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, TemplateError};

    #[test]
    fn the_line_is_quoted_under_a_caret() {
        let error =
            TemplateError::locate(*Fault::syntax("broken", 9).hint("Fix it."), "one\n  ümläut\n", "a.md");
        assert_eq!(error.to_string(), "a.md:2:5: broken\n    ümläut\n      ^\nFix it.");
    }
}
