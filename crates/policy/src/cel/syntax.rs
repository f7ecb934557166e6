//! Expressions as they are evaluated: names are resolved, macros are their own kind.

use super::signature::Function;

/// A name or function that evaluates to the same value always.
#[derive(Clone, Debug)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(std::sync::Arc<[u8]>),
    Type(&'static str),
}

/// Operators with two sides that are both evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// What is made of the elements of a list or map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
    TransformList,
    TransformMap,
    TransformMapEntry,
    SortBy,
}

/// A loop over a list or map.
#[derive(Clone, Debug)]
pub(crate) struct Comprehension {
    pub(crate) kind: Macro,
    pub(crate) range: Expression,
    /// Whether the body sees index or key, and value; else one of them.
    pub(crate) two: bool,
    pub(crate) filter: Option<Expression>,
    pub(crate) body: Expression,
}

/// A part of a list, map or object literal: `?` leaves out what is an empty optional.
#[derive(Clone, Debug)]
pub(crate) struct Entry<K> {
    pub(crate) optional: bool,
    pub(crate) key: K,
    pub(crate) value: Expression,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Literal(Literal),
    /// A name that is given from outside.
    Root(usize),
    /// `variables.<name>`.
    Variable(usize),
    /// A name of a macro, by its position among those around it.
    Local(usize),
    Select {
        operand: Box<Expression>,
        field: String,
        optional: bool,
    },
    Has {
        operand: Box<Expression>,
        field: String,
        optional: bool,
    },
    Index {
        operand: Box<Expression>,
        index: Box<Expression>,
        optional: bool,
    },
    Call {
        function: &'static Function,
        arguments: Vec<Expression>,
    },
    Not(Box<Expression>),
    Negate(Box<Expression>),
    Binary {
        operator: Operator,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Conditional(Box<[Expression; 3]>),
    List(Vec<Entry<()>>),
    Map(Vec<Entry<Expression>>),
    Struct(Vec<Entry<String>>),
    Comprehension(Box<Comprehension>),
    /// `cel.bind(name, value, body)`.
    Bind {
        value: Box<Expression>,
        body: Box<Expression>,
    },
    /// `optional.optMap(name, body)`; flat when the body is an optional itself.
    OptionalMap {
        operand: Box<Expression>,
        body: Box<Expression>,
        flat: bool,
    },
}

/// An expression with its place.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    pub(crate) kind: Kind,
    /// The byte in the source.
    pub(crate) offset: u32,
    /// How deep it nests.
    pub(crate) height: u16,
}
