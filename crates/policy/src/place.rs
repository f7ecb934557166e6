//! From the paths that people write to the places in a document.

use std::collections::BTreeMap;

use fairway_domain::finding::{Finding, ObjectRef};
use fairway_yaml::Document;
use serde_json::Value;

/// The steps of a path in an object: `spec.containers[0].image`, `metadata.labels["app.example/x"]`, or a JSON
/// pointer. A key with dots that the object has counts before its parts.
pub(crate) fn steps_of(object: &Value, path: &str) -> Vec<String> {
    if path.starts_with('/') {
        let parts = path.trim_end_matches('/').split('/').skip(1);
        return parts.map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    }
    let mut steps = Vec::new();
    let mut at = Some(object);
    let mut rest = path;
    while !rest.is_empty() {
        let (step, behind) = next_step(at, rest);
        at = at.and_then(|value| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            other => other.get(&step),
        });
        if !step.is_empty() {
            steps.push(step);
        }
        rest = behind;
    }
    steps
}

/// The first step of a path and what follows it.
fn next_step<'p>(at: Option<&Value>, path: &'p str) -> (String, &'p str) {
    if let Some(inside) = path.strip_prefix('[') {
        let Some((step, behind)) = inside.split_once(']') else { return (inside.to_owned(), "") };
        return (step.trim_matches(['"', '\'']).to_owned(), behind.strip_prefix('.').unwrap_or(behind));
    }
    let follows = |key: &str| {
        let behind = path.strip_prefix(key)?;
        match behind.strip_prefix('.') {
            Some(rest) => Some(rest),
            None if behind.is_empty() || behind.starts_with('[') => Some(behind),
            None => None,
        }
    };
    let keys = at.and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
    let known = keys.filter(|key| key.contains('.') && follows(key).is_some()).max_by_key(|key| key.len());
    if let Some(key) = known {
        return (key.clone(), follows(key).unwrap_or_default());
    }
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (step, behind) = path.split_at(end);
    (step.to_owned(), behind.strip_prefix('.').unwrap_or(behind))
}

/// The JSON pointer of a path in an object.
pub fn pointer_of(object: &Value, path: &str) -> String {
    let escaped = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
    steps_of(object, path).iter().map(escaped).collect()
}

type Identity<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn identity(reference: &ObjectRef) -> Identity<'_> {
    let file = reference.file.as_deref().unwrap_or_default();
    (file, &reference.api_version, &reference.kind, &reference.namespace, &reference.name)
}

/// Gives findings the lines of the documents that they are about. Documents are found by file, kind and name; of
/// several with the same the first counts.
pub fn add_lines<'d>(findings: &mut [Finding], documents: impl IntoIterator<Item = &'d Document>) {
    let mut known: BTreeMap<Identity<'_>, &Document> = BTreeMap::new();
    for document in documents {
        let text =
            |pointer: &str| document.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let identity = (
            document.file(),
            text("/apiVersion"),
            text("/kind"),
            text("/metadata/namespace"),
            text("/metadata/name"),
        );
        known.entry(identity).or_insert(document);
    }
    for finding in findings {
        let Some(document) = known.get(&identity(&finding.object)) else { continue };
        let pointer = finding.path.as_deref().map(|path| pointer_of(&document.value, path));
        // Without a path it is the object as a whole that is meant.
        let line = pointer
            .filter(|pointer| !pointer.is_empty())
            .map_or_else(|| document.line(), |pointer| document.location(&pointer).line);
        finding.line = u32::try_from(line).ok();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::pointer_of;

    #[test]
    fn paths_as_people_write_them() {
        let object = json!({"metadata": {"labels": {"app.example/x": "1", "app": {"example/x": 1}}}});
        let rows = [
            ("spec.containers[0].image", "/spec/containers/0/image"),
            ("metadata.labels.app.example/x", "/metadata/labels/app.example~1x"),
            ("metadata.labels[\"not.there/x\"]", "/metadata/labels/not.there~1x"),
            ("metadata.labels", "/metadata/labels"),
            ("spec[1][2].a", "/spec/1/2/a"),
            ("/spec/a~1b/", "/spec/a~1b"),
            ("", ""),
            ("a[", "/a"),
        ];
        for (path, pointer) in rows {
            assert_eq!(pointer_of(&object, path), pointer, "{path}");
        }
    }
}
