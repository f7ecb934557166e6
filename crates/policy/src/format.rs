//! `sprintf` as OPA has it, which is Go's `fmt.Sprintf` on strings, whole numbers, other numbers and texts of
//! everything else. Mistakes in the format show up in the text; they do not hide a violation.

use regorus::Value;

/// The most characters that a width or precision may ask for.
const MAX_WIDTH: usize = 1000;

/// A value as Go sees it.
enum Operand {
    Text(String),
    Whole(i128),
    Number(f64),
    Boolean(bool),
}

impl Operand {
    fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.to_string()),
            Value::Bool(value) => Self::Boolean(*value),
            Value::Number(_) => {
                let text = value.to_string();
                text.parse()
                    .map(Self::Whole)
                    .or_else(|_| text.parse().map(Self::Number))
                    .unwrap_or(Self::Text(text))
            }
            other => Self::Text(rego_text(other)),
        }
    }

    const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Whole(_) => "int",
            Self::Number(_) => "float64",
            Self::Boolean(_) => "bool",
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => go_float(*number),
            Self::Boolean(value) => value.to_string(),
        }
    }
}

/// Go's `%v` of a float: the shortest text, with an exponent below 1e-4 and from 1e21.
fn go_float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) && number.is_finite() {
        let text = format!("{number:e}");
        if let Some((mantissa, exponent)) = text.split_once('e') {
            let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |digits| ("-", digits));
            return format!("{mantissa}e{sign}{digits:0>2}");
        }
    }
    number.to_string()
}

/// A composite as OPA prints a term: JSON with spaces, and sets in braces.
fn rego_text(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(rego_text).collect::<Vec<_>>().join(", "))
        }
        Value::Set(items) if items.is_empty() => "set()".to_owned(),
        Value::Set(items) => format!("{{{}}}", items.iter().map(rego_text).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let members = map.iter().map(|(key, value)| format!("{}: {}", rego_text(key), rego_text(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[derive(Default)]
struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
}

/// The text of `format` with `values`.
pub(crate) fn sprintf(format: &str, values: &[Value]) -> String {
    let mut text = String::new();
    let mut characters = format.chars().peekable();
    let mut operands = values.iter();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let mut directive = Directive::default();
        while let Some(flag) = characters.next_if(|it| "-+ 0#".contains(*it)) {
            match flag {
                '-' => directive.left = true,
                '+' => directive.plus = true,
                ' ' => directive.space = true,
                '0' => directive.zero = true,
                _ => directive.sharp = true,
            }
        }
        directive.width = number(&mut characters).unwrap_or(0);
        if characters.next_if_eq(&'.').is_some() {
            directive.precision = Some(number(&mut characters).unwrap_or(0));
        }
        match characters.next() {
            None => text.push_str("%!(NOVERB)"),
            Some('%') => text.push('%'),
            Some(verb) => match operands.next() {
                None => text.extend(["%!", verb.encode_utf8(&mut [0; 4]), "(MISSING)"]),
                Some(value) => text.push_str(&directive.apply(verb, value)),
            },
        }
    }
    let rest: Vec<String> = operands
        .map(Operand::of)
        .map(|operand| format!("{}={}", operand.type_name(), operand.plain()))
        .collect();
    if !rest.is_empty() {
        text.extend(["%!(EXTRA ", &rest.join(", "), ")"]);
    }
    text
}

fn number(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut digits = String::new();
    while let Some(digit) = characters.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(MAX_WIDTH).min(MAX_WIDTH))
}

impl Directive {
    fn apply(&self, verb: char, value: &Value) -> String {
        let operand = Operand::of(value);
        let (text, numeric) = match (verb, &operand) {
            ('T', operand) => (operand.type_name().to_owned(), false),
            ('q', Operand::Text(text)) => (serde_json::Value::from(text.as_str()).to_string(), false),
            ('v' | 's', Operand::Text(text)) => {
                let quoted = self.sharp && verb == 'v';
                let text =
                    if quoted { serde_json::Value::from(text.as_str()).to_string() } else { text.clone() };
                (self.precision.map_or(text.clone(), |length| text.chars().take(length).collect()), false)
            }
            ('t' | 'v', Operand::Boolean(value)) => (value.to_string(), false),
            ('v' | 'd', Operand::Whole(number)) => (self.signed(*number >= 0, number.to_string()), true),
            ('b', Operand::Whole(number)) => (radix(*number, |it| format!("{it:b}")), true),
            ('o', Operand::Whole(number)) => (radix(*number, |it| format!("{it:o}")), true),
            ('x', Operand::Whole(number)) => (radix(*number, |it| format!("{it:x}")), true),
            ('X', Operand::Whole(number)) => (radix(*number, |it| format!("{it:X}")), true),
            ('c', Operand::Whole(number)) => {
                let character = u32::try_from(*number).ok().and_then(char::from_u32);
                (character.unwrap_or(char::REPLACEMENT_CHARACTER).to_string(), false)
            }
            ('x', Operand::Text(text)) => (hexadecimal(text), false),
            ('v' | 'g', Operand::Number(number)) => (self.signed(*number >= 0.0, go_float(*number)), true),
            ('f' | 'F', Operand::Number(number)) => {
                let precision = self.precision.unwrap_or(6);
                (self.signed(*number >= 0.0, format!("{number:.precision$}")), true)
            }
            ('e', Operand::Number(number)) => (self.signed(*number >= 0.0, format!("{number:e}")), true),
            (verb, operand) => (format!("%!{verb}({}={})", operand.type_name(), operand.plain()), false),
        };
        self.pad(text, numeric)
    }

    fn signed(&self, positive: bool, text: String) -> String {
        match (positive, self.plus, self.space) {
            (true, true, _) => format!("+{text}"),
            (true, false, true) => format!(" {text}"),
            _ => text,
        }
    }

    fn pad(&self, text: String, numeric: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if missing == 0 {
            return text;
        }
        if self.left {
            return text + &" ".repeat(missing);
        }
        if self.zero && numeric {
            let (sign, digits) =
                if text.starts_with(['+', '-']) { text.split_at(1) } else { ("", text.as_str()) };
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        " ".repeat(missing) + &text
    }
}

fn hexadecimal(text: &str) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    text.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn radix(number: i128, show: impl Fn(u128) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", show(number.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use regorus::Value;
    use serde_json::json;

    use super::sprintf;

    #[test]
    fn texts_are_those_of_go() {
        for (format, values, expected) in [
            ("a %v %s", json!([1, "x"]), "a 1 x"),
            ("%d%%", json!([50]), "50%"),
            ("%v", json!([["a", 1]]), "[\"a\", 1]"),
            ("%v", json!([{"k": ["v"]}]), "{\"k\": [\"v\"]}"),
            ("<%5d|%-5d|%05d>", json!([1, 2, -3]), "<    1|2    |-0003>"),
            ("%.2f %v", json!([1.005, 0.5]), "1.00 0.5"),
            ("%v %v", json!([1]), "1 %!v(MISSING)"),
            ("%v", json!([1, "x"]), "1%!(EXTRA string=x)"),
            ("%d", json!(["x"]), "%!d(string=x)"),
            ("%q %x %T", json!(["a\"b", 255, "s"]), "\"a\\\"b\" ff string"),
            ("%", json!([]), "%!(NOVERB)"),
            ("%v", json!([null]), "null"),
        ] {
            let values: Vec<Value> =
                values.as_array().into_iter().flatten().cloned().map(Value::from).collect();
            assert_eq!(sprintf(format, &values), expected, "{format}");
        }
    }
}
