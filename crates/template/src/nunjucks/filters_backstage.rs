//! The filters that Backstage's scaffolder adds.

use crate::error::{Fault, Outcome};
use crate::nunjucks::evaluate::Interpreter;
use crate::nunjucks::filters::argument;
use crate::nunjucks::member::property;
use crate::nunjucks::record::Record;
use crate::nunjucks::text::is_space;
use crate::nunjucks::value::Value;

fn text_input(arguments: &[Value], what: &str) -> Outcome<String> {
    match argument(arguments, 0) {
        Value::String(text) => Ok(text.to_str().into_owned()),
        Value::Safe(text) => Ok(text.to_str().into_owned()),
        other => Err(Fault::value(format!("it takes {what} as a string, not {}", other.kind()))),
    }
}

/// The parts of `host?owner=…&repo=…`.
fn repository(text: &str) -> Outcome<Vec<(&'static str, String)>> {
    let text = text.strip_prefix("https://").unwrap_or(text);
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let host = place.split('/').next().unwrap_or_default().to_lowercase();
    if host.is_empty() || host.contains(is_space) {
        return Err(Fault::value(format!("\"{text}\" names no host"))
            .hint("Write it as host?owner=OWNER&repo=REPOSITORY."));
    }
    let query = query.split('#').next().unwrap_or_default();
    let find = |wanted: &str| {
        query
            .split('&')
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| decode(value).trim_matches(is_space).to_owned())
    };
    let mut parts = vec![("host", host)];
    for name in ["owner", "repo", "organization", "workspace", "project"] {
        parts.extend(find(name).map(|value| (name, value)));
    }
    if !parts.iter().any(|(name, value)| matches!(*name, "repo" | "project") && !value.is_empty()) {
        return Err(Fault::value(format!("\"{text}\" names no repository"))
            .hint("Write it as host?owner=OWNER&repo=REPOSITORY."));
    }
    Ok(parts)
}

/// Undoes the encoding of a query.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let code = text.get(index + 1..index + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (byte, code) {
            (b'%', Some(code)) => {
                decoded.push(code);
                index += 3;
                continue;
            }
            (b'+', _) => decoded.push(b' '),
            (other, _) => decoded.push(other),
        }
        index += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// `{host, owner?, repo?, organization?, workspace?, project?}`
pub fn parse_repo_url(_: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let parts = repository(&text_input(arguments, "a repository URL")?)?;
    let pairs = parts.into_iter().map(|(name, value)| (name.into(), Value::text(value))).collect();
    Ok(Value::record(Record::from_pairs(pairs)))
}

/// `owner/repo`
pub fn project_slug(_: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let parts = repository(&text_input(arguments, "a repository URL")?)?;
    let part = |wanted: &str| {
        parts.iter().find(|(name, _)| *name == wanted).map_or("undefined", |(_, value)| value.as_str())
    };
    Ok(Value::text(format!("{}/{}", part("owner"), part("repo"))))
}

/// `{kind, namespace, name}` of `[kind:][namespace/]name`.
pub fn parse_entity_ref(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let text = text_input(arguments, "an entity reference")?;
    let text = text.trim_matches(is_space);
    let context = argument(arguments, 1);
    let default = |name: &str| -> Outcome<Option<String>> {
        Ok(match property(&context, &Value::text(name), &interpreter.meter)? {
            Value::String(text) => Some(text.to_str().into_owned()),
            _ => None,
        })
    };
    let (kind, rest) = match text.split_once(':') {
        Some((kind, rest)) => (Some(kind.to_owned()), rest),
        None => (default("defaultKind")?, text),
    };
    let (namespace, name) = match rest.split_once('/') {
        Some((namespace, name)) => (namespace.to_owned(), name),
        None => (default("defaultNamespace")?.unwrap_or_else(|| "default".to_owned()), rest),
    };
    let fault = |what: &str| {
        Fault::value(format!("the entity reference \"{text}\" {what}"))
            .hint("Write it as kind:namespace/name, or give {defaultKind: 'component'}.")
    };
    let Some(kind) = kind.filter(|kind| !kind.is_empty()) else { return Err(fault("names no kind")) };
    if namespace.is_empty() || name.is_empty() || name.contains([':', '/']) || namespace.contains(':') {
        return Err(fault("is not well formed"));
    }
    Ok(Value::record(Record::from_pairs(vec![
        ("kind".into(), Value::text(kind)),
        ("namespace".into(), Value::text(namespace)),
        ("name".into(), Value::text(name)),
    ])))
}

/// The value at a path such as `a.b[0]`; `Undefined` where the way ends.
pub fn pick(interpreter: &mut Interpreter<'_>, arguments: &[Value]) -> Outcome<Value> {
    let meter = &interpreter.meter;
    let path = argument(arguments, 1);
    let mut current = argument(arguments, 0);
    let Value::String(path) = path else {
        return property(&current, &path, meter);
    };
    let path = path.to_str();
    let whole = property(&current, &Value::text(&*path), meter)?;
    if !whole.is_undefined() {
        return Ok(whole);
    }
    for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
        meter.spend(1)?;
        let part = part.trim_matches(['"', '\'']);
        current = property(&current, &Value::text(part), meter)?;
        if current.is_undefined() {
            break;
        }
    }
    Ok(current)
}
