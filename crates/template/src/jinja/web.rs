//! HTML and addresses.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::error::{Fault, Outcome};
use crate::jinja::call::{Arguments, flag, text};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::printing::text_of;
use crate::jinja::value::{Heap, Key, Value};

/// The value's text as HTML; what is HTML stays.
pub fn escape(value: &Value, heap: &Heap) -> Outcome<String> {
    let text = text_of(value, heap)?;
    Ok(if matches!(value, Value::Safe(_)) { text } else { escape_text(&text) })
}

pub fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            c => out.push(c),
        }
    }
    out
}

fn safe(text: String, heap: &Heap) -> Outcome<Value> {
    heap.meter.allocate(text.len())?;
    Ok(Value::Safe(text.into()))
}

pub fn escaped(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Outcome<Value> {
    let [] = arguments.bind("escape", [])?;
    safe(escape(&value, &interpreter.heap)?, &interpreter.heap)
}

pub fn force_escape(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Outcome<Value> {
    let [] = arguments.bind("forceescape", [])?;
    safe(escape_text(&text_of(&value, &interpreter.heap)?), &interpreter.heap)
}

pub fn mark_safe(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Outcome<Value> {
    let [] = arguments.bind("safe", [])?;
    safe(text_of(&value, &interpreter.heap)?, &interpreter.heap)
}

/// Percent signs for all but letters, digits and `safe`; `plus` makes spaces to plus signs.
fn quote(text: &str, kept: &str, plus: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "_.-~".contains(c) || kept.contains(c) {
            out.push(c);
        } else if plus && byte == b' ' {
            out.push('+');
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

pub fn url_encode(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Outcome<Value> {
    let [] = arguments.bind("urlencode", [])?;
    let heap = &interpreter.heap;
    let pairs: Vec<(Value, Value)> = match &value {
        Value::Map(map) => map
            .borrow()
            .iter()
            .map(|(key, value)| Ok((key.value(heap)?, value.clone())))
            .collect::<Outcome<_>>()?,
        Value::List(_) | Value::Tuple(_) | Value::Stream(_) | Value::View(..) => heap
            .items(&value)?
            .iter()
            .map(|pair| match heap.items(pair)?.as_slice() {
                [key, value] => Ok((key.clone(), value.clone())),
                _ => Err(Fault::value("urlencode takes text, a dictionary, or pairs")),
            })
            .collect::<Outcome<_>>()?,
        other => return heap.text(quote(&text_of(other, heap)?, "/", false)),
    };
    let mut parts = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let (key, value) = (text_of(&key, heap)?, text_of(&value, heap)?);
        parts.push(format!("{}={}", quote(&key, "", true), quote(&value, "", true)));
    }
    heap.text(parts.join("&"))
}

pub fn xml_attributes(
    interpreter: &mut Interpreter<'_>,
    value: Value,
    arguments: Arguments,
) -> Outcome<Value> {
    let [leading_space] = arguments.bind("xmlattr", ["autospace"])?;
    let Value::Map(map) = value.defined()? else {
        return Err(Fault::value("xmlattr takes a dictionary"));
    };
    let heap = &interpreter.heap;
    let mut parts = Vec::new();
    for (key, value) in map.borrow().iter() {
        if matches!(value, Value::None | Value::Undefined(_)) {
            continue;
        }
        let Key::Text(key) = key else { return Err(Fault::value("names of attributes are text")) };
        if key.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '>' | '=')) {
            return Err(Fault::value(format!("Invalid character in attribute name: '{key}'")));
        }
        parts.push(format!("{}=\"{}\"", escape_text(key), escape(value, heap)?));
    }
    let joined = parts.join(" ");
    let spaced = flag(leading_space.as_ref(), true)? && !joined.is_empty();
    heap.text(if spaced { format!(" {joined}") } else { joined })
}

pub fn strip_tags(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Outcome<Value> {
    let [] = arguments.bind("striptags", [])?;
    let heap = &interpreter.heap;
    let text = text_of(&value, heap)?;
    let mut rest = text.as_str();
    let mut kept = String::new();
    while let Some(place) = rest.find("<!--") {
        let (before, comment) = rest.split_at(place);
        let Some(end) = comment.find("-->") else { break };
        kept.push_str(before);
        rest = comment.get(end + 3..).unwrap_or_default();
    }
    kept.push_str(rest);
    let mut rest = kept.as_str();
    let mut plain = String::new();
    while let Some(place) = rest.find('<') {
        let (before, tag) = rest.split_at(place);
        let Some(end) = tag.find('>') else { break };
        plain.push_str(before);
        rest = tag.get(end + 1..).unwrap_or_default();
    }
    plain.push_str(rest);
    let words: Vec<&str> = plain.split_whitespace().collect();
    heap.text(unescape(&words.join(" ")).into_owned())
}

/// Entities to characters.
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find('&') {
        let (before, entity) = rest.split_at(place);
        out.push_str(before);
        let end = entity.char_indices().take(40).find(|(_, c)| *c == ';').map(|(index, _)| index);
        let decoded = end.and_then(|end| Some((crate::jinja::entities::decode(entity.get(1..end)?)?, end)));
        if let Some((decoded, end)) = decoded {
            out.push(decoded);
            rest = entity.get(end + 1..).unwrap_or_default();
        } else {
            out.push('&');
            rest = entity.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out.into()
}

pub fn urlize(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Outcome<Value> {
    let [limit, nofollow, target, rel, _schemes] =
        arguments.bind("urlize", ["trim_url_limit", "nofollow", "target", "rel", "extra_schemes"])?;
    let heap = &interpreter.heap;
    let limit = match limit {
        None | Some(Value::None) => usize::MAX,
        limit => crate::jinja::call::count(limit.as_ref(), "trim_url_limit", 0)?,
    };
    let mut words: Vec<String> =
        text(rel, "rel")?.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if flag(nofollow.as_ref(), false)? {
        words.push("nofollow".to_owned());
    }
    words.push("noopener".to_owned());
    words.sort();
    words.dedup();
    let rel = format!(" rel=\"{}\"", escape_text(&words.join(" ")));
    let target = text(target, "target")?.map(|target| format!(" target=\"{}\"", escape_text(&target)));
    let source = escape(&value, heap)?;
    let mut out = String::new();
    let mut rest = source.as_str();
    while !rest.is_empty() {
        let space = rest.len() - rest.trim_start().len();
        let (blank, word) = rest.split_at(space);
        out.push_str(blank);
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        rest = after;
        let start = word.len() - word.trim_start_matches(['(', '<']).trim_start_matches("&lt;").len();
        let (head, middle) = word.split_at(start);
        let middle_end = middle.trim_end_matches([')', '>', '.', ',', '\n']).trim_end_matches("&gt;").len();
        let (middle, tail) = middle.split_at(middle_end);
        let is_web = ["http://", "https://"]
            .iter()
            .any(|scheme| middle.len() > scheme.len() && middle.starts_with(scheme));
        let is_bare = middle.starts_with("www.") && middle.len() > 4;
        let is_mail = !is_web
            && middle.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && !user.contains(':') && host.contains('.') && !host.starts_with('.')
            });
        out.push_str(head);
        let shown: Cow<'_, str> = if middle.chars().count() > limit {
            format!("{}...", middle.chars().take(limit).collect::<String>()).into()
        } else {
            middle.into()
        };
        let target = target.as_deref().unwrap_or_default();
        if is_web {
            let _ = write!(out, "<a href=\"{middle}\"{rel}{target}>{shown}</a>");
        } else if is_bare {
            let _ = write!(out, "<a href=\"https://{middle}\"{rel}{target}>{shown}</a>");
        } else if is_mail {
            let _ = write!(out, "<a href=\"mailto:{middle}\">{middle}</a>");
        } else {
            out.push_str(middle);
        }
        out.push_str(tail);
    }
    if interpreter.escapes { safe(out, heap) } else { heap.text(out) }
}
