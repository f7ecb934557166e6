//! The functions that every template has.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::call::{Arguments, count, flag, integer, text};
use crate::jinja::evaluate::Interpreter;
use crate::jinja::methods_map::entries;
use crate::jinja::object::Object;
use crate::jinja::value::{Key, Map, Range, Value};

/// A function with its name.
pub struct Function {
    pub name: &'static str,
    pub call: fn(&mut Interpreter<'_>, Arguments) -> Outcome<Value>,
}

type Answer = Outcome<Value>;

/// All functions.
pub const FUNCTIONS: &[Function] = &[
    Function { name: "cycler", call: cycler },
    Function { name: "dict", call: dict },
    Function { name: "joiner", call: joiner },
    Function { name: "lipsum", call: lipsum },
    Function { name: "namespace", call: namespace },
    Function { name: "random_ascii_string", call: random_ascii_string },
    Function { name: "range", call: range },
    Function { name: "uuid4", call: uuid4 },
];

/// The function of that name, as a value.
pub fn find(name: &str) -> Option<Value> {
    let function = FUNCTIONS.iter().find(|function| function.name == name)?;
    Some(Value::Object(Rc::new(Object::Function(function))))
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

fn range(_: &mut Interpreter<'_>, arguments: Arguments) -> Answer {
    let [first, second, step] = arguments.bind_required("range", ["start", "stop", "step"], 1)?;
    let bound = |value: Option<&Value>, name: &str, default: i128| {
        i64::try_from(integer(value, name, default)?).map_err(|_| Fault::value("this range is too long"))
    };
    let (start, stop) = match &second {
        None => (0, bound(first.as_ref(), "stop", 0)?),
        Some(_) => (bound(first.as_ref(), "start", 0)?, bound(second.as_ref(), "stop", 0)?),
    };
    let step = bound(step.as_ref(), "step", 1)?;
    if step == 0 {
        return Err(Fault::value("range() arg 3 must not be zero"));
    }
    Ok(Value::Range(Rc::new(Range { start, stop, step })))
}

fn dict(interpreter: &mut Interpreter<'_>, arguments: Arguments) -> Answer {
    interpreter.heap.map(entries("dict", arguments, &interpreter.heap)?)
}

fn namespace(interpreter: &mut Interpreter<'_>, arguments: Arguments) -> Answer {
    let map: Map = entries("namespace", arguments, &interpreter.heap)?;
    Ok(Value::Object(Rc::new(Object::Namespace(interpreter.heap.shared_map(map)?))))
}

fn cycler(interpreter: &mut Interpreter<'_>, arguments: Arguments) -> Answer {
    if arguments.positional.is_empty() || !arguments.named.is_empty() {
        return Err(Fault::value("cycler takes the values that it goes through, one at least"));
    }
    let items = interpreter.heap.shared_tuple(arguments.positional)?;
    Ok(Value::Object(Rc::new(Object::Cycler(items, Cell::new(0)))))
}

fn joiner(_: &mut Interpreter<'_>, arguments: Arguments) -> Answer {
    let [separator] = arguments.bind("joiner", ["sep"])?;
    let separator = text(separator, "sep")?.unwrap_or_else(|| ", ".into());
    Ok(Value::Object(Rc::new(Object::Joiner(separator, Cell::new(false)))))
}

fn lipsum(_: &mut Interpreter<'_>, _: Arguments) -> Answer {
    Err(Fault::value("lipsum makes other text each time, and is not offered here")
        .hint("Write the text into the template."))
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

fn random_ascii_string(interpreter: &mut Interpreter<'_>, arguments: Arguments) -> Answer {
    let [length, punctuation] =
        arguments.bind_required("random_ascii_string", ["length", "punctuation"], 1)?;
    let length = count(length.as_ref(), "length", 0)?;
    let mut letters = LETTERS.to_owned();
    if flag(punctuation.as_ref(), false)? {
        letters.push_str(PUNCTUATION);
    }
    interpreter.heap.meter.allocate(length)?;
    interpreter.heap.meter.spend(length as u64)?;
    let mut out = String::new();
    for _ in 0..length {
        let index = interpreter.environment.draw(letters.len())?;
        out.push_str(letters.get(index..=index).unwrap_or_default());
    }
    interpreter.heap.text(out)
}

/// A random identifier of version 4 (RFC 9562, section 5.4).
fn uuid4(interpreter: &mut Interpreter<'_>, arguments: Arguments) -> Answer {
    let [] = arguments.bind("uuid4", [])?;
    let mut digits = String::new();
    for index in 0..32 {
        if matches!(index, 8 | 12 | 16 | 20) {
            digits.push('-');
        }
        let digit = match index {
            12 => 4,
            16 => 8 + interpreter.environment.draw(4)?,
            _ => interpreter.environment.draw(16)?,
        };
        digits.extend(char::from_digit(digit as u32, 16));
    }
    interpreter.heap.text(digits)
}

/// The name of an argument as a key.
pub fn key(name: &Rc<str>) -> Key {
    Key::Text(Rc::clone(name))
}
