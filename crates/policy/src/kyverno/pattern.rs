//! Patterns: objects that look like what they allow.

use serde_json::{Map, Value};

use super::anchor::{self, Anchor};
use super::jmespath::{Budget, QueryError};
use super::scalar::{TextPattern, fits_plain};
use super::wildcard;

/// How deep a pattern may nest.
const MAX_DEPTH: usize = 100;

/// A pattern, read once.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Object(ObjectPattern),
    /// Every item fits the one pattern.
    Each(Box<Pattern>),
    /// Item by item.
    Items(Vec<Pattern>),
    Text(TextPattern),
    Plain(Value),
}

#[derive(Clone, Debug)]
pub(crate) struct ObjectPattern {
    /// In the order in which they are looked at.
    fields: Vec<Field>,
    /// Labels and annotations, whose keys may have wildcards.
    expands_keys: bool,
}

#[derive(Clone, Debug)]
struct Field {
    anchor: Option<Anchor>,
    key: String,
    pattern: Pattern,
}

/// Why an object does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// A condition of the pattern does not hold, so that it says nothing about the object.
    Skip(String),
    /// It does not fit at a path.
    Fail { path: String, reason: String },
    /// It could not be told.
    Stopped(QueryError),
}

impl Pattern {
    pub(crate) fn compile(value: &Value) -> Result<Self, QueryError> {
        compile(value, &mut Vec::new())
    }

    /// Whether an object fits.
    pub(crate) fn check(&self, object: &Value, budget: &Budget) -> Result<(), Mismatch> {
        Walk { budget, path: String::from("/") }.element(self, object)
    }

    fn has_anchors(&self) -> bool {
        match self {
            Self::Object(object) => object.fields.iter().any(|field| {
                matches!(field.anchor, Some(anchor) if anchor != Anchor::AddIfNotPresent)
                    || field.pattern.has_anchors()
            }),
            Self::Each(pattern) => pattern.has_anchors(),
            Self::Items(patterns) => patterns.iter().any(Self::has_anchors),
            Self::Text(_) | Self::Plain(_) => false,
        }
    }
}

fn compile(value: &Value, around: &mut Vec<String>) -> Result<Pattern, QueryError> {
    if around.len() > MAX_DEPTH {
        return Err(QueryError::Failed(format!("the pattern nests deeper than {MAX_DEPTH} levels")));
    }
    Ok(match value {
        Value::Object(map) => {
            let mut fields = Vec::with_capacity(map.len());
            for (key, value) in map {
                let (anchor, name) = anchor::split(key);
                around.push(name.to_owned());
                let pattern = compile(value, around)?;
                around.pop();
                // `+(key)` means nothing where nothing is added: the key is taken as it is written.
                let (anchor, name) = if anchor == Some(Anchor::AddIfNotPresent) {
                    (None, key.as_str())
                } else {
                    (anchor, name)
                };
                fields.push(Field { anchor, key: name.to_owned(), pattern });
            }
            // Conditions first, then other anchors, then what has anchors inside, then the rest.
            fields.sort_by_key(|field| match field.anchor {
                Some(Anchor::Condition) => 0,
                Some(Anchor::Global) => 1,
                Some(_) => 2,
                None => 3 + u8::from(!field.pattern.has_anchors()),
            });
            let inside = |level: usize| around.len().checked_sub(level).and_then(|at| around.get(at));
            let expands_keys = inside(1).is_some_and(|key| key == "labels" || key == "annotations")
                && inside(2).is_some_and(|key| key == "metadata")
                && fields.iter().any(|field| wildcard::has_wildcard(&field.key));
            Pattern::Object(ObjectPattern { fields, expands_keys })
        }
        Value::Array(items) => {
            around.push(String::new());
            let compiled = match items.as_slice() {
                [Value::Array(_), ..] => {
                    let items: Result<Vec<Pattern>, _> =
                        items.iter().map(|item| compile(item, around)).collect();
                    Pattern::Items(items?)
                }
                [first, ..] => Pattern::Each(Box::new(compile(first, around)?)),
                [] => Pattern::Items(Vec::new()),
            };
            around.pop();
            compiled
        }
        Value::String(text) => Pattern::Text(TextPattern::read(text)),
        plain => Pattern::Plain(plain.clone()),
    })
}

struct Walk<'w> {
    budget: &'w Budget,
    path: String,
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.len() > 200 { format!("{}…", text.chars().take(200).collect::<String>()) } else { text }
}

impl Walk<'_> {
    fn fail(&self, reason: String) -> Mismatch {
        Mismatch::Fail { path: self.path.clone(), reason }
    }

    fn at(
        &mut self,
        step: &str,
        check: impl FnOnce(&mut Self) -> Result<(), Mismatch>,
    ) -> Result<(), Mismatch> {
        let length = self.path.len();
        self.path.push_str(step);
        self.path.push('/');
        let result = check(self);
        self.path.truncate(length);
        result
    }

    fn element(&mut self, pattern: &Pattern, value: &Value) -> Result<(), Mismatch> {
        self.budget.take(1).map_err(Mismatch::Stopped)?;
        match (pattern, value) {
            (Pattern::Object(pattern), Value::Object(map)) => self.object(pattern, map),
            (Pattern::Object(_), other) => {
                Err(self.fail(format!("an object is expected, not {}", shown(other))))
            }
            (Pattern::Each(each), Value::Array(items)) if matches!(**each, Pattern::Object(_)) => {
                let mut skipped = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    match self.at(&index.to_string(), |walk| walk.element(each, item)) {
                        Err(Mismatch::Skip(reason)) => skipped.push(reason),
                        other => other?,
                    }
                }
                // Where no item is what the pattern speaks of, it says nothing.
                if !items.is_empty() && skipped.len() == items.len() {
                    return Err(Mismatch::Skip(skipped.swap_remove(0)));
                }
                Ok(())
            }
            (Pattern::Each(each), Value::Array(_)) => self.element(each, value),
            (Pattern::Items(patterns), Value::Array(items)) => {
                if patterns.is_empty() || items.len() < patterns.len() {
                    return Err(self.fail(format!(
                        "the list has {} items, the pattern has {}",
                        items.len(),
                        patterns.len()
                    )));
                }
                let mut skipped = 0;
                let mut last = String::new();
                for (index, (pattern, item)) in patterns.iter().zip(items).enumerate() {
                    match self.at(&index.to_string(), |walk| walk.element(pattern, item)) {
                        Err(Mismatch::Skip(reason)) => {
                            skipped += 1;
                            last = reason;
                        }
                        other => other?,
                    }
                }
                if skipped == patterns.len() { Err(Mismatch::Skip(last)) } else { Ok(()) }
            }
            (Pattern::Each(_) | Pattern::Items(_), other) => {
                Err(self.fail(format!("a list is expected, not {}", shown(other))))
            }
            (_, Value::Array(items)) => {
                for item in items {
                    self.scalar(pattern, item)?;
                }
                Ok(())
            }
            _ => self.scalar(pattern, value),
        }
    }

    fn scalar(&self, pattern: &Pattern, value: &Value) -> Result<(), Mismatch> {
        if let (Pattern::Text(pattern), Value::String(text)) = (pattern, value) {
            self.budget.take_comparison(text.len(), pattern.source().len()).map_err(Mismatch::Stopped)?;
        }
        let (fits, wanted) = match pattern {
            Pattern::Text(text) => (text.fits(value), text.source().to_owned()),
            Pattern::Plain(plain) => (fits_plain(plain, value), plain.to_string()),
            _ => (false, "a list or an object".to_owned()),
        };
        if fits { Ok(()) } else { Err(self.fail(format!("{} does not fit {wanted}", shown(value)))) }
    }

    fn object(&mut self, pattern: &ObjectPattern, map: &Map<String, Value>) -> Result<(), Mismatch> {
        for field in &pattern.fields {
            let key = if pattern.expands_keys && wildcard::has_wildcard(&field.key) {
                let matching = map.keys().filter(|key| wildcard::fits(&field.key, key));
                matching.min().map_or(field.key.as_str(), String::as_str)
            } else {
                field.key.as_str()
            };
            self.field(field, key, map.get(key))?;
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, key: &str, found: Option<&Value>) -> Result<(), Mismatch> {
        let path = format!("{}{key}/", self.path);
        match (field.anchor, found) {
            (Some(Anchor::Negation), Some(_)) => {
                Err(Mismatch::Fail { path, reason: format!("{key} is not allowed") })
            }
            (Some(Anchor::Negation | Anchor::Equality | Anchor::Global | Anchor::Existence), None) => Ok(()),
            (Some(Anchor::Condition), None) => Err(Mismatch::Skip(format!("{path} is missing"))),
            (Some(Anchor::Condition | Anchor::Global), Some(value)) => {
                self.at(key, |walk| walk.element(&field.pattern, value)).map_err(|mismatch| match mismatch {
                    Mismatch::Fail { path, reason } => Mismatch::Skip(format!("{path}: {reason}")),
                    other => other,
                })
            }
            (Some(Anchor::Equality), Some(value)) => self.at(key, |walk| walk.element(&field.pattern, value)),
            (Some(Anchor::Existence), Some(value)) => self.at(key, |walk| walk.exists(&field.pattern, value)),
            (None | Some(Anchor::AddIfNotPresent), found) => {
                if let Pattern::Text(text) = &field.pattern
                    && text.source() == "*"
                {
                    return match found {
                        Some(value) if !value.is_null() => Ok(()),
                        _ => Err(Mismatch::Fail { path, reason: format!("{key} is missing") }),
                    };
                }
                self.at(key, |walk| walk.element(&field.pattern, found.unwrap_or(&Value::Null)))
            }
        }
    }

    /// Each pattern of the list fits at least one item.
    fn exists(&mut self, pattern: &Pattern, value: &Value) -> Result<(), Mismatch> {
        let Value::Array(items) = value else {
            return Err(self.fail(format!("a list is expected, not {}", shown(value))));
        };
        let Pattern::Each(each) = pattern else {
            return Err(self.fail("the pattern after ^ must be a list of objects".to_owned()));
        };
        for (index, item) in items.iter().enumerate() {
            match self.at(&index.to_string(), |walk| walk.element(each, item)) {
                Ok(()) => return Ok(()),
                Err(stopped @ Mismatch::Stopped(_)) => return Err(stopped),
                Err(_) => {}
            }
        }
        Err(self.fail("no item fits".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::{Budget, Mismatch, Pattern};

    fn verdict(pattern: &Value, object: &Value) -> &'static str {
        match Pattern::compile(pattern).unwrap().check(object, &Budget::new()) {
            Ok(()) => "pass",
            Err(Mismatch::Skip(_)) => "skip",
            Err(Mismatch::Fail { .. }) => "fail",
            Err(Mismatch::Stopped(_)) => "stopped",
        }
    }

    #[test]
    fn each_anchor() {
        let pods = |containers: Value| json!({"spec": {"containers": containers}});
        for (pattern, object, expected) in [
            (json!({"a": "?*"}), json!({"a": "x"}), "pass"),
            (json!({"a": "?*"}), json!({}), "fail"),
            (json!({"=(a)": "x"}), json!({}), "pass"),
            (json!({"=(a)": "x"}), json!({"a": "y"}), "fail"),
            (json!({"X(a)": "null"}), json!({"a": 1}), "fail"),
            (json!({"X(a)": "null"}), json!({}), "pass"),
            (json!({"(a)": "x", "b": 1}), json!({"a": "y"}), "skip"),
            (json!({"(a)": "x", "b": 1}), json!({"a": "x", "b": 2}), "fail"),
            (json!({"<(a)": "x", "b": 1}), json!({"b": 1}), "pass"),
            (
                pods(json!([{"(name)": "web", "image": "a"}])),
                pods(json!([{"name": "other", "image": "b"}, {"name": "web", "image": "b"}])),
                "fail",
            ),
            (
                pods(json!([{"(name)": "web", "image": "a"}])),
                pods(json!([{"name": "other", "image": "b"}])),
                "skip",
            ),
            (json!({"^(l)": [{"n": 2}]}), json!({"l": [{"n": 1}, {"n": 2}]}), "pass"),
            (json!({"^(l)": [{"n": 3}]}), json!({"l": [{"n": 1}, {"n": 2}]}), "fail"),
            (json!({"l": ["a|b"]}), json!({"l": ["a", "c"]}), "fail"),
            (
                json!({"metadata": {"labels": {"app/*": "?*"}}}),
                json!({"metadata": {"labels": {"app/x": "1"}}}),
                "pass",
            ),
            (json!({"a": null}), json!({}), "pass"),
        ] {
            assert_eq!(verdict(&pattern, &object), expected, "{pattern} {object}");
        }
    }

    #[test]
    fn the_path_says_where() {
        let pattern = Pattern::compile(&json!({"spec": {"l": [{"n": ">1"}]}})).unwrap();
        let found = pattern.check(&json!({"spec": {"l": [{"n": 2}, {"n": 1}]}}), &Budget::new());
        let Err(Mismatch::Fail { path, .. }) = found else { unreachable!() };
        assert_eq!(path, "/spec/l/1/n/");
    }
}
