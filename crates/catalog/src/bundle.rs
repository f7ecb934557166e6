//! API definitions that are spread over several files, made one document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fairway_domain::tree::TreePath;
use serde_json::{Map, Value, json};

use crate::envelope::escape;
use crate::placeholder::Placeholders;

/// Levels that a bundled document may have.
const DEPTH: usize = 200;
/// References to other files that one document may have.
const REFERENCES: usize = 5_000;

/// Bundles a document: what a `$ref` names in another file is put in its place the first time, and later
/// references lead there. So each part is copied once, and definitions that refer to each other in a circle stay
/// what they are.
pub(crate) struct Bundle<'a, 'b> {
    files: &'a mut Placeholders<'b>,
    /// The files that were read.
    documents: BTreeMap<TreePath, Value>,
    /// Where parts of files stand in the bundle, by file and pointer.
    placed: BTreeMap<(TreePath, String), String>,
}

impl<'a, 'b> Bundle<'a, 'b> {
    pub(crate) fn new(files: &'a mut Placeholders<'b>) -> Self {
        Self { files, documents: BTreeMap::new(), placed: BTreeMap::new() }
    }

    /// The whole definition as YAML.
    pub(crate) fn text(mut self, root: &TreePath) -> Result<String, String> {
        let document = self.document(root)?;
        // Whatever refers to the root, or a part of it that stays where it is, is led there.
        self.placed.insert((root.clone(), String::new()), String::new());
        let bundled = self.walk(&document, root, root, &mut String::new(), 0)?;
        Ok(fairway_yaml::write(&bundled))
    }

    fn document(&mut self, path: &TreePath) -> Result<Value, String> {
        if let Some(known) = self.documents.get(path) {
            return Ok(known.clone());
        }
        let value = self.files.one_document(path)?;
        self.documents.insert(path.clone(), value.clone());
        Ok(value)
    }

    /// A value of `file` as it is to stand at `place` in the bundle of `root`.
    fn walk(
        &mut self,
        value: &Value,
        file: &TreePath,
        root: &TreePath,
        place: &mut String,
        depth: usize,
    ) -> Result<Value, String> {
        if depth > DEPTH {
            return Err(format!("{file} and what it refers to have more than {DEPTH} levels"));
        }
        let length = place.len();
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    return self.follow(map, reference, file, root, place, depth);
                }
                let mut out = Map::new();
                for (key, item) in map {
                    place.push('/');
                    place.push_str(&escape(key));
                    let inside = self.walk(item, file, root, place, depth + 1)?;
                    place.truncate(length);
                    out.insert(key.clone(), inside);
                }
                Ok(Value::Object(out))
            }
            Value::Array(items) => {
                let mut out = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    place.push('/');
                    place.push_str(&index.to_string());
                    out.push(self.walk(item, file, root, place, depth + 1)?);
                    place.truncate(length);
                }
                Ok(Value::Array(out))
            }
            other => Ok(other.clone()),
        }
    }

    fn follow(
        &mut self,
        map: &Map<String, Value>,
        reference: &str,
        file: &TreePath,
        root: &TreePath,
        place: &mut String,
        depth: usize,
    ) -> Result<Value, String> {
        let (target, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        // An address of another machine is the reader's to follow.
        if target.contains("://") || (target.is_empty() && file == root) {
            return Ok(Value::Object(map.clone()));
        }
        let path = if target.is_empty() { file.clone() } else { self.files.path(target, file)? };
        let pointer = decode(fragment);
        if path == *root {
            return Ok(json!({"$ref": format!("#{}", encode(&pointer))}));
        }
        if let Some(known) = self.placed.get(&(path.clone(), pointer.clone())) {
            return Ok(json!({"$ref": format!("#{}", encode(known))}));
        }
        if self.placed.len() > REFERENCES {
            return Err(format!("the definition has more than {REFERENCES} references to other files"));
        }
        let document = self.document(&path)?;
        let shown = || reference.chars().take(200).collect::<String>();
        let part = document
            .pointer(&pointer)
            .ok_or_else(|| format!("\"{}\", named in {file}, does not exist", shown()))?;
        self.files.charge(&path, part.to_string().len())?;
        self.placed.insert((path.clone(), pointer), place.clone());
        self.walk(part, &path, root, place, depth + 1)
    }
}

/// A JSON pointer out of the fragment of an address (RFC 6901, section 6).
fn decode(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        let hexadecimal = |byte: u8| char::from(byte).to_digit(16);
        let mut ahead = rest.clone();
        let escaped = match (byte, ahead.next(), ahead.next()) {
            (b'%', Some(high), Some(low)) => hexadecimal(high).zip(hexadecimal(low)),
            _ => None,
        };
        match escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = ahead;
            }
            None => bytes.push(byte),
        }
    }
    let pointer = String::from_utf8_lossy(&bytes).into_owned();
    if pointer == "/" { String::new() } else { pointer }
}

/// A JSON pointer as the fragment of an address.
fn encode(pointer: &str) -> String {
    pointer.bytes().fold(String::with_capacity(pointer.len()), |mut out, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"/~-._!$&'()*+,;=:@".contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
