//! Expressions to values.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::budget::Meter;
use crate::error::{Fault, Outcome, near_names};
use crate::jinja::ast::{
    CallArguments, Comparison, Expression, ExpressionKind as Kind, FilterCall, Template,
};
use crate::jinja::call::Arguments;
use crate::jinja::object::{BlockOf, Object};
use crate::jinja::printing::print;
use crate::jinja::render::Environment;
use crate::jinja::scope::Scope;
use crate::jinja::value::{Heap, Key, Map, Missing, Value};
use crate::jinja::{access, filters, globals, operators, predicates};

/// What runs a template.
pub struct Interpreter<'e> {
    pub environment: &'e Environment,
    pub heap: Heap,
    /// How deep templates and macros may nest in the parser.
    pub limit: usize,
    /// The variables of the template at large.
    pub root: Rc<Scope>,
    /// What blocks that are called by name see.
    pub block_scope: Option<Rc<Scope>>,
    /// The template that is running.
    pub template: Rc<Template>,
    /// The blocks of the templates, the most derived first.
    pub blocks: BTreeMap<Rc<str>, Vec<Rc<BlockOf>>>,
    pub loaded: BTreeMap<String, Rc<Template>>,
    pub escapes: bool,
    /// Bytes printed so far, captured ones too.
    pub printed: Cell<usize>,
}

impl<'e> Interpreter<'e> {
    pub fn new(environment: &'e Environment, meter: Meter, limit: usize, template: Rc<Template>) -> Self {
        Self {
            environment,
            heap: Heap::new(meter),
            limit,
            root: Scope::root(),
            block_scope: None,
            template,
            blocks: BTreeMap::new(),
            loaded: BTreeMap::new(),
            escapes: false,
            printed: Cell::new(0),
        }
    }

    /// The value of an expression. Its faults know where they happened.
    pub fn evaluate(&mut self, expression: &Expression, scope: &Rc<Scope>) -> Outcome<Value> {
        self.heap.meter.enter()?;
        let value = self.evaluate_kind(expression, scope).map_err(|fault| fault.at(expression.position))?;
        self.heap.meter.leave();
        Ok(value)
    }

    fn evaluate_kind(&mut self, expression: &Expression, scope: &Rc<Scope>) -> Outcome<Value> {
        Ok(match &expression.kind {
            Kind::None => Value::None,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Integer(value) => Value::Integer(*value),
            Kind::Float(value) => Value::Float(*value),
            Kind::Text(text) => Value::Text(Rc::clone(text)),
            Kind::Name(name) => self.name(name, scope)?,
            Kind::List(items) => {
                let items = self.all(items, scope)?;
                self.heap.list(items)?
            }
            Kind::Tuple(items) => {
                let items = self.all(items, scope)?;
                self.heap.tuple(items)?
            }
            Kind::Map(pairs) => {
                let mut map = Map::with_capacity(pairs.len());
                for (key, value) in pairs {
                    let key: Key = self.evaluate(key, scope)?.key(&self.heap)?;
                    map.insert(key, self.evaluate(value, scope)?);
                }
                self.heap.map(map)?
            }
            Kind::Attribute(value, name) => {
                let value = self.evaluate(value, scope)?;
                match self.block_of(&value, name) {
                    Some(block) => block,
                    None => access::attribute(&value, name, &self.heap)?,
                }
            }
            Kind::Item(value, key) => {
                let value = self.evaluate(value, scope)?;
                let key = self.evaluate(key, scope)?;
                access::item(&value, &key, &self.heap)?
            }
            Kind::Slice(value, [start, stop, step]) => {
                let value = self.evaluate(value, scope)?;
                let mut part = |part: &Option<Box<Expression>>| {
                    part.as_ref().map(|part| self.evaluate(part, scope)).transpose()
                };
                let parts = [part(start)?, part(stop)?, part(step)?];
                access::slice(&value, parts, &self.heap)?
            }
            Kind::Call(callee, arguments) => {
                let callee = self.evaluate(callee, scope)?;
                let arguments = self.arguments(arguments, scope)?;
                self.call(&callee, arguments)?
            }
            Kind::Filter(value, call) => {
                let value = self.evaluate(value, scope)?;
                self.filter(value, call, scope)?
            }
            Kind::Test(value, call) => {
                let value = self.evaluate(value, scope)?;
                let arguments = self.arguments(&call.arguments, scope)?;
                let Some(test) = predicates::find(&call.name) else {
                    return Err(predicates::unknown(&call.name).at(call.position));
                };
                Value::Bool((test.run)(self, value, arguments)?)
            }
            Kind::Not(value) => Value::Bool(!self.evaluate(value, scope)?.is_true()?),
            Kind::Negative(value) => operators::negate(&self.evaluate(value, scope)?)?,
            Kind::Positive(value) => operators::positive(&self.evaluate(value, scope)?)?,
            Kind::Binary(operator, left, right) => {
                let left = self.evaluate(left, scope)?;
                let right = self.evaluate(right, scope)?;
                operators::calculate(*operator, &left, &right, &self.heap)?
            }
            Kind::Concatenate(parts) => {
                let mut out = String::new();
                for part in parts {
                    let value = self.evaluate(part, scope)?;
                    if self.escapes {
                        out.push_str(&crate::jinja::web::escape(&value, &self.heap)?);
                    } else {
                        print(&value, &self.heap, &mut out)?;
                    }
                    self.heap.meter.allocate(out.len() / 4)?;
                }
                if self.escapes { Value::Safe(out.into()) } else { self.heap.text(out)? }
            }
            Kind::Compare(first, rest) => self.compare(first, rest, scope)?,
            Kind::And(left, right) => {
                let left = self.evaluate(left, scope)?;
                if left.is_true()? { self.evaluate(right, scope)? } else { left }
            }
            Kind::Or(left, right) => {
                let left = self.evaluate(left, scope)?;
                if left.is_true()? { left } else { self.evaluate(right, scope)? }
            }
            Kind::Condition { test, then, otherwise } => {
                if self.evaluate(test, scope)?.is_true()? {
                    self.evaluate(then, scope)?
                } else if let Some(otherwise) = otherwise {
                    self.evaluate(otherwise, scope)?
                } else {
                    Value::Undefined(Rc::new(Missing::Nothing))
                }
            }
        })
    }

    fn all(&mut self, expressions: &[Expression], scope: &Rc<Scope>) -> Outcome<Vec<Value>> {
        expressions.iter().map(|expression| self.evaluate(expression, scope)).collect()
    }

    /// `self.name`
    fn block_of(&self, value: &Value, name: &Rc<str>) -> Option<Value> {
        let Value::Object(object) = value else { return None };
        let Object::Blocks = **object else { return None };
        let levels = self.blocks.get(name)?.clone();
        Some(Value::Object(Rc::new(Object::Block(levels, 0))))
    }

    fn name(&self, name: &Rc<str>, scope: &Rc<Scope>) -> Outcome<Value> {
        if let Some(value) = scope.get(name) {
            return Ok(value);
        }
        if &**name == "self" {
            return Ok(Value::Object(Rc::new(Object::Blocks)));
        }
        if let Some(value) = globals::find(name) {
            return Ok(value);
        }
        self.heap.meter.spend(50)?;
        let names = scope.names();
        let mut known: Vec<&str> = names.iter().take(200).map(|name| &**name).collect();
        for name in globals::names() {
            known.push(name);
        }
        let near = near_names(name, known.iter().copied()).first().map(|near| (*near).to_owned());
        Ok(Value::Undefined(Rc::new(Missing::Name(Rc::clone(name), near))))
    }

    fn compare(
        &mut self,
        first: &Expression,
        rest: &[(Comparison, Expression)],
        scope: &Rc<Scope>,
    ) -> Outcome<Value> {
        let mut left = self.evaluate(first, scope)?;
        for (comparison, right) in rest {
            let right = self.evaluate(right, scope)?;
            if !self.holds(*comparison, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    /// `left comparison right`
    pub fn holds(&self, comparison: Comparison, left: &Value, right: &Value) -> Outcome<bool> {
        let heap = &self.heap;
        let order = |sign: &str| operators::order(left, right, sign, heap);
        Ok(match comparison {
            Comparison::Equal => operators::equals(left, right, heap)?,
            Comparison::NotEqual => !operators::equals(left, right, heap)?,
            Comparison::Less => order("<")?.is_some_and(std::cmp::Ordering::is_lt),
            Comparison::LessEqual => order("<=")?.is_some_and(std::cmp::Ordering::is_le),
            Comparison::Greater => order(">")?.is_some_and(std::cmp::Ordering::is_gt),
            Comparison::GreaterEqual => order(">=")?.is_some_and(std::cmp::Ordering::is_ge),
            Comparison::In => operators::contains(right, left, heap)?,
            Comparison::NotIn => !operators::contains(right, left, heap)?,
        })
    }

    pub fn arguments(&mut self, arguments: &CallArguments, scope: &Rc<Scope>) -> Outcome<Arguments> {
        let mut positional = self.all(&arguments.positional, scope)?;
        let mut named = Vec::with_capacity(arguments.named.len());
        for (name, value) in &arguments.named {
            named.push((Rc::clone(name), self.evaluate(value, scope)?));
        }
        if let Some(spread) = &arguments.spread {
            let spread = self.evaluate(spread, scope)?;
            positional.extend(self.heap.items(&spread)?);
        }
        if let Some(spread) = &arguments.spread_named {
            let Value::Map(map) = self.evaluate(spread, scope)? else {
                return Err(Fault::value("what follows ** has to be a dictionary"));
            };
            for (key, value) in map.borrow().iter() {
                let Key::Text(name) = key else {
                    return Err(Fault::value("keywords must be text"));
                };
                named.push((Rc::clone(name), value.clone()));
            }
        }
        Ok(Arguments { positional, named })
    }

    /// `value | call`
    pub fn filter(&mut self, value: Value, call: &FilterCall, scope: &Rc<Scope>) -> Outcome<Value> {
        let arguments = self.arguments(&call.arguments, scope)?;
        let Some(filter) = filters::find(&call.name) else {
            return Err(filters::unknown(&call.name).at(call.position));
        };
        (filter.run)(self, value, arguments).map_err(|fault| fault.at(call.position))
    }
}
