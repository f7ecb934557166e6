//! Files that are not entities yet: what is wrong with them, and whose they seem to be.

use fairway_domain::entity_ref::DEFAULT_NAMESPACE;
use fairway_domain::tree::TreePath;
use fairway_domain::{Diagnostic, EntityRef};
use serde_json::Value;

use crate::field_format::{is_dns_label, is_kind, is_object_name};

/// Bytes of a broken document that are kept to be shown.
const SOURCE_BYTES: usize = 64 << 10;

/// A document, or a whole file, with something wrong.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The file.
    pub file: TreePath,
    /// The line that the document begins in, from 1.
    pub line: usize,
    /// Which entity it is meant to be, as far as that can be told.
    pub reference: Option<EntityRef>,
    /// Who is meant to own it, as far as that can be told.
    pub owner: Option<EntityRef>,
    /// What is wrong, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// The document's text; the beginning of a long one.
    pub source_text: Option<String>,
}

impl Draft {
    /// A draft for a document that could be read and is no entity.
    pub(crate) fn of_value(
        file: &TreePath,
        line: usize,
        value: &Value,
        text: &str,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        let field = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let clues = Clues {
            kind: field("/kind"),
            name: field("/metadata/name"),
            namespace: field("/metadata/namespace"),
            owner: field("/spec/owner"),
        };
        Self::new(file, line, &clues, text, diagnostics)
    }

    /// A draft for a document that could not be read.
    pub(crate) fn of_text(file: &TreePath, line: usize, text: &str, diagnostics: Vec<Diagnostic>) -> Self {
        Self::new(file, line, &scan(text), text, diagnostics)
    }

    fn new(file: &TreePath, line: usize, clues: &Clues, text: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let namespace =
            clues.namespace.as_deref().filter(|text| is_dns_label(text)).unwrap_or(DEFAULT_NAMESPACE);
        let reference = match (&clues.kind, &clues.name) {
            (Some(kind), Some(name)) if is_kind(kind) && is_object_name(name) => {
                Some(EntityRef::new(kind, namespace, name))
            }
            _ => None,
        };
        let owner =
            clues.owner.as_deref().and_then(|text| EntityRef::parse(text, Some("group"), namespace).ok());
        let source_text = (!text.is_empty()).then(|| cut(text).to_owned());
        Self { file: file.clone(), line, reference, owner, diagnostics, source_text }
    }
}

#[derive(Default)]
struct Clues {
    kind: Option<String>,
    name: Option<String>,
    namespace: Option<String>,
    owner: Option<String>,
}

/// Finds `kind`, `metadata.name`, `metadata.namespace` and `spec.owner` in a text that is not YAML: by lines in
/// the first column, and the first lines of that name indented below them.
fn scan(text: &str) -> Clues {
    let mut clues = Clues::default();
    let mut section = "";
    let mut depth = None;
    for line in text.lines().take(2000) {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let Some((key, value)) = content.split_once(':').filter(|_| !content.starts_with('#')) else {
            continue;
        };
        let key = key.trim().trim_matches(['"', '\'']);
        if indent == 0 {
            (section, depth) = (key, None);
        }
        // Only direct children of a section count: those as deep as its first line.
        let is_child = indent > 0 && *depth.get_or_insert(indent) == indent;
        let place = match (indent, section, key) {
            (0, _, "kind") => &mut clues.kind,
            (_, "metadata", "name") if is_child => &mut clues.name,
            (_, "metadata", "namespace") if is_child => &mut clues.namespace,
            (_, "spec", "owner") if is_child => &mut clues.owner,
            _ => continue,
        };
        let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
        if place.is_none() && !value.is_empty() {
            *place = Some(value.to_owned());
        }
        if indent == 0 {
            depth = None;
        }
    }
    clues
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(SOURCE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Draft;

    #[test]
    fn a_broken_text_still_tells_whose_it_is() {
        let text = "apiVersion: backstage.io/v1alpha1\nkind: Component # a service\nmetadata:\n  name: \"Orders\"\n  namespace: shop\n  annotations:\n    name: wrong\n\tdescription: a tab\nspec:\n  type: service\n  owner: team-a\n  other: [\n";
        let draft = Draft::of_text(&"c.yaml".parse().unwrap(), 1, text, Vec::new());
        assert_eq!(draft.reference.unwrap().to_string(), "component:shop/orders");
        assert_eq!(draft.owner.unwrap().to_string(), "group:shop/team-a");
        let nothing =
            Draft::of_text(&"c.yaml".parse().unwrap(), 1, "kind: [\nmetadata:\n  nam: x\n", Vec::new());
        assert_eq!(nothing.reference, None);
    }
}
