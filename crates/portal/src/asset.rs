//! What the browser fetches besides pages.

/// A file for the browser. Its name holds a digest of its content, so it may be kept for ever.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The content.
    pub bytes: &'static [u8],
    /// The media type.
    pub content_type: &'static str,
}

/// The asset of a hashed name, as in `/assets/{name}`.
pub fn asset(_name: &str) -> Option<Asset> {
    None
}

/// The address of an asset by its plain name.
pub fn asset_path(name: &str) -> String {
    format!("/assets/{name}")
}
