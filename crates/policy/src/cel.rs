//! The Common Expression Language over Kubernetes objects: compiled once, evaluated within a budget.
//!
//! It is an evaluator of its own, for three reasons: an expression has to stop after a bounded number of steps
//! whatever it loops over, an error has to name its line and column, and objects are looked at where they are
//! instead of being copied for each evaluation. Its meaning is that of Kubernetes: the standard library, the
//! extensions that API servers load, and what Kyverno adds. An expression is not type checked beforehand, so one
//! that Kubernetes refuses for its types (`1 == 1.0`) is accepted; unknown names and functions are refused.

mod bindings;
mod collections;
mod comprehension;
mod convert;
mod encoders;
mod evaluate;
mod fault;
mod format;
mod kyverno;
mod lists;
mod math;
mod named_format;
mod network;
mod operators;
mod parse;
mod program;
mod quantity;
mod regular;
mod release;
mod rules;
mod signature;
mod strings;
mod syntax;
mod time;
mod token;
mod value;

pub use bindings::{Bindings, Supplied};
pub(crate) use program::Program;
pub(crate) use regular::compile as compile_pattern;
pub(crate) use regular::kept as pattern;
pub use rules::{RuleVerdict, Rules, RulesSource, Verdicts};
pub(crate) use token::{Token, tokens};
