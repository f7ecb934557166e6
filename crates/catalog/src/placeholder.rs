//! `$text`, `$json` and `$yaml`: values that stand in other files of the same source.

use fairway_domain::Diagnostic;
use fairway_domain::tree::{FileMode, Tree, TreePath};
use fairway_yaml::{Document, Limits, read};
use serde_json::Value;

use crate::address::{Target, resolve};
use crate::envelope::escape;

/// Bytes of one file that a placeholder may bring in.
const FILE_BYTES: usize = 8 << 20;
/// Placeholders in one document.
const PLACEHOLDERS: usize = 200;

/// Where placeholders are looked up, and how much they may still bring in.
pub(crate) struct Placeholders<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) file: &'a TreePath,
    pub(crate) base: &'a str,
    /// Bytes that the whole source may still expand to.
    pub(crate) budget: &'a mut usize,
}

impl Placeholders<'_> {
    /// The document's value with every placeholder replaced. What a placeholder brings is not searched again.
    pub(crate) fn expand(&mut self, document: &Document) -> Result<Value, Vec<Diagnostic>> {
        let mut value = document.value.clone();
        let mut found = Vec::new();
        collect(&document.value, String::new(), &mut found);
        let mut diagnostics = Vec::new();
        if found.len() > PLACEHOLDERS {
            let message = format!("the document has more than {PLACEHOLDERS} placeholders");
            return Err(vec![document.diagnostic("", "placeholder", message)]);
        }
        for (pointer, key, target) in found {
            match self.load(key, &target) {
                Ok(content) => {
                    if let Some(place) = value.pointer_mut(&pointer) {
                        *place = content;
                    }
                }
                Err(message) => {
                    let message = format!("Placeholder {key} could not be resolved: {message}");
                    diagnostics.push(document.diagnostic(
                        &format!("{pointer}/{}", escape(key)),
                        "placeholder",
                        message,
                    ));
                }
            }
        }
        if diagnostics.is_empty() { Ok(value) } else { Err(diagnostics) }
    }

    fn load(&mut self, key: &str, target: &str) -> Result<Value, String> {
        let path = match resolve(target, self.file, self.base) {
            Target::File(path) => path,
            Target::Pattern(path) => path.parse().map_err(|_| format!("\"{path}\" is no path"))?,
            Target::Foreign(address) => {
                return Err(format!("\"{address}\" lies outside of this source; copy the file into it"));
            }
            Target::Nowhere(reason) => return Err(reason),
        };
        let file =
            self.tree.get(&path).ok_or_else(|| format!("the file {path} does not exist in this source"))?;
        if file.mode == FileMode::Symlink {
            return Err(format!("{path} is a symbolic link, which is not followed"));
        }
        if file.bytes.len() > FILE_BYTES || file.bytes.len() > *self.budget {
            return Err(format!("{path} has {} bytes, which is too much", file.bytes.len()));
        }
        *self.budget -= file.bytes.len();
        let text = file.text().ok_or_else(|| format!("{path} is not UTF-8 text"))?;
        match key {
            "$json" => serde_json::from_str(text).map_err(|error| format!("{path}: {error}")),
            "$yaml" => {
                let mut reading = read(path.as_str(), text, &Limits::default());
                match (reading.diagnostics.first(), reading.documents.pop(), reading.documents.is_empty()) {
                    (Some(diagnostic), ..) => Err(match &diagnostic.location {
                        Some(location) => format!("{location}: {}", diagnostic.message),
                        None => diagnostic.message.clone(),
                    }),
                    (None, Some(document), true) => Ok(document.value),
                    (None, None, _) => Ok(Value::Null),
                    (None, Some(_), false) => Err(format!("{path} has more than one document")),
                }
            }
            _ => Ok(Value::String(text.to_owned())),
        }
    }
}

/// Finds the objects whose one key is a placeholder with a text.
fn collect(value: &Value, pointer: String, out: &mut Vec<(String, &'static str, String)>) {
    match value {
        Value::Object(map) => {
            let mut entries = map.iter();
            if let (Some((key, Value::String(target))), None) = (entries.next(), entries.next())
                && let Some(known) = ["$text", "$json", "$yaml"].into_iter().find(|known| known == key)
            {
                out.push((pointer, known, target.clone()));
                return;
            }
            for (key, item) in map {
                collect(item, format!("{pointer}/{}", escape(key)), out);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{index}"), out);
            }
        }
        _ => {}
    }
}
