//! What the forges' answers have in common.

use fairway_domain::tree::TreePath;
use serde::{Deserialize, Deserializer};

/// An entry of a recursive tree, as GitHub and Gitea give it.
#[derive(Deserialize)]
pub(super) struct TreeEntry {
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    pub(super) mode: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
}

impl TreeEntry {
    /// The path, when it is an ordinary file with a name that a tree may hold.
    pub(super) fn file(self) -> Option<TreePath> {
        let ordinary = self.kind == "blob" && self.mode != "120000";
        if ordinary { self.path.parse().ok() } else { None }
    }
}

/// `null` like something that is not there.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A text that says something.
pub(super) fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
