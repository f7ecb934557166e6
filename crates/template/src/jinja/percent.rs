//! `'%s and %d' % values`

use std::iter::Peekable;
use std::str::Chars;

use crate::error::{Fault, Outcome};
use crate::jinja::numerals::{digits, exponential, general, special};
use crate::jinja::printing::{print, represent};
use crate::jinja::value::{Heap, TextKey, Value};

/// Wider and more precise is not of use to anybody.
const WIDEST: usize = 10_000;

#[derive(Default)]
struct Field {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

struct Source<'v> {
    arguments: &'v Value,
    next: usize,
    keyed: bool,
}

impl Source<'_> {
    fn take(&mut self) -> Outcome<Value> {
        let index = self.next;
        self.next += 1;
        let found = match self.arguments {
            Value::Tuple(items) => items.get(index).cloned(),
            other => (index == 0).then(|| other.clone()),
        };
        found.ok_or_else(|| {
            Fault::value("not enough arguments for format string")
                .hint("Give one value for each %, in parentheses; write %% for a percent sign.")
        })
    }

    fn take_count(&mut self) -> Outcome<i128> {
        self.take()?.as_integer().ok_or_else(|| Fault::value("* wants int"))
    }
}

/// Python's `format % arguments`.
pub fn format(format: &str, arguments: &Value, heap: &Heap) -> Outcome<String> {
    arguments.defined()?;
    let mut out = String::new();
    let mut source = Source { arguments, next: 0, keyed: false };
    let mut characters = format.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '%' {
            conversion(&mut characters, &mut source, heap, &mut out)?;
        } else {
            out.push(c);
        }
        heap.meter.spend(1)?;
        if out.len() > heap.meter.output {
            return Err(Fault::budget("the template prints too much"));
        }
    }
    let left = match arguments {
        Value::Tuple(items) => source.next < items.len(),
        Value::Map(_) | Value::List(_) => false,
        _ => source.next == 0,
    };
    if left && !source.keyed {
        return Err(Fault::value("not all arguments converted during string formatting"));
    }
    Ok(out)
}

fn conversion(
    characters: &mut Peekable<Chars<'_>>,
    source: &mut Source<'_>,
    heap: &Heap,
    out: &mut String,
) -> Outcome<()> {
    let mut keyed = None;
    if characters.next_if_eq(&'(').is_some() {
        let mut name = String::new();
        let mut depth = 1;
        for c in characters.by_ref() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            name.push(c);
        }
        if depth > 0 {
            return Err(Fault::value("incomplete format key"));
        }
        let Value::Map(map) = source.arguments else {
            return Err(Fault::value("format requires a mapping"));
        };
        source.keyed = true;
        let found = map.borrow().get(&TextKey(&name)).cloned();
        keyed = Some(found.ok_or_else(|| Fault::value(format!("there is no key '{name}' for the format")))?);
    }
    let mut field = Field::default();
    while let Some(flag) = characters.next_if(|c| "-+ #0".contains(*c)) {
        match flag {
            '-' => field.left = true,
            '+' => field.plus = true,
            ' ' => field.space = true,
            '#' => field.alternate = true,
            _ => field.zero = true,
        }
    }
    if characters.next_if_eq(&'*').is_some() {
        let width = source.take_count()?;
        field.left |= width < 0;
        field.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    } else if let Some(width) = read_number(characters) {
        field.width = width;
    }
    if characters.next_if_eq(&'.').is_some() {
        field.precision = Some(if characters.next_if_eq(&'*').is_some() {
            usize::try_from(source.take_count()?.max(0)).unwrap_or(usize::MAX)
        } else {
            read_number(characters).unwrap_or(0)
        });
    }
    if field.width > WIDEST || field.precision.is_some_and(|precision| precision > WIDEST) {
        return Err(Fault::budget("the field of this format is too wide"));
    }
    while characters.next_if(|c| "hlL".contains(*c)).is_some() {}
    let Some(kind) = characters.next() else {
        return Err(Fault::value("incomplete format").hint("Write %% for a percent sign."));
    };
    if kind == '%' {
        out.push('%');
        return Ok(());
    }
    let value = match keyed {
        Some(value) => value,
        None => source.take()?,
    };
    let body = convert(kind, &value, &field, heap)?;
    pad(&body, &field, kind, out);
    Ok(())
}

fn read_number(characters: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let mut number: Option<usize> = None;
    while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
        number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit as usize));
        characters.next();
    }
    number
}

/// What is printed, with its sign, before it is padded.
fn convert(kind: char, value: &Value, field: &Field, heap: &Heap) -> Outcome<String> {
    let cut = |text: String| match field.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text,
    };
    match kind {
        's' => {
            let mut text = String::new();
            print(value, heap, &mut text)?;
            Ok(cut(text))
        }
        'r' | 'a' => {
            let mut text = String::new();
            represent(value, heap, &mut text)?;
            Ok(cut(text))
        }
        'c' => match (value, value.as_integer()) {
            (_, Some(code)) => u32::try_from(code)
                .ok()
                .and_then(char::from_u32)
                .map(String::from)
                .ok_or_else(|| Fault::value("%c arg not in range(0x110000)")),
            (Value::Text(text), _) if text.chars().count() == 1 => Ok(text.to_string()),
            _ => Err(Fault::value("%c requires int or char")),
        },
        'd' | 'i' | 'u' => {
            let number = match value {
                Value::Float(number) if number.is_finite() => number.trunc() as i128,
                other => other.as_integer().ok_or_else(|| {
                    Fault::value(format!(
                        "%{kind} format: a real number is required, not {}",
                        other.type_name()
                    ))
                    .hint("Use %s, or make it a number with |int.")
                })?,
            };
            Ok(whole(number, 10, "", field))
        }
        'o' | 'x' | 'X' => {
            let number = value.as_integer().ok_or_else(|| {
                Fault::value(format!("%{kind} format: an integer is required, not {}", value.type_name()))
            })?;
            let (radix, prefix) = if kind == 'o' { (8, "0o") } else { (16, "0x") };
            let text = whole(number, radix, if field.alternate { prefix } else { "" }, field);
            Ok(if kind == 'X' { text.to_uppercase() } else { text })
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let number = value.as_float().ok_or_else(|| {
                Fault::value(format!("must be real number, not {}", value.type_name()))
                    .hint("Use %s, or make it a number with |float.")
            })?;
            let precision = field.precision.unwrap_or(6);
            let text = match (special(number), kind.to_ascii_lowercase()) {
                (Some(special), _) => special.to_owned(),
                (None, 'e') => exponential(number, precision),
                (None, 'f') => format!("{number:.precision$}"),
                (None, _) => general(number, precision, field.alternate),
            };
            let text = signed(text, field);
            Ok(if kind.is_ascii_uppercase() { text.to_uppercase() } else { text })
        }
        other => Err(Fault::value(format!("unsupported format character '{other}'"))
            .hint("Write %% for a percent sign.")),
    }
}

fn signed(text: String, field: &Field) -> String {
    if text.starts_with('-') {
        text
    } else if field.plus {
        format!("+{text}")
    } else if field.space {
        format!(" {text}")
    } else {
        text
    }
}

fn whole(number: i128, radix: u32, prefix: &str, field: &Field) -> String {
    let digits = digits(number.unsigned_abs(), radix);
    let least = field.precision.unwrap_or(0);
    let text = format!("{prefix}{digits:0>least$}");
    if number < 0 { format!("-{text}") } else { signed(text, field) }
}

fn pad(body: &str, field: &Field, kind: char, out: &mut String) {
    let missing = field.width.saturating_sub(body.chars().count());
    if field.left {
        out.push_str(body);
        out.extend(std::iter::repeat_n(' ', missing));
    } else if field.zero && !"srac".contains(kind) {
        let rest = body.trim_start_matches(['-', '+', ' ']);
        let (sign, rest) = body.split_at(body.len() - rest.len());
        let rest_start =
            if rest.starts_with("0x") || rest.starts_with("0X") || rest.starts_with("0o") { 2 } else { 0 };
        let (prefix, number) = rest.split_at(rest_start);
        out.push_str(sign);
        out.push_str(prefix);
        out.extend(std::iter::repeat_n('0', missing));
        out.push_str(number);
    } else {
        out.extend(std::iter::repeat_n(' ', missing));
        out.push_str(body);
    }
}
