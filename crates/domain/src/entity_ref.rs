//! References to entities, as Backstage writes them: `[<kind>:][<namespace>/]<name>`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The namespace of an entity that names none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// A complete reference. References compare and print in lower case, as Backstage's do; they are ordered by kind,
/// then namespace, then name. A clone shares the text.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityRef {
    /// `kind:namespace/name`.
    text: Arc<str>,
    /// Where the kind ends.
    colon: u32,
    /// Where the namespace ends.
    slash: u32,
}

impl Ord for EntityRef {
    fn cmp(&self, other: &Self) -> Ordering {
        // With parts of one length the texts are ordered as the parts are.
        if (self.colon, self.slash) == (other.colon, other.slash) {
            return self.text.cmp(&other.text);
        }
        (self.kind(), self.namespace(), self.name()).cmp(&(other.kind(), other.namespace(), other.name()))
    }
}

impl PartialOrd for EntityRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Why a text is no reference.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
pub enum EntityRefError {
    /// A part is empty or the text has too many of them.
    #[error("Entity reference \"{0}\" was not on the form [<kind>:][<namespace>/]<name>")]
    Malformed(String),
    /// The field gives no default kind, so the reference has to.
    #[error(
        "Entity reference \"{0}\" had missing or empty kind (e.g. did not start with \"component:\" or similar)"
    )]
    MissingKind(String),
}

impl EntityRef {
    /// A reference from its parts.
    pub fn new(kind: &str, namespace: &str, name: &str) -> Self {
        let mut text = String::with_capacity(kind.len() + namespace.len() + name.len() + 2);
        push_lower(&mut text, kind);
        let colon = text.len() as u32;
        text.push(':');
        push_lower(&mut text, namespace);
        let slash = text.len() as u32;
        text.push('/');
        push_lower(&mut text, name);
        Self { text: text.into(), colon, slash }
    }

    /// Parses `text`; what it leaves out is taken from the defaults. Without a default kind the text must
    /// have one.
    pub fn parse(
        text: &str,
        default_kind: Option<&str>,
        default_namespace: &str,
    ) -> Result<Self, EntityRefError> {
        let malformed = || EntityRefError::Malformed(text.chars().take(200).collect());
        let trimmed = text.trim();
        let (kind, rest) = match (trimmed.find(':'), trimmed.find('/')) {
            (Some(colon), slash) if slash.is_none_or(|slash| colon < slash) => {
                let (kind, rest) = trimmed.split_at(colon);
                (Some(kind), rest.trim_start_matches(':'))
            }
            _ => (None, trimmed),
        };
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, rest),
        };
        if name.is_empty() || kind == Some("") || namespace == Some("") || name.contains(['/', ':']) {
            return Err(malformed());
        }
        let kind = kind
            .or(default_kind)
            .ok_or_else(|| EntityRefError::MissingKind(text.chars().take(200).collect()))?;
        Ok(Self::new(kind, namespace.unwrap_or(default_namespace), name))
    }

    /// The kind, in lower case.
    pub fn kind(&self) -> &str {
        self.text.get(..self.colon as usize).unwrap_or_default()
    }

    /// The namespace, in lower case.
    pub fn namespace(&self) -> &str {
        self.text.get(self.colon as usize + 1..self.slash as usize).unwrap_or_default()
    }

    /// The name, in lower case.
    pub fn name(&self) -> &str {
        self.text.get(self.slash as usize + 1..).unwrap_or_default()
    }

    /// The reference as text: `kind:namespace/name`, in lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The shortest unambiguous spelling for people: the name alone where kind and namespace are the usual
    /// ones of the place.
    pub fn humanized(&self, default_kind: Option<&str>) -> String {
        let mut text = String::new();
        if default_kind.is_none_or(|kind| !kind.eq_ignore_ascii_case(self.kind())) {
            text.push_str(self.kind());
            text.push(':');
        }
        if self.namespace() != DEFAULT_NAMESPACE {
            text.push_str(self.namespace());
            text.push('/');
        }
        text.push_str(self.name());
        text
    }
}

fn push_lower(text: &mut String, part: &str) {
    if part.is_ascii() {
        text.extend(part.chars().map(|character| character.to_ascii_lowercase()));
    } else {
        text.push_str(&part.to_lowercase());
    }
}

impl fmt::Display for EntityRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for EntityRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for EntityRef {
    type Err = EntityRefError;

    fn from_str(text: &str) -> Result<Self, EntityRefError> {
        Self::parse(text, None, DEFAULT_NAMESPACE)
    }
}

impl TryFrom<String> for EntityRef {
    type Error = EntityRefError;

    fn try_from(text: String) -> Result<Self, EntityRefError> {
        text.parse()
    }
}

impl From<EntityRef> for String {
    fn from(reference: EntityRef) -> Self {
        reference.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{EntityRef, EntityRefError};

    #[test]
    fn parts_left_out_come_from_the_defaults() {
        let parse = |text| EntityRef::parse(text, Some("Group"), "shop").map(|it| it.to_string());
        assert_eq!(parse("Team-A").unwrap(), "group:shop/team-a");
        assert_eq!(parse("user:ada").unwrap(), "user:shop/ada");
        assert_eq!(parse("other/x").unwrap(), "group:other/x");
        assert_eq!(parse("user:other/x").unwrap(), "user:other/x");
    }

    #[test]
    fn empty_parts_and_missing_kinds_are_errors() {
        for text in ["", ":x", "a:", "a:/x", "/x", "a:b/", "a:b/c/d", "a:b/c:d"] {
            assert!(
                matches!(EntityRef::parse(text, Some("group"), "default"), Err(EntityRefError::Malformed(_))),
                "{text}"
            );
        }
        assert!(matches!("name".parse::<EntityRef>(), Err(EntityRefError::MissingKind(_))));
    }
}
