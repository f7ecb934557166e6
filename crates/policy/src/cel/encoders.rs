//! `base64.*`, `jsonpatch.escapeKey`, and reading JSON.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::evaluate::Evaluator;
use super::fault::{Outcome, error, no_overload};
use super::value::{Key, Text, Value};

/// `base64.encode(bytes)`.
pub(crate) fn encode<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let bytes: &[u8] = match arguments {
        [Value::Bytes(bytes)] => bytes,
        [Value::String(text)] => text.as_bytes(),
        _ => return Err(no_overload("base64.encode", arguments)),
    };
    super::strings::made(evaluator, STANDARD.encode(bytes))
}

/// `base64.decode(text)`, with or without the signs that fill it up.
pub(crate) fn decode<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text)] = arguments else { return Err(no_overload("base64.decode", arguments)) };
    evaluator.charge_text(text.len())?;
    let bytes = STANDARD
        .decode(text.as_bytes())
        .or_else(|_| STANDARD_NO_PAD.decode(text.as_bytes()))
        .map_err(|problem| error(format!("illegal base64 data: {problem}")))?;
    Ok(Value::Bytes(bytes.into()))
}

/// `jsonpatch.escapeKey(text)`.
pub(crate) fn escape_key<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text)] = arguments else { return Err(no_overload("jsonpatch.escapeKey", arguments)) };
    super::strings::made(evaluator, text.replace('~', "~0").replace('/', "~1"))
}

/// `json.unmarshal(text)`.
pub(crate) fn read_json<'d>(evaluator: &mut Evaluator<'d>, arguments: &[Value<'d>]) -> Outcome<'d> {
    let [Value::String(text)] = arguments else { return Err(no_overload("json.unmarshal", arguments)) };
    evaluator.charge_text(text.len().saturating_mul(8))?;
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|problem| error(format!("this is not JSON: {problem}")))?;
    Ok(owned(value))
}

/// A JSON value that belongs to the expression.
pub(crate) fn owned<'d>(value: serde_json::Value) -> Value<'d> {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(bool),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::Int(number),
            (None, Some(number)) => Value::Uint(number),
            (None, None) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(owned).collect()),
        serde_json::Value::Object(members) => Value::map(
            members
                .into_iter()
                .map(|(key, value)| (Key::Text(Text::Shared(key.into())), owned(value)))
                .collect(),
        ),
    }
}
