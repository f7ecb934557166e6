//! URLs taken apart and put together, as Go's `net/url` does it.

use std::rc::Rc;

use super::builtins::arg;
use super::encodings::escape;
use super::quote::quote;
use super::registry::Kind::{Map as Dict, Text};
use super::registry::{Function, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::{Entries, Value, text_of_bytes};
use crate::error::{Fault, Outcome};

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("urlParse", &[Text], None, url_parse, "The parts of a URL as a dict: scheme, userinfo, host, hostname, path, query, fragment and opaque", r#"{{ (urlParse "https://h:80/p?q=1").host }}"#, "h:80"),
    function("urlJoin", &[Dict], None, url_join, "The URL that such a dict stands for", r#"{{ urlJoin (dict "scheme" "https" "host" "h" "path" "/p") }}"#, "https://h/p"),
];

#[derive(Default)]
struct Url {
    scheme: String,
    opaque: String,
    /// User and, after a colon, password, escaped.
    user: Option<String>,
    host: String,
    path: String,
    query: String,
    fragment: String,
}

fn parse(source: &str) -> Result<Url, String> {
    if source.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let (rest, fragment) = source.split_once('#').unwrap_or((source, ""));
    let mut url = Url { fragment: unescape(fragment)?, ..Url::default() };
    let rest = match scheme(rest)? {
        Some(length) => {
            rest.get(..length).unwrap_or_default().to_ascii_lowercase().clone_into(&mut url.scheme);
            rest.get(length + 1..).unwrap_or_default()
        }
        None => rest,
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    query.clone_into(&mut url.query);
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let mut path = rest;
    if let Some(after) = rest.strip_prefix("//")
        && (!url.scheme.is_empty() || !rest.starts_with("///"))
    {
        let (authority, after) = after.split_at(after.find('/').unwrap_or(after.len()));
        read_authority(authority, &mut url)?;
        path = after;
    }
    url.path = unescape(path)?;
    Ok(url)
}

/// How long the scheme is, if there is one.
fn scheme(text: &str) -> Result<Option<usize>, String> {
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok(Some(index)),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn read_authority(authority: &str, url: &mut Url) -> Result<(), String> {
    let host = match authority.rsplit_once('@') {
        None => authority,
        Some((user, host)) => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            if !user.chars().all(allowed) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,;=".contains(&byte);
            let (name, password) =
                user.split_once(':').map_or((user, None), |(name, word)| (name, Some(word)));
            let mut escaped = escape(&unescape(name)?, safe);
            if let Some(password) = password {
                escaped = format!("{escaped}:{}", escape(&unescape(password)?, safe));
            }
            url.user = Some(escaped);
            host
        }
    };
    if host.starts_with('[') && !host.contains(']') {
        return Err("missing ']' in host".to_owned());
    }
    let after_address = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let port = host.get(after_address..).unwrap_or_default();
    if let Some((_, port)) = port.rsplit_once(':')
        && !port.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(format!("invalid port {} after host", quote(&format!(":{port}"))));
    }
    let forbidden =
        |c: char| c.is_ascii() && !(c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c));
    if let Some(character) = host.chars().find(|c| forbidden(*c)) {
        return Err(format!("invalid character {} in host name", quote(&character.to_string())));
    }
    url.host = unescape(host)?;
    Ok(())
}

fn unescape(text: &str) -> Result<String, String> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(after.first()), digit(after.get(1))) else {
            let shown = text_of_bytes(after.get(..2.min(after.len())).unwrap_or_default());
            return Err(format!("invalid URL escape {}", quote(&format!("%{shown}"))));
        };
        bytes.push((high << 4 | low) as u8);
        rest = after.get(2..).unwrap_or_default();
    }
    Ok(text_of_bytes(&bytes))
}

/// The host without its port and brackets.
fn hostname(host: &str) -> &str {
    if let Some(inner) = host.strip_prefix('[')
        && let Some((inner, _)) = inner.split_once(']')
    {
        return inner;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn url_parse(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let source = text(values, 0);
    let url = parse(source).map_err(|message| {
        Fault::value(format!("unable to parse url: parse {}: {message}", quote(source)))
    })?;
    let parts = [
        ("scheme", url.scheme.as_str()),
        ("host", url.host.as_str()),
        ("hostname", hostname(&url.host)),
        ("path", url.path.as_str()),
        ("query", url.query.as_str()),
        ("opaque", url.opaque.as_str()),
        ("fragment", url.fragment.as_str()),
        ("userinfo", url.user.as_deref().unwrap_or_default()),
    ];
    let mut entries = Entries::new();
    for (name, part) in parts {
        entries.insert(Rc::from(name), runtime.text(part)?);
    }
    Ok(Value::Map(runtime.map(entries)?))
}

fn url_join(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let part = |name: &str| -> Outcome<String> {
        let Value::Map(map) = arg(values, 0) else { return Ok(String::new()) };
        match map.get(name) {
            None => Ok(String::new()),
            Some(Value::Text(text)) => Ok(text.to_string()),
            Some(other) => {
                let kind = other.kind_name();
                let message = format!("unable to parse {name} key, must be of type string, but {kind} found");
                Err(Fault::value(message))
            }
        }
    };
    let user = match part("userinfo")?.as_str() {
        "" => None,
        user => {
            let source = format!("proto://{user}@host");
            parse(&source)
                .map_err(|message| {
                    let message =
                        format!("unable to parse userinfo in dict: parse {}: {message}", quote(&source));
                    Fault::value(message)
                })?
                .user
        }
    };
    let url = Url {
        scheme: part("scheme")?,
        opaque: part("opaque")?,
        user,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        fragment: part("fragment")?,
    };
    runtime.text(assemble(&url))
}

fn assemble(url: &Url) -> String {
    let mut out = String::new();
    if !url.scheme.is_empty() {
        out.push_str(&url.scheme);
        out.push(':');
    }
    if url.opaque.is_empty() {
        if !url.host.is_empty() || url.user.is_some() || (!url.scheme.is_empty() && !url.path.is_empty()) {
            out.push_str("//");
            if let Some(user) = &url.user {
                out.push_str(user);
                out.push('@');
            }
            out.push_str(&escape(&url.host, |byte| {
                byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
            }));
        }
        let path = escape(&url.path, |byte| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte));
        if !path.is_empty() && !path.starts_with('/') && !url.host.is_empty() {
            out.push('/');
        }
        if out.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':')) {
            out.push_str("./");
        }
        out.push_str(&path);
    } else {
        out.push_str(&url.opaque);
    }
    if !url.query.is_empty() {
        out.push('?');
        out.push_str(&url.query);
    }
    if !url.fragment.is_empty() {
        out.push('#');
        out.push_str(&escape(&url.fragment, |byte| {
            byte.is_ascii_alphanumeric() || b"-_.~!()*$&+,/:;=?@".contains(&byte)
        }));
    }
    out
}
