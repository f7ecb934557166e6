//! Dictionaries. Where Go's order is random, keys come sorted here.

use std::rc::Rc;

use super::builtins::{any_list, arg};
use super::defaults::is_empty;
use super::print::text_of;
use super::registry::Kind::{Any, Map as Dict, Text};
use super::registry::{Function, Kind, function};
use super::runtime::Runtime;
use super::value::{Entries, Map, Value};
use crate::error::{Fault, Outcome};

const MORE: Option<Kind> = Some(Any);
const DICTS: Option<Kind> = Some(Dict);
const TEXTS: Option<Kind> = Some(Text);

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("dict", &[], MORE, dict, "A dict of keys and values in turn", r#"{{ dict "a" 1 "b" 2 }}"#, "map[a:1 b:2]"),
    function("get", &[Dict, Text], None, |_, v| {
        Ok(map(v, 0).and_then(|map| map.get(&text(v, 1))).unwrap_or_else(|| Value::text("")))
    }, "The value of a key, or an empty text", r#"{{ get (dict "a" 1) "a" }}"#, "1"),
    function("set", &[Dict, Text, Any], None, set, "Puts a value into a dict, and gives the dict", r#"{{ set (dict "a" 1) "b" 2 }}"#, "map[a:1 b:2]"),
    function("unset", &[Dict, Text], None, |r, v| match map(v, 0) {
        Some(map) => {
            map.remove(&text(v, 1));
            Ok(Value::Map(map.clone()))
        }
        None => Ok(Value::Map(r.map(Entries::new())?)),
    }, "Takes a key out of a dict, and gives the dict", r#"{{ unset (dict "a" 1) "a" }}"#, "map[]"),
    function("hasKey", &[Dict, Text], None, |_, v| {
        Ok(Value::Bool(map(v, 0).is_some_and(|map| map.has(&text(v, 1)))))
    }, "Whether a dict has the key", r#"{{ hasKey (dict "a" 1) "a" }}"#, "true"),
    function("keys", &[], DICTS, |r, v| {
        r.texts(v.iter().filter_map(as_map).flat_map(Map::snapshot).map(|(key, _)| key))
    }, "The keys of dicts", r#"{{ keys (dict "a" 1 "b" 2) }}"#, "[a b]"),
    function("values", &[Dict], None, |r, v| {
        any_list(r, map(v, 0).map(|map| map.entries().values().cloned().collect()).unwrap_or_default())
    }, "The values of a dict", r#"{{ values (dict "a" 1 "b" 2) }}"#, "[1 2]"),
    function("pluck", &[Text], DICTS, |r, v| {
        let key = text(v, 0);
        any_list(r, v.iter().filter_map(as_map).filter_map(|map| map.get(&key)).collect())
    }, "The values that dicts have for a key", r#"{{ pluck "a" (dict "a" 1) (dict "a" 2) }}"#, "[1 2]"),
    function("pick", &[Dict], TEXTS, |r, v| select(r, v, true), "A dict with only these keys", r#"{{ pick (dict "a" 1 "b" 2) "a" }}"#, "map[a:1]"),
    function("omit", &[Dict], TEXTS, |r, v| select(r, v, false), "A dict without these keys", r#"{{ omit (dict "a" 1 "b" 2) "a" }}"#, "map[b:2]"),
    function("dig", &[], MORE, dig, "A value several dicts deep, or the default before the dict", r#"{{ dig "a" "b" "none" (dict "a" (dict "b" 1)) }}"#, "1"),
    function("merge", &[Dict], DICTS, |r, v| merge(r, v, false), "Fills what is empty in the first dict from the others", r#"{{ merge (dict "a" 1) (dict "a" 2 "b" 3) }}"#, "map[a:1 b:3]"),
    function("mustMerge", &[Dict], DICTS, |r, v| merge(r, v, false), "The same as merge", r#"{{ mustMerge (dict "a" 1) (dict "b" 3) }}"#, "map[a:1 b:3]"),
    function("mergeOverwrite", &[Dict], DICTS, |r, v| merge(r, v, true), "Puts what the other dicts have into the first", r#"{{ mergeOverwrite (dict "a" 1) (dict "a" 2) }}"#, "map[a:2]"),
    function("mustMergeOverwrite", &[Dict], DICTS, |r, v| merge(r, v, true), "The same as mergeOverwrite", r#"{{ mustMergeOverwrite (dict "a" 1) (dict "a" 2) }}"#, "map[a:2]"),
    function("deepCopy", &[Any], None, |r, v| deep_copy(r, arg(v, 0)), "A copy that shares no dict with the original", r#"{{ deepCopy (dict "a" 1) }}"#, "map[a:1]"),
    function("mustDeepCopy", &[Any], None, |r, v| deep_copy(r, arg(v, 0)), "The same as deepCopy", r#"{{ mustDeepCopy (dict "a" 1) }}"#, "map[a:1]"),
];

fn as_map(value: &Value) -> Option<&Map> {
    match value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn map(values: &[Value], index: usize) -> Option<&Map> {
    values.get(index).and_then(as_map)
}

fn text(values: &[Value], index: usize) -> Rc<str> {
    match values.get(index) {
        Some(Value::Text(text)) => Rc::clone(text),
        _ => Rc::from(""),
    }
}

fn dict(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let mut entries = Entries::new();
    for pair in values.chunks(2) {
        let key = text_of(runtime, arg(pair, 0))?;
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::text(""));
        entries.insert(Rc::from(key), value);
    }
    Ok(Value::Map(runtime.map(entries)?))
}

fn set(runtime: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let Some(map) = map(values, 0) else {
        return Err(Fault::value("assignment to entry in nil map").hint("Make the dict first, with dict."));
    };
    runtime.meter.allocate(size_of::<Value>() * 2)?;
    map.set(text(values, 1), arg(values, 2).clone());
    Ok(Value::Map(map.clone()))
}

/// The entries whose keys are among the arguments, or those whose keys are not.
fn select(runtime: &Runtime<'_>, values: &[Value], picked: bool) -> Outcome<Value> {
    let keys: Vec<Rc<str>> = (1..values.len()).map(|index| text(values, index)).collect();
    let Some(map) = map(values, 0) else { return Ok(Value::Map(runtime.map(Entries::new())?)) };
    runtime.meter.spend((keys.len() as u64).saturating_mul(map.len() as u64) / 8)?;
    let entries = map.snapshot().into_iter().filter(|(key, _)| keys.contains(key) == picked).collect();
    Ok(Value::Map(runtime.map(entries)?))
}

fn dig(_: &Runtime<'_>, values: &[Value]) -> Outcome<Value> {
    let (Some((dict, before)), true) = (values.split_last(), values.len() >= 3) else {
        return Err(Fault::value("dig needs at least three arguments"));
    };
    let Some((otherwise, path)) = before.split_last() else { return Ok(Value::Nil) };
    let wrong = |value: &Value, wanted: &str| {
        let is = if value.is_nil() { "nil" } else { value.type_name() };
        Fault::value(format!("interface conversion: interface {{}} is {is}, not {wanted}"))
    };
    for key in path {
        if !matches!(key, Value::Text(_)) {
            return Err(wrong(key, "string"));
        }
    }
    let mut at = dict.clone();
    for key in path {
        let (Value::Map(map), Value::Text(key)) = (&at, key) else {
            return Err(wrong(&at, "map[string]interface {}"));
        };
        if map.of_texts {
            return Err(wrong(&at, "map[string]interface {}"));
        }
        let Some(step) = map.get(key) else { return Ok(otherwise.clone()) };
        at = step;
    }
    Ok(at)
}

fn merge(runtime: &Runtime<'_>, values: &[Value], overwrites: bool) -> Outcome<Value> {
    let into = match map(values, 0) {
        Some(map) => map.clone(),
        None => runtime.map(Entries::new())?,
    };
    for from in values.iter().skip(1).filter_map(as_map) {
        merge_into(runtime, &into, from, overwrites)?;
    }
    Ok(Value::Map(into))
}

/// Lists are taken whole, dicts are merged key by key, and an empty value counts as none.
fn merge_into(runtime: &Runtime<'_>, into: &Map, from: &Map, overwrites: bool) -> Outcome<()> {
    if into.is_same(from) {
        return Ok(());
    }
    runtime.deeper(|| {
        for (key, value) in from.snapshot() {
            runtime.meter.allocate(size_of::<Value>() * 2)?;
            let there = into.get(&key);
            if value.is_nil() {
                if overwrites {
                    into.set(key, value);
                }
                continue;
            }
            if let (Value::Map(inner), Some(Value::Map(target))) = (&value, &there) {
                merge_into(runtime, target, inner, overwrites)?;
                if !target.is_empty() {
                    continue;
                }
            }
            if overwrites || there.as_ref().is_none_or(is_empty) {
                into.set(key, value);
            }
        }
        Ok(())
    })
}

fn deep_copy(runtime: &Runtime<'_>, value: &Value) -> Outcome<Value> {
    runtime.deeper(|| match value {
        Value::List(list) => {
            let items: Outcome<Vec<Value>> = list.items.iter().map(|item| deep_copy(runtime, item)).collect();
            runtime.list(list.element, items?)
        }
        Value::Map(map) => {
            let mut entries = Entries::new();
            for (key, item) in map.snapshot() {
                entries.insert(key, deep_copy(runtime, &item)?);
            }
            let copy = if map.of_texts { runtime.map_of_texts(entries)? } else { runtime.map(entries)? };
            Ok(Value::Map(copy))
        }
        other => Ok(other.clone()),
    })
}
