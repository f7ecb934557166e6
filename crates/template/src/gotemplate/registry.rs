//! The functions of the language: what they take, what they do, and an example that is run as a test.

use std::sync::LazyLock;

use super::runtime::Runtime;
use super::value::Value;
use super::{
    arithmetic, builtins, conversions, dates, defaults, dictionaries, encodings, json, lists, paths,
    reflection, regexes, secrets, strings, urls, version, yaml,
};
use crate::error::Outcome;
use crate::reference::{Entry, EntryKind, Example};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything, and the function sees whether a value is missing.
    Raw,
    /// `interface{}`
    Any,
    Text,
    Int,
    Float,
    Bool,
    /// `map[string]interface{}`
    Map,
    Time,
    Version,
    Duration,
}

impl Kind {
    /// As Go writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "reflect.Value",
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Int => "int",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Map => "map[string]interface {}",
            Self::Time => "time.Time",
            Self::Version => "*semver.Version",
            Self::Duration => "time.Duration",
        }
    }
}

/// What a function computes; its arguments have the types of its parameters.
pub type Call = fn(&Runtime<'_>, &[Value]) -> Outcome<Value>;

/// A function that templates can call.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub parameters: &'static [Kind],
    /// The type of as many more arguments as one likes.
    pub rest: Option<Kind>,
    pub call: Call,
    /// What it does, in one sentence without a full stop.
    about: &'static str,
    /// A template that uses it, and what that prints.
    examples: [Example; 1],
}

impl Function {
    /// How the function is written with the types of its arguments.
    fn usage(&self) -> String {
        let mut words = vec![self.name.to_owned()];
        words.extend(self.parameters.iter().map(|kind| describe(*kind).to_owned()));
        words.extend(self.rest.map(|kind| format!("{}…", describe(kind))));
        words.join(" ")
    }
}

/// How all functions are written, in the order of the tables.
static USAGES: LazyLock<Vec<String>> =
    LazyLock::new(|| tables().flat_map(|(_, functions)| functions).map(Function::usage).collect());

/// The tables: the language's own functions, and then the others by subject.
fn tables() -> impl Iterator<Item = (&'static str, &'static [Function])> {
    [(LANGUAGE, BUILTINS)].into_iter().chain(GROUPS.iter().copied())
}

/// The functions by subject, described for readers.
pub fn reference() -> Vec<(&'static str, Vec<Entry>)> {
    let mut usages = USAGES.iter();
    let mut entry = |function: &'static Function| Entry {
        kind: EntryKind::Function,
        name: function.name,
        usage: usages.next().map_or(function.name, String::as_str),
        meaning: function.about,
        examples: if function.examples.iter().all(|example| example.template.is_empty()) {
            &[]
        } else {
            &function.examples
        },
    };
    tables().map(|(subject, functions)| (subject, functions.iter().map(&mut entry).collect())).collect()
}

/// The names of the functions that are offered.
pub fn names(extended: bool) -> impl Iterator<Item = &'static str> {
    tables()
        .filter(move |(subject, _)| extended || *subject == LANGUAGE)
        .flat_map(|(_, functions)| functions)
        .map(|function| function.name)
}

const LANGUAGE: &str = "The language itself";

const fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Raw | Kind::Any => "any",
        Kind::Map => "dict",
        Kind::Time => "time",
        Kind::Version => "version",
        Kind::Duration => "duration",
        other => other.name(),
    }
}

/// One row of a table of functions.
pub const fn function(
    name: &'static str,
    parameters: &'static [Kind],
    rest: Option<Kind>,
    call: Call,
    about: &'static str,
    example: &'static str,
    prints: &'static str,
) -> Function {
    Function { name, parameters, rest, call, about, examples: [Example::new(example, prints)] }
}

/// The functions that Go's text/template has itself.
static BUILTINS: &[Function] = builtins::FUNCTIONS;

/// The functions of sprig and of Argo CD, by subject.
static GROUPS: &[(&str, &[Function])] = &[
    ("Texts", strings::FUNCTIONS),
    ("Regular expressions", regexes::FUNCTIONS),
    ("Lists", lists::FUNCTIONS),
    ("Dictionaries", dictionaries::FUNCTIONS),
    ("Numbers", arithmetic::FUNCTIONS),
    ("Conversions", conversions::FUNCTIONS),
    ("Defaults and flow", defaults::FUNCTIONS),
    ("Types", reflection::FUNCTIONS),
    ("Dates", dates::FUNCTIONS),
    ("JSON", json::FUNCTIONS),
    ("YAML", yaml::FUNCTIONS),
    ("Encodings and checksums", encodings::FUNCTIONS),
    ("Paths", paths::FUNCTIONS),
    ("URLs", urls::FUNCTIONS),
    ("Versions", version::FUNCTIONS),
    ("Random values and secrets", secrets::FUNCTIONS),
];

/// A function of sprig or Argo CD, or one of Go's own.
pub fn find(name: &str, extended: bool) -> Option<&'static Function> {
    let by_name = |functions: &'static [Function]| functions.iter().find(|function| function.name == name);
    let extra = if extended { GROUPS.iter().find_map(|(_, functions)| by_name(functions)) } else { None };
    extra.or_else(|| by_name(BUILTINS))
}
