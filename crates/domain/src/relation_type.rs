//! The names of relations.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Backstage's well-known relations, which take no memory of their own.
const KNOWN: [&str; 14] = [
    "apiConsumedBy",
    "apiProvidedBy",
    "childOf",
    "consumesApi",
    "dependencyOf",
    "dependsOn",
    "hasMember",
    "hasPart",
    "memberOf",
    "ownedBy",
    "ownerOf",
    "parentOf",
    "partOf",
    "providesApi",
];

/// The name of a relation, for example `ownedBy`. It is equal to, and ordered as, its text; a clone costs nothing.
#[derive(Clone)]
pub struct RelationType(Name);

#[derive(Clone)]
enum Name {
    Known(&'static str),
    Other(Arc<str>),
}

impl RelationType {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Known(name) => name,
            Name::Other(name) => name,
        }
    }
}

impl From<&str> for RelationType {
    fn from(name: &str) -> Self {
        match KNOWN.iter().find(|known| **known == name) {
            Some(known) => Self(Name::Known(known)),
            None => Self(Name::Other(name.into())),
        }
    }
}

impl From<String> for RelationType {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl Deref for RelationType {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for RelationType {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for RelationType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self)
    }
}

impl fmt::Debug for RelationType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl PartialEq for RelationType {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RelationType {}

impl PartialEq<str> for RelationType {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for RelationType {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for RelationType {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RelationType {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for RelationType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Serialize for RelationType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for RelationType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::RelationType;

    #[test]
    fn a_name_is_its_text_whether_it_is_well_known_or_not() {
        let (known, other) = (RelationType::from("ownedBy"), RelationType::from("baseOf"));
        assert!(known == "ownedBy" && other == "baseOf" && other < known);
        for name in [known, other] {
            let text = serde_json::to_string(&name).unwrap();
            assert_eq!(text, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<RelationType>(&text).unwrap(), name);
        }
    }
}
