//! Lists.

use super::arithmetic::to_int;
use super::builtins::{any_list, arg};
use super::defaults::is_empty;
use super::print::{text_of, texts_of};
use super::registry::Kind::{Any, Int, Text};
use super::registry::{Function, Kind, function};
use super::runtime::Runtime;
use super::value::{Element, Value};
use crate::error::{Fault, Outcome};

const MORE: Option<Kind> = Some(Any);

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("list", &[], MORE, |r, v| any_list(r, v.to_vec()), "A list of the arguments", r#"{{ list 1 "a" }}"#, "[1 a]"),
    function("tuple", &[], MORE, |r, v| any_list(r, v.to_vec()), "The same as list", "{{ tuple 1 2 }}", "[1 2]"),
    function("first", &[Any], None, first, "The first item, or nothing", r#"{{ first (list "a" "b") }}"#, "a"),
    function("mustFirst", &[Any], None, first, "The same as first", r#"{{ mustFirst (list "a" "b") }}"#, "a"),
    function("last", &[Any], None, last, "The last item, or nothing", r#"{{ last (list "a" "b") }}"#, "b"),
    function("mustLast", &[Any], None, last, "The same as last", r#"{{ mustLast (list "a" "b") }}"#, "b"),
    function("rest", &[Any], None, rest, "All items but the first", "{{ rest (list 1 2 3) }}", "[2 3]"),
    function("mustRest", &[Any], None, rest, "The same as rest", "{{ mustRest (list 1 2 3) }}", "[2 3]"),
    function("initial", &[Any], None, initial, "All items but the last", "{{ initial (list 1 2 3) }}", "[1 2]"),
    function("mustInitial", &[Any], None, initial, "The same as initial", "{{ mustInitial (list 1 2 3) }}", "[1 2]"),
    function("append", &[Any, Any], None, append, "A new list with one more item at the end", "{{ append (list 1 2) 3 }}", "[1 2 3]"),
    function("mustAppend", &[Any, Any], None, append, "The same as append", "{{ mustAppend (list 1) 2 }}", "[1 2]"),
    function("push", &[Any, Any], None, append, "The same as append", "{{ push (list 1) 2 }}", "[1 2]"),
    function("mustPush", &[Any, Any], None, append, "The same as append", "{{ mustPush (list 1) 2 }}", "[1 2]"),
    function("prepend", &[Any, Any], None, prepend, "A new list with one more item at the start", "{{ prepend (list 2) 1 }}", "[1 2]"),
    function("mustPrepend", &[Any, Any], None, prepend, "The same as prepend", "{{ mustPrepend (list 2) 1 }}", "[1 2]"),
    function("concat", &[], MORE, concat, "One list of the items of several", "{{ concat (list 1) (list 2) }}", "[1 2]"),
    function("reverse", &[Any], None, reverse, "The items from the last to the first", "{{ reverse (list 1 2) }}", "[2 1]"),
    function("mustReverse", &[Any], None, reverse, "The same as reverse", "{{ mustReverse (list 1 2) }}", "[2 1]"),
    function("uniq", &[Any], None, uniq, "The items without repetitions", "{{ uniq (list 1 1 2) }}", "[1 2]"),
    function("mustUniq", &[Any], None, uniq, "The same as uniq", "{{ mustUniq (list 1 1 2) }}", "[1 2]"),
    function("without", &[Any], MORE, without, "The items that are none of the arguments", r#"{{ without (list "a" "b") "a" }}"#, "[b]"),
    function("mustWithout", &[Any], MORE, without, "The same as without", r#"{{ mustWithout (list "a" "b") "a" }}"#, "[b]"),
    function("has", &[Any, Any], None, has, "Whether a list has the item", r#"{{ has "a" (list "a" "b") }}"#, "true"),
    function("mustHas", &[Any, Any], None, has, "The same as has", r#"{{ mustHas "a" (list "a" "b") }}"#, "true"),
    function("compact", &[Any], None, compact, "The items that are not empty", r#"{{ compact (list 0 1 "") }}"#, "[1]"),
    function("mustCompact", &[Any], None, compact, "The same as compact", r#"{{ mustCompact (list 0 1 "") }}"#, "[1]"),
    function("slice", &[Any], MORE, slice, "The items from one index up to another", "{{ slice (list 1 2 3) 1 3 }}", "[2 3]"),
    function("mustSlice", &[Any], MORE, slice, "The same as slice", "{{ mustSlice (list 1 2 3) 1 }}", "[2 3]"),
    function("chunk", &[Int, Any], None, chunk, "Lists of so many items each", "{{ chunk 2 (list 1 2 3) }}", "[[1 2] [3]]"),
    function("mustChunk", &[Int, Any], None, chunk, "The same as chunk", "{{ mustChunk 2 (list 1 2 3) }}", "[[1 2] [3]]"),
    function("join", &[Text, Any], None, join, "The items as texts with a separator between them", r#"{{ join "-" (list "a" 1) }}"#, "a-1"),
    function("sortAlpha", &[Any], None, sort_alpha, "The items as texts in the order of their bytes", r#"{{ sortAlpha (list "b" "a") }}"#, "[a b]"),
    function("toStrings", &[Any], None, |r, v| r.texts(texts_of(r, arg(v, 0))?), "The items as texts", "{{ toStrings (list 1 2) }}", "[1 2]"),
    function("until", &[Int], None, |r, v| until(r, int(v, 0)), "The whole numbers from 0 up to the argument", "{{ until 3 }}", "[0 1 2]"),
    function("untilStep", &[Int, Int, Int], None, |r, v| {
        until_step(r, int(v, 0), int(v, 1), int(v, 2)).map(|items| numbers(r, items))?
    }, "Whole numbers from one up to another in steps", "{{ untilStep 0 6 2 }}", "[0 2 4]"),
    function("seq", &[], Some(Int), seq, "Whole numbers with spaces between them, as the command of that name prints them", "{{ seq 1 3 }}", "1 2 3"),
];

fn int(values: &[Value], index: usize) -> i64 {
    match values.get(index) {
        Some(Value::Int(number)) => *number,
        _ => 0,
    }
}

/// The items of a list; anything else cannot be what `what` says.
fn items<'v>(value: &'v Value, what: &str) -> Outcome<&'v [Value]> {
    match value {
        Value::List(list) => Ok(&list.items),
        Value::Missing | Value::Nil => {
            Err(Fault::value("runtime error: invalid memory address or nil pointer dereference")
                .hint("The list is missing; give it, or a default for it."))
        }
        other => Err(Fault::value(format!("Cannot {what} on type {}", other.kind_name()))),
    }
}

fn first(_: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    Ok(items(arg(values, 0), "find first")?.first().cloned().unwrap_or(Value::Nil))
}

fn last(_: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    Ok(items(arg(values, 0), "find last")?.last().cloned().unwrap_or(Value::Nil))
}

fn rest(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let items = items(arg(values, 0), "find rest")?;
    any_list(runtime, items.get(1..).unwrap_or_default().to_vec())
}

fn initial(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let items = items(arg(values, 0), "find initial")?;
    any_list(runtime, items.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default())
}

fn append(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let items = items(arg(values, 0), "push")?;
    any_list(runtime, items.iter().chain([arg(values, 1)]).cloned().collect())
}

fn prepend(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let items = items(arg(values, 0), "prepend")?;
    any_list(runtime, [arg(values, 1)].into_iter().chain(items).cloned().collect())
}

fn concat(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let mut all = Vec::new();
    for value in values {
        let items = items(value, "concat")?;
        runtime.meter.allocate(size_of_val(items))?;
        all.extend_from_slice(items);
    }
    any_list(runtime, all)
}

fn reverse(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    any_list(runtime, items(arg(values, 0), "find reverse")?.iter().rev().cloned().collect())
}

fn contains(runtime: &Runtime<'_>, items: &[Value], needle: &Value) -> Outcome<bool> {
    for item in items {
        runtime.meter.spend(1)?;
        if runtime.equals(needle, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items(arg(values, 0), "find uniq")? {
        if !contains(runtime, &kept, item)? {
            kept.push(item.clone());
        }
    }
    any_list(runtime, kept)
}

fn without(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let unwanted = values.get(1..).unwrap_or_default();
    let mut kept = Vec::new();
    for item in items(arg(values, 0), "find without")? {
        if !contains(runtime, unwanted, item)? {
            kept.push(item.clone());
        }
    }
    any_list(runtime, kept)
}

fn has(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    if arg(values, 1).is_nil() {
        return Ok(Value::Bool(false));
    }
    let items = items(arg(values, 1), "find has")?;
    Ok(Value::Bool(contains(runtime, items, arg(values, 0))?))
}

fn compact(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let items = items(arg(values, 0), "compact")?;
    any_list(runtime, items.iter().filter(|item| !is_empty(item)).cloned().collect())
}

fn slice(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let Value::List(list) = arg(values, 0) else {
        items(arg(values, 0), "slice").map_err(|fault| match arg(values, 0) {
            Value::Missing | Value::Nil => fault,
            other => {
                let kind = other.kind_name();
                Fault::value(format!("list should be type of slice or array but {kind}"))
            }
        })?;
        return Ok(Value::Nil);
    };
    let length = list.items.len();
    if length == 0 {
        return Ok(Value::Nil);
    }
    let start = values.get(1).map_or(0, to_int);
    let end = values.get(2).map_or(length as i64, to_int);
    let bounds = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    match bounds.and_then(|(start, end)| list.items.get(start..end)) {
        Some(items) => runtime.list(list.element, items.to_vec()),
        None => Err(Fault::value("reflect.Value.Slice: slice index out of bounds")),
    }
}

fn chunk(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let Value::List(list) = arg(values, 1) else {
        items(arg(values, 1), "chunk")?;
        return Ok(Value::Nil);
    };
    let Some(size) = usize::try_from(int(values, 0)).ok().filter(|size| *size > 0) else {
        return Err(Fault::value("runtime error: integer divide by zero"));
    };
    let chunks: Outcome<Vec<Value>> =
        list.items.chunks(size).map(|items| any_list(runtime, items.to_vec())).collect();
    runtime.list(Element::Lists, chunks?)
}

fn join(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let (Value::Text(separator), list) = (arg(values, 0), arg(values, 1)) else { return Ok(Value::Nil) };
    let texts = texts_of(runtime, list)?;
    runtime.meter.allocate(separator.len().saturating_mul(texts.len()))?;
    runtime.text(texts.join(separator))
}

fn sort_alpha(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let list = arg(values, 0);
    let mut texts = match list {
        Value::List(_) => texts_of(runtime, list)?,
        other => vec![text_of(runtime, other)?],
    };
    runtime.meter.spend(texts.len() as u64 * u64::from(texts.len().checked_ilog2().unwrap_or(0) + 1) / 8)?;
    texts.sort_unstable();
    runtime.texts(texts)
}

fn numbers(runtime: &Runtime<'_>, items: Vec<i64>) -> Outcome<Value> {
    runtime.list(Element::Int, items.into_iter().map(Value::Int).collect())
}

fn until(runtime: &Runtime<'_>, count: i64) -> Outcome<Value> {
    let items = until_step(runtime, 0, count, if count < 0 { -1 } else { 1 })?;
    numbers(runtime, items)
}

fn until_step(runtime: &Runtime<'_>, start: i64, stop: i64, step: i64) -> Outcome<Vec<i64>> {
    let downwards = stop < start;
    if (downwards && step >= 0) || (!downwards && step <= 0) {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    let mut at = start;
    while if downwards { at > stop } else { at < stop } {
        runtime.meter.spend(1)?;
        runtime.meter.allocate(8)?;
        items.push(at);
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(items)
}

fn seq(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let numbers: Vec<i64> = (0..values.len()).map(|index| int(values, index)).collect();
    let (start, stop, step) = match numbers.as_slice() {
        [end] => (1, *end, if *end < 1 { -1 } else { 1 }),
        [start, end] => (*start, *end, if end < start { -1 } else { 1 }),
        [start, step, end] => {
            if end < start && *step > 0 {
                return Ok(Value::text(""));
            }
            (*start, *end, *step)
        }
        _ => return Ok(Value::text("")),
    };
    let beyond = if stop < start { -1 } else { 1 };
    let items = until_step(runtime, start, stop.saturating_add(beyond), step)?;
    let texts: Vec<String> = items.iter().map(i64::to_string).collect();
    runtime.text(texts.join(" "))
}
