//! Walks a parsed template and writes what it prints.

use std::rc::Rc;

use super::MissingKey;
use super::node::{Control, Node, Operand, OperandKind, Pipeline, Program};
use super::print::print;
use super::quote::quote;
use super::runtime::Runtime;
use super::value::Value;
use crate::error::{Fault, Outcome};

/// How a list of nodes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// One render.
pub struct State<'a> {
    pub runtime: Runtime<'a>,
    pub missing_key: MissingKey,
    source: &'a str,
    program: &'a Program,
    variables: Vec<(Rc<str>, Value)>,
    /// Where the variables of the template at hand begin; those before belong to its callers.
    frame: usize,
    /// Where the part begins that is evaluated at the moment; errors are reported there.
    pub at: usize,
    out: String,
}

impl<'a> State<'a> {
    pub fn new(runtime: Runtime<'a>, missing_key: MissingKey, source: &'a str, program: &'a Program) -> Self {
        Self {
            runtime,
            missing_key,
            source,
            program,
            variables: Vec::new(),
            frame: 0,
            at: 0,
            out: String::new(),
        }
    }

    /// Renders the template `name` with `data`.
    pub fn render(mut self, name: &str, data: &Value) -> Outcome<String> {
        let Some(nodes) = self.program.templates.get(name).map(Rc::clone) else { return Ok(String::new()) };
        self.declare(Rc::from("$"), data.clone());
        let result = self.walk(data, &nodes);
        result.map_err(|fault| fault.at(self.at))?;
        Ok(self.out)
    }

    /// The text of an operand, for errors.
    pub fn source_of(&self, operand: &Operand) -> &'a str {
        let start = match &operand.kind {
            OperandKind::Chain(inner, _) => inner.position,
            _ => operand.position,
        };
        let text = self.source.get(start..operand.end).unwrap_or_default();
        match &operand.kind {
            OperandKind::Pipeline(_) => text.strip_suffix(')').unwrap_or(text),
            _ => text,
        }
    }

    // Variables.

    pub fn declare(&mut self, name: Rc<str>, value: Value) {
        self.variables.push((name, value));
    }

    pub fn variable(&self, name: &str) -> Outcome<Value> {
        let visible = self.variables.get(self.frame..).unwrap_or_default();
        self.runtime.meter.spend(visible.len() as u64 / 16)?;
        match visible.iter().rev().find(|(known, _)| &**known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => Err(Fault::value(format!("undefined variable: {name}"))),
        }
    }

    pub fn assign(&mut self, name: &str, value: Value) -> Outcome<()> {
        let visible = self.variables.get_mut(self.frame..).unwrap_or_default();
        self.runtime.meter.spend(visible.len() as u64 / 16)?;
        match visible.iter_mut().rev().find(|(known, _)| &**known == name) {
            Some((_, place)) => {
                *place = value;
                Ok(())
            }
            None => Err(Fault::value(format!("undefined variable: {name}"))),
        }
    }

    /// Sets the variable that is `count` below the top, from 1.
    fn set_top(&mut self, count: usize, value: Value) {
        let index = self.variables.len().saturating_sub(count);
        if let Some((_, place)) = self.variables.get_mut(index) {
            *place = value;
        }
    }

    // Nodes.

    fn write(&mut self, text: &str) -> Outcome<()> {
        if self.out.len() + text.len() > self.runtime.meter.output {
            return Err(Fault::budget("the output is too large"));
        }
        self.runtime.meter.spend(text.len() as u64 / 64)?;
        self.out.push_str(text);
        Ok(())
    }

    fn walk(&mut self, dot: &Value, nodes: &[Node]) -> Outcome<Flow> {
        self.runtime.meter.enter()?;
        let result = self.walk_all(dot, nodes);
        self.runtime.meter.leave();
        result
    }

    fn walk_all(&mut self, dot: &Value, nodes: &[Node]) -> Outcome<Flow> {
        for node in nodes {
            self.runtime.meter.spend(1)?;
            let flow = match node {
                Node::Text(start, end) => {
                    let text = self.source.get(*start..*end).unwrap_or_default();
                    self.write(text)?;
                    Flow::Next
                }
                Node::Action(pipeline) => {
                    let value = self.pipeline(dot, pipeline)?;
                    if pipeline.variables.is_empty() {
                        self.at = pipeline.position;
                        let text = print(&self.runtime, &value)?;
                        self.write(&text)?;
                    }
                    Flow::Next
                }
                Node::If(control) => self.scoped(|state| {
                    let value = state.pipeline(dot, &control.pipeline)?;
                    state.walk_branch(dot, dot, control, value.is_true())
                })?,
                Node::With(control) => self.scoped(|state| {
                    let value = state.pipeline(dot, &control.pipeline)?;
                    state.walk_branch(&value, dot, control, value.is_true())
                })?,
                Node::Range(control) => self.scoped(|state| state.walk_range(dot, control))?,
                Node::Template { position, name, pipeline } => {
                    self.at = *position;
                    self.walk_template(dot, name, pipeline.as_ref())?;
                    Flow::Next
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Forgets the variables that `work` declares.
    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let mark = self.variables.len();
        let result = work(self);
        self.variables.truncate(mark);
        result
    }

    fn walk_branch(&mut self, inner: &Value, outer: &Value, control: &Control, taken: bool) -> Outcome<Flow> {
        match (&control.otherwise, taken) {
            (_, true) => self.walk(inner, &control.body),
            (Some(nodes), false) => self.walk(outer, nodes),
            (None, false) => Ok(Flow::Next),
        }
    }

    fn walk_range(&mut self, dot: &Value, control: &Control) -> Outcome<Flow> {
        // The variables of the head hold the whole value until the first turn gives them an element.
        let value = self.pipeline(dot, &control.pipeline)?;
        let mut turns = Turns { index: 0, broken: false };
        match &value {
            Value::List(list) => {
                for (index, item) in list.items.iter().enumerate() {
                    if turns.broken {
                        break;
                    }
                    self.turn(control, Value::Int(index as i64), item, &mut turns)?;
                }
            }
            Value::Map(map) => {
                self.runtime.meter.allocate(map.len() * 2 * size_of::<Value>())?;
                for (key, item) in map.snapshot() {
                    if turns.broken {
                        break;
                    }
                    self.turn(control, Value::Text(key), &item, &mut turns)?;
                }
            }
            Value::Int(count) | Value::Int64(count) => {
                if control.pipeline.variables.len() > 1 {
                    let message = format!("can't use {count} to iterate over more than one variable");
                    return Err(Fault::value(message));
                }
                for index in 0..*count {
                    if turns.broken {
                        break;
                    }
                    let number =
                        if matches!(value, Value::Int(_)) { Value::Int(index) } else { Value::Int64(index) };
                    self.turn(control, number.clone(), &number, &mut turns)?;
                }
            }
            Value::Missing | Value::Nil => {}
            other => {
                let text = print(&self.runtime, other)?;
                let text: String = text.chars().take(60).collect();
                return Err(Fault::value(format!("range can't iterate over {text}")));
            }
        }
        match &control.otherwise {
            Some(nodes) if turns.index == 0 => self.walk(dot, nodes),
            _ => Ok(Flow::Next),
        }
    }

    fn turn(&mut self, control: &Control, index: Value, item: &Value, turns: &mut Turns) -> Outcome<()> {
        turns.index += 1;
        self.runtime.meter.spend(1)?;
        let variables = &control.pipeline.variables;
        if control.pipeline.assigns {
            match variables.as_slice() {
                [one] => self.assign(one, item.clone())?,
                [first, second, ..] => {
                    self.assign(first, index)?;
                    self.assign(second, item.clone())?;
                }
                [] => {}
            }
        } else {
            if !variables.is_empty() {
                self.set_top(1, item.clone());
            }
            if variables.len() > 1 {
                self.set_top(2, index);
            }
        }
        let flow = self.scoped(|state| state.walk(item, &control.body))?;
        turns.broken = flow == Flow::Break;
        Ok(())
    }

    fn walk_template(&mut self, dot: &Value, name: &str, pipeline: Option<&Pipeline>) -> Outcome<()> {
        let Some(nodes) = self.program.templates.get(name).map(Rc::clone) else {
            let fault = Fault::value(format!("template {} not defined", quote(name)));
            let names = self.program.templates.keys().map(|name| &**name);
            return Err(match crate::error::near_names(name, names).as_slice() {
                [] => fault.hint("A template has to be defined in the same text."),
                near => fault.hint(format!("Did you mean {}?", near.join(" or "))),
            });
        };
        // Variables that the pipeline declares stay with the caller.
        let value = match pipeline {
            Some(pipeline) => self.pipeline(dot, pipeline)?,
            None => Value::Missing,
        };
        let mark = self.variables.len();
        let frame = std::mem::replace(&mut self.frame, mark);
        self.declare(Rc::from("$"), value.clone());
        let result = self.walk(&value, &nodes);
        self.variables.truncate(mark);
        self.frame = frame;
        result.map(|_| ())
    }
}

/// How a loop goes on.
struct Turns {
    index: usize,
    broken: bool,
}
