//! `JSON.stringify`.

use std::fmt::Write as _;

use crate::budget::Meter;
use crate::error::{Fault, Outcome};
use crate::nunjucks::number;
use crate::nunjucks::text::Text;
use crate::nunjucks::value::{NESTING, Value};

/// The value as JSON, `None` for what JSON has no word for. `spaces` is a count or the indentation itself.
pub fn dump_value(value: &Value, spaces: &Value, meter: &Meter) -> Outcome<Option<String>> {
    let indentation = match spaces {
        Value::Number(count) if *count >= 1.0 => " ".repeat(count.min(10.0) as usize),
        Value::String(text) => text.slice(0, 10).to_str().into_owned(),
        _ => String::new(),
    };
    let mut writer = Writer { out: String::new(), indentation, meter };
    Ok(writer.value(value, 0)?.then_some(writer.out))
}

struct Writer<'m> {
    out: String,
    indentation: String,
    meter: &'m Meter,
}

impl Writer<'_> {
    /// Writes a value; `false` when there is none to write.
    fn value(&mut self, value: &Value, depth: usize) -> Outcome<bool> {
        if depth > NESTING {
            return Err(Fault::too_deep());
        }
        self.meter.spend(1)?;
        match value {
            Value::Undefined | Value::Function(_) => return Ok(false),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) if number.is_finite() => self.out.push_str(&number::print(*number)),
            Value::Null | Value::Number(_) => self.out.push_str("null"),
            Value::String(text) => self.text(text)?,
            Value::Pattern(_) => self.out.push_str("{}"),
            Value::Safe(text) => {
                let members = [
                    ("val".into(), Value::String((**text).clone())),
                    ("length".into(), Value::integer(text.len())),
                ];
                self.members(members.iter().map(|(key, value)| (key, value)), depth)?;
            }
            Value::Record(record) => self.members(record.0.borrow().iter(), depth)?,
            Value::List(list) => {
                self.out.push('[');
                for (index, item) in list.0.borrow().iter().enumerate() {
                    self.separate(index > 0, depth + 1)?;
                    if !self.value(item, depth + 1)? {
                        self.out.push_str("null");
                    }
                }
                self.close(']', !list.0.borrow().is_empty(), depth)?;
            }
        }
        Ok(true)
    }

    fn members<'v>(
        &mut self,
        members: impl Iterator<Item = (&'v std::rc::Rc<str>, &'v Value)>,
        depth: usize,
    ) -> Outcome<()> {
        self.out.push('{');
        let mut any = false;
        for (key, value) in members {
            if matches!(value, Value::Undefined | Value::Function(_)) {
                continue;
            }
            self.separate(any, depth + 1)?;
            any = true;
            self.text(&Text::Plain(std::rc::Rc::clone(key)))?;
            self.out.push_str(if self.indentation.is_empty() { ":" } else { ": " });
            self.value(value, depth + 1)?;
        }
        self.close('}', any, depth)
    }

    fn separate(&mut self, comma: bool, depth: usize) -> Outcome<()> {
        if comma {
            self.out.push(',');
        }
        self.line(depth)
    }

    fn close(&mut self, bracket: char, any: bool, depth: usize) -> Outcome<()> {
        if any {
            self.line(depth)?;
        }
        self.out.push(bracket);
        Ok(())
    }

    fn line(&mut self, depth: usize) -> Outcome<()> {
        if !self.indentation.is_empty() {
            self.meter.allocate(depth * self.indentation.len() + 1)?;
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str(&self.indentation);
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &Text) -> Outcome<()> {
        self.meter.allocate(text.size() + 2)?;
        self.out.push('"');
        for character in char::decode_utf16(text.units().iter().copied()) {
            match character {
                Ok('"') => self.out.push_str("\\\""),
                Ok('\\') => self.out.push_str("\\\\"),
                Ok('\n') => self.out.push_str("\\n"),
                Ok('\r') => self.out.push_str("\\r"),
                Ok('\t') => self.out.push_str("\\t"),
                Ok('\u{8}') => self.out.push_str("\\b"),
                Ok('\u{c}') => self.out.push_str("\\f"),
                Ok(control @ '\0'..='\u{1f}') => {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(control));
                }
                Ok(other) => self.out.push(other),
                Err(lone) => {
                    let _ = write!(self.out, "\\u{:04x}", lone.unpaired_surrogate());
                }
            }
        }
        self.out.push('"');
        Ok(())
    }
}
