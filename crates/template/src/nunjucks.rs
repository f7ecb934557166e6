//! Nunjucks: what nunjucks 3.2.4 and nunjitsu 0.6.1 accept without loading other templates. Where the two differ, the
//! answer of one of them is given.
//!
//! Values are JavaScript's, without its prototypes. A name that a template asks for is never looked up outside of its
//! values.

#![expect(clippy::unnecessary_wraps, reason = "all filters have one signature")]
#![expect(clippy::similar_names, reason = "start, stop and step of a slice; caller and called")]

mod ast;
mod call;
mod evaluate;
mod execute;
mod expression;
mod filters;
mod filters_backstage;
mod filters_list;
mod filters_number;
mod filters_text;
mod frame;
mod function;
mod globals;
mod json;
mod lexer;
mod member;
mod methods;
mod methods_callback;
mod methods_list;
mod methods_python;
mod methods_text;
mod number;
mod operators;
mod parser;
mod pattern;
mod pattern_syntax;
mod predicates;
mod record;
mod reference;
mod reference_filters;
mod reference_methods;
mod render;
mod scope;
mod sort;
mod text;
mod uses;
mod value;
mod variables;

pub use reference::reference;
pub use render::{Environment, HostFunction};
pub use variables::{explain, referenced_variables};
