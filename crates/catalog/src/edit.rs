//! Changes to one document of a file that leave the rest of the file as it is.

use fairway_domain::EntityRef;
use fairway_yaml::{Document, Limits};
use serde_json::{Map, Value};

use crate::difference::child;

/// The annotation that keeps the former references of an entity, separated by commas. Old references and
/// addresses lead to the entity that has it.
pub const FORMERLY: &str = "fairway.dev/formerly";

/// One field to set; `None` takes it away.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldEdit {
    /// Where, as a JSON pointer. Objects on the way are made.
    pub path: String,
    /// The new value.
    pub value: Option<Value>,
}

impl FieldEdit {
    /// Sets a field.
    pub fn set(path: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { path: path.into(), value: Some(value.into()) }
    }
}

/// The fields of `after` that differ, as edits that make it of `before`. A list is one field.
pub fn edits_between(before: &Value, after: &Value) -> Vec<FieldEdit> {
    let mut edits = Vec::new();
    collect(String::new(), before, after, &mut edits);
    edits
}

fn collect(path: String, before: &Value, after: &Value, edits: &mut Vec<FieldEdit>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in new {
                match old.get(key) {
                    Some(old) => collect(child(&path, key), old, value, edits),
                    None => edits.push(FieldEdit { path: child(&path, key), value: Some(value.clone()) }),
                }
            }
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                edits.push(FieldEdit { path: child(&path, key), value: None });
            }
        }
        (old, new) if old == new => {}
        (_, new) => edits.push(FieldEdit { path, value: Some(new.clone()) }),
    }
}

/// The file with the edits made to the document of `reference`. Scalars are replaced where they stand and
/// annotations are added beside others, so that comments and layout stay; where the result would not read as
/// meant, that one document is written anew. `None` when the file does not have the document, or it would not
/// change.
pub fn edit_document(file: &str, text: &str, reference: &EntityRef, edits: &[FieldEdit]) -> Option<String> {
    let reading = fairway_yaml::read(file, text, &Limits::default());
    let position = reading.documents.iter().position(|it| names(&it.value).as_ref() == Some(reference))?;
    let document = reading.documents.get(position)?;
    let mut wanted = document.value.clone();
    for edit in edits {
        apply(&mut wanted, &edit.path, edit.value.clone());
    }
    if wanted == document.value {
        return None;
    }
    let as_meant = |changed: &str| {
        let again = fairway_yaml::read(file, changed, &Limits::default());
        again.documents.len() == reading.documents.len()
            && again.documents.iter().zip(&reading.documents).enumerate().all(|(index, (new, old))| {
                if index == position { new.value == wanted } else { new.value == old.value }
            })
    };
    in_place(text, document, edits)
        .filter(|changed| as_meant(changed))
        .or_else(|| anew(text, document, &wanted))
        .filter(|changed| as_meant(changed))
}

/// A new document at the end of a file.
pub fn append_document(text: &str, document: &Value) -> String {
    let written = fairway_yaml::write(document);
    if text.trim().is_empty() {
        return written;
    }
    let line_break = if text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{line_break}---\n{written}")
}

fn names(value: &Value) -> Option<EntityRef> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let namespace = text("/metadata/namespace").unwrap_or("default");
    Some(EntityRef::new(text("/kind")?, namespace, text("/metadata/name")?))
}

/// Sets a value, with the objects that lead to it; takes it away with `None`. What a scalar is in the way of
/// stays as it is.
fn apply(value: &mut Value, path: &str, new: Option<Value>) {
    let mut parts: Vec<String> =
        path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let Some(last) = parts.pop() else { return };
    let mut place = value;
    for part in parts {
        place = match place {
            Value::Object(map) => map.entry(part).or_insert_with(|| Value::Object(Map::new())),
            Value::Array(items) => match part.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                Some(item) => item,
                None => return,
            },
            _ => return,
        };
    }
    match (place, new) {
        (Value::Object(map), Some(new)) => {
            map.insert(last, new);
        }
        (Value::Object(map), None) => {
            map.shift_remove(&last);
        }
        (Value::Array(items), Some(new)) => {
            if let Some(item) = last.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                *item = new;
            }
        }
        _ => {}
    }
}

/// One replacement of bytes.
struct Replacement {
    start: usize,
    end: usize,
    text: String,
}

fn in_place(text: &str, document: &Document, edits: &[FieldEdit]) -> Option<String> {
    let mut replacements = Vec::new();
    for edit in edits {
        let new = edit.value.as_ref()?.as_str()?;
        let old = document.value.pointer(&edit.path).and_then(Value::as_str);
        replacements.push(match old {
            Some(old) => scalar(text, document, &edit.path, old, new)?,
            None => annotation(text, document, &edit.path, new)?,
        });
    }
    replacements.sort_by_key(|it| std::cmp::Reverse(it.start));
    let mut changed = text.to_owned();
    for Replacement { start, end, text } in replacements {
        changed.get(start..end)?;
        changed.replace_range(start..end, &text);
    }
    Some(changed)
}

/// The byte at which a line begins, from 1.
fn start_of(text: &str, line: usize) -> Option<usize> {
    if line <= 1 {
        return Some(if text.starts_with('\u{feff}') { 3 } else { 0 });
    }
    text.match_indices('\n').nth(line - 2).map(|(at, _)| at + 1)
}

fn scalar(text: &str, document: &Document, path: &str, old: &str, new: &str) -> Option<Replacement> {
    let place = document.location(path);
    let line = start_of(text, place.line)?;
    let column = text.get(line..)?.char_indices().nth(place.column - 1)?.0;
    let start = line + column;
    let there = text.get(start..)?;
    for quote in ["\"", "'", ""] {
        let written = format!("{quote}{old}{quote}");
        if there.starts_with(&written) {
            return Some(Replacement {
                start,
                end: start + written.len(),
                text: format!("{quote}{new}{quote}"),
            });
        }
    }
    None
}

/// A new line for an annotation: beside the first one, or with the annotations' own line below the name.
fn annotation(text: &str, document: &Document, path: &str, new: &str) -> Option<Replacement> {
    let key = path.strip_prefix("/metadata/annotations/")?.replace("~1", "/").replace("~0", "~");
    let known = document.value.pointer("/metadata/annotations").and_then(Value::as_object);
    let first = known.and_then(|known| known.keys().next());
    let beside = match first {
        Some(first) => child("/metadata/annotations", first),
        None if known.is_none() => "/metadata/name".to_owned(),
        None => return None,
    };
    let start = start_of(text, document.location(&beside).line)?;
    let line = text.get(start..)?.split('\n').next()?;
    let indent: String = line.chars().take_while(|it| *it == ' ').collect();
    let written = match first {
        Some(_) => format!("{indent}{key}: {new}\n"),
        None => format!("{indent}annotations:\n{indent}  {key}: {new}\n"),
    };
    let at = if first.is_some() { start } else { start + line.len() + 1 };
    (at <= text.len()).then_some(Replacement { start: at, end: at, text: written })
}

/// The file with one document written anew.
fn anew(text: &str, document: &Document, value: &Value) -> Option<String> {
    let start = start_of(text, document.line())?;
    let end = start + document.text().len();
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    Some(format!("{before}{}{after}", fairway_yaml::write(value)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use fairway_domain::EntityRef;
    use serde_json::{Value, json};

    use super::{FieldEdit, edit_document, edits_between};

    const FILE: &str = "# the shop\nkind: Component\nmetadata:\n  name: shop # its name\nspec:\n  owner: 'team-a'\n  dependsOn: [resource:db, \"component:cart\"]\n---\nkind: Component\nmetadata:\n  name: cart\n  annotations:\n    a/b: c\nspec: {owner: x}\n";

    fn edit(name: &str, edits: &[FieldEdit]) -> String {
        edit_document("f", FILE, &EntityRef::new("component", "default", name), edits).unwrap()
    }

    #[test]
    fn scalars_are_replaced_where_they_stand() {
        let text = edit(
            "shop",
            &[
                FieldEdit::set("/spec/owner", "team-b"),
                FieldEdit::set("/spec/dependsOn/1", "component:basket"),
                FieldEdit::set("/metadata/name", "store"),
                FieldEdit::set("/metadata/annotations/fairway.dev~1formerly", "component:default/shop"),
            ],
        );
        let expected =
            FILE.replace("'team-a'", "'team-b'").replace("component:cart", "component:basket").replace(
                "name: shop # its name\n",
                "name: store # its name\n  annotations:\n    fairway.dev/formerly: component:default/shop\n",
            );
        assert_eq!(text, expected);
        let text = edit(
            "cart",
            &[FieldEdit::set("/metadata/annotations/x", "y"), FieldEdit::set("/spec/owner", "z")],
        );
        assert_eq!(text, FILE.replace("    a/b: c", "    x: y\n    a/b: c").replace("owner: x", "owner: z"));
    }

    #[test]
    fn what_cannot_be_replaced_writes_its_document_anew_and_no_other() {
        let text = edit(
            "shop",
            &[
                FieldEdit::set("/spec/owner", "a: b # c"),
                FieldEdit { path: "/spec/dependsOn".into(), value: None },
            ],
        );
        let (first, second) = text.split_once("---\n").unwrap();
        assert!(first.starts_with("# the shop\nkind: Component"), "{first}");
        assert_eq!(second, FILE.split_once("---\n").unwrap().1);
        let value = &fairway_yaml::read("f", &text, &fairway_yaml::Limits::default()).documents[0].value;
        assert_eq!(value.get("spec"), Some(&json!({"owner": "a: b # c"})));
    }

    #[test]
    fn edits_make_one_value_of_another() {
        let before = json!({"a": {"b": 1, "c": [1]}, "d": 1});
        let after = json!({"a": {"b": 1, "c": [2], "e": {"f": 1}}});
        let mut value = before.clone();
        for edit in edits_between(&before, &after) {
            super::apply(&mut value, &edit.path, edit.value);
        }
        assert_eq!(value, after);
        assert_eq!(edits_between(&after, &after), []);
        assert_eq!(edit_document("f", FILE, &EntityRef::new("api", "default", "shop"), &[]), None::<String>);
        assert!(matches!(value, Value::Object(_)));
    }
}
