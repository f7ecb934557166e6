//! Changes one value of a document and leaves every other byte, comments and order included, as it was.

use fairway_domain::finding::PatchOperation;
use serde_json::{Map, Value};

use crate::document::Document;
use crate::limits::Limits;
use crate::read::read;
use crate::write::write;

/// Sets the value at a path of keys, or takes it away for `None`, in the document at `index` of a stream.
///
/// The text is edited line by line and read again: the answer is only given when exactly this value changed. What
/// no edit of lines can do (an entry inside `{…}`, say) writes that document anew, which loses its comments.
/// `None` when there is no such document, it cannot be read, or the path leads through something that is no
/// mapping. Items of lists are named by their positions, from 0; a path cannot end at one.
pub fn set(text: &str, index: usize, path: &[&str], value: Option<&Value>) -> Option<String> {
    let before = read("edited", text, &Limits::default());
    let document = before.documents.iter().find(|document| document.index == index)?;
    let mut expected = document.value.clone();
    put(&mut expected, path, value)?;
    if expected == document.value {
        return Some(text.to_owned());
    }
    let is_right = |candidate: &String| {
        let after = read("edited", candidate, &Limits::default());
        after.documents.len() == before.documents.len()
            && after.diagnostics.len() == before.diagnostics.len()
            && after.documents.iter().zip(&before.documents).all(|(new, old)| {
                new.value == if old.index == index { expected.clone() } else { old.value.clone() }
            })
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let editing = Editing { lines: &lines, document };
    let mut candidates = editing.candidates(path, value);
    candidates.extend(editing.ancestors(path, &expected));
    candidates.push(editing.rewritten(&expected));
    candidates.into_iter().find(is_right)
}

/// Applies a JSON patch (RFC 6902) to the document at `index` of a stream, as [`set`] does: what is not touched stays as
/// it was. `None` when an operation cannot be applied.
pub fn patch(text: &str, index: usize, operations: &[PatchOperation]) -> Option<String> {
    let mut text = text.to_owned();
    for operation in operations {
        let steps: Vec<String> =
            operation.path().split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~")).collect();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let (last, parents) = steps.split_last()?;
        let reading = read("edited", &text, &Limits::default());
        let document = reading.documents.iter().find(|document| document.index == index)?;
        let parent = parents.iter().try_fold(&document.value, |at, part| match at {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            other => other.get(*part),
        })?;
        let is_there = parent.get(*last).is_some();
        text = match (parent, operation) {
            (Value::Array(items), operation) => {
                let changed = changed_list(items, last, operation)?;
                set(&text, index, parents, Some(&Value::Array(changed)))?
            }
            (Value::Object(_), PatchOperation::Add { value, .. }) => set(&text, index, &steps, Some(value))?,
            (Value::Object(_), PatchOperation::Replace { value, .. }) if is_there => {
                set(&text, index, &steps, Some(value))?
            }
            (Value::Object(_), PatchOperation::Remove { .. }) if is_there => set(&text, index, &steps, None)?,
            _ => return None,
        };
    }
    Some(text)
}

fn changed_list(items: &[Value], position: &str, operation: &PatchOperation) -> Option<Vec<Value>> {
    let mut items = items.to_vec();
    let place = if position == "-" { items.len() } else { position.parse::<usize>().ok()? };
    match operation {
        PatchOperation::Add { value, .. } if place <= items.len() => items.insert(place, value.clone()),
        PatchOperation::Replace { value, .. } => *items.get_mut(place)? = value.clone(),
        PatchOperation::Remove { .. } if place < items.len() => drop(items.remove(place)),
        _ => return None,
    }
    Some(items)
}

fn put(root: &mut Value, path: &[&str], value: Option<&Value>) -> Option<()> {
    let (last, parents) = path.split_last()?;
    let mut at = root;
    for part in parents {
        if let Value::Array(items) = at {
            at = items.get_mut(part.parse::<usize>().ok()?)?;
            continue;
        }
        let map = at.as_object_mut()?;
        if !map.contains_key(*part) {
            value?;
            map.insert((*part).to_owned(), Value::Object(Map::new()));
        }
        at = map.get_mut(*part)?;
    }
    let map = at.as_object_mut()?;
    match value {
        Some(value) => drop(map.insert((*last).to_owned(), value.clone())),
        None => drop(map.shift_remove(*last)),
    }
    Some(())
}

struct Editing<'a> {
    lines: &'a [&'a str],
    document: &'a Document,
}

/// An entry of a block mapping: its first line, the line behind its last, and its indentation. Lines from 0.
#[derive(Clone, Copy)]
struct Entry {
    first: usize,
    end: usize,
    indent: usize,
    /// Whether it is the first of a mapping that is an item of a list, behind its dash.
    is_item: bool,
}

impl Editing<'_> {
    /// Texts in which the value may be changed, the one that keeps most first.
    fn candidates(&self, path: &[&str], value: Option<&Value>) -> Vec<String> {
        let Some((last, parents)) = path.split_last() else { return Vec::new() };
        match (self.entry(path), value) {
            // What goes from behind a dash would take the dash along.
            (Some(entry), None) if entry.is_item => Vec::new(),
            (Some(entry), None) => vec![self.replaced(entry.first, entry.end, "")],
            (Some(entry), Some(value)) => {
                let written = self.led(entry, indented(&written(last, value), entry.indent));
                let mut texts = Vec::new();
                texts.extend(self.inline(entry, last, value));
                if let Some(remark) = self.remark(entry) {
                    texts.push(self.replaced(entry.first, entry.end, &remarked(&written, remark)));
                }
                texts.push(self.replaced(entry.first, entry.end, &written));
                texts
            }
            (None, None) => Vec::new(),
            (None, Some(value)) => match self.last_child(parents) {
                Some(sibling) => {
                    vec![self.inserted(sibling.end, &indented(&written(last, value), sibling.indent))]
                }
                // The mapping is missing, or there and empty, as in `spec: {}`.
                None if parents.is_empty() => Vec::new(),
                None => {
                    let inner = Value::Object([((*last).to_owned(), value.clone())].into_iter().collect());
                    self.candidates(parents, Some(&inner))
                }
            },
        }
    }

    /// The entry at a path, when it begins a line of its own.
    fn entry(&self, path: &[&str]) -> Option<Entry> {
        let (key, behind) = self.document.entry_lines(path)?;
        let first = (key.line as usize).checked_sub(1)?;
        let indent = (key.column as usize).checked_sub(1)?;
        let line = self.lines.get(first)?;
        let lead: String = line.chars().take(indent).collect();
        let is_item = lead.contains("- ");
        if !lead.chars().all(|letter| letter == ' ' || letter == '-') || (lead.contains('-') && !is_item) {
            return None;
        }
        // Blank lines and comments behind the entry belong to what follows.
        let mut end = behind.map_or(self.lines.len(), |line| line as usize - 1).min(self.lines.len());
        while end > first + 1 && self.lines.get(end - 1).is_some_and(|line| is_silent(line)) {
            end -= 1;
        }
        Some(Entry { first, end, indent, is_item })
    }

    /// The last entry of the mapping at a path.
    fn last_child(&self, parents: &[&str]) -> Option<Entry> {
        let mut at = &self.document.value;
        for part in parents {
            at = match at {
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                other => other.get(*part)?,
            };
        }
        let mut last: Option<Entry> = None;
        for key in at.as_object()?.keys() {
            let path: Vec<&str> = parents.iter().copied().chain([key.as_str()]).collect();
            let entry = self.entry(&path)?;
            if last.is_none_or(|known| known.end < entry.end) {
                last = Some(entry);
            }
        }
        last
    }

    /// A list that stood in brackets on one line stays there.
    fn inline(&self, entry: Entry, key: &str, value: &Value) -> Option<String> {
        let line = (entry.end == entry.first + 1).then(|| self.lines.get(entry.first))??;
        let items = value.as_array().filter(|_| line.contains('['))?;
        let items: Vec<String> = items.iter().map(|item| write(item).trim_end().to_owned()).collect();
        let remark = self.remark(entry).unwrap_or_default();
        let text = format!("{}{key}: [{}]{remark}\n", " ".repeat(entry.indent), items.join(", "));
        Some(self.replaced(entry.first, entry.end, &self.led(entry, text)))
    }

    /// A written entry with the dash before it that the entry had.
    fn led(&self, entry: Entry, written: String) -> String {
        let line = self.lines.get(entry.first).filter(|_| entry.is_item);
        let lead: Option<String> = line.map(|line| line.chars().take(entry.indent).collect());
        match lead {
            Some(lead) => format!("{lead}{}", written.trim_start_matches(' ')),
            None => written,
        }
    }

    /// Texts in which the nearest part around the value that stands on lines of its own is written anew.
    fn ancestors(&self, path: &[&str], expected: &Value) -> Vec<String> {
        let around = (1..path.len()).rev().filter_map(|length| path.get(..length));
        around
            .filter_map(|path| {
                let entry = self.entry(path)?;
                let value = path.iter().try_fold(expected, |at, part| match at {
                    Value::Array(items) => items.get(part.parse::<usize>().ok()?),
                    other => other.get(*part),
                })?;
                let written = indented(&written(path.last()?, value), entry.indent);
                Some(self.replaced(entry.first, entry.end, &self.led(entry, written)))
            })
            .collect()
    }

    /// The comment at the end of an entry of one line.
    fn remark(&self, entry: Entry) -> Option<&str> {
        let line = (entry.end == entry.first + 1).then(|| self.lines.get(entry.first))??;
        let at = line.rfind(" #")?;
        line.get(at..).map(str::trim_end)
    }

    fn replaced(&self, first: usize, end: usize, with: &str) -> String {
        let part = |from: usize, to: usize| self.lines.get(from..to).unwrap_or_default().concat();
        format!("{}{with}{}", part(0, first), part(end, self.lines.len()))
    }

    fn inserted(&self, at: usize, text: &str) -> String {
        let before = self.lines.get(..at).unwrap_or_default().concat();
        let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        format!("{before}{gap}{text}{}", self.lines.get(at..).unwrap_or_default().concat())
    }

    /// The document written anew.
    fn rewritten(&self, value: &Value) -> String {
        let first = self.document.line().saturating_sub(1);
        let behind = first + self.document.text().split_inclusive('\n').count();
        self.replaced(first, behind, &write(value))
    }
}

fn is_silent(line: &str) -> bool {
    let text = line.trim();
    text.is_empty() || text.starts_with('#') || text == "---" || text == "..."
}

fn written(key: &str, value: &Value) -> String {
    write(&Value::Object([(key.to_owned(), value.clone())].into_iter().collect()))
}

fn indented(text: &str, by: usize) -> String {
    let indent = " ".repeat(by);
    text.split_inclusive('\n')
        .map(|line| if line.trim().is_empty() { line.to_owned() } else { format!("{indent}{line}") })
        .collect()
}

fn remarked(text: &str, remark: &str) -> String {
    format!("{}{remark}\n", text.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use fairway_domain::finding::PatchOperation;

    use super::set;

    const TEXT: &str = "# Our service\napiVersion: v1\nkind: Component # a thing\nmetadata:\n  name: orders\n  # what people call it\n  title: Orders # short\n  tags: [a, b]\n\nspec:\n  owner: checkout\n  dependsOn:\n    - resource:db   # the big one\n    - resource:cache\n  note: |\n    # not a comment\n    text\n---\nkind: Other\nspec: {a: 1}\n";

    #[test]
    fn a_value_changes_and_comments_stay() {
        let text = set(TEXT, 0, &["metadata", "title"], Some(&json!("All orders"))).unwrap();
        assert_eq!(text, TEXT.replace("title: Orders # short", "title: All orders # short"));
        let text = set(TEXT, 0, &["spec", "owner"], Some(&json!("group:shop"))).unwrap();
        assert_eq!(text, TEXT.replace("owner: checkout", "owner: group:shop"));
    }

    #[test]
    fn a_missing_value_comes_after_its_siblings() {
        let text = set(TEXT, 0, &["spec", "lifecycle"], Some(&json!("production"))).unwrap();
        assert_eq!(text, TEXT.replace("    text\n---", "    text\n  lifecycle: production\n---"));
        let text = set(TEXT, 0, &["metadata", "annotations", "a/b"], Some(&json!("c"))).unwrap();
        assert!(text.contains("  tags: [a, b]\n  annotations:\n    a/b: c\n\nspec:"), "{text}");
    }

    #[test]
    fn lists_are_replaced_whole_and_entries_taken_away() {
        let text = set(TEXT, 0, &["metadata", "tags"], Some(&json!(["a", "rust"]))).unwrap();
        assert!(text.contains("  tags: [a, rust]\n"), "{text}");
        assert!(text.contains("# what people call it") && text.contains("# the big one"));
        let text = set(TEXT, 0, &["spec", "dependsOn"], None).unwrap();
        assert!(!text.contains("resource:"), "{text}");
        assert!(text.contains("  note: |\n    # not a comment\n"));
    }

    #[test]
    fn what_lines_cannot_do_is_written_anew_in_its_document_only() {
        let text = set(TEXT, 1, &["spec", "a"], Some(&json!(2))).unwrap();
        assert!(text.ends_with("---\nkind: Other\nspec:\n  a: 2\n"), "{text}");
        assert!(text.starts_with(TEXT.split("---").next().unwrap()));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(set(TEXT, 7, &["kind"], Some(&json!("x"))), None);
        assert_eq!(set(TEXT, 0, &["kind", "deeper"], Some(&json!("x"))), None);
        assert_eq!(set("a: [", 0, &["a"], Some(&json!(1))), None);
        assert_eq!(set(TEXT, 0, &["metadata", "gone"], None).unwrap(), TEXT);
    }

    #[test]
    fn values_that_could_be_taken_for_something_else_are_quoted() {
        for value in ["yes: no", "# x", "- a", "{", "two\nlines", "", " padded ", "null", "1.0"] {
            let text = set(TEXT, 0, &["metadata", "title"], Some(&json!(value))).unwrap();
            let read = crate::read("x", &text, &crate::Limits::default());
            let title = read.documents.first().unwrap().value.pointer("/metadata/title").unwrap().clone();
            assert_eq!(title, json!(value));
        }
    }

    #[test]
    fn patches_reach_into_lists_and_keep_what_is_around() {
        let text = "# keep\nspec:\n  containers:\n    # the service\n    - name: web # short\n      image: a:1 # pinned\n    - image: b:1\n      name: side\n      securityContext: {drop: [A]} # tight\n    - {name: flow}\n# end\n";
        let patched = |operations: serde_json::Value| {
            let operations: Vec<PatchOperation> = serde_json::from_value(operations).unwrap();
            super::patch(text, 0, &operations)
        };
        let added = patched(json!([
            {"op": "add", "path": "/spec/containers/0/securityContext", "value": {"privileged": false}},
            {"op": "replace", "path": "/spec/containers/1/image", "value": "b:2"},
            {"op": "add", "path": "/spec/containers/1/securityContext/drop/-", "value": "B"},
            {"op": "remove", "path": "/spec/containers/1/name"},
        ]));
        assert_eq!(
            added.as_deref(),
            Some(
                "# keep\nspec:\n  containers:\n    # the service\n    - name: web # short\n      image: a:1 # pinned\n      securityContext:\n        privileged: false\n    - image: b:2\n      securityContext:\n        drop:\n          - A\n          - B # tight\n    - {name: flow}\n# end\n"
            )
        );
        let flow = patched(json!([{"op": "add", "path": "/spec/containers/2/image", "value": "c"}])).unwrap();
        assert!(flow.starts_with("# keep\n") && flow.ends_with("# end\n"), "{flow}");
        assert_eq!(patched(json!([{"op": "replace", "path": "/spec/nothing", "value": 1}])), None);
        assert_eq!(patched(json!([{"op": "add", "path": "/a/b", "value": 1}])), None);
    }
}
