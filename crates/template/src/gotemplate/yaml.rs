//! YAML as Kubernetes' tools write it: keys sorted, lists not indented, texts in the first style that is safe.

use std::cmp::Ordering;
use std::rc::Rc;

use fairway_yaml::Limits;
use serde_json::Value as Json;

use super::builtins::arg;
use super::number::{format_float, json_float};
use super::registry::Kind::{Any, Text};
use super::registry::{Function, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::{Entries, List, Map, Value};
use super::yaml_text::{Style, style};
use crate::error::{Fault, Outcome};

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("toYaml", &[Any], None, to_yaml, "The value as YAML, without the last line break", r#"{{ toYaml (dict "a" (list 1 "yes")) | quote }}"#, r#""a:\n- 1\n- \"yes\"""#),
    function("fromYaml", &[Text], None, |r, v| match read(r, text(v, 0))? {
        Json::Null => Ok(Value::Map(r.map(Entries::new())?)),
        json @ Json::Object(_) => Ok(adopted(r, &json)),
        other => Err(mismatch(&other, "map[string]interface {}")),
    }, "The dict that YAML stands for", r#"{{ (fromYaml "a: {b: 1}").a.b }}"#, "1"),
    function("fromYamlArray", &[Text], None, |r, v| match read(r, text(v, 0))? {
        Json::Null => super::builtins::any_list(r, Vec::new()),
        json @ Json::Array(_) => Ok(adopted(r, &json)),
        other => Err(mismatch(&other, "[]interface {}")),
    }, "The list that YAML stands for", r#"{{ fromYamlArray "[a, b]" | last }}"#, "b"),
];

fn adopted(runtime: &Runtime<'_>, json: &Json) -> Value {
    Value::of_json(json, &mut |map| runtime.adopt(map))
}

fn mismatch(json: &Json, wanted: &str) -> Box<Fault> {
    let is = match json {
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) | Json::Null => "object",
    };
    Fault::value(format!("the YAML holds a {is}, which cannot be taken as {wanted}"))
}

fn read(runtime: &Runtime<'_>, text: &str) -> Outcome<Json> {
    runtime.meter.allocate(text.len().saturating_mul(16))?;
    let limits = Limits { bytes: 4 << 20, documents: 100, depth: 100, nodes: 200_000 };
    let reading = fairway_yaml::read("value", text, &limits);
    if let Some(diagnostic) = reading.diagnostics.first() {
        let place =
            diagnostic.location.as_ref().map(|it| format!(" in line {}", it.line)).unwrap_or_default();
        return Err(Fault::value(format!("the text is not YAML{place}: {}", diagnostic.message)));
    }
    Ok(reading.documents.into_iter().next().map_or(Json::Null, |document| document.value))
}

fn to_yaml(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let mut writer = Writer { runtime, out: String::new() };
    writer.node(arg(values, 0), 0, Place::Root)?;
    runtime.text(writer.out.strip_suffix('\n').unwrap_or(&writer.out))
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    /// Behind `key:`.
    Entry,
    /// Behind a hyphen.
    Item,
}

struct Writer<'a> {
    runtime: &'a Runtime<'a>,
    out: String,
}

impl Writer<'_> {
    /// Writes a value and the line break behind it. `indent` is that of the collection around it.
    fn node(&mut self, value: &Value, indent: usize, place: Place) -> Outcome<()> {
        self.runtime.meter.enter()?;
        let before = self.out.len();
        let result = match value {
            Value::Map(map) if !map.is_empty() => self.mapping(map, indent, place),
            Value::List(list) if !list.items.is_empty() => self.sequence(list, indent, place),
            scalar => self.scalar(scalar, indent, place),
        };
        self.runtime.meter.leave();
        self.runtime.meter.allocate((self.out.len() - before) / 4 + indent)?;
        result
    }

    fn pad(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    fn mapping(&mut self, map: &Map, indent: usize, place: Place) -> Outcome<()> {
        let inner = if place == Place::Root { indent } else { indent + 2 };
        let mut entries = map.snapshot();
        entries.sort_by(|(left, _), (right, _)| compare_keys(left, right));
        self.runtime.meter.spend(entries.len() as u64)?;
        if place == Place::Entry {
            self.out.push('\n');
        }
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 || place != Place::Item {
                self.pad(inner);
            }
            self.key(key);
            self.node(value, inner, Place::Entry)?;
        }
        Ok(())
    }

    fn key(&mut self, key: &Rc<str>) {
        let style = match style(key, true) {
            Style::Literal => Style::DoubleQuoted,
            other => other,
        };
        self.text(key, style, None);
        self.out.push(':');
    }

    /// A list in a dict stands at the dict's own indentation.
    fn sequence(&mut self, list: &List, indent: usize, place: Place) -> Outcome<()> {
        let inner = if place == Place::Item { indent + 2 } else { indent };
        if place == Place::Entry {
            self.out.push('\n');
        }
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 || place != Place::Item {
                self.pad(inner);
            }
            self.out.push('-');
            if matches!(item, Value::Map(map) if !map.is_empty())
                || matches!(item, Value::List(list) if !list.items.is_empty())
            {
                self.out.push(' ');
            }
            self.node(item, inner, Place::Item)?;
        }
        Ok(())
    }

    fn scalar(&mut self, value: &Value, indent: usize, place: Place) -> Outcome<()> {
        if place != Place::Root {
            self.out.push(' ');
        }
        match value {
            Value::Text(text) => self.value_text(text, indent),
            Value::Map(_) => self.out.push_str("{}"),
            Value::List(_) => self.out.push_str("[]"),
            Value::Missing | Value::Nil => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Float(number) if !number.is_finite() => {
                let text = super::number::print_float(*number);
                return Err(Fault::value(format!("json: unsupported value: {text}")));
            }
            Value::Float(number) => {
                // Numbers pass through JSON, where whole ones lose their exponent.
                let json = json_float(*number);
                let is_whole =
                    json.len() < 20 && json.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                self.out.push_str(&if is_whole { json } else { format_float(*number, 'g', None) });
            }
            Value::Int(number) | Value::Int64(number) | Value::Duration(number) => {
                self.out.push_str(&number.to_string());
            }
            Value::Uint64(number) => self.out.push_str(&number.to_string()),
            Value::Byte(number) => self.out.push_str(&number.to_string()),
            Value::Month(month) => self.out.push_str(&month.0.to_string()),
            Value::Weekday(day) => self.out.push_str(&day.0.to_string()),
            Value::Time(moment) => {
                let text = moment.format("2006-01-02T15:04:05.999999999Z07:00");
                self.value_text(&text, indent);
            }
            Value::Version(version) => self.value_text(&version.to_string(), indent),
        }
        self.out.push('\n');
        Ok(())
    }

    fn value_text(&mut self, text: &str, indent: usize) {
        self.text(text, style(text, false), Some(indent + 2));
    }

    /// Writes a text; lines that go on are indented by `indent`, and without one nothing is broken.
    fn text(&mut self, text: &str, style: Style, indent: Option<usize>) {
        match style {
            Style::Plain => self.folded(text, indent),
            Style::SingleQuoted => {
                self.out.push('\'');
                self.folded(&text.replace('\'', "''"), indent);
                self.out.push('\'');
            }
            Style::DoubleQuoted => self.double_quoted(text, indent),
            Style::Literal => self.literal(text, indent.unwrap_or(2)),
        }
    }

    fn column(&self) -> usize {
        self.out.chars().rev().take_while(|c| *c != '\n').take(WIDTH + 2).count()
    }

    /// Breaks at single spaces beyond the width.
    fn folded(&mut self, text: &str, indent: Option<usize>) {
        let mut column = self.column();
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            let breaks = character == ' '
                && before.is_some_and(|c| c != ' ')
                && next.is_some_and(|c| c != ' ')
                && column > WIDTH;
            if let (true, Some(indent)) = (breaks, indent) {
                self.out.push('\n');
                self.pad(indent);
                column = indent;
            } else {
                self.out.push(character);
                column += 1;
            }
            before = Some(character);
        }
    }

    fn double_quoted(&mut self, text: &str, indent: Option<usize>) {
        self.out.push('"');
        let mut column = self.column();
        let mut after_space = false;
        for (index, character) in text.char_indices() {
            let rest = text.get(index + character.len_utf8()..).unwrap_or_default();
            if character == ' '
                && !after_space
                && column > WIDTH
                && index > 0
                && !rest.is_empty()
                && indent.is_some()
            {
                self.out.push('\n');
                self.pad(indent.unwrap_or(0));
                column = indent.unwrap_or(0);
                if rest.starts_with(' ') {
                    self.out.push('\\');
                    column += 1;
                }
                after_space = true;
                continue;
            }
            let escaped = super::yaml_text::escape(character);
            column += escaped.chars().count();
            self.out.push_str(&escaped);
            after_space = character == ' ';
        }
        self.out.push('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n']) {
            self.out.push('2');
        }
        let body = text.trim_end_matches('\n');
        let breaks = text.len() - body.len();
        match breaks {
            0 => self.out.push('-'),
            1 if !body.is_empty() => {}
            _ => self.out.push('+'),
        }
        for line in body.split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.pad(indent);
                self.out.push_str(line);
            }
        }
        for _ in 1..breaks {
            self.out.push('\n');
        }
    }
}

/// The column behind which lines are broken.
const WIDTH: usize = 80;

/// Letters come after everything else, and numbers within keys count as numbers.
fn compare_keys(left: &str, right: &str) -> Ordering {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    for (index, (a, b)) in left.iter().zip(&right).enumerate() {
        if a == b {
            continue;
        }
        match (a.is_alphabetic(), b.is_alphabetic()) {
            (true, true) => return a.cmp(b),
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {}
        }
        let nonzero_before = (*a == '0' || *b == '0')
            && left.iter().take(index).rev().take_while(|c| c.is_ascii_digit()).any(|c| *c != '0');
        let number = |characters: &[char]| {
            characters
                .iter()
                .skip(index)
                .map_while(|c| c.to_digit(10))
                .fold((u64::from(nonzero_before), 0), |(n, length), digit| {
                    (n.wrapping_mul(10).wrapping_add(u64::from(digit)), length + 1)
                })
        };
        return number(&left).cmp(&number(&right)).then_with(|| a.cmp(b));
    }
    left.len().cmp(&right.len())
}
