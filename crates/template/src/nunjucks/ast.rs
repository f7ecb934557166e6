//! The parsed template.

use std::rc::Rc;

use crate::nunjucks::frame::Slot;
use crate::nunjucks::value::Value;

/// A body: what stands between two tags.
pub type Body = Vec<Statement>;

/// An expression with its place in the source.
#[derive(Clone, Debug)]
pub struct Expression {
    pub kind: Kind,
    pub position: usize,
    /// Height of the tree below, bounded while parsing.
    pub depth: usize,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Literal(Value),
    /// A regular expression: body and flags, built where it is evaluated.
    Pattern(Rc<str>, Rc<str>),
    Symbol(Symbol),
    /// `(a, b)`: the last one counts.
    Group(Vec<Expression>),
    List(Vec<Expression>),
    Record(Vec<(Rc<str>, Expression)>),
    /// The keyword arguments of a call.
    Keywords(Vec<(Rc<str>, Expression)>),
    Call(Box<Expression>, Vec<Expression>),
    Filter(Rc<str>, Vec<Expression>),
    /// A body rendered to a string.
    Capture(Body),
    /// The body of a `call` tag as a macro without a name.
    Caller(Rc<Macro>),
    Member(Box<Expression>, Box<Expression>),
    Slice(Box<Expression>, Box<[Option<Expression>; 3]>),
    Conditional {
        condition: Box<Expression>,
        then: Box<Expression>,
        otherwise: Option<Box<Expression>>,
    },
    In(Box<Expression>, Box<Expression>),
    Is {
        value: Box<Expression>,
        test: Rc<str>,
        arguments: Vec<Expression>,
    },
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Floor(Box<Expression>),
    Power(Box<Expression>, Box<Expression>),
    Negate(Box<Expression>),
    Plus(Box<Expression>),
}

/// A name with the slot that it was resolved to.
#[derive(Clone, Debug)]
pub struct Symbol {
    pub name: Rc<str>,
    pub slot: Option<Slot>,
}

impl Symbol {
    pub const fn new(name: Rc<str>) -> Self {
        Self { name, slot: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    /// `~`: in the engine's own words `a + "" + b`.
    Concat,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    StrictEqual,
    NotEqual,
    StrictNotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
}

impl Operator {
    /// How tightly JavaScript binds it.
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Multiply | Self::Divide | Self::Remainder => 4,
            Self::Add | Self::Concat | Self::Subtract => 3,
            Self::Less | Self::Greater | Self::LessEqual | Self::GreaterEqual => 2,
            Self::Equal | Self::StrictEqual | Self::NotEqual | Self::StrictNotEqual => 1,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Statement {
    /// A part of the source as it stands.
    Text(usize, usize),
    Output(Expression),
    If {
        condition: Expression,
        then: Body,
        otherwise: Option<Body>,
    },
    For(Box<For>),
    Set(Box<Set>),
    Macro(Rc<Macro>, Option<Slot>),
    Switch(Box<Switch>),
    /// A block by its place in the list of blocks.
    Block(usize, usize),
}

#[derive(Clone, Debug)]
pub struct For {
    pub position: usize,
    pub targets: Vec<Symbol>,
    pub iterable: Expression,
    pub body: Body,
    /// The body again where several targets walk over an object; the engine compiled both.
    pub pairs: Option<PairLoop>,
    pub otherwise: Option<Body>,
    /// Keeps the length beyond the loop, as the engine did.
    pub length: Slot,
}

/// A loop over the keys and values of an object.
#[derive(Clone, Debug)]
pub struct PairLoop {
    pub key: Slot,
    pub value: Slot,
    pub body: Body,
}

#[derive(Clone, Debug)]
pub struct Set {
    pub position: usize,
    pub targets: Vec<Symbol>,
    pub value: Expression,
}

#[derive(Clone, Debug)]
pub struct Macro {
    pub name: Rc<str>,
    pub parameters: Vec<Rc<str>>,
    /// Parameters with defaults.
    pub keywords: Vec<(Rc<str>, Expression)>,
    pub body: Body,
    /// How many slots a call has; the first ones are the parameters.
    pub slots: usize,
    /// A macro that is defined where names belong to the whole template.
    pub exported: bool,
    /// The body of a `call` tag, which sees the names around it.
    pub caller: bool,
}

#[derive(Clone, Debug)]
pub struct Switch {
    pub value: Expression,
    pub cases: Vec<(Expression, Body)>,
    pub otherwise: Option<Body>,
}

#[derive(Clone, Debug)]
pub struct Block {
    pub name: Rc<str>,
    pub body: Body,
    pub slots: usize,
}

/// A whole template.
#[derive(Clone, Debug)]
pub struct Template {
    pub body: Body,
    pub blocks: Vec<Rc<Block>>,
    pub slots: usize,
    /// Whether the name `loop` occurs; if not, loops need not keep count in names.
    pub uses_loop: bool,
}
