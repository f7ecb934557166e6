//! How the parts of a language are described: the reference page is made of this, and its examples are run as tests.

/// Something that a template can use.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// The name as it is written in a template.
    pub name: &'static str,
    /// How it is written with its arguments, such as `indent(width=4, first=false)`.
    pub usage: &'static str,
    /// What it does, in one sentence without a full stop.
    pub meaning: &'static str,
    /// Uses of it with what they print; the first is the one to learn from.
    pub examples: &'static [Example],
}

/// The kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A tag or a statement, such as `for`.
    Tag,
    /// A filter: `value | name`.
    Filter,
    /// A test: `value is name`.
    Test,
    /// A function or another name that every template has.
    Function,
    /// A method of a value: `value.name()`.
    Method,
}

/// A template with what it prints for the values.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The template.
    pub template: &'static str,
    /// The values as a JSON object; empty for none.
    pub values: &'static str,
    /// What is printed.
    pub output: &'static str,
}

impl Example {
    /// An example that needs no values.
    pub const fn new(template: &'static str, output: &'static str) -> Self {
        Self { template, values: "", output }
    }

    /// An example with values, as JSON.
    pub const fn with(template: &'static str, values: &'static str, output: &'static str) -> Self {
        Self { template, values, output }
    }
}
