//! Texts. Lengths and positions count bytes, as in Go.

use std::rc::Rc;

use super::builtins::arg;
use super::print::{sprintf, text_of};
use super::quote::quote;
use super::registry::Kind::{Any, Int, Text};
use super::registry::{Function, Kind, function};
use super::runtime::Runtime;
use super::value::{Entries, Value, text_of_bytes};
use super::words;
use crate::error::{Fault, Outcome};

const MORE: Option<Kind> = Some(Any);

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("hello", &[], None, |_, _| Ok(Value::text("Hello!")), "A greeting", "{{ hello }}", "Hello!"),
    function("upper", &[Text], None, |r, v| r.text(words::upper(text(v, 0))), "All letters as capitals", r#"{{ upper "aB" }}"#, "AB"),
    function("lower", &[Text], None, |r, v| r.text(words::lower(text(v, 0))), "All letters as small ones", r#"{{ lower "aB" }}"#, "ab"),
    function("title", &[Text], None, |r, v| r.text(words::title(text(v, 0))), "Every word with a capital", r#"{{ title "hello world" }}"#, "Hello World"),
    function("untitle", &[Text], None, |r, v| r.text(words::untitle(text(v, 0))), "Every word without a capital", r#"{{ untitle "Hello World" }}"#, "hello world"),
    function("swapcase", &[Text], None, |r, v| r.text(words::swap_case(text(v, 0))), "Small letters as capitals and the other way round; words begin with a capital", r#"{{ swapcase "aB" }}"#, "Ab"),
    function("camelcase", &[Text], None, |r, v| r.text(words::pascal_case(text(v, 0))), "The words of a name, each with a capital", r#"{{ camelcase "http_server" }}"#, "HttpServer"),
    function("snakecase", &[Text], None, |r, v| r.text(words::separated(text(v, 0), '_')), "The words of a name in small letters with underscores", r#"{{ snakecase "HTTPServer" }}"#, "http_server"),
    function("kebabcase", &[Text], None, |r, v| r.text(words::separated(text(v, 0), '-')), "The words of a name in small letters with hyphens", r#"{{ kebabcase "HTTPServer" }}"#, "http-server"),
    function("trim", &[Text], None, |r, v| r.text(text(v, 0).trim()), "Without white space at the ends", r#"{{ trim "  a " }}"#, "a"),
    function("trimAll", &[Text, Text], None, trim_all, "Without these characters at the ends", r#"{{ trimAll "$" "$5$" }}"#, "5"),
    function("trimall", &[Text, Text], None, trim_all, "The same as trimAll", r#"{{ trimall "$" "$5$" }}"#, "5"),
    function("trimPrefix", &[Text, Text], None, |r, v| {
        r.text(text(v, 1).strip_prefix(text(v, 0)).unwrap_or(text(v, 1)))
    }, "Without a prefix", r#"{{ trimPrefix "-" "-a" }}"#, "a"),
    function("trimSuffix", &[Text, Text], None, |r, v| {
        r.text(text(v, 1).strip_suffix(text(v, 0)).unwrap_or(text(v, 1)))
    }, "Without a suffix", r#"{{ trimSuffix "-" "a-" }}"#, "a"),
    function("nospace", &[Text], None, |r, v| {
        r.text(text(v, 0).chars().filter(|c| !c.is_whitespace()).collect::<String>())
    }, "Without any white space", r#"{{ nospace "a b" }}"#, "ab"),
    function("initials", &[Text], None, |r, v| {
        r.text(text(v, 0).split_whitespace().filter_map(|word| word.chars().next()).collect::<String>())
    }, "The first letter of every word", r#"{{ initials "First Try" }}"#, "FT"),
    function("trunc", &[Int, Text], None, truncate, "The first so many bytes, or the last ones for a negative number", r#"{{ trunc 5 "hello world" }}"#, "hello"),
    function("substr", &[Int, Int, Text], None, substring, "The bytes from one position up to another", r#"{{ substr 0 3 "abcdef" }}"#, "abc"),
    function("abbrev", &[Int, Text], None, |r, v| {
        let width = int(v, 0);
        if width < 4 { r.text(text(v, 1)) } else { abbreviate(r, text(v, 1), 0, width) }
    }, "Cut to a width with three dots at the end", r#"{{ abbrev 8 "hello world" }}"#, "hello..."),
    function("abbrevboth", &[Int, Int, Text], None, |r, v| {
        let (left, right) = (int(v, 0), int(v, 1));
        if right < 4 || (left > 0 && right < 7) { r.text(text(v, 2)) } else { abbreviate(r, text(v, 2), left, right) }
    }, "Cut to a width with three dots at both ends", r#"{{ abbrevboth 5 10 "1234 5678 9123" }}"#, "...5678..."),
    function("repeat", &[Int, Text], None, |r, v| {
        let Ok(count) = usize::try_from(int(v, 0)) else {
            return Err(Fault::value("strings: negative Repeat count"));
        };
        r.meter.allocate(count.saturating_mul(text(v, 1).len()))?;
        r.text(text(v, 1).repeat(count))
    }, "The text so many times", r#"{{ repeat 3 "ab" }}"#, "ababab"),
    function("replace", &[Text, Text, Text], None, |r, v| {
        let (old, new, source) = (text(v, 0), text(v, 1), text(v, 2));
        let count = if old.is_empty() { source.len() + 1 } else { source.matches(old).count() };
        r.meter.allocate(count.saturating_mul(new.len()).saturating_add(source.len()))?;
        r.text(source.replace(old, new))
    }, "With one text in place of another", r#"{{ "a-b" | replace "-" "_" }}"#, "a_b"),
    function("contains", &[Text, Text], None, |_, v| Ok(Value::Bool(text(v, 1).contains(text(v, 0)))), "Whether the second text contains the first", r#"{{ contains "b" "abc" }}"#, "true"),
    function("hasPrefix", &[Text, Text], None, |_, v| Ok(Value::Bool(text(v, 1).starts_with(text(v, 0)))), "Whether the second text begins with the first", r#"{{ hasPrefix "a" "abc" }}"#, "true"),
    function("hasSuffix", &[Text, Text], None, |_, v| Ok(Value::Bool(text(v, 1).ends_with(text(v, 0)))), "Whether the second text ends with the first", r#"{{ hasSuffix "c" "abc" }}"#, "true"),
    function("quote", &[], MORE, |r, v| {
        let quoted: Outcome<Vec<String>> =
            v.iter().filter(|value| !value.is_nil()).map(|value| Ok(quote(&text_of(r, value)?))).collect();
        r.text(quoted?.join(" "))
    }, "The values as texts in double quotes", r#"{{ quote "a" 1 }}"#, r#""a" "1""#),
    function("squote", &[], MORE, |r, v| {
        let quoted: Outcome<Vec<String>> = v
            .iter()
            .filter(|value| !value.is_nil())
            .map(|value| Ok(format!("'{}'", text_of(r, value)?)))
            .collect();
        r.text(quoted?.join(" "))
    }, "The values as texts in single quotes", r#"{{ squote "a" 1 }}"#, "'a' '1'"),
    function("cat", &[], MORE, |r, v| {
        let values: Vec<Value> = v.iter().filter(|value| !value.is_nil()).cloned().collect();
        let format = vec!["%v"; values.len()].join(" ");
        r.text(sprintf(r, &format, &values)?)
    }, "The values as one text with spaces between them", r#"{{ cat "a" 1 "b" }}"#, "a 1 b"),
    function("indent", &[Int, Text], None, |r, v| r.text(indented(r, v)?), "Every line with so many spaces before it", r#"{{ indent 2 "a" | quote }}"#, r#""  a""#),
    function("nindent", &[Int, Text], None, |r, v| r.text(format!("\n{}", indented(r, v)?)), "The same after a line break", r#"{{ nindent 2 "a" | quote }}"#, r#""\n  a""#),
    function("wrap", &[Int, Text], None, |r, v| wrap(r, text(v, 1), int(v, 0), "\n", false), "Broken into lines of at most so many bytes, at spaces", r#"{{ wrap 5 "aaa bbb" | quote }}"#, r#""aaa\nbbb""#),
    function("wrapWith", &[Int, Text, Text], None, |r, v| {
        let separator = if text(v, 1).is_empty() { "\n" } else { text(v, 1) };
        wrap(r, text(v, 2), int(v, 0), separator, true)
    }, "The same with another separator; long words are broken too", r#"{{ wrapWith 3 "/" "aaabbb" }}"#, "aaa/bbb"),
    function("plural", &[Text, Text, Int], None, |_, v| {
        Ok(arg(v, usize::from(int(v, 2) != 1)).clone())
    }, "The first text for one, else the second", r#"{{ plural "item" "items" 2 }}"#, "items"),
    function("split", &[Text, Text], None, |r, v| by_position(r, split(text(v, 1), text(v, 0), None)), "The parts between separators, as a dict with _0, _1 and so on", r#"{{ (split "," "a,b")._1 }}"#, "b"),
    function("splitn", &[Text, Int, Text], None, |r, v| {
        let limit = int(v, 1);
        if limit == 0 {
            return by_position(r, Vec::new());
        }
        by_position(r, split(text(v, 2), text(v, 0), usize::try_from(limit).ok()))
    }, "The same with at most so many parts", r#"{{ (splitn "," 2 "a,b,c")._1 }}"#, "b,c"),
    function("splitList", &[Text, Text], None, |r, v| r.texts(split(text(v, 1), text(v, 0), None)), "The parts between separators, as a list", r#"{{ splitList "," "a,b" }}"#, "[a b]"),
    function("normalize", &[Text], None, |r, v| r.text(normalize(text(v, 0))), "A name as Kubernetes accepts it: small letters, digits, hyphens and dots, at most 253", r#"{{ normalize "My_App.x" }}"#, "my-app.x"),
    function("slugify", &[], MORE, slugify, "A name for a URL, cut after a whole word at 50 characters or at the length given first", r#"{{ slugify 10 "feature/some-branch" }}"#, "feature"),
];

pub fn text(values: &[Value], index: usize) -> &str {
    match values.get(index) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

fn int(values: &[Value], index: usize) -> i64 {
    match values.get(index) {
        Some(Value::Int(number)) => *number,
        _ => 0,
    }
}

fn trim_all(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let cut = text(values, 0);
    runtime.meter.spend(text(values, 1).len() as u64 * cut.len() as u64 / 64)?;
    runtime.text(text(values, 1).trim_matches(|c| cut.contains(c)))
}

fn out_of_bounds(what: &str) -> Box<Fault> {
    Fault::value(format!("runtime error: slice bounds out of range [{what}]"))
}

fn truncate(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let (count, text) = (int(values, 0), text(values, 1));
    let length = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if length >= text.len() {
        return runtime.text(text);
    }
    let bytes = text.as_bytes();
    let kept = if count < 0 { bytes.get(bytes.len() - length..) } else { bytes.get(..length) };
    runtime.text(text_of_bytes(kept.unwrap_or_default()))
}

fn substring(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let (start, end, text) = (int(values, 0), int(values, 1), text(values, 2));
    let bytes = text.as_bytes();
    let length = bytes.len() as i64;
    let (from, to) = if start < 0 {
        (0, end)
    } else if end < 0 || end > length {
        (start, length)
    } else {
        (start, end)
    };
    let part =
        usize::try_from(from).ok().zip(usize::try_from(to).ok()).and_then(|(from, to)| bytes.get(from..to));
    match part {
        Some(part) => runtime.text(text_of_bytes(part)),
        None if from > to => Err(out_of_bounds(&format!("{from}:{to}"))),
        None => Err(out_of_bounds(&format!(":{to}"))),
    }
}

/// Cut to `width` bytes with dots in place of what is missing; `offset` is a byte that stays visible.
fn abbreviate(runtime: &Runtime<'_>, text: &str, offset: i64, width: i64) -> Outcome<Value> {
    let bytes = text.as_bytes();
    let length = bytes.len() as i64;
    if length <= width {
        return runtime.text(text);
    }
    let slice = |from: i64, to: i64| {
        let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
        text_of_bytes(bytes.get(from..to).unwrap_or_default())
    };
    let mut offset = offset.clamp(0, length);
    if length - offset < width - 3 {
        offset = length - (width - 3);
    }
    if offset <= 4 {
        return runtime.text(format!("{}...", slice(0, width - 3)));
    }
    if width < 7 {
        return Ok(Value::text(""));
    }
    if offset + width - 3 < length {
        return runtime.text(format!("...{}...", slice(offset, offset + width - 6)));
    }
    runtime.text(format!("...{}", slice(length - (width - 3), length)))
}

fn indented(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<String> {
    let Ok(spaces) = usize::try_from(int(values, 0)) else {
        return Err(Fault::value("strings: negative Repeat count"));
    };
    let lines = text(values, 1).matches('\n').count() + 1;
    runtime.meter.allocate(spaces.saturating_mul(lines).saturating_add(text(values, 1).len()))?;
    let padding = " ".repeat(spaces);
    Ok(format!("{padding}{}", text(values, 1).replace('\n', &format!("\n{padding}"))))
}

/// Breaks after words so that lines have at most `width` bytes. Spaces at the start of a line are dropped.
fn wrap(
    runtime: &Runtime<'_>,
    text: &str,
    width: i64,
    separator: &str,
    breaks_words: bool,
) -> Outcome<Value> {
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while rest.len() > width {
        runtime.meter.allocate(separator.len())?;
        runtime.meter.spend(1)?;
        if let [b' ', after @ ..] = rest {
            rest = after;
            continue;
        }
        let window = rest.get(..=width).unwrap_or_default();
        let cut = window.iter().rposition(|byte| *byte == b' ');
        let (line, skipped) = match cut {
            Some(space) => (space, space + 1),
            None if breaks_words => (width, width),
            None => match rest.iter().skip(width).position(|byte| *byte == b' ') {
                Some(space) => (width + space, width + space + 1),
                None => break,
            },
        };
        out.extend_from_slice(rest.get(..line).unwrap_or_default());
        out.extend_from_slice(separator.as_bytes());
        rest = rest.get(skipped..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    runtime.text(text_of_bytes(&out))
}

/// The parts of a text, at most `limit`; without a separator, its characters.
fn split<'v>(text: &'v str, separator: &str, limit: Option<usize>) -> Vec<&'v str> {
    let limit = limit.unwrap_or(usize::MAX);
    if !separator.is_empty() {
        return text.splitn(limit, separator).collect();
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if parts.len() + 1 == limit {
            parts.push(rest);
            break;
        }
        let (character, after) = rest.split_at(first.len_utf8());
        parts.push(character);
        rest = after;
    }
    parts
}

fn by_position(runtime: &Runtime<'_>, parts: Vec<&str>) -> Outcome<Value> {
    let mut entries = Entries::new();
    for (index, part) in parts.into_iter().enumerate() {
        entries.insert(Rc::from(format!("_{index}")), runtime.text(part)?);
    }
    Ok(Value::Map(runtime.map_of_texts(entries)?))
}

/// The longest name that DNS allows.
const LONGEST_NAME: usize = 253;

/// Argo CD's rule for names of applications.
fn normalize(name: &str) -> String {
    let characters = words::lower(name);
    let clean: String = characters
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.' { c } else { '-' })
        .take(LONGEST_NAME)
        .collect();
    clean.trim_matches(['-', '.']).to_owned()
}

/// Argo CD's `slugify [length] [whole words] name`.
fn slugify(_: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let wrong = |value: &Value, wanted: &str| {
        let is = if value.is_nil() { "nil" } else { value.type_name() };
        Fault::value(format!("interface conversion: interface {{}} is {is}, not {wanted}"))
    };
    let (mut length, mut whole_words, mut name) = (50, true, "");
    for (index, value) in values.iter().enumerate() {
        match (index, value) {
            (index, Value::Text(text)) if index + 1 == values.len() => name = text,
            (index, other) if index + 1 == values.len() => return Err(wrong(other, "string")),
            (0, Value::Int(number)) => length = *number,
            (0, other) => return Err(wrong(other, "int")),
            (1, Value::Bool(flag)) => whole_words = *flag,
            (1, other) => return Err(wrong(other, "bool")),
            _ => {}
        }
    }
    let mut slug = normalize(name);
    let length = usize::try_from(length).unwrap_or(0);
    if !whole_words {
        slug.truncate(length.min(slug.len()));
    }
    let mut clean = String::with_capacity(slug.len());
    for character in slug.chars() {
        let character = if character == '.' { '-' } else { character };
        if character != '-' || !clean.ends_with('-') {
            clean.push(character);
        }
    }
    let clean = clean.trim_matches(['-', '_']);
    if !whole_words || length == 0 || clean.len() <= length {
        return Ok(Value::text(clean));
    }
    let start = clean.get(..=length).unwrap_or(clean);
    Ok(Value::text(
        start.rfind('-').and_then(|hyphen| start.get(..hyphen)).or(clean.get(..length)).unwrap_or(clean),
    ))
}
