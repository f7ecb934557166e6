//! Regular expressions in RE2's language. They run in time linear in the text, and their size is bounded.

use std::rc::Rc;

use regex::{NoExpand, Regex, RegexBuilder};

use super::dialect::translate;
use super::registry::Kind::{Int, Text};
use super::registry::{Function, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::{Element, Value};
use crate::error::{Fault, Outcome, TemplateErrorKind};

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("regexMatch", &[Text, Text], None, |r, v| {
        match compile(r, text(v, 0), text(v, 1)) {
            Ok(regex) => Ok(Value::Bool(regex.is_match(text(v, 1)))),
            // A broken expression matches nothing here, and is an error for the other form.
            Err(fault) if fault.kind == TemplateErrorKind::Value => Ok(Value::Bool(false)),
            Err(fault) => Err(fault),
        }
    }, "Whether an expression matches a part of a text", r#"{{ regexMatch "^v[0-9]+$" "v12" }}"#, "true"),
    function("mustRegexMatch", &[Text, Text], None, |r, v| {
        Ok(Value::Bool(compile(r, text(v, 0), text(v, 1))?.is_match(text(v, 1))))
    }, "The same, with an error for a broken expression", r#"{{ mustRegexMatch "b+" "abb" }}"#, "true"),
    function("regexFind", &[Text, Text], None, find, "The first match, or an empty text", r#"{{ regexFind "[0-9]+" "a12b3" }}"#, "12"),
    function("mustRegexFind", &[Text, Text], None, find, "The same as regexFind", r#"{{ mustRegexFind "[0-9]+" "a12b3" }}"#, "12"),
    function("regexFindAll", &[Text, Text, Int], None, find_all, "All matches, or at most so many", r#"{{ regexFindAll "[0-9]" "a1b2" -1 }}"#, "[1 2]"),
    function("mustRegexFindAll", &[Text, Text, Int], None, find_all, "The same as regexFindAll", r#"{{ mustRegexFindAll "[0-9]" "a1b2" 1 }}"#, "[1]"),
    function("regexReplaceAll", &[Text, Text, Text], None, replace, "All matches replaced; $1 stands for the first group", r#"{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}"#, "-W-xxW-"),
    function("mustRegexReplaceAll", &[Text, Text, Text], None, replace, "The same as regexReplaceAll", r#"{{ mustRegexReplaceAll "x+" "axxb" "-" }}"#, "a-b"),
    function("regexReplaceAllLiteral", &[Text, Text, Text], None, replace_literally, "All matches replaced by a text as it is", r#"{{ regexReplaceAllLiteral "x+" "axxb" "$1" }}"#, "a$1b"),
    function("mustRegexReplaceAllLiteral", &[Text, Text, Text], None, replace_literally, "The same as regexReplaceAllLiteral", r#"{{ mustRegexReplaceAllLiteral "x+" "axxb" "$1" }}"#, "a$1b"),
    function("regexSplit", &[Text, Text, Int], None, split, "The parts between matches, or at most so many", r#"{{ regexSplit ",+" "a,,b" -1 }}"#, "[a b]"),
    function("mustRegexSplit", &[Text, Text, Int], None, split, "The same as regexSplit", r#"{{ mustRegexSplit ",+" "a,,b" -1 }}"#, "[a b]"),
    function("regexQuoteMeta", &[Text], None, |r, v| {
        let quoted: String = text(v, 0)
            .chars()
            .flat_map(|c| r"\.+*?()|[]{}^$".contains(c).then_some('\\').into_iter().chain([c]))
            .collect();
        r.text(quoted)
    }, "The text as an expression that matches just it", r#"{{ regexQuoteMeta "1.2" }}"#, r"1\.2"),
];

/// Bytes that a compiled expression may take.
const COMPILED_BYTES: usize = 1 << 20;
/// Expressions that are kept compiled for one render.
const KEPT: usize = 64;
/// Bytes of an expression.
const LONGEST: usize = 10_000;

/// The compiled expression. Compiling and searching `subject` are paid for.
fn compile(runtime: &Runtime<'_>, pattern: &str, subject: &str) -> Outcome<Regex> {
    runtime.meter.spend(subject.len() as u64 / 32 + 10)?;
    if let Some(regex) = runtime.regexes.borrow().get(pattern) {
        return Ok(regex.clone());
    }
    if pattern.len() > LONGEST {
        return Err(Fault::budget("the regular expression is too long"));
    }
    runtime.meter.spend(10_000 + 50 * pattern.len() as u64)?;
    let fault = |message: &str| Fault::value(format!("error parsing regexp: {message}"));
    let translated = translate(pattern).map_err(|message| fault(&message))?;
    let regex = RegexBuilder::new(&translated)
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(COMPILED_BYTES)
        .nest_limit(100)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => fault("expression too large"),
            other => fault(&reason(&other.to_string(), pattern)),
        })?;
    let mut kept = runtime.regexes.borrow_mut();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(Rc::from(pattern), regex.clone());
    Ok(regex)
}

/// What is wrong, in RE2's words where it has some.
fn reason(message: &str, pattern: &str) -> String {
    const WORDS: [(&str, &str); 6] = [
        ("unclosed group", "missing closing )"),
        ("unopened group", "unexpected )"),
        ("unclosed character class", "missing closing ]"),
        ("repetition operator missing expression", "missing argument to repetition operator"),
        ("invalid character class range", "invalid character class range"),
        ("unrecognized escape sequence", "invalid escape sequence"),
    ];
    let found = WORDS.iter().find(|(text, _)| message.contains(text));
    let last = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
    format!("{}: `{pattern}`", found.map_or(last, |(_, words)| words))
}

fn limit(values: &[Value]) -> usize {
    match values.get(2) {
        Some(Value::Int(limit)) => usize::try_from(*limit).unwrap_or(usize::MAX),
        _ => usize::MAX,
    }
}

fn find(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let subject = text(values, 1);
    let regex = compile(runtime, text(values, 0), subject)?;
    runtime.text(regex.find(subject).map_or("", |found| found.as_str()))
}

fn find_all(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let subject = text(values, 1);
    let regex = compile(runtime, text(values, 0), subject)?;
    let mut found = Vec::new();
    for matched in regex.find_iter(subject).take(limit(values)) {
        runtime.meter.spend(1)?;
        found.push(runtime.text(matched.as_str())?);
    }
    runtime.list(Element::Text, found)
}

fn replace(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let (subject, replacement) = (text(values, 1), text(values, 2));
    let regex = compile(runtime, text(values, 0), subject)?;
    let mut out = String::new();
    let mut end = 0;
    for captures in regex.captures_iter(subject) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(subject.get(end..whole.start()).unwrap_or_default());
        let before = out.len();
        captures.expand(replacement, &mut out);
        runtime.meter.allocate(out.len() - before + 8)?;
        runtime.meter.spend(captures.len() as u64)?;
        end = whole.end();
    }
    out.push_str(subject.get(end..).unwrap_or_default());
    runtime.text(out)
}

fn replace_literally(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let (subject, replacement) = (text(values, 1), text(values, 2));
    let regex = compile(runtime, text(values, 0), subject)?;
    let count = regex.find_iter(subject).count();
    runtime.meter.allocate(count.saturating_mul(replacement.len() + 8))?;
    runtime.text(regex.replace_all(subject, NoExpand(replacement)))
}

/// Go's `Split`: an empty match at the very start gives no empty part.
fn split(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let (pattern, subject) = (text(values, 0), text(values, 1));
    let regex = compile(runtime, pattern, subject)?;
    let limit = limit(values);
    if limit == 0 {
        return runtime.list(Element::Text, Vec::new());
    }
    if !pattern.is_empty() && subject.is_empty() {
        return runtime.texts([""]);
    }
    let mut parts = Vec::new();
    let (mut start, mut end) = (0, 0);
    for found in regex.find_iter(subject).take(limit) {
        if parts.len() + 1 == limit {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(subject.get(start..end).unwrap_or_default());
        }
        start = found.end();
        runtime.meter.spend(1)?;
    }
    if end != subject.len() {
        parts.push(subject.get(start..).unwrap_or_default());
    }
    runtime.texts(parts)
}
