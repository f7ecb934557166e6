//! Several configuration files as one, as Backstage reads them: later ones override earlier ones, variables and
//! files are filled in. Done where the files and variables are, which is not the server.

use std::path::{Path, PathBuf};

use fairway_yaml::Limits;
use serde_json::{Map, Value};

use crate::AppError;

/// Files that include each other nest this deep.
const DEPTH: usize = 8;

/// Where variables and files come from.
pub trait Surroundings {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;
    /// The text of a file.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    fn file(&self, path: &Path) -> Result<String, String>;
    /// Whether there is something at a path that may be a pattern.
    fn exists(&self, path: &Path) -> bool;
}

/// Reads configuration files, the later ones overriding the earlier ones, and gives their `catalog` and
/// `integrations` with everything filled in except secrets, which stay references to where they are.
///
/// # Errors
/// A file that cannot be read or is no YAML.
pub fn merge(paths: &[PathBuf], surroundings: &dyn Surroundings) -> Result<Value, AppError> {
    let mut merged = Map::new();
    for path in paths {
        let value = read(path, surroundings)?;
        let Value::Object(sections) = value else {
            return Err(AppError::invalid(format!("{} is no configuration", path.display())));
        };
        let filler = Filler { folder: path.parent().unwrap_or(path).to_owned(), surroundings };
        for (name, section) in sections {
            let section = match name.as_str() {
                "catalog" => filler.fill(section, false, 0)?,
                "integrations" => filler.fill(section, true, 0)?,
                // Named, so that it can be told that it is left out; its contents may be secret.
                _ => Value::Null,
            };
            overlay(&mut merged, name, section);
        }
    }
    Ok(Value::Object(merged))
}

fn read(path: &Path, surroundings: &dyn Surroundings) -> Result<Value, AppError> {
    let text = surroundings
        .file(path)
        .map_err(|why| AppError::invalid(format!("{} cannot be read: {why}", path.display())))?;
    let reading = fairway_yaml::read(&path.display().to_string(), &text, &Limits::default());
    if !reading.diagnostics.is_empty() {
        return Err(AppError::Diagnostics(reading.diagnostics));
    }
    Ok(reading.documents.into_iter().next().map(|document| document.value).unwrap_or_default())
}

/// Objects are merged, everything else is replaced.
fn overlay(into: &mut Map<String, Value>, name: String, value: Value) {
    match (into.get_mut(&name), value) {
        (Some(Value::Object(known)), Value::Object(fields)) => {
            for (name, value) in fields {
                overlay(known, name, value);
            }
        }
        (_, value) => {
            into.insert(name, value);
        }
    }
}

struct Filler<'a> {
    folder: PathBuf,
    surroundings: &'a dyn Surroundings,
}

impl Filler<'_> {
    /// `guarded`: secrets stand here, so that variables and files stay references.
    fn fill(&self, value: Value, guarded: bool, depth: usize) -> Result<Value, AppError> {
        if depth > 64 {
            return Err(AppError::invalid("the configuration nests too deeply"));
        }
        Ok(match value {
            Value::String(text) if guarded && text.trim().starts_with("${") => Value::String(text),
            Value::String(text) => Value::String(self.substitute(&text)),
            Value::Array(items) => {
                let items: Result<Vec<Value>, AppError> =
                    items.into_iter().map(|item| self.fill(item, guarded, depth + 1)).collect();
                Value::Array(items?)
            }
            Value::Object(fields) => self.object(fields, guarded, depth)?,
            other => other,
        })
    }

    fn object(&self, fields: Map<String, Value>, guarded: bool, depth: usize) -> Result<Value, AppError> {
        let single = (fields.len() == 1).then(|| fields.iter().next()).flatten();
        if let Some((name, Value::String(text))) = single {
            match name.as_str() {
                "$env" | "$file" if guarded => {
                    let text =
                        if name == "$file" { self.whole(text).display().to_string() } else { text.clone() };
                    return Ok(Value::Object(Map::from_iter([(name.clone(), Value::String(text))])));
                }
                "$env" => return Ok(self.surroundings.variable(text).map_or(Value::Null, Value::String)),
                "$file" => {
                    let path = self.whole(text);
                    let text = self.surroundings.file(&path).map_err(|why| {
                        AppError::invalid(format!("{} cannot be read: {why}", path.display()))
                    })?;
                    return Ok(Value::String(text.trim_end().to_owned()));
                }
                "$include" => return self.include(text, guarded, depth),
                _ => {}
            }
        }
        let mut filled = Map::new();
        let is_file = fields.get("type").and_then(Value::as_str) == Some("file");
        for (name, value) in fields {
            let value = self.fill(value, guarded, depth + 1)?;
            let value = match value {
                Value::String(text) if is_file && name == "target" => Value::String(self.location(&text)),
                value => value,
            };
            filled.insert(name, value);
        }
        Ok(Value::Object(filled))
    }

    /// `$include: path#pointer.in.dots`.
    fn include(&self, text: &str, guarded: bool, depth: usize) -> Result<Value, AppError> {
        if depth > DEPTH * 8 {
            return Err(AppError::invalid("the files of the configuration include each other without end"));
        }
        let (path, inside) = text.split_once('#').map_or((text, None), |(path, inside)| (path, Some(inside)));
        let path = self.whole(path);
        let mut value = read(&path, self.surroundings)?;
        for part in inside.into_iter().flat_map(|inside| inside.split('.')) {
            value = value.get(part).cloned().unwrap_or_default();
        }
        let filler =
            Filler { folder: path.parent().unwrap_or(&path).to_owned(), surroundings: self.surroundings };
        filler.fill(value, guarded, depth + 8)
    }

    fn whole(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// A file's path in full. Backstage takes it relative to where its backend runs, which is the folder of the
    /// configuration or `packages/backend` below it.
    fn location(&self, target: &str) -> String {
        let here = plain(&self.folder.join(target));
        let backend = plain(&self.folder.join("packages/backend").join(target));
        let found = if !self.surroundings.exists(&here) && self.surroundings.exists(&backend) {
            backend
        } else {
            here
        };
        found.display().to_string()
    }

    /// Fills `${NAME}` and `${NAME:-default}` in; `$${` stands for `${`. An unknown variable stays as it is, to be
    /// told about.
    fn substitute(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = from.get(2..).unwrap_or_default();
                continue;
            }
            out.push_str(before);
            let Some(end) = from.find('}') else {
                rest = from;
                break;
            };
            let inner = from.get(2..end).unwrap_or_default();
            let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, it)| (name, Some(it)));
            match self.surroundings.variable(name.trim()).or_else(|| default.map(str::to_owned)) {
                Some(value) => out.push_str(&value),
                None => out.push_str(from.get(..=end).unwrap_or_default()),
            }
            rest = from.get(end + 1..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }
}

/// A path without `.` and `..`, by its text.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                out.pop();
            }
            std::path::Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}
