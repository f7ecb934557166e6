//! The tests of Jinja, described for readers.

use crate::reference::{Entry, EntryKind, Example};

const fn test(
    name: &'static str,
    usage: &'static str,
    meaning: &'static str,
    examples: &'static [Example],
) -> Entry {
    Entry { kind: EntryKind::Test, name, usage, meaning, examples }
}

/// All tests, sorted by name.
pub const TESTS: &[Entry] = &[
    test("!=", "!= other", "It is not equal", &[Example::new("{{ [1, 2]|select('!=', 1)|list }}", "[2]")]),
    test("<", "< other", "It is less", &[Example::new("{{ [1, 2]|select('<', 2)|list }}", "[1]")]),
    test(
        "<=",
        "<= other",
        "It is less or equal",
        &[Example::new("{{ [1, 2]|select('<=', 1)|list }}", "[1]")],
    ),
    test("==", "== other", "It is equal", &[Example::new("{{ [1, 2]|select('==', 1)|list }}", "[1]")]),
    test(">", "> other", "It is greater", &[Example::new("{{ [1, 2]|select('>', 1)|list }}", "[2]")]),
    test(
        ">=",
        ">= other",
        "It is greater or equal",
        &[Example::new("{{ [1, 2]|select('>=', 2)|list }}", "[2]")],
    ),
    test("boolean", "boolean", "It is true or false", &[Example::new("{{ 1 is boolean }}", "False")]),
    test("callable", "callable", "It can be called", &[Example::new("{{ range is callable }}", "True")]),
    test("defined", "defined", "It has a value", &[Example::new("{{ missing is defined }}", "False")]),
    test(
        "divisibleby",
        "divisibleby(num)",
        "It can be divided without a rest",
        &[Example::new("{{ 6 is divisibleby 3 }}", "True")],
    ),
    test("eq", "eq(other)", "It is equal", &[Example::new("{{ 1 is eq 1 }}", "True")]),
    test("equalto", "equalto(other)", "It is equal", &[Example::new("{{ 1 is equalto 2 }}", "False")]),
    test(
        "escaped",
        "escaped",
        "It is marked as HTML",
        &[Example::new("{{ 'a'|escape is escaped }}", "True")],
    ),
    test("even", "even", "It can be divided by two", &[Example::new("{{ 2 is even }}", "True")]),
    test("false", "false", "It is false itself", &[Example::new("{{ 0 is false }}", "False")]),
    test(
        "filter",
        "filter",
        "There is a filter of that name",
        &[Example::new("{{ 'upper' is filter }}", "True")],
    ),
    test("float", "float", "It is a number with a fraction", &[Example::new("{{ 1.0 is float }}", "True")]),
    test("ge", "ge(other)", "It is greater or equal", &[Example::new("{{ 2 is ge 2 }}", "True")]),
    test(
        "greaterthan",
        "greaterthan(other)",
        "It is greater",
        &[Example::new("{{ 2 is greaterthan 1 }}", "True")],
    ),
    test("gt", "gt(other)", "It is greater", &[Example::new("{{ 1 is gt 1 }}", "False")]),
    test("in", "in(container)", "It is in there", &[Example::new("{{ 'a' is in 'abc' }}", "True")]),
    test("integer", "integer", "It is a whole number", &[Example::new("{{ 1 is integer }}", "True")]),
    test("iterable", "iterable", "It has items", &[Example::new("{{ 1 is iterable }}", "False")]),
    test("le", "le(other)", "It is less or equal", &[Example::new("{{ 1 is le 1 }}", "True")]),
    test("lessthan", "lessthan(other)", "It is less", &[Example::new("{{ 1 is lessthan 2 }}", "True")]),
    test("lower", "lower", "All its letters are small", &[Example::new("{{ 'abc' is lower }}", "True")]),
    test("lt", "lt(other)", "It is less", &[Example::new("{{ 1 is lt 2 }}", "True")]),
    test("mapping", "mapping", "It is a dictionary", &[Example::new("{{ {} is mapping }}", "True")]),
    test("ne", "ne(other)", "It is not equal", &[Example::new("{{ 1 is ne 2 }}", "True")]),
    test("none", "none", "It is none", &[Example::new("{{ none is none }}", "True")]),
    test("number", "number", "It is a number", &[Example::new("{{ '1' is number }}", "False")]),
    test("odd", "odd", "It cannot be divided by two", &[Example::new("{{ 3 is odd }}", "True")]),
    test(
        "sameas",
        "sameas(other)",
        "It is the same thing, not only equal",
        &[Example::new("{{ [1] is sameas [1] }}", "False")],
    ),
    test(
        "sequence",
        "sequence",
        "It has items and a length",
        &[Example::new("{{ [] is sequence }}", "True")],
    ),
    test("string", "string", "It is a text", &[Example::new("{{ 'a' is string }}", "True")]),
    test("test", "test", "There is a test of that name", &[Example::new("{{ 'odd' is test }}", "True")]),
    test("true", "true", "It is true itself", &[Example::new("{{ true is true }}", "True")]),
    test("undefined", "undefined", "It has no value", &[Example::new("{{ missing is undefined }}", "True")]),
    test("upper", "upper", "All its letters are capitals", &[Example::new("{{ 'ABC' is upper }}", "True")]),
];
