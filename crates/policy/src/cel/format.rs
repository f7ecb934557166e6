//! `text.format(list)`: `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X` and `%%`.

use super::convert;
use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload};
use super::value::{List, Value};

/// The most digits after a point.
const MAX_PRECISION: usize = 100;
/// How deep a value may nest to be written.
const MAX_DEPTH: usize = 32;

/// `text.format(list)`.
pub(crate) fn format<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(pattern), Value::List(values)] = arguments else {
        return Err(no_overload("format", arguments));
    };
    let mut out = String::new();
    let mut rest: &str = pattern;
    let mut at = 0;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let mut letters = after.chars();
        let mut precision = None;
        let mut letter = letters.next();
        if letter == Some('.') {
            let digits: String = letters.clone().take_while(char::is_ascii_digit).collect();
            precision =
                Some(digits.parse::<usize>().ok().filter(|count| *count <= MAX_PRECISION).ok_or_else(
                    || error(format!("the precision has to be between 0 and {MAX_PRECISION}")),
                )?);
            letters = letters.as_str().get(digits.len()..).unwrap_or_default().chars();
            letter = letters.next();
        }
        rest = letters.as_str();
        let Some(letter) = letter else { return Err(error("unexpected end of the format")) };
        if letter == '%' {
            out.push('%');
            continue;
        }
        let value = next(values, at)?;
        at += 1;
        let text = clause(evaluator, letter, precision, &value)?;
        evaluator.charge_text(text.len())?;
        out.push_str(&text);
    }
    out.push_str(rest);
    super::strings::made(evaluator, out)
}

fn next<'d>(values: &List<'d>, at: usize) -> Result<Value<'d>, Fault> {
    values.get(at).ok_or_else(|| error(format!("index {at} out of range: the format asks for more values")))
}

fn clause<'d>(
    evaluator: &mut Evaluator<'d>,
    letter: char,
    precision: Option<usize>,
    value: &Value<'d>,
) -> Result<String, Fault> {
    let wrong = || error(format!("%{letter} cannot write {}", value.type_name()));
    #[allow(clippy::cast_precision_loss, reason = "what is written as a double has its precision")]
    let double = match value {
        Value::Double(number) => Some(*number),
        Value::Int(number) => Some(*number as f64),
        Value::Uint(number) => Some(*number as f64),
        _ => None,
    };
    match letter {
        's' => {
            let mut out = String::new();
            write(evaluator, value, MAX_DEPTH, &mut out)?;
            Ok(out)
        }
        'd' => match value {
            Value::Int(_) | Value::Uint(_) | Value::Double(_) => convert::written(value).ok_or_else(wrong),
            _ => Err(wrong()),
        },
        'f' => Ok(format!("{:.*}", precision.unwrap_or(6), double.ok_or_else(wrong)?)),
        'e' => {
            let text = format!("{:.*e}", precision.unwrap_or(6), double.ok_or_else(wrong)?);
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            Ok(format!("{mantissa}e{sign}{digits:0>2}"))
        }
        'b' | 'o' | 'x' | 'X' => based(letter, value).ok_or_else(wrong),
        _ => Err(error(format!("unrecognized formatting clause \"{letter}\""))),
    }
}

fn based(letter: char, value: &Value<'_>) -> Option<String> {
    let (negative, number) = match value {
        Value::Bool(bool) if letter == 'b' => return Some(u8::from(*bool).to_string()),
        Value::Int(number) => (*number < 0, number.unsigned_abs()),
        Value::Uint(number) => (false, *number),
        Value::String(text) if matches!(letter, 'x' | 'X') => return Some(hex(letter, text.as_bytes())),
        Value::Bytes(bytes) if matches!(letter, 'x' | 'X') => return Some(hex(letter, bytes)),
        _ => return None,
    };
    let digits = match letter {
        'b' => format!("{number:b}"),
        'o' => format!("{number:o}"),
        'x' => format!("{number:x}"),
        _ => format!("{number:X}"),
    };
    Some(if negative { format!("-{digits}") } else { digits })
}

fn hex(letter: char, bytes: &[u8]) -> String {
    let digits = |byte: &u8| if letter == 'x' { format!("{byte:02x}") } else { format!("{byte:02X}") };
    bytes.iter().map(digits).collect()
}

fn write<'d>(
    evaluator: &mut Evaluator<'d>,
    value: &Value<'d>,
    depth: usize,
    out: &mut String,
) -> Result<(), Fault> {
    evaluator.charge(1)?;
    if depth == 0 {
        return Err(error("the value nests too deeply to be written"));
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write(evaluator, &item, depth - 1, out)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries = map.entries();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            out.push('{');
            for (at, (key, item)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&key.to_string());
                out.push_str(": ");
                write(evaluator, item, depth - 1, out)?;
            }
            out.push('}');
        }
        Value::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
        other => match convert::written(other) {
            Some(text) => {
                evaluator.charge_text(text.len())?;
                out.push_str(&text);
            }
            None => return Err(error(format!("%s cannot write {}", other.type_name()))),
        },
    }
    Ok(())
}
