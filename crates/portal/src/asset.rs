//! What the browser fetches besides pages.

use std::sync::LazyLock;

use fairway_domain::Digest;

/// A file for the browser. Its name holds a digest of its content, so it may be kept for ever.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The content.
    pub bytes: &'static [u8],
    /// The media type.
    pub content_type: &'static str,
}

struct Entry {
    plain: &'static str,
    hashed: String,
    asset: Asset,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

static FILES: [(&str, &str, &[u8]); 10] = [
    ("style.css", "text/css; charset=utf-8", include_bytes!("assets/style.css")),
    ("palette.js", SCRIPT, include_bytes!("assets/palette.js")),
    ("keys.js", SCRIPT, include_bytes!("assets/keys.js")),
    ("live.js", SCRIPT, include_bytes!("assets/live.js")),
    ("follow.js", SCRIPT, include_bytes!("assets/follow.js")),
    ("catalog.js", SCRIPT, include_bytes!("assets/catalog.js")),
    ("policy.js", SCRIPT, include_bytes!("assets/policy.js")),
    ("graph.js", SCRIPT, include_bytes!("assets/graph.js")),
    ("copy.js", SCRIPT, include_bytes!("assets/copy.js")),
    ("favicon.svg", "image/svg+xml", include_bytes!("assets/favicon.svg")),
];

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(plain, content_type, bytes)| {
            let (stem, extension) = plain.split_once('.').unwrap_or((plain, ""));
            let hashed = format!("{stem}.{}.{extension}", Digest::of(bytes).short());
            Entry { plain, hashed, asset: Asset { bytes, content_type } }
        })
        .collect()
});

/// The asset of a hashed name, as in `/assets/{name}`.
pub fn asset(name: &str) -> Option<Asset> {
    ENTRIES.iter().find(|entry| entry.hashed == name).map(|entry| entry.asset)
}

/// The address of an asset by its plain name, for example `style.css`.
pub fn asset_path(name: &str) -> String {
    let hashed = ENTRIES.iter().find(|entry| entry.plain == name).map_or(name, |entry| &entry.hashed);
    format!("/assets/{hashed}")
}

/// The plain and hashed names of every asset.
pub fn asset_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    ENTRIES.iter().map(|entry| (entry.plain, entry.hashed.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{asset, asset_names, asset_path};

    #[test]
    fn every_asset_is_found_by_its_hashed_name_only() {
        for (plain, hashed) in asset_names() {
            assert_eq!(asset_path(plain), format!("/assets/{hashed}"));
            assert!(!asset(hashed).unwrap().bytes.is_empty());
            assert!(asset(plain).is_none());
        }
    }
}
