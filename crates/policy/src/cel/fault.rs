//! Why an expression has no value.

use std::ops::{Deref, DerefMut};

use super::value::Value;

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The expression is wrong for this object.
    Error,
    /// It needs what is not known here.
    NotKnown,
    /// It used up its budget.
    Budget,
}

/// A fault; boxed, since values are passed around far more often.
#[derive(Clone, Debug)]
pub(crate) struct Fault(Box<Detail>);

/// What a fault is, and where in the source.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub(crate) kind: FaultKind,
    pub(crate) message: String,
    /// The byte in the source, once known.
    pub(crate) offset: Option<u32>,
}

impl Deref for Fault {
    type Target = Detail;

    fn deref(&self) -> &Detail {
        &self.0
    }
}

impl DerefMut for Fault {
    fn deref_mut(&mut self) -> &mut Detail {
        &mut self.0
    }
}

/// A value, or why there is none.
pub(crate) type Outcome<'d> = Result<Value<'d>, Fault>;

/// An error that the object leads to.
pub(crate) fn error(message: impl Into<String>) -> Fault {
    Fault(Box::new(Detail { kind: FaultKind::Error, message: message.into(), offset: None }))
}

/// What the expression asks for is not known here.
pub(crate) fn not_known(message: impl Into<String>) -> Fault {
    Fault(Box::new(Detail { kind: FaultKind::NotKnown, message: message.into(), offset: None }))
}

/// The budget is used up.
pub(crate) fn exhausted(message: impl Into<String>) -> Fault {
    Fault(Box::new(Detail { kind: FaultKind::Budget, message: message.into(), offset: None }))
}

/// There is no such function for these types.
pub(crate) fn no_overload(function: &str, arguments: &[Value<'_>]) -> Fault {
    let types: Vec<&str> = arguments.iter().map(Value::type_name).collect();
    error(format!("no such overload: {function}({})", types.join(", ")))
}

/// The fault, at a place unless it already has one.
pub(crate) fn at(offset: u32) -> impl Fn(Fault) -> Fault {
    move |mut fault| {
        fault.offset.get_or_insert(offset);
        fault
    }
}
