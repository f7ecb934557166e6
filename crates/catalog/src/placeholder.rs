//! `$text`, `$json`, `$yaml`, `$openapi` and `$asyncapi`: values that stand in other files of the same source.

use fairway_domain::Diagnostic;
use fairway_domain::tree::{FileMode, Tree, TreePath};
use fairway_yaml::{Document, Limits, read};
use serde_json::Value;

use crate::address::{Target, resolve};
use crate::bundle::Bundle;
use crate::envelope::escape;

/// Bytes of one file that a placeholder may bring in.
const FILE_BYTES: usize = 8 << 20;
/// Placeholders in one document.
const PLACEHOLDERS: usize = 200;

const NAMES: [&str; 5] = ["$text", "$json", "$yaml", "$openapi", "$asyncapi"];

/// Where placeholders are looked up, and how much they may still bring in.
pub(crate) struct Placeholders<'a> {
    pub(crate) tree: &'a Tree,
    /// The file that they stand in.
    pub(crate) file: &'a TreePath,
    pub(crate) base: &'a str,
    /// Bytes that the whole source may still expand to.
    pub(crate) budget: &'a mut usize,
}

impl Placeholders<'_> {
    /// The document's value with every placeholder replaced, or nothing when it has none. What a placeholder
    /// brings is not searched again.
    pub(crate) fn expand(&mut self, document: &Document) -> Result<Option<Value>, Vec<Diagnostic>> {
        let mut found = Vec::new();
        collect(&document.value, String::new(), &mut found);
        if found.is_empty() {
            return Ok(None);
        }
        let mut value = document.value.clone();
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
        if diagnostics.is_empty() { Ok(Some(value)) } else { Err(diagnostics) }
    }

    fn load(&mut self, key: &str, target: &str) -> Result<Value, String> {
        let path = self.path(target, self.file)?;
        match key {
            "$json" => serde_json::from_str(self.text(&path)?).map_err(|error| format!("{path}: {error}")),
            "$yaml" => self.one_document(&path),
            "$openapi" | "$asyncapi" => Bundle::new(self).text(&path).map(Value::String),
            _ => self.text(&path).map(|text| Value::String(text.to_owned())),
        }
    }

    /// The file that a target, written in `file`, leads to.
    pub(crate) fn path(&self, target: &str, file: &TreePath) -> Result<TreePath, String> {
        match resolve(target, file, self.base) {
            Target::File(path) => Ok(path),
            Target::Pattern(path) => path.parse().map_err(|_| format!("\"{path}\" is no path")),
            Target::Foreign(address) => {
                Err(format!("\"{address}\" lies outside of this source; copy the file into it"))
            }
            Target::Nowhere(reason) => Err(reason),
        }
    }

    /// The text of a file, charged to the budget of the source.
    fn text(&mut self, path: &TreePath) -> Result<&str, String> {
        let file =
            self.tree.get(path).ok_or_else(|| format!("the file {path} does not exist in this source"))?;
        if file.mode == FileMode::Symlink {
            return Err(format!("{path} is a symbolic link, which is not followed"));
        }
        self.charge(path, file.bytes.len())?;
        fairway_yaml::decode(path.as_str(), &file.bytes).map_err(|found| said(&found))
    }

    /// Counts bytes that something brings in.
    pub(crate) fn charge(&mut self, path: &TreePath, bytes: usize) -> Result<(), String> {
        if bytes > FILE_BYTES || bytes > *self.budget {
            return Err(format!("{path} brings {bytes} bytes, which is too much"));
        }
        *self.budget -= bytes;
        Ok(())
    }

    /// The value of a YAML file with one document.
    pub(crate) fn one_document(&mut self, path: &TreePath) -> Result<Value, String> {
        let mut reading = read(path.as_str(), self.text(path)?, &Limits::default());
        match (reading.diagnostics.first(), reading.documents.pop(), reading.documents.is_empty()) {
            (Some(diagnostic), ..) => Err(said(diagnostic)),
            (None, Some(document), true) => Ok(document.value),
            (None, None, _) => Ok(Value::Null),
            (None, Some(_), false) => Err(format!("{path} has more than one document")),
        }
    }
}

fn said(diagnostic: &Diagnostic) -> String {
    match &diagnostic.location {
        Some(location) => format!("{location}: {}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

/// Finds the objects whose one key is a placeholder with a text.
fn collect(value: &Value, pointer: String, out: &mut Vec<(String, &'static str, String)>) {
    match value {
        Value::Object(map) => {
            let mut entries = map.iter();
            if let (Some((key, Value::String(target))), None) = (entries.next(), entries.next())
                && let Some(known) = NAMES.into_iter().find(|known| known == key)
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
