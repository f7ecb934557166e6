//! One language of conditions, which every grammar is read into.

use std::fmt;

use fairway_domain::EntityRef;
use serde::{Deserialize, Serialize};

/// A field of an entity by its dotted path, in lower case: `metadata.tags`, `metadata.tags.java` (whose value is
/// `true`), `relations.ownedby`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Field(String);

impl Field {
    /// The field of a path.
    pub fn new(path: &str) -> Self {
        Self(path.to_lowercase())
    }

    /// Stands for the entity's reference in an order.
    pub fn reference() -> Self {
        Self("entity_ref".to_owned())
    }

    /// The path, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Field {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<String> for Field {
    fn from(path: String) -> Self {
        Self::new(&path)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A condition on an entity. Texts compare without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Predicate {
    /// All of them hold; without any, this one does.
    All(Vec<Predicate>),
    /// One of them holds; without any, this one does not.
    Any(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// The field is there, with whatever value.
    Exists(Field),
    /// One of the field's values is one of these.
    In(Field, Vec<String>),
    /// One of the field's values begins with this.
    Prefix(Field, String),
    /// One of the field's values contains this.
    Contains(Field, String),
    /// There is a relation of this type to one of the targets; to anything when there are none.
    #[serde(rename_all = "camelCase")]
    Relation {
        /// For example `ownedBy`.
        relation_type: String,
        /// To what.
        targets: Vec<EntityRef>,
    },
    /// Somebody owns it: themselves, or through a group that they belong to, also through parent groups.
    OwnedBy(EntityRef),
    /// Words that all occur in name, title, description, tags, type, kind, owner, or a profile's name and address.
    Text(String),
    /// These words in a row, with one blank between them, in one of those.
    Phrase(String),
}

impl Default for Predicate {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Predicate {
    /// Whether the field has this value.
    pub fn equals(field: &str, value: &str) -> Self {
        Self::In(Field::new(field), vec![value.to_owned()])
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(mut all), other) => {
                all.push(other);
                Self::All(all)
            }
            (one, other) => Self::All(vec![one, other]),
        }
    }
}
