//! Semantic versions and what they are compared with, by the rules of Masterminds' semver 3.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

use super::builtins::arg;
use super::constraint;
use super::member::Method;
use super::registry::Kind::{self, Text};
use super::registry::{Function, function};
use super::runtime::Runtime;
use super::strings::text;
use super::value::Value;
use crate::error::{Fault, Outcome};

#[rustfmt::skip] // A function is a row.
pub const FUNCTIONS: &[Function] = &[
    function("semver", &[Text], None, |r, v| Ok(Value::Version(Rc::new(read(r, text(v, 0))?))), "A version with Major, Minor, Patch, Prerelease and Metadata", r#"{{ (semver "1.2.3").Minor }}"#, "2"),
    function("semverCompare", &[Text, Text], None, |r, v| {
        let constraint = text(v, 0);
        r.meter.spend(constraint.len() as u64)?;
        let constraints = constraint::parse(constraint).map_err(Fault::value)?;
        Ok(Value::Bool(constraint::admits(&constraints, &read(r, text(v, 1))?)))
    }, "Whether a version is within a range", r#"{{ semverCompare "^1.2" "1.3.0" }}"#, "true"),
];

/// A version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    pub prerelease: String,
    pub metadata: String,
    original: String,
}

fn read(runtime: &Runtime<'_>, text: &str) -> Outcome<Version> {
    runtime.meter.spend(text.len() as u64 / 8)?;
    Version::parse(text)
        .map_err(|message| Fault::value(message).hint("A version is written like 1.2.3-beta.1."))
}

impl Version {
    /// Reads a version; minor and patch may be missing, and a `v` may stand before it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const INVALID: &str = "invalid semantic version";
        let (core, rest) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
        let (prerelease, metadata) = match rest.strip_prefix('-') {
            Some(rest) => {
                rest.split_once('+').map_or((Some(rest), None), |(pre, meta)| (Some(pre), Some(meta)))
            }
            None => (None, rest.strip_prefix('+')),
        };
        let parts: Vec<&str> = core.strip_prefix('v').unwrap_or(core).split('.').collect();
        let well_formed = parts.len() <= 3
            && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            && [prerelease, metadata].iter().flatten().all(|text| are_identifiers(text));
        if !well_formed {
            return Err(INVALID);
        }
        let leading_zero = |part: &str| {
            part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if prerelease.is_some_and(|text| text.split('.').any(leading_zero)) {
            return Err("version segment starts with 0");
        }
        let number = |index: usize| -> Result<u64, &'static str> {
            parts.get(index).map_or(Ok(0), |part| part.parse().map_err(|_| INVALID))
        };
        Ok(Self {
            major: number(0)?,
            minor: number(1)?,
            patch: number(2)?,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        })
    }

    /// Which version comes first; metadata does not count.
    pub fn compare(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| [version.major, version.minor, version.patch];
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }

    /// The next version, where `level` 0 is the major, 1 the minor and 2 the patch number.
    fn next(&self, level: u8) -> Self {
        let mut next = Self { prerelease: String::new(), metadata: String::new(), ..self.clone() };
        match level {
            0 => (next.major, next.minor, next.patch) = (self.major.wrapping_add(1), 0, 0),
            1 => (next.minor, next.patch) = (self.minor.wrapping_add(1), 0),
            _ if self.prerelease.is_empty() => next.patch = self.patch.wrapping_add(1),
            _ => {}
        }
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        next.original = format!("{prefix}{next}");
        next
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(formatter, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(formatter, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// Whether a text consists of identifiers with dots between them.
pub fn are_identifiers(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

/// A release comes after its prereleases; numbers come before words and compare as numbers.
pub fn compare_prereleases(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let mut left = left.split('.');
    let mut right = right.split('.');
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn version(values: &[Value], read: fn(&Version) -> Value) -> Value {
    match arg(values, 0) {
        Value::Version(version) => read(version),
        _ => Value::Nil,
    }
}

fn versions(values: &[Value], read: fn(Ordering) -> Value) -> Outcome<Value> {
    match values {
        [Value::Version(left), Value::Version(right)] => Ok(read(left.compare(right))),
        _ => Err(Fault::value("runtime error: invalid memory address or nil pointer dereference")),
    }
}

/// The methods of versions.
pub fn method(name: &str) -> Option<Method> {
    const ONE: &[Kind] = &[Kind::Version];
    let getter = |call| Method { parameters: &[], call };
    Some(match name {
        "Major" => getter(|_, v| Ok(version(v, |it| Value::Uint64(it.major)))),
        "Minor" => getter(|_, v| Ok(version(v, |it| Value::Uint64(it.minor)))),
        "Patch" => getter(|_, v| Ok(version(v, |it| Value::Uint64(it.patch)))),
        "Prerelease" => getter(|_, v| Ok(version(v, |it| Value::text(&it.prerelease)))),
        "Metadata" => getter(|_, v| Ok(version(v, |it| Value::text(&it.metadata)))),
        "Original" => getter(|_, v| Ok(version(v, |it| Value::text(&it.original)))),
        "String" => getter(|_, v| Ok(version(v, |it| Value::text(it.to_string())))),
        "IncMajor" => getter(|_, v| Ok(version(v, |it| Value::Version(Rc::new(it.next(0)))))),
        "IncMinor" => getter(|_, v| Ok(version(v, |it| Value::Version(Rc::new(it.next(1)))))),
        "IncPatch" => getter(|_, v| Ok(version(v, |it| Value::Version(Rc::new(it.next(2)))))),
        "Compare" => Method { parameters: ONE, call: |_, v| versions(v, |order| Value::Int(order as i64)) },
        "LessThan" => {
            Method { parameters: ONE, call: |_, v| versions(v, |order| Value::Bool(order.is_lt())) }
        }
        "LessThanEqual" => {
            Method { parameters: ONE, call: |_, v| versions(v, |order| Value::Bool(order.is_le())) }
        }
        "GreaterThan" => {
            Method { parameters: ONE, call: |_, v| versions(v, |order| Value::Bool(order.is_gt())) }
        }
        "GreaterThanEqual" => {
            Method { parameters: ONE, call: |_, v| versions(v, |order| Value::Bool(order.is_ge())) }
        }
        "Equal" => Method { parameters: ONE, call: |_, v| versions(v, |order| Value::Bool(order.is_eq())) },
        _ => return None,
    })
}
