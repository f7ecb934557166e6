//! Files of any format as values that policies can look at, with the lines of what is in them. The structures are
//! those that conftest gives its policies.

mod dockerfile;
mod hcl;
mod toml;

use std::collections::BTreeMap;

use fairway_domain::{Diagnostic, SourceLocation};
use fairway_yaml::{Document, Limits};
use serde_json::Value;

use crate::place::{pointer_of, steps_of};

/// The largest file that is read, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// YAML, each document for itself.
    Yaml,
    /// JSON, a Terraform plan for example.
    Json,
    /// TOML.
    Toml,
    /// HCL 2: Terraform, Packer, Nomad.
    Hcl,
    /// The instructions of a Dockerfile.
    Dockerfile,
}

impl FileFormat {
    /// The format that a file's name promises; `None` for files that policies do not look at.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let lower = name.to_lowercase();
        if ["dockerfile", "containerfile"].iter().any(|word| {
            lower == *word
                || lower.strip_prefix(word).is_some_and(|rest| rest.starts_with('.'))
                || lower.strip_suffix(word).is_some_and(|rest| rest.ends_with('.'))
        }) {
            return Some(Self::Dockerfile);
        }
        let (_, extension) = lower.rsplit_once('.')?;
        match extension {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" | "tfstate" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            "tf" | "hcl" | "tfvars" | "nomad" => Some(Self::Hcl),
            _ => None,
        }
    }

    /// The format by the name that conftest gives its parser.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "yaml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            "hcl2" | "hcl" => Some(Self::Hcl),
            "dockerfile" | "docker" => Some(Self::Dockerfile),
            _ => None,
        }
    }

    /// For people: what a file of it is.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Yaml => "YAML",
            Self::Json => "JSON",
            Self::Toml => "TOML",
            Self::Hcl => "HCL",
            Self::Dockerfile => "Dockerfile",
        }
    }
}

/// Lines by JSON pointer.
type Lines = BTreeMap<String, u32>;

/// Where the values of a file stand.
#[derive(Clone, Debug)]
enum Places {
    Document(Box<Document>),
    Lines(Lines),
}

/// A value that a file holds; a stream of YAML holds several.
#[derive(Clone, Debug)]
pub struct FileDocument {
    /// The file.
    pub path: String,
    /// What it was read as.
    pub format: FileFormat,
    /// What is in it.
    pub value: Value,
    places: Places,
}

impl FileDocument {
    /// A value that was not written in a file, but is known of one or of a folder.
    pub fn of_value(path: &str, value: Value) -> Self {
        let places = Places::Lines(Lines::new());
        Self { path: path.to_owned(), format: FileFormat::Json, value, places }
    }

    /// The line that a path inside the value stands on, or else what holds it.
    pub fn line(&self, path: &str) -> Option<u32> {
        match &self.places {
            Places::Document(document) => {
                u32::try_from(document.location(&pointer_of(&self.value, path)).line).ok()
            }
            Places::Lines(lines) => {
                let mut steps = steps_of(&self.value, path);
                loop {
                    let pointer: String = steps.iter().map(|step| pointer_step(step)).collect();
                    if let Some(line) = lines.get(&pointer) {
                        return Some(*line);
                    }
                    steps.pop()?;
                }
            }
        }
    }

    /// The document of YAML or JSON that it is.
    pub fn document(&self) -> Option<&Document> {
        match &self.places {
            Places::Document(document) => Some(document),
            Places::Lines(_) => None,
        }
    }
}

fn pointer_step(step: &str) -> String {
    format!("/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// Reads a file as its name promises. What cannot be read is a diagnostic with file, line and column.
pub fn read_file(path: &str, text: &str) -> (Vec<FileDocument>, Vec<Diagnostic>) {
    if let Some(format) = FileFormat::of(path) {
        return read_as(format, path, text);
    }
    let message = format!("the format of {path} is not known");
    let hint = "files of YAML, JSON, TOML and HCL (.tf), and Dockerfiles can be looked at";
    (Vec::new(), vec![Diagnostic::error("file-format", message).with_hint(hint)])
}

/// Reads a text in a format.
pub(crate) fn read_as(format: FileFormat, path: &str, text: &str) -> (Vec<FileDocument>, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        let message = format!("{path} is larger than {MAX_BYTES} bytes");
        return (Vec::new(), vec![Diagnostic::error("file-size", message)]);
    }
    let whole = |value: Value, lines: Lines| FileDocument {
        path: path.to_owned(),
        format,
        value,
        places: Places::Lines(lines),
    };
    let read = match format {
        FileFormat::Yaml | FileFormat::Json => {
            let reading = fairway_yaml::read(path, text, &Limits::default());
            let documents = reading.documents.into_iter().map(|document| FileDocument {
                path: path.to_owned(),
                format,
                value: document.value.clone(),
                places: Places::Document(Box::new(document)),
            });
            return (documents.collect(), reading.diagnostics);
        }
        FileFormat::Toml => toml::read(text),
        FileFormat::Hcl => hcl::read(text),
        FileFormat::Dockerfile => dockerfile::read(text),
    };
    match read {
        Ok((value, lines)) => (vec![whole(value, lines)], Vec::new()),
        Err(Unreadable { offset, message }) => {
            let (line, column) = position(text, offset);
            let location = SourceLocation { file: path.to_owned(), line, column };
            let quoted = text.lines().nth(line - 1).map(|line| line.chars().take(200).collect());
            (Vec::new(), vec![Diagnostic::error("file-syntax", message).at(location, quoted)])
        }
    }
}

/// What is wrong with a text, and where.
struct Unreadable {
    /// In bytes, from 0.
    offset: usize,
    message: String,
}

/// Line and column of an offset, from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// The lines of offsets, for texts where many are asked for.
struct LineIndex(Vec<usize>);

impl LineIndex {
    fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn line(&self, offset: usize) -> u32 {
        let before = self.0.partition_point(|newline| *newline < offset);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::json;

    use super::{FileFormat, read_file};

    #[test]
    fn names_promise_formats() {
        for (path, format) in [
            ("a/Dockerfile", Some(FileFormat::Dockerfile)),
            ("Dockerfile.dev", Some(FileFormat::Dockerfile)),
            ("api.Dockerfile", Some(FileFormat::Dockerfile)),
            ("main.tf", Some(FileFormat::Hcl)),
            ("x.TOML", Some(FileFormat::Toml)),
            ("plan.json", Some(FileFormat::Json)),
            ("README.md", None),
            ("Makefile", None),
        ] {
            assert_eq!(FileFormat::of(path), format, "{path}");
        }
    }

    #[test]
    fn every_format_gives_values_and_lines() {
        let rows = [
            ("a.yaml", "a:\n  - b: 1\n", "a[0].b", json!({"a": [{"b": 1}]}), 2),
            ("a.json", "{\"a\":\n [true]}", "a[0]", json!({"a": [true]}), 2),
            (
                "a.toml",
                "x = 1\n[a.b]\nc = \"d\" # e\nf = 1979-05-27\n[[l]]\nm = 1.5\n",
                "l[0].m",
                json!({"x": 1, "a": {"b": {"c": "d", "f": "1979-05-27"}}, "l": [{"m": 1.5}]}),
                6,
            ),
        ];
        for (path, text, inside, value, line) in rows {
            let (documents, problems) = read_file(path, text);
            assert_eq!(problems, []);
            assert_eq!(documents[0].value, value, "{path}");
            assert_eq!(documents[0].line(inside), Some(line), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (path, text, place) in [
            ("a.toml", "a = 1\nb = = 2\n", (2, 5)),
            ("a.tf", "resource \"x\" \"y\" {\n  a = \n}\n", (2, 7)),
            ("Dockerfile", "FROM a\n\nWRONG thing\n", (3, 1)),
        ] {
            let (documents, problems) = read_file(path, text);
            assert!(documents.is_empty());
            let place_found = problems[0].location.as_ref().map(|at| (at.line, at.column)).unwrap();
            assert_eq!(place_found, place, "{path}: {}", problems[0]);
        }
    }
}
