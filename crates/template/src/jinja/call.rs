//! Arguments, and calling what can be called.

use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::ast::Definition;
use crate::jinja::evaluate::Interpreter;
use crate::jinja::methods;
use crate::jinja::object::{Macro, Object};
use crate::jinja::scope::Scope;
use crate::jinja::value::{Key, Map, Value};

/// What a call passes.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    pub positional: Vec<Value>,
    pub named: Vec<(Rc<str>, Value)>,
}

impl Arguments {
    /// Each argument at the place of its name; too many and unknown ones are errors.
    pub fn bind<const N: usize>(self, function: &str, names: [&str; N]) -> Outcome<[Option<Value>; N]> {
        let given = self.positional.len();
        let mut bound: [Option<Value>; N] = [const { None }; N];
        if given > N {
            return Err(Fault::value(format!("{function}() takes {N} arguments, {given} were given"))
                .hint(takes(&names)));
        }
        for (slot, value) in bound.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        for (name, value) in self.named {
            let slot = names.iter().position(|known| **known == *name).and_then(|index| bound.get_mut(index));
            match slot {
                Some(slot @ None) => *slot = Some(value),
                Some(_) => {
                    return Err(Fault::value(format!("{function}() got two values for '{name}'")));
                }
                None => {
                    return Err(
                        Fault::value(format!("{function}() has no argument '{name}'")).hint(takes(&names))
                    );
                }
            }
        }
        Ok(bound)
    }

    /// Arguments of which the first has to be there.
    pub fn bind_required<const N: usize>(
        self,
        function: &str,
        names: [&str; N],
        required: usize,
    ) -> Outcome<[Option<Value>; N]> {
        let bound = self.bind(function, names)?;
        if let Some((name, _)) = names.iter().zip(&bound).take(required).find(|(_, value)| value.is_none()) {
            return Err(Fault::value(format!("{function}() is missing its argument '{name}'")));
        }
        Ok(bound)
    }
}

fn takes(names: &[&str]) -> String {
    if names.is_empty() { "It takes none.".to_owned() } else { format!("It takes {}.", names.join(", ")) }
}

/// A whole number, or the default.
pub fn integer(value: Option<&Value>, name: &str, default: i128) -> Outcome<i128> {
    match value {
        None => Ok(default),
        Some(value) => value.defined()?.as_integer().ok_or_else(|| {
            Fault::value(format!("'{name}' has to be a whole number, it is {}", value.type_name()))
        }),
    }
}

/// A count of things: a whole number, at least 0.
pub fn count(value: Option<&Value>, name: &str, default: usize) -> Outcome<usize> {
    let number = integer(value, name, default as i128)?;
    Ok(usize::try_from(number.max(0)).unwrap_or(usize::MAX))
}

/// Whether it is true, or the default.
pub fn flag(value: Option<&Value>, default: bool) -> Outcome<bool> {
    value.map_or(Ok(default), Value::is_true)
}

/// A text; `None` for none and for `None`.
pub fn text(value: Option<Value>, name: &str) -> Outcome<Option<Rc<str>>> {
    match value {
        None | Some(Value::None) => Ok(None),
        Some(Value::Text(text) | Value::Safe(text)) => Ok(Some(text)),
        Some(other) => {
            Err(Fault::value(format!("'{name}' has to be a text, it is {}", other.defined()?.type_name())))
        }
    }
}

impl Interpreter<'_> {
    /// `callee(arguments)`
    pub fn call(&mut self, callee: &Value, arguments: Arguments) -> Outcome<Value> {
        self.heap.meter.enter()?;
        let Value::Object(object) = callee.defined()? else {
            return Err(Fault::value(format!("'{}' object is not callable", callee.type_name()))
                .hint("Leave the parentheses out, or check the name before them."));
        };
        let result = match &**object {
            Object::Function(function) => (function.call)(self, arguments),
            Object::Method(owner, name) => methods::call(self, owner, name, arguments),
            Object::Macro(found) => self.call_macro(found, arguments),
            Object::Joiner(separator, used) => {
                let [] = arguments.bind("joiner", [])?;
                Ok(Value::Text(if used.replace(true) { Rc::clone(separator) } else { "".into() }))
            }
            Object::Loop(state) => match &state.recursion {
                Some((statement, scope)) => {
                    let [items] = arguments.bind_required("loop", ["iterable"], 1)?;
                    let items = items.unwrap_or(Value::None);
                    self.run_loop_again(statement, scope, &items, state.depth + 1)
                }
                None => Err(Fault::value("only the loop variable of a recursive loop can be called")
                    .hint("Write {% for … in … recursive %}.")),
            },
            Object::Block(levels, level) => {
                let [] = arguments.bind("block", [])?;
                self.call_block(levels, *level)
            }
            other => Err(Fault::value(format!("'{}' object is not callable", other.type_name()))),
        };
        self.heap.meter.leave();
        result
    }

    fn call_macro(&mut self, found: &Macro, arguments: Arguments) -> Outcome<Value> {
        let scope = Scope::child(&found.scope);
        self.in_template(&found.template, |interpreter| {
            let definition = &found.definition;
            interpreter.bind_parameters(definition, &scope, arguments)?;
            interpreter.capture(&definition.body, &scope)
        })
    }

    fn bind_parameters(
        &mut self,
        definition: &Definition,
        scope: &Rc<Scope>,
        arguments: Arguments,
    ) -> Outcome<()> {
        let name = &definition.name;
        let Arguments { positional, mut named } = arguments;
        let mut rest = positional.into_iter();
        let mut take = |wanted: &str| {
            let index = named.iter().position(|(name, _)| **name == *wanted)?;
            Some(named.remove(index).1)
        };
        for (parameter, default) in &definition.parameters {
            let value = match (rest.next(), take(parameter)) {
                (Some(_), Some(_)) => {
                    return Err(Fault::value(format!("macro '{name}' got two values for '{parameter}'")));
                }
                (Some(value), None) | (None, Some(value)) => value,
                (None, None) => match default {
                    Some(default) => self.evaluate(default, scope)?,
                    None => Value::because(format!("parameter '{parameter}' was not provided")),
                },
            };
            scope.set(parameter, value);
        }
        let mut take = |wanted: &str| {
            let index = named.iter().position(|(name, _)| **name == *wanted)?;
            Some(named.remove(index).1)
        };
        if definition.uses_caller {
            let caller = take("caller").unwrap_or_else(|| Value::because("No caller defined"));
            scope.set(&"caller".into(), caller);
        }
        if definition.uses_kwargs {
            let mut kwargs = Map::new();
            for (name, value) in named.drain(..) {
                kwargs.insert(Key::Text(name), value);
            }
            scope.set(&"kwargs".into(), self.heap.map(kwargs)?);
        } else if let Some((unknown, _)) = named.first() {
            let fault = Fault::value(format!("macro '{name}' takes no keyword argument '{unknown}'"));
            return Err(if &**unknown == "caller" {
                fault.hint("A macro that a call block calls has to use caller().")
            } else {
                fault
            });
        }
        let rest: Vec<Value> = rest.collect();
        if definition.uses_varargs {
            scope.set(&"varargs".into(), self.heap.tuple(rest)?);
        } else if !rest.is_empty() {
            let count = definition.parameters.len();
            return Err(Fault::value(format!("macro '{name}' takes not more than {count} argument(s)")));
        }
        Ok(())
    }
}
