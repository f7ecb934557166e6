//! Semantic versions: `semver(text)`.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use super::evaluate::Evaluator;
use super::fault::{Outcome, error, no_overload};
use super::value::Value;

/// A semantic version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    numbers: [u64; 3],
    before: Vec<String>,
    build: String,
}

impl Release {
    /// Reads a version. A lenient reading takes a leading `v`, missing numbers and leading zeros.
    pub(crate) fn read(text: &str, lenient: bool) -> Option<Self> {
        let text = if lenient { text.strip_prefix('v').unwrap_or(text) } else { text };
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let (text, before) = match text.split_once('-') {
            Some((_, "")) => return None,
            Some((text, before)) => (text, before.split('.').map(str::to_owned).collect()),
            None => (text, Vec::new()),
        };
        let mut numbers = [0; 3];
        let parts: Vec<&str> = text.split('.').collect();
        if parts.len() > 3 || (!lenient && parts.len() != 3) {
            return None;
        }
        for (number, part) in numbers.iter_mut().zip(&parts) {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if !digits || (!lenient && part.len() > 1 && part.starts_with('0')) {
                return None;
            }
            *number = part.parse().ok()?;
        }
        let word = |part: &String| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        before.iter().all(word).then(|| Self { numbers, before, build: build.to_owned() })
    }

    /// The order of precedence; the build does not count.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| {
            match (self.before.is_empty(), other.before.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => {
                    let parts =
                        self.before.iter().zip(&other.before).map(|(left, right)| identifier(left, right));
                    parts
                        .into_iter()
                        .find(|ordering| ordering.is_ne())
                        .unwrap_or_else(|| self.before.len().cmp(&other.before.len()))
                }
            }
        })
    }
}

fn identifier(left: &str, right: &str) -> Ordering {
    match (left.parse::<u64>(), right.parse::<u64>()) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => left.cmp(right),
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(formatter, "{major}.{minor}.{patch}")?;
        if !self.before.is_empty() {
            write!(formatter, "-{}", self.before.join("."))?;
        }
        if !self.build.is_empty() {
            write!(formatter, "+{}", self.build)?;
        }
        Ok(())
    }
}

fn arguments_of<'a>(arguments: &'a [Value<'_>]) -> Option<(&'a str, bool)> {
    match arguments {
        [Value::String(text)] => Some((text, false)),
        [Value::String(text), Value::Bool(lenient)] => Some((text, *lenient)),
        _ => None,
    }
}

/// `semver(text)` and `semver(text, normalize)`.
pub(crate) fn semver<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (text, lenient) = arguments_of(arguments).ok_or_else(|| no_overload("semver", arguments))?;
    Release::read(text, lenient)
        .map(|release| Value::Release(Rc::new(release)))
        .ok_or_else(|| error(format!("\"{}\" is not a version such as 1.2.3", super::convert::short(text))))
}

/// `isSemver(text)` and `isSemver(text, normalize)`.
pub(crate) fn is_semver<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let (text, lenient) = arguments_of(arguments).ok_or_else(|| no_overload("isSemver", arguments))?;
    Ok(Value::Bool(Release::read(text, lenient).is_some()))
}

fn number<'d>(name: &str, arguments: &[Value<'d>], at: usize) -> Outcome<'d> {
    match arguments {
        [Value::Release(release)] => {
            let number = release.numbers.get(at).copied().unwrap_or_default();
            Ok(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)))
        }
        _ => Err(no_overload(name, arguments)),
    }
}

/// `version.major()`.
pub(crate) fn major<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    number("major", arguments, 0)
}

/// `version.minor()`.
pub(crate) fn minor<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    number("minor", arguments, 1)
}

/// `version.patch()`.
pub(crate) fn patch<'d>(_: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    number("patch", arguments, 2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::Release;

    #[test]
    fn precedence() {
        let versions =
            ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-2.10", "1.0.0", "1.2.0", "1.10.0"];
        let read: Vec<Release> = versions.iter().map(|text| Release::read(text, false).unwrap()).collect();
        assert!(read[0].compare(&read[1]).is_lt() && read[1].compare(&read[2]).is_lt());
        assert!(read[3].compare(&read[0]).is_lt() && read[2].compare(&read[4]).is_lt());
        assert!(read[4].compare(&read[5]).is_lt() && read[5].compare(&read[6]).is_lt());
        for wrong in ["1.2", "v1.2.3", "1.02.3", "1.2.3-", "a.b.c", ""] {
            assert_eq!(Release::read(wrong, false), None, "{wrong}");
        }
        assert!(Release::read("v1.2", true).is_some());
    }
}
