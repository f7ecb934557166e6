//! The functions that read and make texts.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha1::Digest as _;

use super::function::Function;
use super::{Budget, QueryError};
use crate::kyverno::{image::ImageReference, version, wildcard};

/// The longest text that a function may make, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// A text, number or boolean as text.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// The value of a function of this kind; nothing where it is of another.
pub(crate) fn call(
    function: &Function,
    budget: &Budget,
    values: &[Cow<'_, Value>],
) -> Result<Option<Value>, QueryError> {
    let at = |position: usize| values.get(position).map_or(&Value::Null, |value| &**value);
    let text =
        |position: usize| at(position).as_str().ok_or_else(|| function.refuses("a text", at(position)));
    let loose = |position: usize| {
        plain(at(position)).ok_or_else(|| function.refuses("a text or a number", at(position)))
    };
    let made = |text: String| {
        if text.len() > MAX_TEXT {
            return Err(QueryError::Exhausted);
        }
        budget.take_text(text.len())?;
        Ok(Value::from(text))
    };
    let hex = |bytes: &[u8]| {
        Value::from(bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    };
    let result = match function.name {
        "base64_decode" => {
            let bytes = STANDARD
                .decode(text(0)?)
                .map_err(|error| QueryError::Failed(format!("base64_decode: {error}")))?;
            made(String::from_utf8_lossy(&bytes).into_owned())?
        }
        "base64_encode" => made(STANDARD.encode(text(0)?))?,
        "sha256" => hex(&sha2::Sha256::digest(text(0)?)),
        "sha1" => hex(&sha1::Sha1::digest(text(0)?)),
        "md5" => return Err(QueryError::Unavailable("md5 is not computed here".to_owned())),
        "compare" => Value::from(text(0)?.cmp(text(1)?) as i8),
        "starts_with" => text(0)?.starts_with(text(1)?).into(),
        "ends_with" => text(0)?.ends_with(text(1)?).into(),
        "equal_fold" => (text(0)?.to_lowercase() == text(1)?.to_lowercase()).into(),
        "image_normalize" => match ImageReference::parse(text(0)?) {
            Some(image) => made(image.to_string())?,
            None => return Err(function.refuses("an image", at(0))),
        },
        "is_external_url" => {
            return Err(QueryError::Unavailable("is_external_url would need to ask the network".to_owned()));
        }
        "join" => {
            let items = at(1).as_array().ok_or_else(|| function.refuses("a text and a list", at(1)))?;
            let parts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let parts = parts.ok_or_else(|| function.refuses("a list of texts", at(1)))?;
            let length: usize = parts.iter().map(|part| part.len() + text(0).map_or(0, str::len)).sum();
            if length > 2 * MAX_TEXT {
                return Err(QueryError::Exhausted);
            }
            made(parts.join(text(0)?))?
        }
        "parse_json" => {
            budget.take_text(text(0)?.len())?;
            serde_json::from_str(text(0)?)
                .map_err(|error| QueryError::Failed(format!("parse_json: {error}")))?
        }
        "parse_yaml" => {
            budget.take_text(text(0)?.len())?;
            yaml(text(0)?)?
        }
        "path_canonicalize" => made(canonical_path(text(0)?))?,
        "pattern_match" => {
            budget.take_text(text(0)?.len().saturating_mul(loose(1)?.len()))?;
            wildcard::fits(text(0)?, &loose(1)?).into()
        }
        "regex_match" => {
            let subject = loose(1)?;
            budget.take_text(subject.len())?;
            function.regex(text(0)?, budget)?.is_match(&subject).into()
        }
        "regex_replace_all" | "regex_replace_all_literal" => {
            let (regex, subject, replacement) = (function.regex(text(0)?, budget)?, loose(1)?, loose(2)?);
            let limit = MAX_TEXT / (replacement.len() + 1);
            if subject.len() > limit && replacement.len() > 1 {
                return Err(QueryError::Exhausted);
            }
            budget.take_text(subject.len())?;
            let replaced = if function.name == "regex_replace_all" {
                regex.replace_all(&subject, replacement.as_str())
            } else {
                regex.replace_all(&subject, regex::NoExpand(&replacement))
            };
            made(replaced.into_owned())?
        }
        "replace" | "replace_all" => {
            let (subject, old, new) = (text(0)?, text(1)?, text(2)?);
            let possible = if old.is_empty() { subject.len() + 1 } else { subject.len() / old.len() };
            if subject.len().saturating_add(possible.saturating_mul(new.len())) > 16 * MAX_TEXT {
                return Err(QueryError::Exhausted);
            }
            match at(3).as_i64().filter(|_| function.name == "replace") {
                Some(count) if count >= 0 => {
                    made(subject.replacen(old, new, usize::try_from(count).unwrap_or(usize::MAX)))?
                }
                None if function.name == "replace" => return Err(function.refuses("a number", at(3))),
                _ => made(subject.replace(old, new))?,
            }
        }
        "semver_compare" => version::in_range(text(0)?, text(1)?)
            .ok_or_else(|| function.refuses("a version and a range of versions", at(1)))?
            .into(),
        "split" => {
            let (subject, separator) = (text(0)?, text(1)?);
            budget.take_text(subject.len() * 8)?;
            if separator.is_empty() {
                subject.chars().map(|c| Value::from(c.to_string())).collect()
            } else {
                subject.split(separator).map(Value::from).collect()
            }
        }
        "to_boolean" => match text(0)?.to_lowercase().as_str() {
            "true" => true.into(),
            "false" => false.into(),
            _ => return Err(function.refuses("\"true\" or \"false\"", at(0))),
        },
        "to_lower" => made(text(0)?.to_lowercase())?,
        "to_upper" => made(text(0)?.to_uppercase())?,
        "to_string" => match at(0) {
            Value::String(text) => Value::from(text.as_str()),
            other => made(other.to_string())?,
        },
        "trim" => {
            let cut = text(1)?;
            made(text(0)?.trim_matches(|c| cut.contains(c)).to_owned())?
        }
        "trim_prefix" => {
            let subject = text(0)?;
            made(subject.strip_prefix(text(1)?).unwrap_or(subject).to_owned())?
        }
        "truncate" => {
            let length = at(1).as_f64().ok_or_else(|| function.refuses("a length", at(1)))?;
            made(text(0)?.chars().take(length.max(0.0) as usize).collect())?
        }
        _ => return Ok(None),
    };
    Ok(Some(result))
}

/// One YAML document.
fn yaml(text: &str) -> Result<Value, QueryError> {
    let reading = fairway_yaml::read("parse_yaml", text, &fairway_yaml::Limits::default());
    if let Some(problem) = reading.diagnostics.first() {
        return Err(QueryError::Failed(format!("parse_yaml: {}", problem.message)));
    }
    Ok(reading.documents.into_iter().next().map(|document| document.value).unwrap_or_default())
}

/// A path without empty parts, `.` and, where there is something to leave, `..`.
fn canonical_path(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    match (rooted, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}
