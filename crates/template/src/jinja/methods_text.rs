//! The methods of text.

use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::call::{Arguments, count, flag, integer, text};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::printing::is_printable;
use crate::jinja::slug;
use crate::jinja::value::{Heap, Key, Value};
use crate::jinja::{format, wrap};

/// All methods of text.
pub const NAMES: &[&str] = &[
    "__len__",
    "capitalize",
    "casefold",
    "center",
    "count",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
];

fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

/// Small letters; a Greek sigma at the end of a word is a final one.
pub fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// A capital for the first character, small letters for the others.
pub fn capitalize(text: &str) -> String {
    let mut characters = text.chars();
    let mut out = String::with_capacity(text.len());
    if let Some(first) = characters.next() {
        push_title(first, &mut out);
    }
    out.push_str(&characters.as_str().to_lowercase());
    out
}

/// A capital that is more than one character is one only in its first: ß is Ss.
fn push_title(c: char, out: &mut String) {
    let mut upper = c.to_uppercase();
    out.extend(upper.next());
    out.extend(upper.flat_map(char::to_lowercase));
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        if in_word {
            out.extend(c.to_lowercase());
        } else {
            push_title(c, &mut out);
        }
        in_word = is_cased(c);
    }
    out
}

pub fn is_lower(text: &str) -> bool {
    text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)
}

pub fn is_upper(text: &str) -> bool {
    text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)
}

fn is_title(text: &str) -> bool {
    let mut in_word = false;
    let mut found = false;
    for c in text.chars() {
        if c.is_uppercase() {
            if in_word {
                return false;
            }
            found = true;
        } else if c.is_lowercase() && !in_word {
            return false;
        }
        in_word = is_cased(c);
    }
    found
}

/// The text in the middle of `width`, as Python puts it when it cannot be exact.
pub fn center(text: &str, width: usize, fill: char, heap: &Heap) -> Outcome<String> {
    let missing = width.saturating_sub(text.chars().count());
    heap.meter.allocate(missing.saturating_mul(fill.len_utf8()))?;
    let left = missing / 2 + (missing & width & 1);
    let pad = |count: usize| std::iter::repeat_n(fill, count);
    Ok(pad(left).chain(text.chars()).chain(pad(missing - left)).collect())
}

/// The part between two positions, as `find` and its like take them, and where it begins in characters.
fn range<'t>(text: &'t str, start: Option<&Value>, stop: Option<&Value>) -> Outcome<(&'t str, usize)> {
    if matches!(start, None | Some(Value::None)) && matches!(stop, None | Some(Value::None)) {
        return Ok((text, 0));
    }
    let length = text.chars().count() as i128;
    let bound = |value: Option<&Value>, default: i128| -> Outcome<usize> {
        let value = value.filter(|value| !matches!(value, Value::None));
        let bound = integer(value, "start", default)?;
        let bound = if bound < 0 { bound + length } else { bound };
        Ok(usize::try_from(bound.clamp(0, length)).unwrap_or(0))
    };
    let (start, stop) = (bound(start, 0)?, bound(stop, length)?);
    let byte = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(offset, _)| offset);
    Ok((text.get(byte(start)..byte(stop)).unwrap_or_default(), start))
}

fn required_text(value: Option<Value>, name: &str) -> Outcome<Rc<str>> {
    text(value, name)?.ok_or_else(|| Fault::value(format!("'{name}' has to be a text")))
}

fn strip<'t>(source: &'t str, name: &str, characters: Option<&str>) -> &'t str {
    let strips = |c: char| characters.map_or_else(|| c.is_whitespace(), |characters| characters.contains(c));
    let source = if name == "rstrip" { source } else { source.trim_start_matches(strips) };
    if name == "lstrip" { source } else { source.trim_end_matches(strips) }
}

fn texts(heap: &Heap, parts: Vec<&str>) -> Outcome<Value> {
    heap.meter.allocate(parts.iter().map(|part| part.len() + 48).sum())?;
    heap.list(parts.into_iter().map(|part| Value::Text(part.into())).collect())
}

fn split(heap: &Heap, source: &str, name: &str, arguments: Arguments) -> Outcome<Value> {
    let [separator, most] = arguments.bind(name, ["sep", "maxsplit"])?;
    let most = integer(most.as_ref(), "maxsplit", -1)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    heap.meter.spend(source.len() as u64 / 16)?;
    let from_right = name == "rsplit";
    let Some(separator) = text(separator, "sep")? else {
        let mut parts = Vec::new();
        let mut rest = source.trim();
        while !rest.is_empty() {
            let place =
                if from_right { rest.rfind(char::is_whitespace) } else { rest.find(char::is_whitespace) };
            let Some(place) = place.filter(|_| parts.len() < most) else {
                parts.push(rest);
                break;
            };
            if from_right {
                let (before, after) = rest.split_at(place);
                parts.push(after.trim_start());
                rest = before.trim_end();
            } else {
                let (before, after) = rest.split_at(place);
                parts.push(before);
                rest = after.trim_start();
            }
        }
        if most == 0 && !source.trim().is_empty() {
            parts = vec![if from_right { source.trim_end() } else { source.trim_start() }];
        } else if !from_right && most < parts.len() {
            // What is left over keeps its white space at the end.
            let kept = parts.pop().map(|last| source.trim_start().len() - (source.trim().len() - last.len()));
            parts.extend(kept.and_then(|length| source.get(source.len() - length..)));
        } else if from_right && most < parts.len() {
            let kept = parts.pop().map(|last| source.len() - source.trim_start().len() + last.len());
            parts.extend(kept.and_then(|length| source.get(..length)));
        }
        if from_right {
            parts.reverse();
        }
        return texts(heap, parts);
    };
    if separator.is_empty() {
        return Err(Fault::value("empty separator").hint("Use |list to get the characters."));
    }
    let limit = most.saturating_add(1);
    let mut parts: Vec<&str> = if from_right {
        source.rsplitn(limit, &*separator).collect()
    } else {
        source.splitn(limit, &*separator).collect()
    };
    if from_right {
        parts.reverse();
    }
    texts(heap, parts)
}

fn affix(source: &str, name: &str, arguments: Arguments) -> Outcome<Value> {
    let [wanted, start, stop] = arguments.bind_required(name, ["prefix", "start", "end"], 1)?;
    let (part, _) = range(source, start.as_ref(), stop.as_ref())?;
    let matches = |wanted: &str| {
        if name == "startswith" { part.starts_with(wanted) } else { part.ends_with(wanted) }
    };
    match &wanted.unwrap_or(Value::None) {
        Value::Text(wanted) | Value::Safe(wanted) => Ok(Value::Bool(matches(wanted))),
        Value::Tuple(options) => Ok(Value::Bool(options.iter().filter_map(Value::as_text).any(matches))),
        other => Err(Fault::value(format!(
            "{name} first arg must be str or a tuple of str, not {}",
            other.defined()?.type_name()
        ))),
    }
}

fn find(heap: &Heap, source: &str, name: &str, arguments: Arguments) -> Outcome<Value> {
    let [wanted, start, stop] = arguments.bind_required(name, ["sub", "start", "end"], 1)?;
    let wanted = required_text(wanted, "sub")?;
    heap.meter.spend(source.len() as u64 / 16)?;
    let (part, before) = range(source, start.as_ref(), stop.as_ref())?;
    if name == "count" {
        let count = if wanted.is_empty() { part.chars().count() + 1 } else { part.matches(&*wanted).count() };
        return Ok(Value::Integer(count as i128));
    }
    let found = if name.starts_with('r') { part.rfind(&*wanted) } else { part.find(&*wanted) };
    match found {
        Some(offset) => {
            let characters = part.get(..offset).unwrap_or_default().chars().count();
            Ok(Value::Integer((before + characters) as i128))
        }
        None if name.ends_with("find") => Ok(Value::Integer(-1)),
        None => Err(Fault::value("substring not found").hint("Ask with \"in\" before, or use find.")),
    }
}

fn justify(heap: &Heap, source: &str, name: &str, arguments: Arguments) -> Outcome<Value> {
    let [width, fill] = arguments.bind_required(name, ["width", "fillchar"], 1)?;
    let width = count(width.as_ref(), "width", 0)?;
    let fill = text(fill, "fillchar")?.unwrap_or_else(|| " ".into());
    let mut characters = fill.chars();
    let (Some(fill), None) = (characters.next(), characters.next()) else {
        return Err(Fault::value("The fill character must be exactly one character long"));
    };
    if name == "center" {
        return heap.text(center(source, width, fill, heap)?);
    }
    let missing = width.saturating_sub(source.chars().count());
    heap.meter.allocate(missing.saturating_mul(fill.len_utf8()))?;
    let pad: String = std::iter::repeat_n(fill, missing).collect();
    heap.text(if name == "ljust" { format!("{source}{pad}") } else { format!("{pad}{source}") })
}

fn question(source: &str, name: &str) -> bool {
    let all = |test: fn(char) -> bool| !source.is_empty() && source.chars().all(test);
    match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(char::is_alphabetic),
        "isascii" => source.is_ascii(),
        "isdecimal" | "isdigit" => all(|c| c.is_numeric() && (c.is_ascii_digit() || !c.is_ascii())),
        "isnumeric" => all(char::is_numeric),
        "isidentifier" => {
            source.starts_with(|c: char| c == '_' || c.is_alphabetic())
                && source.chars().all(|c| c == '_' || c.is_alphanumeric())
        }
        "islower" => is_lower(source),
        "isupper" => is_upper(source),
        "isspace" => all(char::is_whitespace),
        "istitle" => is_title(source),
        _ => source.chars().all(is_printable),
    }
}

/// `source.name(arguments)`
pub fn call(interpreter: &Interpreter<'_>, source: &str, name: &str, arguments: Arguments) -> Outcome<Value> {
    let heap = &interpreter.heap;
    heap.meter.spend(source.len() as u64 / 64)?;
    match name {
        "upper" | "lower" | "capitalize" | "title" | "swapcase" | "casefold" => {
            let [] = arguments.bind(name, [])?;
            heap.text(match name {
                "upper" => source.to_uppercase(),
                "lower" => lower(source),
                "capitalize" => capitalize(source),
                "title" => title(source),
                "swapcase" => source
                    .chars()
                    .flat_map(|c| -> Box<dyn Iterator<Item = char>> {
                        if c.is_uppercase() { Box::new(c.to_lowercase()) } else { Box::new(c.to_uppercase()) }
                    })
                    .collect(),
                _ => source.to_lowercase().replace('ß', "ss").replace('ς', "σ"),
            })
        }
        "strip" | "lstrip" | "rstrip" => {
            let [characters] = arguments.bind(name, ["chars"])?;
            let characters = text(characters, "chars")?;
            heap.text(strip(source, name, characters.as_deref()))
        }
        "split" | "rsplit" => split(heap, source, name, arguments),
        "splitlines" => {
            let [keep] = arguments.bind(name, ["keepends"])?;
            if !flag(keep.as_ref(), false)? {
                return texts(heap, wrap::lines(source));
            }
            let mut parts = Vec::new();
            let mut start = 0;
            for (line, end) in wrap::lines_with_ends(source) {
                let stop = start + line.len() + end;
                parts.extend(source.get(start..stop));
                start = stop;
            }
            texts(heap, parts)
        }
        "partition" | "rpartition" => {
            let [separator] = arguments.bind_required(name, ["sep"], 1)?;
            let separator = required_text(separator, "sep")?;
            if separator.is_empty() {
                return Err(Fault::value("empty separator"));
            }
            let found = if name == "partition" {
                source.split_once(&*separator)
            } else {
                source.rsplit_once(&*separator)
            };
            let parts = match found {
                Some((before, after)) => [before, &*separator, after],
                None if name == "partition" => [source, "", ""],
                None => ["", "", source],
            };
            heap.meter.allocate(source.len() + 96)?;
            heap.tuple(parts.into_iter().map(|part| Value::Text(part.into())).collect())
        }
        "join" => {
            let [items] = arguments.bind_required(name, ["iterable"], 1)?;
            let mut out = String::new();
            for (index, item) in heap.items(&items.unwrap_or(Value::None))?.iter().enumerate() {
                let Some(part) = item.defined()?.as_text() else {
                    return Err(Fault::value(format!(
                        "sequence item {index}: expected str instance, {} found",
                        item.type_name()
                    ))
                    .hint("Use the filter join, or |map('string') before."));
                };
                if index > 0 {
                    out.push_str(source);
                }
                out.push_str(part);
                if out.len() > heap.meter.output {
                    return Err(Fault::budget("the template prints too much"));
                }
            }
            heap.text(out)
        }
        "replace" => {
            let [old, new, most] = arguments.bind_required(name, ["old", "new", "count"], 2)?;
            let (old, new) = (required_text(old, "old")?, required_text(new, "new")?);
            match usize::try_from(integer(most.as_ref(), "count", -1)?) {
                Ok(most) if most <= source.len() => {
                    heap.meter.allocate(source.len() + most.saturating_mul(new.len()))?;
                    heap.text(source.replacen(&*old, &new, most))
                }
                _ => heap.text(slug::replace(source, &old, &new, heap)?),
            }
        }
        "startswith" | "endswith" => affix(source, name, arguments),
        "find" | "rfind" | "index" | "rindex" | "count" => find(heap, source, name, arguments),
        "center" | "ljust" | "rjust" => justify(heap, source, name, arguments),
        "zfill" => {
            let [width] = arguments.bind_required(name, ["width"], 1)?;
            let missing = count(width.as_ref(), "width", 0)?.saturating_sub(source.chars().count());
            heap.meter.allocate(missing)?;
            let digits = source.strip_prefix(['-', '+']).unwrap_or(source);
            let (sign, digits) = source.split_at(source.len() - digits.len());
            heap.text(format!("{sign}{}{digits}", "0".repeat(missing)))
        }
        "removeprefix" | "removesuffix" => {
            let [part] = arguments.bind_required(name, ["affix"], 1)?;
            let part = required_text(part, "affix")?;
            let rest = if name == "removeprefix" {
                source.strip_prefix(&*part)
            } else {
                source.strip_suffix(&*part)
            };
            heap.text(rest.unwrap_or(source))
        }
        "expandtabs" => {
            let [size] = arguments.bind(name, ["tabsize"])?;
            expand_tabs(heap, source, count(size.as_ref(), "tabsize", 8)?)
        }
        "format" => heap.text(format::format(source, &arguments, heap)?),
        "format_map" => {
            let [map] = arguments.bind_required(name, ["mapping"], 1)?;
            let Some(Value::Map(map)) = map else {
                return Err(Fault::value("format_map takes a dictionary"));
            };
            let mut named = Vec::new();
            for (key, value) in map.borrow().iter() {
                if let Key::Text(name) = key {
                    named.push((Rc::clone(name), value.clone()));
                }
            }
            heap.text(format::format(source, &Arguments { positional: Vec::new(), named }, heap)?)
        }
        _ => {
            let [] = arguments.bind(name, [])?;
            Ok(Value::Bool(question(source, name)))
        }
    }
}

fn expand_tabs(heap: &Heap, source: &str, size: usize) -> Outcome<Value> {
    heap.meter.allocate(source.matches('\t').count().saturating_mul(size))?;
    let mut out = String::new();
    let mut column = 0;
    for c in source.chars() {
        match c {
            '\t' if size > 0 => {
                let width = size - column % size;
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\t' => {}
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    heap.text(out)
}
