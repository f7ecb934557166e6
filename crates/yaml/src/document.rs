//! One document of a stream: its value, and where each part of it stands.

use std::sync::Arc;

use fairway_domain::{Diagnostic, SourceLocation};
use serde_json::Value;

use crate::source::{Mark, Source};

/// Where one value stands. Spots lie in the order of a walk through the value, parents first; a spot without
/// spots inside belongs to a scalar, an empty collection, or something an alias or merge key brought in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    /// The key, for an entry of a mapping.
    pub(crate) key: Option<Mark>,
    /// The value's first character.
    pub(crate) value: Mark,
    /// The index of the first spot behind this value.
    pub(crate) next: u32,
}

/// One document that could be read.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it says.
    pub value: Value,
    /// Its position among the stream's documents, broken and empty ones counted, from 0.
    pub index: usize,
    source: Arc<Source>,
    spots: Vec<Spot>,
    first_line: usize,
}

impl Document {
    pub(crate) fn new(
        value: Value,
        index: usize,
        source: Arc<Source>,
        spots: Vec<Spot>,
        first_line: usize,
    ) -> Self {
        Self { value, index, source, spots, first_line }
    }

    /// A document for a value that did not come as text; every place in it is line 1, column 1.
    pub fn of_value(file: &str, value: Value) -> Self {
        Self::new(value, 0, Arc::new(Source::new(file, "")), Vec::new(), 1)
    }

    /// The name of the file that it was read from.
    pub fn file(&self) -> &str {
        self.source.file()
    }

    /// The line of its first value, from 1.
    pub fn line(&self) -> usize {
        self.spots.first().map_or(self.first_line, |spot| spot.value.line as usize)
    }

    /// Its text, without the markers around it as far as they stand on lines of their own.
    pub fn text(&self) -> &str {
        self.source.lines(self.line(), self.source.document_end(self.line()))
    }

    /// Where the value at a JSON pointer stands: a scalar at its first character, a collection at its key.
    /// What does not exist is placed at the key of its nearest ancestor that does.
    pub fn location(&self, pointer: &str) -> SourceLocation {
        let Some(root) = self.spots.first() else {
            return SourceLocation { file: self.file().to_owned(), line: 1, column: 1 };
        };
        let mut place = root.value;
        let mut spot = 0;
        let mut value = &self.value;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            let Some((child, inside)) = self.child(spot, value, &part) else { break };
            let Some(found) = self.spots.get(child) else { break };
            place = match (found.key, inside) {
                (Some(key), Value::Object(_) | Value::Array(_)) => key,
                _ => found.value,
            };
            (spot, value) = (child, inside);
        }
        // An ancestor of something missing is named by its key even when it is a scalar.
        if self.value.pointer(pointer).is_none()
            && let Some(key) = self.spots.get(spot).and_then(|spot| spot.key)
        {
            place = key;
        }
        self.source.location(place)
    }

    /// Where the key at the end of a path stands, and the line of what follows its value: the next key or item, or
    /// else the end of the document.
    pub(crate) fn entry_lines(&self, path: &[&str]) -> Option<(Mark, Option<u32>)> {
        let (mut spot, mut value) = (0, &self.value);
        for part in path {
            (spot, value) = self.child(spot, value, part)?;
        }
        let found = self.spots.get(spot)?;
        let next = self.spots.get(found.next as usize).map(|spot| spot.key.unwrap_or(spot.value).line);
        let end = u32::try_from(self.source.document_end(found.value.line as usize)).ok();
        Some((found.key?, next.or(end)))
    }

    /// The spot index and value of a child.
    fn child<'a>(&self, spot: usize, value: &'a Value, part: &str) -> Option<(usize, &'a Value)> {
        let end = self.spots.get(spot)?.next as usize;
        let position = match value {
            Value::Object(map) => map.keys().position(|key| key == part)?,
            Value::Array(_) => part.parse().ok()?,
            _ => return None,
        };
        let inside = match value {
            Value::Object(map) => map.get(part)?,
            Value::Array(items) => items.get(position)?,
            _ => return None,
        };
        let mut at = spot + 1;
        for _ in 0..position {
            at = self.spots.get(at)?.next as usize;
        }
        (at < end).then_some((at, inside))
    }

    /// A line of the file, from 1; very long ones are cut.
    pub fn source_line(&self, line: usize) -> Option<String> {
        self.source.quoted(line)
    }

    /// An error at the place of a JSON pointer, with the line quoted.
    pub fn diagnostic(&self, pointer: &str, code: &str, message: impl Into<String>) -> Diagnostic {
        let location = self.location(pointer);
        let line = self.source_line(location.line).filter(|_| !self.spots.is_empty());
        Diagnostic::error(code, message).at(location, line)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use crate::{Limits, read};

    #[test]
    fn pointers_lead_to_lines_and_columns() {
        let text = "# first\n---\nkind: Component\nmetadata:\n  name: x\n  tags: [a, 'b']\nspec:\n  - one: 1\n  - {two: 2}\nbase: &base {deep: {x: 1}}\nuse: *base\nmerged:\n  <<: *base\n  own: 1\n";
        let reading = read("c.yaml", text, &Limits::default());
        assert_eq!(reading.diagnostics, []);
        let document = &reading.documents[0];
        let rows = [
            ("", (3, 1)),
            ("/kind", (3, 7)),
            ("/metadata", (4, 1)),
            ("/metadata/name", (5, 9)),
            ("/metadata/title", (4, 1)),
            ("/metadata/name/deeper", (5, 3)),
            ("/metadata/tags", (6, 3)),
            ("/metadata/tags/1", (6, 13)),
            ("/metadata/tags/7", (6, 3)),
            ("/spec/0/one", (8, 10)),
            ("/spec/1/two", (9, 11)),
            ("/use/deep/x", (11, 1)),
            ("/merged/own", (14, 8)),
            ("/merged/deep/x", (13, 3)),
            ("/nothing", (3, 1)),
        ];
        for (pointer, place) in rows {
            let location = document.location(pointer);
            assert_eq!((location.line, location.column), place, "{pointer}");
        }
        let shown = document.diagnostic("/metadata/name", "entity", "no good").to_string();
        assert_eq!(shown, "error: no good\n  --> c.yaml:5:9\n  |\n5 |   name: x\n  |         ^");
    }
}
