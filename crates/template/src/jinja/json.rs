//! `json.dumps`, as `tojson` and `jsonify` use it.

use std::fmt::Write as _;

use crate::error::{Fault, Outcome};
use crate::jinja::printing::print_float;
use crate::jinja::value::{Heap, Key, Value};

/// How JSON is written.
#[derive(Clone, Copy, Debug)]
pub struct Style<'i> {
    /// What a level is indented by; `None` for one line.
    pub indent: Option<&'i str>,
    /// Escapes what HTML would read as markup.
    pub html: bool,
}

/// JSON with sorted keys and nothing but ASCII.
pub fn dump(value: &Value, style: Style<'_>, heap: &Heap) -> Outcome<String> {
    let mut out = String::new();
    write_value(value, style, 0, heap, &mut out)?;
    heap.meter.allocate(out.len())?;
    Ok(out)
}

fn write_value(value: &Value, style: Style<'_>, level: usize, heap: &Heap, out: &mut String) -> Outcome<()> {
    heap.meter.enter()?;
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => write_float(*number, out),
        Value::Text(text) | Value::Safe(text) => write_text(text, style, out),
        Value::List(items) => write_items(&items.borrow(), style, level, heap, out)?,
        Value::Tuple(items) => write_items(items, style, level, heap, out)?,
        Value::Map(map) => {
            let map = map.borrow();
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map.iter() {
                entries.push((key, value));
            }
            let kinds = entries.iter().map(|(key, _)| std::mem::discriminant(*key));
            if kinds.collect::<Vec<_>>().windows(2).any(|pair| pair.first() != pair.last()) {
                return Err(
                    Fault::value("keys of different types cannot be sorted").hint("Make all keys text.")
                );
            }
            entries.sort_by(|(left, _), (right, _)| match (left, right) {
                (Key::Text(left), Key::Text(right)) => left.cmp(right),
                (Key::Integer(left), Key::Integer(right)) => left.cmp(right),
                (Key::Bool(left), Key::Bool(right)) => left.cmp(right),
                (Key::Float(left), Key::Float(right)) => left.total_cmp(right),
                _ => std::cmp::Ordering::Equal,
            });
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                separate(index, style, level + 1, heap, out)?;
                write_key(key, style, out)?;
                out.push_str(": ");
                write_value(value, style, level + 1, heap, out)?;
            }
            close(entries.is_empty(), style, level, out);
            out.push('}');
        }
        Value::Undefined(missing) => return Err(missing.fault()),
        other => {
            return Err(Fault::value(format!(
                "Object of type {} is not JSON serializable",
                other.type_name()
            ))
            .hint("Add |list before."));
        }
    }
    heap.meter.leave();
    if out.len() > heap.meter.output {
        return Err(Fault::budget("the template prints too much"));
    }
    Ok(())
}

fn write_items(
    items: &[Value],
    style: Style<'_>,
    level: usize,
    heap: &Heap,
    out: &mut String,
) -> Outcome<()> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        separate(index, style, level + 1, heap, out)?;
        write_value(item, style, level + 1, heap, out)?;
    }
    close(items.is_empty(), style, level, out);
    out.push(']');
    Ok(())
}

/// The comma, and where the style has lines, the next one.
fn separate(index: usize, style: Style<'_>, level: usize, heap: &Heap, out: &mut String) -> Outcome<()> {
    match style.indent {
        None if index > 0 => out.push_str(", "),
        None => {}
        Some(indent) => {
            heap.meter.spend((level * indent.len()) as u64 / 64)?;
            out.push_str(if index > 0 { ",\n" } else { "\n" });
            out.extend(std::iter::repeat_n(indent, level));
        }
    }
    Ok(())
}

fn close(empty: bool, style: Style<'_>, level: usize, out: &mut String) {
    if let Some(indent) = style.indent.filter(|_| !empty) {
        out.push('\n');
        out.extend(std::iter::repeat_n(indent, level));
    }
}

fn write_float(number: f64, out: &mut String) {
    if number.is_nan() {
        out.push_str("NaN");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        print_float(number, out);
    }
}

fn write_key(key: &Key, style: Style<'_>, out: &mut String) -> Outcome<()> {
    match key {
        Key::Text(text) => write_text(text, style, out),
        Key::None => out.push_str("\"null\""),
        Key::Bool(value) => out.push_str(if *value { "\"true\"" } else { "\"false\"" }),
        Key::Integer(number) => {
            let _ = write!(out, "\"{number}\"");
        }
        Key::Float(number) => {
            out.push('"');
            write_float(*number, out);
            out.push('"');
        }
        Key::Tuple(_) => return Err(Fault::value("keys must be str, int, float, bool or None, not tuple")),
    }
    Ok(())
}

fn write_text(text: &str, style: Style<'_>, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\'' if style.html => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            ' '..='~' => out.push(c),
            c => {
                let mut buffer = [0; 2];
                for unit in c.encode_utf16(&mut buffer) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}
