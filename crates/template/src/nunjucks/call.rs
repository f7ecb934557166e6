//! Calls macros, globals, methods and the host's functions.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::nunjucks::ast::{Expression, Kind, Macro};
use crate::nunjucks::evaluate::{Interpreter, Scope};
use crate::nunjucks::execute::describe;
use crate::nunjucks::frame::{Activation, Frame, FrameCell};
use crate::nunjucks::function::{Function, cycler};
use crate::nunjucks::member::{key_text, property};
use crate::nunjucks::record::Record;
use crate::nunjucks::value::Value;
use crate::nunjucks::{globals, member, methods};

const KEYWORDS: &str = "__keywords";

/// Splits the keyword arguments off.
pub fn split_keywords(arguments: &[Value]) -> (&[Value], Option<Record>) {
    match arguments.split_last() {
        Some((Value::Record(last), positional)) if last.0.borrow().contains(KEYWORDS) => {
            (positional, Some(last.0.borrow().clone()))
        }
        _ => (arguments, None),
    }
}

/// Binds arguments to parameters: missing ones are taken from the keywords, and surplus ones become keywords.
pub fn bind<'n>(
    arguments: &[Value],
    parameters: impl ExactSizeIterator<Item = &'n str>,
    mut keyword_names: impl Iterator<Item = Rc<str>>,
) -> (Vec<Value>, Record) {
    let (positional, keywords) = split_keywords(arguments);
    let mut keywords = keywords.unwrap_or_default();
    let count = parameters.len();
    let mut bound: Vec<Value> = positional.iter().take(count).cloned().collect();
    for surplus in positional.iter().skip(count) {
        if let Some(name) = keyword_names.next() {
            keywords.insert(name, surplus.clone());
        }
    }
    for name in parameters.skip(bound.len()) {
        bound.push(keywords.remove(name).unwrap_or(Value::Undefined));
    }
    (bound, keywords)
}

impl Interpreter<'_> {
    /// `target(arguments)`
    pub fn call_expression(
        &mut self,
        target: &Expression,
        arguments: &[Expression],
        scope: &Scope,
    ) -> Outcome<Value> {
        if let Kind::Member(receiver, key) = &target.kind {
            let receiver = self.evaluate(receiver, scope)?;
            let key = self.evaluate(key, scope)?;
            if !receiver.is_nothing() && !self.environment.is_jinja_compatible() {
                match property(&receiver, &key, &self.meter)? {
                    Value::Function(function) => {
                        let arguments = self.evaluate_all(arguments, scope)?;
                        return self
                            .call(&function, &receiver, &arguments)
                            .map_err(|fault| fault.at(target.position));
                    }
                    Value::Undefined => {
                        let name = key_text(&key, &self.meter)?;
                        if methods::exists(&receiver, &name) {
                            let arguments = self.evaluate_all(arguments, scope)?;
                            return methods::call(self, &receiver, &name, &arguments);
                        }
                    }
                    _ => {}
                }
            }
            let function = member::lookup(self, &receiver, &key)?;
            if function.is_undefined() && !receiver.is_nothing() {
                let name = key_text(&key, &self.meter)?;
                if methods::exists(&receiver, &name) {
                    let arguments = self.evaluate_all(arguments, scope)?;
                    return methods::call(self, &receiver, &name, &arguments);
                }
            }
            return self.call_value(&function, target, arguments, scope);
        }
        let function = self.evaluate(target, scope)?;
        self.call_value(&function, target, arguments, scope)
    }

    fn call_value(
        &mut self,
        function: &Value,
        target: &Expression,
        arguments: &[Expression],
        scope: &Scope,
    ) -> Outcome<Value> {
        let Value::Function(function) = function else {
            let name = describe(target).unwrap_or_else(|| "the value".to_owned());
            let fault = Fault::value(format!("{name} is {} and cannot be called", function.kind()));
            return Err(fault
                .at(target.position)
                .hint("Only macros, functions and the methods of values can be called."));
        };
        let arguments = self.evaluate_all(arguments, scope)?;
        self.call(function, &Value::Undefined, &arguments)
    }

    /// Calls a function with evaluated arguments.
    pub fn call(&mut self, function: &Function, receiver: &Value, arguments: &[Value]) -> Outcome<Value> {
        self.meter.enter()?;
        let value = match function {
            Function::Macro { definition, activation, frames } => {
                self.call_macro(definition, activation.as_ref(), frames, arguments)?
            }
            Function::Global(name) => globals::call(name, arguments, &self.meter)?,
            Function::Host(name) => self.call_host(name, arguments)?,
            Function::Method { receiver, name } => methods::call(self, receiver, name, arguments)?,
            Function::Bound { receiver, function } => self.call(function, receiver, arguments)?,
            Function::CyclerNext { items, index } => {
                let next = index.get().map_or(0, |at| at + 1);
                let next = if next >= items.len() { 0 } else { next };
                index.set(Some(next));
                let item = items.get(next).cloned().unwrap_or(Value::Undefined);
                set_current(receiver, item.clone());
                item
            }
            Function::CyclerReset { index } => {
                index.set(None);
                set_current(receiver, Value::Null);
                Value::Undefined
            }
            Function::Joiner { separator, first } => {
                if first.replace(false) {
                    Value::text("")
                } else {
                    separator.clone()
                }
            }
        };
        self.meter.leave();
        Ok(value)
    }

    fn call_host(&self, name: &str, arguments: &[Value]) -> Outcome<Value> {
        let Some(function) = self.environment.function(name) else { return Ok(Value::Undefined) };
        let arguments: Outcome<Vec<_>> =
            arguments.iter().map(|value| Ok(value.to_json()?.unwrap_or(serde_json::Value::Null))).collect();
        let result =
            function(&arguments?).map_err(|message| Fault::value(format!("{name}() failed: {message}")))?;
        Value::from_json(&result, &self.meter)
    }

    fn call_macro(
        &mut self,
        definition: &Macro,
        activation: Option<&Rc<Activation>>,
        frames: &Rc<FrameCell>,
        arguments: &[Value],
    ) -> Outcome<Value> {
        let parameters = definition.parameters.iter().map(|name| &**name);
        let (values, mut keywords) =
            bind(arguments, parameters, definition.keywords.iter().map(|(name, _)| Rc::clone(name)));
        let frame = if definition.caller { frames.current().push(true) } else { Frame::fresh() };
        let outer = frames.replace(Rc::clone(&frame));
        let scope = Scope {
            activation: Activation::new(definition.slots, activation.cloned()),
            frames: Rc::clone(frames),
        };
        if let Some(caller) = keywords.get("caller") {
            frame.set(&"caller".into(), caller.clone());
        }
        for (index, (name, value)) in definition.parameters.iter().zip(values).enumerate() {
            scope.activation.set(crate::nunjucks::frame::Slot { hops: 0, index }, value.clone());
            frame.set(name, value);
        }
        let mut out = String::new();
        let mut run = || -> Outcome<()> {
            for (name, default) in &definition.keywords {
                let value = match keywords.remove(name) {
                    Some(value) => value,
                    None => self.evaluate(default, &scope)?,
                };
                frame.set(name, value);
            }
            self.execute(&definition.body, &scope, &mut out)
        };
        let result = run();
        scope.activation.clear();
        frames.replace(outer);
        result?;
        self.meter.allocate(out.len())?;
        Ok(Value::safe(out))
    }
}

fn set_current(receiver: &Value, value: Value) {
    if let Value::Record(record) = receiver {
        record.0.borrow_mut().put("current", value);
    }
}

/// The globals `cycler` and `joiner`.
pub fn stateful(name: &str, arguments: &[Value]) -> Value {
    if name == "cycler" {
        return cycler(arguments.to_vec());
    }
    let separator = arguments.first().filter(|value| crate::nunjucks::operators::truthy(value)).cloned();
    Function::Joiner { separator: separator.unwrap_or_else(|| Value::text(",")), first: Cell::new(true) }
        .value()
}
