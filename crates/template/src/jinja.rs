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
mod render;
mod scope;
mod slug;
mod value;
mod web;
mod wrap;

pub use lexer::Syntax;
pub use render::{Environment, Loader};
