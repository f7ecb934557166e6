//! Jinja: what Jinja2 3.1 renders with the settings and the extensions of Cookiecutter 2.7.
//!
//! Values are Python's: they print, compare, add up and change as there, and have the methods that templates use. What
//! would reach Python itself is not there: no attribute with underscores but `__len__`, no functions of modules.

#![expect(clippy::needless_pass_by_value, reason = "all filters have one signature")]
#![expect(clippy::similar_names, reason = "start, stop and step of a slice; caller and callee")]

mod access;
mod ast;
mod call;
mod entities;
mod entities_names;
mod evaluate;
mod execute;
mod explain;
mod expression;
mod filters;
mod filters_list;
mod filters_number;
mod filters_select;
mod filters_text;
mod format;
mod globals;
mod json;
mod lexer;
mod methods;
mod methods_list;
mod methods_map;
mod methods_text;
mod moment;
mod numerals;
mod object;
mod operators;
mod parser;
mod percent;
mod predicates;
mod printing;
mod reference_filters;
mod reference_functions;
mod reference_tests;
mod render;
mod scope;
mod slug;
mod value;
mod web;
mod wrap;

use crate::reference::Entry;

pub use explain::explain;
pub use lexer::Syntax;
pub use render::{Environment, Loader};

/// The filters, tests and functions by subject, each with an example that is run as a test.
pub fn reference() -> Vec<(&'static str, Vec<Entry>)> {
    let parts = [
        ("Filters", reference_filters::FILTERS),
        ("Tests", reference_tests::TESTS),
        ("Functions", reference_functions::FUNCTIONS),
    ];
    parts.into_iter().map(|(subject, entries)| (subject, entries.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::{Environment, filters, globals, predicates, reference};
    use crate::reference::EntryKind;

    #[test]
    fn everything_is_described_by_examples_that_work() {
        let all = || reference().into_iter().flat_map(|(_, entries)| entries);
        let described = |kind: EntryKind| -> Vec<&str> {
            all().filter(|entry| entry.kind == kind).map(|entry| entry.name).collect()
        };
        assert_eq!(described(EntryKind::Filter), filters::names().collect::<Vec<_>>());
        assert_eq!(described(EntryKind::Test), predicates::names().collect::<Vec<_>>());
        assert_eq!(described(EntryKind::Function), globals::names().collect::<Vec<_>>());
        for entry in all() {
            assert!(!entry.examples.is_empty(), "{}", entry.name);
            for example in entry.examples {
                let answer = Environment::cookiecutter().render(example.template, entry.name, &json!({}));
                assert_eq!(answer.as_deref(), Ok(example.output), "{}", entry.name);
            }
        }
    }
}
