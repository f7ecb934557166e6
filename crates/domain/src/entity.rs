//! Entities in Backstage's envelope: `apiVersion`, `kind`, `metadata`, `spec`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::entity_ref::DEFAULT_NAMESPACE;
use crate::{EntityRef, RelationType};

/// A typed edge to another entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relation {
    /// For example `ownedBy`.
    #[serde(rename = "type")]
    pub relation_type: RelationType,
    /// What the edge points to; it need not exist.
    #[serde(rename = "targetRef")]
    pub target: EntityRef,
}

/// An entity whose envelope has been validated: kind and name are present. The rest is open data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// For example `backstage.io/v1alpha1`.
    pub api_version: String,
    /// For example `Component`, in its original case.
    pub kind: String,
    /// Everything under `metadata`.
    pub metadata: Map<String, Value>,
    /// Everything under `spec`; empty when the source has none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub spec: Map<String, Value>,
}

impl Entity {
    /// The reference of this entity.
    pub fn reference(&self) -> EntityRef {
        EntityRef::new(&self.kind, self.namespace(), self.name())
    }

    /// `metadata.name` in its original case.
    pub fn name(&self) -> &str {
        self.metadata_text("name").unwrap_or_default()
    }

    /// `metadata.namespace`, or `default`.
    pub fn namespace(&self) -> &str {
        self.metadata_text("namespace").unwrap_or(DEFAULT_NAMESPACE)
    }

    /// What people call it: `metadata.title`, the display name of a profile, or the name.
    pub fn title(&self) -> &str {
        let profile = || self.spec_pointer("/profile/displayName").and_then(Value::as_str);
        self.metadata_text("title").or_else(profile).unwrap_or_else(|| self.name())
    }

    /// `metadata.description`.
    pub fn description(&self) -> Option<&str> {
        self.metadata_text("description")
    }

    /// A text field of `metadata`.
    pub fn metadata_text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).and_then(Value::as_str)
    }

    /// A text field of `spec`.
    pub fn spec_text(&self, key: &str) -> Option<&str> {
        self.spec.get(key).and_then(Value::as_str)
    }

    /// A value inside `spec` by JSON pointer, for example `/profile/email`.
    pub fn spec_pointer(&self, pointer: &str) -> Option<&Value> {
        let mut parts = pointer.trim_start_matches('/').splitn(2, '/');
        let first = self.spec.get(parts.next()?)?;
        parts.next().map_or(Some(first), |rest| first.pointer(&format!("/{rest}")))
    }

    /// The strings of a list in `spec`; anything else in it is passed over.
    pub fn spec_list(&self, key: &str) -> impl Iterator<Item = &str> {
        self.spec.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// An annotation's value.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.get("annotations")?.get(key)?.as_str()
    }

    /// A label's value.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata.get("labels")?.get(key)?.as_str()
    }

    /// The tags in source order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.metadata.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// `spec.owner` as a reference; Backstage's default kind for it is Group.
    pub fn owner(&self) -> Option<EntityRef> {
        EntityRef::parse(self.spec_text("owner")?, Some("group"), self.namespace()).ok()
    }

    /// The entity as one JSON object.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
