//! The text of a stream, by lines.

use fairway_domain::SourceLocation;

/// Longest line that a diagnostic quotes, in characters.
const QUOTED: usize = 400;

/// A named text and where its lines begin.
#[derive(Debug)]
pub(crate) struct Source {
    file: String,
    text: String,
    starts: Vec<usize>,
}

impl Source {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file: file.to_owned(), text: text.to_owned(), starts }
    }

    /// The text of a line without its break. Lines count from 1.
    pub(crate) fn line(&self, line: usize) -> Option<&str> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        self.text.get(start..end).map(|text| text.trim_end_matches(['\n', '\r']))
    }

    /// The line as a diagnostic quotes it.
    pub(crate) fn quoted(&self, line: usize) -> Option<String> {
        self.line(line).map(|text| text.chars().take(QUOTED).collect())
    }

    /// A place in this text; a parser's place behind the last line becomes the end of the last line that
    /// says something.
    pub(crate) fn location(&self, mark: Mark) -> SourceLocation {
        let mut line = mark.line as usize;
        let mut column = mark.column as usize;
        while line > 1 && self.line(line).is_none_or(|text| text.trim().is_empty()) {
            line -= 1;
            column = self.line(line).map_or(1, |text| text.trim_end().chars().count() + 1);
        }
        SourceLocation { file: self.file.clone(), line: line.max(1), column: column.max(1) }
    }

    /// Where the document that begins in `line` ends: the line of the next document marker, or one behind
    /// the last line. A marker in the first column ends a document wherever it stands.
    pub(crate) fn document_end(&self, line: usize) -> usize {
        let mut at = line + 1;
        while let Some(text) = self.line(at) {
            if is_marker(text) {
                return at;
            }
            at += 1;
        }
        self.starts.len() + 1
    }

    /// The text from line `from` up to, not including, line `to`.
    pub(crate) fn lines(&self, from: usize, to: usize) -> &str {
        let start = self.starts.get(from.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let end = self.starts.get(to.saturating_sub(1)).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default()
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }
}

fn is_marker(line: &str) -> bool {
    ["---", "..."].into_iter().any(|marker| {
        line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    })
}

/// A place by line and column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl From<granit_parser::Marker> for Mark {
    fn from(marker: granit_parser::Marker) -> Self {
        let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: clamp(marker.line().max(1)), column: clamp(marker.col() + 1) }
    }
}
