//! What somebody looked at and said is no secret.

use fairway_domain::Diagnostic;
use regex::bytes::Regex;
use serde_json::Value;

use crate::finding::SecretFinding;

/// Where a repository keeps its allow list.
pub const ALLOW_FILE: &str = ".fairway/secrets.yaml";

/// The word of an inline comment, with a reason behind it.
const WORD: &[u8] = b"fairway:allow-secret";

/// The most entries of a list.
const ENTRIES: usize = 1000;

/// What compiling one expression may take, in bytes.
const EXPRESSION_BYTES: usize = 256 * 1024;

/// What may stand in a repository although it looks like a secret. Each entry says why.
#[derive(Clone, Debug, Default)]
pub struct AllowList(Vec<Entry>);

#[derive(Clone, Debug, Default)]
struct Entry {
    path: Option<String>,
    rule: Option<String>,
    fingerprint: Option<String>,
    regex: Option<Regex>,
}

impl AllowList {
    /// Reads the file [`ALLOW_FILE`]. An entry that says too little, too much or no reason is reported and allows
    /// nothing.
    pub fn read(file: &str, text: &str) -> (Self, Vec<Diagnostic>) {
        let reading = fairway_yaml::read(file, text, &fairway_yaml::Limits::default());
        let mut problems = reading.diagnostics;
        let mut entries = Vec::new();
        for document in &reading.documents {
            if document.value.is_null() {
                continue;
            }
            let mut wrong = |pointer: &str, message: String| {
                problems.push(document.diagnostic(pointer, "secrets-allow", message));
            };
            for key in document.value.as_object().into_iter().flat_map(serde_json::Map::keys) {
                if key != "allow" {
                    wrong(&format!("/{key}"), format!("\"{key}\" is unknown here; the list is \"allow\""));
                }
            }
            let Some(list) = document.value.get("allow").and_then(Value::as_array) else {
                wrong("", "the allow list needs \"allow\" with a list of entries".to_owned());
                continue;
            };
            for (index, value) in list.iter().enumerate().take(ENTRIES) {
                match entry(value) {
                    Ok(entry) => entries.push(entry),
                    Err(message) => wrong(&format!("/allow/{index}"), message),
                }
            }
            if list.len() > ENTRIES {
                wrong("/allow", format!("only the first {ENTRIES} entries are read"));
            }
        }
        (Self(entries), problems)
    }

    /// Whether an entry is about what was found.
    pub(crate) fn allows(&self, finding: &SecretFinding, secret: &[u8]) -> bool {
        self.0.iter().any(|entry| {
            entry.path.as_ref().is_none_or(|glob| glob_match::glob_match(glob, &finding.path))
                && entry.rule.as_ref().is_none_or(|rule| *rule == finding.rule)
                && entry.fingerprint.as_ref().is_none_or(|known| *known == finding.fingerprint)
                && entry.regex.as_ref().is_none_or(|regex| regex.is_match(secret))
        })
    }
}

fn entry(value: &Value) -> Result<Entry, String> {
    let fields =
        value.as_object().ok_or("an entry has the keys path, rule, fingerprint or regex, and reason")?;
    let known = ["path", "rule", "fingerprint", "regex", "reason"];
    if let Some(key) = fields.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("\"{key}\" is unknown; an entry knows {}", known.join(", ")));
    }
    let text = |key: &str| -> Result<Option<String>, String> {
        match fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
            Some(_) => Err(format!("\"{key}\" has to be a text that says something")),
        }
    };
    if text("reason")?.is_none() {
        return Err("the entry has no reason, so it allows nothing".to_owned());
    }
    let regex = match text("regex")? {
        None => None,
        Some(pattern) => {
            let regex = regex::bytes::RegexBuilder::new(&pattern).size_limit(EXPRESSION_BYTES).build();
            Some(regex.map_err(|error| format!("the regex cannot be used: {error}"))?)
        }
    };
    let found = Entry { path: text("path")?, rule: text("rule")?, fingerprint: text("fingerprint")?, regex };
    if found.path.is_none() && found.fingerprint.is_none() && found.regex.is_none() {
        return Err("the entry needs a path, a fingerprint or a regex; a rule alone is too much".to_owned());
    }
    Ok(found)
}

/// Whether a line says that what is on it is no secret, with a reason.
pub(crate) fn line_allows(line: &[u8]) -> bool {
    memchr::memmem::find(line, WORD).is_some_and(|at| {
        let rest = line.get(at + WORD.len()..).unwrap_or_default();
        let follows = rest.first().is_some_and(|byte| matches!(byte, b' ' | b':' | b'\t'));
        follows && rest.iter().filter(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count() >= 3
    })
}

/// Whether a line is nothing but a comment, so that it may speak for the line below.
pub(crate) fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    [b"#".as_slice(), b"//", b"--", b"/*", b"<!--", b";", b"*", b"{{/*", b"{#"]
        .iter()
        .any(|start| line.starts_with(start))
}
