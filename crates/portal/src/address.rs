//! Addresses of pages.

use fairway_domain::EntityRef;
use fairway_domain::repository::RepositoryRef;

/// One path segment or query value, percent-encoded.
pub fn encode(text: &str) -> String {
    escape(text, "-._~")
}

/// A path of several segments, percent-encoded except for its slashes.
pub fn encode_path(text: &str) -> String {
    escape(text, "-._~/")
}

fn escape(text: &str, kept: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `path?name=value&…`, leaving out pairs without a value.
pub fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// An entity's page.
pub fn entity(reference: &EntityRef) -> String {
    format!(
        "/catalog/{}/{}/{}",
        encode(reference.namespace()),
        encode(reference.kind()),
        encode(reference.name())
    )
}

/// A repository's page.
pub fn repository(repository: &RepositoryRef) -> String {
    format!("/repositories/{}/{}", repository.owner(), repository.name())
}

/// A folder's page.
pub fn folder(of: &RepositoryRef, branch: &str, path: &str) -> String {
    let base = format!("{}/tree/{}", repository(of), encode(branch));
    if path.is_empty() { base } else { format!("{base}/{}", encode_path(path)) }
}

/// A file's page.
pub fn blob(of: &RepositoryRef, branch: &str, path: &str) -> String {
    format!("{}/blob/{}/{}", repository(of), encode(branch), encode_path(path))
}

/// A commit's page.
pub fn commit(of: &RepositoryRef, id: &str) -> String {
    format!("{}/commit/{}", repository(of), encode(id))
}

/// A run's page.
pub fn run(id: &str) -> String {
    format!("/runs/{}", encode(id))
}

/// A text that may be followed as a link: an `http`, `https`, `mailto` or local address; `None` for anything
/// else, so that data from files cannot smuggle a script into a page.
pub fn followable(url: &str) -> Option<&str> {
    let trimmed = url.trim();
    let lower = trimmed.get(..8).unwrap_or(trimmed).to_ascii_lowercase();
    let local = trimmed.starts_with('/') && !trimmed.starts_with("//") && !trimmed.starts_with("/\\");
    let known = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    (local || known).then_some(trimmed)
}

#[cfg(test)]
mod tests {
    use super::{encode, encode_path, followable, query};

    #[test]
    fn reserved_characters_cannot_leave_their_place() {
        assert_eq!(encode("a/b?c#d é"), "a%2Fb%3Fc%23d%20%C3%A9");
        assert_eq!(encode_path("a b/c#d"), "a%20b/c%23d");
        assert_eq!(query("/x", &[("a", "1 2"), ("b", "")]), "/x?a=1%202");
    }

    #[test]
    fn scripts_are_not_followed() {
        assert_eq!(followable("javascript:alert(1)"), None);
        assert_eq!(followable("JavaScript:alert(1)"), None);
        assert_eq!(followable("data:text/html,x"), None);
        assert_eq!(followable("//evil.example"), None);
        assert_eq!(followable("https://acme.example/x"), Some("https://acme.example/x"));
        assert_eq!(followable("/runs"), Some("/runs"));
    }
}
