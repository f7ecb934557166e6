//! What a template means.

use std::collections::BTreeMap;
use std::rc::Rc;

/// A parsed template.
#[derive(Debug)]
pub struct Template {
    pub name: Rc<str>,
    /// With normalized line breaks.
    pub source: Rc<str>,
    pub body: Vec<Statement>,
    pub blocks: BTreeMap<Rc<str>, Rc<Block>>,
}

#[derive(Debug)]
pub struct Block {
    pub name: Rc<str>,
    pub scoped: bool,
    pub required: bool,
    pub body: Vec<Statement>,
}

#[derive(Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub position: usize,
}

#[derive(Debug)]
pub enum StatementKind {
    Data(String),
    Output(Expression),
    If { branches: Vec<(Expression, Vec<Statement>)>, otherwise: Vec<Statement> },
    For(Rc<For>),
    Set { target: Target, value: Expression },
    SetBlock { target: Target, filters: Vec<FilterCall>, body: Vec<Statement> },
    With { targets: Vec<(Target, Expression)>, body: Vec<Statement> },
    Macro(Rc<Definition>),
    Call { definition: Rc<Definition>, call: Expression },
    Filter { filters: Vec<FilterCall>, body: Vec<Statement> },
    Autoescape { on: Expression, body: Vec<Statement> },
    Block(Rc<Block>),
    Extends(Expression),
    Include { template: Expression, ignore_missing: bool, with_context: bool },
    Import { template: Expression, target: Rc<str>, with_context: bool },
    From { template: Expression, names: Vec<(Rc<str>, Rc<str>)>, with_context: bool },
    Do(Expression),
    Now(Box<Now>),
    Break,
    Continue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Plus,
    Minus,
}

/// `{% now zone + shift, format %}`
#[derive(Debug)]
pub struct Now {
    pub zone: Expression,
    pub shift: Option<(Sign, Expression)>,
    pub format: Option<Expression>,
}

#[derive(Debug)]
pub struct For {
    pub target: Target,
    pub iterable: Expression,
    pub condition: Option<Expression>,
    pub recursive: bool,
    pub body: Vec<Statement>,
    pub otherwise: Vec<Statement>,
    pub position: usize,
}

/// A macro, or the body of a `call`.
#[derive(Debug)]
pub struct Definition {
    pub name: Rc<str>,
    pub parameters: Vec<(Rc<str>, Option<Expression>)>,
    pub body: Vec<Statement>,
    pub uses_varargs: bool,
    pub uses_kwargs: bool,
    pub uses_caller: bool,
}

#[derive(Clone, Debug)]
pub enum Target {
    Name(Rc<str>),
    Tuple(Vec<Target>),
    Namespace(Rc<str>, Rc<str>),
}

#[derive(Debug)]
pub struct FilterCall {
    pub name: Rc<str>,
    pub arguments: CallArguments,
    pub position: usize,
}

#[derive(Debug, Default)]
pub struct CallArguments {
    pub positional: Vec<Expression>,
    pub named: Vec<(Rc<str>, Expression)>,
    pub spread: Option<Box<Expression>>,
    pub spread_named: Option<Box<Expression>>,
}

#[derive(Debug)]
pub struct Expression {
    pub kind: ExpressionKind,
    pub position: usize,
}

#[derive(Debug)]
pub enum ExpressionKind {
    None,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(Rc<str>),
    Name(Rc<str>),
    List(Vec<Expression>),
    Tuple(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    Attribute(Box<Expression>, Rc<str>),
    Item(Box<Expression>, Box<Expression>),
    Slice(Box<Expression>, [Option<Box<Expression>>; 3]),
    Call(Box<Expression>, CallArguments),
    Filter(Box<Expression>, FilterCall),
    Test(Box<Expression>, FilterCall),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Positive(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Concatenate(Vec<Expression>),
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Condition { test: Box<Expression>, then: Box<Expression>, otherwise: Option<Box<Expression>> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

impl Operator {
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Remainder => "%",
            Self::Power => "** or pow()",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
}
