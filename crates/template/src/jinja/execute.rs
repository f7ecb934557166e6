//! Statements: what a template prints.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::error::{Fault, Outcome, TemplateError};
use crate::jinja::ast::{
    Block, Definition, Expression, For, Now, Sign, Statement, StatementKind as Kind, Target, Template,
};
use crate::jinja::call::Arguments;
use crate::jinja::evaluate::Interpreter;
use crate::jinja::object::{BlockOf, Loop, Macro, Object};
use crate::jinja::parser::parse;
use crate::jinja::printing::{print, represent};
use crate::jinja::scope::Scope;
use crate::jinja::value::{Key, Map, Value};
use crate::jinja::web::escape;
use crate::jinja::{access, lexer, moment};

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Next,
    Break,
    Continue,
}

impl Interpreter<'_> {
    /// Prints a template, and what it extends.
    pub fn run(&mut self, scope: &Rc<Scope>, out: &mut String) -> Outcome<()> {
        let mut template = Rc::clone(&self.template);
        loop {
            for block in template.blocks.values() {
                let level = BlockOf { block: Rc::clone(block), template: Rc::clone(&template) };
                self.blocks.entry(Rc::clone(&block.name)).or_default().push(Rc::new(level));
            }
            let parent = self.in_template(&template, |interpreter| interpreter.top_level(scope, out))?;
            match parent {
                Some(parent) => template = parent,
                None => return Ok(()),
            }
            self.heap.meter.spend(1_000)?;
        }
    }

    /// The statements of a template; behind `extends` only those that print nothing count.
    fn top_level(&mut self, scope: &Rc<Scope>, out: &mut String) -> Outcome<Option<Rc<Template>>> {
        let template = Rc::clone(&self.template);
        let mut parent = None;
        for statement in &template.body {
            if let Kind::Extends(name) = &statement.kind {
                if parent.is_some() {
                    return Err(Fault::syntax("a template extends only one other", statement.position));
                }
                let name = self.evaluate(name, scope)?;
                parent = Some(self.load(&name).map_err(|fault| fault.at(statement.position))?);
            } else if parent.is_some() {
                if !matches!(statement.kind, Kind::Block(_)) {
                    self.execute(std::slice::from_ref(statement), scope, &mut String::new())?;
                }
            } else {
                self.execute(std::slice::from_ref(statement), scope, out)?;
            }
        }
        Ok(parent)
    }

    /// What a body prints, as a text.
    pub fn capture(&mut self, body: &[Statement], scope: &Rc<Scope>) -> Outcome<Value> {
        let mut out = String::new();
        self.execute(body, scope, &mut out)?;
        if self.escapes { Ok(Value::Safe(out.into())) } else { self.heap.text(out) }
    }

    /// Runs statements. Their faults know where they happened.
    pub fn execute(&mut self, body: &[Statement], scope: &Rc<Scope>, out: &mut String) -> Outcome<Flow> {
        self.heap.meter.enter()?;
        let mut flow = Flow::Next;
        for statement in body {
            self.heap.meter.spend(1)?;
            let before = out.len();
            flow = self.statement(statement, scope, out).map_err(|fault| fault.at(statement.position))?;
            self.count(out.len().saturating_sub(before), &statement.kind)
                .map_err(|fault| fault.at(statement.position))?;
            if flow != Flow::Next {
                break;
            }
        }
        self.heap.meter.leave();
        Ok(flow)
    }

    /// Counts what was printed where it was printed first, captured or not.
    fn count(&self, written: usize, kind: &Kind) -> Outcome<()> {
        if !matches!(kind, Kind::Data(_) | Kind::Output(_)) {
            return Ok(());
        }
        let printed = self.printed.get() + written;
        self.printed.set(printed);
        if printed > self.heap.meter.output {
            return Err(Fault::budget("the template prints too much"));
        }
        self.heap.meter.spend(written as u64 / 64)
    }

    fn statement(&mut self, statement: &Statement, scope: &Rc<Scope>, out: &mut String) -> Outcome<Flow> {
        match &statement.kind {
            Kind::Data(text) => out.push_str(text),
            Kind::Output(expression) => {
                let value = self.evaluate(expression, scope)?;
                self.output(&value, out).map_err(|fault| fault.at(expression.position))?;
            }
            Kind::If { branches, otherwise } => {
                for (test, body) in branches {
                    let test_value = self.evaluate(test, scope)?;
                    if test_value.is_true().map_err(|fault| fault.at(test.position))? {
                        return self.execute(body, scope, out);
                    }
                }
                return self.execute(otherwise, scope, out);
            }
            Kind::For(statement) => self.run_loop(statement, scope, None, 0, out)?,
            Kind::Set { target, value } => {
                let value = self.evaluate(value, scope)?;
                self.assign(target, value, scope, scope)?;
            }
            Kind::SetBlock { target, filters, body } => {
                let mut value = self.capture(body, &Scope::child(scope))?;
                for filter in filters {
                    value = self.filter(value, filter, scope)?;
                }
                self.assign(target, value, scope, scope)?;
            }
            Kind::With { targets, body } => {
                let inner = Scope::child(scope);
                for (target, value) in targets {
                    let value = self.evaluate(value, scope)?;
                    self.assign(target, value, &inner, scope)?;
                }
                return self.execute(body, &inner, out);
            }
            Kind::Macro(definition) => {
                let found = self.make_macro(definition, scope);
                scope.set(&definition.name, found);
            }
            Kind::Call { definition, call } => {
                let caller = self.make_macro(definition, scope);
                let value = self.call_with(call, caller, scope).map_err(|fault| fault.at(call.position))?;
                self.output(&value, out)?;
            }
            Kind::Filter { filters, body } => {
                let mut value = self.capture(body, &Scope::child(scope))?;
                for filter in filters {
                    value = self.filter(value, filter, scope)?;
                }
                self.output(&value, out)?;
            }
            Kind::Autoescape { on, body } => {
                let on = self.evaluate(on, scope)?.is_true()?;
                let before = std::mem::replace(&mut self.escapes, on);
                let flow = self.execute(body, &Scope::child(scope), out);
                self.escapes = before;
                return flow;
            }
            Kind::Block(block) => self.block(block, scope, out)?,
            Kind::Extends(_) => {
                return Err(Fault::value(
                    "a template can only extend another at its top, outside of other tags",
                ));
            }
            Kind::Include { template, ignore_missing, with_context } => {
                self.include(template, *ignore_missing, *with_context, scope, out)?;
            }
            Kind::Import { template, target, with_context } => {
                let module = self.import(template, *with_context, scope)?;
                scope.set(target, module);
            }
            Kind::From { template, names, with_context } => {
                let module = self.import(template, *with_context, scope)?;
                for (name, alias) in names {
                    let value = access::attribute(&module, name, &self.heap)?;
                    scope.set(alias, value);
                }
            }
            Kind::Do(expression) => {
                self.evaluate(expression, scope)?;
            }
            Kind::Now(now) => {
                let Now { zone, shift, format } = &**now;
                let zone = self.evaluate(zone, scope)?;
                let shift = match shift {
                    Some((sign, shift)) => Some((*sign == Sign::Plus, self.evaluate(shift, scope)?)),
                    None => None,
                };
                let format = format.as_ref().map(|format| self.evaluate(format, scope)).transpose()?;
                let text = moment::now(self.environment.now, &zone, shift, format)?;
                out.push_str(&text);
            }
            Kind::Break => return Ok(Flow::Break),
            Kind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn output(&self, value: &Value, out: &mut String) -> Outcome<()> {
        if self.escapes && !matches!(value, Value::Safe(_)) {
            out.push_str(&escape(value, &self.heap)?);
            return Ok(());
        }
        print(value, &self.heap, out)
    }

    fn make_macro(&self, definition: &Rc<Definition>, scope: &Rc<Scope>) -> Value {
        self.heap.keep_scope(scope);
        Value::Object(Rc::new(Object::Macro(Macro {
            definition: Rc::clone(definition),
            scope: Rc::clone(scope),
            template: Rc::clone(&self.template),
        })))
    }

    fn call_with(&mut self, call: &Expression, caller: Value, scope: &Rc<Scope>) -> Outcome<Value> {
        let crate::jinja::ast::ExpressionKind::Call(callee, arguments) = &call.kind else {
            return Err(Fault::value("a call block calls a macro"));
        };
        let callee = self.evaluate(callee, scope)?;
        let mut arguments: Arguments = self.arguments(arguments, scope)?;
        arguments.named.push(("caller".into(), caller));
        self.call(&callee, arguments)
    }

    /// Sets what a target names. Attributes are set on namespaces that `outer` sees.
    fn assign(&self, target: &Target, value: Value, scope: &Rc<Scope>, outer: &Rc<Scope>) -> Outcome<()> {
        match target {
            Target::Name(name) => scope.set(name, value),
            Target::Namespace(name, attribute) => {
                let Some(Value::Object(object)) = outer.get(name) else {
                    return Err(Fault::value(format!("\"{name}\" is no namespace"))
                        .hint(format!("Write {{% set {name} = namespace() %}} before.")));
                };
                let Object::Namespace(map) = &*object else {
                    return Err(Fault::value("cannot assign attribute on non-namespace object"));
                };
                map.borrow_mut().insert(Key::Text(Rc::clone(attribute)), value);
            }
            Target::Tuple(targets) => {
                let items = self.heap.items(&value)?;
                if items.len() != targets.len() {
                    return Err(Fault::value(format!(
                        "{} names cannot hold {} values",
                        targets.len(),
                        items.len()
                    )));
                }
                for (target, item) in targets.iter().zip(items) {
                    self.assign(target, item, scope, outer)?;
                }
            }
        }
        Ok(())
    }

    fn run_loop(
        &mut self,
        statement: &Rc<For>,
        scope: &Rc<Scope>,
        items: Option<&Value>,
        depth: usize,
        out: &mut String,
    ) -> Outcome<()> {
        let found;
        let iterable = if let Some(items) = items {
            items
        } else {
            found = self.evaluate(&statement.iterable, scope)?;
            &found
        };
        let mut items = self.heap.items(iterable).map_err(|fault| fault.at(statement.iterable.position))?;
        if let Some(condition) = &statement.condition {
            let mut kept = Vec::new();
            for item in items {
                let inner = Scope::child(scope);
                self.assign(&statement.target, item.clone(), &inner, scope)?;
                if self
                    .evaluate(condition, &inner)?
                    .is_true()
                    .map_err(|fault| fault.at(condition.position))?
                {
                    kept.push(item);
                }
            }
            items = kept;
        }
        if items.is_empty() {
            self.execute(&statement.otherwise, &Scope::child(scope), out)?;
            return Ok(());
        }
        let recursion = statement.recursive.then(|| {
            self.heap.keep_scope(scope);
            (Rc::clone(statement), Rc::clone(scope))
        });
        let items = self.heap.shared_tuple(items)?;
        let state = Rc::new(Object::Loop(Loop {
            items: Rc::clone(&items),
            index: Cell::new(0),
            depth,
            last: RefCell::new(None),
            recursion,
        }));
        let name: Rc<str> = "loop".into();
        for (index, item) in items.iter().enumerate() {
            if let Object::Loop(state) = &*state {
                state.index.set(index);
            }
            let inner = Scope::child(scope);
            inner.set(&name, Value::Object(Rc::clone(&state)));
            self.assign(&statement.target, item.clone(), &inner, scope)
                .map_err(|fault| fault.at(statement.position))?;
            if self.execute(&statement.body, &inner, out)? == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    /// `loop(items)` in a recursive loop.
    pub fn run_loop_again(
        &mut self,
        statement: &Rc<For>,
        scope: &Rc<Scope>,
        items: &Value,
        depth: usize,
    ) -> Outcome<Value> {
        let mut out = String::new();
        self.run_loop(statement, scope, Some(items), depth, &mut out)?;
        self.heap.text(out)
    }

    fn block(&mut self, block: &Rc<Block>, scope: &Rc<Scope>, out: &mut String) -> Outcome<()> {
        let levels = self.blocks.get(&block.name).cloned().unwrap_or_default();
        let Some(first) = levels.first().cloned() else { return Ok(()) };
        if first.block.required {
            return Err(Fault::value(format!("the block \"{}\" has to be filled", block.name)));
        }
        let outer = if block.scoped { Rc::clone(scope) } else { Rc::clone(&self.root) };
        self.block_level(&levels, 0, &outer, out)
    }

    fn block_level(
        &mut self,
        levels: &[Rc<BlockOf>],
        level: usize,
        outer: &Rc<Scope>,
        out: &mut String,
    ) -> Outcome<()> {
        let Some(current) = levels.get(level) else { return Ok(()) };
        let inner = Scope::child(outer);
        let parent = if level + 1 < levels.len() {
            self.heap.keep_scope(&inner);
            Value::Object(Rc::new(Object::Block(levels.to_vec(), level + 1)))
        } else {
            Value::because(format!("there is no parent block called \"{}\"", current.block.name))
        };
        inner.set(&"super".into(), parent);
        self.block_scope = Some(Rc::clone(outer));
        self.in_template(&current.template, |interpreter| {
            interpreter.execute(&current.block.body, &inner, out)
        })?;
        Ok(())
    }

    /// `super()` and `self.name()`
    pub fn call_block(&mut self, levels: &[Rc<BlockOf>], level: usize) -> Outcome<Value> {
        let outer = self.block_scope.clone().unwrap_or_else(|| Rc::clone(&self.root));
        let mut out = String::new();
        self.block_level(levels, level, &outer, &mut out)?;
        self.heap.text(out)
    }

    fn load(&mut self, name: &Value) -> Outcome<Rc<Template>> {
        let names: Vec<Value> = match name.defined()? {
            Value::List(_) | Value::Tuple(_) => self.heap.items(name)?,
            _ => vec![name.clone()],
        };
        for name in &names {
            let Some(path) = name.as_text() else {
                return Err(Fault::value("the name of a template is a text"));
            };
            if let Some(loaded) = self.loaded.get(path) {
                return Ok(Rc::clone(loaded));
            }
            let Some(source) = self.environment.load(path) else { continue };
            self.heap.meter.allocate(source.len() * 4)?;
            let source = lexer::normalize_newlines(&source).into_owned();
            let template = parse(self.environment, &source, path, self.limit)
                .map(Rc::new)
                .map_err(|fault| elsewhere(*fault, &source, path))?;
            self.loaded.insert(path.to_owned(), Rc::clone(&template));
            return Ok(template);
        }
        let mut shown = String::new();
        represent(name, &self.heap, &mut shown)?;
        Err(Fault::value(format!("there is no template {shown}"))
            .hint("Names are relative to the template's folder, or to \"templates\" beside it."))
    }

    fn include(
        &mut self,
        template: &Expression,
        ignore_missing: bool,
        with_context: bool,
        scope: &Rc<Scope>,
        out: &mut String,
    ) -> Outcome<()> {
        let name = self.evaluate(template, scope)?;
        let loaded = match self.load(&name) {
            Err(fault) if ignore_missing && fault.message.starts_with("there is no template") => {
                return Ok(());
            }
            result => result?,
        };
        self.part(&loaded, &if with_context { Scope::child(scope) } else { Scope::root() }, out)
    }

    /// Runs another template with blocks of its own.
    fn part(&mut self, template: &Rc<Template>, scope: &Rc<Scope>, out: &mut String) -> Outcome<()> {
        let blocks = std::mem::take(&mut self.blocks);
        let current = std::mem::replace(&mut self.template, Rc::clone(template));
        let root = std::mem::replace(&mut self.root, Rc::clone(scope));
        self.heap.meter.enter()?;
        let result = self.run(scope, out);
        self.heap.meter.leave();
        self.root = root;
        self.blocks = blocks;
        self.template = current;
        result.map_err(|fault| {
            if fault.position.is_some() && !self.same_source(template) {
                elsewhere(*fault, &template.source, &template.name)
            } else {
                fault
            }
        })
    }

    fn import(&mut self, template: &Expression, with_context: bool, scope: &Rc<Scope>) -> Outcome<Value> {
        let name = self.evaluate(template, scope)?;
        let loaded = self.load(&name)?;
        let inner = if with_context { Scope::child(scope) } else { Scope::root() };
        self.part(&loaded, &inner, &mut String::new())?;
        let mut map = Map::new();
        for (name, value) in inner.own() {
            if !name.starts_with('_') {
                map.insert(Key::Text(name), value);
            }
        }
        let map = self.heap.shared_map(map)?;
        Ok(Value::Object(Rc::new(Object::Module(map))))
    }

    fn same_source(&self, template: &Rc<Template>) -> bool {
        Rc::ptr_eq(&self.template, template)
    }

    /// Runs something that stands in another template. Its faults say so, as places are those of one source.
    pub fn in_template<T>(
        &mut self,
        template: &Rc<Template>,
        work: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        if self.same_source(template) {
            return work(self);
        }
        let current = std::mem::replace(&mut self.template, Rc::clone(template));
        let result = work(self);
        self.template = current;
        result.map_err(|fault| elsewhere(*fault, &template.source, &template.name))
    }
}

/// A fault of another template: the place becomes a part of the message.
fn elsewhere(fault: Fault, source: &str, name: &str) -> Box<Fault> {
    let (kind, too_deep, hint) = (fault.kind, fault.too_deep, fault.hint.clone());
    let located = TemplateError::locate(fault, source, name);
    let mut outer =
        Fault::new(kind, format!("{} (at {name}:{}:{})", located.message, located.line, located.column));
    outer.too_deep = too_deep;
    outer.hint = hint;
    outer
}
