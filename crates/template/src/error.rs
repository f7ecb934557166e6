//! What a person sees when a template cannot be rendered.

use std::fmt;

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

/// The known names nearest to a misspelt one, best first, at most three.
pub fn near_names<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = match wanted.chars().count() {
        0..=2 => 1,
        3..=6 => 2,
        _ => 3,
    };
    let mut near: Vec<(usize, &str)> = known
        .filter(|name| name.len().abs_diff(wanted.len()) <= limit * 4 && name.len() <= 100)
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Edit distance where swapping two neighbours is one step.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().take(100).flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().take(100).flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&above, column) + usize::from(a != b))
                .min(at(&above, column + 1) + 1)
                .min(at(&current, column) + 1);
            let swapped = row > 0
                && column > 0
                && left.get(row - 1) == Some(b)
                && right.get(column - 1) == Some(a)
                && a != b;
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Fault, TemplateError, near_names};

    #[test]
    fn the_line_is_quoted_under_a_caret() {
        let error =
            TemplateError::locate(*Fault::syntax("broken", 9).hint("Fix it."), "one\n  ümläut\n", "a.md");
        assert_eq!(error.to_string(), "a.md:2:5: broken\n    ümläut\n      ^\nFix it.");
    }

    #[test]
    fn a_swap_is_one_mistake() {
        assert_eq!(near_names("nmae", ["name", "owner", "system"].into_iter()), ["name"]);
        assert!(near_names("zzz", ["name"].into_iter()).is_empty());
    }
}
