//! Filters of text.

use crate::error::{Fault, Outcome};
use crate::jinja::call::{Arguments, count, flag, text};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::json::{Style, dump};
use crate::jinja::methods_text;
use crate::jinja::printing::{represent, text_of};
use crate::jinja::slug;
use crate::jinja::value::{Heap, Key, Value};
use crate::jinja::{percent, wrap};

type Answer = Outcome<Value>;

/// Text that HTML-safe text makes is HTML-safe.
fn like(value: &Value, text: String, heap: &Heap) -> Answer {
    if matches!(value, Value::Safe(_)) {
        heap.meter.allocate(text.len())?;
        Ok(Value::Safe(text.into()))
    } else {
        heap.text(text)
    }
}

fn map(
    interpreter: &Interpreter<'_>,
    value: &Value,
    arguments: Arguments,
    name: &str,
    change: impl Fn(&str) -> String,
) -> Answer {
    let [] = arguments.bind(name, [])?;
    let heap = &interpreter.heap;
    like(value, change(&text_of(value, heap)?), heap)
}

pub fn upper(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    map(interpreter, &value, arguments, "upper", str::to_uppercase)
}

pub fn lower(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    map(interpreter, &value, arguments, "lower", methods_text::lower)
}

pub fn capitalize(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    map(interpreter, &value, arguments, "capitalize", methods_text::capitalize)
}

/// Words begin behind a hyphen, white space or an opening bracket, unlike for Python's own `title`.
pub fn title(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    map(interpreter, &value, arguments, "title", |text| {
        let mut out = String::with_capacity(text.len());
        let mut starts = true;
        for c in text.chars() {
            if c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<') {
                out.push(c);
                starts = true;
            } else if starts {
                out.extend(c.to_uppercase());
                starts = false;
            } else {
                out.extend(c.to_lowercase());
            }
        }
        out
    })
}

pub fn string(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("string", [])?;
    match value {
        Value::Text(_) | Value::Safe(_) => Ok(value),
        value => interpreter.heap.text(text_of(&value, &interpreter.heap)?),
    }
}

pub fn trim(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [characters] = arguments.bind("trim", ["chars"])?;
    let heap = &interpreter.heap;
    let source = text_of(&value, heap)?;
    let trimmed = match text(characters, "chars")? {
        Some(characters) => source.trim_matches(|c| characters.contains(c)),
        None => source.trim(),
    };
    like(&value, trimmed.to_owned(), heap)
}

pub fn replace(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [old, new, most] = arguments.bind_required("replace", ["old", "new", "count"], 2)?;
    let heap = &interpreter.heap;
    let source = text_of(&value, heap)?;
    let part = |part: Option<Value>| part.map_or_else(|| Ok(String::new()), |part| text_of(&part, heap));
    let (old, new) = (part(old)?, part(new)?);
    let replaced = match most {
        None | Some(Value::None) => slug::replace(&source, &old, &new, heap)?,
        most => {
            let most = crate::jinja::call::integer(most.as_ref(), "count", -1)?;
            match usize::try_from(most) {
                Ok(most) => {
                    let times = source.matches(&*old).count().min(most);
                    heap.meter.allocate(source.len() + times.saturating_mul(new.len()))?;
                    source.replacen(&old, &new, most)
                }
                Err(_) => slug::replace(&source, &old, &new, heap)?,
            }
        }
    };
    like(&value, replaced, heap)
}

pub fn center(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [width] = arguments.bind("center", ["width"])?;
    let heap = &interpreter.heap;
    let source = text_of(&value, heap)?;
    let width = count(width.as_ref(), "width", 80)?;
    like(&value, methods_text::center(&source, width, ' ', heap)?, heap)
}

pub fn indent(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [width, first, blank] = arguments.bind("indent", ["width", "first", "blank"])?;
    let heap = &interpreter.heap;
    let Some(source) = value.defined()?.as_text() else {
        return Err(
            Fault::value(format!("indent takes text, not {}", value.type_name())).hint("Add |string before.")
        );
    };
    let indent = match width {
        Some(Value::Text(text) | Value::Safe(text)) => text.to_string(),
        width => {
            let width = count(width.as_ref(), "width", 4)?;
            heap.meter.allocate(width)?;
            " ".repeat(width)
        }
    };
    let (first, blank) = (flag(first.as_ref(), false)?, flag(blank.as_ref(), false)?);
    let source = format!("{source}\n");
    let lines = wrap::lines(&source);
    heap.meter.allocate(lines.len().saturating_mul(indent.len() + 1).saturating_add(source.len()))?;
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let indented = if index == 0 { first } else { blank || !line.is_empty() };
        if indented {
            out.push_str(&indent);
        }
        out.push_str(line);
    }
    like(&value, out, heap)
}

pub fn truncate(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [length, kill, end, leeway] = arguments.bind("truncate", ["length", "killwords", "end", "leeway"])?;
    let heap = &interpreter.heap;
    let source = text_of(&value, heap)?;
    let end = text(end, "end")?.unwrap_or_else(|| "...".into());
    let length = count(length.as_ref(), "length", 255)?;
    let leeway = match leeway {
        Some(Value::None) => 5,
        leeway => count(leeway.as_ref(), "leeway", 5)?,
    };
    let end_length = end.chars().count();
    if length < end_length {
        return Err(Fault::value(format!("expected length >= {end_length}, got {length}")));
    }
    if source.chars().count() <= length.saturating_add(leeway) {
        return Ok(value);
    }
    let cut: String = source.chars().take(length - end_length).collect();
    let kept = if flag(kill.as_ref(), false)? {
        &*cut
    } else {
        cut.rsplit_once(' ').map_or(&*cut, |(kept, _)| kept)
    };
    like(&value, format!("{kept}{end}"), heap)
}

pub fn word_count(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("wordcount", [])?;
    let source = text_of(&value, &interpreter.heap)?;
    let words = source.split(|c: char| c != '_' && !c.is_alphanumeric()).filter(|word| !word.is_empty());
    Ok(Value::Integer(words.count() as i128))
}

pub fn word_wrap(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [width, long, joiner, hyphens] =
        arguments.bind("wordwrap", ["width", "break_long_words", "wrapstring", "break_on_hyphens"])?;
    let heap = &interpreter.heap;
    let source = text_of(&value, heap)?;
    let width = count(width.as_ref(), "width", 79)?;
    if width == 0 {
        return Err(Fault::value("the width of wordwrap has to be 1 or more"));
    }
    let (long, hyphens) = (flag(long.as_ref(), true)?, flag(hyphens.as_ref(), true)?);
    let joiner = text(joiner, "wrapstring")?
        .unwrap_or_else(|| interpreter.environment.syntax.newline_sequence.as_str().into());
    heap.meter.allocate(source.len().saturating_mul(8 + joiner.len()))?;
    let paragraphs: Vec<String> = wrap::lines(&source)
        .into_iter()
        .map(|line| wrap::wrap(line, width, long, hyphens).join(&*joiner))
        .collect();
    heap.text(paragraphs.join(&*joiner))
}

pub fn format(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let heap = &interpreter.heap;
    let source = text_of(&value, heap)?;
    let Arguments { positional, named } = arguments;
    let values = if named.is_empty() {
        heap.tuple(positional)?
    } else if positional.is_empty() {
        heap.map(named.into_iter().map(|(name, value)| (Key::Text(name), value)).collect())?
    } else {
        return Err(Fault::value("can't handle positional and keyword arguments at the same time"));
    };
    heap.text(percent::format(&source, &values, heap)?)
}

pub fn pretty(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [] = arguments.bind("pprint", [])?;
    let mut out = String::new();
    represent(value.defined()?, &interpreter.heap, &mut out)?;
    interpreter.heap.text(out)
}

fn indentation(indent: Option<Value>, default: Option<usize>, heap: &Heap) -> Outcome<Option<String>> {
    match indent {
        None => Ok(default.map(|width| " ".repeat(width))),
        Some(Value::None) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.to_string())),
        indent => {
            let width = count(indent.as_ref(), "indent", 0)?;
            heap.meter.allocate(width)?;
            Ok(Some(" ".repeat(width)))
        }
    }
}

pub fn to_json(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [indent] = arguments.bind("tojson", ["indent"])?;
    let heap = &interpreter.heap;
    let indent = indentation(indent, None, heap)?;
    Ok(Value::Safe(dump(&value, Style { indent: indent.as_deref(), html: true }, heap)?.into()))
}

pub fn jsonify(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [indent] = arguments.bind("jsonify", ["indent"])?;
    let heap = &interpreter.heap;
    let indent = indentation(indent, Some(4), heap)?;
    heap.text(dump(&value, Style { indent: indent.as_deref(), html: false }, heap)?)
}
