//! From tree and data to value. Data is borrowed wherever it is only looked at.

use std::borrow::Cow;
use std::cell::RefCell;

use serde_json::{Map, Value};

use super::tree::{Arithmetic, Comparison, Node};
use super::{Budget, QueryError, is_false, number, same, weight};

/// What an expression is evaluated in: the document at its root, which is not built before it is needed.
pub(crate) trait Surroundings<'a> {
    /// A field of the root, `NotFound` when there is none.
    fn field(&self, name: &str) -> Result<Operand<'a>, QueryError>;
    /// A field of `request`.
    fn request_field(&self, name: &str) -> Result<Operand<'a>, QueryError>;
    /// The whole root.
    fn whole(&self) -> Result<Value, QueryError>;
    /// The whole of `request`.
    fn whole_request(&self) -> Result<Value, QueryError>;
    /// What may still be done.
    fn budget(&self) -> &Budget;
    /// The time that counts as now, as RFC 3339, where one is given.
    fn now(&self) -> Option<&str>;
}

/// A value, or one of the two documents that are not built before they are needed.
#[derive(Clone, Debug)]
pub(crate) enum Operand<'a> {
    Value(Cow<'a, Value>),
    Root,
    Request,
}

impl<'a> Operand<'a> {
    pub(crate) fn owned(value: Value) -> Self {
        Self::Value(Cow::Owned(value))
    }

    pub(crate) fn borrowed(value: &'a Value) -> Self {
        Self::Value(Cow::Borrowed(value))
    }
}

type Evaluated<'a> = Result<Operand<'a>, QueryError>;

/// Evaluates an expression on its surroundings.
pub(crate) fn evaluate<'a>(
    node: &'a Node,
    surroundings: &dyn Surroundings<'a>,
) -> Result<Cow<'a, Value>, QueryError> {
    let interpreter = Interpreter { surroundings, variables: RefCell::new(Vec::new()) };
    let result = interpreter.run(node, Operand::Root)?;
    interpreter.value(result)
}

pub(crate) struct Interpreter<'i, 'a> {
    pub(crate) surroundings: &'i dyn Surroundings<'a>,
    variables: RefCell<Vec<(&'a str, Cow<'a, Value>)>>,
}

/// A missing field as null, for the operators that take it so.
fn or_null(result: Evaluated<'_>) -> Evaluated<'_> {
    match result {
        Err(QueryError::NotFound(_)) => Ok(Operand::owned(Value::Null)),
        other => other,
    }
}

impl<'a> Interpreter<'_, 'a> {
    pub(crate) fn value(&self, operand: Operand<'a>) -> Result<Cow<'a, Value>, QueryError> {
        match operand {
            Operand::Value(value) => Ok(value),
            Operand::Root => self.surroundings.whole().map(Cow::Owned),
            Operand::Request => self.surroundings.whole_request().map(Cow::Owned),
        }
    }

    fn value_of(&self, node: &'a Node, on: Operand<'a>) -> Result<Cow<'a, Value>, QueryError> {
        let operand = or_null(self.run(node, on))?;
        self.value(operand)
    }

    /// The same once more, paid for where it is a copy.
    fn again(&self, on: &Operand<'a>) -> Evaluated<'a> {
        if let Operand::Value(Cow::Owned(value)) = on {
            self.surroundings.budget().take(weight(value))?;
        }
        Ok(on.clone())
    }

    /// A value of one's own, paid for where it is a copy.
    fn own(&self, value: Cow<'a, Value>) -> Result<Value, QueryError> {
        if let Cow::Borrowed(value) = value {
            self.surroundings.budget().take(weight(value))?;
        }
        Ok(value.into_owned())
    }

    /// An expression that is handed to a function, on one item.
    pub(crate) fn on_item(&self, node: &'a Node, item: &Value) -> Result<Value, QueryError> {
        self.surroundings.budget().take(weight(item))?;
        self.value_of(node, Operand::owned(item.clone())).map(Cow::into_owned)
    }

    fn run(&self, node: &'a Node, on: Operand<'a>) -> Evaluated<'a> {
        self.surroundings.budget().take(1)?;
        match node {
            Node::Current => Ok(on),
            Node::Root => Ok(Operand::Root),
            Node::Literal(value) => Ok(Operand::borrowed(value)),
            Node::Field(name) => self.field(on, name),
            Node::Index(index) => Ok(match on {
                Operand::Value(value) => Operand::Value(item(value, *index)),
                _ => Operand::owned(Value::Null),
            }),
            Node::Slice(parts) => self.slice(on, *parts),
            Node::Then(left, right) => {
                let left = self.run(left, on)?;
                match &left {
                    Operand::Value(value) if value.is_null() => Ok(left),
                    _ => self.run(right, left),
                }
            }
            Node::Pipe(left, right) => self.run(right, or_null(self.run(left, on))?),
            Node::Projection(left, right) => {
                let value = self.value_of(left, on)?;
                if value.is_string()
                    && matches!(**left, Node::Then(_, ref slice) if matches!(**slice, Node::Slice(_)))
                {
                    return Ok(Operand::Value(value));
                }
                self.project(value, |_, item| self.run(right, item))
            }
            Node::Filter { left, condition, right } => {
                let value = self.value_of(left, on)?;
                self.project(value, |interpreter, item| {
                    let holds = interpreter.value_of(condition, interpreter.again(&item)?)?;
                    if is_false(&holds) {
                        Ok(Operand::owned(Value::Null))
                    } else {
                        interpreter.run(right, item)
                    }
                })
            }
            Node::Values(left, right) => {
                let values = match self.value_of(left, on)? {
                    Cow::Borrowed(Value::Object(map)) => map.values().map(Operand::borrowed).collect(),
                    Cow::Owned(Value::Object(map)) => {
                        map.into_iter().map(|(_, it)| Operand::owned(it)).collect()
                    }
                    _ => return Ok(Operand::owned(Value::Null)),
                };
                self.collect(values, |_, item| self.run(right, item))
            }
            Node::Flatten(inner) => self.flatten(inner, on),
            Node::Or(left, right) => {
                let first = self.value_of(left, self.again(&on)?)?;
                if is_false(&first) { or_null(self.run(right, on)) } else { Ok(Operand::Value(first)) }
            }
            Node::And(left, right) => {
                let first = self.value_of(left, self.again(&on)?)?;
                if is_false(&first) { Ok(Operand::Value(first)) } else { self.run(right, on) }
            }
            Node::Not(inner) => Ok(Operand::owned(Value::Bool(is_false(&*self.value_of(inner, on)?)))),
            Node::Compare(comparison, left, right) => {
                let (left, right) = (self.value_of(left, self.again(&on)?)?, self.value_of(right, on)?);
                Ok(Operand::owned(compare(*comparison, &left, &right)))
            }
            Node::Calculate(arithmetic, left, right) => {
                let (left, right) = (self.value_of(left, self.again(&on)?)?, self.value_of(right, on)?);
                Ok(Operand::owned(calculate(*arithmetic, &left, &right)?))
            }
            Node::Negate(inner) => {
                let value = self.value_of(inner, on)?;
                Ok(Operand::owned(value.as_f64().map_or(Value::Null, |value| number(-value))))
            }
            Node::List(items) => {
                let values: Result<Vec<Value>, _> = items
                    .iter()
                    .map(|node| self.value_of(node, self.again(&on)?).and_then(|it| self.own(it)))
                    .collect();
                Ok(Operand::owned(Value::Array(values?)))
            }
            Node::Object(members) => {
                let mut map = Map::new();
                for (key, node) in members {
                    map.insert(key.clone(), self.own(self.value_of(node, self.again(&on)?)?)?);
                }
                Ok(Operand::owned(Value::Object(map)))
            }
            Node::Expression(_) => Err(QueryError::Failed(
                "an expression with & may only stand in a function's arguments".into(),
            )),
            Node::Variable(name) => self
                .variables
                .borrow()
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .ok_or_else(|| QueryError::Failed(format!("the variable ${name} is not defined")))
                .and_then(|(_, value)| {
                    self.surroundings.budget().take(weight(value))?;
                    Ok(Operand::Value(value.clone()))
                }),
            Node::Let(bindings, body) => {
                let before = self.variables.borrow().len();
                let result = self.within(bindings, body, on);
                self.variables.borrow_mut().truncate(before);
                result
            }
            Node::Call(function, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(match argument {
                        Node::Expression(inner) => super::function::Argument::Expression(inner),
                        other => super::function::Argument::Value(self.value_of(other, self.again(&on)?)?),
                    });
                }
                let result = function.call(self, values)?;
                self.surroundings.budget().take(weight(&result))?;
                Ok(Operand::owned(result))
            }
        }
    }

    fn within(&self, bindings: &'a [(String, Node)], body: &'a Node, on: Operand<'a>) -> Evaluated<'a> {
        for (name, node) in bindings {
            let value = self.value_of(node, self.again(&on)?)?;
            self.variables.borrow_mut().push((name, value));
        }
        or_null(self.run(body, on))
    }

    fn field(&self, on: Operand<'a>, name: &str) -> Evaluated<'a> {
        let missing = || QueryError::NotFound(name.to_owned());
        match on {
            Operand::Root if name == "request" => Ok(Operand::Request),
            Operand::Root => self.surroundings.field(name),
            Operand::Request => self.surroundings.request_field(name),
            Operand::Value(Cow::Borrowed(Value::Object(map))) => {
                map.get(name).map(Operand::borrowed).ok_or_else(missing)
            }
            Operand::Value(Cow::Owned(Value::Object(mut map))) => {
                map.swap_remove(name).map(Operand::owned).ok_or_else(missing)
            }
            Operand::Value(_) => Ok(Operand::owned(Value::Null)),
        }
    }

    fn slice(&self, on: Operand<'a>, parts: [Option<i64>; 3]) -> Evaluated<'a> {
        let value = self.value(on)?;
        let result = match &*value {
            Value::Array(items) => Value::Array(sliced(items, parts)?),
            Value::String(text) => {
                let characters: Vec<char> = text.chars().collect();
                Value::String(sliced(&characters, parts)?.into_iter().collect())
            }
            _ => Value::Null,
        };
        Ok(Operand::owned(result))
    }

    fn flatten(&self, inner: &'a Node, on: Operand<'a>) -> Evaluated<'a> {
        let value = self.value_of(inner, on)?;
        let Value::Array(_) = &*value else { return Ok(Operand::owned(Value::Null)) };
        let Value::Array(items) = self.own(value)? else { return Ok(Operand::owned(Value::Null)) };
        self.surroundings.budget().take(items.len())?;
        let mut flat = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Value::Array(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Ok(Operand::owned(Value::Array(flat)))
    }

    fn project(
        &self,
        list: Cow<'a, Value>,
        each: impl Fn(&Self, Operand<'a>) -> Evaluated<'a>,
    ) -> Evaluated<'a> {
        let items = match list {
            Cow::Borrowed(Value::Array(items)) => items.iter().map(Operand::borrowed).collect(),
            Cow::Owned(Value::Array(items)) => items.into_iter().map(Operand::owned).collect(),
            _ => return Ok(Operand::owned(Value::Null)),
        };
        self.collect(items, each)
    }

    fn collect(
        &self,
        items: Vec<Operand<'a>>,
        each: impl Fn(&Self, Operand<'a>) -> Evaluated<'a>,
    ) -> Evaluated<'a> {
        self.surroundings.budget().take(items.len())?;
        let mut collected = Vec::new();
        for item in items {
            let result = self.value(or_null(each(self, item))?)?;
            if !result.is_null() {
                collected.push(self.own(result)?);
            }
        }
        Ok(Operand::owned(Value::Array(collected)))
    }
}

fn item(value: Cow<'_, Value>, index: i64) -> Cow<'_, Value> {
    let position = |length: usize| {
        let index = if index < 0 { index.checked_add(i64::try_from(length).ok()?)? } else { index };
        usize::try_from(index).ok()
    };
    match value {
        Cow::Borrowed(Value::Array(items)) => {
            position(items.len()).and_then(|at| items.get(at)).map_or(Cow::Owned(Value::Null), Cow::Borrowed)
        }
        Cow::Owned(Value::Array(mut items)) => match position(items.len()) {
            Some(at) if at < items.len() => Cow::Owned(items.swap_remove(at)),
            _ => Cow::Owned(Value::Null),
        },
        _ => Cow::Owned(Value::Null),
    }
}

fn sliced<T: Clone>(items: &[T], [first, last, stride]: [Option<i64>; 3]) -> Result<Vec<T>, QueryError> {
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let stride = stride.unwrap_or(1);
    if stride == 0 {
        return Err(QueryError::Failed("the step of a slice must not be 0".to_owned()));
    }
    let bounded = |value: i64| {
        let value = if value < 0 { value.saturating_add(length) } else { value };
        if stride > 0 { value.clamp(0, length) } else { value.clamp(-1, length - 1) }
    };
    let start = first.map_or(if stride > 0 { 0 } else { length - 1 }, bounded);
    let end = last.map_or(if stride > 0 { length } else { -1 }, bounded);
    let mut found = Vec::new();
    let mut at = start;
    while (stride > 0 && at < end) || (stride < 0 && at > end) {
        found.extend(usize::try_from(at).ok().and_then(|at| items.get(at)).cloned());
        at = at.saturating_add(stride);
    }
    Ok(found)
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Value {
    let ordered = |holds: fn(f64, f64) -> bool| match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => Value::Bool(holds(left, right)),
        _ => Value::Null,
    };
    match comparison {
        Comparison::Equal => Value::Bool(same(left, right)),
        Comparison::NotEqual => Value::Bool(!same(left, right)),
        Comparison::Less => ordered(|left, right| left < right),
        Comparison::LessOrEqual => ordered(|left, right| left <= right),
        Comparison::Greater => ordered(|left, right| left > right),
        Comparison::GreaterOrEqual => ordered(|left, right| left >= right),
    }
}

fn calculate(arithmetic: Arithmetic, left: &Value, right: &Value) -> Result<Value, QueryError> {
    let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else { return Ok(Value::Null) };
    let divides = matches!(arithmetic, Arithmetic::Divide | Arithmetic::IntegerDivide | Arithmetic::Modulo);
    if divides && right == 0.0 {
        return Err(QueryError::Failed("division by zero".to_owned()));
    }
    Ok(number(match arithmetic {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::IntegerDivide => (left / right).floor(),
        Arithmetic::Modulo => left % right,
    }))
}
