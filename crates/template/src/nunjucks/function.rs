//! What can be called: macros, built-in globals, methods, and functions of the host.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::nunjucks::ast::Macro;
use crate::nunjucks::frame::{Activation, FrameCell};
use crate::nunjucks::value::Value;

/// A callable value.
pub enum Function {
    /// A macro with what it closes over.
    Macro { definition: Rc<Macro>, activation: Option<Rc<Activation>>, frames: Rc<FrameCell> },
    /// `range`, `cycler`, `joiner`.
    Global(&'static str),
    /// A function that the host gave to the environment.
    Host(Rc<str>),
    /// A method of a built-in type, with its receiver.
    Method { receiver: Value, name: Rc<str> },
    /// A function that was read out of a record, with the record.
    Bound { receiver: Value, function: Rc<Function> },
    /// `next` of a cycler.
    CyclerNext { items: Rc<Vec<Value>>, index: Rc<Cell<Option<usize>>> },
    /// `reset` of a cycler.
    CyclerReset { index: Rc<Cell<Option<usize>>> },
    /// What `joiner` gives.
    Joiner { separator: Value, first: Cell<bool> },
}

impl Function {
    /// As a value.
    pub fn value(self) -> Value {
        Value::Function(Rc::new(self))
    }

    /// The values that it holds on to.
    pub fn held(&self) -> Vec<Value> {
        match self {
            Self::Method { receiver, .. } => vec![receiver.clone()],
            Self::Bound { receiver, function } => {
                vec![receiver.clone(), Value::Function(Rc::clone(function))]
            }
            Self::CyclerNext { items, .. } => items.to_vec(),
            Self::Joiner { separator, .. } => vec![separator.clone()],
            _ => Vec::new(),
        }
    }

    /// Gives up the values that it holds on to, so that they are dropped one after another.
    pub fn release(self, pending: &mut Vec<Value>) {
        match self {
            Self::Method { receiver, .. } => pending.push(receiver),
            Self::Bound { receiver, function } => {
                pending.push(receiver);
                pending.push(Value::Function(function));
            }
            Self::CyclerNext { items, .. } => pending.extend(Rc::into_inner(items).unwrap_or_default()),
            Self::Joiner { separator, .. } => pending.push(separator),
            _ => {}
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Macro { .. } => "macro",
            Self::Global(name) => name,
            Self::Host(name) | Self::Method { name, .. } => name,
            Self::Bound { .. } => "bound",
            Self::CyclerNext { .. } => "next",
            Self::CyclerReset { .. } => "reset",
            Self::Joiner { .. } => "joiner",
        })
    }
}

/// A cycler: a record with `current`, `next` and `reset`.
pub fn cycler(items: Vec<Value>) -> Value {
    let index = Rc::new(Cell::new(None));
    let mut record = crate::nunjucks::record::Record::new();
    record.insert("current".into(), Value::Null);
    record.insert("reset".into(), Function::CyclerReset { index: Rc::clone(&index) }.value());
    record.insert("next".into(), Function::CyclerNext { items: Rc::new(items), index }.value());
    Value::Record(Rc::new(crate::nunjucks::value::RefRecord(RefCell::new(record))))
}
