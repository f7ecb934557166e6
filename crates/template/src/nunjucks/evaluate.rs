//! Evaluates expressions.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::budget::Meter;
use crate::error::{Fault, Outcome, TemplateErrorKind, near_names};
use crate::nunjucks::ast::{Block, Expression, Kind, Operator, Symbol};
use crate::nunjucks::frame::{Activation, FrameCell};
use crate::nunjucks::function::Function;
use crate::nunjucks::operators::{add, compare, concat, loose_equal, power, strict_equal, to_number, truthy};
use crate::nunjucks::pattern::Pattern;
use crate::nunjucks::record::Record;
use crate::nunjucks::render::Environment;
use crate::nunjucks::value::Value;
use crate::nunjucks::{filters, globals, member, methods, predicates};

/// A running template.
pub struct Interpreter<'r> {
    pub environment: &'r Environment,
    pub source: &'r str,
    pub context: &'r Json,
    /// Variables of the template, and context values that were taken in.
    pub variables: HashMap<Rc<str>, Value>,
    pub blocks: &'r [Rc<Block>],
    pub uses_loop: bool,
    pub meter: Meter,
    /// The first half of a character that was written last, with the end of the output then.
    pub half: Option<(usize, u16)>,
    globals: HashMap<Rc<str>, Value>,
}

/// Where a running body finds its names.
#[derive(Clone)]
pub struct Scope {
    pub activation: Rc<Activation>,
    pub frames: Rc<FrameCell>,
}

impl<'r> Interpreter<'r> {
    pub fn new(
        environment: &'r Environment,
        source: &'r str,
        context: &'r Json,
        blocks: &'r [Rc<Block>],
        uses_loop: bool,
        meter: Meter,
    ) -> Self {
        let (variables, globals) = (HashMap::new(), HashMap::new());
        Self { environment, source, context, variables, blocks, uses_loop, meter, half: None, globals }
    }

    /// The value of a name.
    pub fn symbol(&mut self, symbol: &Symbol, scope: &Scope) -> Outcome<Value> {
        if let Some(slot) = symbol.slot {
            return Ok(scope.activation.get(slot));
        }
        let name = &symbol.name;
        if let Some(value) = scope.frames.lookup(name) {
            return Ok(value);
        }
        let value = self.variable(name)?;
        if value.is_undefined() && self.environment.is_jinja_compatible() {
            return Ok(match &**name {
                "True" => Value::Bool(true),
                "False" => Value::Bool(false),
                "None" => Value::Null,
                _ => Value::Undefined,
            });
        }
        Ok(value)
    }

    /// A variable of the template, the context or the environment.
    fn variable(&mut self, name: &Rc<str>) -> Outcome<Value> {
        if let Some(value) = self.variables.get(name) {
            return Ok(value.clone());
        }
        if let Some(json) = self.context.get(&**name) {
            let value = Value::from_json(json, &self.meter)?;
            self.variables.insert(Rc::clone(name), value.clone());
            return Ok(value);
        }
        if let Some(value) = self.globals.get(name) {
            return Ok(value.clone());
        }
        let function = match globals::NAMES.into_iter().find(|known| *known == &**name) {
            Some(known) => Function::Global(known),
            None if self.environment.function(name).is_some() => Function::Host(Rc::clone(name)),
            None => return Ok(Value::Undefined),
        };
        let value = function.value();
        self.globals.insert(Rc::clone(name), value.clone());
        Ok(value)
    }

    /// The part of the context that a chain of plain names leads to, without taking the context in.
    pub fn peek(&self, expression: &Expression, scope: &Scope) -> Option<&'r Json> {
        match &expression.kind {
            Kind::Symbol(Symbol { name, slot: None }) => {
                if self.variables.contains_key(name) || scope.frames.lookup(name).is_some() {
                    return None;
                }
                self.context.get(&**name)
            }
            Kind::Member(target, key) => match (&key.kind, self.peek(target, scope)?) {
                (Kind::Literal(Value::String(key)), Json::Object(members)) => {
                    let key = key.as_str()?;
                    let taken =
                        self.environment.is_jinja_compatible() && methods::PYTHON_RECORD.contains(&key);
                    if taken { None } else { members.get(key) }
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn peek_scalar(&self, expression: &Expression, scope: &Scope) -> Outcome<Option<Value>> {
        match self.peek(expression, scope) {
            None | Some(Json::Array(_) | Json::Object(_)) => Ok(None),
            Some(scalar) => Value::from_json(scalar, &self.meter).map(Some),
        }
    }

    /// The value of an expression.
    pub fn evaluate(&mut self, expression: &Expression, scope: &Scope) -> Outcome<Value> {
        self.meter.enter().map_err(|fault| fault.at(expression.position))?;
        let value = self.dispatch(expression, scope).map_err(|fault| fault.at(expression.position))?;
        self.meter.leave();
        Ok(value)
    }

    pub fn evaluate_all(&mut self, expressions: &[Expression], scope: &Scope) -> Outcome<Vec<Value>> {
        expressions.iter().map(|expression| self.evaluate(expression, scope)).collect()
    }

    fn dispatch(&mut self, expression: &Expression, scope: &Scope) -> Outcome<Value> {
        match &expression.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Symbol(symbol) => self.symbol(symbol, scope),
            Kind::Member(target, key) => {
                if let Some(value) = self.peek_scalar(expression, scope)? {
                    return Ok(value);
                }
                let target = self.evaluate(target, scope)?;
                let key = self.evaluate(key, scope)?;
                member::lookup(self, &target, &key)
            }
            Kind::Filter(name, arguments) => self.filter(name, arguments, scope),
            Kind::Call(target, arguments) => self.call_expression(target, arguments, scope),
            Kind::Conditional { condition, then, otherwise } => {
                if truthy(&self.evaluate(condition, scope)?) {
                    self.evaluate(then, scope)
                } else {
                    otherwise.as_ref().map_or(Ok(Value::text("")), |other| self.evaluate(other, scope))
                }
            }
            Kind::And(left, right) => {
                let left = self.evaluate(left, scope)?;
                if truthy(&left) { self.evaluate(right, scope) } else { Ok(left) }
            }
            Kind::Or(left, right) => {
                let left = self.evaluate(left, scope)?;
                if truthy(&left) { Ok(left) } else { self.evaluate(right, scope) }
            }
            Kind::Not(inner) => Ok(Value::Bool(!truthy(&self.evaluate(inner, scope)?))),
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, scope),
            Kind::In(left, right) => {
                let left = self.evaluate(left, scope)?;
                let right = self.evaluate(right, scope)?;
                member::contains(&left, &right, &self.meter).map(Value::Bool)
            }
            Kind::Is { value, test, arguments } => {
                let value = self.evaluate(value, scope)?;
                let arguments = self.evaluate_all(arguments, scope)?;
                predicates::check(test, &value, &arguments, &self.meter).map(Value::Bool)
            }
            Kind::Group(items) => Ok(self.evaluate_all(items, scope)?.pop().unwrap_or(Value::Undefined)),
            Kind::List(items) => {
                let items = self.evaluate_all(items, scope)?;
                self.meter.allocate(items.len() * 24 + 32)?;
                Ok(Value::list(items))
            }
            Kind::Record(pairs) => self.record(pairs, scope).map(Value::record),
            Kind::Keywords(pairs) => {
                let mut record = self.record(pairs, scope)?;
                record.insert("__keywords".into(), Value::Bool(true));
                Ok(Value::record(record))
            }
            Kind::Slice(target, parts) => {
                let target = self.evaluate(target, scope)?;
                let mut bounds = [Value::Null, Value::Null, Value::Number(1.0)];
                for (bound, part) in bounds.iter_mut().zip(parts.iter()) {
                    if let Some(part) = part {
                        *bound = self.evaluate(part, scope)?;
                    }
                }
                let [start, stop, step] = bounds;
                member::slice(self, &target, start, stop, &step)
            }
            _ => self.dispatch_rare(expression, scope),
        }
    }

    fn dispatch_rare(&mut self, expression: &Expression, scope: &Scope) -> Outcome<Value> {
        match &expression.kind {
            Kind::Pattern(body, flags) => {
                self.meter.allocate(4096 + body.len() * 64)?;
                Ok(Value::Pattern(Rc::new(Pattern::new(Rc::clone(body), Rc::clone(flags))?)))
            }
            Kind::Capture(body) => {
                let mut text = String::new();
                self.execute(body, scope, &mut text)?;
                self.meter.allocate(text.len())?;
                Ok(Value::text(text))
            }
            Kind::Caller(definition) => Ok(Function::Macro {
                definition: Rc::clone(definition),
                activation: Some(Rc::clone(&scope.activation)),
                frames: Rc::clone(&scope.frames),
            }
            .value()),
            Kind::Floor(inner) => Ok(Value::Number(self.number(inner, scope)?.floor())),
            Kind::Power(base, exponent) => {
                let base = self.number(base, scope)?;
                Ok(Value::Number(power(base, self.number(exponent, scope)?)))
            }
            Kind::Negate(inner) => Ok(Value::Number(-self.number(inner, scope)?)),
            Kind::Plus(inner) => Ok(Value::Number(self.number(inner, scope)?)),
            _ => Ok(Value::Undefined),
        }
    }

    fn number(&mut self, expression: &Expression, scope: &Scope) -> Outcome<f64> {
        let value = self.evaluate(expression, scope)?;
        to_number(&value, &self.meter)
    }

    fn record(&mut self, pairs: &[(Rc<str>, Expression)], scope: &Scope) -> Outcome<Record> {
        self.meter.allocate(pairs.len() * 64 + 64)?;
        let pairs: Outcome<Vec<_>> =
            pairs.iter().map(|(key, value)| Ok((Rc::clone(key), self.evaluate(value, scope)?))).collect();
        Ok(Record::from_pairs(pairs?))
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Expression,
        right: &Expression,
        scope: &Scope,
    ) -> Outcome<Value> {
        let (left_side, right_side) = (left, right);
        let left = self.evaluate(left, scope)?;
        let right = self.evaluate(right, scope)?;
        if self.environment.is_strict() && matches!(operator, Operator::Add | Operator::Concat) {
            for (value, expression) in [(&left, left_side), (&right, right_side)] {
                if value.is_undefined() {
                    return Err(self.undefined(expression, scope));
                }
            }
        }
        let meter = &self.meter;
        let numbers = || -> Outcome<(f64, f64)> { Ok((to_number(&left, meter)?, to_number(&right, meter)?)) };
        let ordering = || compare(&left, &right, meter);
        Ok(match operator {
            Operator::Add => add(&left, &right, meter)?,
            Operator::Concat => concat(&left, &right, meter)?,
            Operator::Subtract => Value::Number(numbers().map(|(l, r)| l - r)?),
            Operator::Multiply => Value::Number(numbers().map(|(l, r)| l * r)?),
            Operator::Divide => Value::Number(numbers().map(|(l, r)| l / r)?),
            Operator::Remainder => Value::Number(numbers().map(|(l, r)| l % r)?),
            Operator::Equal => Value::Bool(loose_equal(&left, &right, meter)?),
            Operator::NotEqual => Value::Bool(!loose_equal(&left, &right, meter)?),
            Operator::StrictEqual => Value::Bool(strict_equal(&left, &right)),
            Operator::StrictNotEqual => Value::Bool(!strict_equal(&left, &right)),
            Operator::Less => Value::Bool(ordering()?.is_some_and(std::cmp::Ordering::is_lt)),
            Operator::Greater => Value::Bool(ordering()?.is_some_and(std::cmp::Ordering::is_gt)),
            Operator::LessEqual => Value::Bool(ordering()?.is_some_and(std::cmp::Ordering::is_le)),
            Operator::GreaterEqual => Value::Bool(ordering()?.is_some_and(std::cmp::Ordering::is_ge)),
        })
    }

    fn filter(&mut self, name: &Rc<str>, arguments: &[Expression], scope: &Scope) -> Outcome<Value> {
        let Some(filter) = filters::find(name, self.environment) else {
            let fault = Fault::new(TemplateErrorKind::Unknown, format!("there is no filter \"{name}\""));
            let near = near_names(name, filters::names(self.environment));
            return Err(match near.as_slice() {
                [] => fault.hint("The filters are those of Nunjucks and Backstage."),
                near => fault.hint(format!("Did you mean {}?", near.join(" or "))),
            });
        };
        let values = self.evaluate_all(arguments, scope)?;
        if self.environment.is_strict()
            && !matches!(&**name, "default" | "d")
            && let (Some(Value::Undefined), Some(input)) = (values.first(), arguments.first())
        {
            return Err(self.undefined(input, scope));
        }
        filters::apply(&filter, self, &values).map_err(|fault| {
            let message = format!("the filter \"{name}\" failed: {}", fault.message);
            Box::new(Fault { message, ..*fault })
        })
    }
}
