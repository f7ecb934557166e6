//! Decides beforehand which names are slots of the running call.

use std::collections::HashMap;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::nunjucks::ast::{Body, Expression, For, Kind, Macro, PairLoop, Statement, Symbol, Template};
use crate::nunjucks::frame::Slot;

/// Resolves all names. Bodies of loops with several targets are resolved twice, which nesting multiplies; the
/// sum is bounded by a multiple of the source's size.
pub fn resolve(template: &mut Template, size: usize) -> Outcome<()> {
    let mut resolver = Resolver { levels: Vec::new(), rest: 100_000 + size * 16 };
    template.slots = resolver.routine(Vec::new(), |resolver| resolver.body(&mut template.body))?;
    for block in &mut template.blocks {
        let block = Rc::make_mut(block);
        block.slots = resolver.routine(Vec::new(), |resolver| resolver.body(&mut block.body))?;
    }
    Ok(())
}

/// One generated function: its slots so far, and its scopes from the outermost.
struct Level {
    slots: usize,
    scopes: Vec<HashMap<Rc<str>, usize>>,
    /// Sees the names of the level below.
    open: bool,
}

struct Resolver {
    levels: Vec<Level>,
    /// Nodes that may still be visited.
    rest: usize,
}

impl Resolver {
    /// Resolves a body of its own; gives how many slots it needs.
    fn routine(
        &mut self,
        parameters: Vec<Rc<str>>,
        visit: impl FnOnce(&mut Self) -> Outcome<()>,
    ) -> Outcome<usize> {
        self.routine_at(parameters, false, visit)
    }

    fn routine_at(
        &mut self,
        parameters: Vec<Rc<str>>,
        open: bool,
        visit: impl FnOnce(&mut Self) -> Outcome<()>,
    ) -> Outcome<usize> {
        let slots = parameters.len();
        let scope = parameters.into_iter().enumerate().map(|(index, name)| (name, index)).collect();
        self.levels.push(Level { slots, scopes: vec![scope], open });
        visit(self)?;
        Ok(self.levels.pop().map_or(0, |level| level.slots))
    }

    fn slot(&mut self) -> usize {
        self.levels.last_mut().map_or(0, |level| {
            level.slots += 1;
            level.slots - 1
        })
    }

    fn define(&mut self, name: &Rc<str>) -> Slot {
        let index = self.slot();
        if let Some(scope) = self.levels.last_mut().and_then(|level| level.scopes.last_mut()) {
            scope.insert(Rc::clone(name), index);
        }
        Slot { hops: 0, index }
    }

    fn lookup(&self, name: &str) -> Option<Slot> {
        for (hops, level) in self.levels.iter().rev().enumerate() {
            if let Some(index) = level.scopes.iter().rev().find_map(|scope| scope.get(name)) {
                return Some(Slot { hops, index: *index });
            }
            if !level.open {
                return None;
            }
        }
        None
    }

    fn symbol(&self, symbol: &mut Symbol) {
        symbol.slot = self.lookup(&symbol.name);
    }

    fn spend(&mut self) -> Outcome<()> {
        self.rest = self
            .rest
            .checked_sub(1)
            .ok_or_else(|| Fault::budget("the template nests loops over pairs too deeply"))?;
        Ok(())
    }

    fn body(&mut self, body: &mut Body) -> Outcome<()> {
        body.iter_mut().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &mut Statement) -> Outcome<()> {
        self.spend()?;
        match statement {
            Statement::Text(..) | Statement::Block(..) => Ok(()),
            Statement::Output(expression) => self.expression(expression),
            Statement::If { condition, then, otherwise } => {
                self.expression(condition)?;
                self.body(then)?;
                otherwise.as_mut().map_or(Ok(()), |body| self.body(body))
            }
            Statement::For(node) => self.repetition(node),
            Statement::Set(set) => {
                for target in &mut set.targets {
                    self.symbol(target);
                }
                self.expression(&mut set.value)
            }
            Statement::Macro(definition, slot) => {
                let nested = self.nested();
                self.definition(definition, false)?;
                Rc::make_mut(definition).exported = !nested;
                let name = Rc::clone(&definition.name);
                *slot = Some(self.define(&name));
                Ok(())
            }
            Statement::Switch(switch) => {
                self.expression(&mut switch.value)?;
                for (condition, body) in &mut switch.cases {
                    self.expression(condition)?;
                    self.body(body)?;
                }
                switch.otherwise.as_mut().map_or(Ok(()), |body| self.body(body))
            }
        }
    }

    /// Whether names defined here belong to a frame of their own.
    fn nested(&self) -> bool {
        self.levels.last().is_some_and(|level| level.open || level.scopes.len() > 1)
    }

    fn definition(&mut self, definition: &mut Rc<Macro>, open: bool) -> Outcome<()> {
        let definition = Rc::make_mut(definition);
        let parameters = definition.parameters.clone();
        let (keywords, body) = (&mut definition.keywords, &mut definition.body);
        definition.slots = self.routine_at(parameters, open, |resolver| {
            keywords.iter_mut().try_for_each(|(_, value)| resolver.expression(value))?;
            resolver.body(body)
        })?;
        Ok(())
    }

    fn repetition(&mut self, node: &mut For) -> Outcome<()> {
        node.length = Slot { hops: 0, index: self.slot() };
        if let Some(level) = self.levels.last_mut() {
            level.scopes.push(HashMap::new());
        }
        self.expression(&mut node.iterable)?;
        let mut pairs = if node.targets.len() > 1 { Some(node.body.clone()) } else { None };
        for target in &mut node.targets {
            target.slot = Some(self.define(&target.name));
        }
        self.body(&mut node.body)?;
        if let (Some(mut body), [key, value, ..]) = (pairs.take(), node.targets.as_slice()) {
            let (key, value) = (self.define(&key.name), self.define(&value.name));
            self.body(&mut body)?;
            node.pairs = Some(PairLoop { key, value, body });
        }
        if let Some(otherwise) = &mut node.otherwise {
            self.body(otherwise)?;
        }
        if let Some(level) = self.levels.last_mut() {
            level.scopes.pop();
        }
        Ok(())
    }

    fn expressions(&mut self, expressions: &mut [Expression]) -> Outcome<()> {
        expressions.iter_mut().try_for_each(|expression| self.expression(expression))
    }

    fn expression(&mut self, expression: &mut Expression) -> Outcome<()> {
        self.spend()?;
        match &mut expression.kind {
            Kind::Literal(_) | Kind::Pattern(..) => Ok(()),
            Kind::Symbol(symbol) => {
                self.symbol(symbol);
                Ok(())
            }
            Kind::Group(items) | Kind::List(items) | Kind::Filter(_, items) => self.expressions(items),
            Kind::Record(pairs) | Kind::Keywords(pairs) => {
                pairs.iter_mut().try_for_each(|(_, value)| self.expression(value))
            }
            Kind::Call(target, arguments) => {
                self.expression(target)?;
                self.expressions(arguments)
            }
            Kind::Capture(body) => self.body(body),
            Kind::Caller(definition) => self.definition(definition, true),
            Kind::Slice(target, parts) => {
                self.expression(target)?;
                parts.iter_mut().flatten().try_for_each(|part| self.expression(part))
            }
            Kind::Conditional { condition, then, otherwise } => {
                self.expression(condition)?;
                self.expression(then)?;
                otherwise.as_mut().map_or(Ok(()), |other| self.expression(other))
            }
            Kind::Is { value, arguments, .. } => {
                self.expression(value)?;
                self.expressions(arguments)
            }
            Kind::Member(left, right)
            | Kind::In(left, right)
            | Kind::And(left, right)
            | Kind::Or(left, right)
            | Kind::Binary(_, left, right)
            | Kind::Power(left, right) => {
                self.expression(left)?;
                self.expression(right)
            }
            Kind::Not(inner) | Kind::Floor(inner) | Kind::Negate(inner) | Kind::Plus(inner) => {
                self.expression(inner)
            }
        }
    }
}
