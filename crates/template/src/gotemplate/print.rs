//! Values as text: Go's `fmt` with its verbs and flags.

use super::number::{binary_float, format_float, hexadecimal_float};
use super::quote::{is_printable, quote_with};
use super::runtime::Runtime;
use super::value::Value;
use crate::error::Outcome;

/// The largest width or precision that Go accepts.
const WIDEST: i64 = 1_000_000;

/// A value as an action prints it.
pub fn print(runtime: &Runtime<'_>, value: &Value) -> Outcome<String> {
    if value.is_nil() { Ok("<no value>".to_owned()) } else { text_of(runtime, value) }
}

/// A value as `%v` prints it.
pub fn text_of(runtime: &Runtime<'_>, value: &Value) -> Outcome<String> {
    if let Value::Text(text) = value {
        return Ok(text.to_string());
    }
    let mut printer = Printer::new(runtime);
    printer.argument(value, 'v')?;
    Ok(printer.out)
}

/// `fmt.Sprint`: a space between two operands where neither is a text.
pub fn sprint(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<String> {
    let mut printer = Printer::new(runtime);
    let mut before_is_text = true;
    for (index, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Text(_));
        if index > 0 && !is_text && !before_is_text {
            printer.push(" ")?;
        }
        printer.argument(value, 'v')?;
        before_is_text = is_text;
    }
    Ok(printer.out)
}

/// `fmt.Sprintln`: spaces between all operands, and a line break.
pub fn sprintln(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<String> {
    let mut printer = Printer::new(runtime);
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printer.push(" ")?;
        }
        printer.argument(value, 'v')?;
    }
    printer.push("\n")?;
    Ok(printer.out)
}

/// `fmt.Sprintf`.
pub fn sprintf(runtime: &Runtime<'_>, format: &str, values: &[Value]) -> Outcome<String> {
    Formatter { printer: Printer::new(runtime), values, next: 0, reordered: false, good_index: true }
        .run(format)
}

#[derive(Clone, Copy, Default)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    /// `#` before a `v`: values as Go's source has them.
    go_syntax: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// The walk over a format.
struct Formatter<'a> {
    printer: Printer<'a>,
    values: &'a [Value],
    next: usize,
    /// Whether an explicit index was used, so that left-over values are no mistake.
    reordered: bool,
    good_index: bool,
}

impl Formatter<'_> {
    fn run(mut self, format: &str) -> Outcome<String> {
        let mut rest = format;
        while let Some(percent) = rest.find('%') {
            let (before, after) = rest.split_at(percent);
            self.printer.push(before)?;
            rest = self.verb(after.get(1..).unwrap_or_default())?;
        }
        self.printer.push(rest)?;
        if !self.reordered && self.next < self.values.len() {
            self.printer.flags = Flags::default();
            self.printer.push("%!(EXTRA ")?;
            for (index, value) in self.values.iter().enumerate().skip(self.next) {
                if index > self.next {
                    self.printer.push(", ")?;
                }
                if value.is_nil() {
                    self.printer.push("<nil>")?;
                } else {
                    self.printer.push(value.type_name())?;
                    self.printer.push("=")?;
                    self.printer.argument(value, 'v')?;
                }
            }
            self.printer.push(")")?;
        }
        Ok(self.printer.out)
    }

    /// One verb with its flags; gives what follows it.
    fn verb<'f>(&mut self, text: &'f str) -> Outcome<&'f str> {
        self.printer.flags = Flags::default();
        self.good_index = true;
        let mut rest = text;
        loop {
            let flags = &mut self.printer.flags;
            match rest.as_bytes().first() {
                Some(b'#') => flags.sharp = true,
                Some(b'0') => flags.zero = !flags.minus,
                Some(b'+') => flags.plus = true,
                Some(b'-') => {
                    flags.minus = true;
                    flags.zero = false;
                }
                Some(b' ') => flags.space = true,
                _ => break,
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        let mut after_index = false;
        rest = self.index(rest, &mut after_index);
        if let Some(after) = rest.strip_prefix('*') {
            rest = after;
            match self.int_argument() {
                Some(width) if width < 0 => {
                    self.printer.flags.minus = true;
                    self.printer.flags.width = usize::try_from(-width).ok();
                }
                Some(width) => self.printer.flags.width = usize::try_from(width).ok(),
                None => self.printer.push("%!(BADWIDTH)")?,
            }
            after_index = false;
        } else {
            let (width, after) = number(rest);
            if width.is_some() && after_index {
                self.good_index = false;
            }
            self.printer.flags.width = width;
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            if after_index {
                self.good_index = false;
            }
            rest = self.index(rest, &mut after_index);
            if let Some(after) = rest.strip_prefix('*') {
                rest = after;
                match self.int_argument() {
                    Some(precision) if precision < 0 => self.printer.flags.precision = None,
                    Some(precision) => self.printer.flags.precision = usize::try_from(precision).ok(),
                    None => self.printer.push("%!(BADPREC)")?,
                }
                after_index = false;
            } else {
                let (precision, after) = number(rest);
                self.printer.flags.precision = Some(precision.unwrap_or(0));
                rest = after;
            }
        }
        if !after_index {
            rest = self.index(rest, &mut after_index);
        }
        let Some(verb) = rest.chars().next() else {
            self.printer.push("%!(NOVERB)")?;
            return Ok(rest);
        };
        rest = rest.get(verb.len_utf8()..).unwrap_or_default();
        if verb == '%' {
            self.printer.push("%")?;
        } else if !self.good_index {
            self.printer.push(&format!("%!{verb}(BADINDEX)"))?;
        } else if let Some(value) = self.values.get(self.next) {
            self.next += 1;
            if verb == 'v' {
                let flags = &mut self.printer.flags;
                flags.go_syntax = std::mem::take(&mut flags.sharp);
                // The sign of fields, which nothing here has.
                flags.plus = false;
            }
            self.printer.argument(value, verb)?;
        } else {
            self.printer.push(&format!("%!{verb}(MISSING)"))?;
        }
        Ok(rest)
    }

    /// `[3]` before a verb, a width or a precision.
    fn index<'f>(&mut self, text: &'f str, found: &mut bool) -> &'f str {
        let Some(inner) = text.strip_prefix('[') else { return text };
        self.reordered = true;
        let Some(close) = inner.find(']') else {
            self.good_index = false;
            return inner;
        };
        let (digits, after) = inner.split_at(close);
        *found = true;
        match digits.parse::<usize>() {
            Ok(index) if index >= 1 && index <= self.values.len() => self.next = index - 1,
            _ => self.good_index = false,
        }
        after.get(1..).unwrap_or_default()
    }

    fn int_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        match value {
            Value::Int(number) | Value::Int64(number) if number.abs() <= WIDEST => Some(*number),
            Value::Byte(number) => Some(i64::from(*number)),
            Value::Uint64(number) => i64::try_from(*number).ok().filter(|number| *number <= WIDEST),
            _ => None,
        }
    }
}

/// Leading digits as a number.
fn number(text: &str) -> (Option<usize>, &str) {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(length);
    let value = digits.parse::<i64>().ok().filter(|value| *value <= WIDEST);
    (value.and_then(|value| usize::try_from(value).ok()), rest)
}

/// Writes single values.
struct Printer<'a> {
    runtime: &'a Runtime<'a>,
    flags: Flags,
    out: String,
}

impl<'a> Printer<'a> {
    fn new(runtime: &'a Runtime<'a>) -> Self {
        Self { runtime, flags: Flags::default(), out: String::new() }
    }

    fn push(&mut self, text: &str) -> Outcome<()> {
        self.runtime.meter.allocate(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// A value that was given directly; within lists and maps a nil is always `<nil>`.
    fn argument(&mut self, value: &Value, verb: char) -> Outcome<()> {
        if value.is_nil() {
            return if matches!(verb, 'v' | 'T') { self.pad("<nil>") } else { self.bad_verb(value, verb) };
        }
        match verb {
            'T' => self.text_verb(value.type_name(), 's'),
            'p' => self.bad_verb(value, verb),
            _ => self.value(value, verb),
        }
    }

    fn value(&mut self, value: &Value, verb: char) -> Outcome<()> {
        self.runtime.meter.spend(1)?;
        let go_syntax = verb == 'v' && self.flags.go_syntax;
        match value {
            Value::Missing | Value::Nil => self.push(if go_syntax { "interface {}(nil)" } else { "<nil>" }),
            Value::Bool(flag) => match verb {
                't' | 'v' => self.pad(if *flag { "true" } else { "false" }),
                _ => self.bad_verb(value, verb),
            },
            Value::Int(number) | Value::Int64(number) => {
                self.integer(value, number.unsigned_abs(), *number < 0, verb)
            }
            Value::Uint64(number) => self.integer(value, *number, false, verb),
            Value::Byte(number) => self.integer(value, u64::from(*number), false, verb),
            Value::Float(number) => self.float(value, *number, verb),
            Value::Text(text) => match verb {
                'v' if go_syntax => self.text_verb(text, 'q'),
                'v' | 's' | 'x' | 'X' | 'q' => self.text_verb(text, verb),
                _ => self.bad_verb(value, verb),
            },
            Value::Time(moment) => self.stringer(value, &moment.to_string(), 0, verb),
            Value::Duration(nanoseconds) => {
                let text = super::moment::duration_text(*nanoseconds);
                self.stringer(value, &text, *nanoseconds, verb)
            }
            Value::Month(month) => self.stringer(value, month.name(), i64::from(month.0), verb),
            Value::Weekday(day) => self.stringer(value, day.name(), i64::from(day.0), verb),
            Value::Version(version) => self.stringer(value, &version.to_string(), 0, verb),
            Value::List(list) => {
                let (open, close, between) = if go_syntax { ("{", "}", ", ") } else { ("[", "]", " ") };
                if go_syntax {
                    self.push(value.type_name())?;
                }
                self.push(open)?;
                for (index, item) in list.items.iter().enumerate() {
                    if index > 0 {
                        self.push(between)?;
                    }
                    self.nested(item, verb)?;
                }
                self.push(close)
            }
            Value::Map(map) => {
                let (open, close, between) = if go_syntax { ("{", "}", ", ") } else { ("map[", "]", " ") };
                if go_syntax {
                    self.push(value.type_name())?;
                }
                self.push(open)?;
                for (index, (key, item)) in map.snapshot().into_iter().enumerate() {
                    if index > 0 {
                        self.push(between)?;
                    }
                    self.nested(&Value::Text(key), verb)?;
                    self.push(":")?;
                    self.nested(&item, verb)?;
                }
                self.push(close)
            }
        }
    }

    fn nested(&mut self, value: &Value, verb: char) -> Outcome<()> {
        self.runtime.meter.enter()?;
        let flags = self.flags;
        let result = self.value(value, verb);
        self.flags = flags;
        self.runtime.meter.leave();
        result
    }

    /// A value with a `String` method, which the verbs of texts use.
    fn stringer(&mut self, value: &Value, text: &str, number: i64, verb: char) -> Outcome<()> {
        match verb {
            'v' | 's' | 'x' | 'X' | 'q' => self.text_verb(text, verb),
            _ if matches!(value, Value::Duration(_) | Value::Month(_) | Value::Weekday(_)) => {
                self.integer(value, number.unsigned_abs(), number < 0, verb)
            }
            _ => self.bad_verb(value, verb),
        }
    }

    fn bad_verb(&mut self, value: &Value, verb: char) -> Outcome<()> {
        self.push(&format!("%!{verb}("))?;
        if value.is_nil() {
            self.push("<nil>")?;
        } else {
            self.push(value.type_name())?;
            self.push("=")?;
            self.argument(value, 'v')?;
        }
        self.push(")")
    }

    fn pad(&mut self, text: &str) -> Outcome<()> {
        let missing = self.flags.width.unwrap_or(0).saturating_sub(text.chars().count());
        if missing == 0 {
            return self.push(text);
        }
        self.runtime.meter.allocate(missing)?;
        if self.flags.minus {
            self.push(text)?;
            self.out.extend(std::iter::repeat_n(' ', missing));
            return Ok(());
        }
        let filler = if self.flags.zero { '0' } else { ' ' };
        self.out.extend(std::iter::repeat_n(filler, missing));
        self.push(text)
    }

    fn text_verb(&mut self, text: &str, verb: char) -> Outcome<()> {
        match verb {
            'x' | 'X' => {
                let hexadecimal = self.hexadecimal(text.as_bytes(), verb == 'X');
                self.pad(&hexadecimal)
            }
            'q' => {
                let text = self.truncated(text);
                let can_backquote =
                    !text.chars().any(|c| c == '`' || c == '\u{feff}' || (c.is_control() && c != '\t'));
                let quoted = if self.flags.sharp && can_backquote {
                    format!("`{text}`")
                } else {
                    quote_with(&text, '"', self.flags.plus)
                };
                self.pad(&quoted)
            }
            _ => {
                let text = self.truncated(text);
                self.pad(&text)
            }
        }
    }

    fn truncated(&self, text: &str) -> String {
        match self.flags.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        }
    }

    fn hexadecimal(&self, bytes: &[u8], upper: bool) -> String {
        let bytes =
            bytes.get(..self.flags.precision.unwrap_or(usize::MAX).min(bytes.len())).unwrap_or_default();
        let prefix = match (self.flags.sharp, upper) {
            (true, true) => "0X",
            (true, false) => "0x",
            _ => "",
        };
        let mut out = String::with_capacity(bytes.len() * 2);
        for (index, byte) in bytes.iter().enumerate() {
            if self.flags.space && index > 0 {
                out.push(' ');
            }
            if index == 0 || self.flags.space {
                out.push_str(prefix);
            }
            out.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
        }
        out
    }

    fn integer(&mut self, value: &Value, magnitude: u64, negative: bool, verb: char) -> Outcome<()> {
        let sharp = self.flags.sharp;
        let (digits, prefix) = match verb {
            'v' | 'd' => (magnitude.to_string(), ""),
            'b' => (format!("{magnitude:b}"), if sharp { "0b" } else { "" }),
            'o' => (format!("{magnitude:o}"), ""),
            'O' => (format!("{magnitude:o}"), "0o"),
            'x' => (format!("{magnitude:x}"), if sharp { "0x" } else { "" }),
            'X' => (format!("{magnitude:X}"), if sharp { "0X" } else { "" }),
            'c' | 'q' | 'U' => {
                let character = u32::try_from(magnitude)
                    .ok()
                    .filter(|_| !negative)
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER);
                let text = match verb {
                    'c' => character.to_string(),
                    'q' => quote_with(&character.to_string(), '\'', self.flags.plus),
                    _ if sharp && is_printable(character) => format!("U+{magnitude:04X} '{character}'"),
                    _ => format!("U+{magnitude:04X}"),
                };
                self.flags.zero &= verb != 'U';
                return self.pad(&text);
            }
            _ => return self.bad_verb(value, verb),
        };
        let sign = self.sign(negative);
        let mut digits = digits;
        let mut least = 0;
        if let Some(precision) = self.flags.precision {
            if precision == 0 && magnitude == 0 {
                self.flags.zero = false;
                return self.pad("");
            }
            least = precision;
        } else if self.flags.zero && !self.flags.minus {
            least = self.flags.width.unwrap_or(0).saturating_sub(sign.len());
        }
        if digits.len() < least {
            self.runtime.meter.allocate(least)?;
            digits = format!("{}{digits}", "0".repeat(least - digits.len()));
        }
        if sharp && matches!(verb, 'o' | 'O') && !digits.starts_with('0') {
            digits.insert(0, '0');
        }
        let zero = std::mem::replace(&mut self.flags.zero, false);
        let result = self.pad(&format!("{sign}{prefix}{digits}"));
        self.flags.zero = zero;
        result
    }

    const fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.flags.plus, self.flags.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    fn float(&mut self, value: &Value, number: f64, verb: char) -> Outcome<()> {
        let precision = self.flags.precision;
        let body = match verb {
            'v' | 'g' | 'G' => format_float(number, 'g', precision),
            'e' | 'E' => format_float(number, 'e', Some(precision.unwrap_or(6))),
            'f' | 'F' => format_float(number, 'f', Some(precision.unwrap_or(6))),
            'b' => binary_float(number),
            'x' | 'X' => hexadecimal_float(number, precision),
            _ => return self.bad_verb(value, verb),
        };
        self.runtime.meter.allocate(body.len())?;
        let body = if self.flags.sharp && verb != 'b' { with_point(&body, verb, precision) } else { body };
        let body = if matches!(verb, 'E' | 'G' | 'X') { body.to_ascii_uppercase() } else { body };
        let negative = body.starts_with('-');
        let magnitude = body.trim_start_matches(['-', '+']);
        let infinite = number.is_infinite() || number.is_nan();
        let sign = if number.is_infinite() && !negative && verb == 'v' { "+" } else { self.sign(negative) };
        let zero = self.flags.zero && !self.flags.minus && !infinite;
        if zero && let Some(width) = self.flags.width {
            let missing = width.saturating_sub(sign.len() + magnitude.len());
            self.runtime.meter.allocate(missing)?;
            let text = format!("{sign}{}{magnitude}", "0".repeat(missing));
            return self.push(&text);
        }
        let kept = std::mem::replace(&mut self.flags.zero, false);
        let text = format!("{sign}{magnitude}");
        let result = self.pad(&text);
        self.flags.zero = kept;
        result
    }
}

/// A float with the point, and for `g` and `x` the zeros, that the flag `#` asks for.
fn with_point(body: &str, verb: char, precision: Option<usize>) -> String {
    let (number, tail) = body.split_at(body.find(['e', 'p']).unwrap_or(body.len()));
    if body.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return body.to_owned();
    }
    // The `x` of a hexadecimal number counts as a digit.
    let digits = number.trim_start_matches(['-', '+']);
    let significant = digits.chars().filter(|c| *c != '.').skip_while(|c| *c == '0').count();
    let wanted = if matches!(verb, 'v' | 'g' | 'G' | 'x') { precision.unwrap_or(6) } else { 0 };
    let point = if number.contains('.') { "" } else { "." };
    // A lone zero is a digit too.
    let there = significant.max(usize::from(digits == "0"));
    format!("{number}{point}{}{tail}", "0".repeat(wanted.saturating_sub(there)))
}

/// The texts of the values of a list, as sprig's `toStrings` makes them: nil is left out.
pub fn texts_of(runtime: &Runtime<'_>, value: &Value) -> Outcome<Vec<String>> {
    match value {
        Value::Missing | Value::Nil => Ok(Vec::new()),
        Value::List(list) => {
            list.items.iter().filter(|item| !item.is_nil()).map(|item| text_of(runtime, item)).collect()
        }
        other => Ok(vec![text_of(runtime, other)?]),
    }
}
