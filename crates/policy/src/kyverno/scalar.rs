//! What the texts of a pattern say about a value: alternatives, comparisons, ranges, wildcards.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::duration::Duration;
use super::quantity::Quantity;
use super::wildcard;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A text with its operator, read once.
#[derive(Clone, Debug)]
struct Term {
    operator: Operator,
    text: String,
    duration: Option<Duration>,
    quantity: Option<Quantity>,
}

#[derive(Clone, Debug)]
enum Part {
    Term(Term),
    /// From the first to the second.
    Inside(Term, Term),
    /// Before the first or after the second.
    Outside(Term, Term),
}

/// `a | b & c`
#[derive(Clone, Debug)]
pub(crate) struct TextPattern {
    source: String,
    alternatives: Vec<Vec<Part>>,
}

#[expect(clippy::expect_used, reason = "the expression is fixed, and a test reads it")]
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([-+]?\d+(?:\.\d+)?[A-Za-z]*)(!?)-([-+]?\d+(?:\.\d+)?[A-Za-z]*)$")
        .expect("the expression is valid")
});

/// Both ends of a range, and whether it is what lies outside.
pub(crate) fn range(text: &str) -> Option<(&str, &str, bool)> {
    let parts = RANGE.captures(text)?;
    let group = |index| parts.get(index).map(|found| found.as_str());
    Some((group(1)?, group(3)?, group(2) == Some("!")))
}

impl Term {
    fn read(text: &str) -> Self {
        let (operator, text) = if text.len() < 2 {
            (Operator::Equal, text)
        } else if let Some(rest) = text.strip_prefix(">=") {
            (Operator::GreaterOrEqual, rest)
        } else if let Some(rest) = text.strip_prefix("<=") {
            (Operator::LessOrEqual, rest)
        } else if let Some(rest) = text.strip_prefix('>') {
            (Operator::Greater, rest)
        } else if let Some(rest) = text.strip_prefix('<') {
            (Operator::Less, rest)
        } else if let Some(rest) = text.strip_prefix('!') {
            (Operator::NotEqual, rest)
        } else {
            (Operator::Equal, text)
        };
        Self::new(operator, text.trim())
    }

    fn new(operator: Operator, text: &str) -> Self {
        let (duration, quantity) = (Duration::parse(text), Quantity::parse(text));
        Self { operator, text: text.to_owned(), duration, quantity }
    }

    fn admits(&self, order: Ordering) -> bool {
        match self.operator {
            Operator::Equal => order == Ordering::Equal,
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => order != Ordering::Greater,
        }
    }

    /// A value fits by duration, by quantity or by text; an absent number counts as 0.
    fn fits(&self, value: &Value) -> bool {
        let number = match value {
            Value::Null => Some("0".to_owned()),
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        if let (Some(wanted), Some(number)) = (self.duration, &number)
            && Duration::parse(number).is_some_and(|found| self.admits(found.cmp(&wanted)))
        {
            return true;
        }
        if let (Some(wanted), Some(number)) = (self.quantity, &number)
            && Quantity::parse(number).is_some_and(|found| self.admits(found.compare(wanted)))
        {
            return true;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return false,
        };
        match self.operator {
            Operator::Equal => wildcard::fits(&self.text, &text),
            Operator::NotEqual => !wildcard::fits(&self.text, &text),
            _ => false,
        }
    }
}

impl Part {
    fn read(text: &str) -> Self {
        match range(text) {
            Some((from, to, true)) => {
                Self::Outside(Term::new(Operator::Less, from), Term::new(Operator::Greater, to))
            }
            Some((from, to, false)) => {
                Self::Inside(Term::new(Operator::GreaterOrEqual, from), Term::new(Operator::LessOrEqual, to))
            }
            None => Self::Term(Term::read(text)),
        }
    }

    fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Term(term) => term.fits(value),
            Self::Inside(from, to) => from.fits(value) && to.fits(value),
            Self::Outside(before, after) => before.fits(value) || after.fits(value),
        }
    }
}

impl TextPattern {
    pub(crate) fn read(source: &str) -> Self {
        let part = |text: &str| Part::read(text.trim_matches(' '));
        let alternatives =
            source.split('|').map(|text| text.trim_matches(' ').split('&').map(part).collect()).collect();
        Self { source: source.to_owned(), alternatives }
    }

    pub(crate) fn fits(&self, value: &Value) -> bool {
        value.as_str() == Some(&self.source)
            || self.alternatives.iter().any(|parts| parts.iter().all(|part| part.fits(value)))
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

/// Whether a value fits a boolean, a number or null of a pattern.
pub(crate) fn fits_plain(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Number(wanted), Value::String(text)) => text.parse::<f64>().ok() == wanted.as_f64(),
        (Value::Number(_) | Value::Bool(_), _) => super::jmespath::same(pattern, value),
        (Value::Null, Value::Null | Value::Bool(false)) => true,
        (Value::Null, Value::Number(number)) => number.as_f64() == Some(0.0),
        (Value::Null, Value::String(text)) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::TextPattern;

    #[test]
    fn each_operator() {
        for (pattern, value, expected) in [
            ("nginx:*", json!("nginx:1"), true),
            ("!*:latest", json!("a:latest"), false),
            ("a | b", json!("b"), true),
            ("!a & !b", json!("b"), false),
            (">=1Gi", json!("1024Mi"), true),
            ("<100m", json!("0.2"), false),
            ("1-10", json!(5), true),
            ("1-10", json!(11), false),
            ("1!-10", json!(11), true),
            ("10Mi-1Gi", json!("100Mi"), true),
            (">1h", json!("90m"), true),
            ("true", json!(true), true),
            ("8080", json!(8080), true),
            ("*", json!(null), false),
            (">0", json!(null), false),
            ("?*", json!(""), false),
            ("?*", json!("x"), true),
            ("!5", json!("5"), false),
        ] {
            assert_eq!(TextPattern::read(pattern).fits(&value), expected, "{pattern} {value}");
        }
    }
}
