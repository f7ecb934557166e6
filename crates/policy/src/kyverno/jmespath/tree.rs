//! The syntax tree of JMESPath.

use serde_json::Value;

use super::function::Function;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    IntegerDivide,
    Modulo,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// `@`, and what stands before a leading bracket.
    Current,
    /// `$`
    Root,
    Field(String),
    Index(i64),
    Slice([Option<i64>; 3]),
    /// The right evaluated on the value of the left.
    Then(Box<Node>, Box<Node>),
    /// The right on each item of the left.
    Projection(Box<Node>, Box<Node>),
    /// The right on each value of the object on the left.
    Values(Box<Node>, Box<Node>),
    /// `left[?condition].right`
    Filter {
        left: Box<Node>,
        condition: Box<Node>,
        right: Box<Node>,
    },
    Flatten(Box<Node>),
    Or(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    Calculate(Arithmetic, Box<Node>, Box<Node>),
    Negate(Box<Node>),
    Pipe(Box<Node>, Box<Node>),
    Literal(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    Call(Function, Vec<Node>),
    /// `&expression`
    Expression(Box<Node>),
    Variable(String),
    Let(Vec<(String, Node)>, Box<Node>),
}
