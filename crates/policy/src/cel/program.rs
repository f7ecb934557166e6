//! One expression, compiled.

use std::collections::BTreeMap;

use fairway_domain::{Diagnostic, SourceLocation};
use regex::Regex;

use super::fault::Fault;
use super::parse::{Scope, parse};
use super::syntax::Expression;

/// The stable word of everything that is wrong with an expression.
const CODE: &str = "policy-cel";

/// An expression with its name and source.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The variable, condition or annotation that it belongs to; empty for others.
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) expression: Expression,
    pub(crate) patterns: BTreeMap<String, Regex>,
}

impl Program {
    /// Compiles a source; `place` is how people know it.
    pub(crate) fn compile(
        name: &str,
        source: &str,
        place: &str,
        scope: Scope<'_>,
    ) -> Result<Self, Box<Diagnostic>> {
        let parsed = parse(source, scope).map_err(|problem| {
            let (line, column) = position(source, problem.offset);
            let quoted = source.lines().nth(line - 1).map(str::to_owned);
            let location = SourceLocation { file: place.to_owned(), line, column };
            Box::new(Diagnostic::error(CODE, problem.message).at(location, quoted))
        })?;
        Ok(Self {
            name: name.to_owned(),
            source: source.to_owned(),
            expression: parsed.expression,
            patterns: parsed.patterns,
        })
    }

    /// Why the expression has no value, with the place where it went wrong.
    pub(crate) fn explain(&self, fault: &Fault) -> String {
        match fault.offset {
            Some(offset) => {
                let (line, column) = position(&self.source, offset as usize);
                format!("{} ({line}:{column})", fault.message)
            }
            None => fault.message.clone(),
        }
    }
}

/// Line and column of a byte, from 1; columns count characters.
fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
