//! Reads answers from the name and value pairs of an HTML form.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use crate::form::{self, Choice, Widget};
use crate::repo_url::{PARTS, RepoUrl};
use crate::template::Template;
use crate::{schema, widget};

/// Pairs beyond this many are passed over.
const MOST_PAIRS: usize = 10_000;

/// An answer may reveal a field whose answer reveals another; this many times in a row.
const ROUNDS: usize = 12;

type Pairs<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// The answers that the pairs give, for all pages. What a browser leaves out counts as an answer on `page`
/// (on every page for `None`): a checkbox without a pair is off, checkboxes without any are an empty list.
/// Elsewhere, and for fields that only came to be shown with these answers, it counts as no answer yet.
///
/// Numbers are numbers where the schema says so, a text that is none stays a text for [`crate::validate()`] to
/// judge; an empty optional text is left out. Pairs that belong to no visible field are passed over.
pub fn read_answers(template: &Template, page: Option<usize>, pairs: &[(String, String)]) -> Value {
    let mut by_name: Pairs<'_> = BTreeMap::new();
    for (name, value) in pairs.iter().take(MOST_PAIRS) {
        by_name.entry(name).or_default().push(value);
    }
    let mut values = Value::Object(Map::new());
    for _ in 0..ROUNDS {
        let mut read = Map::new();
        for (index, step) in template.steps.iter().enumerate() {
            let resolved = schema::resolve(&step.schema, &values);
            let unconditional = schema::resolve(&step.schema, &Value::Object(Map::new()));
            let place = Place {
                pairs: &by_name,
                shown: page.is_none_or(|page| page == index),
                unconditional: &unconditional,
            };
            place.object(&resolved, "", 0, false, &mut read);
        }
        let read = Value::Object(read);
        if read == values {
            break;
        }
        values = read;
    }
    values
}

struct Place<'a> {
    pairs: &'a Pairs<'a>,
    /// Whether the person saw this page, so that silence is an answer.
    shown: bool,
    unconditional: &'a Map<String, Value>,
}

impl Place<'_> {
    fn object(
        &self,
        schema: &Map<String, Value>,
        prefix: &str,
        depth: usize,
        seen: bool,
        read: &mut Map<String, Value>,
    ) {
        for (name, property) in schema::properties(schema) {
            let path = format!("{prefix}{}", form::escape(name));
            let seen = seen || self.shown && self.is_unconditional(name);
            if form::nests(property, depth) {
                let mut inner = Map::new();
                self.object(property, &format!("{path}."), depth + 1, seen, &mut inner);
                if !inner.is_empty() {
                    read.insert(name.to_owned(), Value::Object(inner));
                }
                continue;
            }
            // A field that these very answers revealed was not on the page; its default stands.
            let silence_is_answer = seen || self.shown && !property.contains_key("default");
            if let Some(value) = self.field(property, &path, silence_is_answer) {
                read.insert(name.to_owned(), value);
            }
        }
    }

    fn is_unconditional(&self, name: &str) -> bool {
        self.unconditional.get("properties").and_then(|all| all.get(name)).is_some()
    }

    fn field(&self, property: &Map<String, Value>, path: &str, silence_is_answer: bool) -> Option<Value> {
        let sent: &[&str] = self.pairs.get(path).map_or(&[], Vec::as_slice);
        let last = sent.last().copied();
        let kind = schema::type_of(property);
        match widget::choose(property, None) {
            Widget::RepoUrlPicker { .. } => {
                self.repo_url(path).or_else(|| last.and_then(|text| plain(property, text)))
            }
            Widget::Secret => {
                last.filter(|text| !text.is_empty()).map(|text| "*".repeat(text.chars().count()).into())
            }
            Widget::Select { options } | Widget::Radio { options } => chosen(&options, kind, last?),
            Widget::Checkboxes { options } => match sent {
                [] => silence_is_answer.then(|| Value::Array(Vec::new())),
                [json] if json.starts_with('[') => {
                    serde_json::from_str(json).ok().or_else(|| Some((*json).into()))
                }
                many => Some(
                    many.iter()
                        .filter(|text| !text.is_empty())
                        .filter_map(|text| chosen(&options, "", text))
                        .collect(),
                ),
            },
            Widget::Lines | Widget::EntityPicker { multiple: true, .. } => lines(sent),
            Widget::Checkbox => match last {
                Some(text) => Some(Value::Bool(matches!(text, "on" | "true" | "1" | "yes"))),
                None => silence_is_answer.then_some(Value::Bool(false)),
            },
            Widget::Yaml => yaml(last?),
            _ if kind == "boolean" => last.and_then(|text| chosen(&[], kind, text)),
            _ if matches!(kind, "number" | "integer") => number(last?),
            // A hidden field may carry a list or an object.
            _ if matches!(kind, "array" | "object") => yaml(last?),
            _ => last.and_then(|text| plain(property, text)),
        }
    }

    fn repo_url(&self, path: &str) -> Option<Value> {
        let mut url = RepoUrl::default();
        for part in std::iter::once("host").chain(PARTS) {
            if let Some(value) =
                self.pairs.get(format!("{path}.{part}").as_str()).and_then(|sent| sent.last())
            {
                url.set(part, value);
            }
        }
        // A host alone is preselected; whoever typed nothing has not answered.
        PARTS.iter().any(|part| url.part(part).is_some()).then(|| Value::String(url.to_string()))
    }
}

fn chosen(options: &[Choice], kind: &str, text: &str) -> Option<Value> {
    if let Some(choice) = options.iter().find(|choice| choice.text() == text) {
        return Some(choice.value.clone());
    }
    match (text, kind) {
        ("", _) => None,
        ("true" | "on" | "yes", "boolean") => Some(Value::Bool(true)),
        ("false" | "off" | "no", "boolean") => Some(Value::Bool(false)),
        (_, "number" | "integer") => number(text),
        _ => Some(Value::String(text.to_owned())),
    }
}

/// A text. Browsers end lines with CR LF; files do not. An empty one is no answer, unless that would bring a
/// default back which the person deleted.
fn plain(property: &Map<String, Value>, text: &str) -> Option<Value> {
    let has_default =
        property.get("default").and_then(Value::as_str).is_some_and(|default| !default.is_empty());
    (!text.is_empty() || has_default).then(|| Value::String(text.replace("\r\n", "\n")))
}

fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = text
        .parse::<i64>()
        .map(Number::from)
        .ok()
        .or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
    Some(number.map_or_else(|| Value::String(text.to_owned()), Value::Number))
}

fn lines(sent: &[&str]) -> Option<Value> {
    if let [list] = sent
        && list.starts_with('[')
        && let Ok(list @ Value::Array(_)) = serde_json::from_str(list)
    {
        return Some(list);
    }
    let lines: Vec<Value> = sent
        .iter()
        .flat_map(|text| text.lines())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(Value::from)
        .collect();
    (!lines.is_empty()).then_some(Value::Array(lines))
}

/// YAML, which JSON is too; what is neither stays a text, and is refused as such.
fn yaml(text: &str) -> Option<Value> {
    if text.trim().is_empty() {
        return None;
    }
    let reading = fairway_yaml::read("answer", text, &fairway_yaml::Limits::default());
    let broken = reading.diagnostics.iter().any(fairway_domain::Diagnostic::is_error);
    let value = reading.documents.into_iter().next().filter(|_| !broken).map(|document| document.value);
    Some(value.unwrap_or_else(|| Value::String(text.to_owned())))
}
