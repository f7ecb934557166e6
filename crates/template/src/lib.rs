//! Renders template languages: Nunjucks as Backstage runs it, on single texts and on trees of files.
//!
//! Templates are hostile input: every render has a [`Budget`], and values have none of JavaScript's prototypes.
//! This room must not read files, a clock, the network or the environment, and it draws no random numbers; the
//! same input always gives the same output or the same error.
//!
//! The language is what nunjucks 3.2.4 and nunjitsu 0.6.1 accept without loading other templates. Where the two
//! differ, the answer of one of them is given.

#![expect(clippy::unnecessary_box_returns, reason = "faults travel boxed, so that results stay small")]
#![expect(clippy::unnecessary_wraps, reason = "all filters have one signature")]
#![expect(clippy::similar_names, reason = "start, stop and step of a slice; caller and called")]

mod ast;
mod budget;
mod call;
mod error;
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
mod methods_list;
mod methods_python;
mod methods_text;
mod number;
mod operators;
mod parser;
mod pattern;
mod predicates;
mod record;
mod render;
mod scope;
mod sort;
mod text;
mod tree;
mod value;
mod variables;

pub use budget::Budget;
pub use error::{TemplateError, TemplateErrorKind};
pub use render::Environment;
pub use tree::{FetchTemplate, fetch_template};
pub use variables::referenced_variables;
