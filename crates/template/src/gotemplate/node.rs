//! The parsed template.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::registry::Function;

/// Every template of one source: the main one and those that `define` and `block` make.
#[derive(Debug, Default)]
pub struct Program {
    pub templates: BTreeMap<Rc<str>, Rc<Vec<Node>>>,
}

/// A part of a template. Positions are byte offsets in the source.
#[derive(Debug)]
pub enum Node {
    /// Bytes of the source that are printed as they are.
    Text(usize, usize),
    Action(Pipeline),
    If(Control),
    With(Control),
    Range(Control),
    Template {
        position: usize,
        name: Rc<str>,
        pipeline: Option<Pipeline>,
    },
    Break,
    Continue,
}

/// A condition or a list, and what is done with it.
#[derive(Debug)]
pub struct Control {
    pub pipeline: Pipeline,
    pub body: Vec<Node>,
    pub otherwise: Option<Vec<Node>>,
}

/// Commands, each of which hands its value to the next.
#[derive(Debug)]
pub struct Pipeline {
    /// Whether the variables exist already.
    pub assigns: bool,
    pub variables: Vec<Rc<str>>,
    pub commands: Vec<Command>,
    pub position: usize,
}

/// A function or value with arguments.
#[derive(Debug)]
pub struct Command {
    pub first: Operand,
    pub arguments: Vec<Operand>,
    pub position: usize,
}

/// One word of a command, bytes `position..end` of the source.
#[derive(Debug)]
pub struct Operand {
    pub kind: OperandKind,
    pub position: usize,
    pub end: usize,
}

/// What a word is.
#[derive(Debug)]
pub enum OperandKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(Rc<str>),
    /// `.a.b`
    Field(Vec<Rc<str>>),
    /// `$x.a.b`
    Variable(Rc<str>, Vec<Rc<str>>),
    /// `(pipeline).a.b` or `function.a.b`
    Chain(Box<Operand>, Vec<Rc<str>>),
    Function(&'static Function),
    Pipeline(Box<Pipeline>),
}

/// A constant with every type that it can take.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    pub int: Option<i64>,
    pub float: f64,
    /// Whether it is a float where no type is asked for.
    pub is_float: bool,
    /// Whether it is too large for an int.
    pub overflows: bool,
}
