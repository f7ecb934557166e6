//! The functions that the language has itself.

use std::cmp::Ordering;

use super::encodings::query_escape;
use super::print::{print, sprint, sprintf, sprintln};
use super::quote::is_printable;
use super::registry::Kind::{Raw, Text};
use super::registry::{Function, Kind, function};
use super::runtime::Runtime;
use super::value::{Element, Value};
use crate::error::{Fault, Outcome};

const ANY: Option<Kind> = Some(Kind::Any);
const RAW: Option<Kind> = Some(Raw);

/// `and`, `or` and `call` are carried out where their arguments are evaluated.
#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("and", &[], RAW, |_, _| Ok(Value::Missing), "The first empty argument, or the last one; stops at it", r#"{{ and 1 "" 2 | quote }}"#, r#""""#),
    function("or", &[], RAW, |_, _| Ok(Value::Missing), "The first argument that is not empty, or the last one; stops at it", r#"{{ or "" "b" "c" }}"#, "b"),
    function("not", &[Raw], None, |_, v| Ok(Value::Bool(!arg(v, 0).is_true())), "Whether the argument is empty", r#"{{ not "" }}"#, "true"),
    function("call", &[Raw], RAW, |_, _| Ok(Value::Missing), "Calls a function that is a value; data has none, so that it always fails", "", ""),
    function("len", &[Raw], None, |_, v| length(arg(v, 0)), "How many bytes a text has, or items a list or dict", r#"{{ len "abc" }}"#, "3"),
    function("index", &[Raw], RAW, |_, v| index(v), "An item of a list or dict, also several levels down", r#"{{ index (list "a" "b") 1 }}"#, "b"),
    function("slice", &[Raw], RAW, slice, "A part of a text or list", "", ""),
    function("print", &[], ANY, |r, v| r.text(sprint(r, v)?), "The arguments as one text, with a space between two that are no texts", r#"{{ print "a" 1 2 }}"#, "a1 2"),
    function("println", &[], ANY, |r, v| r.text(sprintln(r, v)?), "The arguments with spaces between them and a line break", r#"{{ println "a" 1 | trim }}"#, "a 1"),
    function("printf", &[Text], ANY, |r, v| match v {
        [Value::Text(format), values @ ..] => r.text(sprintf(r, format, values)?),
        _ => Ok(Value::Nil),
    }, "The arguments put into a format with Go's verbs", r#"{{ printf "%s-%03d" "a" 7 }}"#, "a-007"),
    function("html", &[], ANY, |r, v| r.text(escape_html(&plain(r, v)?)), "The arguments as text with what HTML would read as markup escaped", r#"{{ html "<a>" }}"#, "&lt;a&gt;"),
    function("js", &[], ANY, |r, v| r.text(escape_javascript(&plain(r, v)?)), "The arguments as text for a JavaScript text", r#"{{ js "it's" }}"#, r"it\'s"),
    function("urlquery", &[], ANY, |r, v| r.text(query_escape(&plain(r, v)?)), "The arguments as text for the query of a URL", r#"{{ urlquery "a b&c" }}"#, "a+b%26c"),
    function("eq", &[Raw], RAW, |r, v| equal(r, v).map(Value::Bool), "Whether the first argument equals one of the others", r#"{{ eq "a" "b" "a" }}"#, "true"),
    function("ne", &[Raw, Raw], None, |r, v| Ok(Value::Bool(!equal(r, v)?)), "Whether two values differ", "{{ ne 1 2 }}", "true"),
    function("lt", &[Raw, Raw], None, |_, v| Ok(Value::Bool(less(v)?)), "Whether the first value is less than the second", "{{ lt 1 2 }}", "true"),
    function("le", &[Raw, Raw], None, |r, v| Ok(Value::Bool(less(v)? || equal(r, v)?)), "Whether the first value is less than the second or equal to it", "{{ le 2 2 }}", "true"),
    function("gt", &[Raw, Raw], None, |r, v| Ok(Value::Bool(!(less(v)? || equal(r, v)?))), "Whether the first value is greater than the second", "{{ gt 2 1 }}", "true"),
    function("ge", &[Raw, Raw], None, |_, v| Ok(Value::Bool(!less(v)?)), "Whether the first value is greater than the second or equal to it", "{{ ge 2 2 }}", "true"),
];

/// An argument; the number of them was checked before the call.
pub fn arg(values: &[Value], index: usize) -> &Value {
    values.get(index).unwrap_or(&Value::Missing)
}

fn length(value: &Value) -> Outcome<Value> {
    let length = match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.items.len(),
        Value::Map(map) => map.len(),
        Value::Nil | Value::Missing => return Err(Fault::value("len of nil pointer")),
        other => return Err(Fault::value(format!("len of type {}", other.type_name()))),
    };
    Ok(Value::Int(length as i64))
}

fn index(values: &[Value]) -> Outcome<Value> {
    let mut item = arg(values, 0).clone();
    if item.is_nil() {
        return Err(Fault::value("index of untyped nil"));
    }
    for index in values.iter().skip(1) {
        item = match &item {
            Value::Missing | Value::Nil => return Err(Fault::value("index of nil pointer")),
            Value::Text(text) => {
                let at = position(index, text.len())?;
                text.as_bytes().get(at).map(|byte| Value::Byte(*byte)).ok_or_else(|| out_of_range(at))?
            }
            Value::List(list) => {
                let at = position(index, list.items.len())?;
                list.items.get(at).cloned().ok_or_else(|| out_of_range(at))?
            }
            Value::Map(map) => match index {
                Value::Text(key) => match map.get(key) {
                    Some(value) => value,
                    None if map.of_texts => Value::text(""),
                    None => Value::Nil,
                },
                Value::Missing | Value::Nil => {
                    return Err(Fault::value("value is nil; should be of type string"));
                }
                other => {
                    let message = format!("value has type {}; should be string", other.type_name());
                    return Err(Fault::value(message));
                }
            },
            other => {
                return Err(Fault::value(format!("can't index item of type {}", other.type_name())));
            }
        };
    }
    Ok(item)
}

fn out_of_range(index: usize) -> Box<Fault> {
    // Go's reflection refuses the index that is just one too large.
    Fault::value(format!("index out of range: {index}"))
}

/// An index, which may be as large as `most`.
fn position(index: &Value, most: usize) -> Outcome<usize> {
    let number = match index {
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => *number,
        Value::Byte(number) => i64::from(*number),
        Value::Uint64(number) => i64::try_from(*number).unwrap_or(-1),
        Value::Missing | Value::Nil => return Err(Fault::value("cannot index slice/array with nil")),
        other => {
            let message = format!("cannot index slice/array with type {}", other.type_name());
            return Err(Fault::value(message));
        }
    };
    match usize::try_from(number) {
        Ok(position) if position <= most => Ok(position),
        _ => Err(Fault::value(format!("index out of range: {number}"))),
    }
}

fn slice(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let item = arg(values, 0);
    let indexes = values.get(1..).unwrap_or_default();
    if item.is_nil() {
        return Err(Fault::value("slice of untyped nil"));
    }
    if indexes.len() > 3 {
        return Err(Fault::value(format!("too many slice indexes: {}", indexes.len())));
    }
    let length = match item {
        Value::Text(_) if indexes.len() == 3 => return Err(Fault::value("cannot 3-index slice a string")),
        Value::Text(text) => text.len(),
        Value::List(list) => list.items.len(),
        other => return Err(Fault::value(format!("can't slice item of type {}", other.type_name()))),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [start, end, most] = bounds;
    if start > end {
        return Err(Fault::value(format!("invalid slice index: {start} > {end}")));
    }
    if end > most {
        return Err(Fault::value(format!("invalid slice index: {end} > {most}")));
    }
    match item {
        Value::List(list) => {
            runtime.list(list.element, list.items.get(start..end).unwrap_or_default().to_vec())
        }
        Value::Text(text) => {
            let bytes = text.as_bytes().get(start..end).unwrap_or_default();
            runtime.text(super::value::text_of_bytes(bytes))
        }
        _ => Ok(Value::Nil),
    }
}

/// The classes within which values compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Basic {
    Bool,
    Integer,
    Float,
    Text,
}

/// The class of a value, and its number if it is an integer.
fn basic(value: &Value) -> Option<(Basic, i128)> {
    Some(match value {
        Value::Bool(flag) => (Basic::Bool, i128::from(*flag)),
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => {
            (Basic::Integer, i128::from(*number))
        }
        Value::Uint64(number) => (Basic::Integer, i128::from(*number)),
        Value::Byte(number) => (Basic::Integer, i128::from(*number)),
        Value::Month(month) => (Basic::Integer, i128::from(month.0)),
        Value::Weekday(day) => (Basic::Integer, i128::from(day.0)),
        Value::Float(_) => (Basic::Float, 0),
        Value::Text(_) => (Basic::Text, 0),
        _ => return None,
    })
}

fn incompatible(left: &Value, right: &Value) -> Box<Fault> {
    let message =
        format!("incompatible types for comparison: {} and {}", left.type_name(), right.type_name());
    let fault = Fault::value(message);
    match (left, right) {
        (Value::Float(_), Value::Int(_) | Value::Int64(_))
        | (Value::Int(_) | Value::Int64(_), Value::Float(_)) => {
            fault.hint("Numbers of the data are floats: write 3.0 for 3, or convert with int.")
        }
        _ => fault,
    }
}

fn equal(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<bool> {
    let left = arg(values, 0);
    if values.len() < 2 {
        return Err(Fault::value("missing argument for comparison"));
    }
    for right in values.iter().skip(1) {
        let same = match (basic(left), basic(right)) {
            (Some((Basic::Text, _)), Some((Basic::Text, _))) => {
                matches!((left, right), (Value::Text(a), Value::Text(b)) if a == b)
            }
            #[expect(clippy::float_cmp, reason = "Go compares the same way")]
            (Some((Basic::Float, _)), Some((Basic::Float, _))) => {
                matches!((left, right), (Value::Float(a), Value::Float(b)) if a == b)
            }
            (Some((a, left)), Some((b, right))) if a == b => left == right,
            (Some(_), Some(_)) => return Err(incompatible(left, right)),
            (None, None) => equal_others(runtime, left, right)?,
            _ if left.is_nil() || right.is_nil() => false,
            _ => return Err(incompatible(left, right)),
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Lists and maps compare with nil only.
fn equal_others(runtime: &Runtime<'_>, left: &Value, right: &Value) -> Outcome<bool> {
    let nils = (left.is_nil(), right.is_nil());
    if nils.0 || nils.1 {
        return Ok(nils.0 == nils.1);
    }
    if left.kind_name() != right.kind_name() {
        let message = format!(
            "non-comparable types {}: {}, {}: {}",
            print(runtime, left)?,
            left.type_name(),
            right.type_name(),
            print(runtime, right)?
        );
        return Err(Fault::value(message));
    }
    match right {
        Value::List(_) | Value::Map(_) => {
            let message = format!("non-comparable type {}: {}", print(runtime, right)?, right.type_name());
            Err(Fault::value(message).hint("Compare lists and dicts with deepEqual."))
        }
        _ => runtime.equals(left, right),
    }
}

fn less(values: &[Value]) -> Outcome<bool> {
    let (left, right) = (arg(values, 0), arg(values, 1));
    let (Some((a, left_number)), Some((b, right_number))) = (basic(left), basic(right)) else {
        return Err(Fault::value("invalid type for comparison"));
    };
    if a != b {
        return Err(incompatible(left, right));
    }
    Ok(match (left, right) {
        (Value::Bool(_), _) => return Err(Fault::value("invalid type for comparison")),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right) == Some(Ordering::Less),
        (Value::Text(left), Value::Text(right)) => left < right,
        _ => left_number < right_number,
    })
}

/// The arguments as one text, as actions would print them.
fn plain(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<String> {
    if let [value] = values {
        return print(runtime, value);
    }
    let shown: Vec<Value> = values
        .iter()
        .map(|value| if value.is_nil() { Value::text("<no value>") } else { value.clone() })
        .collect();
    sprint(runtime, &shown)
}

fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0' => out.push(char::REPLACEMENT_CHARACTER),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

fn escape_javascript(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' | '>' | '&' | '=' => out.push_str(&format!("\\u{:04X}", u32::from(character))),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_ascii() || is_printable(c) => out.push(c),
            c => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
    out
}

/// A list of values, for functions that answer with one.
pub fn any_list(runtime: &Runtime<'_>, items: Vec<Value>) -> Outcome<Value> {
    runtime.list(Element::Any, items)
}
