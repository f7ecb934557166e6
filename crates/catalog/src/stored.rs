//! What the ledger holds of the catalog.

use fairway_domain::{Diagnostic, Entity, EntityRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::address::typed;

/// The last good version of an entity, and what is wrong with its source since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredEntity {
    /// The entity.
    pub entity: Entity,
    /// The identifier of its source.
    pub source: String,
    /// Backstage's `type:target` of its file.
    pub location: String,
    /// Backstage's `type:target` of its source's root file.
    pub origin_location: String,
    /// Its file inside the source.
    pub file: String,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Its identifier for as long as it lives.
    pub uid: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When this version was seen.
    pub last_seen: Timestamp,
    /// The commit or digest of its source that this version was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// What is wrong with its source now; empty when this version is the current one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Diagnostic>,
    /// Whether its source no longer has it, and it is kept all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub orphan: bool,
}

/// A document of a source with something wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredDraft {
    /// The identifier of its source.
    pub source: String,
    /// Backstage's `type:target` of its file.
    pub location: String,
    /// Its file inside the source.
    pub file: String,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Which entity it is meant to be, as far as that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<EntityRef>,
    /// Who is meant to own it, as far as that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<EntityRef>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The document's text; the beginning of a long one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_text: Option<String>,
    /// Since when.
    pub first_seen: Timestamp,
    /// The entity that another source gives already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<EntityRef>,
}

impl StoredDraft {
    /// What the ledger holds of a draft of `source`.
    pub fn new(draft: &crate::Draft, source: &crate::SourceInfo, first_seen: Timestamp) -> Self {
        Self {
            source: source.id.clone(),
            location: typed(&format!("{}{}", source.base, draft.file)),
            file: draft.file.to_string(),
            line: draft.line,
            reference: draft.reference.clone(),
            owner: draft.owner.clone(),
            diagnostics: draft.diagnostics.clone(),
            source_text: draft.source_text.clone(),
            first_seen,
            conflict: None,
        }
    }
}
