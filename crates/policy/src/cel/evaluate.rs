//! Evaluates an expression within a budget of steps.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use regex::Regex;

use super::bindings::{Binding, Bindings, ROOTS};
use super::fault::{Fault, FaultKind, Outcome, at, error, exhausted, no_overload, not_known};
use super::operators;
use super::program::Program;
use super::syntax::{Entry, Expression, Kind, Operator};
use super::value::{Key, Text, Value};

/// The steps of one expression, the variables that it reads included. A step is a node of the expression, an
/// element that is looked at, or a stretch of text.
const EXPRESSION_STEPS: u64 = 1_000_000;
/// The steps of all expressions about one object.
const TOTAL_STEPS: u64 = 5_000_000;
/// How deep variables, loops and expressions may nest together.
const MAX_DEPTH: u16 = 220;
/// The bytes of text that count as one step.
const BYTES_PER_STEP: usize = 64;

/// One evaluation of expressions that share variables and a budget.
pub(crate) struct Evaluator<'d> {
    pub(crate) bindings: &'d Bindings<'d>,
    variables: &'d [Program],
    values: Vec<Option<Outcome<'d>>>,
    locals: Vec<Value<'d>>,
    /// The patterns of the expression that is evaluated now.
    patterns: Option<&'d BTreeMap<String, Regex>>,
    made: BTreeMap<String, Arc<Regex>>,
    left: u64,
    total: u64,
    depth: u16,
}

impl<'d> Evaluator<'d> {
    /// An evaluator over variables, which are evaluated when they are read, and once.
    pub(crate) fn new(bindings: &'d Bindings<'d>, variables: &'d [Program]) -> Self {
        Self {
            bindings,
            variables,
            values: variables.iter().map(|_| None).collect(),
            locals: Vec::new(),
            patterns: None,
            made: BTreeMap::new(),
            left: EXPRESSION_STEPS,
            total: TOTAL_STEPS,
            depth: 0,
        }
    }

    /// Evaluates one expression with a budget of its own.
    pub(crate) fn run(&mut self, program: &'d Program) -> Outcome<'d> {
        self.left = EXPRESSION_STEPS.min(self.total);
        let before = self.left;
        let outcome = self.evaluate_program(program);
        self.total -= before - self.left;
        outcome
    }

    fn evaluate_program(&mut self, program: &'d Program) -> Outcome<'d> {
        let locals = std::mem::take(&mut self.locals);
        let patterns = self.patterns.replace(&program.patterns);
        let outcome = self.evaluate(&program.expression);
        self.patterns = patterns;
        self.locals = locals;
        outcome
    }

    /// Uses up steps.
    pub(crate) fn charge(&mut self, steps: usize) -> Result<(), Fault> {
        let Some(left) = self.left.checked_sub(steps as u64) else {
            self.left = 0;
            return Err(exhausted("the expression takes more steps than it may"));
        };
        self.left = left;
        Ok(())
    }

    /// Uses up the steps of a text that is read or made.
    pub(crate) fn charge_text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.charge(1 + bytes / BYTES_PER_STEP)
    }

    /// A compiled pattern: one of the expression, or one that is made now.
    pub(crate) fn pattern(&mut self, pattern: &str) -> Result<Pattern<'d>, Fault> {
        if let Some(regex) = self.patterns.and_then(|patterns| patterns.get(pattern)) {
            return Ok(Pattern::Written(regex));
        }
        if let Some(regex) = self.made.get(pattern) {
            return Ok(Pattern::Made(Arc::clone(regex)));
        }
        // Charged whether it is known or not: how far an evaluation gets does not depend on those before it.
        self.charge(1000 + pattern.len() * 50)?;
        let regex = super::regular::kept(pattern).map_err(error)?;
        self.made.insert(pattern.to_owned(), Arc::clone(&regex));
        Ok(Pattern::Made(regex))
    }

    /// Evaluates a node.
    pub(crate) fn evaluate(&mut self, expression: &'d Expression) -> Outcome<'d> {
        self.charge(1)?;
        self.depth += 1;
        let outcome = if self.depth > MAX_DEPTH {
            Err(exhausted(format!("the expression nests deeper than {MAX_DEPTH} levels")))
        } else {
            self.evaluate_kind(&expression.kind)
        };
        self.depth -= 1;
        outcome.map_err(at(expression.offset))
    }

    fn evaluate_kind(&mut self, kind: &'d Kind) -> Outcome<'d> {
        match kind {
            Kind::Literal(literal) => Ok(literal.value()),
            Kind::Root(position) => self.root(*position),
            Kind::Variable(position) => self.variable(*position),
            Kind::Local(position) => {
                self.locals.get(*position).cloned().ok_or_else(|| error("the variable has no value"))
            }
            Kind::Select { operand, field, optional } => self.select(operand, field, *optional),
            Kind::Has { operand, field, optional } => self.has(operand, field, *optional),
            Kind::Index { operand, index, optional } => self.index(operand, index, *optional),
            Kind::Call { function, arguments } => {
                let arguments = self.all(arguments)?;
                (function.run)(self, &arguments)
            }
            Kind::Not(operand) => match self.evaluate(operand)? {
                Value::Bool(bool) => Ok(Value::Bool(!bool)),
                other => Err(no_overload("!", &[other])),
            },
            Kind::Negate(operand) => {
                let operand = self.evaluate(operand)?;
                operators::negate(operand)
            }
            Kind::Binary { operator, left, right } => self.binary(*operator, left, right),
            Kind::And(operands) => self.logical(operands, false),
            Kind::Or(operands) => self.logical(operands, true),
            Kind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                match self.evaluate(condition)? {
                    Value::Bool(true) => self.evaluate(then),
                    Value::Bool(false) => self.evaluate(otherwise),
                    other => Err(no_overload("?:", &[other])),
                }
            }
            Kind::List(entries) => self.list(entries),
            Kind::Map(entries) => self.map(entries),
            Kind::Struct(entries) => self.structure(entries),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Bind { value, body } => {
                let value = self.evaluate(value)?;
                self.with_local(value, body)
            }
            Kind::OptionalMap { operand, body, flat } => match self.evaluate(operand)? {
                Value::Optional(None) => Ok(Value::Optional(None)),
                Value::Optional(Some(value)) => {
                    let result = self.with_local((*value).clone(), body)?;
                    Ok(if *flat { result } else { Value::some(result) })
                }
                other => Err(no_overload("optMap", &[other])),
            },
        }
    }

    fn all(&mut self, expressions: &'d [Expression]) -> Result<Vec<Value<'d>>, Fault> {
        expressions.iter().map(|expression| self.evaluate(expression)).collect()
    }

    /// Evaluates a body with one more name.
    pub(crate) fn with_local(&mut self, value: Value<'d>, body: &'d Expression) -> Outcome<'d> {
        self.locals.push(value);
        let outcome = self.evaluate(body);
        self.locals.pop();
        outcome
    }

    fn root(&mut self, position: usize) -> Outcome<'d> {
        match self.bindings.roots.get(position) {
            Some(Binding::Json(value)) => Ok(Value::json(value)),
            Some(Binding::Unknown(reason)) => {
                let name = ROOTS.get(position).copied().unwrap_or_default();
                Err(not_known(format!("{name} is not known here: {reason}")))
            }
            Some(Binding::Absent) | None => Ok(Value::Null),
        }
    }

    fn variable(&mut self, position: usize) -> Outcome<'d> {
        if let Some(Some(known)) = self.values.get(position) {
            return known.clone();
        }
        let program = self.variables.get(position).ok_or_else(|| error("the variable has no value"))?;
        let outcome = self.evaluate_program(program).map_err(|mut fault| {
            // The place is one of the variable's source, which the reader of the message does not see.
            if fault.offset.take().is_some() {
                fault.message = format!("variables.{}: {}", program.name, fault.message);
            }
            fault
        });
        if let Some(place) = self.values.get_mut(position) {
            *place = Some(outcome.clone());
        }
        outcome
    }

    fn select(&mut self, operand: &'d Expression, field: &'d str, optional: bool) -> Outcome<'d> {
        let operand = self.evaluate(operand)?;
        let found = match &operand {
            Value::Map(map) => map.field(field),
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) => {
                let found = match &**inner {
                    Value::Map(map) => map.field(field),
                    Value::Null => None,
                    other => return Err(no_field(other, field)),
                };
                return Ok(Value::Optional(found.map(Rc::new)));
            }
            Value::Null if optional => None,
            other => return Err(no_field(other, field)),
        };
        if optional {
            return Ok(Value::Optional(found.map(Rc::new)));
        }
        found.ok_or_else(|| error(format!("no such key: {field}")))
    }

    fn has(&mut self, operand: &'d Expression, field: &'d str, optional: bool) -> Outcome<'d> {
        let operand = self.evaluate(operand)?;
        let held = |value: &Value<'d>| match value {
            Value::Map(map) => Ok(map.field(field).is_some()),
            // Kubernetes takes what is null for an object without fields.
            Value::Null => Ok(false),
            other => Err(no_field(other, field)),
        };
        match &operand {
            Value::Optional(None) => Ok(Value::Bool(false)),
            Value::Optional(Some(inner)) => held(inner).map(Value::Bool),
            other if optional && !matches!(other, Value::Map(_)) => Ok(Value::Bool(false)),
            other => held(other).map(Value::Bool),
        }
    }

    fn index(&mut self, operand: &'d Expression, index: &'d Expression, optional: bool) -> Outcome<'d> {
        let operand = self.evaluate(operand)?;
        let index = self.evaluate(index)?;
        let (operand, optional) = match operand {
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(inner)) => ((*inner).clone(), true),
            other => (other, optional),
        };
        let found = match (&operand, index.key()) {
            (Value::List(list), Some(Key::Number(number))) => {
                usize::try_from(number).ok().and_then(|number| list.get(number))
            }
            (Value::Map(map), Some(key)) => map.get(&key),
            (Value::Null, _) if optional => None,
            _ => return Err(no_overload("_[_]", &[operand, index])),
        };
        if optional {
            return Ok(Value::Optional(found.map(Rc::new)));
        }
        found.ok_or_else(|| {
            let index = super::convert::written(&index).unwrap_or_default();
            error(match operand {
                Value::List(_) => format!("index out of bounds: {index}"),
                _ => format!("no such key: {index}"),
            })
        })
    }

    fn binary(&mut self, operator: Operator, left: &'d Expression, right: &'d Expression) -> Outcome<'d> {
        let left = self.evaluate(left)?;
        let right = self.evaluate(right)?;
        operators::binary(self, operator, left, right)
    }

    /// `&&` and `||`: one deciding side is enough, even when another is an error.
    fn logical(&mut self, operands: &'d [Expression], deciding: bool) -> Outcome<'d> {
        let mut fault: Option<Fault> = None;
        for operand in operands {
            match self.evaluate(operand) {
                Ok(Value::Bool(bool)) if bool == deciding => return Ok(Value::Bool(deciding)),
                Ok(Value::Bool(_)) => {}
                Ok(other) => {
                    let wrong = no_overload(if deciding { "||" } else { "&&" }, &[other]);
                    fault.get_or_insert(at(operand.offset)(wrong));
                }
                Err(budget) if budget.kind == FaultKind::Budget => return Err(budget),
                Err(other) => {
                    fault.get_or_insert(other);
                }
            }
        }
        fault.map_or(Ok(Value::Bool(!deciding)), Err)
    }

    /// The value of a literal's part; `None` for an empty optional.
    fn part(&mut self, optional: bool, expression: &'d Expression) -> Result<Option<Value<'d>>, Fault> {
        match (optional, self.evaluate(expression)?) {
            (false, value) => Ok(Some(value)),
            (true, Value::Optional(inner)) => Ok(inner.map(|inner| (*inner).clone())),
            (true, other) => {
                Err(error(format!("\"?\" asks for an optional, and this is {}", other.type_name())))
            }
        }
    }

    fn list(&mut self, entries: &'d [Entry<()>]) -> Outcome<'d> {
        let mut items = Vec::with_capacity(entries.len());
        for entry in entries {
            items.extend(self.part(entry.optional, &entry.value)?);
        }
        Ok(Value::list(items))
    }

    fn map(&mut self, entries: &'d [Entry<Expression>]) -> Outcome<'d> {
        let mut members = BTreeMap::new();
        for entry in entries {
            let key = self.evaluate(&entry.key)?;
            let Some(key) = key.key() else {
                return Err(error(format!("unsupported key type: {}", key.type_name())));
            };
            let Some(value) = self.part(entry.optional, &entry.value)? else { continue };
            if members.insert(key.clone(), value).is_some() {
                return Err(error(format!("failed with repeated key: {key}")));
            }
        }
        Ok(Value::map(members))
    }

    fn structure(&mut self, entries: &'d [Entry<String>]) -> Outcome<'d> {
        let mut members = BTreeMap::new();
        for entry in entries {
            if let Some(value) = self.part(entry.optional, &entry.value)? {
                members.insert(Key::Text(Text::Borrowed(entry.key.as_str())), value);
            }
        }
        Ok(Value::map(members))
    }

    /// Evaluates a body with two more names.
    pub(crate) fn with_locals(&mut self, values: [Value<'d>; 2], body: &'d Expression) -> Outcome<'d> {
        let before = self.locals.len();
        self.locals.extend(values);
        let outcome = self.evaluate(body);
        self.locals.truncate(before);
        outcome
    }
}

/// A pattern that is part of the expression, or one that was made while evaluating.
pub(crate) enum Pattern<'d> {
    Written(&'d Regex),
    Made(Arc<Regex>),
}

impl std::ops::Deref for Pattern<'_> {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        match self {
            Pattern::Written(regex) => regex,
            Pattern::Made(regex) => regex,
        }
    }
}

fn no_field(value: &Value<'_>, field: &str) -> Fault {
    match value {
        Value::Null => error(format!("no such key: {field}")),
        other => error(format!("{} has no field \"{field}\"", other.type_name())),
    }
}
