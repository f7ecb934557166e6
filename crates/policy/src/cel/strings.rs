//! Functions of texts. Positions count characters.

use super::evaluate::Evaluator;
use super::fault::{Fault, Outcome, error, no_overload};
use super::value::{List, Text, Value};

/// The longest text that a function may make, in bytes.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// A new text, if it is not too long.
pub(crate) fn made<'d>(evaluator: &mut Evaluator<'d>, text: String) -> Outcome<'d> {
    evaluator.charge_text(text.len())?;
    if text.len() > MAX_TEXT {
        return Err(error(format!("a text grows longer than {MAX_TEXT} bytes")));
    }
    Ok(Value::text(text))
}

macro_rules! of_two {
    ($name:ident, $word:literal, $documentation:literal, $function:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let [Value::String(text), Value::String(other)] = arguments else {
                return Err(no_overload($word, arguments));
            };
            evaluator.charge_text(text.len())?;
            let holds: fn(&str, &str) -> bool = $function;
            Ok(Value::Bool(holds(text, other)))
        }
    };
}

of_two!(starts_with, "startsWith", "`text.startsWith(other)`", |text, other| text.starts_with(other));
of_two!(ends_with, "endsWith", "`text.endsWith(other)`", |text, other| text.ends_with(other));

/// `text.contains(other)`; for a list `list.contains(value)`.
pub(crate) fn contains<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text), Value::String(other)] => {
            evaluator.charge_text(text.len())?;
            Ok(Value::Bool(text.contains(&**other)))
        }
        _ => Err(no_overload("contains", arguments)),
    }
}

macro_rules! changed {
    ($name:ident, $word:literal, $documentation:literal, $function:expr) => {
        #[doc = $documentation]
        pub(crate) fn $name<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
            let [Value::String(text)] = arguments else { return Err(no_overload($word, arguments)) };
            let change: fn(&str) -> String = $function;
            evaluator.charge_text(text.len())?;
            made(evaluator, change(text))
        }
    };
}

changed!(lower, "lowerAscii", "`text.lowerAscii()`", |text| text.to_ascii_lowercase());
changed!(upper, "upperAscii", "`text.upperAscii()`", |text| text.to_ascii_uppercase());
changed!(trim, "trim", "`text.trim()`", |text| text.trim().to_owned());
changed!(quote, "strings.quote", "`strings.quote(text)`", |text| quoted(text));

/// A text in quotes, with escapes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn index(value: i64, length: usize) -> Result<usize, Fault> {
    usize::try_from(value)
        .ok()
        .filter(|index| *index <= length)
        .ok_or_else(|| error(format!("index out of range: {value}")))
}

/// `text.charAt(index)`.
pub(crate) fn char_at<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text), Value::Int(at)] = arguments else {
        return Err(no_overload("charAt", arguments));
    };
    evaluator.charge_text(text.len())?;
    let at = index(*at, text.chars().count())?;
    Ok(Value::text(text.chars().nth(at).map(String::from).unwrap_or_default()))
}

/// `text.substring(start)` and `text.substring(start, end)`.
pub(crate) fn substring<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (text, start, end) = match arguments {
        [Value::String(text), Value::Int(start)] => (text, *start, None),
        [Value::String(text), Value::Int(start), Value::Int(end)] => (text, *start, Some(*end)),
        _ => return Err(no_overload("substring", arguments)),
    };
    evaluator.charge_text(text.len())?;
    let length = text.chars().count();
    let start = index(start, length)?;
    let end = end.map_or(Ok(length), |end| index(end, length))?;
    if start > end {
        return Err(error(format!("invalid substring range: {start} is after {end}")));
    }
    made(evaluator, text.chars().skip(start).take(end - start).collect())
}

/// `indexOf` of a text or a list: the first position, or -1.
pub(crate) fn index_of<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    position(evaluator, arguments, false)
}

/// `lastIndexOf` of a text or a list: the last position, or -1.
pub(crate) fn last_index_of<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    position(evaluator, arguments, true)
}

fn position<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>], last: bool) -> Outcome<'d> {
    let name = if last { "lastIndexOf" } else { "indexOf" };
    match arguments {
        [Value::List(items), wanted] => {
            let mut found = -1;
            for (at, item) in (0_i64..).zip(items.iter()) {
                if super::operators::equal(evaluator, &item, wanted)? {
                    found = at;
                    if !last {
                        break;
                    }
                }
            }
            Ok(Value::Int(found))
        }
        [Value::String(text), Value::String(wanted)] => {
            evaluator.charge_text(text.len())?;
            let found = if last { text.rfind(&**wanted) } else { text.find(&**wanted) };
            Ok(characters_before(text, found))
        }
        [Value::String(text), Value::String(wanted), Value::Int(from)] => {
            evaluator.charge_text(text.len())?;
            let from = index(*from, text.chars().count())?;
            let byte =
                |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(byte, _)| byte);
            let found = if last {
                let end = (byte(from) + wanted.len()).min(text.len());
                text.get(..end).and_then(|head| head.rfind(&**wanted))
            } else {
                let start = byte(from);
                text.get(start..).and_then(|tail| tail.find(&**wanted)).map(|at| at + start)
            };
            Ok(characters_before(text, found))
        }
        _ => Err(no_overload(name, arguments)),
    }
}

fn characters_before<'d>(text: &str, byte: Option<usize>) -> Value<'d> {
    match byte.and_then(|byte| text.get(..byte)) {
        Some(before) => Value::size(before.chars().count()),
        None => Value::Int(-1),
    }
}

/// `text.replace(old, new)`, or no more than a number of times.
pub(crate) fn replace<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (text, old, new, limit) = match arguments {
        [Value::String(text), Value::String(old), Value::String(new)] => (text, old, new, usize::MAX),
        [Value::String(text), Value::String(old), Value::String(new), Value::Int(limit)] => {
            (text, old, new, usize::try_from(*limit).unwrap_or(usize::MAX))
        }
        _ => return Err(no_overload("replace", arguments)),
    };
    evaluator.charge_text(text.len())?;
    let count = text.matches(&**old).take(limit).count();
    let length = text.len().saturating_add(count.saturating_mul(new.len()));
    evaluator.charge_text(length)?;
    if length > MAX_TEXT {
        return Err(error(format!("a text grows longer than {MAX_TEXT} bytes")));
    }
    Ok(Value::text(text.replacen(&**old, new, limit)))
}

/// `text.split(separator)`, or into no more than a number of parts.
pub(crate) fn split<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (text, separator, limit) = match arguments {
        [Value::String(text), Value::String(separator)] => (text, separator, -1),
        [Value::String(text), Value::String(separator), Value::Int(limit)] => (text, separator, *limit),
        _ => return Err(no_overload("split", arguments)),
    };
    evaluator.charge_text(text.len())?;
    if limit == 0 {
        return Ok(Value::list(Vec::new()));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let parts: Vec<&str> = if separator.is_empty() {
        // Between the characters, and not before the first and after the last.
        let mut parts = Vec::new();
        let mut rest: &str = text;
        while let Some(first) = rest.chars().next() {
            if parts.len() + 1 == limit {
                parts.push(rest);
                break;
            }
            let (head, tail) = rest.split_at(first.len_utf8());
            parts.push(head);
            rest = tail;
        }
        parts
    } else {
        text.splitn(limit, &**separator).collect()
    };
    evaluator.charge(parts.len())?;
    let parts = parts.into_iter().map(|part| Value::String(part_of(text, part))).collect();
    Ok(Value::list(parts))
}

/// A part of a text, borrowed where the text is.
fn part_of<'d>(text: &Text<'d>, part: &str) -> Text<'d> {
    if let Text::Borrowed(whole) = text {
        let start = part.as_ptr() as usize - whole.as_ptr() as usize;
        if let Some(part) = whole.get(start..start + part.len()) {
            return Text::Borrowed(part);
        }
    }
    Text::Shared(part.into())
}

/// `list.join()` and `list.join(separator)`.
pub(crate) fn join<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (list, separator) = match arguments {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(separator)] => (list, &**separator),
        _ => return Err(no_overload("join", arguments)),
    };
    let mut out = String::new();
    for (at, item) in list.iter().enumerate() {
        let Value::String(item) = &item else { return Err(no_overload("join", &[item])) };
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(item);
        evaluator.charge_text(item.len() + separator.len())?;
        if out.len() > MAX_TEXT {
            return Err(error(format!("a text grows longer than {MAX_TEXT} bytes")));
        }
    }
    Ok(Value::text(out))
}

/// `reverse()` of a text or a list.
pub(crate) fn reverse<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    match arguments {
        [Value::String(text)] => made(evaluator, text.chars().rev().collect()),
        [Value::List(list)] => reversed(evaluator, list),
        _ => Err(no_overload("reverse", arguments)),
    }
}

fn reversed<'d>(evaluator: &mut Evaluator<'d>, list: &List<'d>) -> Outcome<'d> {
    evaluator.charge(list.len())?;
    let mut items: Vec<Value<'d>> = list.iter().collect();
    items.reverse();
    Ok(Value::list(items))
}
