//! Changes one value of a document and leaves every other byte, comments and order included, as it was.

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
/// mapping.
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
    candidates.push(editing.rewritten(&expected));
    candidates.into_iter().find(is_right)
}

fn put(root: &mut Value, path: &[&str], value: Option<&Value>) -> Option<()> {
    let (last, parents) = path.split_last()?;
    let mut at = root;
    for part in parents {
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
}

impl Editing<'_> {
    /// Texts in which the value may be changed, the one that keeps most first.
    fn candidates(&self, path: &[&str], value: Option<&Value>) -> Vec<String> {
        let Some((last, parents)) = path.split_last() else { return Vec::new() };
        match (self.entry(path), value) {
            (Some(entry), None) => vec![self.replaced(entry.first, entry.end, "")],
            (Some(entry), Some(value)) => {
                let written = indented(&written(last, value), entry.indent);
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
        if !line.chars().take(indent).all(|letter| letter == ' ') {
            return None;
        }
        // Blank lines and comments behind the entry belong to what follows.
        let mut end = behind.map_or(self.lines.len(), |line| line as usize - 1).min(self.lines.len());
        while end > first + 1 && self.lines.get(end - 1).is_some_and(|line| is_silent(line)) {
            end -= 1;
        }
        Some(Entry { first, end, indent })
    }

    /// The last entry of the mapping at a path.
    fn last_child(&self, parents: &[&str]) -> Option<Entry> {
        let mut at = &self.document.value;
        for part in parents {
            at = at.get(*part)?;
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
        Some(self.replaced(entry.first, entry.end, &text))
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
}
