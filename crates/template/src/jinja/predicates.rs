//! The registry of tests.

use std::rc::Rc;

use crate::error::{Fault, Outcome};
use crate::jinja::ast::Comparison;
use crate::jinja::call::Arguments;
use crate::jinja::evaluate::Interpreter;
use crate::jinja::methods_text;
use crate::jinja::operators::calculate;
use crate::jinja::printing::text_of;
use crate::jinja::value::Value;
use crate::jinja::{filters, parser};

/// A test with its name.
pub struct Test {
    pub name: &'static str,
    pub run: fn(&mut Interpreter<'_>, Value, Arguments) -> Outcome<bool>,
}

type Answer = Outcome<bool>;

macro_rules! tests {
    ($($name:literal => $run:path,)*) => {
        &[$(Test { name: $name, run: $run }),*]
    };
}

/// All tests, sorted by name.
pub const TESTS: &[Test] = tests! {
    "!=" => not_equal,
    "<" => less,
    "<=" => less_equal,
    "==" => equal,
    ">" => greater,
    ">=" => greater_equal,
    "boolean" => boolean,
    "callable" => callable,
    "defined" => defined,
    "divisibleby" => divisible_by,
    "eq" => equal,
    "equalto" => equal,
    "escaped" => escaped,
    "even" => even,
    "false" => is_false,
    "filter" => filter,
    "float" => float,
    "ge" => greater_equal,
    "greaterthan" => greater,
    "gt" => greater,
    "in" => is_in,
    "integer" => integer,
    "iterable" => iterable,
    "le" => less_equal,
    "lessthan" => less,
    "lower" => lower,
    "lt" => less,
    "mapping" => mapping,
    "ne" => not_equal,
    "none" => none,
    "number" => number,
    "odd" => odd,
    "sameas" => same_as,
    "sequence" => sequence,
    "string" => string,
    "test" => test,
    "true" => is_true,
    "undefined" => undefined,
    "upper" => upper,
};

/// The test of that name.
pub fn find(name: &str) -> Option<&'static Test> {
    let index = TESTS.binary_search_by(|test| test.name.cmp(name)).ok()?;
    TESTS.get(index)
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    TESTS.iter().map(|test| test.name)
}

/// The fault of a test that is not there.
pub fn unknown(name: &str) -> Box<Fault> {
    parser::unknown("test", name, names())
}

fn plain(arguments: Arguments, name: &str, answer: bool) -> Answer {
    let [] = arguments.bind(name, [])?;
    Ok(answer)
}

fn defined(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "defined", !value.is_undefined())
}

fn undefined(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "undefined", value.is_undefined())
}

fn none(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "none", matches!(value, Value::None))
}

fn boolean(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "boolean", matches!(value, Value::Bool(_)))
}

fn is_true(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "true", matches!(value, Value::Bool(true)))
}

fn is_false(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "false", matches!(value, Value::Bool(false)))
}

fn integer(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "integer", matches!(value, Value::Integer(_)))
}

fn float(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "float", matches!(value, Value::Float(_)))
}

fn number(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "number", value.as_float().is_some())
}

fn string(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "string", value.as_text().is_some())
}

fn mapping(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "mapping", matches!(value, Value::Map(_)))
}

fn escaped(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "escaped", matches!(value, Value::Safe(_)))
}

fn callable(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    plain(arguments, "callable", matches!(&value, Value::Object(object) if object.is_callable()))
}

fn sequence(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let has_items = matches!(
        value,
        Value::Text(_) | Value::Safe(_) | Value::List(_) | Value::Tuple(_) | Value::Map(_) | Value::Range(_)
    );
    value.defined()?;
    plain(arguments, "sequence", has_items)
}

fn iterable(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let has_items = match value.defined()? {
        Value::None | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => false,
        Value::Object(object) => object.length().is_some(),
        _ => true,
    };
    plain(arguments, "iterable", has_items)
}

fn remainder(interpreter: &Interpreter<'_>, value: &Value, divisor: &Value) -> Outcome<Value> {
    calculate(crate::jinja::ast::Operator::Remainder, value, divisor, &interpreter.heap)
}

fn odd(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let rest = remainder(interpreter, &value, &Value::Integer(2))?;
    plain(arguments, "odd", rest.as_float() == Some(1.0))
}

fn even(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let rest = remainder(interpreter, &value, &Value::Integer(2))?;
    plain(arguments, "even", rest.as_float() == Some(0.0))
}

fn divisible_by(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [divisor] = arguments.bind_required("divisibleby", ["num"], 1)?;
    let rest = remainder(interpreter, &value, &divisor.unwrap_or(Value::None))?;
    Ok(rest.as_float() == Some(0.0))
}

fn lower(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let text = text_of(&value, &interpreter.heap)?;
    plain(arguments, "lower", methods_text::is_lower(&text))
}

fn upper(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let text = text_of(&value, &interpreter.heap)?;
    plain(arguments, "upper", methods_text::is_upper(&text))
}

fn compare(
    interpreter: &Interpreter<'_>,
    value: &Value,
    arguments: Arguments,
    name: &str,
    by: Comparison,
) -> Answer {
    let [other] = arguments.bind_required(name, ["other"], 1)?;
    interpreter.holds(by, value, &other.unwrap_or(Value::None))
}

fn equal(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    compare(interpreter, &value, arguments, "eq", Comparison::Equal)
}

fn not_equal(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    compare(interpreter, &value, arguments, "ne", Comparison::NotEqual)
}

fn less(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    compare(interpreter, &value, arguments, "lt", Comparison::Less)
}

fn less_equal(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    compare(interpreter, &value, arguments, "le", Comparison::LessEqual)
}

fn greater(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    compare(interpreter, &value, arguments, "gt", Comparison::Greater)
}

fn greater_equal(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    compare(interpreter, &value, arguments, "ge", Comparison::GreaterEqual)
}

fn is_in(interpreter: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    compare(interpreter, &value, arguments, "in", Comparison::In)
}

/// Python's `is`: the same list, not an equal one.
fn same_as(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let [other] = arguments.bind_required("sameas", ["other"], 1)?;
    Ok(match (&value, &other.unwrap_or(Value::None)) {
        (Value::None, Value::None) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::List(left), Value::List(right)) => Rc::ptr_eq(left, right),
        (Value::Map(left), Value::Map(right)) => Rc::ptr_eq(left, right),
        (Value::Tuple(left), Value::Tuple(right)) => Rc::ptr_eq(left, right),
        (Value::Object(left), Value::Object(right)) => Rc::ptr_eq(left, right),
        _ => false,
    })
}

fn filter(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let known = value.defined()?.as_text().is_some_and(|name| filters::find(name).is_some());
    plain(arguments, "filter", known)
}

fn test(_: &mut Interpreter<'_>, value: Value, arguments: Arguments) -> Answer {
    let known = value.defined()?.as_text().is_some_and(|name| find(name).is_some());
    plain(arguments, "test", known)
}
