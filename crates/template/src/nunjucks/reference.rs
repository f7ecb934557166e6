//! What the language offers, for its reference page; the examples are run as tests.

use crate::nunjucks::reference_filters::FILTERS;
use crate::nunjucks::reference_methods::METHODS;
use crate::reference::{Entry, EntryKind, Example};

/// Everything by kind, each kind by name.
pub fn reference() -> Vec<(&'static str, Vec<Entry>)> {
    [("Tags", TAGS), ("Filters", FILTERS), ("Tests", TESTS), ("Functions", FUNCTIONS), ("Methods", METHODS)]
        .map(|(subject, entries)| (subject, entries.to_vec()))
        .into()
}

const TAGS: &[Entry] = &[
    Entry {
        kind: EntryKind::Tag,
        name: "block",
        usage: "{% block name %}…{% endblock %}",
        meaning: "A named part with names of its own",
        examples: &[Example::new("{% block title %}Shop{% endblock %}", "Shop")],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "call",
        usage: "{% call name(arguments) %}…{% endcall %}",
        meaning: "Calls a macro, which gets the text between the tags by `caller()`",
        examples: &[Example::new(
            "{% macro box(title) %}[${{ title }}: ${{ caller() }}]{% endmacro %}{% call box('a') %}b{% endcall %}",
            "[a: b]",
        )],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "comment",
        usage: "{# … #}",
        meaning: "Text that is not printed",
        examples: &[Example::new("a{# not this #}b", "ab")],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "filter",
        usage: "{% filter name %}…{% endfilter %}",
        meaning: "The text between the tags through a filter",
        examples: &[Example::new("{% filter upper %}abc{% endfilter %}", "ABC")],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "for",
        usage: "{% for item in list %}…{% else %}…{% endfor %}",
        meaning: "The text once for each item, or for each key and value; `loop.index`, `index0`, `revindex`, `revindex0`, `first`, `last` and `length` tell where it is",
        examples: &[
            Example::new(
                "{% for port in [80, 443] %}${{ loop.index }}. ${{ port }}\n{% endfor %}",
                "1. 80\n2. 443\n",
            ),
            Example::new(
                "{% for key, value in {a: 1, b: 2} %}${{ key }}=${{ value }} {% endfor %}",
                "a=1 b=2 ",
            ),
            Example::new("{% for x in [] %}${{ x }}{% else %}none{% endfor %}", "none"),
        ],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "if",
        usage: "{% if condition %}…{% elif condition %}…{% else %}…{% endif %}",
        meaning: "The text where the condition holds; `elseif` is the same as `elif`",
        examples: &[Example::with(
            "{% if values.port == 443 %}TLS{% elif values.port %}plain{% else %}none{% endif %}",
            "{\"values\": {\"port\": 80}}",
            "plain",
        )],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "macro",
        usage: "{% macro name(first, second='default') %}…{% endmacro %}",
        meaning: "A text with parameters that can be called",
        examples: &[Example::new(
            "{% macro link(text, to='#') %}<${{ text }} ${{ to }}>{% endmacro %}${{ link('a') }}${{ link('b', to='c') }}",
            "<a #><b c>",
        )],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "raw",
        usage: "{% raw %}…{% endraw %}",
        meaning: "Text that is printed as it stands",
        examples: &[Example::new("{% raw %}${{ github.ref }}{% endraw %}", "${{ github.ref }}")],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "set",
        usage: "{% set name = value %}",
        meaning: "Gives a name to a value, or to the text up to `{% endset %}`",
        examples: &[
            Example::new("{% set name = 'shop' %}${{ name }}", "shop"),
            Example::new("{% set text %}a ${{ 1 + 1 }}{% endset %}${{ text }}", "a 2"),
        ],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "switch",
        usage: "{% switch value %}{% case other %}…{% default %}…{% endswitch %}",
        meaning: "The text of the case that is strictly equal",
        examples: &[Example::new(
            "{% switch 'go' %}{% case 'rust' %}cargo{% case 'go' %}go build{% default %}make{% endswitch %}",
            "go build",
        )],
    },
    Entry {
        kind: EntryKind::Tag,
        name: "verbatim",
        usage: "{% verbatim %}…{% endverbatim %}",
        meaning: "The same as raw",
        examples: &[Example::new("{% verbatim %}{% if %}{% endverbatim %}", "{% if %}")],
    },
];

const TESTS: &[Entry] = &[
    Entry {
        kind: EntryKind::Test,
        name: "callable",
        usage: "callable",
        meaning: "It can be called",
        examples: &[Example::new("${{ range is callable }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "defined",
        usage: "defined",
        meaning: "It is not undefined",
        examples: &[Example::new("${{ missing is defined }}", "false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "divisibleby",
        usage: "divisibleby(number)",
        meaning: "It can be divided without a rest",
        examples: &[Example::new("${{ 9 is divisibleby(3) }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "eq",
        usage: "eq(other)",
        meaning: "It is strictly equal",
        examples: &[Example::new("${{ 1 is eq(1) }} ${{ 1 is eq('1') }}", "true false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "equalto",
        usage: "equalto(other)",
        meaning: "The same as eq",
        examples: &[Example::new("${{ 'a' is equalto('a') }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "escaped",
        usage: "escaped",
        meaning: "It is marked as safe",
        examples: &[Example::new("${{ ('a' | safe) is escaped }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "even",
        usage: "even",
        meaning: "It can be halved",
        examples: &[Example::new("${{ 4 is even }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "falsy",
        usage: "falsy",
        meaning: "It counts as false",
        examples: &[Example::new("${{ '' is falsy }} ${{ [] is falsy }}", "true false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "ge",
        usage: "ge(other)",
        meaning: "It is greater or equal",
        examples: &[Example::new("${{ 2 is ge(2) }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "greaterthan",
        usage: "greaterthan(other)",
        meaning: "The same as gt",
        examples: &[Example::new("${{ 3 is greaterthan(2) }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "gt",
        usage: "gt(other)",
        meaning: "It is greater",
        examples: &[Example::new("${{ 3 is gt(2) }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "iterable",
        usage: "iterable",
        meaning: "It is a list or a text",
        examples: &[Example::new("${{ [1] is iterable }} ${{ 1 is iterable }}", "true false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "le",
        usage: "le(other)",
        meaning: "It is less or equal",
        examples: &[Example::new("${{ 2 is le(2) }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "lessthan",
        usage: "lessthan(other)",
        meaning: "The same as lt",
        examples: &[Example::new("${{ 1 is lessthan(2) }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "lower",
        usage: "lower",
        meaning: "The text has no large letters",
        examples: &[Example::new("${{ 'abc' is lower }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "lt",
        usage: "lt(other)",
        meaning: "It is less",
        examples: &[Example::new("${{ 1 is lt(2) }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "mapping",
        usage: "mapping",
        meaning: "It is an object",
        examples: &[Example::new("${{ {a: 1} is mapping }} ${{ [1] is mapping }}", "true false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "ne",
        usage: "ne(other)",
        meaning: "It is not strictly equal",
        examples: &[Example::new("${{ 1 is ne('1') }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "null",
        usage: "null",
        meaning: "It is null",
        examples: &[Example::with(
            "${{ nothing is null }} ${{ missing is null }}",
            "{\"nothing\": null}",
            "true false",
        )],
    },
    Entry {
        kind: EntryKind::Test,
        name: "number",
        usage: "number",
        meaning: "It is a number",
        examples: &[Example::new("${{ 1.5 is number }} ${{ '1' is number }}", "true false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "odd",
        usage: "odd",
        meaning: "It cannot be halved",
        examples: &[Example::new("${{ 3 is odd }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "sameas",
        usage: "sameas(other)",
        meaning: "It is the same value: of lists and objects, the very same",
        examples: &[Example::new("${{ [] is sameas([]) }}", "false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "string",
        usage: "string",
        meaning: "It is text",
        examples: &[Example::new("${{ 'a' is string }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "truthy",
        usage: "truthy",
        meaning: "It counts as true",
        examples: &[Example::new("${{ [] is truthy }} ${{ 0 is truthy }}", "true false")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "undefined",
        usage: "undefined",
        meaning: "There is no such value",
        examples: &[Example::new("${{ missing is undefined }}", "true")],
    },
    Entry {
        kind: EntryKind::Test,
        name: "upper",
        usage: "upper",
        meaning: "The text has no small letters",
        examples: &[Example::new("${{ 'ABC' is upper }}", "true")],
    },
];

const FUNCTIONS: &[Entry] = &[
    Entry {
        kind: EntryKind::Function,
        name: "cycler",
        usage: "cycler(items…)",
        meaning: "An object whose `next()` gives the items in turn, again and again",
        examples: &[Example::new(
            "{% set row = cycler('odd', 'even') %}${{ row.next() }} ${{ row.next() }} ${{ row.next() }}",
            "odd even odd",
        )],
    },
    Entry {
        kind: EntryKind::Function,
        name: "joiner",
        usage: "joiner(separator=',')",
        meaning: "A function that gives nothing the first time and the separator after that",
        examples: &[Example::new(
            "{% set comma = joiner(', ') %}{% for tag in ['a', 'b'] %}${{ comma() }}${{ tag }}{% endfor %}",
            "a, b",
        )],
    },
    Entry {
        kind: EntryKind::Function,
        name: "range",
        usage: "range(start=0, stop, step=1)",
        meaning: "The numbers from start up to, without, stop",
        examples: &[Example::new("${{ range(3) }} ${{ range(2, 9, 3) }}", "0,1,2 2,5,8")],
    },
];

#[cfg(test)]
mod tests {
    use super::reference;
    use crate::nunjucks::value::Value;
    use crate::nunjucks::{filters, globals, methods, predicates};
    use crate::{Entry, EntryKind, Environment};

    fn all() -> impl Iterator<Item = Entry> {
        reference().into_iter().flat_map(|(_, entries)| entries)
    }

    fn names(kind: EntryKind) -> Vec<&'static str> {
        all().filter(|entry| entry.kind == kind).map(|entry| entry.name).collect()
    }

    #[test]
    fn every_name_of_the_registries_is_described_once_and_no_other() {
        let environment = Environment::backstage();
        assert_eq!(names(EntryKind::Filter), filters::names(&environment).collect::<Vec<_>>());
        assert_eq!(names(EntryKind::Test), predicates::NAMES);
        let mut functions = globals::NAMES;
        functions.sort_unstable();
        assert_eq!(names(EntryKind::Function), functions);
        let described = names(EntryKind::Method);
        for (kind, value) in [
            ("text", Value::text("")),
            ("list", Value::list(Vec::new())),
            ("number", Value::Number(1.0)),
            ("object", Value::record(crate::nunjucks::record::Record::new())),
        ] {
            let of_kind = |name: &&str| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'));
            let mut found: Vec<&str> = described
                .iter()
                .filter(|name| of_kind(name))
                .filter_map(|name| name.split('.').nth(1))
                .collect();
            assert!(found.is_sorted(), "{kind}");
            found.retain(|name| !methods::exists(&value, name));
            assert!(found.is_empty(), "{kind} has no {found:?}");
            let missing: Vec<&str> = methods::all()
                .filter(|name| {
                    methods::exists(&value, name) && !described.contains(&format!("{kind}.{name}").as_str())
                })
                .collect();
            assert!(missing.is_empty(), "{kind}: {missing:?} is not described");
        }
    }
}
