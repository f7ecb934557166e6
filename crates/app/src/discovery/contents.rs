//! The catalog files of a repository on another forge: those that are named or fit the pattern, and what they
//! lead to. Nothing else of the repository is read.

use std::collections::{BTreeSet, VecDeque};

use fairway_domain::tree::{Tree, TreeFile, TreePath};
use fairway_remote::{HostingClient, RemoteError, Urgency};
use fairway_yaml::{Limits, read};
use serde_json::Value;

use super::HostedTarget;
use crate::AppError;

/// Files that are read of one repository.
const FILES: usize = 500;
/// Bytes that they may have together.
const BYTES: usize = 32 * 1024 * 1024;
/// Nesting of values that references are looked for in.
const DEPTH: usize = 64;

/// Whether a path is a pattern.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// What was read of a repository.
pub(crate) struct Contents {
    /// The files.
    pub(crate) tree: Tree,
    /// The ones to begin with; empty when the repository has no catalog file.
    pub(crate) roots: Vec<TreePath>,
}

/// Reads the catalog files of a repository, and the files of it that they refer to.
pub(crate) async fn read_hosted(
    client: &HostingClient,
    target: &HostedTarget,
    urgency: Urgency,
) -> Result<Contents, AppError> {
    let mut reader = Reader { client, target, urgency, tree: Tree::new(), bytes: 0, paths: None };
    let roots = if is_pattern(&target.path) {
        reader.matching(&target.path).await?
    } else {
        vec![TreePath::lenient(&target.path).map_err(|error| AppError::invalid(error.to_string()))?]
    };
    let mut found = Vec::new();
    for root in roots {
        if reader.fetch(&root).await? {
            found.push(root);
        }
    }
    let mut waiting: VecDeque<TreePath> = found.iter().cloned().collect();
    let mut seen: BTreeSet<TreePath> = found.iter().cloned().collect();
    while let Some(file) = waiting.pop_front() {
        let text = reader.tree.get_text(file.as_str()).unwrap_or_default().to_owned();
        for reference in references(&file, &text, &target.base()) {
            let paths = match &reference.path {
                Place::File(path) => vec![path.clone()],
                Place::Pattern(pattern) => reader.matching(pattern).await?,
            };
            for path in paths {
                if seen.insert(path.clone()) && reader.fetch(&path).await? && reference.leads_on {
                    waiting.push_back(path);
                }
            }
        }
    }
    Ok(Contents { tree: reader.tree, roots: found })
}

struct Reader<'a> {
    client: &'a HostingClient,
    target: &'a HostedTarget,
    urgency: Urgency,
    tree: Tree,
    bytes: usize,
    paths: Option<Vec<TreePath>>,
}

impl Reader<'_> {
    async fn matching(&mut self, pattern: &str) -> Result<Vec<TreePath>, AppError> {
        if self.paths.is_none() {
            let target = self.target;
            let paths = self.client.paths(&target.repository, &target.branch, self.urgency).await;
            // An empty repository has no tree.
            let paths = match paths {
                Err(RemoteError::Hosting { status: 404 | 409, .. }) => Vec::new(),
                paths => paths?,
            };
            self.paths = Some(paths);
        }
        let pattern = pattern.trim_start_matches('/');
        let paths = self.paths.iter().flatten();
        Ok(paths.filter(|path| glob_match::glob_match(pattern, path.as_str())).cloned().collect())
    }

    /// Reads a file into the tree; whether there is one.
    async fn fetch(&mut self, path: &TreePath) -> Result<bool, AppError> {
        if self.tree.get(path).is_some() {
            return Ok(true);
        }
        let target = self.target;
        let found = self.client.file(&target.repository, &target.branch, path, self.urgency).await?;
        let Some(bytes) = found else { return Ok(false) };
        self.bytes += bytes.len();
        if self.tree.len() >= FILES || self.bytes > BYTES {
            let limit = format!("{FILES} catalog files or {BYTES} bytes");
            let on = target.repository.clone();
            return Err(RemoteError::TooLarge { doing: "read", on, limit }.into());
        }
        self.tree.insert(path.clone(), TreeFile::regular(bytes));
        Ok(true)
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    File(TreePath),
    Pattern(String),
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    path: Place,
    /// Whether what is there may refer to further files (a Location's target) or is only a text.
    leads_on: bool,
}

/// The files of the same repository that a catalog file refers to.
fn references(file: &TreePath, text: &str, base: &str) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    for document in read(file.as_str(), text, &Limits::default()).documents {
        let value = &document.value;
        if value.get("kind").and_then(Value::as_str) == Some("Location") {
            let several = value.pointer("/spec/targets").and_then(Value::as_array).into_iter().flatten();
            for target in several.chain(value.pointer("/spec/target")).filter_map(Value::as_str) {
                found.extend(resolve(file, target, base).map(|path| Reference { path, leads_on: true }));
            }
        }
        look_for_placeholders(value, file, base, 0, &mut found);
    }
    found
}

fn look_for_placeholders(
    value: &Value,
    file: &TreePath,
    base: &str,
    depth: usize,
    found: &mut BTreeSet<Reference>,
) {
    if depth > DEPTH {
        return;
    }
    match value {
        Value::Array(items) => {
            for item in items {
                look_for_placeholders(item, file, base, depth + 1, found);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                match item.as_str().filter(|_| name.starts_with('$')) {
                    Some(target) => found
                        .extend(resolve(file, target, base).map(|path| Reference { path, leads_on: false })),
                    None => look_for_placeholders(item, file, base, depth + 1, found),
                }
            }
        }
        _ => {}
    }
}

/// The path in the repository that a reference means; `None` when it leads elsewhere.
fn resolve(file: &TreePath, target: &str, base: &str) -> Option<Place> {
    let target = target.trim();
    let target = target.strip_prefix("url:").or_else(|| target.strip_prefix("file:")).unwrap_or(target);
    let (mut parts, rest): (Vec<String>, &str) = match target.strip_prefix(base) {
        Some(rest) => (Vec::new(), rest),
        None if target.contains("://") || target.starts_with('/') => return None,
        None => {
            let folder = file.parent();
            let parts = folder.iter().flat_map(|folder| folder.as_str().split('/')).map(str::to_owned);
            (parts.collect(), target)
        }
    };
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other.to_owned()),
        }
    }
    let path = parts.join("/");
    if is_pattern(rest) { Some(Place::Pattern(path)) } else { Some(Place::File(path.parse().ok()?)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Place, Reference, references};

    #[test]
    fn what_a_catalog_file_leads_to_is_found_and_what_lies_elsewhere_is_not() {
        let text = "kind: Location\nspec:\n  target: ./all/*.yaml\n  targets: [../shared.yaml, https://git.example/acme/shop/blob/main/x.yaml, https://other.example/y.yaml, ../../out.yaml]\n---\nkind: API\nspec:\n  definition:\n    $text: ./api/openapi.yaml\n  more: [{$json: /etc/passwd}]\n";
        let base = "https://git.example/acme/shop/blob/main/";
        let found = references(&"org/catalog-info.yaml".parse().unwrap(), text, base);
        let file = |path: &str, leads_on| Reference { path: Place::File(path.parse().unwrap()), leads_on };
        let expected = [
            file("org/api/openapi.yaml", false),
            file("shared.yaml", true),
            file("x.yaml", true),
            Reference { path: Place::Pattern("org/all/*.yaml".to_owned()), leads_on: true },
        ];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
    }
}
