//! The functions of Jinja, described for readers.

use crate::reference::{Entry, EntryKind, Example};

const fn function(
    name: &'static str,
    usage: &'static str,
    meaning: &'static str,
    examples: &'static [Example],
) -> Entry {
    Entry { kind: EntryKind::Function, name, usage, meaning, examples }
}

/// All functions, sorted by name.
pub const FUNCTIONS: &[Entry] = &[
    function(
        "cycler",
        "cycler(…)",
        "Goes through its values with next()",
        &[Example::new("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba")],
    ),
    function(
        "dict",
        "dict(…)",
        "A dictionary of names with values",
        &[Example::new("{{ dict(a=1) }}", "{'a': 1}")],
    ),
    function(
        "joiner",
        "joiner(sep=', ')",
        "Prints nothing when it is called first, then the separator",
        &[Example::new("{% set c = joiner() %}{% for i in [1, 2] %}{{ c() }}{{ i }}{% endfor %}", "1, 2")],
    ),
    function(
        "lipsum",
        "lipsum()",
        "Not offered: it prints something else each time",
        &[Example::new("{{ lipsum is defined }}", "True")],
    ),
    function(
        "namespace",
        "namespace(…)",
        "Holds values that loops can change",
        &[Example::new(
            "{% set n = namespace(sum=0) %}{% for i in [1, 2] %}{% set n.sum = n.sum + i %}{% endfor %}{{ n.sum }}",
            "3",
        )],
    ),
    function(
        "random_ascii_string",
        "random_ascii_string(length, punctuation=false)",
        "Random letters, where there is chance",
        &[Example::new("{{ random_ascii_string is callable }}", "True")],
    ),
    function(
        "range",
        "range(start, stop, step=1)",
        "Whole numbers",
        &[Example::new("{{ range(3)|list }}", "[0, 1, 2]")],
    ),
    function(
        "uuid4",
        "uuid4()",
        "A random identifier, where there is chance",
        &[Example::new("{{ uuid4 is callable }}", "True")],
    ),
];
