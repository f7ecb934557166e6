//! References to container images.

use serde_json::{Map, Value, json};

/// `registry/path/name:tag@digest`, with Docker's defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageReference {
    pub(crate) registry: String,
    /// With the name as its last part.
    pub(crate) path: String,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
}

const DEFAULT_REGISTRY: &str = "docker.io";

impl ImageReference {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 1024 || text.contains(char::is_whitespace) {
            return None;
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                digest
                    .split_once(':')
                    .filter(|(algorithm, hash)| !algorithm.is_empty() && hash.len() >= 32)?;
                (rest, Some(digest.to_owned()))
            }
            None => (text, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((rest, tag)) if !tag.contains('/') => {
                let fits = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
                if tag.is_empty() || tag.len() > 128 || !tag.chars().all(fits) {
                    return None;
                }
                (rest, Some(tag.to_owned()))
            }
            _ => (rest, None),
        };
        let (registry, path) = match rest.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => (first, path),
            _ => (DEFAULT_REGISTRY, rest),
        };
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-/".contains(c);
        if path.is_empty() || !path.chars().all(fits) || path.split('/').any(str::is_empty) {
            return None;
        }
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Some(Self { registry: registry.to_owned(), path: path.to_owned(), tag, digest })
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.path)
    }

    /// As policies see it under `images`.
    pub(crate) fn describe(&self, pointer: &str) -> Value {
        let reference_with_tag = match &self.tag {
            Some(tag) => format!("{}:{tag}", self.repository()),
            None => self.repository(),
        };
        json!({
            "registry": self.registry,
            "name": self.name(),
            "path": self.path,
            "tag": self.tag.as_deref().unwrap_or_default(),
            "digest": self.digest.as_deref().unwrap_or_default(),
            "reference": self.to_string(),
            "referenceWithTag": reference_with_tag,
            "jsonPath": pointer,
        })
    }
}

/// With the digest when there is one, else with the tag.
impl std::fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => write!(formatter, "{}@{digest}", self.repository()),
            (None, Some(tag)) => write!(formatter, "{}:{tag}", self.repository()),
            (None, None) => formatter.write_str(&self.repository()),
        }
    }
}

/// Where the pod stands in an object of a kind, as JSON pointer.
pub(crate) fn pod_pointer(kind: &str) -> Option<&'static str> {
    match kind {
        "Pod" => Some(""),
        "CronJob" => Some("/spec/jobTemplate/spec/template"),
        "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            Some("/spec/template")
        }
        _ => None,
    }
}

/// The kinds of containers that pods have.
pub(crate) const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// `images`: each container's image, by list and name of the container.
pub(crate) fn images(object: &Value) -> Value {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let Some(pod) = pod_pointer(kind) else { return Value::Object(Map::new()) };
    let mut all = Map::new();
    for list in CONTAINER_LISTS {
        let pointer = format!("{pod}/spec/{list}");
        let containers = object.pointer(&pointer).and_then(Value::as_array);
        let mut found = Map::new();
        for (index, container) in containers.into_iter().flatten().enumerate() {
            let text = |key: &str| container.get(key).and_then(Value::as_str);
            let (Some(name), Some(image)) = (text("name"), text("image").and_then(ImageReference::parse))
            else {
                continue;
            };
            found.insert(name.to_owned(), image.describe(&format!("{pointer}/{index}/image")));
        }
        if !found.is_empty() {
            all.insert(list.to_owned(), Value::Object(found));
        }
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::ImageReference;

    #[test]
    fn defaults_are_filled_in() {
        for (text, expected) in [
            ("nginx", Some("docker.io/nginx:latest")),
            ("ghcr.io/kyverno/test:v1", Some("ghcr.io/kyverno/test:v1")),
            ("localhost:5000/a/b", Some("localhost:5000/a/b:latest")),
            ("team/app:1", Some("docker.io/team/app:1")),
            ("Bad Image", None),
            ("nginx:", None),
            ("", None),
        ] {
            let found = ImageReference::parse(text).map(|image| image.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
