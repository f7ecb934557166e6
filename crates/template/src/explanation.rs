//! What a template uses, found without rendering it.

use std::collections::BTreeMap;

/// A place in a template, both numbers from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column in characters.
    pub column: usize,
}

/// A value that a template reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse {
    /// The path, such as `values.name`.
    pub path: String,
    /// Where it is read, in order.
    pub places: Vec<Place>,
    /// Where nothing provides for its absence: neither a default nor a condition that asks for it. Printing it there
    /// gives nothing or "undefined".
    pub risks: Vec<Place>,
}

/// A filter, test or function that a template uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameUse {
    /// The name.
    pub name: String,
    /// Where, in order.
    pub places: Vec<Place>,
    /// Whether the language has it; else rendering fails there.
    pub is_known: bool,
    /// The known names that are near an unknown one.
    pub near: Vec<String>,
}

/// What a template uses, each list sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Values of the context; names that the template defines itself are left out.
    pub variables: Vec<VariableUse>,
    /// Filters.
    pub filters: Vec<NameUse>,
    /// Tests.
    pub tests: Vec<NameUse>,
    /// Functions that the language has.
    pub functions: Vec<NameUse>,
}

/// Turns byte offsets of a source into places.
pub struct Places<'s> {
    source: &'s str,
    /// The offset behind each line break.
    lines: Vec<usize>,
}

impl<'s> Places<'s> {
    pub fn new(source: &'s str) -> Self {
        let breaks = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { source, lines: std::iter::once(0).chain(breaks).collect() }
    }

    pub fn of(&self, position: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= position).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let before = self.source.get(start..position).unwrap_or_default();
        Place { line, column: before.chars().count() + 1 }
    }

    /// Positions by name as uses of names.
    pub fn names<'n>(
        &self,
        uses: BTreeMap<String, Vec<usize>>,
        known: impl Fn() -> Box<dyn Iterator<Item = &'n str> + 'n>,
    ) -> Vec<NameUse> {
        uses.into_iter()
            .map(|(name, positions)| {
                let is_known = known().any(|known| known == name);
                let near = if is_known { Vec::new() } else { crate::error::near_names(&name, known()) };
                NameUse {
                    places: self.all(positions),
                    is_known,
                    near: near.into_iter().map(str::to_owned).collect(),
                    name,
                }
            })
            .collect()
    }

    /// All places in order.
    pub fn all(&self, mut positions: Vec<usize>) -> Vec<Place> {
        positions.sort_unstable();
        positions.dedup();
        positions.into_iter().map(|position| self.of(position)).collect()
    }
}
