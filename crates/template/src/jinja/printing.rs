//! How Python prints its values.

use std::fmt::Write as _;

use crate::error::{Fault, Outcome};
use crate::jinja::object::Object;
use crate::jinja::value::{Heap, Key, Missing, Value, View};

/// Python's `str(value)`, which is what `{{ }}` prints. Something undefined is an error.
pub fn print(value: &Value, heap: &Heap, out: &mut String) -> Outcome<()> {
    match value {
        Value::Text(text) | Value::Safe(text) => {
            heap.meter.spend(1 + text.len() as u64 / 64)?;
            out.push_str(text);
            Ok(())
        }
        Value::Undefined(missing) if matches!(**missing, Missing::Nothing) => Ok(()),
        Value::Undefined(missing) => Err(missing.fault()),
        other => represent(other, heap, out),
    }
}

/// As [`print`], to a text of its own.
pub fn text_of(value: &Value, heap: &Heap) -> Outcome<String> {
    let mut out = String::new();
    print(value, heap, &mut out)?;
    heap.meter.allocate(out.len())?;
    Ok(out)
}

/// Python's `repr(value)`, which is how it prints what lies in a container.
pub fn represent(value: &Value, heap: &Heap, out: &mut String) -> Outcome<()> {
    heap.meter.enter()?;
    let before = out.len();
    match value {
        Value::Undefined(_) => out.push_str("Undefined"),
        Value::None => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Float(number) => print_float(*number, out),
        Value::Text(text) => quote(text, out),
        Value::Safe(text) => {
            out.push_str("Markup(");
            quote(text, out);
            out.push(')');
        }
        Value::List(items) => {
            out.push('[');
            represent_all(&items.borrow(), heap, out)?;
            out.push(']');
        }
        Value::Tuple(items) => {
            out.push('(');
            represent_all(items, heap, out)?;
            out.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
        Value::Map(map) => represent_map(&map.borrow(), heap, out)?,
        Value::Range(range) => {
            let _ = write!(out, "range({}, {}", range.start, range.stop);
            if range.step != 1 {
                let _ = write!(out, ", {}", range.step);
            }
            out.push(')');
        }
        Value::View(view, map) => {
            out.push_str(value.type_name());
            out.push_str("([");
            for (index, (key, item)) in map.borrow().iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                match view {
                    View::Keys => represent_key(key, out),
                    View::Values => represent(item, heap, out)?,
                    View::Items => {
                        out.push('(');
                        represent_key(key, out);
                        out.push_str(", ");
                        represent(item, heap, out)?;
                        out.push(')');
                    }
                }
            }
            out.push_str("])");
        }
        Value::Stream(_) => {
            return Err(Fault::value("a generator is printed, which shows an address in memory")
                .hint("Add |list or |join to the filter that made it."));
        }
        Value::Object(object) => represent_object(object, heap, out)?,
    }
    heap.meter.leave();
    let written = out.len() - before;
    if written > heap.meter.output {
        return Err(Fault::budget("the template prints too much"));
    }
    heap.meter.spend(written as u64 / 64)
}

fn represent_object(object: &Object, heap: &Heap, out: &mut String) -> Outcome<()> {
    match object {
        Object::Namespace(map) => {
            out.push_str("<Namespace ");
            represent_map(&map.borrow(), heap, out)?;
            out.push('>');
        }
        Object::Macro(found) => {
            out.push_str("<Macro ");
            quote(&found.definition.name, out);
            out.push('>');
        }
        Object::Loop(state) => {
            let _ = write!(out, "<LoopContext {}/{}>", state.index.get() + 1, state.items.len());
        }
        other => {
            let message = format!("a {} is printed, which shows an address in memory", other.type_name());
            return Err(Fault::value(message).hint("Call it, with parentheses behind its name."));
        }
    }
    Ok(())
}

fn represent_all(items: &[Value], heap: &Heap, out: &mut String) -> Outcome<()> {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        represent(item, heap, out)?;
    }
    Ok(())
}

fn represent_map(map: &crate::jinja::value::Map, heap: &Heap, out: &mut String) -> Outcome<()> {
    out.push('{');
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        represent_key(key, out);
        out.push_str(": ");
        represent(value, heap, out)?;
    }
    out.push('}');
    Ok(())
}

fn represent_key(key: &Key, out: &mut String) {
    match key {
        Key::None => out.push_str("None"),
        Key::Bool(value) => out.push_str(if *value { "True" } else { "False" }),
        Key::Integer(number) => {
            let _ = write!(out, "{number}");
        }
        Key::Float(number) => print_float(*number, out),
        Key::Text(text) => quote(text, out),
        Key::Tuple(items) => {
            out.push('(');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                represent_key(item, out);
            }
            out.push_str(if items.len() == 1 { ",)" } else { ")" });
        }
    }
}

/// The shortest digits that read back as the same number, with an exponent from 1e16 and below 1e-4.
pub fn print_float(number: f64, out: &mut String) {
    if number.is_nan() {
        out.push_str("nan");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { "inf" } else { "-inf" });
    } else {
        let scientific = format!("{number:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        if number != 0.0 && !(-4..16).contains(&exponent) {
            let sign = if exponent < 0 { '-' } else { '+' };
            let _ = write!(out, "{digits}e{sign}{:02}", exponent.abs());
        } else {
            let plain = number.to_string();
            out.push_str(&plain);
            if !plain.contains('.') {
                out.push_str(".0");
            }
        }
    }
}

/// Text in quotes: double ones only where there is a single one in it and no double one.
pub fn quote(text: &str, out: &mut String) {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == mark => {
                out.push('\\');
                out.push(c);
            }
            c if is_printable(c) => out.push(c),
            c => {
                let code = c as u32;
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(mark);
}

/// Whether Python prints the character as it is. Rust knows the same, except for what continues a character.
pub fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let mut escaped = ['a', c].iter().collect::<String>();
    escaped = escaped.escape_debug().collect();
    !escaped.contains("\\u{")
}
