//! JSON as Go writes and reads it.

use super::builtins::arg;
use super::number::json_float;
use super::registry::Kind::{Any, Text};
use super::registry::{Function, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::Value;
use crate::error::{Fault, Outcome, TemplateErrorKind};

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("toJson", &[Any], None, |r, v| forgiving(r, to_json(r, v, Style::Compact)), "The value as JSON, safe within HTML", r#"{{ toJson (dict "a" 1) }}"#, r#"{"a":1}"#),
    function("mustToJson", &[Any], None, |r, v| to_json(r, v, Style::Compact), "The same as toJson", "{{ mustToJson (list 1 2) }}", "[1,2]"),
    function("toPrettyJson", &[Any], None, |r, v| forgiving(r, to_json(r, v, Style::Pretty)), "The value as JSON with indentation", "{{ toPrettyJson (list 1) | quote }}", r#""[\n  1\n]""#),
    function("mustToPrettyJson", &[Any], None, |r, v| to_json(r, v, Style::Pretty), "The same as toPrettyJson", "{{ mustToPrettyJson (list) }}", "[]"),
    function("toRawJson", &[Any], None, |r, v| forgiving(r, to_json(r, v, Style::Raw)), "The value as JSON with HTML's characters as they are", r#"{{ toRawJson "<a>" }}"#, r#""<a>""#),
    function("mustToRawJson", &[Any], None, |r, v| to_json(r, v, Style::Raw), "The same as toRawJson", r#"{{ mustToRawJson "<a>" }}"#, r#""<a>""#),
    function("fromJson", &[Text], None, |r, v| match read(r, text(v, 0)) {
        Err(fault) if fault.kind == TemplateErrorKind::Value => Ok(Value::Nil),
        result => result,
    }, "The value that JSON stands for, or nothing for broken JSON", r#"{{ (fromJson "{\"a\":1}").a }}"#, "1"),
    function("mustFromJson", &[Text], None, |r, v| read(r, text(v, 0)), "The same, with an error for broken JSON", r#"{{ mustFromJson "[1,2]" }}"#, "[1 2]"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Compact,
    Pretty,
    Raw,
}

/// What cannot be written is an empty text.
fn forgiving(_: &Runtime<'_>, result: Outcome<Value>) -> Outcome<Value> {
    match result {
        Err(fault) if fault.kind == TemplateErrorKind::Value => Ok(Value::text("")),
        result => result,
    }
}

fn to_json(runtime: &Runtime<'_>, values: &[Value], style: Style) -> Outcome<Value> {
    let mut writer = Writer { runtime, style, depth: 0, out: String::new() };
    writer.write(arg(values, 0))?;
    runtime.text(&writer.out)
}

struct Writer<'a> {
    runtime: &'a Runtime<'a>,
    style: Style,
    depth: usize,
    out: String,
}

impl Writer<'_> {
    fn write(&mut self, value: &Value) -> Outcome<()> {
        self.runtime.meter.enter()?;
        let before = self.out.len();
        let result = self.write_value(value);
        self.runtime.meter.leave();
        self.runtime.meter.allocate(self.out.len().saturating_sub(before) / 4)?;
        result
    }

    fn write_value(&mut self, value: &Value) -> Outcome<()> {
        match value {
            Value::Missing | Value::Nil => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) | Value::Duration(number) => {
                self.out.push_str(&number.to_string());
            }
            Value::Uint64(number) => self.out.push_str(&number.to_string()),
            Value::Byte(number) => self.out.push_str(&number.to_string()),
            Value::Month(month) => self.out.push_str(&month.0.to_string()),
            Value::Weekday(day) => self.out.push_str(&day.0.to_string()),
            Value::Float(number) if number.is_finite() => self.out.push_str(&json_float(*number)),
            Value::Float(number) => {
                let text = super::number::print_float(*number);
                return Err(Fault::value(format!("json: unsupported value: {text}")));
            }
            Value::Text(text) => self.text(text),
            Value::Time(moment) => self.text(&moment.format("2006-01-02T15:04:05.999999999Z07:00")),
            Value::Version(version) => self.text(&version.to_string()),
            Value::List(list) => {
                self.open('[');
                for (index, item) in list.items.iter().enumerate() {
                    self.separate(index);
                    self.write(item)?;
                }
                self.close(']', list.items.is_empty());
            }
            Value::Map(map) => {
                self.open('{');
                for (index, (key, item)) in map.snapshot().into_iter().enumerate() {
                    self.separate(index);
                    self.text(&key);
                    self.out.push_str(if self.style == Style::Pretty { ": " } else { ":" });
                    self.write(&item)?;
                }
                self.close('}', map.is_empty());
            }
        }
        Ok(())
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.line_break();
    }

    fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.line_break();
        }
        self.out.push(bracket);
    }

    fn line_break(&mut self) {
        if self.style == Style::Pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '<' | '>' | '&' if self.style != Style::Raw => self.escape(character),
                '\u{2028}' | '\u{2029}' => self.escape(character),
                c if u32::from(c) < 0x20 => self.escape(c),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, character: char) {
        self.out.push_str(&format!("\\u{:04x}", u32::from(character)));
    }
}

fn read(runtime: &Runtime<'_>, text: &str) -> Outcome<Value> {
    // A value takes more room than its text.
    runtime.meter.allocate(text.len().saturating_mul(8))?;
    let json =
        serde_json::from_str(text).map_err(|error| Fault::value(format!("the text is not JSON: {error}")))?;
    Ok(Value::of_json(&json, &mut |map| runtime.adopt(map)))
}
