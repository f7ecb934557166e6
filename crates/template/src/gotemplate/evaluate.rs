//! Pipelines, commands and their operands.

use std::rc::Rc;

use super::execute::State;
use super::member::method;
use super::node::{Command, Number, Operand, OperandKind, Pipeline};
use super::quote::quote;
use super::registry::{Function, Kind};
use super::value::Value;
use crate::error::{Fault, Outcome, near_names};

use super::MissingKey;

/// What a call gets besides the arguments written with it: the value of the stage before, if there is one.
type Final = Option<Value>;

impl State<'_> {
    /// The value of a pipeline; variables that it declares stay on the stack.
    pub fn pipeline(&mut self, dot: &Value, pipeline: &Pipeline) -> Outcome<Value> {
        self.at = pipeline.position;
        let mut value = None;
        for command in &pipeline.commands {
            let result = self.command(dot, command, value)?;
            // Go unwraps the interface here, and a nil within it is no value at all.
            value = Some(if matches!(result, Value::Nil) { Value::Missing } else { result });
        }
        let value = value.unwrap_or(Value::Missing);
        for name in &pipeline.variables {
            if pipeline.assigns {
                self.assign(name, value.clone())?;
            } else {
                self.declare(Rc::clone(name), value.clone());
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &Command, last: Final) -> Outcome<Value> {
        let first = &command.first;
        let has_arguments = last.is_some() || !command.arguments.is_empty();
        if !matches!(first.kind, OperandKind::Pipeline(_)) {
            self.at = first.position;
        }
        match &first.kind {
            OperandKind::Field(path) => {
                return self.chain(dot, dot.clone(), path, &command.arguments, last);
            }
            OperandKind::Chain(inner, path) => {
                let receiver = self.argument(dot, inner, Kind::Raw)?;
                return self.chain(dot, receiver, path, &command.arguments, last);
            }
            OperandKind::Variable(name, path) if !path.is_empty() => {
                let receiver = self.variable(name)?;
                return self.chain(dot, receiver, path, &command.arguments, last);
            }
            OperandKind::Function(function) => {
                return self.call(dot, function, &command.arguments, last, first.position);
            }
            _ => {}
        }
        if has_arguments {
            let text = self.source_of(first);
            return Err(Fault::value(format!("can't give argument to non-function {text}")));
        }
        match &first.kind {
            OperandKind::Pipeline(pipeline) => self.nested(dot, pipeline),
            OperandKind::Variable(name, _) => self.variable(name),
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Nil => Err(Fault::value("nil is not a command")),
            _ => self.constant(first),
        }
    }

    /// A pipeline in parentheses.
    fn nested(&mut self, dot: &Value, pipeline: &Pipeline) -> Outcome<Value> {
        self.runtime.meter.enter()?;
        let value = self.pipeline(dot, pipeline);
        self.runtime.meter.leave();
        value
    }

    /// A constant where nothing says which type it should have.
    fn constant(&self, operand: &Operand) -> Outcome<Value> {
        Ok(match &operand.kind {
            OperandKind::Bool(value) => Value::Bool(*value),
            OperandKind::Text(text) => Value::Text(Rc::clone(text)),
            OperandKind::Number(Number { overflows: true, .. }) => {
                let text = self.source_of(operand);
                return Err(Fault::value(format!("{text} overflows int")));
            }
            OperandKind::Number(number) => match number.int {
                Some(int) if !number.is_float => Value::Int(int),
                _ => Value::Float(number.float),
            },
            _ => {
                let text = self.source_of(operand);
                return Err(Fault::value(format!("can't evaluate command {}", quote(text))));
            }
        })
    }

    /// `receiver.a.b`; arguments belong to the last name.
    fn chain(
        &mut self,
        dot: &Value,
        receiver: Value,
        path: &[Rc<str>],
        arguments: &[Operand],
        last: Final,
    ) -> Outcome<Value> {
        let Some((name, before)) = path.split_last() else { return Ok(receiver) };
        let mut receiver = receiver;
        for step in before {
            receiver = self.field(dot, &receiver, step, &[], None)?;
        }
        self.field(dot, &receiver, name, arguments, last)
    }

    fn field(
        &mut self,
        dot: &Value,
        receiver: &Value,
        name: &str,
        arguments: &[Operand],
        last: Final,
    ) -> Outcome<Value> {
        self.runtime.meter.spend(1)?;
        match receiver {
            Value::Missing if self.missing_key == MissingKey::Error => {
                Err(Fault::value(format!("nil data; no entry for key {}", quote(name))))
            }
            Value::Missing => Ok(Value::Missing),
            Value::Nil => Err(Fault::value(format!("nil pointer evaluating interface {{}}.{name}"))
                .hint("The value before the last dot is null; test it with {{ if }} or {{ with }} first.")),
            Value::Map(map) => {
                if !arguments.is_empty() || last.is_some() {
                    return Err(Fault::value(format!("{name} is not a method but has arguments")));
                }
                match map.get(name) {
                    Some(value) => Ok(value),
                    None => match self.missing_key {
                        MissingKey::Default => Ok(Value::Missing),
                        MissingKey::Zero if map.of_texts => Ok(Value::text("")),
                        MissingKey::Zero => Ok(Value::Nil),
                        MissingKey::Error => {
                            let fault = Fault::value(format!("map has no entry for key {}", quote(name)));
                            let entries = map.entries();
                            let near = near_names(name, entries.keys().map(|key| &**key));
                            Err(if near.is_empty() {
                                fault
                            } else {
                                fault.hint(format!("Did you mean {}?", near.join(" or ")))
                            })
                        }
                    },
                }
            }
            other => {
                let Some(method) = method(other, name) else {
                    // What a map, a list or the data holds is seen through an interface.
                    let message = format!("can't evaluate field {name} in type {}", other.type_name());
                    return Err(Fault::value(message).hint(
                        "Only maps have keys, and this value is not one; print it to see what it is.",
                    ));
                };
                let mut values = vec![receiver.clone()];
                self.arguments(dot, name, method.parameters, None, arguments, last, &mut values)?;
                (method.call)(&self.runtime, &values).map_err(|fault| called(name, fault))
            }
        }
    }

    /// Calls a function with the arguments written after it, and the value piped into it as the last one.
    fn call(
        &mut self,
        dot: &Value,
        function: &'static Function,
        arguments: &[Operand],
        last: Final,
        position: usize,
    ) -> Outcome<Value> {
        self.runtime.meter.enter()?;
        let result = match function.name {
            "and" | "or" => self.short_circuit(dot, function.name == "or", arguments, last),
            _ => self.call_plainly(dot, function, arguments, last, position),
        };
        self.runtime.meter.leave();
        result
    }

    fn call_plainly(
        &mut self,
        dot: &Value,
        function: &'static Function,
        arguments: &[Operand],
        last: Final,
        position: usize,
    ) -> Outcome<Value> {
        let mut values = Vec::with_capacity(arguments.len() + 1);
        self.arguments(dot, function.name, function.parameters, function.rest, arguments, last, &mut values)?;
        for value in &values {
            self.runtime.look_at(value)?;
        }
        let result = if function.name == "call" {
            Err(self.call_of_a_value(arguments, &values))
        } else {
            (function.call)(&self.runtime, &values).map_err(|fault| called(function.name, fault))
        };
        if result.is_err() {
            self.at = position;
        }
        result
    }

    /// There are no function values in data, so that `call` has nothing that it could call.
    fn call_of_a_value(&self, arguments: &[Operand], values: &[Value]) -> Box<Fault> {
        let text = arguments.first().map(|first| self.source_of(first)).unwrap_or_default();
        let message = match values.first() {
            None | Some(Value::Missing | Value::Nil) => format!("call of nil: {text}"),
            Some(value) => format!("non-function {text} of type {}", value.type_name()),
        };
        called("call", Fault::value(message))
    }

    /// `and` and `or` evaluate no more than they need.
    fn short_circuit(
        &mut self,
        dot: &Value,
        is_or: bool,
        arguments: &[Operand],
        last: Final,
    ) -> Outcome<Value> {
        if arguments.is_empty() && last.is_none() {
            let name = if is_or { "or" } else { "and" };
            return Err(Fault::value(format!("wrong number of args for {name}: want at least 1 got 0")));
        }
        let mut value = Value::Missing;
        for argument in arguments {
            value = self.argument(dot, argument, Kind::Raw)?;
            if value.is_true() == is_or {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    #[expect(clippy::too_many_arguments, reason = "what a call consists of")]
    fn arguments(
        &mut self,
        dot: &Value,
        name: &str,
        parameters: &[Kind],
        rest: Option<Kind>,
        arguments: &[Operand],
        last: Final,
        values: &mut Vec<Value>,
    ) -> Outcome<()> {
        let given = arguments.len() + usize::from(last.is_some());
        let wanted = parameters.len();
        if rest.is_none() && given != wanted {
            return Err(Fault::value(format!("wrong number of args for {name}: want {wanted} got {given}")));
        }
        if given < wanted {
            let message =
                format!("wrong number of args for {name}: want at least {wanted} got {}", arguments.len());
            return Err(Fault::value(message));
        }
        let kind = |index: usize| parameters.get(index).copied().or(rest).unwrap_or(Kind::Any);
        for (index, argument) in arguments.iter().enumerate() {
            values.push(self.argument(dot, argument, kind(index))?);
        }
        if let Some(last) = last {
            values.push(validate(last, kind(arguments.len()))?);
        }
        Ok(())
    }

    /// An operand as an argument for a parameter of type `kind`.
    fn argument(&mut self, dot: &Value, operand: &Operand, kind: Kind) -> Outcome<Value> {
        self.at = operand.position;
        let value = match &operand.kind {
            OperandKind::Dot => dot.clone(),
            OperandKind::Nil => match kind {
                Kind::Any | Kind::Map | Kind::Version => return Ok(Value::Nil),
                Kind::Raw => return Ok(Value::Missing),
                _ => {
                    let message = format!("cannot assign nil to {}", kind.name());
                    return Err(Fault::value(message));
                }
            },
            OperandKind::Field(path) => self.chain(dot, dot.clone(), path, &[], None)?,
            OperandKind::Variable(name, path) => {
                let receiver = self.variable(name)?;
                self.chain(dot, receiver, path, &[], None)?
            }
            OperandKind::Pipeline(pipeline) => self.nested(dot, pipeline)?,
            OperandKind::Function(function) => self.call(dot, function, &[], None, operand.position)?,
            OperandKind::Chain(inner, path) => {
                let receiver = self.argument(dot, inner, Kind::Raw)?;
                self.chain(dot, receiver, path, &[], None)?
            }
            OperandKind::Bool(_) | OperandKind::Number(_) | OperandKind::Text(_) => {
                return self.constant_argument(operand, kind);
            }
        };
        validate(value, kind)
    }

    /// A constant takes the type that the parameter asks for.
    fn constant_argument(&self, operand: &Operand, kind: Kind) -> Outcome<Value> {
        let expected = match (kind, &operand.kind) {
            (Kind::Any | Kind::Raw, _) => return self.constant(operand),
            (Kind::Text, OperandKind::Text(text)) => return Ok(Value::Text(Rc::clone(text))),
            (Kind::Bool, OperandKind::Bool(value)) => return Ok(Value::Bool(*value)),
            (Kind::Int, OperandKind::Number(Number { int: Some(int), .. })) => return Ok(Value::Int(*int)),
            (Kind::Duration, OperandKind::Number(Number { int: Some(int), .. })) => {
                return Ok(Value::Duration(*int));
            }
            (Kind::Float, OperandKind::Number(number)) => return Ok(Value::Float(number.float)),
            (Kind::Text, _) => "string",
            (Kind::Bool, _) => "bool",
            (Kind::Int | Kind::Duration, _) => "integer",
            (Kind::Float, _) => "float",
            (Kind::Map | Kind::Time | Kind::Version, _) => {
                let text = self.source_of(operand);
                let message = format!("can't handle {text} for arg of type {}", kind.name());
                return Err(Fault::value(message));
            }
        };
        Err(Fault::value(format!("expected {expected}; found {}", self.source_of(operand))))
    }
}

fn called(name: &str, mut fault: Box<Fault>) -> Box<Fault> {
    if fault.kind == crate::TemplateErrorKind::Value {
        fault.message = format!("error calling {name}: {}", fault.message);
    }
    fault
}

/// Checks that a value can be given to a parameter of type `kind`.
fn validate(value: Value, kind: Kind) -> Outcome<Value> {
    let fits = match (&value, kind) {
        (_, Kind::Raw) => true,
        (Value::Missing, Kind::Any | Kind::Map | Kind::Version) => return Ok(Value::Nil),
        (Value::Missing, _) => {
            return Err(Fault::value(format!("invalid value; expected {}", kind.name()))
                .hint("The value is missing; give it, or a default for it."));
        }
        (_, Kind::Any)
        | (Value::Text(_), Kind::Text)
        | (Value::Int(_), Kind::Int)
        | (Value::Float(_), Kind::Float)
        | (Value::Bool(_), Kind::Bool)
        | (Value::Time(_), Kind::Time)
        | (Value::Version(_), Kind::Version)
        | (Value::Duration(_), Kind::Duration) => true,
        (Value::Map(map), Kind::Map) => !map.of_texts,
        _ => false,
    };
    if fits {
        return Ok(value);
    }
    let fault =
        Fault::value(format!("wrong type for value; expected {}; got {}", kind.name(), value.type_name()));
    Err(match kind {
        Kind::Text => fault.hint("Turn it into a text with toString."),
        Kind::Int => fault.hint("Turn it into an int with int."),
        Kind::Float => fault.hint("Turn it into a float with float64."),
        _ => fault,
    })
}
