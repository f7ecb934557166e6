//! Documents with variables: `{{ expression }}` in any text, also one inside the other, and `\{{` for the
//! braces themselves. They are read once; what has no variable is never copied.
//!
//! Only the policy's own text is read for variables. A value that is put in is not read again, so that an
//! object under review cannot smuggle an expression in.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::context::Scope;
use super::jmespath::{Node, QueryError, evaluate, parse, weight};

/// The most variables in one text.
const MAX_VARIABLES: usize = 200;
/// How many variables may stand one in the other.
const MAX_NESTING: usize = 8;
/// How deep a document with variables may nest.
const MAX_DEPTH: usize = 100;
/// Stand for a variable that was found already; characters that no text of a policy may use.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

#[expect(clippy::expect_used, reason = "the expression is fixed, and a test reads it")]
static VARIABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{((?:\{[^{}]*\}|[^{}])*)\}\}").expect("the expression is valid"));

/// A document, or a part of one.
#[derive(Clone, Debug)]
pub(crate) enum Template {
    /// Without variables.
    Fixed(Value),
    Text(Text),
    List(Vec<Template>),
    Object(Vec<(Text, Template)>),
}

/// A text that may have variables.
#[derive(Clone, Debug)]
pub(crate) struct Text(Vec<Segment>);

#[derive(Clone, Debug)]
enum Segment {
    Literal(String),
    /// An expression that is known.
    Query(Node),
    /// An expression that other variables are part of.
    Nested(Text),
}

fn wrong(message: String) -> QueryError {
    QueryError::Failed(message)
}

impl Template {
    /// Reads a document. `{{ @ }}` stands for the value at the same place of the object.
    pub(crate) fn compile(document: &Value) -> Result<Self, QueryError> {
        compile_at(document, &mut Vec::new())
    }

    /// The document with every variable replaced.
    pub(crate) fn resolve<'s>(&'s self, scope: &'s Scope<'s>) -> Result<Cow<'s, Value>, QueryError> {
        match self {
            Self::Fixed(value) => Ok(Cow::Borrowed(value)),
            Self::Text(text) => text.resolve(scope),
            Self::List(items) => {
                let items: Result<Vec<Value>, _> =
                    items.iter().map(|item| item.resolve(scope).map(Cow::into_owned)).collect();
                Ok(Cow::Owned(Value::Array(items?)))
            }
            Self::Object(members) => {
                let mut map = Map::new();
                for (key, value) in members {
                    let key = match key.resolve(scope)?.into_owned() {
                        Value::String(key) => key,
                        other => other.to_string(),
                    };
                    map.insert(key, value.resolve(scope)?.into_owned());
                }
                Ok(Cow::Owned(Value::Object(map)))
            }
        }
    }

    /// The whole document, when it has no variables.
    pub(crate) fn fixed(&self) -> Option<&Value> {
        match self {
            Self::Fixed(value) => Some(value),
            _ => None,
        }
    }
}

fn compile_at(document: &Value, path: &mut Vec<String>) -> Result<Template, QueryError> {
    if path.len() > MAX_DEPTH {
        return Err(wrong(format!("the document nests deeper than {MAX_DEPTH} levels")));
    }
    match document {
        Value::String(text) if text.contains("{{") => Text::compile_at(text, path).map(Template::Text),
        Value::Array(items) => {
            let mut compiled = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                path.push(format!("[{index}]"));
                compiled.push(compile_at(item, path)?);
                path.pop();
            }
            Ok(if compiled.iter().all(|item| item.fixed().is_some()) {
                Template::Fixed(document.clone())
            } else {
                Template::List(compiled)
            })
        }
        Value::Object(map) => {
            let mut compiled = Vec::with_capacity(map.len());
            let mut is_fixed = true;
            for (key, value) in map {
                let bare = key.trim_start_matches(['=', '^', '+', 'X', '<']).trim_matches(['(', ')']);
                path.push(format!(".\"{}\"", bare.replace(['"', '\\'], "")));
                let text = Text::compile_at(key, path)?;
                let value = compile_at(value, path)?;
                path.pop();
                is_fixed &= value.fixed().is_some() && !key.contains("{{");
                compiled.push((text, value));
            }
            Ok(if is_fixed { Template::Fixed(document.clone()) } else { Template::Object(compiled) })
        }
        other => Ok(Template::Fixed(other.clone())),
    }
}

impl Text {
    /// Reads one text.
    pub(crate) fn compile(text: &str) -> Result<Self, QueryError> {
        Self::compile_at(text, &[])
    }

    /// One expression, as it stands in a field that holds no braces, in which variables may still be nested.
    pub(crate) fn expression(text: &str) -> Result<Self, QueryError> {
        let inner = Self::compile(text)?;
        Ok(match inner.0.as_slice() {
            [Segment::Literal(source)] => Self(vec![Segment::Query(parse(source)?)]),
            [Segment::Query(_) | Segment::Nested(_)] => inner,
            _ => Self(vec![Segment::Nested(inner)]),
        })
    }

    fn compile_at(text: &str, path: &[String]) -> Result<Self, QueryError> {
        if text.contains([OPEN, CLOSE]) {
            return Err(wrong("the text has a character that is reserved (U+E000, U+E001)".to_owned()));
        }
        let mut found: Vec<Segment> = Vec::new();
        let mut rest = text.to_owned();
        // From the inside to the outside: each match has no braces but those of an object in it.
        for round in 0.. {
            if round > MAX_NESTING {
                return Err(wrong(format!("more than {MAX_NESTING} variables stand one in the other")));
            }
            let mut next = String::with_capacity(rest.len());
            let mut last = 0;
            for variable in VARIABLE.captures_iter(&rest) {
                let (Some(whole), Some(inner)) = (variable.get(0), variable.get(1)) else { continue };
                let before = rest.get(last..whole.start()).unwrap_or_default();
                next.push_str(before);
                last = whole.end();
                if before.ends_with('\\') {
                    next.pop();
                    // The braces themselves: kept from being read as a variable on the next round.
                    next.push(OPEN);
                    next.push_str(&found.len().to_string());
                    next.push(CLOSE);
                    found.push(Segment::Literal(restored(whole.as_str(), &found)));
                    continue;
                }
                let place = found.len();
                found.push(Self::query(inner.as_str(), &found, path)?);
                next.push(OPEN);
                next.push_str(&place.to_string());
                next.push(CLOSE);
                if found.len() > MAX_VARIABLES {
                    return Err(wrong(format!("one text has more than {MAX_VARIABLES} variables")));
                }
            }
            if last == 0 {
                break;
            }
            next.push_str(rest.get(last..).unwrap_or_default());
            rest = next;
        }
        Ok(Self(segments(&rest, &found)))
    }

    fn query(inner: &str, found: &[Segment], path: &[String]) -> Result<Segment, QueryError> {
        if inner.contains(OPEN) {
            return Ok(Segment::Nested(Self(segments(inner, found))));
        }
        let source = inner.trim();
        if source == "@" {
            return parse(&format!("request.object{}", path.concat())).map(Segment::Query);
        }
        parse(source).map(Segment::Query)
    }

    /// The value of one variable that is the whole text, else the text.
    pub(crate) fn resolve<'s>(&'s self, scope: &'s Scope<'s>) -> Result<Cow<'s, Value>, QueryError> {
        if let [only] = self.0.as_slice() {
            let value = only.resolve(scope)?;
            scope.world().budget.take(weight(&value))?;
            return Ok(value);
        }
        let mut text = String::new();
        for segment in &self.0 {
            match &*segment.resolve(scope)? {
                Value::String(part) => text.push_str(part),
                other => text.push_str(&other.to_string()),
            }
            scope.world().budget.take_text(text.len())?;
        }
        Ok(Cow::Owned(Value::String(text)))
    }
}

impl Segment {
    fn resolve<'s>(&'s self, scope: &'s Scope<'s>) -> Result<Cow<'s, Value>, QueryError> {
        match self {
            Self::Literal(text) => Ok(Cow::Owned(Value::from(text.as_str()))),
            Self::Query(node) => evaluate(node, &scope.view()),
            Self::Nested(text) => {
                let source = match text.resolve(scope)?.into_owned() {
                    Value::String(source) => source,
                    other => other.to_string(),
                };
                let node = parse(source.trim())?;
                evaluate(&node, &scope.view()).map(|value| Cow::Owned(value.into_owned()))
            }
        }
    }
}

/// Splits a text at the places that stand for variables.
fn segments(text: &str, found: &[Segment]) -> Vec<Segment> {
    let mut result = Vec::new();
    for (index, piece) in text.split(OPEN).enumerate() {
        let literal = match piece.split_once(CLOSE).filter(|_| index > 0) {
            Some((place, rest)) => {
                result.extend(place.parse().ok().and_then(|place: usize| found.get(place)).cloned());
                rest
            }
            None => piece,
        };
        if !literal.is_empty() {
            result.push(Segment::Literal(literal.to_owned()));
        }
    }
    if result.is_empty() {
        result.push(Segment::Literal(String::new()));
    }
    result
}

/// A text whose variables were found, written out again as far as they are plain braces.
fn restored(text: &str, found: &[Segment]) -> String {
    segments(text, found)
        .iter()
        .map(|segment| match segment {
            Segment::Literal(text) => text.as_str(),
            _ => "",
        })
        .collect()
}
