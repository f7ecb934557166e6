//! Runs statements.

use std::rc::Rc;

use serde_json::Value as Json;

use crate::error::{Fault, Outcome, TemplateErrorKind, near_names};
use crate::nunjucks::ast::{Body, Expression, For, Kind, PairLoop, Set, Statement, Switch};
use crate::nunjucks::evaluate::{Interpreter, Scope};
use crate::nunjucks::frame::{Activation, Frame, FrameCell};
use crate::nunjucks::function::Function;
use crate::nunjucks::member::{length, property, property_of};
use crate::nunjucks::operators::{less, strict_equal, to_number, to_text, truthy};
use crate::nunjucks::record::Record;
use crate::nunjucks::text::Text;
use crate::nunjucks::value::Value;

impl Interpreter<'_> {
    /// Runs a body; what it prints goes to `out`.
    pub fn execute(&mut self, body: &Body, scope: &Scope, out: &mut String) -> Outcome<()> {
        self.meter.enter()?;
        for statement in body {
            self.statement(statement, scope, out)?;
        }
        self.meter.leave();
        Ok(())
    }

    fn write(&mut self, text: &str, out: &mut String) -> Outcome<()> {
        self.meter.spend(text.len() as u64 / 64)?;
        if out.len() + text.len() > self.meter.output {
            return Err(Fault::budget("the output is too large"));
        }
        out.push_str(text);
        Ok(())
    }

    /// Writes text that may have half a character; two halves in a row are one character again.
    fn write_text(&mut self, text: &Text, out: &mut String) -> Outcome<()> {
        let Text::Wide(units) = text else { return self.write(&text.to_str(), out) };
        let mut units: &[u16] = units;
        if let (Some((end, high)), [low, rest @ ..]) = (self.half, units)
            && end == out.len()
            && let Some(Ok(character)) = char::decode_utf16([high, *low]).next()
        {
            out.truncate(end - char::REPLACEMENT_CHARACTER.len_utf8());
            out.push(character);
            units = rest;
        }
        self.write(&String::from_utf16_lossy(units), out)?;
        self.half =
            units.last().filter(|unit| (0xd800..0xdc00).contains(*unit)).map(|high| (out.len(), *high));
        Ok(())
    }

    fn statement(&mut self, statement: &Statement, scope: &Scope, out: &mut String) -> Outcome<()> {
        match statement {
            Statement::Text(start, end) => {
                let text = self.source.get(*start..*end).unwrap_or_default();
                self.meter.spend(1)?;
                self.write(text, out).map_err(|fault| fault.at(*start))
            }
            Statement::Output(expression) => {
                self.print(expression, scope, out).map_err(|fault| fault.at(expression.position))
            }
            Statement::If { condition, then, otherwise } => {
                if truthy(&self.evaluate(condition, scope)?) {
                    self.execute(then, scope, out)
                } else {
                    otherwise.as_ref().map_or(Ok(()), |body| self.execute(body, scope, out))
                }
            }
            Statement::For(node) => self.repeat(node, scope, out).map_err(|fault| fault.at(node.position)),
            Statement::Set(set) => self.set(set, scope).map_err(|fault| fault.at(set.position)),
            Statement::Macro(definition, slot) => {
                let function = Function::Macro {
                    definition: Rc::clone(definition),
                    activation: None,
                    frames: Rc::clone(&scope.frames),
                };
                let value = function.value();
                if let Some(slot) = slot {
                    scope.activation.set(*slot, value.clone());
                }
                if definition.exported {
                    self.variables.insert(Rc::clone(&definition.name), value);
                } else {
                    scope.frames.current().set(&definition.name, value);
                }
                Ok(())
            }
            Statement::Switch(switch) => self.switch(switch, scope, out),
            Statement::Block(index, position) => {
                self.block(*index, scope, out).map_err(|fault| fault.at(*position))
            }
        }
    }

    fn print(&mut self, expression: &Expression, scope: &Scope, out: &mut String) -> Outcome<()> {
        if let Some(Json::String(text)) = self.peek(expression, scope) {
            self.meter.spend(1)?;
            return self.write(text, out);
        }
        let value = self.evaluate(expression, scope)?;
        match value {
            Value::Undefined if self.environment.is_strict() => Err(self.undefined(expression, scope)),
            Value::Undefined | Value::Null => Ok(()),
            Value::String(text) => self.write_text(&text, out),
            other => {
                let text = to_text(&other, &self.meter)?;
                self.write_text(&text, out)
            }
        }
    }

    /// The fault of using a value that is not there, with the names that are near.
    pub fn undefined(&mut self, expression: &Expression, scope: &Scope) -> Box<Fault> {
        let name = describe(expression).unwrap_or_else(|| "the value".to_owned());
        let near = match &expression.kind {
            Kind::Symbol(symbol) => {
                let context = self.context.as_object().into_iter().flat_map(|members| members.keys());
                let known = context.map(String::as_str).chain(self.variables.keys().map(|name| &**name));
                near_names(&symbol.name, known).first().map(|near| (*near).to_owned())
            }
            Kind::Member(target, key) => match (&key.kind, self.evaluate(target, scope)) {
                (Kind::Literal(Value::String(key)), Ok(Value::Record(record))) => {
                    let record = record.0.borrow();
                    let near = near_names(&key.to_str(), record.keys().map(|name| &**name));
                    near.first().map(|near| format!("{}.{near}", describe(target).unwrap_or_default()))
                }
                _ => None,
            },
            _ => None,
        };
        let message = match near {
            Some(near) => format!("{name} is not defined; did you mean {near}?"),
            None => format!("{name} is not defined"),
        };
        Fault::new(TemplateErrorKind::Undefined, message)
            .at(expression.position)
            .hint("Give it a value, or print nothing in its place with \"| default('')\".")
    }

    fn set(&mut self, set: &Set, scope: &Scope) -> Outcome<()> {
        let value = self.evaluate(&set.value, scope)?;
        for target in &set.targets {
            if let Some(slot) = target.slot {
                scope.activation.set(slot, value.clone());
            }
            let frame = scope.frames.current();
            frame.assign(&target.name, value.clone());
            if frame.top {
                self.variables.insert(Rc::clone(&target.name), value.clone());
            }
        }
        Ok(())
    }

    /// The first case that is strictly equal; one without a body runs the next one's.
    fn switch(&mut self, switch: &Switch, scope: &Scope, out: &mut String) -> Outcome<()> {
        let value = self.evaluate(&switch.value, scope)?;
        let mut cases = switch.cases.iter();
        while let Some((condition, body)) = cases.next() {
            if !strict_equal(&value, &self.evaluate(condition, scope)?) {
                continue;
            }
            let body = if body.is_empty() {
                cases.map(|(_, body)| body).find(|body| !body.is_empty())
            } else {
                Some(body)
            };
            return match body.or(switch.otherwise.as_ref()) {
                Some(body) => self.execute(body, scope, out),
                None => Ok(()),
            };
        }
        switch.otherwise.as_ref().map_or(Ok(()), |body| self.execute(body, scope, out))
    }

    fn block(&mut self, index: usize, scope: &Scope, out: &mut String) -> Outcome<()> {
        let blocks = self.blocks;
        let Some(block) = blocks.get(index) else { return Ok(()) };
        let inner = Scope {
            activation: Activation::new(block.slots, None),
            frames: FrameCell::new(scope.frames.current().push(true)),
        };
        let result = self.execute(&block.body, &inner, out);
        inner.close();
        result
    }

    fn repeat(&mut self, node: &For, scope: &Scope, out: &mut String) -> Outcome<()> {
        let frame = scope.frames.current().push(false);
        let outer = scope.frames.replace(Rc::clone(&frame));
        let iterable = self.evaluate(&node.iterable, scope)?;
        if truthy(&iterable) {
            let iterable = match iterable {
                Value::Safe(text) => {
                    Value::list(text.to_str().chars().map(|c| Value::text(c.to_string())).collect())
                }
                Value::String(text) if node.targets.len() == 1 => Value::list(
                    (0..text.len())
                        .zip(text.units().iter())
                        .map(|(_, unit)| Value::String(Text::from_units(&[*unit])))
                        .collect(),
                ),
                other => other,
            };
            match (&iterable, &node.pairs) {
                (Value::List(_), _) | (_, None) => self.repeat_items(node, &iterable, &frame, scope, out)?,
                (_, Some(pairs)) => self.repeat_pairs(node, pairs, &iterable, &frame, scope, out)?,
            }
        }
        if let Some(otherwise) = &node.otherwise
            && !truthy(&scope.activation.get(node.length))
        {
            self.execute(otherwise, scope, out)?;
        }
        scope.frames.replace(outer);
        Ok(())
    }

    fn repeat_items(
        &mut self,
        node: &For,
        iterable: &Value,
        frame: &Rc<Frame>,
        scope: &Scope,
        out: &mut String,
    ) -> Outcome<()> {
        let count = length(iterable);
        scope.activation.set(node.length, count.clone());
        self.meter.allocate(if let Value::List(list) = iterable { list.0.borrow().len() } else { 0 })?;
        let mut index = 0;
        loop {
            let item = match iterable {
                Value::List(list) => match list.0.borrow().get(index) {
                    Some(item) => item.clone(),
                    None => return Ok(()),
                },
                other => {
                    if !less(&Value::integer(index), &length(other), &self.meter)? {
                        return Ok(());
                    }
                    property(other, &Value::integer(index), &self.meter)?
                }
            };
            self.meter.spend(1)?;
            if let [target] = node.targets.as_slice() {
                if let Some(slot) = target.slot {
                    scope.activation.set(slot, item.clone());
                }
                frame.set(&target.name, item);
            } else {
                for (place, target) in node.targets.iter().enumerate() {
                    let part = property_of(&item, &Value::integer(place), &self.meter)?;
                    if let Some(slot) = target.slot {
                        scope.activation.set(slot, part);
                    }
                }
            }
            self.bind_loop(frame, index, &count)?;
            self.execute(&node.body, scope, out)?;
            index += 1;
        }
    }

    fn repeat_pairs(
        &mut self,
        node: &For,
        pairs: &PairLoop,
        iterable: &Value,
        frame: &Rc<Frame>,
        scope: &Scope,
        out: &mut String,
    ) -> Outcome<()> {
        let keys: Vec<Rc<str>> = match iterable {
            Value::Record(record) => record.0.borrow().keys().cloned().collect(),
            Value::String(text) => (0..text.len()).map(|index| index.to_string().into()).collect(),
            _ => Vec::new(),
        };
        self.meter.allocate(keys.len() * 16)?;
        let count = Value::integer(keys.len());
        scope.activation.set(node.length, count.clone());
        for (index, key) in keys.into_iter().enumerate() {
            self.meter.spend(1)?;
            let key = Value::text(key);
            let value = property(iterable, &key, &self.meter)?;
            scope.activation.set(pairs.key, key.clone());
            scope.activation.set(pairs.value, value.clone());
            if let [first, second, ..] = node.targets.as_slice() {
                frame.set(&first.name, key);
                frame.set(&second.name, value);
            }
            self.bind_loop(frame, index, &count)?;
            self.execute(&pairs.body, scope, out)?;
        }
        Ok(())
    }

    /// Keeps `loop` up to date. It is one object for all turns.
    fn bind_loop(&self, frame: &Frame, index: usize, count: &Value) -> Outcome<()> {
        if !self.uses_loop {
            return Ok(());
        }
        let name: Rc<str> = "loop".into();
        let record = match frame.own("loop") {
            Value::Record(record) => record,
            taken if truthy(&taken) => {
                return Err(Fault::value("the loop variable \"loop\" hides the loop's own \"loop\"")
                    .hint("Give the variable another name."));
            }
            _ => {
                let value = Value::record(Record::new());
                frame.set(&name, value.clone());
                let Value::Record(record) = value else { return Ok(()) };
                record
            }
        };
        let total = to_number(count, &self.meter)?;
        let at = index as f64;
        let last = (at - (total - 1.0)).abs() < 0.5 && total.fract() == 0.0;
        let mut record = record.0.borrow_mut();
        for (key, value) in [
            ("index", Value::Number(at + 1.0)),
            ("index0", Value::Number(at)),
            ("revindex", Value::Number(total - at)),
            ("revindex0", Value::Number(total - at - 1.0)),
            ("first", Value::Bool(index == 0)),
            ("last", Value::Bool(last)),
            ("length", count.clone()),
        ] {
            record.put(key, value);
        }
        Ok(())
    }
}

impl Scope {
    /// The scope of a whole template.
    pub fn root(slots: usize) -> Self {
        Self { activation: Activation::new(slots, None), frames: FrameCell::new(Frame::top()) }
    }

    /// Forgets all values, some of which may refer back here.
    pub fn close(&self) {
        self.activation.clear();
        self.frames.replace(Frame::fresh());
    }
}

/// A chain of names as it was written.
pub fn describe(expression: &Expression) -> Option<String> {
    match &expression.kind {
        Kind::Symbol(symbol) => Some(symbol.name.to_string()),
        Kind::Call(target, _) => Some(format!("{}()", describe(target)?)),
        Kind::Member(target, key) => match &key.kind {
            Kind::Literal(Value::String(key)) => {
                let (target, key) = (describe(target)?, key.to_str().into_owned());
                let plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
                Some(if plain { format!("{target}.{key}") } else { format!("{target}['{key}']") })
            }
            Kind::Literal(Value::Number(index)) => Some(format!("{}[{index}]", describe(target)?)),
            _ => Some(format!("{}[…]", describe(target)?)),
        },
        _ => None,
    }
}
