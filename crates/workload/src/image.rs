//! Images of containers.

use fairway_domain::Diagnostic;

use crate::scope::{Notes, Scope};

/// The image of a container: as written, or for `.` the one that the service's own repository builds, at the
/// version that is rendered.
pub(crate) fn resolve(scope: &Scope<'_>, container: &str, image: &str, notes: &mut Notes) -> String {
    if image != "." {
        if !image.contains('@') && tag(image).is_none_or(|tag| tag == "latest") {
            notes.warn(format!(
                "container {container}: the image {image} has no fixed tag or digest, so what runs can change without a commit"
            ));
        }
        return image.to_owned();
    }
    let request = scope.request;
    let repository =
        format!("{}/{}", request.environment.spec.registry.trim_end_matches('/'), request.image_repository);
    let version = request.version;
    if version
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()))
    {
        return format!("{repository}@{version}");
    }
    if !is_tag(version) {
        let message = format!("the version \"{version}\" cannot be an image's tag");
        notes.fail(
            Diagnostic::error("version", message).with_hint(
                "use at most 128 characters of A-Z, a-z, 0-9, '_', '.' and '-', or a sha256 digest",
            ),
        );
    }
    format!("{repository}:{version}")
}

/// The tag; a colon before the last slash belongs to the registry's port.
fn tag(image: &str) -> Option<&str> {
    image.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, tag)| tag)
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::{is_tag, tag};

    #[test]
    fn a_registry_port_is_no_tag() {
        assert_eq!(tag("localhost:4000/repo/image"), None);
        assert_eq!(tag("localhost:4000/repo/image:v1"), Some("v1"));
        assert!(is_tag("0.1.0") && !is_tag("1.0+x") && !is_tag(".x") && !is_tag(""));
    }
}
