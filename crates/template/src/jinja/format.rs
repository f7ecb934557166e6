//! `'{} and {name:>8}'.format(values)`

use crate::error::{Fault, Outcome};
use crate::jinja::access;
use crate::jinja::call::Arguments;
use crate::jinja::numerals::{digits, exponential, general, group, special};
use crate::jinja::printing::{print_float, represent, text_of};
use crate::jinja::value::{Heap, Value};

const WIDEST: usize = 10_000;

struct Formatter<'a> {
    heap: &'a Heap,
    arguments: &'a Arguments,
    /// The number of the next field without a name; `None` once fields have numbers.
    automatic: Option<usize>,
    numbered: bool,
}

/// Python's `format.format(arguments)`.
pub fn format(format: &str, arguments: &Arguments, heap: &Heap) -> Outcome<String> {
    let mut formatter = Formatter { heap, arguments, automatic: Some(0), numbered: false };
    formatter.run(format, 2)
}

impl Formatter<'_> {
    fn run(&mut self, format: &str, nesting: usize) -> Outcome<String> {
        let mut out = String::new();
        let mut rest = format;
        loop {
            self.heap.meter.spend(1)?;
            if out.len() > self.heap.meter.output {
                return Err(Fault::budget("the template prints too much"));
            }
            let Some(place) = rest.find(['{', '}']) else {
                out.push_str(rest);
                return Ok(out);
            };
            let (before, brace) = rest.split_at(place);
            out.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                out.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                out.push('}');
                rest = after;
            } else if let Some(after) = brace.strip_prefix('{') {
                let end = field_end(after).ok_or_else(|| {
                    Fault::value("expected '}' before end of string").hint("Write {{ for a brace itself.")
                })?;
                let (field, after) = after.split_at(end);
                if nesting == 0 {
                    return Err(Fault::value("Max string recursion exceeded"));
                }
                out.push_str(&self.field(field, nesting)?);
                rest = after.get(1..).unwrap_or_default();
            } else {
                return Err(Fault::value("Single '}' encountered in format string")
                    .hint("Write }} for a brace itself."));
            }
        }
    }

    fn field(&mut self, field: &str, nesting: usize) -> Outcome<String> {
        let mut in_brackets = false;
        let split = field.find(|c: char| {
            match c {
                '[' => in_brackets = true,
                ']' => in_brackets = false,
                _ => {}
            }
            !in_brackets && matches!(c, '!' | ':')
        });
        let (name, rest) = field.split_at(split.unwrap_or(field.len()));
        let (conversion, rest) = match rest.strip_prefix('!') {
            Some(rest) => (rest.chars().next(), rest.get(1..).unwrap_or_default()),
            None => (None, rest),
        };
        let specification = rest.strip_prefix(':').unwrap_or_default();
        let mut value = self.value(name)?;
        match conversion {
            None => {}
            Some('s') => value = self.heap.text(text_of(&value, self.heap)?)?,
            Some('r' | 'a') => {
                let mut text = String::new();
                represent(&value, self.heap, &mut text)?;
                value = self.heap.text(text)?;
            }
            Some(other) => return Err(Fault::value(format!("unknown conversion specifier '{other}'"))),
        }
        let specification = self.run(specification, nesting - 1)?;
        apply(&value, &specification, self.heap)
    }

    fn value(&mut self, name: &str) -> Outcome<Value> {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (first, mut path) = name.split_at(end);
        let index = if first.is_empty() {
            let Some(next) = self.automatic.as_mut().filter(|_| !self.numbered) else {
                return Err(Fault::value(
                    "cannot switch from manual field specification to automatic field numbering",
                ));
            };
            *next += 1;
            Some(*next - 1)
        } else if first.chars().all(|c| c.is_ascii_digit()) {
            if self.automatic.is_some_and(|next| next > 0) {
                return Err(Fault::value(
                    "cannot switch from automatic field numbering to manual field specification",
                ));
            }
            self.numbered = true;
            first.parse().ok()
        } else {
            None
        };
        let found = match index {
            Some(index) => self.arguments.positional.get(index),
            None => self.arguments.named.iter().find(|(known, _)| **known == *first).map(|(_, value)| value),
        };
        let mut value = found.cloned().ok_or_else(|| {
            Fault::value(match index {
                Some(index) => format!("the format has no value number {index}"),
                None => format!("the format has no value '{first}'"),
            })
        })?;
        while !path.is_empty() {
            let next = if let Some(rest) = path.strip_prefix('[') {
                let end = rest.find(']').ok_or_else(|| Fault::value("Missing ']' in format string"))?;
                let (key, rest) = rest.split_at(end);
                path = rest.get(1..).unwrap_or_default();
                let key = key.parse().map_or_else(|_| Value::Text(key.into()), Value::Integer);
                access::item(&value, &key, self.heap)?
            } else {
                let rest = path.strip_prefix('.').unwrap_or(path);
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (attribute, rest) = rest.split_at(end);
                path = rest;
                if matches!(value, Value::Map(_)) {
                    return Err(Fault::value(format!("'dict' object has no attribute '{attribute}'"))
                        .hint(format!("Write [{attribute}] in the format.")));
                }
                access::attribute(&value, attribute, self.heap)?
            };
            value = next.defined()?.clone();
        }
        Ok(value)
    }
}

/// Where a field ends that began before `text`.
fn field_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(index),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[derive(Default)]
struct Specification {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    width: usize,
    separator: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

fn parse(text: &str) -> Outcome<Specification> {
    let wrong = || {
        Fault::value(format!("Invalid format specifier '{text}'"))
            .hint("It is fill, align, sign, width, .precision and type, such as >8 or 05.2f.")
    };
    let characters: Vec<char> = text.chars().collect();
    let get = |index: usize| characters.get(index).copied();
    let mut found = Specification::default();
    let mut index = 0;
    if get(1).is_some_and(|c| "<>=^".contains(c)) {
        found.fill = get(0);
        found.align = get(1);
        index = 2;
    } else if let Some(align) = get(0).filter(|c| "<>=^".contains(*c)) {
        found.align = Some(align);
        index = 1;
    }
    if let Some(sign) = get(index).filter(|c| "+- ".contains(*c)) {
        found.sign = Some(sign);
        index += 1;
    }
    if get(index) == Some('#') {
        found.alternate = true;
        index += 1;
    }
    if get(index) == Some('0') {
        found.fill = found.fill.or(Some('0'));
        found.align = found.align.or(Some('0'));
        index += 1;
    }
    let number = |index: &mut usize| -> Option<usize> {
        let mut number: Option<usize> = None;
        while let Some(digit) = get(*index).and_then(|c| c.to_digit(10)) {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit as usize));
            *index += 1;
        }
        number
    };
    found.width = number(&mut index).unwrap_or(0);
    if let Some(separator) = get(index).filter(|c| ",_".contains(*c)) {
        found.separator = Some(separator);
        index += 1;
    }
    if get(index) == Some('.') {
        index += 1;
        found.precision = Some(number(&mut index).ok_or_else(wrong)?);
    }
    found.kind = get(index);
    if index + usize::from(found.kind.is_some()) < characters.len() {
        return Err(wrong());
    }
    if found.width > WIDEST || found.precision.is_some_and(|precision| precision > WIDEST) {
        return Err(Fault::budget("the field of this format is too wide"));
    }
    Ok(found)
}

/// Python's `format(value, specification)`.
pub fn apply(value: &Value, specification: &str, heap: &Heap) -> Outcome<String> {
    if specification.is_empty() {
        return text_of(value, heap);
    }
    let found = parse(specification)?;
    let unknown = |kind: char| {
        Fault::value(format!("Unknown format code '{kind}' for object of type '{}'", value.type_name()))
    };
    if let Some(text) = value.as_text() {
        if let Some(kind) = found.kind.filter(|kind| *kind != 's') {
            return Err(unknown(kind).hint("Make it a number, with |int or |float."));
        }
        let text: String = text.chars().take(found.precision.unwrap_or(usize::MAX)).collect();
        let align = if found.align == Some('0') { Some('<') } else { found.align };
        return Ok(pad("", &text, &Specification { align, ..found }, '<'));
    }
    let body = match (value.as_integer(), value.as_float(), found.kind) {
        (Some(number), _, None | Some('d' | 'n' | 'b' | 'o' | 'x' | 'X' | 'c')) => whole(number, &found)?,
        (_, Some(number), None | Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n' | '%')) => {
            float(number, &found)
        }
        (_, Some(_), Some(kind)) => return Err(unknown(kind)),
        _ => {
            return Err(Fault::value(format!(
                "unsupported format string passed to {}.__format__",
                value.type_name()
            ))
            .hint("Add !s before the colon."));
        }
    };
    let (sign, digits) = match body.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => match found.sign {
            Some('+') => ("+", &*body),
            Some(' ') => (" ", &*body),
            _ => ("", &*body),
        },
    };
    Ok(pad(sign, digits, &found, '>'))
}

fn whole(number: i128, found: &Specification) -> Outcome<String> {
    let sign = if number < 0 { "-" } else { "" };
    let (radix, prefix, size) = match found.kind {
        Some('b') => (2, "0b", 4),
        Some('o') => (8, "0o", 4),
        Some('x' | 'X') => (16, "0x", 4),
        Some('c') => {
            let c = u32::try_from(number).ok().and_then(char::from_u32);
            return c.map(String::from).ok_or_else(|| Fault::value("%c arg not in range(0x110000)"));
        }
        _ => (10, "", 3),
    };
    let mut text = digits(number.unsigned_abs(), radix);
    if let Some(separator) = found.separator {
        text = group(&text, separator, size);
    }
    let text = format!("{sign}{}{text}", if found.alternate { prefix } else { "" });
    Ok(if found.kind == Some('X') { text.to_uppercase() } else { text })
}

fn float(number: f64, found: &Specification) -> String {
    if let Some(special) = special(number) {
        return special.to_owned();
    }
    let precision = found.precision.unwrap_or(6);
    let mut text = match found.kind {
        Some('e' | 'E') => exponential(number, precision),
        Some('f' | 'F') => format!("{number:.precision$}"),
        Some('%') => format!("{:.precision$}%", number * 100.0),
        Some(_) => general(number, precision, found.alternate),
        None => {
            if let Some(precision) = found.precision {
                let text = general(number, precision, false);
                if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
            } else {
                let mut text = String::new();
                print_float(number, &mut text);
                text
            }
        }
    };
    if let Some(separator) = found.separator {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", &*text),
        };
        text = format!("{sign}{}", group(digits, separator, 3));
    }
    if matches!(found.kind, Some('E' | 'F' | 'G')) { text.to_uppercase() } else { text }
}

fn pad(sign: &str, body: &str, found: &Specification, default: char) -> String {
    let missing = found.width.saturating_sub(sign.len() + body.chars().count());
    let fill = |count: usize| std::iter::repeat_n(found.fill.unwrap_or(' '), count).collect::<String>();
    match found.align.unwrap_or(default) {
        '<' => format!("{sign}{body}{}", fill(missing)),
        '^' => format!("{}{sign}{body}{}", fill(missing / 2), fill(missing - missing / 2)),
        '=' | '0' => format!("{sign}{}{body}", fill(missing)),
        _ => format!("{}{sign}{body}", fill(missing)),
    }
}
