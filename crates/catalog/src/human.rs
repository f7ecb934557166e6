//! What people write into a search field, and what it means: `kind:component owner:team-a -has:system orders`.
//!
//! | Written | Holds for |
//! | --- | --- |
//! | `orders`, `"orders service"` | a text in name, title, description, tags, type, kind or owner |
//! | `field:value`, `field:a,b` | one of these values |
//! | `field:*`, `has:field` | any value |
//! | `field:pre*`, `field:~part` | a value that begins with this, or has it inside |
//! | `-term`, `not term` | what the term does not hold for |
//! | `one two`, `one or two`, `( )` | both, one of them, and groups |
//! | `owner:team-a`, `owner:me`, `owner:=team-a` | what somebody owns through groups, or by themselves only |
//! | `dependsOn:orders-db`, `partOf:…` | a relation to something |
//! | `is:orphan`, `is:broken`, `is:stale`, `is:deprecated` | a state |

mod complete;
mod error;
mod field;
mod lower;
mod read;
mod resolve;
mod sorting;
mod write;

use fairway_domain::EntityRef;

use crate::kind::KindRegistry;
use crate::predicate::Predicate;
use crate::snapshot::Snapshot;

pub use complete::{Completion, complete};
pub use error::HumanQueryError;
pub use sorting::{facet_field, field_advice, order_field};

/// A question as a person wrote it. [`std::fmt::Display`] writes it again; what is read from that is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HumanQuery {
    /// All of them hold; without any, everything fits.
    All(Vec<HumanQuery>),
    /// One of them holds.
    Any(Vec<HumanQuery>),
    /// It does not hold.
    Not(Box<HumanQuery>),
    /// A word, or several words in a row.
    Text(String),
    /// A field has one of the values.
    Field {
        /// Its name as written.
        name: String,
        /// What its values may be; at least one.
        values: Vec<Wanted>,
    },
}

/// What a field's value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Anything: `*`.
    Anything,
    /// This: `value`.
    Value(String),
    /// This and nothing that leads to it: `=value`.
    Exactly(String),
    /// What begins with this: `value*`.
    Prefix(String),
    /// What contains this: `~value`.
    Part(String),
}

/// What a question means depends on who asks, and of which catalog.
#[derive(Clone, Copy, Debug, Default)]
pub struct HumanContext<'a> {
    /// Who `me` is.
    pub caller: Option<&'a EntityRef>,
    /// Whose kinds and parts are meant. Without one, only the built-in kinds have relations, and systems and domains
    /// have only what names them itself.
    pub catalog: Option<&'a Snapshot>,
    /// The sources that could not be read the last time: what they gave is stale.
    pub failing_sources: &'a [String],
}

impl HumanContext<'_> {
    fn kinds(&self) -> KindRegistry {
        self.catalog.map_or_else(KindRegistry::default, |catalog| catalog.kinds().clone())
    }
}

/// Reads a question.
///
/// # Errors
///
/// What cannot be read, where, and what to write instead; also for a name that is no field.
pub fn parse(text: &str, context: &HumanContext<'_>) -> Result<Predicate, HumanQueryError> {
    let (query, places) = read::read(text)?;
    lower::lower(&query, text, places, context)
}

impl HumanQuery {
    /// Reads a question without asking whether its fields exist.
    ///
    /// # Errors
    ///
    /// What cannot be read, where, and what to write instead.
    pub fn read(text: &str) -> Result<Self, HumanQueryError> {
        read::read(text).map(|(query, _)| query)
    }

    /// All of these hold. What is already such a list becomes part of it.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::All(flat) }
    }

    /// One of these holds. What is already such a list becomes part of it.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Any(flat) }
    }

    /// A field has one of these values.
    pub fn field(name: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| Wanted::Value((*value).to_owned())).collect();
        Self::Field { name: name.to_owned(), values }
    }
}

#[cfg(test)]
mod tests;
