//! Walks over a template and notes what it uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::nunjucks::ast::{Body, Expression, Kind, Macro, Operator, Statement, Template};
use crate::nunjucks::execute::describe;
use crate::nunjucks::value::Value;

/// A chain of names that is read.
#[derive(Debug)]
pub struct Read {
    /// Its first name.
    pub root: String,
    /// The whole of it.
    pub path: String,
    /// Byte offset of its first name.
    pub position: usize,
    /// Whether the template provides for its absence there.
    pub is_asked: bool,
}

/// What a template uses; names with byte offsets.
#[derive(Default)]
pub struct Uses {
    /// Names that the template defines.
    pub defined: BTreeSet<String>,
    /// Names that it reads, its own ones too.
    pub reads: Vec<Read>,
    pub filters: BTreeMap<String, Vec<usize>>,
    pub tests: BTreeMap<String, Vec<usize>>,
    /// Whether the expression at hand only asks whether there is something.
    asking: bool,
    /// Paths that hold something here, as a condition around says.
    present: Vec<String>,
}

impl Uses {
    pub fn of(template: &Template) -> Self {
        let mut uses = Self::default();
        uses.body(&template.body);
        for block in &template.blocks {
            uses.body(&block.body);
        }
        uses
    }

    fn define(&mut self, name: &str) {
        self.defined.insert(name.to_owned());
    }

    /// Visits with other ideas of what is asked and what is there.
    fn with(&mut self, asking: bool, present: &[String], visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.asking, asking);
        let count = self.present.len();
        self.present.extend_from_slice(present);
        visit(self);
        self.present.truncate(count);
        self.asking = before;
    }

    fn ask(&mut self, expression: &Expression) {
        self.with(true, &[], |uses| uses.expression(expression));
    }

    fn body(&mut self, body: &Body) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Text(..) | Statement::Block(..) => {}
            Statement::Output(expression) => self.expression(expression),
            Statement::If { condition, then, otherwise } => {
                self.ask(condition);
                self.with(false, &implied(condition, true), |uses| uses.body(then));
                if let Some(body) = otherwise {
                    self.with(false, &implied(condition, false), |uses| uses.body(body));
                }
            }
            Statement::For(node) => {
                node.targets.iter().for_each(|target| self.define(&target.name));
                // Looping over nothing is no mistake.
                self.ask(&node.iterable);
                self.body(&node.body);
                if let Some(body) = &node.otherwise {
                    self.body(body);
                }
            }
            Statement::Set(set) => {
                set.targets.iter().for_each(|target| self.define(&target.name));
                self.expression(&set.value);
            }
            Statement::Macro(definition, _) => {
                self.define(&definition.name);
                self.definition(definition);
            }
            Statement::Switch(switch) => {
                self.ask(&switch.value);
                for (condition, body) in &switch.cases {
                    self.ask(condition);
                    self.body(body);
                }
                if let Some(body) = &switch.otherwise {
                    self.body(body);
                }
            }
        }
    }

    fn definition(&mut self, definition: &Macro) {
        definition.parameters.iter().for_each(|name| self.define(name));
        for (name, default) in &definition.keywords {
            self.define(name);
            self.expression(default);
        }
        self.with(false, &[], |uses| uses.body(&definition.body));
    }

    fn expressions(&mut self, expressions: &[Expression]) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    fn read(&mut self, root: String, path: String, position: usize) {
        let holds = |present: &String| {
            present
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let is_asked = self.asking || self.present.iter().any(holds);
        self.reads.push(Read { root, path, position, is_asked });
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            Kind::Literal(_) | Kind::Pattern(..) => {}
            Kind::Symbol(symbol) => {
                self.read(symbol.name.to_string(), symbol.name.to_string(), expression.position);
            }
            Kind::Member(target, key) => {
                if let (Some((root, position)), Kind::Literal(Value::String(_)), Some(path)) =
                    (root(target), &key.kind, describe(expression))
                {
                    self.read(root, path, position);
                } else {
                    self.expression(target);
                    self.expression(key);
                }
            }
            Kind::Call(target, arguments) => {
                match &target.kind {
                    Kind::Member(receiver, key) => {
                        self.expression(receiver);
                        self.expression(key);
                    }
                    _ => self.expression(target),
                }
                self.expressions(arguments);
            }
            Kind::Filter(name, items) => {
                self.filters.entry(name.to_string()).or_default().push(expression.position);
                let provides = matches!(&**name, "default" | "d");
                for (index, item) in items.iter().enumerate() {
                    let asking = index == 0 && (self.asking || provides);
                    self.with(asking, &[], |uses| uses.expression(item));
                }
            }
            Kind::Is { value, test, arguments } => {
                self.tests.entry(test.to_string()).or_default().push(expression.position);
                self.ask(value);
                self.expressions(arguments);
            }
            Kind::Conditional { condition, then, otherwise } => {
                self.ask(condition);
                let asking = self.asking;
                self.with(asking, &implied(condition, true), |uses| uses.expression(then));
                if let Some(other) = otherwise {
                    self.with(asking, &implied(condition, false), |uses| uses.expression(other));
                }
            }
            Kind::Or(left, right) => {
                self.ask(left);
                let asking = self.asking;
                self.with(asking, &implied(left, false), |uses| uses.expression(right));
            }
            Kind::And(left, right) => {
                self.ask(left);
                let asking = self.asking;
                self.with(asking, &implied(left, true), |uses| uses.expression(right));
            }
            Kind::Not(inner) => self.ask(inner),
            Kind::Binary(operator, left, right) => {
                // Comparing what is missing is asking; adding it is not.
                let compares = operator.precedence() <= Operator::Less.precedence();
                let asking = self.asking || compares;
                self.with(asking, &[], |uses| {
                    uses.expression(left);
                    uses.expression(right);
                });
            }
            Kind::In(left, right) | Kind::Power(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            Kind::Group(items) | Kind::List(items) => self.expressions(items),
            Kind::Record(pairs) | Kind::Keywords(pairs) => {
                for (_, value) in pairs {
                    self.expression(value);
                }
            }
            Kind::Capture(body) => self.with(false, &[], |uses| uses.body(body)),
            Kind::Caller(definition) => self.definition(definition),
            Kind::Slice(target, parts) => {
                self.expression(target);
                parts.iter().flatten().for_each(|part| self.expression(part));
            }
            Kind::Floor(inner) | Kind::Negate(inner) | Kind::Plus(inner) => self.expression(inner),
        }
    }
}

/// The paths that hold something when the condition is true, or when it is false.
fn implied(condition: &Expression, truth: bool) -> Vec<String> {
    match &condition.kind {
        Kind::Group(items) => items.last().map(|last| implied(last, truth)).unwrap_or_default(),
        Kind::Symbol(_) | Kind::Member(..) if truth => describe(condition).into_iter().collect(),
        Kind::Not(inner) => implied(inner, !truth),
        Kind::And(left, right) if truth => [implied(left, true), implied(right, true)].concat(),
        Kind::Or(left, right) if !truth => [implied(left, false), implied(right, false)].concat(),
        Kind::Is { value, test, .. } if (&**test == "undefined") != truth => {
            describe(value).into_iter().collect()
        }
        Kind::Binary(Operator::Equal | Operator::StrictEqual, left, right) if truth => {
            [describe(left), describe(right)].into_iter().flatten().collect()
        }
        Kind::Filter(name, items) if !matches!(&**name, "default" | "d") => {
            items.first().map(|first| implied(first, truth)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The first name of a chain of plain names, with its place.
fn root(expression: &Expression) -> Option<(String, usize)> {
    match &expression.kind {
        Kind::Symbol(symbol) => Some((symbol.name.to_string(), expression.position)),
        Kind::Member(target, key) if matches!(key.kind, Kind::Literal(Value::String(_))) => root(target),
        _ => None,
    }
}
